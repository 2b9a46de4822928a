/** Where the shipped templates are: as far above src/ as above dist/. For those who copy one to change it. */
import { fileURLToPath } from "node:url";

export const SHIPPED_TEMPLATES: string = fileURLToPath(new URL("../../templates", import.meta.url));

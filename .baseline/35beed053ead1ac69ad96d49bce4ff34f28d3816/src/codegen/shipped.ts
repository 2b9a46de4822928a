/** Path of the shipped templates, which are as far above src/ as above dist/; used by `codegen eject`. */
import { fileURLToPath } from "node:url";

export const SHIPPED_TEMPLATES: string = fileURLToPath(new URL("../../templates", import.meta.url));

/** What Modal says of a function: its kind, schema, formats and limits, and of a class its methods and parameters. */
import type { Reply } from "../client.ts";

export type Metadata = NonNullable<Reply<"functionGet">["handleMetadata"]>;

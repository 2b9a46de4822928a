/** One client of the host: its frames, what they ask for, and what is sent back. */
export { Connection } from "./connection.ts";

/** JSON, and JSON Schema as a value of it. */

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonSchema = { [keyword: string]: Json };

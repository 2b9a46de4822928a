/** Settings of the environment that say who this process is to NATS and whom it trusts. Each names a file. */
import { readFileSync } from "node:fs";
import { EngineUnavailableError } from "../../runtime/errors.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export const CREDS = "FARCALL_NATS_CREDS";
export const CA = "FARCALL_NATS_CA";

/** Throws EngineUnavailableError. */
export function readSetting(name: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new EngineUnavailableError(`the file that ${name} names cannot be read: ${(cause as Error).message}`, {
      cause,
      hint: `Set ${name} to a file that is there and may be read by this user.`,
    });
  }
}

/**
 * Secrets travel and rest sealed to the workers' curve key: whoever deploys has the public half, and workers alone have the
 * seed. Neither comes from NATS, where whoever may write could put a key of their own.
 */
import { EngineUnavailableError, InvalidError } from "../../../runtime/errors.ts";
import type { Connection } from "../connection.ts";
import { seedIn } from "../nkeys.ts";
import { type Environment, readSetting } from "../settings.ts";

/** The workers' public key. */
const SEAL_KEY = "FARCALL_NATS_SEAL_KEY";
/** A file with the seed of that key. */
const SEAL_SEED = "FARCALL_NATS_SEAL_SEED";

/** The public key that secrets are sealed to here. */
export function sealKeyOf({ env }: Connection): string | undefined {
  return env[SEAL_KEY] || undefined;
}

/** Undefined when there are none. Rejects with InvalidError when there is no key to seal them with. */
export async function sealSecrets(
  connection: Connection,
  secrets: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  if (Object.keys(secrets).length === 0) return undefined;
  const key = sealKeyOf(connection);
  if (!key) {
    throw new InvalidError("the secrets of this app cannot be sealed: the workers' key is missing", {
      hint: `Set ${SEAL_KEY} to the workers' public key, which \`farcall nats keys FOLDER\` prints.`,
    });
  }
  const { nkeys } = (await connection.link()).transport;
  // A pair for this message alone: the sender does not matter, and nobody but the workers can open it.
  const sender = nkeys.createCurve();
  let sealed: Uint8Array;
  try {
    sealed = sender.seal(Buffer.from(JSON.stringify(secrets)), key);
  } catch (cause) {
    throw new InvalidError(`${SEAL_KEY} is not the public key of a curve pair (X…)`, { cause });
  }
  return `${sender.getPublicKey()}.${Buffer.from(sealed).toString("base64url")}`;
}

/** What is in the file that the worker's environment names; undefined for none. Throws EngineUnavailableError. */
export function sealSeedIn(env: Environment): string | undefined {
  const file = env[SEAL_SEED];
  if (!file) return undefined;
  const seed = seedIn(readSetting(SEAL_SEED, file), "SX");
  if (seed !== undefined) return seed;
  throw new EngineUnavailableError(`${file} has no seed to open secrets with`, {
    hint: `${SEAL_SEED} names the file seal.seed (SX…) that \`farcall nats keys\` has made.`,
  });
}

/** Rejects with EngineUnavailableError when this worker's seed is missing or another. */
export async function openSecrets(connection: Connection, sealed: string | undefined): Promise<Record<string, string>> {
  if (sealed === undefined) return {};
  const file = connection.env[SEAL_SEED];
  if (!file) {
    throw new EngineUnavailableError("this worker has no key to open the app's secrets with", {
      hint: `Set ${SEAL_SEED} to the file with the seed on every worker.`,
    });
  }
  const seed = sealSeedIn(connection.env)!;
  const { nkeys } = (await connection.link()).transport;
  const [sender = "", box = ""] = sealed.split(".");
  let opened: Uint8Array | null;
  try {
    opened = nkeys.fromCurveSeed(Buffer.from(seed)).open(Buffer.from(box, "base64url"), sender);
  } catch (cause) {
    throw new EngineUnavailableError(
      `the seed in ${file} does not open the app's secrets: ${(cause as Error).message}`,
      {
        cause,
        hint: "Deploy the app again with this worker's public key.",
      },
    );
  }
  if (!opened) throw new EngineUnavailableError(`the seed in ${file} does not open the app's secrets`);
  return JSON.parse(Buffer.from(opened).toString()) as Record<string, string>;
}

/**
 * Versions are signed by whoever deploys, with the nkey of the credentials; workers that are told whom to trust run nothing
 * else. So writing to the registry alone runs no code. All that is stored of a version is signed, with the app and environment
 * that it is for: code and manifest are named by their hashes.
 */
import { EngineUnavailableError, InvalidError } from "../../../runtime/errors.ts";
import type { Connection } from "../connection.ts";
import { isUserKey } from "../nkeys.ts";
import type { Environment } from "../settings.ts";
import type { AppName, StoredVersion } from "./apps.ts";

/** Public nkeys (U…) with commas between them. */
const SIGNERS = "FARCALL_NATS_SIGNERS";
/** A signature of anything else must not pass for one of a version. */
const PURPOSE = "farcall version";

type Unsigned = Omit<StoredVersion, "signature">;

/** The public keys of those whose deploys are trusted: undefined to trust everybody. Throws InvalidError. */
export function trustedSigners(env: Environment, more: readonly string[] = []): readonly string[] | undefined {
  const named = (env[SIGNERS] ?? "").split(/[\s,]+/).filter((key) => key !== "");
  const signers = [...new Set([...named, ...more])];
  for (const key of signers) {
    if (isUserKey(key)) continue;
    throw new InvalidError(`"${key}" is not the public nkey of a signer`, {
      hint: "It has 56 characters and begins with U: that of the producer's credentials.",
    });
  }
  return signers.length === 0 ? undefined : signers;
}

/** As it is stored: signed when this process has credentials. */
export async function signed(connection: Connection, app: AppName, version: Unsigned): Promise<StoredVersion> {
  const { identity } = await connection.link();
  if (!identity.sign) return version;
  const value = Buffer.from(identity.sign(content(app, version))).toString("base64url");
  return { ...version, signature: { by: identity.user, value } };
}

/** Who has signed a version; undefined when nobody has, or the signature is not one of this version. */
async function signerOf(connection: Connection, app: AppName, stored: StoredVersion): Promise<string | undefined> {
  const { signature, ...version } = stored;
  if (!signature) return undefined;
  const { nkeys } = (await connection.link()).transport;
  try {
    const valid = nkeys
      .fromPublic(signature.by)
      .verify(content(app, version), Buffer.from(signature.value, "base64url"));
    return valid ? signature.by : undefined;
  } catch {
    // What is no key or no signature has been written by somebody else.
    return undefined;
  }
}

/** Rejects with InvalidError unless one of them has signed it. */
export async function requireSigner(
  connection: Connection,
  app: AppName,
  stored: StoredVersion,
  signers: readonly string[],
): Promise<void> {
  const signer = await signerOf(connection, app, stored);
  if (signer !== undefined && signers.includes(signer)) return;
  const { signature, version } = stored;
  const what = `version ${version} of app ${app.app} (${app.environment})`;
  const why =
    signature === undefined
      ? "nobody has signed it"
      : signer === undefined
        ? "its signature is not valid"
        : `it is signed by ${signer}, whom they do not trust`;
  throw new InvalidError(`workers refuse ${what}: ${why}`, {
    hint: `Deploy it with the credentials of somebody whom they trust, or name the signer to them: \`farcall worker --signer U…\`.`,
  });
}

/** Whether a version that stays as it is would run: a deploy that changes nothing else has to sign it anew otherwise. */
export async function isSignedByUs(connection: Connection, app: AppName, stored: StoredVersion): Promise<boolean> {
  const { identity } = await connection.link();
  if (!identity.sign) return true;
  const signer = await signerOf(connection, app, stored);
  return signer !== undefined && ours(connection, identity.user).includes(signer);
}

/** An earlier version is signed again when an app is rolled back to it: only if it was deployed by somebody who is trusted. */
export async function requireOurs(connection: Connection, app: AppName, stored: StoredVersion): Promise<void> {
  if (await isSignedByUs(connection, app, stored)) return;
  throw new EngineUnavailableError(
    `version ${stored.version} of app ${app.app} (${app.environment}) is not signed by you, so you cannot sign it again`,
    { hint: `Deploy its source, or name its signer in ${SIGNERS}.` },
  );
}

function ours({ env }: Connection, user: string): string[] {
  return [user, ...(trustedSigners(env) ?? [])];
}

function content({ app, environment }: AppName, version: Unsigned): Uint8Array {
  return Buffer.from(canonical([PURPOSE, environment, app, version]));
}

/** JSON with members in the order of their names: what is read from the store has to give the same bytes. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}

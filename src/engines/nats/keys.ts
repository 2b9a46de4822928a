/**
 * Keys, which NATS's own library makes: they are nkeys, as servers and NATS's tools know them. No server is needed, and none
 * gets to see a private half.
 */
import { loadPackages } from "./link.ts";

export interface KeyPair {
  publicKey: string;
  /** The private half, as files have it. */
  seed: string;
}

/** Of a user: it says who that is to servers, and signs what it deploys. Rejects with EngineUnavailableError. */
export async function newUserKey(): Promise<KeyPair> {
  return keyPair((await loadPackages())[0].nkeys.createUser());
}

/** Secrets are sealed with its public half, and opened with its seed. Rejects with EngineUnavailableError. */
export async function newSealKey(): Promise<KeyPair> {
  return keyPair((await loadPackages())[0].nkeys.createCurve());
}

function keyPair(pair: { getPublicKey(): string; getSeed(): Uint8Array }): KeyPair {
  return { publicKey: pair.getPublicKey(), seed: Buffer.from(pair.getSeed()).toString() };
}

/** Keys as NATS writes them: letters for their kind, then base32. */

/** Whether it is the public key of a user. */
export function isUserKey(text: string): boolean {
  return /^U[A-Z2-7]{55}$/.test(text);
}

/** The first seed of a kind in a file's content, which may have more: SU for users, SX for secrets. */
export function seedIn(content: string, kind: "SU" | "SX"): string | undefined {
  return new RegExp(`^${kind}[A-Z2-7]{56}\\s*$`, "m").exec(content)?.[0].trim();
}

/** The beginnings of a NATS engine's URL, known before anything of it is loaded. `tls://` insists on TLS. */
export const NATS_SCHEMES = ["nats", "tls"] as const;

export function isNats(url: string): boolean {
  return NATS_SCHEMES.some((scheme) => url.toLowerCase().startsWith(`${scheme}:`));
}

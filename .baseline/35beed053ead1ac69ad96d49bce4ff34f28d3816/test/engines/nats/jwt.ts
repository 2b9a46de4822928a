/** What NATS's own tools make of an operator, an account and its users: JWTs, and the configuration of a server that trusts them. */
import { nkeys } from "@nats-io/transport-node";

type Pair = ReturnType<typeof nkeys.createUser>;

function jwt(issuer: Pair, subject: Pair, name: string, nats: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = {
    jti: name,
    iat: Math.floor(Date.now() / 1_000),
    iss: issuer.getPublicKey(),
    name,
    sub: subject.getPublicKey(),
  };
  const head = `${part({ typ: "JWT", alg: "ed25519-nkey" })}.${part({ ...claims, nats: { ...nats, version: 2 } })}`;
  return `${head}.${Buffer.from(issuer.sign(Buffer.from(head))).toString("base64url")}`;
}

const LIMITS = {
  ...{ subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 },
  ...{ mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 },
};

/** An operator with an account, whose users the server knows by what the account has signed. */
export class JwtAccount {
  readonly #account = nkeys.createAccount();
  /** For the server. */
  readonly config: string;

  constructor() {
    const operator = nkeys.createOperator();
    const system = nkeys.createAccount();
    const account = (pair: Pair, name: string, limits: object) =>
      jwt(operator, pair, name, { limits, type: "account" });
    const accounts = [
      [this.#account, account(this.#account, "tenant", LIMITS)],
      [system, account(system, "system", { ...LIMITS, mem_storage: 0, disk_storage: 0, streams: 0, consumer: 0 })],
    ] as const;
    this.config = `
operator: ${jwt(operator, operator, "operator", { type: "operator" })}
system_account: ${system.getPublicKey()}
resolver: MEMORY
resolver_preload: { ${accounts.map(([pair, token]) => `${pair.getPublicKey()}: ${token}`).join("\n")} }`;
  }

  /** The content of a `.creds` file. @param permissions by the user's public key */
  creds(name: string, permissions: (user: string) => { publish: string[]; subscribe: string[] }): string {
    const user = nkeys.createUser();
    const { publish, subscribe } = permissions(user.getPublicKey());
    const allowed = { pub: { allow: publish }, sub: { allow: subscribe } };
    const token = jwt(this.#account, user, name, { ...allowed, subs: -1, data: -1, payload: -1, type: "user" });
    const block = (what: string, dashes: string, content: string) =>
      `-----BEGIN ${what}-----\n${content}\n${dashes}END ${what}${dashes}\n`;
    const seed = Buffer.from(user.getSeed()).toString();
    return `${block("NATS USER JWT", "------", token)}\n${block("USER NKEY SEED", "------", seed)}`;
  }
}

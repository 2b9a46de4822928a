/** Credentials and TLS, on real servers: what works, and what is said when it does not. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { initializeNats, natsEngine, newUserKey, type Role, serverConfig } from "../../../src/engines/nats/index.ts";
import { permissionsOf } from "../../../src/engines/nats/roles.ts";
import { deployment } from "../../engine/deployment.ts";
import { Driver } from "../../engine/drive.ts";
import { patient } from "../../support/limits.ts";
import { authority, TLS_LEFT_OUT } from "./certificates.ts";
import { Worker } from "./cluster.ts";
import { JwtAccount } from "./jwt.ts";
import { LEFT_OUT, NatsServer } from "./server.ts";

const folder = mkdtempSync(join(tmpdir(), "fx-"));
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

const file = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
};

/** What comes of listing the apps. */
async function apps(url: string, env: Record<string, string> = {}): Promise<unknown> {
  const engine = natsEngine(url, env);
  try {
    return await engine.registry.listApps();
  } finally {
    await engine.close();
  }
}

const unavailable = (message: string | RegExp, hint: string) => ({
  code: "FARCALL_ENGINE_UNAVAILABLE",
  message: expect.stringMatching(message),
  hint: expect.stringContaining(hint),
});

describe.skipIf(LEFT_OUT)(`credentials${LEFT_OUT ? ` (${LEFT_OUT})` : ""}`, () => {
  let server: NatsServer;
  let operator: Record<string, string>;
  beforeAll(async () => {
    const { publicKey, seed } = await newUserKey();
    server = await NatsServer.start({ config: serverConfig([{ user: publicKey, roles: ["operator"] }]) });
    operator = { FARCALL_NATS_CREDS: file("operator.nk", `# for the operator\n${seed}\n`) };
    await initializeNats(server.url, { replicas: 1 }, operator);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test("a file with the seed of an nkey", patient, async () => {
    expect(await apps(server.url, operator)).toEqual([]);
  });

  test("none, others, no file, and a file without any", patient, async () => {
    const refused = unavailable(/nats:\/\/127.* refuses these credentials: /, "FARCALL_NATS_CREDS names the file");
    await expect(apps(server.url)).rejects.toMatchObject(refused);
    const stranger = file("stranger.nk", (await newUserKey()).seed);
    await expect(apps(server.url, { FARCALL_NATS_CREDS: stranger })).rejects.toMatchObject(refused);
    await expect(apps(server.url, { FARCALL_NATS_CREDS: join(folder, "missing") })).rejects.toMatchObject(
      unavailable(/^the file that FARCALL_NATS_CREDS names cannot be read: ENOENT/, "Set FARCALL_NATS_CREDS"),
    );
    await expect(apps(server.url, { FARCALL_NATS_CREDS: file("empty", "nothing\n") })).rejects.toMatchObject(
      unavailable(/empty has no credentials for NATS$/, "(SU…)"),
    );
  });

  test(
    "that are refused while they are in use are said to be, and used again once they are taken",
    patient,
    async () => {
      const { publicKey, seed } = await newUserKey();
      const own = await NatsServer.start({ config: serverConfig([{ user: publicKey, roles: ["operator"] }]) });
      const env = { FARCALL_NATS_CREDS: file("renewed.nk", seed) };
      await initializeNats(own.url, { replicas: 1 }, env);
      const engine = natsEngine(own.url, env);
      try {
        expect(await engine.registry.listApps()).toEqual([]);
        await own.kill();
        const config = serverConfig([{ user: (await newUserKey()).publicKey, roles: ["operator"] }]);
        const closed = await NatsServer.start({ port: own.port, config });
        // Whatever is asked meanwhile fails with the reason, once nobody waits for the server any more.
        const asked = engine.registry.listApps();
        await expect(asked).rejects.toMatchObject(unavailable("refuses these credentials", "FARCALL_NATS_CREDS"));
        await closed[Symbol.asyncDispose]();
        await own.start();
        await expect.poll(() => engine.registry.listApps().catch(() => undefined), patient).toEqual([]);
      } finally {
        await engine.close();
        await own[Symbol.asyncDispose]();
      }
    },
  );
});

describe.skipIf(LEFT_OUT)(`users by JWT${LEFT_OUT ? ` (${LEFT_OUT})` : ""}`, () => {
  test("a .creds file of each role: servers are set up, an app is deployed, run and called", patient, async () => {
    const account = new JwtAccount();
    await using server = await NatsServer.start({ config: account.config });
    const env = (role: Role) => ({
      FARCALL_NATS_CREDS: file(
        `${role}.creds`,
        account.creds(role, (user) => permissionsOf([role], user)),
      ),
    });
    await initializeNats(server.url, { replicas: 1 }, env("operator"));
    const producer = natsEngine(server.url, env("producer"));
    const caller = natsEngine(server.url, env("caller"));
    await using worker = new Worker(server.url, env("worker"));
    try {
      await producer.deployer!.deploy(
        deployment("jwt", "export const one = app.function(function one() { return 1; });", { one: {} }),
      );
      await worker.start();
      const driver = new Driver(caller, "jwt");
      expect(await driver.remote("one")).toBe(1);
      const id = await driver.spawn("one", [[]]);
      expect((await driver.get(id))[0]).toMatchObject({ value: 1 });
      await expect(caller.deployer!.remove({ app: "jwt", environment: "main" })).rejects.toMatchObject({
        message: expect.stringContaining("these credentials may not deploy apps"),
      });
    } finally {
      await producer.close();
      await caller.close();
    }
  });
});

describe.skipIf(TLS_LEFT_OUT)(`TLS${TLS_LEFT_OUT ? ` (${TLS_LEFT_OUT})` : ""}`, () => {
  let server: NatsServer;
  let tls: string;
  let ca: string;
  let client: { cert: string; key: string };
  const config = ({ cert, key }: { cert: string; key: string }, more = "") =>
    `tls { cert_file: "${cert}", key_file: "${key}", timeout: 30\n${more} }`;

  beforeAll(async () => {
    const trusted = authority(folder, "trusted");
    ca = trusted.file;
    client = trusted.issue("client", "DNS:client");
    server = await NatsServer.start({ config: config(trusted.issue("server", "IP:127.0.0.1")) });
    tls = server.url.replace("nats:", "tls:");
    await initializeNats(tls, { replicas: 1 }, { FARCALL_NATS_CA: ca });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test("by tls://, and by nats:// to a server that insists on it", patient, async () => {
    expect(await apps(tls, { FARCALL_NATS_CA: ca })).toEqual([]);
    expect(await apps(server.url, { FARCALL_NATS_CA: ca })).toEqual([]);
  });

  test("a worker and its containers", patient, async () => {
    await using worker = new Worker(tls, { FARCALL_NATS_CA: ca });
    await worker.start();
    const engine = natsEngine(tls, { FARCALL_NATS_CA: ca });
    try {
      const body = `export const settings = app.function(function settings() {
        return [process.env.FARCALL_ENGINE, process.env.FARCALL_NATS_CA];
      });`;
      await engine.deployer!.deploy(deployment("secure", body, { settings: {} }));
      expect(await new Driver(engine, "secure").remote("settings")).toEqual([tls, ca]);
    } finally {
      await engine.close();
    }
  });

  test("a server that nobody vouches for, or somebody else, is not trusted", patient, async () => {
    const untrusted = unavailable(/^tls:\/\/127.* is not trusted: /, "FARCALL_NATS_CA");
    await expect(apps(tls)).rejects.toMatchObject(untrusted);
    const other = authority(folder, "other").file;
    await expect(apps(tls, { FARCALL_NATS_CA: other })).rejects.toMatchObject(untrusted);
  });

  test("nor is one whose certificate is for another host", patient, async () => {
    const url = tls.replace("127.0.0.1", "localhost");
    await expect(apps(url, { FARCALL_NATS_CA: ca })).rejects.toMatchObject(
      unavailable(/is not trusted: .*localhost/, "FARCALL_NATS_CA"),
    );
  });

  test("an authority's file that is not there", patient, async () => {
    await expect(apps(tls, { FARCALL_NATS_CA: join(folder, "missing.pem") })).rejects.toMatchObject(
      unavailable(/^the file that FARCALL_NATS_CA names cannot be read: ENOENT/, "Set FARCALL_NATS_CA"),
    );
  });

  test("a server without it is not talked to in the clear", patient, async () => {
    await using plain = await NatsServer.start();
    for (const [url, env] of [
      [plain.url.replace("nats:", "tls:"), {}],
      [plain.url, { FARCALL_NATS_CA: ca }],
    ] as const) {
      await expect(apps(url, env)).rejects.toMatchObject(unavailable(/ has no TLS$/, "nats://"));
    }
  });

  test("a server that wants to know who calls, by a certificate", patient, async () => {
    const trusted = authority(folder, "both");
    const known = trusted.issue("known", "DNS:known");
    const verify = `verify: true, ca_file: "${trusted.file}"`;
    await using mutual = await NatsServer.start({ config: config(trusted.issue("mutual", "IP:127.0.0.1"), verify) });
    const url = mutual.url.replace("nats:", "tls:");
    const env = { FARCALL_NATS_CA: trusted.file };
    const certified = { ...env, FARCALL_NATS_CERT: known.cert, FARCALL_NATS_KEY: known.key };
    await initializeNats(url, { replicas: 1 }, certified);
    expect(await apps(url, certified)).toEqual([]);
    const stranger = { ...env, FARCALL_NATS_CERT: client.cert, FARCALL_NATS_KEY: client.key };
    await expect(apps(url, stranger)).rejects.toMatchObject(unavailable(/cannot be reached/, "FARCALL_NATS_CERT"));
  });
});

/** `farcall nats keys|roles`: keys for users and secrets, and what users may do. Neither asks a server. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { natsKeys, type Role, type RoleUser } from "../../engines/index.ts";
import { InvalidError } from "../../runtime/errors.ts";
import type { Context } from "../context.ts";
import { several } from "../context.ts";

const SEAL_FILE = "seal.seed";
const keyFile = (role: Role) => `${role}.nk`;
const publicKeysFile = "public.json";

type RoleOptions = { keys?: string; account?: string } & Record<Role, string[]>;

export function defineKeys(command: Command, context: Context): void {
  const { output } = context;
  command
    .command("keys")
    .description("make a key for each role and one for secrets, each in a new file that only you may read")
    .argument("<folder>", "where to write them")
    .option("--json", "print JSON")
    .action(async (folder: string) => {
      const { newSealKey, newUserKey, ROLES, ROLE_SUMMARIES } = await natsKeys();
      const root = resolve(folder);
      mkdirSync(root, { recursive: true, mode: 0o700 });
      const users: Partial<Record<Role, string>> = {};
      for (const role of ROLES) {
        const { publicKey, seed } = await newUserKey();
        writeKey(join(root, keyFile(role)), seed);
        users[role] = publicKey;
        output.line(`${role.padEnd(9)} ${ROLE_SUMMARIES[role]}`);
        output.line(`          FARCALL_NATS_CREDS=${join(root, keyFile(role))}`);
        output.line(`          public key: ${publicKey}`);
      }
      const seal = await newSealKey();
      writeKey(join(root, SEAL_FILE), seal.seed);
      const keys = { users, seal: seal.publicKey };
      writeFileSync(join(root, publicKeysFile), `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 });
      output.line();
      output.line(`Deploys seal secrets with:         FARCALL_NATS_SEAL_KEY=${seal.publicKey}`);
      output.line(`Workers open secrets with:         FARCALL_NATS_SEAL_SEED=${join(root, SEAL_FILE)}`);
      output.line(`Workers run only what is signed:   FARCALL_NATS_SIGNERS=${users.producer}`);
      output.document(keys);
      output.note(`For the servers: \`farcall nats roles --keys ${folder}\`.`);
    });

  const roles = command
    .command("roles")
    .description("print what each role may do, as a part of nats-server's configuration")
    .option("--keys <folder>", "with the users of a folder that `farcall nats keys` has made")
    .option("--account <name>", "for an account of this name: give each tenant one of its own")
    .option("--json", "print JSON");
  for (const role of ["producer", "caller", "worker", "operator"] satisfies Role[])
    roles.option(
      `--${role} <key>`,
      `public nkey (U…) of a ${role}; can be repeated, also for several roles`,
      several,
      [],
    );
  roles.action(async (options: RoleOptions) => {
    const { permissionsOf, ROLES, serverConfig } = await natsKeys();
    const users = usersOf(options, ROLES);
    if (users.length === 0) {
      throw new InvalidError("no user is given to print roles for", {
        hint: "Make keys with `farcall nats keys FOLDER` and name the folder, or give public keys: --caller U….",
      });
    }
    output.document(users.map((user) => ({ ...user, permissions: permissionsOf(user.roles, user.user) })));
    output.line(serverConfig(users, options.account).trimEnd());
  });
}

function writeKey(file: string, seed: string): void {
  try {
    writeFileSync(file, `${seed}\n`, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
    throw new InvalidError(`${file} is there already`, {
      cause,
      hint: "Name a new folder: keys are never overwritten.",
    });
  }
}

function usersOf(options: RoleOptions, roles: readonly Role[]): RoleUser[] {
  const found = new Map<string, Role[]>();
  const made = options.keys === undefined ? {} : publicKeysIn(resolve(options.keys));
  for (const role of roles) {
    for (const user of [...(made[role] === undefined ? [] : [made[role]]), ...options[role]]) {
      found.set(user, [...(found.get(user) ?? []), role]);
    }
  }
  return [...found].map(([user, its]) => ({ user, roles: its }));
}

function publicKeysIn(folder: string): Partial<Record<Role, string>> {
  try {
    return (JSON.parse(readFileSync(join(folder, publicKeysFile), "utf8")) as { users: Record<Role, string> }).users;
  } catch (cause) {
    throw new InvalidError(`${folder} has no keys: ${(cause as Error).message}`, {
      cause,
      hint: `Make them: \`farcall nats keys ${folder}\`.`,
    });
  }
}

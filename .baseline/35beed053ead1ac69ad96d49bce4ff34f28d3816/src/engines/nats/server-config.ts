/** The roles as the configuration of nats-server has them. */
import { InvalidError } from "../../runtime/errors.ts";
import { isUserKey } from "./nkeys.ts";
import { permissionsOf, ROLE_SUMMARIES, type Role } from "./roles.ts";

export interface RoleUser {
  /** The public nkey (U…). */
  user: string;
  /** What it may do: one role, or several. */
  roles: readonly Role[];
}

/**
 * A part to paste. Throws InvalidError for what is not a public nkey.
 * @param account the users are those of an account of this name, which shares nothing with other accounts
 */
export function serverConfig(users: readonly RoleUser[], account?: string): string {
  for (const { user } of users) {
    if (!isUserKey(user)) {
      throw new InvalidError(`"${user}" is not the public nkey of a user`, {
        hint: "It has 56 characters and begins with U. `farcall nats keys FOLDER` makes keys.",
      });
    }
  }
  const lists = users.map(userConfig).join("");
  if (account === undefined) return `authorization {\n  users: [\n${lists}  ]\n}\n`;
  if (!/^[A-Za-z0-9_-]+$/.test(account)) {
    throw new InvalidError(`"${account}" is not the name of an account`, {
      hint: "It has letters, digits, _ and -.",
    });
  }
  return `accounts {\n  ${account}: {\n    jetstream: enabled\n    users: [\n${lists.replace(/^(?=.)/gm, "  ")}    ]\n  }\n}\n`;
}

function userConfig({ user, roles }: RoleUser): string {
  const { publish, subscribe } = permissionsOf(roles, user);
  const what = roles.map((role) => `${role}: ${ROLE_SUMMARIES[role]}`).join("; ");
  return `    {
      # ${what}
      nkey: ${user}
      permissions: {
        publish: { allow: [${quoted(publish)}] }
        subscribe: { allow: [${quoted(subscribe)}] }
      }
    }
`;
}

function quoted(subjects: readonly string[]): string {
  return `\n${subjects.map((subject) => `          "${subject}"\n`).join("")}        `;
}

/** What the server lets this user do, by its own word, and which roles that makes. */
import type { Connection } from "./connection.ts";
import { covers, type Permissions, permissionsOf, ROLES, type Role } from "./roles.ts";

const LIMIT_MS = 2_000;

export interface Grants {
  /** As the server names it; absent where everybody is let in. */
  user?: string;
  account?: string;
  /** In full. */
  roles: readonly Role[];
  /** What each other role takes besides, as a server's configuration has it. */
  missing: Partial<Record<Role, Permissions>>;
  /** Nothing is refused. */
  unlimited: boolean;
}

interface Rules {
  allow?: string[];
  deny?: string[];
}

interface UserInfo {
  data?: { user?: string; account?: string; permissions?: { publish?: Rules; subscribe?: Rules } };
}

/** Undefined when the server does not say: it is older than 2.10, or the credentials are not those of a role. */
export async function grantsOf(connection: Connection): Promise<Grants | undefined> {
  const { nc } = await connection.link();
  let info: UserInfo;
  try {
    info = (await nc.request("$SYS.REQ.USER.INFO", "", { timeout: LIMIT_MS })).json<UserInfo>();
  } catch {
    return undefined;
  }
  if (!info.data) return undefined;
  const { user, account, permissions } = info.data;
  const missing: Grants["missing"] = {};
  const roles = ROLES.filter((role) => {
    const wanted = permissionsOf([role], connection.user);
    const lacks: Permissions = {
      publish: wanted.publish.filter((subject) => !isGranted(permissions?.publish, subject)),
      subscribe: wanted.subscribe.filter((subject) => !isGranted(permissions?.subscribe, subject)),
    };
    const has = lacks.publish.length + lacks.subscribe.length === 0;
    if (!has) missing[role] = lacks;
    return has;
  });
  return {
    ...(user !== undefined && user !== "" && { user }),
    ...(account !== undefined && { account }),
    roles,
    missing,
    unlimited: !permissions?.publish && !permissions?.subscribe,
  };
}

/** A queue group follows after a space. A rule without one counts for all. */
function isGranted({ allow, deny = [] }: Rules = {}, subject: string): boolean {
  const matches = (rule: string): boolean => {
    const [pattern = "", queue] = rule.split(" ");
    const [wanted = "", group] = subject.split(" ");
    return covers(pattern, wanted) && (queue === undefined || queue === group);
  };
  return (!allow || allow.some(matches)) && !deny.some(matches);
}

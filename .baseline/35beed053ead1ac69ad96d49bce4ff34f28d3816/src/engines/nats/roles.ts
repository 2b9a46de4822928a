/**
 * What the users of a NATS account may do: the one table from which come the configuration for servers, the users of the tests,
 * what doctor compares with, and what an error says when the server refuses something.
 */
import { APPS, HOME, SCALE, SOURCES, streams, subjects, WORKERS } from "./names.ts";

export const ROLES = ["producer", "caller", "worker", "operator"] as const;

export type Role = (typeof ROLES)[number];

/** For people. */
export const ROLE_SUMMARIES: Readonly<Record<Role, string>> = {
  producer: "deploys apps",
  caller: "calls functions, and reads results and logs",
  worker: "runs functions",
  operator: "sets the servers up and looks after them",
};

/** Subjects as a server's configuration has them: a queue group follows after a space. */
export interface Permissions {
  publish: string[];
  subscribe: string[];
}

interface Right {
  /** "may not …" */
  what: string;
  roles: readonly Role[];
  publish?: readonly string[];
  subscribe?: readonly string[];
}

/** Stands for the user's public key. */
const USER = "<user>";
const API = "$JS.API";

/** Of a stream: one message or another, and how many there are. */
function reads(...names: string[]): string[] {
  return names.flatMap((name) => [
    `${API}.STREAM.INFO.${name}`,
    `${API}.STREAM.MSG.GET.${name}`,
    `${API}.DIRECT.GET.${name}`,
    `${API}.DIRECT.GET.${name}.>`,
  ]);
}

const everybody = ROLES;

const rights: readonly Right[] = [
  {
    what: "get answers",
    roles: everybody,
    subscribe: [`${inboxOf(USER)}.>`, subjects.answers(USER, ">")],
  },
  {
    what: "read what is deployed",
    roles: everybody,
    publish: reads(streams.apps, streams.objects),
    subscribe: [subjects.deployed],
  },
  {
    what: "see the workers",
    roles: everybody,
    publish: [subjects.ask("workers"), subjects.ask("web"), "$SYS.REQ.USER.INFO"],
  },
  {
    what: "deploy apps",
    roles: ["producer"],
    publish: [`$KV.${APPS}.*.*`, subjects.parts("*"), `${API}.STREAM.PURGE.${streams.objects}`, subjects.deployed],
  },
  {
    what: "change the autoscaler's settings",
    roles: ["producer", "worker"],
    publish: [`$KV.${SCALE}.*.*`, ...reads(streams.scale), subjects.scaled],
  },
  {
    what: "call functions",
    roles: ["caller", "worker"],
    publish: [subjects.offers(">"), subjects.bell(">"), subjects.worker("*", ">")],
    subscribe: [subjects.source(USER, ">"), `${subjects.pulls(">")} ${SOURCES}`],
  },
  {
    what: "make durable calls",
    roles: ["caller", "worker"],
    publish: [subjects.call("*", "accepted"), subjects.input("*", "*"), subjects.key("*"), ...reads(streams.keys)],
  },
  {
    what: "read calls and their results",
    roles: ["caller", "worker"],
    publish: reads(streams.calls, streams.inputs, streams.outputs),
    subscribe: [subjects.calls("ended"), subjects.calls("cancelled"), subjects.outputs("*")],
  },
  {
    what: "ask about calls and cancel them",
    roles: ["caller"],
    publish: [subjects.ask(">"), subjects.answers("*", ">"), subjects.call("*", "cancelled")],
    subscribe: [subjects.ask("source"), subjects.ask("call.*"), subjects.progress("*")],
  },
  {
    what: "read logs",
    roles: ["caller"],
    publish: reads(streams.logs),
    subscribe: [subjects.logs({})],
  },
  {
    what: "run functions",
    roles: ["worker"],
    publish: [
      ...[subjects.pulls(">"), subjects.source("*", ">"), subjects.answers("*", ">"), subjects.report],
      ...[subjects.output("*", "*"), subjects.calls("ended"), subjects.progress("*"), subjects.logs({})],
      `${API}.CONSUMER.INFO.${streams.calls}.${HOME}`,
      `${API}.CONSUMER.MSG.NEXT.${streams.calls}.${HOME}`,
      `$JS.ACK.${streams.calls}.${HOME}.>`,
    ],
    subscribe: [
      ...[`${subjects.offers(">")} ${WORKERS}`, subjects.worker("*", ">"), subjects.bells, subjects.report],
      ...[subjects.scaled, ...["workers", "stats", "progress"].map(subjects.ask)],
      ...["autoscale", "web"].map((question) => `${subjects.ask(question)} ${WORKERS}`),
      // Requests for web functions are calls of the worker that has taken them.
      ...[subjects.ask("source"), subjects.ask("call.*")],
    ],
  },
  {
    what: "remove what has expired",
    roles: ["worker"],
    publish: [streams.calls, streams.inputs, streams.outputs, streams.keys].map(
      (name) => `${API}.STREAM.PURGE.${name}`,
    ),
  },
  {
    what: "set the servers up",
    roles: ["operator"],
    publish: [
      `${API}.INFO`,
      ...Object.values(streams).flatMap((name) =>
        ["INFO", "CREATE", "UPDATE"].map((action) => `${API}.STREAM.${action}.${name}`),
      ),
      `${API}.CONSUMER.INFO.${streams.calls}.${HOME}`,
      `${API}.CONSUMER.CREATE.${streams.calls}.${HOME}.${subjects.calls("accepted")}`,
      `${API}.CONSUMER.DURABLE.CREATE.${streams.calls}.${HOME}`,
    ],
  },
];

/** Where the server's answers to a user come, and nobody else's: only this user may listen there, and no role may publish there. */
export function inboxOf(user: string): string {
  return `_INBOX.${user}`;
}

/** @param user the public nkey (U…), `*` for any */
export function permissionsOf(roles: readonly Role[], user: string): Permissions {
  const granted = rights.filter((right) => right.roles.some((role) => roles.includes(role)));
  const all = (lists: (readonly string[] | undefined)[]) =>
    [...new Set(lists.flatMap((list) => list ?? []))].map((subject) => subject.replace(USER, user)).sort();
  return {
    publish: all(granted.map(({ publish }) => publish)),
    subscribe: all(granted.map(({ subscribe }) => subscribe)),
  };
}

/** What a server refused, in words, and the roles that may do it; undefined for what no role may do. */
export function rightTo(
  operation: keyof Permissions,
  subject: string,
): { what: string; roles: readonly Role[] } | undefined {
  return rights.find((right) =>
    right[operation]?.some((pattern) => covers(pattern.replace(USER, "*").split(" ")[0]!, subject)),
  );
}

/** Whether all that a pattern matches is matched by another. */
export function covers(pattern: string, subject: string): boolean {
  const wanted = pattern.split(".");
  const tokens = subject.split(".");
  for (const [at, token] of wanted.entries()) {
    if (token === ">") return tokens.length > at;
    if (at >= tokens.length || tokens[at] === ">" || (token !== "*" && token !== tokens[at])) return false;
  }
  return wanted.length === tokens.length;
}

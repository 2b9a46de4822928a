/** One connection to a server, with the client packages, which are loaded when they are first needed. */
import type { JetStreamClient, JetStreamManager } from "@nats-io/jetstream";
import type { ConnectionOptions, NatsConnection } from "@nats-io/transport-node";
import { EngineUnavailableError } from "../../runtime/errors.ts";
import { clearTimeout, setTimeout } from "../../runtime/timers.ts";
import type { Address } from "./address.ts";
import { type Identity, identity, tls } from "./credentials.ts";
import { asFarcallError, noJetStream } from "./errors.ts";
import { inboxOf } from "./roles.ts";
import type { Environment } from "./settings.ts";

/** Not written as literals, or a bundler would want the packages of every consumer. */
const TRANSPORT = ["@nats-io/transport-node"].join();
const JETSTREAM = ["@nats-io/jetstream"].join();
const INSTALL = "Run `npm install @nats-io/transport-node@3.4 @nats-io/jetstream@3.4`.";

const CONNECT_LIMIT_MS = 10_000;
/** An answer that has not come by then is asked for again, or given up. */
export const REQUEST_LIMIT_MS = 5_000;
/** The same for a replica, instead of which the leader can be asked. */
const REPLICA_LIMIT_MS = 1_000;
const RECONNECT_WAIT_MS = 100;
const CLOSE_LIMIT_MS = 1_000;

type Transport = typeof import("@nats-io/transport-node");
type JetStream = typeof import("@nats-io/jetstream");

export interface Link {
  readonly identity: Identity;
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  /** What any replica answers. */
  readonly replicas: JetStreamManager["direct"];
  readonly transport: Transport;
}

interface LinkOptions {
  address: Address;
  /** As the server's monitoring shows it. */
  name: string;
  /** Credentials come from there. */
  env: Environment;
}

/** A connection to one of these servers. Rejects with EngineUnavailableError. */
export async function openLink(servers: readonly string[], { address, name, env }: LinkOptions): Promise<Link> {
  const [transport, jetstream] = await loadPackages();
  const who = identity(env, transport);
  const options = {
    servers: [...servers],
    name,
    timeout: CONNECT_LIMIT_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_WAIT_MS,
    reconnectJitter: RECONNECT_WAIT_MS,
    noAsyncTraces: true,
    inboxPrefix: inboxOf(who.user),
    // Credentials are renewed, and servers get a new configuration: what is refused now may be taken later.
    ignoreAuthErrorAbort: true,
    ...who.options,
    ...tls(env, address),
  } as ConnectionOptions;
  let nc: NatsConnection;
  try {
    nc = await transport.connect(options);
  } catch (error) {
    throw asFarcallError(error, address.url);
  }
  if (nc.info?.jetstream !== true) {
    await nc.close();
    throw noJetStream(address.url);
  }
  const js = jetstream.jetstream(nc, { timeout: REQUEST_LIMIT_MS });
  const { direct: replicas } = await jetstream.jetstreamManager(nc, { timeout: REPLICA_LIMIT_MS, checkAPI: false });
  return { identity: who, nc, js, jsm: await js.jetstreamManager(false), replicas, transport };
}

/**
 * Lets the process end while the connection is open, or not. The client has no method for it: neither its socket nor the timer of
 * its pings lets a process end.
 */
export function keepAlive(nc: NatsConnection, alive: boolean): void {
  const { protocol } = nc as unknown as {
    protocol?: { transport?: { socket?: Holding }; heartbeats?: { timer?: Holding } };
  };
  for (const holding of [protocol?.transport?.socket, protocol?.heartbeats?.timer]) {
    if (alive) holding?.ref();
    else holding?.unref();
  }
}

/** What was published is sent, unless no server is there. */
export async function sendAll(nc: NatsConnection): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, CLOSE_LIMIT_MS);
  // A connection that is lost meanwhile has nothing to send.
  await Promise.race([nc.flush().catch(() => {}), late]);
  clearTimeout(timer);
}

interface Holding {
  ref(): void;
  unref(): void;
}

/** Rejects with EngineUnavailableError. */
export async function loadPackages(): Promise<[Transport, JetStream]> {
  try {
    return (await Promise.all([
      import(/* @vite-ignore */ /* webpackIgnore: true */ TRANSPORT),
      import(/* @vite-ignore */ /* webpackIgnore: true */ JETSTREAM),
    ])) as [Transport, JetStream];
  } catch (cause) {
    throw new EngineUnavailableError("the engine nats: needs NATS's npm packages, which are not installed", {
      cause,
      hint: INSTALL,
    });
  }
}

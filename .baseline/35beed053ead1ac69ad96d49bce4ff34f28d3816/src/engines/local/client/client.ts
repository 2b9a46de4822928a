/** The client of a `local` engine: the Engine port, spoken over a session with the host. */
import {
  type Deployer,
  type Engine,
  earlierVersion,
  type InputRecord,
  type Invoker,
  type Monitor,
  type Output,
  type Registry,
} from "../../../engine/index.ts";
import { InvalidError } from "../../../runtime/errors.ts";
import { DEPLOY_HINT } from "../hints.ts";
import { statePaths } from "../paths.ts";
import { Attachment } from "./attachment.ts";
import { ClientCall } from "./call.ts";
import { request, subscribe } from "./requests.ts";
import { Session } from "./session.ts";

/** Opens the engine of a state directory: `local:`, `local:/path`. Nothing is started before the first use. */
export function localEngine(url: string): Engine {
  const paths = statePaths(url);
  const session = new Session(paths);
  return {
    url: paths.url,
    registry: registryOf(session),
    deployer: deployerOf(session),
    invoker: invokerOf(session),
    monitor: monitorOf(session),
    deployHint: DEPLOY_HINT,
    status: async () => (await import("./control.ts")).engineStatus(paths.url),
    close: () => session.close(),
  };
}

function registryOf(session: Session): Registry {
  return {
    listApps: (filter = {}) => request(session, "listApps", filter),
    getManifest: (ref, options = {}) => request(session, "getManifest", { ref, ifNotEtag: options.ifNotEtag }),
    resolve: (ref) => request(session, "resolve", ref),
    history: ({ app, environment }) => request(session, "history", { app, environment }),
    watchDeploys: ({ after, signal, onReady }) => {
      let last = after;
      return subscribe(
        session,
        "watchDeploys",
        {
          params: () => ({ after: last }),
          answer: ({ sequence }) => {
            // So that a reconnection knows where to go on, even before the first event.
            last ??= sequence;
            onReady?.(sequence);
            onReady = undefined;
          },
          item: (event) => {
            last = event.sequence;
            return event;
          },
        },
        signal,
      );
    },
  };
}

function deployerOf(session: Session): Deployer {
  return {
    deploy: (deployment) => request(session, "deploy", deployment),
    rollback: async ({ app, environment, version, user }) => {
      const ref = { app, environment };
      const to = version ?? earlierVersion(await request(session, "history", ref));
      if (to === undefined) {
        throw new InvalidError(`app ${app} (${environment}) has no earlier version to go back to`, {
          hint: "Name the version to go back to. `farcall history` lists them.",
        });
      }
      return request(session, "rollback", { ...ref, version: to, ...(user !== undefined && { user }) });
    },
    remove: async (ref) => {
      await request(session, "remove", ref);
    },
  };
}

function invokerOf(session: Session): Invoker {
  return {
    open: (call, sink) => new ClientCall(session, call, sink),
    attach: (callId, range, sink, options) => new Attachment(session, callId, range, sink, options),
    poll: async (callId, range) => {
      const outputs: Output[] = [];
      await request(session, "poll", { id: callId, range }, { outputs });
      return outputs;
    },
    call: (callId) => request(session, "call", { id: callId }),
    cancel: async (callId, options = {}) => {
      await request(session, "cancel", { id: callId, terminateContainers: options.terminateContainers });
    },
    stats: (ref) => request(session, "stats", ref),
    updateAutoscaler: async (ref, settings) => {
      await request(session, "updateAutoscaler", { ref, settings });
    },
  };
}

function monitorOf(session: Session): Monitor {
  return {
    calls: (filter = {}) => request(session, "calls", filter),
    inputs: async (callId, { failed, limit, ...range }) => {
      const inputs: InputRecord[] = [];
      const asked = { id: callId, range, ...(failed && { failed }), ...(limit !== undefined && { limit }) };
      await request(session, "inputs", asked, { outputs: [], inputs });
      return inputs;
    },
    recentStats: (ref) => request(session, "recentStats", ref),
    progress: (callId, { follow = false, signal } = {}) =>
      subscribe(
        session,
        "progress",
        {
          params: () => ({ id: callId, follow }),
          item: (progress) => progress,
          replaces: (progress) => progress.index,
        },
        signal,
      ),
    logs: ({ signal, ...filter }) => {
      let { after, limit } = filter;
      return subscribe(
        session,
        "logs",
        {
          params: () => ({ ...filter, after, limit }),
          item: (entry) => {
            if (entry) {
              after = entry.sequence;
              // After a reconnection the reader wants everything that it missed.
              limit = undefined;
            }
            return entry;
          },
        },
        signal,
      );
    },
  };
}

/** The engine: its roles, put together over one connection. */
import type { Engine, EngineStatus } from "../../engine/index.ts";
import { DEPLOY_HINT, Deployments, ModalRegistry, POLL_MS } from "./apps/index.ts";
import { type CallContext, CallDescriber, Callees } from "./calls/index.ts";
import { Session } from "./client.ts";
import { modalCodec } from "./codec/index.ts";
import { ModalInvoker } from "./invoker.ts";
import { ModalMonitor } from "./monitor.ts";

export class ModalEngine implements Engine {
  readonly url: string;
  readonly registry: ModalRegistry;
  readonly invoker: ModalInvoker;
  readonly monitor: ModalMonitor;
  readonly codec = modalCodec;
  readonly deployHint = DEPLOY_HINT;
  readonly removeHint = "Run `modal app stop NAME`.";
  readonly rollbackHint = "Run `modal app rollback NAME VERSION`.";
  readonly pollMs = POLL_MS;
  readonly idempotency = false;
  readonly delays = false;
  readonly progress = false;
  readonly arguments = false;
  readonly trace = false;
  readonly backpressure = false;
  readonly #session: Session;
  readonly #deployments: Deployments;

  constructor(url: string) {
    this.url = url;
    const session = new Session(url);
    const deployments = new Deployments(session);
    const context: CallContext = {
      session,
      callees: new Callees(session, deployments),
      open: new Set(),
      background: new Set(),
    };
    const describer = new CallDescriber(session);
    this.#session = session;
    this.#deployments = deployments;
    this.registry = new ModalRegistry(session, deployments);
    this.invoker = new ModalInvoker(context, describer);
    this.monitor = new ModalMonitor(session, deployments, describer);
  }

  async status(): Promise<EngineStatus> {
    const { profile, version } = await this.#session.about();
    const environments = await this.#deployments.environments();
    return {
      facts: [
        { name: "server", value: profile.serverUrl },
        { name: "npm package modal", value: version },
        { name: "environments", value: environments.join(", ") },
      ],
      warnings: [],
    };
  }

  async close(): Promise<void> {
    await this.invoker.close();
    await this.#session.close();
  }
}

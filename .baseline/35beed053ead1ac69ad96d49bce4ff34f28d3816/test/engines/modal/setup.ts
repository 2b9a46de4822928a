/** A fake Modal and an engine on it, for one test. */
import type { Engine } from "../../../src/engine/index.ts";
import { modalEngine } from "../../../src/engines/modal/index.ts";
import { Class, Client, Function } from "../../../src/runtime/index.ts";
import { Driver } from "../../engine/drive.ts";
import { FakeModal, type FakeOptions } from "./fake/index.ts";

export class Setup {
  readonly fake: FakeModal;
  readonly engine: Engine;
  readonly client: Client;
  readonly driver: Driver;
  readonly #before: Record<string, string | undefined>;

  constructor(fake: FakeModal) {
    this.fake = fake;
    // The SDK takes the server's address from the environment alone.
    this.#before = Object.fromEntries(Object.keys(fake.env).map((name) => [name, process.env[name]]));
    Object.assign(process.env, fake.env);
    this.engine = modalEngine("modal:");
    this.client = new Client({ engine: this.engine });
    this.driver = new Driver(this.engine, "shop");
  }

  // The stub of a function whose types no test needs.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  function(name: string, app = "shop"): any {
    // biome-ignore lint/suspicious/noExplicitAny: as above
    return Function.fromName<any, any>(app, name, { client: this.client });
  }

  // biome-ignore lint/suspicious/noExplicitAny: as above
  class(name: string, app = "shop"): any {
    // biome-ignore lint/suspicious/noExplicitAny: as above
    return Class.fromName<any>(app, name, { client: this.client });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.close();
    await this.fake.stop();
    for (const [name, value] of Object.entries(this.#before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

export async function collect(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const collected: unknown[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

export async function setup(options?: FakeOptions): Promise<Setup> {
  return new Setup(await FakeModal.start(options));
}

/** Streams that are full: what cannot be accepted says so, what was accepted is not lost, and it goes on once there is room. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAddress } from "../../../src/engines/nats/address.ts";
import { Connection } from "../../../src/engines/nats/connection.ts";
import { streams } from "../../../src/engines/nats/names.ts";
import { EngineUnavailableError } from "../../../src/runtime/index.ts";
import { deployment } from "../../engine/deployment.ts";
import { Driver } from "../../engine/drive.ts";
import { patient } from "../../support/limits.ts";
import { Cluster } from "./cluster.ts";
import { LEFT_OUT } from "./server.ts";

const app = deployment("full", "export const size = app.function(function size(text) { return text.length; });", {
  size: {},
});

describe.skipIf(LEFT_OUT)(`streams that are full${LEFT_OUT ? ` (${LEFT_OUT})` : ""}`, () => {
  let cluster: Cluster;
  let engine: ReturnType<Cluster["engine"]>;
  let driver: Driver;
  let operator: Connection;
  beforeAll(async () => {
    cluster = await Cluster.start();
    engine = cluster.engine();
    await engine.deployer!.deploy(app);
    driver = new Driver(engine, "full");
    operator = new Connection(parseAddress(cluster.url), "test");
  });
  afterAll(async () => {
    await operator.close();
    await engine.close();
    await cluster[Symbol.asyncDispose]();
  });

  const limit = (stream: string, bytes: number) =>
    operator.ask(({ jsm }) => jsm.streams.update(stream, { max_bytes: bytes }));

  for (const [what, stream, text] of [
    ["calls", streams.calls, "x".repeat(8_000)],
    ["inputs", streams.inputs, "x".repeat(300_000)],
  ] as const) {
    test(`${what} that there is no room for are refused, and those that were accepted end`, patient, async () => {
      await limit(stream, 1_000_000);
      const accepted: string[] = [];
      let refused: unknown;
      while (refused === undefined) {
        await driver.spawn("size", [[text]]).then(
          (id) => accepted.push(id),
          (error) => {
            refused = error;
          },
        );
      }
      expect(refused).toBeInstanceOf(EngineUnavailableError);
      expect(refused).toMatchObject({
        message: expect.stringMatching(/have no room left to store it/),
        hint: expect.stringMatching(/Raise the limits/),
      });
      expect(accepted.length).toBeGreaterThan(1);
      // What needs no room goes on.
      expect(await driver.remote("size", "abc")).toBe(3);
      await limit(stream, -1);
      for (const id of accepted) {
        expect((await driver.get(id)).map(({ value }) => value)).toEqual([text.length]);
      }
      expect(await driver.get(await driver.spawn("size", [[text]]))).toMatchObject([{ value: text.length }]);
    });
  }
});

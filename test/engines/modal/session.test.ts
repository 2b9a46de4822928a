/** How long the connection waits for Modal, with a client in the SDK's place that says what each request was given. */
import { expect, test } from "vitest";
import { type RpcOptions, Session } from "../../../src/engines/modal/client.ts";

type Answer = (options: RpcOptions) => Promise<unknown>;

/** A session whose RPC `functionGetOutputs` is `answer`. */
function sessionWith(answer: Answer): Session {
  class ModalClient {
    readonly cpClient = { functionGetOutputs: (_request: unknown, options: RpcOptions) => answer(options) };
    version() {
      return "0.11.1";
    }
    close() {}
  }
  return new Session("modal:", async () => ({ ModalClient }));
}

const late = () => Object.assign(new Error("Timed out after 60000ms"), { code: 4 });
const request = { functionCallId: "fc-1", timeout: 55, requestedAt: 0 };
const { signal } = new AbortController();

test("a poll that ran out of its time is asked anew, as one is whose connection broke while a long function ran", async () => {
  const answers = [late, late, () => ({ outputs: ["an output"] })];
  const session = sessionWith(async () => {
    const answer = answers.shift()?.();
    if (answer instanceof Error) throw answer;
    return answer;
  });
  const answer = await session.poll(signal, (rpc, options) => rpc.functionGetOutputs(request, options));
  expect(answer.outputs).toEqual(["an output"]);
});

test("a server that answers no poll at all ends the call, and one that refuses does so at once", async () => {
  let asked = 0;
  const silent = sessionWith(async () => {
    asked++;
    throw late();
  });
  const polling = silent.poll(signal, (rpc, options) => rpc.functionGetOutputs(request, options));
  await expect(polling).rejects.toMatchObject({ code: "FARCALL_ENGINE_UNAVAILABLE" });
  expect(asked).toBe(6);
  const refusing = sessionWith(async () => {
    throw Object.assign(new Error("Not yours."), { code: 7 });
  });
  const refused = refusing.poll(signal, (rpc, options) => rpc.functionGetOutputs(request, options));
  await expect(refused).rejects.toMatchObject({ message: "Modal refuses the token: not yours" });
});

test("a poll is not asked anew once its call is over", async () => {
  let asked = 0;
  const over = new AbortController();
  const session = sessionWith(async () => {
    asked++;
    over.abort();
    throw late();
  });
  const polling = session.poll(over.signal, (rpc, options) => rpc.functionGetOutputs(request, options));
  await expect(polling).rejects.toThrow();
  expect(asked).toBe(1);
});

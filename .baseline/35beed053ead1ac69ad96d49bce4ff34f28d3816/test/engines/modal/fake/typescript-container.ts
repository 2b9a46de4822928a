/**
 * A container that runs functions declared in TypeScript, and speaks to the fake as Modal's own Python container does:
 * over gRPC, with CBOR in Python's terms. It takes the place of Python where there is none.
 */
import { type Channel, type Client, ClientError, createChannel, createClient, Metadata, Status } from "nice-grpc";
import { classParameterSet, type Definition, definition, type PutOutputsItem } from "./codecs.ts";
import { type Launched, TASK_HEADER } from "./containers.ts";
import type { ContainerCall, Declared, Method } from "./declare.ts";
import type { Container } from "./model.ts";
import { Payloads } from "./payloads.ts";
import { describeException, PythonError } from "./python-values.ts";
import { Format, Invocation, now, Outcome, protobufNumber } from "./values.ts";

type InputItem = Awaited<ReturnType<Client<Definition>["functionGetInputs"]>>["inputs"][number];
/** 1 is stdout, 2 stderr. */
type Print = (item: { functionCallId: string; inputId: string; fileDescriptor: 1 | 2; data: string }) => void;

export function launchTypeScript(container: Container, declared: Declared, url: string, print: Print): Launched {
  const running = new TypeScriptContainer(container, declared, url, print);
  return { kill: () => running.kill("killed"), exited: running.exited };
}

class TypeScriptContainer {
  readonly exited: Promise<string>;
  #container: Container;
  #declared: Declared;
  #print: Print;
  #channel: Channel;
  #client: Client<Definition>;
  #payloads: Payloads;
  #instance: Record<string, unknown>;
  #inputs = new Map<string, AbortController>();
  #life = new AbortController();
  #death = "";

  constructor(container: Container, declared: Declared, url: string, print: Print) {
    this.#container = container;
    this.#declared = declared;
    this.#print = print;
    this.#channel = createChannel(url, undefined, { "grpc.max_receive_message_length": -1 });
    const metadata = Metadata({ [TASK_HEADER]: container.taskId });
    this.#client = createClient(definition, this.#channel, { "*": { metadata } });
    this.#payloads = new Payloads(this.#client, (request) => this.#sure(request), container.fn);
    this.#instance = readInstance(container, declared);
    this.exited = this.#live().finally(() => this.#channel.close());
  }

  kill(how: string): void {
    if (this.#life.signal.aborted) return;
    this.#death = how;
    this.#life.abort();
    for (const input of this.#inputs.values()) input.abort();
  }

  async #live(): Promise<string> {
    try {
      await this.#sure((options) => this.#client.containerHello({}, options));
      const heartbeats = this.#listen();
      const slots = Array.from({ length: this.#declared.concurrency ?? 1 }, () => this.#work());
      await Promise.all(slots);
      this.#life.abort();
      await heartbeats;
    } catch (error) {
      if (!this.#life.signal.aborted) return String(error);
    }
    return this.#death;
  }

  /** Repeats a request while the fake is away; ends with the container. */
  async #sure<T>(request: (options: { signal: AbortSignal }) => Promise<T>): Promise<T> {
    const { signal } = this.#life;
    for (;;) {
      try {
        return await request({ signal });
      } catch (error) {
        const passing = [
          Status.DEADLINE_EXCEEDED,
          Status.UNAVAILABLE,
          Status.CANCELLED,
          Status.INTERNAL,
          Status.RESOURCE_EXHAUSTED,
          Status.UNKNOWN,
        ];
        if (signal.aborted || !(error instanceof ClientError) || !passing.includes(error.code)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  async #listen(): Promise<void> {
    while (!this.#life.signal.aborted) {
      const { cancelInputEvent } = await this.#sure((options) => this.#client.containerHeartbeat({}, options)).catch(
        (error: unknown) => {
          if (this.#life.signal.aborted) return { cancelInputEvent: undefined };
          throw error;
        },
      );
      for (const id of cancelInputEvent?.inputIds ?? []) this.#inputs.get(id)?.abort();
    }
  }

  /** One slot: takes inputs and runs them, one after the other. */
  async #work(): Promise<void> {
    const { batch } = this.#declared;
    const request = {
      functionId: this.#container.fn.id,
      ...(batch && { batchMaxSize: batch.maxSize, batchLingerMs: batch.waitMs }),
    };
    while (!this.#life.signal.aborted) {
      const { inputs } = await this.#sure((options) => this.#client.functionGetInputs(request, options));
      if (inputs.some(({ killSwitch }) => killSwitch)) return;
      if (inputs.length > 0) await this.#run(inputs);
    }
  }

  async #run(items: InputItem[]): Promise<void> {
    // Killed while the inputs were on their way: nothing would end them.
    if (this.#life.signal.aborted) return;
    const startedAt = now();
    const abort = new AbortController();
    for (const { inputId } of items) this.#inputs.set(inputId, abort);
    const methodName = items[0]?.input?.methodName ?? "";
    let results: Partial<PutOutputsItem>[];
    try {
      const method = this.#declared.methods[methodName];
      if (!method) throw new PythonError("KeyError", `'${methodName}'`);
      results = await this.#attempt(items, method, abort.signal);
    } catch (error) {
      if (this.#life.signal.aborted) return;
      const cancelled = abort.signal.aborted;
      const { exception, traceback } = describeException(error, methodName || this.#container.fn.tag);
      if (!cancelled) this.#print({ ...ids(items[0]!), fileDescriptor: 2, data: traceback });
      const result = cancelled ? { status: Outcome.terminated } : { status: Outcome.failure, exception, traceback };
      // The codec fills in what a result leaves out.
      results = items.map(() => ({ result, dataFormat: cancelled ? 0 : Format.cbor }) as Partial<PutOutputsItem>);
    } finally {
      for (const { inputId } of items) this.#inputs.delete(inputId);
    }
    const outputs = results.map((result, index) => ({
      inputId: items[index]!.inputId,
      retryCount: items[index]!.retryCount,
      inputStartedAt: startedAt,
      outputCreatedAt: now(),
      ...result,
    }));
    await this.#sure((options) => this.#client.functionPutOutputs({ outputs }, options));
  }

  async #attempt(items: InputItem[], method: Method, signal: AbortSignal): Promise<Partial<PutOutputsItem>[]> {
    const first = items[0]!;
    const given = await Promise.all(items.map(({ input }) => this.#payloads.read(input)));
    const { args, kwargs } = this.#declared.batch ? asLists(given, method) : given[0]!;
    const call: ContainerCall = {
      args,
      kwargs,
      instance: this.#instance,
      signal,
      attempt: first.retryCount,
      ...ids(first),
      print: (line) => this.#print({ ...ids(first), fileDescriptor: 1, data: `${line}\n` }),
      crash: () => {
        this.kill("exit code 1");
        throw new Error("the container has crashed");
      },
    };
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(new Error("cancelled")), { once: true });
    });
    aborted.catch(() => {});
    if (method.generator) {
      const count = await this.#generate(first, method.run(call), aborted);
      return [success({ data: protobufNumber(1, count) }, Format.generatorDone)];
    }
    const value = await Promise.race([method.run(call), aborted]);
    const values = this.#declared.batch ? value : [value];
    if (!Array.isArray(values) || values.length !== items.length) {
      const name = this.#container.fn.tag;
      throw new PythonError(
        "InvalidError",
        `Output of batched function ${name} must be a list of equal length as its inputs.`,
        "modal.exception",
      );
    }
    return Promise.all(
      values.map(async (each, index) => {
        const payload = await this.#payloads.write(each, items[index]!.functionCallInvocationType);
        return success(payload, Format.cbor);
      }),
    );
  }

  /** Sends what a generator yields, many at a time where they come faster than they are sent. */
  async #generate(item: InputItem, made: unknown, aborted: Promise<never>): Promise<number> {
    const iterator = iterate(made);
    let pending: { index: number; dataFormat: number; data?: Uint8Array; dataBlobId?: string }[] = [];
    let count = 0;
    let sending = Promise.resolve();
    let busy = false;
    const target = item.attemptToken ? { attemptToken: item.attemptToken } : { functionCallId: item.functionCallId };
    const send = async () => {
      while (pending.length > 0) {
        const dataChunks = pending;
        pending = [];
        await this.#sure((options) => this.#client.functionCallPutDataOut({ ...target, dataChunks }, options));
      }
      busy = false;
    };
    try {
      for (;;) {
        const next = await Promise.race([iterator.next(), aborted]);
        if (next.done) break;
        const payload = await this.#payloads.write(next.value, Invocation.sync);
        pending.push({ index: ++count, dataFormat: Format.cbor, ...payload });
        if (!busy) {
          busy = true;
          sending = send();
        }
        // Containers run ahead of their callers by so many.
        if (pending.length >= 1024) await sending;
      }
    } finally {
      // A generator that waits for something else ends on its own time, as its signal says.
      iterator.return?.()?.catch(() => {});
      await sending;
    }
    return count;
  }
}

function ids({ inputId, functionCallId }: InputItem) {
  return { inputId, functionCallId };
}

function success(payload: object, dataFormat: number): Partial<PutOutputsItem> {
  // The codec fills in what a result leaves out.
  return { dataFormat, result: { status: Outcome.success, ...payload } } as Partial<PutOutputsItem>;
}

function iterate(made: unknown): AsyncIterator<unknown> {
  if (typeof made === "object" && made !== null) {
    if (Symbol.asyncIterator in made) return (made as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    if (Symbol.iterator in made) {
      const iterator = (made as Iterable<unknown>)[Symbol.iterator]();
      return {
        next: async () => iterator.next(),
        return: async () => iterator.return?.() ?? { done: true, value: undefined },
      };
    }
  }
  throw new PythonError("InvalidError", `Generator function returned value of type ${typeof made}`, "modal.exception");
}

/** A batch's arguments: for each parameter the list of its values, one an input. */
function asLists(given: { args: unknown[]; kwargs: Record<string, unknown> }[], { parameters = {} }: Method) {
  const names = Object.keys(parameters);
  const args = names.map((name, index) =>
    given.map((each) => (index < each.args.length ? each.args[index] : each.kwargs[name])),
  );
  return { args, kwargs: {} };
}

/** The values of a class's parameters, with their defaults. */
function readInstance({ fn }: Container, { parameters = {} }: Declared): Record<string, unknown> {
  const instance: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(parameters)) {
    if (typeof spec === "object") instance[name] = spec.default;
  }
  for (const each of fn.params ? classParameterSet.decode(fn.params).parameters : []) {
    instance[each.name] =
      each.stringValue ??
      each.bytesValue ??
      each.boolValue ??
      (each.intValue === undefined ? undefined : Number(each.intValue));
  }
  return instance;
}

/** An editor's side of TypeScript's language server, in its own protocol. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

interface Response {
  type: "response" | "event";
  request_seq?: number;
  success?: boolean;
  message?: string;
  body?: unknown;
}

export class LanguageServer implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #seq = 0;

  /** @param tsserver path of TypeScript's tsserver.js */
  constructor(tsserver: string, cwd: string) {
    this.#process = spawn(process.execPath, [tsserver, "--disableAutomaticTypingAcquisition"], {
      cwd,
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#process.once("exit", (code) => this.#fail(new Error(`tsserver exited with ${code}`)));
    createInterface({ input: this.#process.stdout! }).on("line", (line) => {
      if (line.startsWith("{")) this.#settle(JSON.parse(line) as Response);
    });
  }

  /** For a command without a response. */
  tell(command: string, args: object): void {
    this.#process.stdin!.write(`${JSON.stringify({ seq: ++this.#seq, type: "request", command, arguments: args })}\n`);
  }

  /** Resolves to the response's body. */
  async ask<Body>(command: string, args: object): Promise<Body> {
    this.tell(command, args);
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(this.#seq, answer);
    return (await answer.promise) as Body;
  }

  #settle({ type, request_seq, success, message, body }: Response): void {
    if (type !== "response" || request_seq === undefined) return;
    const answer = this.#waiting.get(request_seq);
    this.#waiting.delete(request_seq);
    if (success) answer?.resolve(body);
    else answer?.reject(new Error(message));
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exit = once(this.#process, "exit");
    this.#process.kill();
    await exit;
  }
}

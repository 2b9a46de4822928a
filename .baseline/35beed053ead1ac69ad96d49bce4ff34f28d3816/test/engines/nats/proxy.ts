/** A road to a port of this machine. It can be cut, so that connections break off, or stalled, so that nothing more comes through. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export class Proxy {
  readonly #server: Server;
  readonly #pairs = new Map<Socket, Socket>();
  #cut = false;
  #stalled = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(to: number): Promise<Proxy> {
    const proxy = new Proxy(createServer((socket) => proxy.#connected(socket, to)));
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  #connected(socket: Socket, to: number): void {
    if (this.#cut) {
      socket.destroy();
      return;
    }
    const other = connect(to, "127.0.0.1");
    for (const [from, into] of [
      [socket, other],
      [other, socket],
    ] as const) {
      this.#pairs.set(from, into);
      // Either end may break off, and the other with it.
      from.on("error", () => into.destroy());
      from.on("close", () => {
        this.#pairs.delete(from);
        into.destroy();
      });
      if (!this.#stalled) from.pipe(into);
    }
  }

  cut(): void {
    this.#cut = true;
    for (const socket of this.#pairs.keys()) socket.destroy();
  }

  /** As when a network is divided: both ends take the other to be there, and what they send waits. */
  stall(): void {
    this.#stalled = true;
    for (const [from, into] of this.#pairs) from.unpipe(into).pause();
  }

  mend(): void {
    this.#cut = false;
    if (this.#stalled) for (const [from, into] of this.#pairs) from.pipe(into);
    this.#stalled = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }
}

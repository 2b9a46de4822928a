/** A road to a server that can be cut, and lets nothing through until it is mended. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export class Proxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cut = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param to a port of this machine */
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
      this.#sockets.add(from);
      // Either end may break off, and the other with it.
      from.on("error", () => into.destroy());
      from.on("close", () => {
        this.#sockets.delete(from);
        into.destroy();
      });
      from.pipe(into);
    }
  }

  cut(): void {
    this.#cut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#cut = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }
}

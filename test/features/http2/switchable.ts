// One address whose connections go to one server, and from some moment on to another: what a balancer does when a server is replaced.
import { once } from "node:events";
import * as net from "node:net";

export class Switchable {
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  #port: number;
  /** Bytes that have come from the server that connections go to now. */
  answered = 0;
  /** Connections since the last `to`. */
  connections = 0;

  private constructor(port: number) {
    this.#port = port;
    // A server after its end of sending still reads. Ending the connection here while a client sends would fail
    // requests that the server has not read yet.
    this.#server = net.createServer({ noDelay: true, allowHalfOpen: true }, (client) => this.#forward(client));
  }
  static async before(port: number): Promise<Switchable> {
    const front = new Switchable(port);
    front.#server.listen(0, "127.0.0.1");
    await once(front.#server, "listening");
    return front;
  }
  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }
  /** Connections from now on go there. */
  to(port: number): void {
    this.#port = port;
    this.answered = 0;
    this.connections = 0;
  }
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #forward(client: net.Socket): void {
    const to = this.#port;
    this.connections++;
    const upstream = net.connect({ port: to, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.on("error", () => {}).on("close", () => this.#sockets.delete(socket));
    }
    upstream.on("data", (chunk: Buffer) => {
      if (to === this.#port) this.answered += chunk.length;
    });
    client.pipe(upstream).on("close", () => client.destroySoon());
    upstream.pipe(client).on("close", () => upstream.destroySoon());
  }
}

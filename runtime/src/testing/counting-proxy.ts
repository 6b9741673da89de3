import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** Passes connections on, and counts the bytes from the server. */
export class CountingProxy {
  readonly #server: Server;
  readonly #near = new Set<Socket>();
  /** Bytes received from the server. */
  received = 0;

  /** @param port port of the server, on 127.0.0.1 */
  constructor(port: number) {
    this.#server = createServer({ noDelay: true }, (near) => {
      const far = connect({ port, host: "127.0.0.1", noDelay: true });
      this.#near.add(near);
      near.on("error", () => {}).on("close", () => this.#near.delete(near));
      far.on("error", () => {}).on("close", () => near.destroy());
      near.on("data", (chunk) => far.write(chunk)).on("close", () => far.end()); // a reset is an error of its server's
      far.on("data", (chunk: Buffer) => {
        this.received += chunk.length;
        if (!near.destroyed) near.write(chunk);
      });
    });
  }
  async start(): Promise<this> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return this;
  }
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
  /** Simulates the loss of the network. */
  drop(): void {
    for (const socket of this.#near) socket.destroy();
  }
  async stop(): Promise<void> {
    this.drop();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

// Connections of one process to its engines, which can be cut off for a while: nothing passes, and nothing is closed.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** Passes connections on to a port, until it is cut off. */
class Passage {
  readonly #to: number;
  readonly #reply: (chunk: Buffer) => Buffer;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  constructor(to: number, reply: (chunk: Buffer) => Buffer = (chunk) => chunk) {
    this.#to = to;
    this.#reply = reply;
  }
  async open(): Promise<number> {
    const server = createServer({ noDelay: true, pauseOnConnect: true }, (near) => {
      const far = connect({ port: this.#to, host: "127.0.0.1", noDelay: true }).pause();
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(socket);
        const pass = socket === far ? this.#reply : (chunk: Buffer) => chunk;
        socket.on("error", () => {}).on("data", (chunk) => other.write(pass(chunk)));
        socket.on("close", () => {
          this.#sockets.delete(socket);
          other.destroy();
        });
        if (!this.#isCut) socket.resume();
        else socket.pause(); // a listener of data lets it flow
      }
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      for (const socket of this.#sockets) socket.destroy();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  }
  cut(isCut: boolean): void {
    this.#isCut = isCut;
    for (const socket of this.#sockets)
      if (isCut) socket.pause();
      else socket.resume();
  }
}

/** The passages of one process. */
export class Passages {
  readonly #others: Passage[] = [];
  readonly #redis: Passage[] = [];

  /** Returns the URL of a passage to the server of this one. */
  async to(url: string): Promise<string> {
    const target = new URL(url);
    const passage = new Passage(Number(target.port));
    this.#others.push(passage);
    target.port = `${await passage.open()}`;
    return target.href;
  }
  /** Returns the URL of passages to all servers of a Redis Cluster, which name each other in replies. */
  async toCluster(ports: readonly number[]): Promise<string> {
    const near = new Map<string, number>();
    const reply = (chunk: Buffer): Buffer =>
      // The address of a server in the list of slots, or in a redirection.
      Buffer.from(
        chunk
          .toString("latin1")
          .replaceAll(/(127\.0\.0\.1(?:\r\n:|:))(\d+)\r\n/g, (_, to, port) => `${to}${near.get(port) ?? port}\r\n`),
        "latin1",
      );
    for (const port of ports) {
      const passage = new Passage(port, reply);
      this.#redis.push(passage);
      near.set(`${port}`, await passage.open());
    }
    return `redis-cluster://${[...near.values()].map((port) => `127.0.0.1:${port}`).join(",")}`;
  }
  /** Cuts off all servers, or those of Redis, or connects them again. */
  cut(isCut: boolean, which: "all" | "redis" = "all"): void {
    for (const passage of this.#redis) passage.cut(isCut);
    if (which === "all") for (const passage of this.#others) passage.cut(isCut);
  }
}

// Connections of one process to its engines, which can be cut off for a while: nothing passes, and nothing is closed.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** Passes connections on to a port, until it is cut off. */
class Passage {
  readonly #to: number;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  constructor(to: number) {
    this.#to = to;
  }
  async open(): Promise<number> {
    const server = createServer({ noDelay: true, pauseOnConnect: true }, (near) => {
      const far = connect({ port: this.#to, host: "127.0.0.1", noDelay: true }).pause();
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(socket);
        socket.on("error", () => {}).on("data", (chunk) => other.write(chunk));
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
  readonly #all: Passage[] = [];

  /** Returns the URL of a passage to the server of this one. */
  async to(url: string): Promise<string> {
    const target = new URL(url);
    const passage = new Passage(Number(target.port));
    this.#all.push(passage);
    target.port = `${await passage.open()}`;
    return target.href;
  }
  cut(isCut: boolean): void {
    for (const passage of this.#all) passage.cut(isCut);
  }
}

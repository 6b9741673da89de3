// A connection between client and server that delays every byte, in a separate process. Talks to the driver that
// forked it: `{ delayMs, ports }` in its first argument, the ports that it listens on as its first message.
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

interface Settings {
  /** Delay of each direction. */
  readonly delayMs: number;
  /** Ports of servers on 127.0.0.1. */
  readonly ports: readonly number[];
}

const { delayMs, ports } = JSON.parse(process.argv[2] ?? "") as Settings;

function delayed(from: Socket, to: Socket): void {
  from.on("data", (chunk: Buffer) => setTimeout(() => to.write(chunk), delayMs));
  from.on("end", () => setTimeout(() => to.end(), delayMs));
  from.on("error", () => to.destroy());
}

function line(target: number): Promise<number> {
  const server = createServer((client) => {
    const upstream = connect(target, "127.0.0.1");
    for (const socket of [client, upstream]) socket.setNoDelay(true);
    delayed(client, upstream);
    delayed(upstream, client);
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)));
}

process.on("disconnect", () => process.exit());
process.send?.(await Promise.all(ports.map(line)));

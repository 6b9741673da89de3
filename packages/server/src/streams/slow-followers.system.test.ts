// Holds docs/runtime.md#streams
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import * as http from "node:http";
import * as http2 from "node:http2";
import * as net from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";

const PATH = "/streams.v1.StreamService/Follow";
const QUERY = `${PATH}?encoding=json&message={}`;
/** Number of clients of each kind. */
const CLIENTS = 60;

interface Answer {
  readonly count: number;
  readonly rss: number;
  readonly heap: number;
}

/** With room for what clients are owed, and for nothing that grows with what they do not read. */
async function pumping(): Promise<{ port: number; status: () => Promise<Answer>; child: ChildProcess }> {
  const file = fileURLToPath(new URL("../testing/pumping-server.ts", import.meta.url));
  const child = spawn(process.execPath, ["--max-old-space-size=100", file], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void child.kill());
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const port = Number((await lines.next()).value);
  const status = async (): Promise<Answer> => {
    child.stdin.write("\n");
    return JSON.parse((await lines.next()).value ?? "{}");
  };
  return { port, status, child };
}

/** Sends a request and reads nothing. */
function silent(port: number, request: string): void {
  const socket = net.connect(port, "127.0.0.1");
  socket.pause();
  socket.on("error", () => {});
  socket.write(request);
  onTestFinished(() => void socket.destroy());
}
function silentGrpc(port: number): void {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.on("error", () => {});
  const stream = session.request({ ":method": "POST", ":path": PATH, "content-type": "application/grpc" });
  stream.on("error", () => {});
  stream.pause();
  stream.end(Buffer.alloc(5));
  onTestFinished(() => session.destroy());
}
function silentSocket(port: number): void {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/bff.v1/follow`, "bff.v1.json");
  socket.on("error", () => {});
  socket.on("open", () => {
    for (let id = 0; id < 10; id++) socket.send(JSON.stringify({ id, follow: "streams.v1.StreamService/Follow" }));
    socket.pause();
  });
  onTestFinished(() => socket.terminate());
}

test("followers that never read cost only their queues, and others continue", async () => {
  const { port, status, child } = await pumping();
  for (let i = 0; i < CLIENTS; i++) {
    silent(port, `GET ${QUERY} HTTP/1.1\r\nhost: a\r\naccept: text/event-stream\r\n\r\n`);
    silentGrpc(port);
    silentSocket(port);
  }
  // Until the kernel takes no more of anybody: then nothing is given any more.
  let before = await status();
  for (let same = 0; same < 10; ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const now = await status();
    same = now.count === before.count ? same + 1 : 0;
    before = now;
  }
  // 60 × 16 KiB, twice, and 60 × 256 KiB with one item for each of ten: 20 MB, in a separate heap.
  expect(before.heap).toBeLessThan(150e6);
  const request = http.get({ port, path: QUERY, headers: { accept: "text/event-stream" }, agent: false });
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  let bytes = 0;
  for await (const chunk of response) {
    bytes += chunk.length;
    if (bytes > 50e6) break;
  }
  const after = await status();
  expect(after.heap).toBeLessThan(150e6);
  expect(after.rss).toBeLessThan(before.rss + 100e6);
  expect(child.exitCode).toBeNull();
}, 60_000);

// The upstreams of the proof, as a separate process: gRPC over node:http2, with random latencies.
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";

/** Behaviour of one rpc: a log-normal latency, of which a share is three times as long, and errors. */
export interface Truth {
  readonly p50: number;
  readonly p99: number;
  readonly slow: number;
  readonly errors: number;
}
export type Truths = Readonly<Record<string, Truth>>;

const Z99 = 2.3263478740408408;
/** By Box and Muller: the simulation inverts an approximation of the quantile function. */
const normal = (): number => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());

let truths: Truths = {};
const HEADERS = { ":status": 200, "content-type": "application/grpc+proto" };
/** `text: "text-1"`, as the samples of mocks. */
const ANSWER = Buffer.from([0, 0, 0, 0, 8, 0x0a, 6, ...Buffer.from("text-1")]);

function serve(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void {
  stream.on("error", () => {});
  stream.resume();
  const truth = truths[headers[":path"]?.slice(1) ?? ""];
  if (truth === undefined) throw new Error(`nothing is known of ${headers[":path"]}`);
  const slow = Math.random() < truth.slow ? 3 : 1;
  const ms = truth.p50 * Math.exp((Math.log(truth.p99 / truth.p50) / Z99) * normal()) * slow;
  const fails = Math.random() < truth.errors;
  const timer = setTimeout(() => {
    if (stream.destroyed || stream.closed) return;
    if (fails) stream.respond({ ...HEADERS, "grpc-status": "14" }, { endStream: true });
    else {
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.respond(HEADERS, { waitForTrailers: true });
      stream.end(ANSWER);
    }
  }, ms);
  stream.once("close", () => clearTimeout(timer));
}

const server = http2.createServer({
  settings: { maxConcurrentStreams: 10_000 },
  streamResetBurst: 1e6,
  streamResetRate: 1e6,
});
server.on("stream", serve);
process.on("message", (next: Truths) => {
  truths = next;
  process.send?.("ready");
});
process.on("disconnect", () => process.exit());
server.listen(0, "127.0.0.1", () => process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));

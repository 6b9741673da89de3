// The upstreams of every measurement: one process on raw node:http2, a port per service, replies encoded beforehand.
// Talks to the driver that forked it.
import * as http2 from "node:http2";
import { EventService } from "../generated/bench/up/v1/up_pb.ts";
import { cannedReplies } from "./upstream-data.ts";
import { WATCH, watch } from "./upstream-events.ts";

/** Behaviour of the calls of one method; without it they are answered at once. */
export interface Behaviour {
  /** Milliseconds before the answer. */
  readonly delayMs: number;
  /** Share of the calls that take `slowMs` instead of `delayMs`. */
  readonly slowShare?: number;
  readonly slowMs?: number;
  /** True if the calls fail at once, with UNAVAILABLE. */
  readonly fails?: boolean;
}

export type Order =
  | { readonly order: "usage" }
  /** Behaviour by path; replaces all earlier behaviour. */
  | { readonly order: "behave"; readonly paths: Readonly<Record<string, Behaviour>> };

export interface UpstreamUsage {
  /** Calls since the start, by path. */
  readonly calls: Readonly<Record<string, number>>;
}

/** Addresses for the services of a restarted process; default: free ports. */
const PLACES = JSON.parse(process.argv[2] ?? "{}") as Readonly<Record<string, string>>;
const HEADERS = { ":status": 200, "content-type": "application/grpc+proto" };
const OPTIONS = { waitForTrailers: true };
const TRAILERS = { "grpc-status": "0" };

interface Path {
  readonly frame: Buffer;
  calls: number;
  behaviour: Behaviour | undefined;
}

const paths = new Map<string, Path>();
const services = new Set<string>([EventService.typeName]);
for (const { method, frame } of cannedReplies()) {
  paths.set(`/${method.parent.typeName}/${method.name}`, { frame, calls: 0, behaviour: undefined });
  services.add(method.parent.typeName);
}

/** The same row of numbers in every process: which calls are slow is part of the scenario. */
let seed = 1;
function random(): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
}

function serve(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void {
  if (headers[":path"] === WATCH) {
    stream.on("error", ignore);
    watch(stream);
    return;
  }
  const path = paths.get(headers[":path"] ?? "");
  if (path === undefined) {
    stream.respond(
      { ":status": 200, "content-type": "application/grpc+proto", "grpc-status": "12" },
      { endStream: true },
    );
    return;
  }
  path.calls++;
  stream.resume();
  stream.on("error", ignore);
  const { behaviour } = path;
  if (behaviour === undefined) {
    answer(stream, path.frame);
    return;
  }
  if (behaviour.fails === true) {
    stream.respond({ ...HEADERS, "grpc-status": "14" }, { endStream: true });
    return;
  }
  const slow = random() < (behaviour.slowShare ?? 0);
  const timer = setTimeout(answer, slow ? behaviour.slowMs : behaviour.delayMs, stream, path.frame);
  stream.once("close", () => clearTimeout(timer));
}

function answer(stream: http2.ServerHttp2Stream, frame: Buffer): void {
  if (stream.destroyed || stream.closed) return;
  stream.on("wantTrailers", sendTrailers);
  stream.respond(HEADERS, OPTIONS);
  stream.end(frame);
}
function sendTrailers(this: http2.ServerHttp2Stream): void {
  this.sendTrailers(TRAILERS);
}
function ignore(): void {}

async function listen(service: string): Promise<[service: string, url: string]> {
  // Several answers of 8 MiB wait on one connection at a time. Cancelled hedges and timed-out calls are resets: they are no attack here.
  const server = http2.createServer({
    settings: { maxConcurrentStreams: 10_000, initialWindowSize: 1 << 20 },
    maxSessionMemory: 1_000,
    streamResetBurst: 1_000_000,
    streamResetRate: 1_000_000,
  });
  server.on("stream", serve);
  const port = Number(new URL(PLACES[service] ?? "http://127.0.0.1:0").port || 80);
  await new Promise<void>((resolve) => server.listen(PLACES[service] === undefined ? 0 : port, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return [service, `http://127.0.0.1:${address.port}`];
}

process.on("message", (message: Order) => {
  if (message.order === "behave") for (const [name, path] of paths) path.behaviour = message.paths[name];
  const calls = Object.fromEntries([...paths].map(([name, path]) => [name, path.calls]));
  process.send?.({ calls } satisfies UpstreamUsage);
});
process.on("disconnect", () => process.exit());
process.send?.(Object.fromEntries(await Promise.all([...services].map(listen))));

// Runs every upstream of the second BFF as a separate server with random faults: in calls, in connections, and in the
// whole server.
import { once } from "node:events";
import { constants, createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { type DescMethodUnary, type FileRegistry, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { below, pick, type Random } from "../../bffs/second/random-message.ts";
import { upstreamMethods } from "../../bffs/second/registry.ts";
import { answerTo, secondEnv } from "../../bffs/second/upstreams.ts";

export interface SoakUpstreams {
  /** For the BFF's server. */
  readonly env: Readonly<Record<string, string>>;
  readonly services: number;
  /** Since the start. */
  readonly calls: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Streams and connections that stand open now. */
  readonly streams: number;
  readonly sessions: number;
  /** With `false`, from now on every call is answered, and everything listens. */
  misbehave(does: boolean): void;
  close(): Promise<void>;
}

/** Parts of all calls. */
const CALL_FAULTS = {
  status: 0.05,
  hang: 0.01,
  slow: 0.02,
  garbage: 0.005,
  reset: 0.005,
  refused: 0.005,
  cut: 0.005,
  "no trailers": 0.005,
} as const;
/** How often something happens to a whole upstream, and to which. */
const EVENT_MS = 400;
const EVENTS = ["connections lost", "GOAWAY", "down", "dead", "silent"] as const;
const LASTS_MS = 600;
const SLOW_MS = 120;
const CODES = [Code.Unavailable, Code.Unavailable, Code.Internal, Code.NotFound, Code.ResourceExhausted, Code.Aborted];
const GRPC = { ":status": 200, "content-type": "application/grpc+proto" };
/** Answers that are remembered: making them up takes longer than all else. */
const MAX_ANSWERS = 20_000;

export async function startSoakUpstreams(registry: FileRegistry, random: Random): Promise<SoakUpstreams> {
  const methods = upstreamMethods(registry);
  const names = [...new Set([...methods.values()].map((method) => method.parent.typeName))];
  const faults: Record<string, number> = {};
  const totals = { calls: 0 };
  const answers = new Map<string, Uint8Array>();
  const answer = (method: DescMethodUnary, path: string, request: Uint8Array): Uint8Array => {
    const key = `${path} ${Buffer.from(request).toString("latin1")}`;
    let bytes = answers.get(key);
    if (bytes === undefined) {
      bytes = toBinary(method.output, answerTo(method, path.slice(1), request));
      if (answers.size < MAX_ANSWERS) answers.set(key, bytes);
    }
    return bytes;
  };
  let misbehaves = false;
  const note = (fault: string): void => {
    faults[fault] = (faults[fault] ?? 0) + 1;
  };
  const lotOf = (): string | undefined => {
    if (!misbehaves) return undefined;
    let lot = random();
    for (const [fault, part] of Object.entries(CALL_FAULTS)) {
      lot -= part;
      if (lot < 0) return fault;
    }
    return undefined;
  };

  const upstreams = await Promise.all(
    names.map((name) =>
      startUpstream(name, (path, request, stream, { dead, silent }) => {
        totals.calls++;
        const method = methods.get(path);
        if (method === undefined) {
          fail(stream, Code.Unimplemented);
          return;
        }
        const fault = dead ? "status" : silent ? "hang" : lotOf();
        if (fault !== undefined) note(fault);
        perform(fault, stream, random, () => answer(method, path, request));
      }),
    ),
  );
  const events = setInterval(() => {
    if (!misbehaves) return;
    const event = pick(random, EVENTS);
    note(event);
    pick(random, upstreams).suffer(event);
  }, EVENT_MS);

  return {
    env: {
      ...Object.fromEntries(upstreams.map(({ name, url }) => [`${name.toUpperCase().replaceAll(".", "_")}_URL`, url])),
      ...secondEnv,
    },
    services: names.length,
    get calls() {
      return totals.calls;
    },
    faults,
    get streams() {
      return upstreams.reduce((sum, upstream) => sum + upstream.streams.size, 0);
    },
    get sessions() {
      return upstreams.reduce((sum, upstream) => sum + upstream.sessions.size, 0);
    },
    misbehave(does) {
      misbehaves = does;
      if (!does) for (const upstream of upstreams) upstream.heal();
    },
    async close() {
      clearInterval(events);
      await Promise.all(upstreams.map((upstream) => upstream.close()));
    },
  };
}

type State = { dead: boolean; silent: boolean };
type Serve = (path: string, request: Uint8Array, stream: ServerHttp2Stream, state: State) => void;

async function startUpstream(name: string, serve: Serve) {
  const sessions = new Set<ServerHttp2Session>();
  const streams = new Set<ServerHttp2Stream>();
  const state: State = { dead: false, silent: false };
  let server: Http2Server | undefined;
  let port = 0;
  const listen = async (): Promise<void> => {
    if (server !== undefined) return;
    // Callers that give up reset their streams, under load a thousand in a burst: no reason to close the connection.
    const listening = createServer({ streamResetBurst: 1_000_000, streamResetRate: 1_000_000 });
    server = listening;
    listening.on("session", (session) => {
      sessions.add(session);
      session.on("error", () => {});
      session.on("close", () => sessions.delete(session));
    });
    listening.on("stream", (stream: ServerHttp2Stream, headers) => {
      streams.add(stream);
      stream.on("error", () => {});
      stream.on("close", () => streams.delete(stream));
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        if (!stream.destroyed) serve(String(headers[":path"]), Buffer.concat(chunks).subarray(5), stream, state);
      });
    });
    listening.listen(port, "127.0.0.1");
    await once(listening, "listening");
    port = (listening.address() as AddressInfo).port;
  };
  const stop = async (): Promise<void> => {
    const stopping = server;
    if (stopping === undefined) return;
    server = undefined;
    const closed = once(stopping, "close");
    stopping.close();
    for (const session of sessions) session.destroy();
    await closed;
  };
  let timer: NodeJS.Timeout | undefined;
  const heal = (): void => {
    clearTimeout(timer);
    timer = undefined;
    state.dead = state.silent = false;
    listen().catch(() => {});
  };
  await listen();
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    sessions,
    streams,
    heal,
    suffer(event: (typeof EVENTS)[number]) {
      if (timer !== undefined) return;
      if (event === "connections lost" || event === "GOAWAY") {
        for (const session of sessions) event === "GOAWAY" ? session.close() : session.destroy();
        return;
      }
      if (event === "down") stop().catch(() => {});
      else state[event] = true;
      timer = setTimeout(heal, LASTS_MS);
    },
    async close() {
      clearTimeout(timer);
      await stop();
    },
  };
}

function perform(fault: string | undefined, stream: ServerHttp2Stream, random: Random, answer: () => Uint8Array): void {
  switch (fault) {
    case undefined:
      good(stream, answer());
      break;
    case "status":
      fail(stream, pick(random, CODES));
      break;
    case "hang":
      break;
    case "slow": {
      const timer = setTimeout(() => good(stream, answer()), below(random, SLOW_MS));
      stream.on("close", () => clearTimeout(timer));
      break;
    }
    case "garbage":
      good(stream, Uint8Array.of(0x0f, 0xff, 0xff));
      break;
    case "reset":
      stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      break;
    case "refused":
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
      break;
    case "cut":
      stream.respond(GRPC);
      stream.write(framed(answer()).subarray(0, 4), () => stream.close(constants.NGHTTP2_CANCEL));
      break;
    case "no trailers":
      stream.respond(GRPC);
      stream.end(framed(answer()));
  }
}

function good(stream: ServerHttp2Stream, message: Uint8Array): void {
  if (stream.destroyed) return;
  stream.respond(GRPC, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(framed(message));
}

function fail(stream: ServerHttp2Stream, code: Code): void {
  if (!stream.destroyed)
    stream.respond({ ...GRPC, "grpc-status": `${code}`, "grpc-message": "bad luck" }, { endStream: true });
}

function framed(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}

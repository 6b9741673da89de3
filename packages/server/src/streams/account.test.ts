// Every path of a running server is in an account: whatever a client holds open counts, and ends at a bound, while a normal client is served.
// Holds docs/runtime.md#streams
import { once } from "node:events";
import * as http2 from "node:http2";
import * as net from "node:net";
import { streamRouteOf } from "@protobff/runtime/internal/stream/connect-stream";
import { testStream } from "@protobff/runtime/internal/testing/test-streams";
import { frame } from "@protobff/runtime/internal/wire/frame";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { type Listening, listen } from "../listen.ts";
import { field, frame as http2Frame, MAGIC } from "../testing/frames-by-hand.ts";
import { kindEndpoint, PATH as UNARY } from "../testing/test-kinds.ts";
import { REFLECTION_BOUNDS, WATCH_BOUNDS } from "./stream-account.ts";

const MAX_STREAMS = 40;
const FOLLOWERS = { process: 30, caller: 20, connection: Number.POSITIVE_INFINITY };
const FOLLOW = "/streams.v1.StreamService/Follow";
const SOCKET = "/bff.v1/follow";
const WATCH = "/grpc.health.v1.Health/Watch";
const REFLECT = ["v1", "v1alpha"].map((version) => `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`);
/** Paths whose requests may stay open for as long as a client likes, and their bounds. */
const STREAMS: Readonly<Record<string, typeof WATCH_BOUNDS>> = {
  [FOLLOW]: FOLLOWERS,
  [WATCH]: WATCH_BOUNDS,
  ...Object.fromEntries(REFLECT.map((path) => [path, REFLECTION_BOUNDS])),
};
/** Paths whose requests end with their answer. */
const REQUESTS = [
  ...["/healthz", "/readyz", UNARY, "/kinds/*", "/login"],
  ...["/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/List"],
];

let server: Listening;
beforeEach(async () => {
  const stream = testStream();
  const followed = { ...stream, route: streamRouteOf(stream.method, stream.follow) };
  const rest = [{ method: "POST", segments: ["kinds", "*"], body: "*" }];
  server = await listen([{ ...kindEndpoint(false), rest }, followed], {
    reflection: true,
    maxStreams: MAX_STREAMS,
    maxFollowers: FOLLOWERS.process,
    maxFollowersPerCaller: FOLLOWERS.caller,
    identity: { opened: Promise.resolve(), routes: new Map([["/login", async ({ body }) => login(await body(9))]]) },
    fault: () => {},
  });
});
const login = (body: Uint8Array) => ({ status: 200, body });
afterEach(() => server.close(0));

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
};
/** @param address of the client: another one is another caller */
function connect(address: string): http2.ClientHttp2Session {
  const createConnection = () => net.connect({ port: server.port, host: "127.0.0.1", localAddress: address });
  const session = http2.connect(server.url, { createConnection }).on("error", () => {});
  onTestFinished(() => session.destroy());
  return session;
}
async function expectServed(): Promise<void> {
  const post = { method: "POST", headers: { "content-type": "application/json" }, body: '{"fileName":"x"}' };
  expect((await fetch(server.url + UNARY, { ...post, signal: AbortSignal.timeout(10_000) })).status).toBe(200);
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
}

/** A protocol by which a client may request a stream. */
interface Way {
  readonly name: string;
  readonly headers: (path: string) => http2.OutgoingHttpHeaders;
  readonly body: Uint8Array | undefined;
}
const post = (name: string, type: string, json = false): Way => ({
  name,
  headers: (path) => ({ ":method": "POST", ":path": path, "content-type": type }),
  body: frame(Buffer.from(json ? "{}" : "")),
});
const WAYS: readonly Way[] = [
  post("gRPC", "application/grpc"),
  post("gRPC in JSON, by Connect's adapter", "application/grpc+json", true),
  post("gRPC-Web", "application/grpc-web+proto"),
  post("Connect", "application/connect+json", true),
];
const EVENTS: Way = {
  name: "server-sent events",
  headers: (path) => ({ ":path": `${path}?encoding=json&message=%7B%7D`, accept: "text/event-stream" }),
  body: undefined,
};

const REFUSED = /^(8|2008|200retry: \d+\n\n)$|grpc-status: 8|resource_exhausted/;
/** Opens `count` streams. @returns `open` once all have their places, or the refusal of one */
async function opens(session: http2.ClientHttp2Session, path: string, way: Way, count = 1): Promise<string> {
  const before = counted(path);
  const ends = Array.from({ length: count }, () => endOf(session, path, way));
  const entered = until(() => counted(path) >= before + count).then(() => "open");
  return Promise.race([entered, ...ends]);
}
function endOf(session: http2.ClientHttp2Session, path: string, way: Way): Promise<string> {
  const stream = session.request(way.headers(path)).on("error", () => {});
  if (REFLECT.includes(path)) stream.write(way.body);
  else stream.end(way.body);
  let text = "";
  return new Promise<string>((resolve) => {
    const ended = () => resolve(REFUSED.test(text) ? "refused" : `ended: ${text}`);
    stream.on("data", (chunk: Buffer) => {
      text += chunk;
    });
    stream.on("response", (headers) => {
      text += headers[":status"] + String(headers["grpc-status"] ?? "");
    });
    stream.on("trailers", (trailers) => {
      text += trailers["grpc-status"];
    });
    stream.on("end", ended).on("close", ended);
  });
}
const counted = (path: string): number => server.openStreams(path);

test("each path of a running server is in an account", () => {
  expect(server.paths.toSorted()).toEqual([...REQUESTS, ...Object.keys(STREAMS), SOCKET].sort());
});

describe.each(Object.entries(STREAMS))("%s", (path, bounds) => {
  const ways = path === FOLLOW ? [...WAYS, EVENTS] : REFLECT.includes(path) ? WAYS.slice(0, 2) : WAYS;
  test.each(ways)("$name: the streams of a caller are limited, and another caller is served", async (way) => {
    const perConnection = Math.min(bounds.connection, MAX_STREAMS);
    let open = 0;
    while (open < bounds.caller) {
      const session = connect("127.0.0.1");
      const count = Math.min(perConnection, bounds.caller - open);
      open += count;
      expect([open, await opens(session, path, way, count)]).toEqual([open, "open"]);
      if (Number.isFinite(bounds.connection) && open < bounds.caller)
        expect(await opens(session, path, way)).toBe("refused");
    }
    expect(counted(path)).toBe(bounds.caller);
    expect(server.open).toBeGreaterThanOrEqual(bounds.caller);
    expect(await opens(connect("127.0.0.1"), path, way)).toBe("refused");
    expect(await opens(connect("127.0.0.2"), path, way)).toBe("open");
    await expectServed();
  });
});

test.each(REQUESTS)("%s: the open requests of a connection are limited", async (path) => {
  const socket = net.connect(server.port, "127.0.0.1").on("error", () => {});
  onTestFinished(() => void socket.destroy());
  let [refused, seen] = [0, Buffer.alloc(0)];
  socket.on("data", (chunk: Buffer) => {
    seen = Buffer.concat([seen, chunk]);
    for (let end = 0; seen.length >= 9; seen = seen.subarray(end)) {
      end = 9 + seen.readUIntBE(0, 3);
      if (seen.length < end) return;
      if (seen[3] === 3 && seen.readUInt32BE(9) === 7) refused++; // RST_STREAM, REFUSED_STREAM
    }
  });
  await once(socket, "connect");
  const type = path === "/healthz" || path === "/readyz" ? "text/plain" : "application/json";
  const head = [field(":path", path.replace("*", "x")), field(":authority", "a"), field("content-type", type)];
  const block = Buffer.concat([Buffer.from([0x83, 0x86]), ...head]);
  const heads = Array.from({ length: MAX_STREAMS + 5 }, (_, i) => http2Frame(1, 4, 1 + 2 * i, block)); // no body follows
  socket.write(Buffer.concat([MAGIC, http2Frame(4, 0, 0), ...heads]));
  await until(() => refused >= 5);
  expect([refused, server.open]).toEqual([5, MAX_STREAMS]);
  await expectServed();
  socket.destroy();
  await until(() => server.open === 0);
});

test(`${SOCKET}: follows are counted like other streams`, async () => {
  const sockets: WebSocket[] = [];
  const socketOf = async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}${SOCKET}`, "bff.v1.json");
    onTestFinished(() => socket.terminate());
    sockets.push(socket);
    await once(socket, "open");
    return socket;
  };
  const errors: string[] = [];
  const [webSocket, two] = [await socketOf(), await socketOf()];
  for (const socket of [webSocket, two])
    socket.on("message", (data) => {
      if (String(data).includes("error")) errors.push(String(data));
    });
  for (let id = 1; id <= FOLLOWERS.caller + 5; id++) {
    const socket = id % 2 === 0 ? webSocket : two;
    socket.send(JSON.stringify({ id, follow: FOLLOW.slice(1), request: {} }));
  }
  await until(() => errors.length >= 5);
  expect([counted(FOLLOW), errors.length, server.open]).toEqual([FOLLOWERS.caller, 5, 2]);
  for (const error of errors) expect(error).toContain("too many streams open");
  await expectServed();
  for (const socket of sockets) socket.terminate();
  await until(() => counted(FOLLOW) === 0 && server.open === 0);
});

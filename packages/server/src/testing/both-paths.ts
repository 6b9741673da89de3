// For tests only: requests by every protocol, to two servers, one with the fast path and one without.
import { once } from "node:events";
import * as http from "node:http";
import * as http2 from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { SourceContextSchema } from "@bufbuild/protobuf/wkt";
import { type Listening, type ListenOptions, listen } from "../listen.ts";
import { kindEndpoint, PATH } from "./test-kinds.ts";

export const MAX_BYTES = 10_000;

export interface RawRequest {
  readonly version: 1 | 2;
  readonly method?: string;
  readonly path?: string;
  readonly headers: http.OutgoingHttpHeaders;
  /** In chunks; each is on its way before the next. */
  readonly body?: readonly (Buffer | string)[];
}
interface Answered {
  readonly status: number | undefined;
  readonly headers: Record<string, unknown>;
  readonly body: string;
  readonly trailers: Record<string, unknown>;
  /** HTTP/2's, if the stream was reset. */
  readonly reset?: number;
}
const UNEQUAL = new Set(["date"]);
const plain = (headers: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      if (UNEQUAL.has(name)) return [];
      return [[name, name === "x-request-id" && OURS.test(value) ? "one of ours" : value]];
    }),
  );
const OURS = /^[0-9a-f]{16}$/;

async function sendH1(
  server: Listening,
  { method = "POST", path = PATH, headers, body = [] }: RawRequest,
): Promise<Answered> {
  const request = http.request({ host: "127.0.0.1", port: server.port, method, path, headers, agent: false });
  const response = once(request, "response") as Promise<[http.IncomingMessage]>;
  response.catch(() => {});
  for (const chunk of body) await new Promise((resolve) => request.write(chunk, resolve));
  request.end();
  const [incoming] = await response;
  const chunks: Buffer[] = await incoming.toArray();
  const trailers = plain(incoming.trailers);
  return {
    status: incoming.statusCode,
    headers: plain(incoming.headers),
    body: Buffer.concat(chunks).toString("latin1"),
    trailers,
  };
}

async function sendH2(
  server: Listening,
  { method = "POST", path = PATH, headers, body = [] }: RawRequest,
): Promise<Answered> {
  const session = http2.connect(server.url);
  try {
    // The server's settings hold when it knows that they are known.
    await once(session, "remoteSettings");
    await new Promise((resolve) => session.ping(resolve));
    const stream = session.request({ ":method": method, ":path": path, ...headers }, { endStream: body.length === 0 });
    let responseHeaders: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader = {};
    let trailers: object = {};
    const chunks: Buffer[] = [];
    stream.on("response", (headers) => {
      responseHeaders = headers;
    });
    stream.on("trailers", (headers) => {
      trailers = headers;
    });
    stream.on("data", (chunk) => chunks.push(chunk)).on("error", () => {});
    const closed = new Promise((resolve) => stream.once("close", resolve));
    for (const chunk of body) await new Promise((resolve) => stream.write(chunk, resolve));
    if (body.length > 0) stream.end();
    await closed;
    const { ":status": status, ...rest } = responseHeaders;
    const reset = stream.rstCode === 0 ? {} : { reset: stream.rstCode };
    const answer = { status, headers: plain(rest), body: Buffer.concat(chunks).toString("latin1") };
    return { ...trailersOnly({ ...answer, trailers: plain(trailers) }), ...reset };
  } finally {
    session.destroy();
  }
}
/** Returns a failure of gRPC with its trailers among its headers: gRPC allows both forms (Trailers-Only). */
function trailersOnly(answer: Answered): Answered {
  if (answer.body !== "" || !("grpc-status" in answer.trailers)) return answer;
  const { "grpc-encoding": _, ...headers } = answer.headers;
  return { ...answer, headers: { ...headers, ...answer.trailers }, trailers: {} };
}
export const send = (server: Listening, request: RawRequest): Promise<Answered> =>
  request.version === 1 ? sendH1(server, request) : sendH2(server, request);

export async function pair(options: ListenOptions = {}): Promise<{ fast: Listening; slow: Listening }> {
  const all = { maxRequestBytes: MAX_BYTES, ...options };
  const [fast, slow] = await Promise.all([listen([kindEndpoint(false)], all), listen([kindEndpoint(true)], all)]);
  return { fast, slow };
}

export const bytes = (fileName: string): Buffer =>
  Buffer.from(toBinary(SourceContextSchema, create(SourceContextSchema, { fileName })));
export function framed(message: Buffer, flags = 0, length = message.length): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flags;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}
export const grpc = (body: readonly (Buffer | string)[], headers: http.OutgoingHttpHeaders = {}): RawRequest => ({
  version: 2,
  headers: { "content-type": "application/grpc", te: "trailers", ...headers },
  body,
});
export const json = (
  version: 1 | 2,
  body: readonly (Buffer | string)[],
  headers: http.OutgoingHttpHeaders = {},
): RawRequest => ({
  version,
  headers: { "content-type": "application/json", ...headers },
  body,
});
export const proto = (version: 1 | 2, body: readonly Buffer[], headers: http.OutgoingHttpHeaders = {}): RawRequest => ({
  version,
  headers: { "content-type": "application/proto", ...headers },
  body,
});
export const bodyOf = (kind: string): string => JSON.stringify({ fileName: kind });
/** The same by all three protocols. */
export function each(kind: string, headers: http.OutgoingHttpHeaders = {}): [string, RawRequest][] {
  return [
    ["gRPC", grpc([framed(bytes(kind))], headers)],
    ...([1, 2] as const).flatMap((version): [string, RawRequest][] => [
      [`JSON on HTTP/${version}`, json(version, [bodyOf(kind)], headers)],
      [`Connect's binary on HTTP/${version}`, proto(version, [bytes(kind)], headers)],
    ]),
  ];
}

// What a client sends to have it back in an error's text: no answer is larger for it, and the connection, which others may share, stays.
import { once } from "node:events";
import * as http2 from "node:http2";
import { expect, test } from "vitest";
import { attacked, described, expectUnharmed } from "./rig/rig.ts";

const GRPC = "application/grpc";
const TREES = "/atk.v1.AtkService/Trees";
/** 200 characters of UTF-8, percent-encoded, and what stands around them. */
const MAX_BYTES = 3000;

function framed(text: string | Uint8Array, flag = 0): Buffer {
  const message = Buffer.from(text);
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
const KEY = Buffer.from([0x0a, 1, 0x6b]);
const odd = `{"tree":{"dbl":"${"x".repeat(3_000_000)}"}}`;
const any = `{"any":{"@type":"${"é".repeat(300_000)}"}}`;
const header = (name: string, count: number, of = "%") => ({ [name]: of.repeat(count) });

interface Kind {
  readonly name: string;
  readonly path?: string;
  readonly type: string;
  readonly body: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}
const web = "application/grpc-web+json";
const kinds: readonly Kind[] = [
  { name: "grpc-encoding", type: GRPC, body: framed(KEY, 1), headers: header("grpc-encoding", 30_000) },
  { name: "grpc-timeout", type: GRPC, body: framed(KEY), headers: header("grpc-timeout", 30_000) },
  {
    name: "connect-timeout-ms",
    type: "application/json",
    body: Buffer.from("{}"),
    headers: header("connect-timeout-ms", 30_000, '"'),
  },
  {
    name: "content-encoding",
    type: "application/json",
    body: Buffer.from("{}"),
    headers: header("content-encoding", 30_000),
  },
  { name: "a number that is none, over gRPC", path: TREES, type: `${GRPC}+json`, body: framed(odd) },
  { name: "a number that is none, over gRPC-Web", path: TREES, type: web, body: framed(odd) },
  { name: "a number that is none, over Connect", path: TREES, type: "application/json", body: Buffer.from(odd) },
  { name: "the type of an Any over gRPC", path: TREES, type: `${GRPC}+json`, body: framed(any) },
  {
    name: "the type of an Any over Connect, compressed",
    path: TREES,
    type: "application/json",
    body: Buffer.from(any),
    headers: { "accept-encoding": "gzip" },
  },
];

interface Answered {
  readonly status: number;
  readonly bytes: number;
  readonly reset: number;
}
async function send(
  session: http2.ClientHttp2Session,
  { path, type, body, headers }: Omit<Kind, "name">,
): Promise<Answered> {
  const stream = session.request({
    ":method": "POST",
    ":path": path ?? "/atk.v1.AtkService/Fast",
    "content-type": type,
    ...headers,
  });
  let [status, bytes] = [0, 0];
  stream.on("response", (answer) => {
    status = answer[":status"] ?? 0;
  });
  stream.on("trailers", (trailers) => {
    bytes += String(trailers["grpc-message"] ?? "").length;
  });
  stream.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  stream.on("error", () => {});
  stream.end(body);
  await once(stream, "close");
  return { status, bytes, reset: stream.rstCode ?? 0 };
}

test("texts that quote the client do no harm to other requests of the connection", async () => {
  const outcome = await attacked(
    async ({ url }) => {
      const outcomes: Record<string, { attack: Answered; neighbour: Answered; goaway: number | undefined }> = {};
      for (const kind of kinds) {
        const session = http2.connect(url).on("error", () => {});
        let goaway: number | undefined;
        session.on("goaway", (code) => {
          goaway = code;
        });
        const neighbour = send(session, { type: GRPC, body: framed(KEY) });
        const attack = await send(session, kind);
        outcomes[kind.name] = { attack, neighbour: await neighbour, goaway };
        session.destroy();
      }
      return outcomes;
    },
    { latencyMs: 200 },
  );
  console.log(described("texts that quote the client", { ...outcome, result: Object.keys(outcome.result).length }));
  for (const [name, { attack, neighbour, goaway }] of Object.entries(outcome.result)) {
    expect([name, attack.status > 0, attack.bytes < MAX_BYTES, attack.reset]).toEqual([name, true, true, 0]);
    expect([name, neighbour.status, neighbour.reset, goaway]).toEqual([name, 200, 0, undefined]);
  }
  expectUnharmed(outcome);
}, 90_000);

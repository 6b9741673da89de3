// One request of at most 1 MB, made of as much as fits into it: refused for what it holds on every protocol, plain and compressed, and what
// is answered holds nobody up.
import * as http2 from "node:http2";
import * as zlib from "node:zlib";
import { describe, expect, test } from "vitest";
import { AGAIN_MS } from "./rig/beside-quiet.ts";
import { attacked, described, expectUnharmed, type Target } from "./rig/rig.ts";

const ANSWER_MS = 20_000;

// ---- bodies ----

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}
const field = (no: number, of: Buffer): Buffer => Buffer.concat([varint(no * 8 + 2), varint(of.length), of]);
const again = (count: number, ...bytes: number[]): Buffer => Buffer.alloc(count * bytes.length, Buffer.from(bytes));
/** A message that holds itself so many times. */
function nested(no: number, depth: number): Buffer {
  const heads: Buffer[] = [];
  let length = 0;
  for (let i = 0; i < depth; i++) {
    const head = Buffer.concat([varint(no * 8 + 2), varint(length)]);
    heads.push(head);
    length += head.length;
  }
  return Buffer.concat(heads.reverse());
}
const list = (count: number, item: string): string => `[${`${item},`.repeat(count)}${item}]`;
const members = (count: number, value: string): string =>
  `{${Array.from({ length: count }, (_, i) => `"k${i}":${value}`).join()}}`;

interface Body {
  readonly rpc: "Fast" | "Who" | "Trees" | "Guarded";
  readonly bytes: Buffer;
  readonly isJson: boolean;
}
const proto = (rpc: Body["rpc"], bytes: Buffer): Body => ({ rpc, bytes, isJson: false });
const json = (rpc: Body["rpc"], text: string): Body => ({ rpc, bytes: Buffer.from(text), isJson: true });

/** Too much, whatever it is. */
const REFUSED: Readonly<Record<string, Body>> = {
  "500,000 ids": proto("Who", again(500_000, 0x12, 0)),
  "500,000 ids for a guard": proto("Guarded", again(500_000, 0x12, 0)),
  "11,000 ids": proto("Who", again(11_000, 0x12, 1, 0x61)),
  "500,000 empty messages": proto("Trees", field(1, again(500_000, 0x12, 0))),
  "500,000 messages, two in each": proto("Trees", field(1, again(166_000, 0x12, 4, 0x12, 0, 0x12, 0))),
  "500,000 entries of a map": proto("Trees", field(1, again(500_000, 0x1a, 0))),
  "500,000 unknown fields": proto("Fast", again(500_000, 0x78, 1)),
  "500,000 unknown fields, deeper": proto("Trees", field(1, again(500_000, 0x78, 1))),
  "500,000 unknown groups": proto("Fast", again(500_000, 0x7b, 0x7c)),
  "a string 500,000 times": proto("Fast", again(500_000, 0x0a, 0)),
  "a message 500,000 times": proto("Trees", again(500_000, 0x0a, 0)),
  "a Value of 500,000": proto("Trees", field(2, field(6, again(500_000, 0x0a, 0)))),
  "JSON: 330,000 unknown lists": json("Fast", `{"x":${list(330_000, "[]")}}`),
  "JSON: 330,000 messages": json("Trees", `{"tree":{"kids":${list(330_000, "{}")}}}`),
  "JSON: a Value of 500,000": json("Trees", `{"value":${list(500_000, "1")}}`),
  "JSON: a Struct of 90,000": json("Trees", `{"struct":${members(90_000, "1")}}`),
  "JSON: a map of 80,000": json("Trees", `{"tree":{"named":${members(80_000, "{}")}}}`),
  "JSON: 500,000 levels": json("Trees", `{"value":${"[".repeat(500_000)}${"]".repeat(500_000)}}`),
  "JSON: 1M digits in a string": json("Trees", `{"tree":{"big":"${"9".repeat(1_000_000)}"}}`),
  "JSON: 250,000 ids": json("Who", `{"ids":${list(250_000, '"a"')}}`),
};

/** Deep, long or odd, and answered one way or the other. */
const ANSWERED: Readonly<Record<string, Body>> = {
  // An unknown field as a whole: no reader makes anything of its content.
  "one group of 500,000": proto(
    "Fast",
    Buffer.concat([Buffer.from([0x7b]), again(500_000, 0x70, 0), Buffer.from([0x7c])]),
  ),
  "9,500 messages with fields": proto(
    "Trees",
    field(
      1,
      Buffer.concat(
        Array<Buffer>(9_500).fill(field(2, Buffer.concat([field(1, Buffer.from("text")), Buffer.from([0x30, 1])]))),
      ),
    ),
  ),
  "messages in messages, 10,000": proto("Trees", field(1, nested(2, 10_000))),
  "messages in messages, 250,000": proto("Trees", field(1, nested(2, 250_000))),
  "1M groups that never end": proto("Trees", again(1_000_000, 0x4b)),
  "groups in groups, 100,000": proto("Fast", Buffer.concat([again(100_000, 0x4b), again(100_000, 0x4c)])),
  "a string of 1 MB": proto("Fast", field(1, again(1_000_000, 0x61))),
  "10,000 ids": proto("Who", again(10_000, 0x12, 1, 0x61)),
  "JSON: 9,900 levels": json("Trees", `{"value":${"[".repeat(9_900)}${"]".repeat(9_900)}}`),
  "JSON: unknown, 9,900 levels": json("Fast", `{"x":${'{"x":'.repeat(9_900)}1${"}".repeat(9_900)}}`),
  "JSON: messages in messages": json("Trees", `{"tree":${'{"kids":['.repeat(4_900)}${"]}".repeat(4_900)}}`),
  "JSON: 1M digits": json("Fast", `{"size":${"9".repeat(1_000_000)}}`),
  "JSON: 1M spaces": json("Fast", `{"key":"k"${" ".repeat(1_000_000)}}`),
  "JSON: 500,000 escapes": json("Fast", `{"key":"${"\\n".repeat(500_000)}"}`),
  "JSON: 500,000 quotes": json("Fast", `{"key":"${'\\"'.repeat(500_000)}"}`),
  "JSON: a name twice, far apart": json("Fast", `{"key":"","x":"${"*".repeat(1_000_000)}","key":""}`),
  "JSON: half a surrogate pair": json("Fast", '{"key":"\\ud800"}'),
  "JSON: bytes that are none": json("Trees", `{"tree":{"raw":"${"*".repeat(1_000_000)}"}}`),
  "JSON: Any in Any": json(
    "Trees",
    `{"any":${'{"@type":"type.googleapis.com/google.protobuf.Any","value":'.repeat(4_900)}{}${"}".repeat(4_900)}}`,
  ),
};

// ---- protocols ----

const INVALID_ARGUMENT = "invalid_argument";
/** What came: the name of the code. */
type Send = (target: Target, body: Body) => Promise<string>;

const framed = (message: Buffer, flags = 0): Buffer => {
  const prefix = Buffer.alloc(5);
  prefix[0] = flags;
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
};
const NAMES: Readonly<Record<string, string>> = { "0": "ok", "3": INVALID_ARGUMENT };
const named = (status: string | null | undefined): string => NAMES[status ?? ""] ?? `status ${status}`;

async function connectAnswer(response: Response): Promise<string> {
  const text = await response.text();
  if (response.status === 200) return "ok";
  if (response.status === 431) return INVALID_ARGUMENT; // node's, without a word: it does not fit into a URL
  return (JSON.parse(text) as { readonly code?: string }).code ?? `HTTP ${response.status}`;
}
function post({ url }: Target, { rpc, bytes, isJson }: Body, headers: Record<string, string>): Promise<Response> {
  return fetch(`${url}/atk.v1.AtkService/${rpc}`, {
    method: "POST",
    headers: { "content-type": isJson ? "application/json" : "application/proto", ...headers },
    body: new Uint8Array(bytes),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
}
const connect: Send = async (target, body) => connectAnswer(await post(target, body, {}));
const connectGzip: Send = async (target, body) =>
  connectAnswer(await post(target, { ...body, bytes: zlib.gzipSync(body.bytes) }, { "content-encoding": "gzip" }));
/** With the quality that is the default, all of these take 20 s more. */
const QUICK: zlib.BrotliOptions = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 5 } };
const connectGet: Send = async ({ url }, { rpc, bytes, isJson }) => {
  const query = new URLSearchParams({
    connect: "v1",
    encoding: isJson ? "json" : "proto",
    base64: "1",
    compression: "br",
    message: zlib.brotliCompressSync(bytes, QUICK).toString("base64url"),
  });
  return connectAnswer(
    await fetch(`${url}/atk.v1.AtkService/${rpc}?${query}`, { signal: AbortSignal.timeout(ANSWER_MS) }),
  );
};
const grpcWeb: Send = async (target, body) => {
  const type = `application/grpc-web+${body.isJson ? "json" : "proto"}`;
  const response = await post(target, { ...body, bytes: framed(body.bytes) }, { "content-type": type });
  const text = await response.text();
  return named(response.headers.get("grpc-status") ?? /grpc-status: ?(\d+)/i.exec(text)?.[1]);
};
function grpc(compressed: boolean): Send {
  return async ({ url }, { rpc, bytes, isJson }) => {
    const session = http2.connect(url).on("error", () => {});
    const stream = session.request({
      ":method": "POST",
      ":path": `/atk.v1.AtkService/${rpc}`,
      "content-type": isJson ? "application/grpc+json" : "application/grpc",
      te: "trailers",
      ...(compressed && { "grpc-encoding": "gzip" }),
    });
    const { promise, resolve } = Promise.withResolvers<string>();
    const onStatus = (headers: http2.IncomingHttpHeaders) => {
      if (headers["grpc-status"] !== undefined) resolve(named(String(headers["grpc-status"])));
    };
    stream
      .on("response", onStatus)
      .on("trailers", onStatus)
      .on("error", () => {});
    stream.on("close", () => resolve(`reset ${stream.rstCode}`)).resume();
    stream.end(compressed ? framed(zlib.gzipSync(bytes), 1) : framed(bytes));
    const timer = setTimeout(() => resolve("no answer"), ANSWER_MS);
    const code = await promise;
    clearTimeout(timer);
    session.destroy();
    return code;
  };
}
/** The first two take the server's fast path, the others Connect's adapter. */
const PROTOCOLS: Readonly<Record<string, Send>> = {
  Connect: connect,
  gRPC: grpc(false),
  "Connect, gzip": connectGzip,
  "gRPC, gzip": grpc(true),
  "gRPC-Web": grpcWeb,
  "Connect GET, br": connectGet,
};

describe.each(Object.entries(PROTOCOLS))("%s", (protocol, send) => {
  const each =
    (bodies: Readonly<Record<string, Body>>) =>
    async (target: Target): Promise<Record<string, string>> => {
      const codes: Record<string, string> = {};
      const until = performance.now() + AGAIN_MS;
      do {
        for (const [name, body] of Object.entries(bodies)) codes[name] = await send(target, body);
      } while (performance.now() < until);
      return codes;
    };

  test("refuses requests with too many elements", { timeout: 180_000 }, async () => {
    const outcome = await attacked(each(REFUSED));
    console.log(described(protocol, outcome));
    expect(outcome.result).toEqual(Object.fromEntries(Object.keys(REFUSED).map((name) => [name, INVALID_ARGUMENT])));
    expectUnharmed(outcome);
  });

  test("answers requests that are deep, long or odd", { timeout: 180_000 }, async () => {
    const outcome = await attacked(each(ANSWERED));
    console.log(described(protocol, outcome));
    expect(Object.values(outcome.result).filter((code) => /reset|no answer|HTTP/.test(code))).toEqual([]);
    expectUnharmed(outcome);
  });
});

test("the deployment sets the limit of elements", { timeout: 180_000 }, async () => {
  const outcome = await attacked(
    async (target) => [
      await connect(target, json("Who", `{"ids":${list(98, '"a"')}}`)),
      await connect(target, json("Who", `{"ids":${list(99, '"a"')}}`)),
      await grpcWeb(target, proto("Who", again(101, 0x12, 0))),
    ],
    { env: { BFF_MAX_ELEMENTS: "100" } },
  );
  expect(outcome.result).toEqual(["ok", INVALID_ARGUMENT, INVALID_ARGUMENT]);
});

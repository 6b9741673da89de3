// Inputs of the server: bytes of HTTP/1.1 and HTTP/2, whole or damaged.
import { create, toBinary } from "@bufbuild/protobuf";
import { SourceContextSchema } from "@bufbuild/protobuf/wkt";
import { PATH } from "../../../packages/server/src/testing/test-kinds.ts";
import { pick, randomFrom } from "./random.ts";

export interface ServerCase {
  readonly kind: string;
  /** Each is on its way before the next. */
  readonly chunks: readonly Buffer[];
  /** HTTP itself is whole: there has to be a status, a reset stream or GOAWAY before the client ends the connection. */
  readonly answered: boolean;
  /** How the client leaves after its wait. */
  readonly leaves: "ends" | "resets";
}

type Random = () => number;
type Headers = [name: string, value: string][];
const KINDS: Readonly<Record<string, (random: Random) => Omit<ServerCase, "kind">>> = {
  "HTTP/2 frames": (random) => left(random, pieces(mutated(wholeH2(random), random), random)),
  "HTTP/1.1 bytes": (random) => left(random, pieces(mutated(wholeH1(random), random), random)),
  "gRPC framing": (random) => whole(random, h2(grpcHeaders, [grpcBody(random)])),
  "JSON bodies": (random) => whole(random, either(random, "application/json", mutated(json(random), random))),
  "protobuf bodies": (random) => whole(random, either(random, "application/proto", mutated(message(random), random))),
  headers: (random) => {
    const extra = oddHeaders(random);
    const length = extra.some(([name]) => name === "content-length");
    const bytes = random() < 0.5 ? h1(extra, json(random)) : h2([...extra], [json(random)]);
    return { ...whole(random, bytes), answered: !length };
  },
};

export function makeServerCase(seed: number, index: number): ServerCase {
  const random = randomFrom(Math.imul(seed, 0x9e3779b1) ^ index);
  const names = Object.keys(KINDS);
  const kind = names[index % names.length] ?? "";
  const made = KINDS[kind]?.(random);
  if (made === undefined) throw new Error("no kind");
  return { kind, ...made };
}

const leaves = (random: Random): ServerCase["leaves"] => (random() < 0.8 ? "ends" : "resets");
const left = (random: Random, chunks: readonly Buffer[]): Omit<ServerCase, "kind"> => ({
  chunks,
  answered: false,
  leaves: leaves(random),
});
const whole = (random: Random, bytes: Buffer): Omit<ServerCase, "kind"> => ({
  chunks: pieces(bytes, random),
  answered: true,
  leaves: leaves(random),
});

// ---- messages ----

const TEXTS = ["", "x", "fail:a", "breaker", "degraded", "big:20000", "metadata", "wrong", "header:te", "ü–\u{1f600}"];
const text = (random: Random): string => pick(TEXTS, random) ?? "";
const message = (random: Random): Buffer =>
  Buffer.from(toBinary(SourceContextSchema, create(SourceContextSchema, { fileName: text(random) })));
const json = (random: Random): Buffer => Buffer.from(JSON.stringify({ fileName: text(random) }));

function framed(body: Buffer, flags: number, length: number): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flags;
  head.writeUInt32BE(length >>> 0, 1);
  return Buffer.concat([head, body]);
}
/** Mostly one message; sometimes none, several, flags, wrong lengths, a part. */
function grpcBody(random: Random): Buffer {
  const count = pick([0, 1, 1, 1, 1, 2, 3], random) ?? 1;
  const frames = Array.from({ length: count }, () => {
    const body = random() < 0.7 ? message(random) : mutated(message(random), random);
    const flags = pick([0, 0, 0, 0, 1, 2, 0x80, 0xff], random) ?? 0;
    const length = pick([body.length, body.length, body.length, 0, 1, body.length + 1, 100_000, -1], random) ?? 0;
    return framed(body, flags, length);
  });
  const all = Buffer.concat(frames);
  return random() < 0.2 ? all.subarray(0, Math.floor(random() * all.length)) : all;
}

// ---- HTTP/1.1 ----

function h1(headers: Headers, body: Buffer): Buffer {
  const sized = headers.some(([name]) => name === "content-length" || name === "transfer-encoding");
  const all: Headers = [
    ["host", "a"],
    ...headers,
    ...(sized ? [] : ([["content-length", String(body.length)]] as Headers)),
  ];
  const lines = all.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return Buffer.concat([Buffer.from(`POST ${PATH} HTTP/1.1\r\n${lines}\r\n`, "latin1"), body]);
}
function wholeH1(random: Random): Buffer {
  const plain = () =>
    random() < 0.5
      ? h1([["content-type", "application/json"]], json(random))
      : h1([["content-type", "application/proto"]], message(random));
  const chunked = (): Buffer => {
    const body = json(random);
    const chunks = `${body.length.toString(16)}\r\n${body.toString("latin1")}\r\n0\r\n\r\n`;
    const headers: Headers = [
      ["content-type", "application/json"],
      ["transfer-encoding", "chunked"],
    ];
    return h1(headers, Buffer.from(chunks, "latin1"));
  };
  return Buffer.concat(
    Array.from({ length: 1 + Math.floor(random() * 3) }, () => (random() < 0.3 ? chunked() : plain())),
  );
}
function either(random: Random, type: string, body: Buffer): Buffer {
  if (random() < 0.5) return h1([["content-type", type]], body);
  return h2([["content-type", type]], random() < 0.5 ? [body] : halves(body, random));
}

// ---- HTTP/2 ----

const [DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION] = [0, 1, 3, 4, 6, 7, 8, 9];
const [END_STREAM, END_HEADERS] = [1, 4];
const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const grpcHeaders: Headers = [
  ["content-type", "application/grpc"],
  ["te", "trailers"],
];

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream >>> 0, 5);
  return Buffer.concat([head, payload]);
}
/** Literals without indexing and without Huffman's code (RFC 7541, 6.2.2). */
function hpack(headers: Headers): Buffer {
  const string = (text: string): Buffer => {
    const bytes = Buffer.from(text, "latin1");
    if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
    const rest: number[] = [];
    for (let left = bytes.length - 127; ; left >>= 7) {
      rest.push(left > 127 ? (left & 127) | 128 : left);
      if (left <= 127) break;
    }
    return Buffer.concat([Buffer.from([127, ...rest]), bytes]);
  };
  return Buffer.concat(headers.flatMap(([name, value]) => [Buffer.from([0]), string(name), string(value)]));
}
function request(stream: number, headers: Headers, data: readonly Buffer[]): Buffer {
  const pseudo: Headers = [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", PATH],
    [":authority", "a"],
  ];
  return Buffer.concat([
    frame(HEADERS, END_HEADERS, stream, hpack([...pseudo, ...headers])),
    ...data.map((body) => frame(DATA, 0, stream, body)),
    frame(DATA, END_STREAM, stream, Buffer.alloc(0)),
  ]);
}
const begin = Buffer.concat([Buffer.from(PREFACE), frame(SETTINGS, 0, 0, Buffer.alloc(0))]);
const h2 = (headers: Headers, data: readonly Buffer[]): Buffer => Buffer.concat([begin, request(1, headers, data)]);
function wholeH2(random: Random): Buffer {
  const frames = Array.from({ length: 1 + Math.floor(random() * 4) }, (_, n): Buffer => {
    const stream = 2 * n + 1;
    const payload = Buffer.from(Array.from({ length: Math.floor(random() * 20) }, () => random() * 256));
    const eight = Buffer.alloc(8, Math.floor(random() * 256));
    const kind = Math.floor(random() * 9);
    if (kind < 3) return request(stream, grpcHeaders, [framed(message(random), 0, message(random).length)]);
    if (kind === 3)
      return Buffer.concat([request(stream, grpcHeaders, []), frame(RST_STREAM, 0, stream, eight.subarray(0, 4))]);
    if (kind === 4) return frame(PING, 0, 0, eight);
    if (kind === 5) return frame(WINDOW_UPDATE, 0, pick([0, 1, stream], random) ?? 0, eight.subarray(0, 4));
    if (kind === 6) return frame(GOAWAY, 0, 0, eight);
    if (kind === 7) return frame(CONTINUATION, END_HEADERS, stream, payload);
    return frame(Math.floor(random() * 12), Math.floor(random() * 256), Math.floor(random() * 6), payload);
  });
  return Buffer.concat([begin, ...frames]);
}

// ---- headers ----

const ODD: Readonly<Record<string, readonly string[]>> = {
  "content-type": [
    "application/json",
    "application/json; charset=utf-8",
    "application/grpc",
    "application/grpc+json",
    "application/grpc-web",
    "application/connect+json",
    "application/proto",
    "text/html",
    "",
    "application/json, application/json",
    "application/\xff",
  ],
  "content-length": ["0", "5", "100000", "99999999999999999999", "-1", "x", "5, 5"],
  "content-encoding": ["gzip", "br", "identity", "zstd", "", "gzip, gzip"],
  "grpc-encoding": ["gzip", "identity", "snappy"],
  "accept-encoding": ["gzip", "br;q=0", "*", ",,,", "x".repeat(300)],
  "grpc-accept-encoding": ["gzip", "identity,gzip", "\xff"],
  "connect-timeout-ms": ["0", "1", "5", "-1", "9999999999", "99999999999", "1e3", ""],
  "grpc-timeout": ["0n", "1n", "5m", "99999999H", "1", "m", "-1S"],
  "connect-protocol-version": ["1", "2", ""],
  expect: ["100-continue", "200-ok", ""],
  origin: ["https://a.example", "null", ""],
  te: ["trailers", "gzip"],
  "transfer-encoding": ["identity", "gzip", "x"],
  connection: ["close", "keep-alive", "upgrade"],
  upgrade: ["h2c", "websocket"],
  trailer: ["x"],
  "x-one": ["a", "a,b", " ", "\xff\xfe", "x".repeat(40_000)],
  "x-one-bin": ["AAA", "!!", "=="],
  "grpc-previous-rpc-attempts": ["1", "x"],
  cookie: ["a=b", "a=b; c=d"],
};
function oddHeaders(random: Random): Headers {
  const headers: Headers = [
    ["content-type", pick(["application/json", "application/json", "application/grpc"], random) ?? ""],
  ];
  for (let n = Math.floor(random() * 5); n >= 0; n--) {
    const name = pick(Object.keys(ODD), random) ?? "";
    headers.push([name, pick(ODD[name] ?? [], random) ?? ""]);
  }
  if (random() < 0.05) for (let n = 0; n < 200; n++) headers.push([`x-${n}`, "1"]);
  return headers;
}

// ---- damage ----

const halves = (bytes: Buffer, random: Random): Buffer[] => {
  const at = Math.floor(random() * (bytes.length + 1));
  return [bytes.subarray(0, at), bytes.subarray(at)];
};
const pieces = (bytes: Buffer, random: Random): Buffer[] =>
  random() < 0.7 ? [bytes] : halves(bytes, random).flatMap((half) => (random() < 0.5 ? [half] : halves(half, random)));

/** One to four bytes changed, put in or taken out; sometimes the end is missing. */
function mutated(bytes: Buffer, random: Random): Buffer {
  let now = Buffer.from(bytes);
  for (let n = Math.floor(random() * 4); n >= 0; n--) {
    const at = Math.floor(random() * (now.length + 1));
    const byte = Buffer.from([pick([0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x22, 0x7b, random() * 256], random) ?? 0]);
    const kind = Math.floor(random() * 5);
    const rest = now.subarray(at);
    if (kind === 0) now = Buffer.concat([now.subarray(0, at), byte, rest]);
    else if (kind === 1) now = Buffer.concat([now.subarray(0, at), rest.subarray(1)]);
    else if (kind === 2) now = Buffer.concat([now.subarray(0, at), rest.subarray(0, 20), rest]);
    else if (kind === 3 && random() < 0.3) now = now.subarray(0, at);
    else if (at < now.length) now[at] = byte[0] ?? 0;
  }
  return now;
}

// Requests that break the rules of HTTP, and odd requests that keep them, byte by byte: each row holds the answer that the RFC in its name wants, and
// nothing behind a refused request of HTTP/1.1 may count as another request. RFC 9110: HTTP, 9112: HTTP/1.1, 9113: HTTP/2, 7541: HPACK.
import * as net from "node:net";
import { expect, test } from "vitest";
import { errorName } from "../../../../runtime/src/http2/error-code.ts";
import { FrameClient } from "../../../features/http2/frame-client.ts";
import { AGAIN_MS } from "./rig/beside-quiet.ts";
import {
  FAST,
  Flag,
  Frame,
  frame,
  headers,
  literal,
  PREFACE,
  requestHeaders,
  Setting,
  settings,
  uint32,
} from "./rig/raw-http2.ts";
import { attacked, described, expectUnharmed, type Target } from "./rig/rig.ts";

const ANSWER_MS = 20_000;
const BODY = '{"key":"k"}';
const TYPE = "content-type: application/json\r\n";
const LENGTH = `content-length: ${BODY.length}\r\n`;
const CHUNKED = "transfer-encoding: chunked\r\n";
const CHUNKS = `b\r\n${BODY}\r\n0\r\n\r\n`;

// ---- HTTP/1.1 ----

const request = (lines: string, body = BODY, target = `POST ${FAST} HTTP/1.1`): string =>
  `${target}\r\n${lines}\r\n${body}`;
/** A request with these lines in front of the usual ones. */
const post = (lines: string): string => request(`host: a\r\n${lines}${TYPE}${LENGTH}`);
const chunked = (chunks: string, lines = CHUNKED): string => request(`host: a\r\n${TYPE}${lines}`, chunks);
const get = (target: string, lines = "host: a\r\n"): string => `GET ${target} HTTP/1.1\r\n${lines}\r\n`;
const toward = (target: string): string => request(`host: a\r\n${TYPE}${LENGTH}`, BODY, `POST ${target} HTTP/1.1`);
const LAST = get("/healthz", "host: a\r\nconnection: close\r\n");

/** The request, and the statuses of all answers: `LAST` follows each request, and is answered unless the connection is closed. */
type Http1Row = readonly [bytes: string, statuses: string];
const HTTP1: Readonly<Record<string, Http1Row>> = {
  "a good request": [post(""), "200 200"],
  "9112, 3.2: no host": [request(TYPE + LENGTH), "400"],
  "9112, 3.2: two hosts": [post("host: b\r\n"), "400"],
  "9112, 3.2: a host that is none": [post("").replace("host: a", "host: %"), "400 200"],
  "9112, 3.2: a host of two words": [post("").replace("host: a", "host: a b"), "400"],
  "9110, 4.2.1: an empty host": [post("").replace("host: a", "host: "), "400 200"],
  "9110, 4.2.4: a user in the host": [post("").replace("host: a", "host: u@a"), "400"],
  "9112, 6.1: both lengths": [chunked(CHUNKS, LENGTH + CHUNKED), "400"],
  "9112, 6.1: both lengths, and a request in the body": [
    chunked(`0\r\n\r\n${get("/healthz")}`, `content-length: 4\r\n${CHUNKED}`),
    "400",
  ],
  "9112, 6.3: two lengths": [post("content-length: 0\r\n"), "400"],
  "9112, 6.3: a list of lengths": [post("").replace("11", "11, 12"), "400"],
  "9110, 8.6: a length with a sign": [post("").replace("11", "+11"), "400"],
  "9110, 8.6: a length in hexadecimals": [post("").replace("11", "0xb"), "400"],
  "9110, 5.6.3: a length between tabs": [post("").replace(" 11", "\t11\t"), "200 200"],
  "9110, 5.5: a length behind a vertical tab": [post("").replace(" 11", "\v11"), "400"],
  "9112, 6.1: an unknown coding": [chunked(CHUNKS, CHUNKED.replace(" c", " xc")), "400"],
  "9112, 6.3: chunked, but not at last": [chunked(CHUNKS, CHUNKED.replace("ed", "ed, identity")), "400"],
  "9112, 6.3: chunked, but not at last, in two lines": [
    chunked(CHUNKS, `${CHUNKED}transfer-encoding: identity\r\n`),
    "400",
  ],
  "9112, 5.1: a space in front of a colon": [chunked(CHUNKS, CHUNKED.replace(":", " :")), "400"],
  "9112, 6.1: chunks in HTTP/1.0 end the connection": [chunked(CHUNKS).replace("1.1", "1.0"), "400"],
  "9112, 7.1.1: an extension of 20 kB": [chunked(CHUNKS.replace("b\r", `b;a=${"x".repeat(20_000)}\r`)), "413"],
  "9112, 7.1.1: a line feed in an extension": [chunked(CHUNKS.replace("b\r", "b;a=\nx\r")), "400"],
  "9112, 7.1: chunks between bare line feeds": [chunked(CHUNKS.replaceAll("\r", "")), "400"],
  "9112, 7.1: a size with a prefix": [chunked(`0x${CHUNKS}`), "400"],
  "9112, 7.1: a size below zero": [chunked(`-${CHUNKS}`), "400"],
  "9112, 7.1: a size beyond all numbers": [chunked(`ffffffffffffffff${CHUNKS}`), "400"],
  "9110, 6.5.1: fields behind the chunks": [chunked(CHUNKS.replace("0\r\n", "0\r\nx-tenant: evil\r\n")), "200 200"],
  "9112, 2.2: a bare carriage return": [post("x-a: b\rx-b: c\r\n"), "400"],
  "9112, 2.2: bare line feeds": [post("").replaceAll("\r", ""), "400"],
  "9112, 5.2: a folded line": [post("x-a: b\r\n c\r\n"), "400"],
  "9110, 5.5: a zero in a value": [post("x-a: b\0c\r\n"), "400"],
  "9110, 5.1: a name of two words": [post("x a: b\r\n"), "400"],
  "9110, 5.1: an empty name": [post(": b\r\n"), "400"],
  "9112, 3.2.2: an absolute target": [toward(`http://a${FAST}`), "200 200"],
  "9112, 3.2.2: an absolute target of another scheme's case": [get("HTTP://a/healthz"), "200 200"],
  "9112, 3.2.2: an absolute target without a path": [get("http://a"), "404 200"],
  "9112, 3.2.2: an absolute target counts, not the host": [toward(`http://a%${FAST}`), "400 200"],
  "9110, 4.2.4: a user in an absolute target": [toward(`http://u@a${FAST}`), "400"],
  "9112, 3.2.2: an absolute target that is no http": [toward(`javascript://a${FAST}`), "404 200"],
  "9110, 9.3.7: an asterisk, and OPTIONS": ["OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n", "204 200"],
  "9112, 3.2.4: an asterisk, and GET": [get("*"), "404 200"],
  "9110, 9.3.6: CONNECT": ["CONNECT b:443 HTTP/1.1\r\nhost: b:443\r\n\r\n", "501"],
  "9110, 4.2.3: two slashes": [get("//healthz"), "404 200"],
  "9110, 4.2.3: an encoded slash": [toward(FAST.replace("/Fast", "%2fFast")), "404 200"],
  "9110, 4.2.3: an encoded letter": [toward(FAST.replace("F", "%46")), "404 200"],
  "9110, 4.2.3: a way back": [toward(`/x/..${FAST}`), "404 200"],
  "9112, 3.2: a fragment": [toward(`${FAST}#x`), "404 200"],
  "9112, 3.2: a target beyond ASCII": [get("/\xe9\xff"), "400"],
  "9110, 7.8: an offer of another protocol": [
    get("/healthz", "host: a\r\nconnection: upgrade\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n"),
    "200",
  ],
  "9110, 7.6.1: a field that is one of the connection": [post("connection: x-tenant\r\nx-tenant: t\r\n"), "200 200"],
  "9110, 9.1: a method in a header": [post("x-http-method-override: GET\r\n"), "200 200"],
  "9110, 10.1.1: an expectation": [post("expect: 100-continue\r\n"), "100 200 200"],
  "9110, 10.1.1: an unknown expectation": [post("expect: x\r\n"), "417 200"],
  "9113, 3.4: half a preface of HTTP/2": ["PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", ""],
  "9112, 9.3.2: requests in one segment": [get("/healthz").repeat(3), "200 200 200 200"],
  "9110, 5.1: names that objects have": [post("__proto__: x\r\nconstructor: y\r\n"), "200 200"],
};

/** The statuses of all answers until the server closes. */
async function http1(port: number, [bytes]: Http1Row): Promise<string> {
  const socket = net.connect({ port, host: "127.0.0.1", noDelay: true }).on("error", () => {});
  const timer = setTimeout(() => socket.destroy(new Error("still open")), ANSWER_MS);
  socket.write(Buffer.from(bytes + LAST, "latin1"));
  let text = "";
  for await (const chunk of socket.setEncoding("latin1")) text += chunk;
  clearTimeout(timer);
  return [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status).join(" ");
}

// ---- HTTP/2 ----

type Fields = readonly (readonly [name: string, value: string])[];
const PSEUDO: Readonly<Record<string, string>> = {
  ":method": "POST",
  ":scheme": "http",
  ":path": FAST,
  ":authority": "a",
};
const block = (fields: Fields): Buffer => Buffer.concat(fields.map(([name, value]) => literal(name, value)));
const data = (id = 1): Buffer => frame(Frame.data, Flag.endStream, id, Buffer.from(BODY));
const requestOf = (fields: Fields, id = 1): Buffer[] => [headers(id, block(fields)), data(id)];
/** A request with other pseudo-headers, and with fields behind the usual ones. */
function exchange(pseudo: Readonly<Record<string, string>>, ...more: Fields): Buffer[] {
  return requestOf([...Object.entries({ ...PSEUDO, ...pseudo }), ["content-type", "application/json"], ...more]);
}
const odd = (name: string, value: string): Buffer[] => exchange({}, [name, value]);
const started = (): Buffer[] => [headers(1, requestHeaders()), frame(Frame.data, 0, 1, Buffer.from(BODY))];
const trailers = (name: string, value: string, ends = true): Buffer => headers(1, block([[name, value]]), ends);
const raw = (...bytes: number[]): Buffer =>
  frame(Frame.headers, Flag.endStream | Flag.endHeaders, 1, Buffer.from(bytes));
const good = (id: number): Buffer[] => [headers(id, requestHeaders()), data(id)];
const MALFORMED = "RST PROTOCOL_ERROR";
const WRONG = "GOAWAY PROTOCOL_ERROR";
const PUSH_PROMISE = 5;
const WIDEST = 2 ** 31 - 1;

/** The frames behind preface and SETTINGS, and what ends the last stream, or the connection. */
type Http2Row = readonly [frames: readonly Buffer[], outcome: string, stream?: number];
const HTTP2: Readonly<Record<string, Http2Row>> = {
  "a good request": [good(1), "200"],
  ...Object.fromEntries(
    ["a\nb", "a\rb", "a\0b", "a\x7fb", " a", "a\t"].map((value) => [
      `9113, 8.2.1: the value ${JSON.stringify(value)}`,
      [odd("x-a", value), MALFORMED] as const,
    ]),
  ),
  "9110, 5.5: a value beyond ASCII": [odd("x-a", "a\x85\xff"), "200"],
  ...Object.fromEntries(
    ["X-A", "x y", "x:y", "", "x\0", "x\r\ny: z", "x\x80"].map((name) => [
      `9113, 8.2.1: the name ${JSON.stringify(name)}`,
      [odd(name, "x"), MALFORMED] as const,
    ]),
  ),
  ...Object.fromEntries(
    ["connection", "transfer-encoding", "upgrade", "keep-alive", "proxy-connection", "te"].map((name) => [
      `9113, 8.2.2: ${name}`,
      [odd(name, "x"), MALFORMED] as const,
    ]),
  ),
  "9113, 8.2.2: te: trailers": [odd("te", "trailers"), "200"],
  ...Object.fromEntries(
    [`${FAST}\nx`, `http://b${FAST}`, "", "*", FAST.slice(1), `${FAST} HTTP/1.1`].map((path) => [
      `9113, 8.3.1: the path ${JSON.stringify(path)}`,
      [exchange({ ":path": path }), MALFORMED] as const,
    ]),
  ),
  "9113, 8.3.1: a fragment": [exchange({ ":path": `${FAST}#x` }), "404"],
  "9113, 8.3.1: a scheme that is none of HTTP": [exchange({ ":scheme": "javascript" }), "200"],
  "9113, 8.3.1: an empty scheme": [exchange({ ":scheme": "" }), MALFORMED],
  "9113, 8.3.1: a user in the authority": [exchange({ ":authority": "u@a" }), MALFORMED],
  "9113, 8.3.1: an authority of two words": [exchange({ ":authority": "a b" }), MALFORMED],
  "9110, 4.2.1: an empty authority": [exchange({ ":authority": "" }), "400"],
  "9110, 7.2: an authority that is none": [exchange({ ":authority": "%" }), "400"],
  "9113, 8.3.1: an authority with a path": [exchange({ ":authority": "a/b" }), MALFORMED],
  "9113, 8.3.1: no authority": [
    requestOf([...Object.entries(PSEUDO).slice(0, 3), ["content-type", "application/json"]]),
    "400",
  ],
  "9113, 8.3.1: a method in lower case": [exchange({ ":method": "post" }), "501"],
  "9113, 8.3.1: a method that is a line": [exchange({ ":method": "POST /x HTTP/1.1\r\n" }), MALFORMED],
  "9113, 8.3.1: an empty method": [exchange({ ":method": "" }), MALFORMED],
  "9113, 8.5: CONNECT with a path": [exchange({ ":method": "CONNECT" }), MALFORMED],
  "9110, 5.1: a method that objects have": [exchange({ ":method": "__proto__" }), "501"],
  "9113, 8.3: a path twice": [requestOf([...Object.entries(PSEUDO), [":path", "/x"]]), MALFORMED],
  "9113, 8.3: pseudo-headers behind fields": [requestOf([["x-a", "b"], ...Object.entries(PSEUDO)]), MALFORMED],
  "9113, 8.3: a response's pseudo-header": [requestOf([...Object.entries(PSEUDO), [":status", "200"]]), MALFORMED],
  "9113, 8.3: an unknown pseudo-header": [
    requestOf([...Object.entries(PSEUDO), [":protocol", "websocket"]]),
    MALFORMED,
  ],
  "9113, 8.3.1: another host than its authority": [odd("host", "b"), MALFORMED],
  "9113, 8.3.1: a host twice": [exchange({}, ["host", "a"], ["host", "a"]), MALFORMED],
  "9113, 8.1.1: a longer length than the body": [odd("content-length", "12"), MALFORMED],
  "9113, 8.1.1: a shorter length than the body": [odd("content-length", "3"), MALFORMED],
  "9113, 8.1.1: a length of 2^60": [odd("content-length", String(2n ** 60n)), MALFORMED],
  "9110, 8.6: a length twice": [exchange({}, ["content-length", "11"], ["content-length", "11"]), MALFORMED],
  "9110, 6.5.1: fields behind the body": [[...started(), trailers("x-tenant", "evil")], "200"],
  "9113, 8.1: pseudo-headers behind the body": [[...started(), trailers(":path", "/x")], MALFORMED],
  "9113, 8.1: trailers that are not the end": [[...started(), trailers("x-a", "b", false)], MALFORMED],
  "9113, 5.1: data behind the end": [[...started(), trailers("x-a", "b"), data()], "RST STREAM_CLOSED"],
  "9113, 5.1: headers behind the end": [[...good(1), trailers("x-a", "b")], "RST STREAM_CLOSED"],
  "9113, 5.1: data of a stream that is idle": [[data(3)], WRONG],
  "9113, 5.1.1: a stream of the server": [[headers(2, requestHeaders(), true)], WRONG],
  "9113, 5.1.1: a stream with a lower number": [[...good(5), ...good(3)], WRONG],
  "9113, 5.1.1: the last number": [good(WIDEST), "200", WIDEST],
  "9113, 6.2: headers of stream 0": [[headers(0, requestHeaders(), true)], WRONG],
  "9113, 6.2: more padding than frame": [
    [frame(Frame.headers, Flag.endStream | Flag.endHeaders | Flag.padded, 1, Buffer.from([10, 0]))],
    WRONG,
  ],
  "9113, 6.9.1: too wide a window of the connection": [
    [frame(Frame.windowUpdate, 0, 0, uint32(WIDEST))],
    "GOAWAY FLOW_CONTROL_ERROR",
  ],
  "9113, 6.9.2: windows that SETTINGS make too wide": [
    [headers(1, requestHeaders()), frame(Frame.windowUpdate, 0, 1, uint32(2 ** 31 - 65_537)), settings([4, WIDEST])],
    "GOAWAY FLOW_CONTROL_ERROR",
  ],
  "9113, 8.4: a push by a client": [[frame(PUSH_PROMISE, Flag.endHeaders, 1, Buffer.alloc(8))], WRONG],
  "9113, 5.5: frames that it does not know": [
    [frame(0x10, 0, 0, Buffer.alloc(5)), frame(0xa, 0, 0), frame(0xc, 0, 0), ...good(1)],
    "200",
  ],
  "9110, 4.1: a path of 14 kB": [exchange({ ":path": `${FAST}?${"x".repeat(14_000)}` }), "200"],
  "9113, 8.2.3: a cookie in 120 fields": [
    exchange({}, ...Array.from({ length: 120 }, (_, i) => ["cookie", `c${i}=1`] as const)),
    "200",
  ],
  "9110, 5.1: names that objects have": [exchange({}, ["__proto__", "x"], ["constructor", "y"]), "200"],
  "7541, 6.1: entry 0": [[raw(0x80)], "GOAWAY COMPRESSION_ERROR"],
  "7541, 5.1: a number beyond all bounds": [[raw(255, 255, 255, 255, 255, 255, 127)], "GOAWAY COMPRESSION_ERROR"],
  "7541, 4.2: a size of the table behind fields": [[raw(...requestHeaders(), 0x20)], "GOAWAY COMPRESSION_ERROR"],
};

/** The status of the stream's answer, the code of its reset, or the code of GOAWAY. */
async function http2(port: number, [frames, , stream = 1]: Http2Row): Promise<string> {
  const client = new FrameClient(port, true);
  client.socket.write(
    Buffer.concat([PREFACE, settings([Setting.headerTableSize, 0]), frame(Frame.settings, Flag.ack, 0), ...frames]),
  );
  const ends = () => {
    const answer = client.answers.get(stream);
    return answer?.ended === true || answer?.resets[0] !== undefined || client.goaway !== undefined;
  };
  await client.until(ends, ANSWER_MS);
  client.socket.destroy();
  const { status, resets = [], ended } = client.answers.get(stream) ?? {};
  if (client.wrong.length > 0) return client.wrong.join();
  if (client.goaway !== undefined) return `GOAWAY ${errorName(client.goaway)}`;
  return ended === true ? String(status) : `RST ${errorName(resets[0])}`;
}

const columns = <Row extends readonly [unknown, string, ...unknown[]]>(rows: Readonly<Record<string, Row>>) =>
  Object.fromEntries(Object.entries(rows).map(([name, [, outcome]]) => [name, outcome]));
async function outcomes<Row>(
  rows: Readonly<Record<string, Row>>,
  outcome: (row: Row) => Promise<string>,
): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  const until = performance.now() + AGAIN_MS;
  do {
    for (const [name, row] of Object.entries(rows)) all[name] = await outcome(row);
  } while (performance.now() < until);
  return all;
}

test.each([
  ["HTTP/1.1", columns(HTTP1), ({ port }: Target) => outcomes(HTTP1, (row) => http1(port, row))],
  ["HTTP/2", columns(HTTP2), ({ port }: Target) => outcomes(HTTP2, (row) => http2(port, row))],
])("requests over %s have the answers that the RFCs require", { timeout: 120_000 }, async (version, expected, all) => {
  // What nghttp2 passes over in place of refusing it, node's HTTP/2 does: these rows are about our own.
  const outcome = await attacked(all, { env: { BFF_HTTP2_SERVER: "own" } });
  console.log(
    described(`exchanges over ${version}`, { ...outcome, framing: "own", result: Object.keys(expected).length }),
  );
  expect(outcome.result).toEqual(expected);
  expectUnharmed(outcome);
});

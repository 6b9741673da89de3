import { describe, expect, test } from "vitest";
import { DynamicTable } from "./dynamic-table.ts";
import { ErrorCode } from "./error-code.ts";
import { KnownBlocks } from "./header-block.ts";
import { fieldName, writeText } from "./hpack-writer.ts";
import { type HeaderLimits, RequestBlocks, readRequestBlock } from "./request-block.ts";
import { responseBound, writeResponse } from "./response-encoder.ts";

const LIMITS: HeaderLimits = { bytes: 1_000, count: 20 };
type Fields = readonly (readonly [name: string, value: string])[];

const text = (of: string): Buffer => {
  const out = Buffer.alloc(of.length + 6);
  return out.subarray(0, writeText(out, 0, of));
};
/** @param first 0x00: not indexed; 0x40: indexed */
const block = (fields: Fields, first = 0x00): Buffer =>
  Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([first]), text(name), text(value)]));
const read = (fields: Fields, trailers = false) => {
  const bytes = block(fields);
  return readRequestBlock(bytes, 0, bytes.length, { limits: LIMITS, trailers });
};
const GET: Fields = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/a"],
  [":authority", "a.example"],
];
const without = (name: string): Fields => GET.filter(([text]) => text !== name);
const POST: Fields = [[":method", "POST"], ...without(":method")];

describe("the headers of a request", () => {
  test("the headers are equal to Node's", () => {
    const fields: Fields = [
      ...POST,
      ["cookie", "a=1"],
      ["cookie", "b=2"],
      ["x-two", "1"],
      ["x-two", "2"],
      ["authorization", "first"],
      ["authorization", "second"],
      ["set-cookie", "a"],
      ["set-cookie", "b"],
      ["content-length", "12"],
      ["te", "trailers"],
      ["constructor", "none"],
      ["empty", ""],
    ];
    const { headers, raw, contentLength, malformed } = read(fields);
    expect(malformed).toBeUndefined();
    expect({ ...headers }).toEqual({
      ...Object.fromEntries(POST),
      cookie: "a=1; b=2",
      "x-two": "1, 2",
      authorization: "first",
      "set-cookie": ["a", "b"],
      "content-length": "12",
      te: "trailers",
      constructor: "none",
      empty: "",
    });
    expect(raw).toEqual(fields.flat());
    expect(contentLength).toBe(12);
    expect(headers.toString).toBeUndefined(); // no names but those that came
  });

  test.each<[string, Fields]>([
    ["no method", without(":method")],
    ["no scheme", without(":scheme")],
    ["no path", without(":path")],
    ["an empty path", [...without(":path"), [":path", ""]]],
    ["a path that is none", [...without(":path"), [":path", "a"]]],
    ["* with another method than OPTIONS", [...without(":path"), [":path", "*"]]],
    ["a method with a space in it", [[":method", "GE T"], ...without(":method")]],
    ["two methods", [[":method", "GET"], ...GET]],
    ["a pseudo-header behind others", [["a", "b"], ...GET]],
    ["a response's pseudo-header", [[":status", "200"], ...GET]],
    ["extended CONNECT", [[":method", "CONNECT"], [":protocol", "websocket"], ...without(":method")]],
    ["CONNECT with a path", [[":method", "CONNECT"], ...without(":method")]],
    ["a name in upper case", [...GET, ["X-A", "b"]]],
    ["an empty name", [...GET, ["", "b"]]],
    ["connection", [...GET, ["connection", "close"]]],
    ["transfer-encoding", [...GET, ["transfer-encoding", "chunked"]]],
    ["te that is not trailers", [...GET, ["te", "gzip"]]],
    ["a line feed in a value", [...GET, ["a", "b\nc"]]],
    ["a zero in a value", [...GET, ["a", "b\0c"]]],
    ["a space in front of a value", [...GET, ["a", " b"]]],
    ["a tab behind a value", [...GET, ["a", "b\t"]]],
    ["a content-length that is none", [...POST, ["content-length", "-1"]]],
    ["two content-lengths", [...POST, ["content-length", "1"], ["content-length", "1"]]],
    ["two hosts", [...without(":authority"), ["host", "a"], ["host", "a"]]],
    ["another host than its authority", [...GET, ["host", "b.example"]]],
    ["a host with a user", [...without(":authority"), ["host", "u@a.example"]]],
    ["an authority with a user", [...without(":authority"), [":authority", "u@a.example"]]],
  ])("the headers are malformed with %s", (_, fields) => {
    expect(read(fields).malformed).toMatch(/^a wrong header/);
  });
  test.each<[string, Fields]>([
    ["the same host as its authority", [...GET, ["host", "A.example"]]],
    ["host alone", [...without(":authority"), ["host", "a"]]],
    [
      "* with OPTIONS",
      [
        [":method", "OPTIONS"],
        [":scheme", "https"],
        [":path", "*"],
      ],
    ],
    [
      "CONNECT",
      [
        [":method", "CONNECT"],
        [":authority", "a:1"],
      ],
    ],
    ["characters above ASCII", [...GET, ["a", "\xe9"]]],
    ["a tab in a value", [...GET, ["a", "b\tc"]]],
  ])("the headers may have %s", (_, fields) => {
    expect(read(fields).malformed).toBeUndefined();
  });
  test("the headers are limited in bytes and in number", () => {
    expect(read([...GET, ["a", "x".repeat(700)]]).tooLarge).toBe(false);
    expect(read([...GET, ["a", "x".repeat(900)]]).tooLarge).toBe(true);
    const many = (count: number): Fields => [...GET, ...Array.from({ length: count }, () => ["a", ""] as const)];
    expect(read(many(16)).tooLarge).toBe(false);
    expect(read(many(17)).tooLarge).toBe(true);
  });
  test("trailers have no pseudo-headers", () => {
    expect(read([["a", "b"]], true)).toMatchObject({ malformed: undefined, raw: ["a", "b"] });
    expect(read([[":path", "/"]], true).malformed).toBeDefined();
  });
});

describe("blocks of one connection", () => {
  const blocks = (known = new Map()) => new RequestBlocks(known, LIMITS, new DynamicTable());
  const request = (of: RequestBlocks, bytes: Buffer) => of.request(bytes, 0, bytes.length).headers;

  test("a block may use a dynamic table until the client has acknowledged its absence", () => {
    const of = blocks();
    expect(request(of, block([...GET, ["x-a", "b"]], 0x40))["x-a"]).toBe("b");
    expect(of.standAlone).toBe(false);
    of.settled(); // it has acknowledged that there is none, and goes on all the same
    const again = Buffer.concat([block(GET), Buffer.from([0x80 | 62])]);
    expect(request(of, again)["x-a"]).toBe("b");
    const none = Buffer.concat([Buffer.from([0x20]), block(GET)]);
    request(of, none);
    request(of, block(GET));
    expect(of.standAlone).toBe(true);
    expect(() => request(of, again)).toThrow(expect.objectContaining({ code: ErrorCode.COMPRESSION_ERROR }));
  });
  test("a block cannot enlarge the table beyond the announced size, before or after", () => {
    const size = (bytes: number) => Buffer.concat([Buffer.from([0x3f, ...varint(bytes - 31)]), block(GET)]);
    const of = blocks();
    request(of, size(4_096));
    expect(() => request(of, size(4_097))).toThrow();
    of.settled();
    expect(() => request(of, size(100))).toThrow();
  });
  test("a block refused for its size still updates the table", () => {
    const of = blocks();
    const large = block([...GET, ["x-large", "x".repeat(2_000)]]);
    const bytes = Buffer.concat([large, block([["x-a", "b"]], 0x40)]);
    expect(of.request(bytes, 0, bytes.length).tooLarge).toBe(true);
    expect(request(of, Buffer.concat([block(GET), Buffer.from([0x80 | 62])]))["x-a"]).toBe("b");
  });
  test("known blocks are cached, and copied for each request", () => {
    const known = new Map();
    const of = blocks(known);
    of.settled();
    request(of, Buffer.concat([Buffer.from([0x20]), block(GET)]));
    const first = request(of, block(GET));
    first["x-request-id"] = "mine";
    expect(known.size).toBe(1);
    expect(request(of, block(GET))).toEqual({ ...Object.fromEntries(GET) });
  });
  test("ever new blocks do not fill the cache", () => {
    const known = new Map();
    const of = blocks(known);
    of.settled();
    request(of, Buffer.concat([Buffer.from([0x20]), block(GET)]));
    for (let i = 0; i < 5_000; i++) request(of, block([...GET, ["x-id", String(i)]]));
    expect(known.size).toBeLessThanOrEqual(256);
  });
});

const varint = (of: number): number[] => (of < 128 ? [of] : [(of & 127) | 128, ...varint(of >>> 7)]);

describe("the headers of a response", () => {
  const written = (status: number | undefined, pairs: readonly string[], first = false): Buffer => {
    const out = Buffer.alloc(responseBound(pairs));
    return out.subarray(0, writeResponse(out, 0, status, pairs, first));
  };
  test("our client reads the headers", () => {
    const long = "x".repeat(300);
    for (const status of [200, 304, 429]) {
      const bytes = written(
        status,
        ["content-type", "text/plain", "x-long", long, "set-cookie", "a", "x-e", "\xe9 "],
        true,
      );
      const { headers, malformed, ...rest } = new KnownBlocks().read(bytes, 0, bytes.length);
      expect(malformed).toBeUndefined();
      expect(rest.status).toBe(status);
      expect({ ...headers }).toEqual({
        "content-type": "text/plain",
        "x-long": long,
        "set-cookie": ["a"],
        "x-e": "\xe9",
      });
    }
  });
  test("headers that HTTP/2 forbids are not written", () => {
    expect(() => written(200, ["connection", "close"])).toThrow(TypeError);
    expect(() => written(200, ["a b", "c"])).toThrow(TypeError);
    expect(() => written(200, ["a", "b\nc"])).toThrow(TypeError);
    expect(() => written(200, ["a", "\u0100"])).toThrow(TypeError);
  });
  test("secret headers are never indexed", () => {
    expect((fieldName("set-cookie")[0] ?? 0) & 0xf0).toBe(0x10);
  });
});

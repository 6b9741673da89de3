import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ErrorCode } from "./error-code.ts";
import { HEADER_BYTES, KnownBlocks, readHeaderBlock } from "./header-block.ts";
import { decodeHeaderBlock } from "./hpack-decoder.ts";
import { decodeHuffman } from "./hpack-huffman.ts";
import { STATIC_TABLE } from "./hpack-static-table.ts";

type Field = [name: string, value: string];
function decoded(hex: string): Field[] {
  const bytes = Buffer.from(hex.replace(/\s/g, ""), "hex");
  const fields: Field[] = [];
  decodeHeaderBlock(bytes, 0, bytes.length, (name, value) => fields.push([name, value]) > 0);
  return fields;
}
const failsWith = (code: number) => expect.objectContaining({ code });
const broken = (hex: string) => expect(() => decoded(hex), hex).toThrow(failsWith(ErrorCode.COMPRESSION_ERROR));

const FIRST: Field[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/"],
  [":authority", "www.example.com"],
];
const RESPONSE: Field[] = [
  [":status", "302"],
  ["cache-control", "private"],
  ["date", "Mon, 21 Oct 2013 20:13:21 GMT"],
  ["location", "https://www.example.com"],
];
const COOKIE = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
const DATE_22 = "Mon, 21 Oct 2013 20:13:22 GMT";

describe("RFC 7541, appendix C", () => {
  test.each<[string, string, Field[]]>([
    ["2.1", "400a637573746f6d2d6b65790d637573746f6d2d686561646572", [["custom-key", "custom-header"]]],
    ["2.2", "040c2f73616d706c652f70617468", [[":path", "/sample/path"]]],
    ["2.3", "100870617373776f726406736563726574", [["password", "secret"]]],
    ["2.4", "82", [[":method", "GET"]]],
    ["3.1", "828684410f7777772e6578616d706c652e636f6d", FIRST],
    ["4.1", "828684418cf1e3c2e5f23a6ba0ab90f4ff", FIRST],
    [
      "5.1",
      `4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e17
       68747470733a2f2f7777772e6578616d706c652e636f6d`,
      RESPONSE,
    ],
    [
      "6.1",
      "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
      RESPONSE,
    ],
  ])("%s", (_, hex, fields) => expect(decoded(hex)).toEqual(fields));
  test.each([
    ["3.2", "828684be58086e6f2d6361636865"],
    ["3.3", "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565"],
    ["4.2", "828684be5886a8eb10649cbf"],
    ["4.3", "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf"],
    ["5.2", "4803333037c1c0bf"],
    ["6.2", "4883640effc1c0bf"],
  ])("%s refers to a dynamic table, which is absent", (_, hex) => broken(hex));
  test("the new literals of 6.3 decode", () => {
    const hex = `6196d07abe941054d444a8200595040b8166e084a62d1bff 5a839bd9ab
      77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007`;
    expect(decoded(hex)).toEqual([
      ["date", DATE_22],
      ["content-encoding", "gzip"],
      ["set-cookie", COOKIE],
    ]);
  });
});

describe("a block", () => {
  test("a block may start with resets of the table to size 0", () => {
    expect(decoded("2020 88")).toEqual([[":status", "200"]]);
    expect(decoded("")).toEqual([]);
  });
  test.each([
    ["a table that is not empty", "3fe11f88"],
    ["a new size of the table behind a header", "8820"],
    ["index 0", "80"],
    ["an index behind the static table", "be"],
    ["a name behind the static table", "7e0161"],
    ["a literal cut short", "400a6375"],
    ["a literal without a value", "400161"],
    ["an integer cut short", "ff"],
    ["an integer cut short later", "ffffff"],
    ["an integer without end", "ffffffffffffffffffffff00"],
    ["an integer of five bytes", "7fffffffff07"],
    ["a length that is larger than the block", "40 7fffff7f 61"],
    ["padding of eight bits", "0001 61 82 1fff"],
    ["padding that is not of ones", "0001 61 81 18"],
    ["the end of text in a text", "0001 61 84 ffffffff"],
  ])("a block fails with %s", (_, hex) => broken(hex));
  test("a random block decodes or fails", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decodeHeaderBlock(bytes, 0, bytes.length, () => true);
        } catch (error) {
          expect(error).toEqual(failsWith(ErrorCode.COMPRESSION_ERROR));
        }
      }),
      { numRuns: 5_000 },
    );
  });
});

test("the static table has the 61 entries of the RFC", () => {
  expect(STATIC_TABLE.length).toBe(61);
  expect([STATIC_TABLE[0], STATIC_TABLE[7], STATIC_TABLE[30], STATIC_TABLE[60]]).toEqual([
    [":authority", ""],
    [":status", "200"],
    ["content-type", ""],
    ["www-authenticate", ""],
  ]);
});

describe("Huffman's code", () => {
  test.each([
    ["f1e3c2e5f23a6ba0ab90f4ff", "www.example.com"],
    ["25a849e95bb8e8b4bf", "custom-value"],
    ["", ""],
    // The longest codes, of 30 bits.
    ["fffffff3", "\n"],
    ["fffffff7", "\r"],
    ["fffffffb", "\x16"],
    ["fffffffbff", undefined], // ten bits behind it
  ])("the code of %j is %j", (hex, text) => {
    const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex");
    expect(decodeHuffman(bytes, 0, bytes.length)).toBe(text);
  });
});

const block = (...fields: Field[]): Buffer =>
  Buffer.concat(
    fields.map(([name, value]) => {
      const length = (text: string): Buffer => {
        const bytes = [127];
        let rest = text.length - 127;
        if (rest < 0) return Buffer.from([text.length]);
        for (; rest >= 128; rest >>= 7) bytes.push((rest & 127) | 128);
        return Buffer.from([...bytes, rest]);
      };
      return Buffer.concat([Buffer.from([0]), length(name), Buffer.from(name), length(value), Buffer.from(value)]);
    }),
  );
const read = (...fields: Field[]) => {
  const bytes = block(...fields);
  return readHeaderBlock(bytes, 0, bytes.length);
};

describe("headers", () => {
  test("repeated headers are joined, except cookies", () => {
    const { headers, status, malformed } = read(
      [":status", "200"],
      ["a", "1"],
      ["set-cookie", "x"],
      ["a", "2"],
      ["set-cookie", "y"],
      ["__proto__", "p"],
    );
    expect(malformed).toBeUndefined();
    expect(status).toBe(200);
    expect(Object.entries(headers)).toEqual([
      ["a", "1, 2"],
      ["set-cookie", ["x", "y"]],
      ["__proto__", "p"],
    ]);
  });
  test.each<[string, Field[]]>([
    ["an unknown pseudo-header", [[":path", "/"]]],
    ["a status that is none", [[":status", "20"]]],
    [
      "two statuses",
      [
        [":status", "200"],
        [":status", "200"],
      ],
    ],
    [
      "a status behind a header",
      [
        ["a", "1"],
        [":status", "200"],
      ],
    ],
    ["a name in upper case", [["A", "1"]]],
    ["an empty name", [["", "1"]]],
    ["a name with a space", [["a b", "1"]]],
    ["a header of HTTP/1", [["connection", "close"]]],
    ["a value of two lines", [["a", "1\r\nb: 2"]]],
    ["a value with a zero", [["a", "\0"]]],
    ["a length that is none", [["content-length", "-1"]]],
    ["too many", Array.from({ length: 257 }, (_, i): Field => [`x-${i}`, ""])],
    ["too large ones", [["a", "v".repeat(HEADER_BYTES - 32)]]],
  ])("headers with %s are malformed", (_, fields) => expect(read(...fields).malformed).toBeTypeOf("string"));
  test("headers of the maximum size are accepted", () => {
    expect(read(["a", "v".repeat(HEADER_BYTES - 33)]).malformed).toBeUndefined();
    expect(read(...Array.from({ length: 256 }, (_, i): Field => [`x-${i}`, ""])).malformed).toBeUndefined();
  });
  test("known blocks are found by their bytes", () => {
    const blocks = new KnownBlocks();
    const once = (value: string) => {
      const bytes = Buffer.concat([Buffer.from("xx"), block(["a", value])]);
      return blocks.read(bytes, 2, bytes.length);
    };
    const first = once("1");
    expect(once("1")).toBe(first);
    expect(once("2").headers).toEqual({ a: "2" });
    for (let i = 0; i < 1_000; i++) expect(once(String(i)).headers).toEqual({ a: String(i) });
    expect(Object.isFrozen(first.headers)).toBe(true);
  });
});

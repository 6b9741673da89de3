// The reader of ProtoJSON: values keep their meaning, and errors name fields without values.
import { toBinary, toJson } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { readJson, readJsonExactly } from "../../../runtime/src/json/read-json.ts";
import { Random } from "../../proofs/corpora/cel-go/random.ts";
import { seedOf } from "../../support/seed/seed.ts";
import { wildTextOf } from "./json-values/cases.ts";
import { ALL, REGISTRY } from "./values.ts";

const STRICT = { registry: REGISTRY, ignoreUnknownFields: false };
const LENIENT = { registry: REGISTRY, ignoreUnknownFields: true };

/** Returns the message as protobuf-es writes it, or the text of the error. */
function outcome(text: string, options = STRICT, read = readJson): unknown {
  try {
    return toJson(ALL, read(ALL, text, options), { registry: REGISTRY });
  } catch (thrown) {
    return String(thrown).replace(/^Error: /, "");
  }
}

test.each([
  ['{"int64":9007199254740993}', { int64: "9007199254740993" }],
  ['{"uint64":18446744073709551615}', { uint64: "18446744073709551615" }],
  ['{"int64List":[9007199254740993, "9007199254740995"]}', { int64List: ["9007199254740993", "9007199254740995"] }],
  ['{"byString":{"a":-9223372036854775808}}', { byString: { a: "-9223372036854775808" } }],
  ['{"int64Values":[9007199254740993]}', { int64Values: ["9007199254740993"] }],
  ['{"int64":"1.0","uint64":"1e2","int32":"1.0e1"}', { int64: "1", uint64: "100", int32: 10 }],
  ['{"float":0.1}', { float: Math.fround(0.1) }],
  ['{"float":"0.1","floatValue":0.1}', { float: Math.fround(0.1), floatValue: Math.fround(0.1) }],
  ['{"float":1.00000017881393432617187501}', { float: 1.0000002384185791 }],
  ['{"float":1.00000017881393432617187500}', { float: 1.0000002384185791 }],
  ['{"float":1.00000017881393432617187499}', { float: 1.0000001192092896 }],
  ['{"time":"2024-02-29T01:00:00+02:00"}', { time: "2024-02-28T23:00:00Z" }],
  [
    '{"any":{"@type":"https://x.example/a/json.v1.All","bool":true}}',
    { any: { "@type": "https://x.example/a/json.v1.All", bool: true } },
  ],
  [
    '{"struct":{"__proto__":1,"$typeName":"json.v1.All"}}',
    {
      struct: Object.fromEntries([
        ["__proto__", 1],
        ["$typeName", "json.v1.All"],
      ]),
    },
  ],
  ['{"bytes":"_-8="}', { bytes: "/+8=" }],
  ['{"child":null,"choosenText":1}', "expected no other names than those of the fields of json.v1.All"],
])("%s is read", (text, expected) => {
  expect(outcome(text)).toEqual(expected);
  expect(outcome(text, STRICT, readJsonExactly)).toEqual(expected);
});

const TIME = "expected a time of RFC 3339 in the years 1 to 9999, such as 2024-02-29T12:00:00Z";
const DURATION = 'expected seconds with up to nine decimals, such as "1.5s", within ±10,000 years';
test.each([
  ['{"time":"2024-02-30T00:00:00Z"}', `time: ${TIME}`],
  ['{"times":["2024-02-29T00:00:00Z","2023-02-29T00:00:00Z"]}', `times[1]: ${TIME}`],
  ['{"duration":"1s "}', `duration: ${DURATION}`],
  ['{"duration":"1.1234567890s"}', `duration: ${DURATION}`],
  ['{"value":1e999}', "value: expected a number that is a double"],
  ['{"struct":{"a":[1,1e999]}}', "struct[…][1]: expected a number that is a double"],
  ['{"double":1e999}', "double: expected a double"],
  ['{"float":3.5e38}', "float: expected a float"],
  ['{"int64":9223372036854775808}', "int64: expected an int64"],
  ['{"int32":1.00000000000000000001}', "int32: expected an int32"],
  ['{"int32":"0x10"}', "int32: expected an int32"],
  ['{"double":"0x10"}', "double: expected a double"],
  ['{"double":" 1"}', "double: expected a double"],
  ['{"int64":""}', "int64: expected an int64"],
  ['{"int64":"\\ufeff1"}', "int64: expected an int64"],
  ['{"byInt32":{"0x10":"a"}}', "byInt32[…]: expected a key of the map's type"],
  ['{"byInt32":{" 1":"a"}}', "byInt32[…]: expected a key of the map's type"],
  ['{"byInt32":{"1":"a","01":"b"}}', "byInt32[…]: expected each key once"],
  ['{"bytes":"Y=Q="}', "bytes: expected a string of base64"],
  ['{"bytes":"YQ==YQ=="}', "bytes: expected a string of base64"],
  ['{"color":"GREEN"}', "color: expected a name or a number of json.v1.Color"],
  ['{"colorList":["COLOR_RED","GREEN"]}', "colorList[1]: expected a name or a number of json.v1.Color"],
  ['{"colors":{"a":"GREEN"}}', "colors[…]: expected a name or a number of json.v1.Color"],
  ['{"children":[{},{"child":{"string":1}}]}', "children[1].child.string: expected a string"],
  ['{"chosenNumber":1,"chosenText":"a"}', "chosenText: expected one field of the oneof choice only"],
  ['{"int64List":[],"int64_list":[]}', "int64List: expected by one of its names, but given by both"],
  ['{"any":{"@type":"a/none.v1.None"}}', "any: expected the URL of a known type as @type"],
  ['{"string":"\\ud800"}', "half a character is written, as \\ud800 alone would be (string at character 11)"],
  ['{"value":"\\ud800"}', "half a character is written, as \\ud800 alone would be (string at character 10)"],
  ['{"int32":1,"int32":2}', "a name is given twice in one object (character 12)"],
  ['{"a":{"b":1,"\\u0062":2}}', "a name is given twice in one object (character 13)"],
  ['{"int32":1', "broken JSON: it ends too early"],
  ['{"int32":secret}', "broken JSON (character 10)"],
  ["null", "expected an object of json.v1.All"],
  ["[]", "expected an object of json.v1.All"],
])("%s is refused by the name of its field, without its value", (text, expected) => {
  expect(outcome(text, LENIENT)).toBe(expected);
});

test("an option leaves out unknown names of enum values", () => {
  const text = '{"color":"GREEN","colorList":["COLOR_RED","GREEN"],"colors":{"a":"GREEN","b":"COLOR_BLUE"}}';
  const options = { ...LENIENT, ignoreUnknownEnums: true };
  expect(outcome(text, options)).toEqual({ colorList: ["COLOR_RED"], colors: { b: "COLOR_BLUE" } });
});

test("an escaped name is not taken for another one (docs/reports/v8-json-keys.md)", () => {
  JSON.parse('{"\\\\":1}');
  expect(outcome('{"struct":{"\\u0041":1}}')).toEqual({ struct: { A: 1 } });
  expect(outcome('{"\\u0073tring":"a"}')).toEqual({ string: "a" });
});

test("deep nesting uses no stack, and is refused", () => {
  const text = `{"value":${'{"a":'.repeat(200_000)}1${"}".repeat(200_000)}}`;
  expect(outcome(text)).toMatch(/: expected at most 100 messages in each other$/);
});

test("strings are searched once", () => {
  const text = `{"stringList":[${Array(100_000).fill('"a"').join()}],"string":"\\n","int64":9007199254740993}`;
  expect(toBinary(ALL, readJson(ALL, text, STRICT)).length).toBeGreaterThan(300_000);
});

/** `PROTOBFF_JSON_TEXTS=1000000 npx vitest run test/features/json` compares that many. */
const TEXTS = Number(process.env.PROTOBFF_JSON_TEXTS ?? 10_000);
const SEED = seedOf();
test(`${TEXTS} random texts are read alike by JSON.parse and by the exact reader (PROTOBFF_SEED=${SEED})`, () => {
  const random = new Random(Number(SEED));
  const written = (text: string, read: typeof readJson): string => {
    try {
      return Buffer.from(toBinary(ALL, read(ALL, text, LENIENT))).toString("base64");
    } catch (thrown) {
      return String(thrown);
    }
  };
  for (let i = 0; i < TEXTS; i++) {
    const text = wildTextOf(random, ALL.fields).toWellFormed();
    const quick = written(text, readJson);
    const exact = written(text, readJsonExactly);
    if (quick !== exact) expect({ text, outcome: quick }).toEqual({ text, outcome: exact });
  }
});

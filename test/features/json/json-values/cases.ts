// Random texts of ProtoJSON for json.v1.All: mostly one field with a value at the edge of some type.
import { type DescField, ScalarType } from "@bufbuild/protobuf";
import type { Random } from "../../../proofs/corpora/cel-go/random.ts";

const EDGES = [
  ..."0 -0 1 -1 01 +1 1. .5 1.0 1.5 1e2 1E+2 1e-2 100e-2 10.0e-1 1e 0x10 1_0 0b1 1e0000002 0.0 0e5 -0.0 00 --1".split(
    " ",
  ),
  ..."2147483647 2147483648 -2147483648 -2147483649 4294967295 4294967296 2147483647.0 2.147483647e9".split(" "),
  ..."9007199254740991 9007199254740993 -9007199254740993 9007199254740993.0 9223372036854775807".split(" "),
  ..."9223372036854775808 -9223372036854775808 -9223372036854775809 18446744073709551615 18446744073709551616".split(
    " ",
  ),
  ..."1.00000000000000000001 0.99999999999999999999 9.223372036854775807e18 922337203685477580.7e1 123456789012345e4".split(
    " ",
  ),
  ..."0.1 16777217 16777219 1.00000017881393432617187499 1.00000017881393432617187500 1.00000017881393432617187501".split(
    " ",
  ),
  ..."3.4028234663852886e38 3.4028235e38 3.4028235677973366e38 3.4028236e38 -3.4028236e38 1e39 7e-46 7.1e-46 1e-45".split(
    " ",
  ),
  ..."1.7976931348623157e308 1.7976931348623159e308 1e999 -1e999 1e-999 5e-324 2e-324 1e308 12345678901234567890123".split(
    " ",
  ),
  ..."NaN Infinity -Infinity nan inf +Infinity INFINITY null true false True TRUE t".split(" "),
  ..."COLOR_RED COLOR_GREEN color_red RED 2 7 NULL_VALUE".split(" "),
  ..."YQ YQ== YQ= YR== YQ==YQ== Y=Q= YWI YWI= YWJj YWJj==== _-8 /+8 _+8 -_-_ a ab!d é=== ====".split(" "),
  ..."2024-02-29T12:00:00Z 2024-02-30T12:00:00Z 2023-02-29T00:00:00Z 2024-04-31T00:00:00Z 2024-13-01T00:00:00Z".split(
    " ",
  ),
  ..."2024-01-01T24:00:00Z 2024-01-01T23:59:60Z 2024-01-01T23:59:59.999999999Z 2024-01-01T00:00:00.1234567890Z".split(
    " ",
  ),
  ..."0001-01-01T00:00:00Z 0000-12-31T23:59:59Z 9999-12-31T23:59:59.999999999Z 0001-01-01T00:00:00+00:01".split(" "),
  ..."9999-12-31T23:59:59-00:01 2024-01-01T00:00:00+23:59 2024-01-01T00:00:00+24:00 2024-01-01T00:00:00-00:00".split(
    " ",
  ),
  ..."2024-01-01T00:00:00+01:60 2024-01-01t00:00:00z 2024-01-01T00:00:00 2024-1-1T0:0:0Z 2024-01-01T00:00:00.Z".split(
    " ",
  ),
  ..."2024-01-01T00:00:00,5Z 12024-01-01T00:00:00Z -001-01-01T00:00:00Z 2024-01-01T00:00Z 1900-02-29T00:00:00Z".split(
    " ",
  ),
  ..."1s -1s 1.5s -1.5s 0s -0s 0.5s -0.5s .5s 1.s 1.123456789s 1.1234567890s 1S +1s 1 s 01s 1.5 1e3s 315576000000s".split(
    " ",
  ),
  ..."315576000001s -315576000000s -315576000001s 315576000000.5s -315576000000.999999999s 9223372036854775808s".split(
    " ",
  ),
  ..."a a.b aB aB.cD a,b a,,b a_b A aBC a1 a.B, ,a é a.*".split(" "),
  ...[
    "",
    " ",
    " 1",
    "1 ",
    "1\n",
    "\t1",
    "1s ",
    " 1s",
    "YQ == ",
    "YQ\n==",
    "a, b",
    " true",
    "2024-01-01 00:00:00Z",
    "\ufeff1",
  ],
  ...["x", "é", "\ud83d\ude00", "\\ud83d\\ude00", "a\\u0000b", "\u2028", "'", "\\/", "\\x41", "\u0001", "\u007f"],
  ...["\\ud800", "\\udc00", "\\ud800\\ud800", "\\ud83dx", "\\uD83D\\n", "\\u12", "\\"],
];
const STRUCTURES = [
  ...["{}", "[]", "[null]", "[1]", '["1"]', '[1,"2"]', "[[1]]", "[{}]", '{"a":1}', '{"a":null}', '{"a":1,"a":2}'],
  ...['{"a":1,"\\u0061":2}', '{"1":1,"01":2}', '{"1":"a"}', '{"01":"a"}', '{"+1":"a"}', '{"1.0":"a"}', '{"-0":"a"}'],
  ...['{"true":"a"}', '{"True":"a"}', '{" 1":"a"}', '{"1e1":"a"}', '{"0x1":"a"}', '{"":"a"}', '{"9007199254740993":1}'],
  ...['{"18446744073709551615":"a"}', '{"18446744073709551616":"a"}', '{"-1":"a"}', '{"2147483648":"a"}'],
  ...['{"__proto__":1}', '{"$typeName":"json.v1.All"}', '{"a":"COLOR_RED"}', '{"a":"COLOR_GREEN"}', '{"a":7}'],
  ...[
    '{"int32":1}',
    '{"unknown":1}',
    '{"int64List":[1]}',
    '{"int64_list":[1],"int64List":[2]}',
    "[1,]",
    "{,}",
    '{"a":}',
  ],
  ...[
    '{"@type":"type.googleapis.com/json.v1.All","int32":1}',
    '{"@type":"json.v1.All"}',
    '{"@type":""}',
    '{"value":1}',
  ],
  ...['{"@type":"https://types.example/x/json.v1.All","string":"a"}', '{"@type":"a/none.v1.None"}', '{"@type":1}'],
  ...[
    '{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1s"}',
    '{"@type":"a/google.protobuf.Duration"}',
  ],
  ...['{"@type":"a/google.protobuf.Value","value":null}', '{"@type":"a/google.protobuf.Value","value":1,"x":2}'],
  ...[
    '{"@type":"a/google.protobuf.Int64Value","value":9007199254740993}',
    '{"@type":"a/google.protobuf.Int64Value","value":null}',
  ],
  ...[
    '{"@type":"a/google.protobuf.Any","value":{"@type":"a/json.v1.All","bool":true}}',
    '{"value":"1s","@type":"a/google.protobuf.Duration"}',
  ],
  ...['{"@type":"a/google.protobuf.Struct","value":{"a":[1e999]}}', '{"@type":"a/google.protobuf.Empty","value":{}}'],
  ...[
    '{"chosenNumber":1,"chosenText":"a"}',
    '{"chosenNumber":null,"chosenText":"a"}',
    '{"chosenNull":null,"chosenText":"a"}',
  ],
  ...[
    '{"chosenNull":null}',
    '{"chosenNull":"NULL_VALUE"}',
    '{"chosenNull":0}',
    '{"chosenValue":null}',
    '{"chosenMessage":null}',
  ],
];
const CHARACTERS = '0123456789.-+eE"\\ [],:{}naTZs_=/u\ud800é\n';

const quoted = (text: string): string => `"${text}"`;

/** Returns a value of JSON, or what is nearly one. */
function value(random: Random): string {
  if (random.chance(0.15)) return random.pick(STRUCTURES);
  if (random.chance(0.1)) return number(random);
  const edge = random.pick(EDGES);
  return random.chance(0.5) ? quoted(edge) : edge;
}

function number(random: Random): string {
  const digits = (most: number): string =>
    Array.from({ length: random.between(1, most + 1) }, () => random.between(0, 10)).join("");
  const text = `${random.chance(0.3) ? "-" : ""}${digits(random.chance(0.5) ? 6 : 22)}`;
  const fraction = random.chance(0.5) ? `.${digits(random.chance(0.5) ? 4 : 25)}` : "";
  const exponent = random.chance(0.3) ? `e${random.pick(["", "-", "+"])}${digits(2)}` : "";
  const all = `${text}${fraction}${exponent}`.replace(/^(-?)0+(?=\d)/, random.chance(0.9) ? "$1" : "$&");
  return random.chance(0.5) ? quoted(all) : all;
}

function mutated(random: Random, text: string): string {
  const at = random.between(0, text.length + 1);
  const with_ = random.chance(0.3) ? "" : random.pick([...CHARACTERS]);
  return text.slice(0, at) + with_ + text.slice(at + random.between(0, 2));
}

/** Returns an entry of a map. Its key or its value is one that every reader takes. */
function entry(random: Random, field: DescField & { readonly fieldKind: "map" }, json: string): string {
  if (random.chance(0.5)) return `{${quoted(field.mapKey === ScalarType.BOOL ? "true" : "1")}:${json}}`;
  const simple = field.mapKind === "message" ? "{}" : field.scalar === ScalarType.STRING ? quoted("a") : "1";
  return `{${quoted(random.pick(EDGES))}:${simple}}`;
}

function member(random: Random, fields: readonly DescField[]): string {
  const field = random.pick(fields);
  const name = random.chance(0.8) ? field.jsonName : field.name;
  const wraps = random.chance(0.7);
  let json = value(random);
  if (random.chance(0.1)) json = mutated(random, json);
  if (field.fieldKind === "list" && wraps) json = `[${json}]`;
  if (field.fieldKind === "map" && wraps) json = entry(random, field, json);
  return `${quoted(name)}:${random.chance(0.1) ? " " : ""}${json}`;
}

/** Returns a text with one edge, so that readers which refuse it refuse the same. */
export function textOf(random: Random, fields: readonly DescField[]): string {
  const text = `{${member(random, fields)}}`;
  return random.chance(0.1) ? `{"child":${text}}` : text;
}

/** Returns a text with several edges, which may be broken. */
export function wildTextOf(random: Random, fields: readonly DescField[]): string {
  const members = Array.from({ length: random.between(1, 4) }, () => member(random, fields));
  const text = `{${members.join(random.chance(0.2) ? ", " : ",")}}`;
  return random.chance(0.2) ? mutated(random, text) : text;
}

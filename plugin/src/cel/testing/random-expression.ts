// For property tests: random well-typed expressions over the message `s`, in the language that we share with
// @bufbuild/cel's interpreter.
import type { GeneratorValue } from "fast-check";
import fc from "fast-check";

type Kind =
  | "bool"
  | "int"
  | "uint"
  | "double"
  | "string"
  | "bytes"
  | "timestamp"
  | "duration"
  | "ints"
  | "strings"
  | "map";

interface Local {
  readonly name: string;
  readonly kind: Kind;
}

const KINDS: readonly Kind[] = [
  "bool",
  "int",
  "uint",
  "double",
  "string",
  "bytes",
  "timestamp",
  "duration",
  "ints",
  "strings",
  "map",
];

/** Paths of each kind. */
const PATHS: Readonly<Record<Kind, readonly string[]>> = {
  bool: ["s.single_bool", "has(s.standalone_message)", "has(s.single_nested_message)", "has(s.single_int32)"],
  int: [
    "s.single_int32",
    "s.single_int64",
    "s.single_sint32",
    "s.single_sfixed64",
    "s.standalone_message.bb",
    "s.single_nested_message.bb",
    "s.standalone_enum",
    "count",
    "size(s.repeated_int32)",
    "size(s.single_string)",
  ],
  uint: ["s.single_uint32", "s.single_uint64", "s.single_fixed32"],
  double: ["s.single_double", "s.single_float"],
  string: ["s.single_string"],
  bytes: ["s.single_bytes"],
  timestamp: ["s.single_timestamp"],
  duration: ["s.single_duration"],
  ints: ["s.repeated_int32", "s.repeated_int64"],
  strings: ["s.repeated_string"],
  map: ["s.map_string_int64"],
};

const LITERALS: Readonly<Record<Kind, readonly string[]>> = {
  bool: ["true", "false"],
  int: ["0", "1", "2", "7", "-1", "-3", "9223372036854775807", "-9223372036854775808", "2147483648"],
  uint: ["0u", "1u", "5u", "4294967296u", "18446744073709551615u"],
  double: ["0.0", "1.0", "-1.5", "2.5", "1e3"],
  string: ["''", "'a'", "'ab'", "'x'", "'12'", "'é'"],
  bytes: ["b''", "b'a'", "b'\\xff'"],
  timestamp: ["timestamp('2020-02-29T23:59:59.5Z')", "timestamp('1969-12-31T23:59:59Z')"],
  duration: ["duration('1h')", "duration('-1.5s')", "duration('0s')"],
  ints: ["[]", "[1]", "[1, 2, 3]", "[0, -1, 7]"],
  strings: ["['a']", "['a', 'b', 'ab']"],
  map: ["{'a': 1}", "{'a': 1, 'b': 2}"],
};

/**
 * Forms of expressions by kind. `{kind}` is a part of that kind, `{kind!}` a part that cannot fail, `{kind:x}` a part
 * that may name the macro's variable x.
 */
const FORMS: Readonly<Record<Kind, readonly string[]>> = {
  bool: [
    "!{bool}",
    "({bool} && {bool})",
    "({bool} || {bool})",
    "({int} < {int})",
    "({int} == {int})",
    "({uint} >= {uint})",
    "({double} > {double})",
    "({double} != {double})",
    "({int} > {double})",
    "({uint} <= {int})",
    "({string} < {string})",
    "({string} == {string})",
    "({bytes} <= {bytes})",
    "({timestamp} < {timestamp})",
    "({duration} == {duration})",
    "({ints} == {ints})",
    "({map} != {map})",
    "({int} in {ints})",
    "({string} in {strings})",
    "({string} in {map})",
    "{string}.contains({string})",
    "{string}.startsWith({string})",
    "{string}.endsWith({string})",
    "{ints}.all(x, {bool:x})",
    "{ints}.exists(x, {bool:x})",
    "{ints}.exists_one(x, {bool:x})",
    "{strings}.exists(y, {bool:y})",
    "{map}.all(y, {bool:y})",
    "bool({string})",
  ],
  int: [
    "({int} + {int})",
    "({int} - {int})",
    "({int} * {int})",
    "({int} / {int})",
    "({int} % {int})",
    "-({int})",
    "int({uint})",
    "int({double})",
    "int(string({int}))",
    "int({timestamp})",
    "size({string})",
    "size({bytes})",
    "size({ints})",
    "size({map})",
    "{ints}[{int}]",
    "{map}[{string}]",
    "{string}.indexOf({string})",
    "{timestamp}.getFullYear()",
    "{timestamp}.getDayOfYear()",
    "{timestamp}.getHours('+02:30')",
    "{duration}.getSeconds()",
  ],
  uint: [
    "({uint} + {uint})",
    "({uint} - {uint})",
    "({uint} * {uint})",
    "({uint} / {uint})",
    "({uint} % {uint})",
    "uint({int})",
  ],
  double: [
    "({double} + {double})",
    "({double} - {double})",
    "({double} * {double})",
    "({double} / {double})",
    "-({double})",
    "double({int})",
    "double({uint})",
  ],
  string: [
    "({string} + {string})",
    "string({int})",
    "string({uint})",
    "string({bool})",
    "string({duration})",
    "string({timestamp})",
    "{string}.upperAscii()",
    "{string}.replace('a', {string})",
    "{string}.substring({int})",
    "{strings}[{int}]",
    "{strings}.join('-')",
  ],
  bytes: ["({bytes} + {bytes})", "bytes({string})"],
  timestamp: ["({timestamp} + {duration})", "({timestamp} - {duration})"],
  duration: ["({duration} + {duration})", "({duration} - {duration})", "({timestamp} - {timestamp})"],
  ints: [
    "({ints} + {ints})",
    "{ints}.map(x, {int:x})",
    "{ints}.filter(x, {bool:x})",
    "{ints}.map(x, {bool:x}, {int:x})",
    "{strings}.map(y, size(y))",
    "[{int!}, {int!}]",
  ],
  strings: [
    "({strings} + {strings})",
    "{ints}.map(x, {string:x})",
    "{map}.map(y, {string:y})",
    "{string}.split(',')",
    "[{string!}]",
  ],
  map: ["{'a': {int!}}", "{'a': {int!}, 'b': {int!}}"],
};

/** Forms that only our language has. */
const OURS: Readonly<Record<Kind, readonly string[]>> = {
  bool: [
    "{ints}.all(x, z, {bool:x})",
    "{strings}.exists(x, y, {bool:y})",
    "{map}.exists(y, x, {bool:x})",
    "sets.contains({ints}, {ints})",
    "sets.intersects({strings}, {strings})",
    "math.isNaN({double})",
    "{map}[?{string}].hasValue()",
    "has(s.?standalone_message.bb)",
    "cel.bind(x, {int}, {bool:x})",
    "(type(dyn({int})) == int)",
    "(dyn({int}) < {int})",
    "(s.single_int64_wrapper == {int})",
    "(s.single_int64_wrapper == null)",
    "({uint} in [{uint!}, 4294967296u])",
    "{string}.matches('^[a-z]+(x|y)?$')",
  ],
  int: [
    "math.greatest({int}, {int})",
    "math.least([{int!}, {int!}])",
    "math.abs({int})",
    "math.bitAnd({int}, {int})",
    "math.bitShiftRight({int}, {int})",
    "{ints}.sum()",
    "{ints}[?{int}].orValue({int})",
    "{map}[?{string}].orValue({int})",
    "{map}.?a.or({map}.?b).orValue({int})",
    "s.?standalone_message.?bb.orValue({int})",
    "s.?single_int64_wrapper.optMap(x, {int:x}).orValue({int})",
    "cel.bind(x, {int}, {int:x})",
    "cel.bind(y, {string}, size(y) + {int:y})",
    "{ints}.first().orValue({int})",
    "int(dyn({int}))",
    "(dyn({int}) + {int})",
  ],
  uint: ["math.greatest({uint}, {uint})", "math.bitNot({uint})", "uint(dyn({uint}))", "(dyn({uint}) * {uint})"],
  double: ["math.ceil({double})", "math.round({double})", "math.sqrt({int})", "math.greatest({double}, {double})"],
  string: [
    "base64.encode({bytes})",
    "{strings}.last().orValue({string})",
    "strings.quote({string})",
    "cel.bind(y, {string}, {string:y})",
  ],
  bytes: ["base64.decode({string})"],
  timestamp: [],
  duration: [],
  ints: [
    "{ints}.take({int})",
    "{ints}.slice({int}, {int})",
    "[{ints}, {ints}].flatten()",
    "{ints}.sort()",
    "{ints}.distinct()",
    "{ints}.reverse()",
    "{ints}.sortBy(x, {int:x})",
    "{strings}.sortBy(y, {string:y}).map(y, size(y))",
    "lists.range(3)",
    "{ints}.transformList(z, x, {int:x})",
    "{ints}.transformList(x, z, {bool:x}, {int:x})",
    "[{int!}, ?{ints}[?{int}]]",
  ],
  strings: ["{map}.transformList(y, x, {string:y})", "{strings}.distinct().sort()"],
  map: [
    "{map}.transformMap(y, x, {int:x})",
    "{map}.transformMap(y, x, {bool:y}, {int:x})",
    "{map}.transformMapEntry(y, x, {y: {int:x}})",
    "{'c': {int!}, ?'a': {map}[?{string}]}",
  ],
};

/** Macros' variables: an int, a string. Numbers distinguish nested ones. */
const LOCALS: Readonly<Record<string, Kind>> = { x: "int", y: "string" };

/** All forms, including those that only our language has. */
export const ALL_FORMS: typeof FORMS = Object.fromEntries(
  KINDS.map((kind) => [kind, [...FORMS[kind], ...OURS[kind]]]),
) as unknown as typeof FORMS;

/** An expression of any kind, at most `depth` forms deep. */
export function randomExpression(g: GeneratorValue, depth: number, forms = FORMS): string {
  return part(g, g(fc.constantFrom, ...KINDS), depth, [], forms);
}

function part(g: GeneratorValue, kind: Kind, depth: number, locals: readonly Local[], forms: typeof FORMS): string {
  const leaves = [
    ...locals.filter((local) => local.kind === kind).map(({ name }) => name),
    ...PATHS[kind],
    ...LITERALS[kind],
  ];
  if (depth <= 0 || g(fc.nat, { max: 5 }) === 0) return g(fc.constantFrom, ...leaves);
  // A condition can make any kind.
  if (g(fc.nat, { max: 9 }) === 0) {
    const [test, yes, no] = [
      part(g, "bool", depth - 1, locals, forms),
      part(g, kind, depth - 1, locals, forms),
      part(g, kind, depth - 1, locals, forms),
    ];
    return `(${test} ? ${yes} : ${no})`;
  }
  const form = g(fc.constantFrom, ...forms[kind]);
  const number = locals.length;
  const named = form.replace(/\b([xyz])\b(?=[,:})])/g, (name: string) => `${name}${number}`);
  return named.replace(/\{([a-z]+)(!)?(?::([xy])\d+)?\}/g, (_: string, inner: Kind, leaf?: string, local?: string) => {
    const more = local === undefined ? [] : [{ name: `${local}${number}`, kind: LOCALS[local] ?? "int" }];
    return part(g, inner, leaf === undefined ? depth - 1 : 0, [...locals, ...more], forms);
  });
}

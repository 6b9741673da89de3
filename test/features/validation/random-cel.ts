// Rules in CEL over values of one type, at random: `cel: { … }` and `cel_expression: "…"`.
import { below, pick, type Random } from "../../bffs/second/random-message.ts";

const SIGNED = ["int32", "int64", "sint32", "sint64", "sfixed32", "sfixed64", "Kind"];
const UNSIGNED = ["uint32", "uint64", "fixed32", "fixed64"];

/** Returns the kind of a type in CEL. */
function celKind(type: string): string {
  if (SIGNED.includes(type)) return "int";
  if (UNSIGNED.includes(type)) return "uint";
  if (type === "float") return "double";
  const wrapped = /^google\.protobuf\.(\w+)Value$/.exec(type)?.[1]?.toLowerCase();
  return wrapped === undefined ? type : celKind(wrapped);
}

const N = "@"; // a small number of the type

const CONDITIONS: Readonly<Record<string, readonly string[]>> = {
  int: [
    `this > ${N}`,
    `this % 2 == ${N}`,
    `this in [${N}, ${N}, 2]`,
    `this != ${N} && this * 3 < 9`,
    "10 / this > 2",
    "this * 9223372036854775807 > 0 || this == 0",
    `this < ${N} ? this > -2 : this == 3`,
    "string(this).size() == 1",
    "double(this) / 2.0 >= 0.5",
    `uint(this) > 1u`,
    "type(this) == int",
    "-this < 2 || this >= 2",
    "dyn(this) == 1.0",
  ],
  uint: [
    `this > ${N}u`,
    "this % 2u == 1u",
    `this in [1u, ${N}u]`,
    "10u / this > 2u",
    "this - 1u < 5u",
    "int(this) < 3",
    "dyn(this) == 1",
  ],
  double: [
    `this > ${N}.0`,
    "this.isNan() || this < 2.5",
    "this.isInf()",
    "!this.isInf(1)",
    "this.isInf(-1) || this == 1.0",
    "int(this) == 1",
  ],
  bool: ["this", "!this", "this == true", "this != (1 < 2)"],
  string: [
    "this.startsWith('a')",
    `this.size() > ${N}`,
    "size(this) < 4 && this.contains('a')",
    "this.matches('^[a-z]+$')",
    "this.isEmail() || this.isHostname()",
    "this.isIp() || this.isIp(4) || this.isIpPrefix(4, true) || this.isIpPrefix(false)",
    "this.isUri() || this.isUriRef()",
    "this.isHostAndPort(false)",
    `this == '' || int(this) > ${N}`,
    "this.lowerAscii() == this",
    "this.charAt(1) == 'b'",
    "this.substring(1) != 'b'",
    "this in ['a', 'abc', '']",
    "this + 'x' < 'b'",
    "this.replace('a', 'b').indexOf('b') != 0",
    "this.split('b')[0] == 'a'",
    "bytes(this).size() > 2",
  ],
  bytes: [
    "this.size() > 2",
    "this == b'ab'",
    "this.contains(b'a')",
    "this.startsWith(b'a') || this.endsWith(b'c')",
    "string(this) == 'a'",
    "this < b'b'",
  ],
  "google.protobuf.Timestamp": [
    "this < now",
    "this > timestamp('2023-11-14T22:13:21Z')",
    "this.getFullYear() == 2023",
    "int(this) % 2 == 0",
    "this + duration('1h') > now",
    "now - this > duration('0s')",
    "this.getSeconds() > 20",
    "string(this).startsWith('2023')",
  ],
  "google.protobuf.Duration": [
    "this <= duration('1s')",
    "this.getSeconds() > 0",
    "this + this < duration('3s')",
    "this != duration('0s')",
    "string(this) == '1s'",
  ],
  Bare: [
    `this.n > ${N}`,
    "this.s != '' || this.n == 0",
    "has(this.bare) && this.bare.n > 0",
    "this.bare.bare.n == 0",
    "this.ns.all(n, n > this.n)",
    "this == val.v1.Bare{n: 1}",
    "size(this.ns) == 0 || this.ns[0] == 1",
    "this.ns.map(n, n * 2).exists(n, n == 2)",
  ],
  Part: ["this.a <= this.b", "!has(this.s) || this.s != ''", "this.bare.n < 2", "has(this.bare) || this.a == 0"],
  message: [
    "this.a < this.b",
    "has(this.s) ? this.s != 'a' : this.a == 0",
    "this.bare.n <= this.a",
    "!has(this.bare) || this.bare.ns.exists_one(n, n == 1)",
    "this.a + this.b > 0 || this.s == ''",
    "this.a / this.b >= 0",
    "this.bare == val.v1.Bare{}",
    "getField(this, 'a') == 1",
    "dyn(this).a > 0 || this.b > 1",
    "now == now && this.a >= 0",
  ],
  list: ["this.size() < 3", "size(this) != 1"],
  map: ["this.size() < 2", "size(this) > 0"],
};
const OVER_ITEMS = [
  "this.all(x, $)",
  "this.exists(x, $)",
  "this.exists_one(x, $)",
  "this.filter(x, $).size() > 0",
  "this.map(x, $).all(y, y)",
  "size(this) == 0 || [this[0]].all(x, $)",
];

const scalars = ["int", "uint", "double", "string", "bytes", "bool"];

function condition(of: string, type: string, random: Random): string {
  const kind = celKind(type);
  if (of === "list") {
    const more = [
      ...(scalars.includes(kind) && type !== "Kind" && !type.startsWith("google.")
        ? ["this.unique()", "this.unique() && this.size() < 4", "this == this"]
        : []),
    ];
    const inner = CONDITIONS[kind];
    if (inner !== undefined && random() < 0.7) {
      const over = filled(pick(random, OVER_ITEMS), random);
      const condition = filled(pick(random, inner), random).replaceAll("this", "x");
      // By a function: a pattern's end, `$'`, has a meaning in a text.
      return over.replace("$", () => condition);
    }
    return pick(random, [...(CONDITIONS.list ?? []), ...more]);
  }
  if (of === "map") {
    const inner = CONDITIONS[kind];
    if (inner !== undefined && random() < 0.7)
      return `this.all(x, ${filled(pick(random, inner), random).replaceAll("this", "x")})`;
    return pick(random, CONDITIONS.map ?? []);
  }
  const conditions = CONDITIONS[of === "message" ? "message" : kind] ?? ["this == this"];
  const term = filled(pick(random, conditions), random);
  if (random() < 0.25) return `(${term}) || (${filled(pick(random, conditions), random)})`;
  return random() < 0.15 ? `!(${term})` : term;
}

function filled(text: string, random: Random): string {
  return text.replaceAll(N, () => String(below(random, 4)));
}

let count = 0;

/** Begins the ids anew, so that a seed always makes the same protos. */
export function restartIds(): void {
  count = 0;
}

/** `of`: "message", a "value", a "list" of a type, or a "map" with keys of a type. */
export function celRules(of: "message" | "value" | "list" | "map", type: string, random: Random): string[] {
  return Array.from({ length: 1 + below(random, 2) }, () => {
    const text = condition(of, type, random);
    const shape = random();
    if (shape < 0.2)
      return of === "message" ? `cel_expression = ${JSON.stringify(text)}` : `cel_expression: ${JSON.stringify(text)}`;
    const id = `id: "own.${++count}"`;
    const message = random() < 0.6 ? ` message: "broken ${count}"` : "";
    const show = scalars.includes(celKind(type)) && of === "value" ? `'not %s'.format([this])` : "'not so'";
    const expression = shape < 0.5 ? `(${text}) ? '' : ${show}` : text;
    const body = `{ ${id}${message} expression: ${JSON.stringify(expression)} }`;
    return of === "message" ? `cel = ${body}` : `cel: ${body}`;
  });
}

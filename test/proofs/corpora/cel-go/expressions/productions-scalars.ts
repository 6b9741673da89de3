import { list, map, scalar } from "../shape.ts";
import type { Typed } from "./typed-expressions.ts";
import { LITERALS, ZONES } from "./vocabulary.ts";

const ARITHMETIC = ["+", "-", "*", "/", "%"];
const PARTS = [
  ...["getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"],
  ...["getHours", "getMinutes", "getSeconds", "getMilliseconds"],
];
const INTS = [
  "f_int32",
  "f_int64",
  "o_int32",
  "f_enum",
  "js_int64",
  "two_a",
  "f_inner.a",
  "rec.rec.f_int32",
  "f_sint32",
];
const STRINGS = ["f_string", "o_string", "class", "to_string", "f_inner.b", "two_b", "r_string[0]", "camelName"];

export function anInt(t: Typed): string {
  const { random } = t;
  const r = random.below(30);
  if (r < 8) return `${t.operand("int")} ${random.pick(ARITHMETIC)} ${t.operand("int")}`;
  if (r === 8) return `-${t.operand("int")}`;
  if (r < 11) return size(t);
  if (r === 11) return `int(${t.of(random.pick(["uint", "double", "string", "ts"]))})`;
  if (r < 14) {
    const from = r === 12 ? "" : `, ${random.pick(["0", "1", "2", "3", "-1"])}`;
    return `${t.operand("string")}.${random.pick(["indexOf", "lastIndexOf"])}(${t.of("string")}${from})`;
  }
  if (r < 17) return `${t.operand("ts")}.${random.pick(PARTS)}(${random.chance(1 / 3) ? "" : random.pick(ZONES)})`;
  if (r < 22) return mathematical(t, r);
  return read(t, r);
}

function size(t: Typed): string {
  const { random } = t;
  const sized = random.pick([scalar("string"), scalar("bytes"), t.listShape(), map(t.key(), scalar("int"))]);
  return random.chance(0.5) ? `size(${t.of(sized)})` : `${t.operand(sized)}.size()`;
}

function mathematical(t: Typed, r: number): string {
  const { random } = t;
  switch (r) {
    case 17:
      return `${t.operand("dur")}.${random.pick(["getHours", "getMinutes", "getSeconds"])}()`;
    case 18:
      return `math.${random.pick(["abs", "sign", "bitNot"])}(${t.of("int")})`;
    case 19:
      return `math.${random.pick(["bitAnd", "bitOr", "bitXor", "greatest", "least"])}(${t.of("int")}, ${t.of("int")})`;
    case 20: {
      const by = random.pick(["0", "1", "31", "63", "64", "-1", t.of("int")]);
      return `math.${random.pick(["bitShiftLeft", "bitShiftRight"])}(${t.of("int")}, ${by})`;
    }
    default:
      return `math.${random.pick(["greatest", "least"])}(${t.of(list(scalar("int")))})`;
  }
}

function read(t: Typed, r: number): string {
  const { random } = t;
  const int = scalar("int");
  switch (r) {
    case 22:
      return `${t.operand("All")}.${random.pick(INTS)}`;
    case 23:
      return `${t.operand("Inner")}.${random.pick(["a", "c", "n.a"])}`;
    case 24:
      return `${t.operand("wint")} + ${t.operand("int")}`;
    case 25:
      return `${t.operand(map(scalar("string"), int))}.${random.pick(["a", "b", "zz"])}`;
    case 26:
      return `math.greatest(${t.of("int")}, ${t.of("int")}, ${t.of("int")})`;
    case 27: {
      const name = t.name();
      return `${t.operand(list(int))}.filter(${name}, ${t.body("bool", { [name]: int })}).size()`;
    }
    case 28:
      return `int(${t.of("string")})`;
    default:
      return `${t.operand(map(scalar("bool"), int))}[${t.of("bool")}]`;
  }
}

export function aUint(t: Typed): string {
  const { random } = t;
  const r = random.below(10);
  if (r < 5) return `${t.operand("uint")} ${random.pick(ARITHMETIC)} ${t.operand("uint")}`;
  if (r === 5) return `uint(${t.of(random.pick(["int", "double", "string"]))})`;
  if (r === 6) return `math.${random.pick(["abs", "sign", "bitNot"])}(${t.of("uint")})`;
  if (r === 7) {
    const fn = random.pick(["bitAnd", "bitOr", "bitXor", "greatest", "least"]);
    return `math.${fn}(${t.of("uint")}, ${t.of("uint")})`;
  }
  if (r === 8) {
    const fn = random.pick(["bitShiftLeft", "bitShiftRight"]);
    return `math.${fn}(${t.of("uint")}, ${random.pick(["0", "1", "63", "64", "-1"])})`;
  }
  return `${t.operand("All")}.${random.pick(["f_uint32", "f_uint64", "o_uint32", "js_uints[0]", "r_uint32[0]"])}`;
}

export function aDouble(t: Typed): string {
  const { random } = t;
  const r = random.below(10);
  if (r < 5) return `${t.operand("double")} ${random.pick(["+", "-", "*", "/"])} ${t.operand("double")}`;
  if (r === 5) return `-${t.operand("double")}`;
  if (r === 6) return `double(${t.of(random.pick(["int", "uint", "string"]))})`;
  if (r === 7) return `math.${random.pick(["ceil", "floor", "round", "trunc", "abs", "sqrt"])}(${t.of("double")})`;
  if (r === 8) return `math.sqrt(${t.of(random.pick(["int", "uint"]))})`;
  return `${t.operand("Inner")}.${random.pick(["x", "md.p", "d[0]"])}`;
}

export function aString(t: Typed): string {
  const { random } = t;
  const r = random.below(22);
  if (r < 4) return `${t.operand("string")} + ${t.operand("string")}`;
  if (r === 4) return `string(${t.of(random.pick(["int", "uint", "bool", "bytes", "string"]))})`;
  if (r < 11) return cut(t, r);
  if (r < 13) return `${t.operand(list(scalar("string")))}.join(${random.pick(["", t.of("string")])})`;
  if (r === 13) return `strings.quote(${t.of("string")})`;
  if (r === 14) return `base64.encode(${t.of("bytes")})`;
  if (r === 15) return formatted(t);
  if (r === 16) return `${t.operand("All")}.${random.pick(STRINGS)}`;
  if (r === 17) {
    return `${t.operand(map(scalar("string"), scalar("string")))}.${random.pick(["a", "b", "zz", "constructor"])}`;
  }
  if (r === 18) {
    const key = random.pick(["string", "int", "uint", "bool"].map(scalar));
    return `${t.operand(map(key, scalar("string")))}[${t.of(key)}]`;
  }
  if (r === 19) {
    const separator = random.pick(LITERALS.string?.slice(0, 6) ?? []);
    return `${t.operand("string")}.split(${separator})[${random.pick(["0", "1"])}]`;
  }
  if (r === 20) return `string(${t.of(random.pick(["ts", "dur"]))}).substring(0, 1)`;
  return `string(${t.of("bytes")})`;
}

function cut(t: Typed, r: number): string {
  const { random } = t;
  const of = t.operand("string");
  const position = () => random.pick(["0", "1", "2", "-1", t.of("int")]);
  switch (r) {
    case 5:
      return `${of}.substring(${position()})`;
    case 6:
      return `${of}.substring(${random.pick(["0", "1", "2"])}, ${random.pick(["1", "2", "3", t.of("int")])})`;
    case 7:
      return `${of}.charAt(${position()})`;
    case 8:
      return `${of}.${random.pick(["lowerAscii", "upperAscii", "trim", "reverse"])}()`;
    case 9:
      return `${of}.replace(${random.pick(LITERALS.string ?? [])}, ${t.of("string")})`;
    default:
      return `${of}.replace(${t.of("string")}, ${t.of("string")}, ${position()})`;
  }
}

function formatted(t: Typed): string {
  const { random } = t;
  const text = random.pick(["%s", "%d", "%x", "%X", "%b", "%o", "%s-%s", "%%%s"]);
  const types = text.includes("s") ? ["int", "uint", "string", "bool"] : ["int", "uint"];
  const count = text.replace("%%", "").split("%").length - 1;
  return `'${text}'.format([${Array.from({ length: count }, () => t.of(random.pick(types))).join(", ")}])`;
}

export function bytes(t: Typed): string {
  const { random } = t;
  const r = random.below(5);
  if (r < 2) return `${t.operand("bytes")} + ${t.operand("bytes")}`;
  if (r === 2) return `bytes(${t.of("string")})`;
  if (r === 3) return `base64.decode('${random.pick(["YQ==", "YQ", "", "//4=", "aGVsbG8", "!"])}')`;
  return `base64.decode(base64.encode(${t.of("bytes")}))`;
}

export function aTimestamp(t: Typed): string {
  const { random } = t;
  const r = random.below(6);
  if (r < 2) return `${t.operand("ts")} ${random.pick(["+", "-"])} ${t.operand("dur")}`;
  if (r === 2) return `${t.operand("dur")} + ${t.operand("ts")}`;
  if (r === 3) return `timestamp(${t.of("int")})`;
  if (r === 4) return `timestamp(string(${t.of("ts")}))`;
  return `${t.operand("All")}.g_timestamp`;
}

export function aDuration(t: Typed): string {
  const { random } = t;
  const r = random.below(5);
  if (r < 2) return `${t.operand("dur")} ${random.pick(["+", "-"])} ${t.operand("dur")}`;
  if (r === 2) return `${t.operand("ts")} - ${t.operand("ts")}`;
  if (r === 3) return `duration(string(${t.of("int")}) + '${random.pick(["s", "ms", "h", "ns", "m", "us", "x"])}')`;
  return `${t.operand("All")}.g_duration`;
}

import { list, map, opt, scalar } from "../shape.ts";
import type { Typed } from "./typed-expressions.ts";
import { PATTERNS, PRESENT } from "./vocabulary.ts";

const ORDERS = ["<", "<=", ">", ">="];
const QUANTIFIERS = ["all", "exists", "exists_one"];
const PAIRWISE = ["all", "exists", "existsOne"];
const NUMBERS = ["int", "uint", "double"];
const TYPES = [
  ...["int", "uint", "double", "string", "list", "map", "bool", "bytes", "null_type", "type", "Inner"],
  "google.protobuf.Timestamp",
];

export function aBool(t: Typed): string {
  const { random } = t;
  const r = random.below(40);
  if (r < 5) return `${t.operand("bool")} ${random.pick(["&&", "||"])} ${t.operand("bool")}`;
  if (r === 5) return `!${t.operand("bool")}`;
  if (r < 19) return comparison(t, r);
  if (r < 26) return overElements(t, r);
  if (r < 28) return `${t.operand("string")}.${random.pick(["contains", "startsWith", "endsWith"])}(${t.of("string")})`;
  if (r === 28) return `${t.operand("string")}.matches(${random.chance(0.8) ? random.pick(PATTERNS) : t.of("string")})`;
  if (r < 31) return presence(t);
  return ofTypes(t, r);
}

function comparison(t: Typed, r: number): string {
  const { random } = t;
  if (r < 11) {
    const shape = t.anyShape(1);
    return `${t.operand(shape)} ${random.pick(["==", "!="])} ${t.operand(shape)}`;
  }
  if (r < 14) {
    const shape = t.scalar();
    return `${t.operand(shape)} ${random.pick(ORDERS)} ${t.operand(shape)}`;
  }
  if (r < 16) return `${t.operand(random.pick(NUMBERS))} ${random.pick(ORDERS)} ${t.operand(random.pick(NUMBERS))}`;
  if (r === 16) return `dyn(${t.of(t.anyShape(1))}) == dyn(${t.of(t.anyShape(1))})`;
  const element = t.element();
  return `${t.operand(element)} in ${t.operand(list(element))}`;
}

function overElements(t: Typed, r: number): string {
  const { random } = t;
  if (r === 19) {
    const key = t.key();
    return `${t.operand(key)} in ${t.operand(map(key, t.scalar()))}`;
  }
  const [first, second] = t.names();
  if (r < 23) {
    const from = t.listShape();
    return `${t.operand(from)}.${random.pick(QUANTIFIERS)}(${first}, ${t.body("bool", { [first]: from.of })})`;
  }
  const key = t.key();
  const value = t.scalar();
  if (r === 23) {
    return `${t.operand(map(key, value))}.${random.pick(QUANTIFIERS)}(${first}, ${t.body("bool", { [first]: key })})`;
  }
  const from = t.listShape();
  const locals = r === 24 ? { [first]: key, [second]: value } : { [first]: scalar("int"), [second]: from.of };
  const range = t.operand(r === 24 ? map(key, value) : from);
  return `${range}.${random.pick(PAIRWISE)}(${first}, ${second}, ${t.body("bool", locals)})`;
}

function presence(t: Typed): string {
  const { random } = t;
  const r = random.below(5);
  if (r < 2) return `has(${t.operand("All")}.${random.pick(PRESENT)})`;
  if (r === 2) return `has(${t.operand("Inner")}.${random.pick(["a", "b", "c", "d", "n", "x", "any", "md"])})`;
  if (r === 3) {
    const keys = ["a", "b", "zz", "constructor", "toString"];
    return `has(${t.operand(map(scalar("string"), t.scalar()))}.${random.pick(keys)})`;
  }
  return `has(${t.operand("dyn")}.${random.pick(["a", "f_int32", "zz"])})`;
}

function ofTypes(t: Typed, r: number): string {
  const { random } = t;
  switch (r) {
    case 31: {
      const from = t.listShape();
      return `sets.${random.pick(["contains", "equivalent", "intersects"])}(${t.of(from)}, ${t.of(from)})`;
    }
    case 32:
      return `math.${random.pick(["isNaN", "isInf", "isFinite"])}(${t.of("double")})`;
    case 33:
      return `${t.operand(opt(t.scalar()))}.hasValue()`;
    case 34:
      return `bool(${t.of("string")})`;
    case 35:
      return `type(${t.of(t.anyShape(1))}) == type(${t.of(t.anyShape(1))})`;
    case 36:
      return `${t.operand("wint")} == ${random.pick(["null", t.of("int"), t.of("wint")])}`;
    case 37:
      return `type(${t.of(t.anyShape(1))}) == ${random.pick(TYPES)}`;
    case 38:
      return `${t.operand("dyn")} == ${random.pick(["null", "1", "1.0", "1u", t.of(t.scalar())])}`;
    default:
      return `${t.operand("dyn")} ${random.pick(["<", "=="])} ${t.operand(t.scalar())}`;
  }
}

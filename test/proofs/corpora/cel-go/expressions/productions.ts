// Creates a random expression of each type.

import { list, map, opt, type Shape, scalar, shapeOf } from "../shape.ts";
import { aBool } from "./productions-bool.ts";
import { aDouble, aDuration, anInt, aString, aTimestamp, aUint, bytes } from "./productions-scalars.ts";
import type { Typed } from "./typed-expressions.ts";
import { ALL_FIELDS, INNER_FIELDS } from "./vocabulary.ts";

/** Makes an expression of the shape. */
export type Production = (typed: Typed, shape: Shape) => string;

export const PRODUCTIONS: Readonly<Record<string, Production>> = {
  bool: aBool,
  int: anInt,
  uint: aUint,
  double: aDouble,
  string: aString,
  bytes,
  ts: aTimestamp,
  dur: aDuration,
  list: aList,
  map: aMap,
  opt: anOptional,
  Inner: (t) => inner(t),
  All: (t) => (t.random.chance(0.8) ? message(t, "All", ALL_FIELDS) : `${t.operand("All")}.rec`),
  dyn: (t) => dyn(t),
  wint: (t) => `${t.operand("All")}.${t.random.pick(["w_int64", "w_int32", "on_int64value", "rw_int64[0]"])}`,
};

function times(count: number, make: () => string): string {
  return Array.from({ length: count }, make).join(", ");
}

function aList(t: Typed, shape: Shape): string {
  if (shape.kind !== "list") throw new Error("not a list");
  const { of } = shape;
  const { random } = t;
  const r = random.below(24);
  if (r < 4) return `[${times(random.pick([1, 2, 3]), () => t.of(of))}]`;
  if (r === 4) {
    const optional = () => of.kind !== "opt" && random.chance(0.5);
    return `[${times(2, () => (optional() ? `?${t.operand(opt(of))}` : t.of(of)))}]`;
  }
  if (r < 7) return `${t.operand(shape)} + ${t.operand(shape)}`;
  if (r < 10) {
    const name = t.name();
    return `${t.operand(shape)}.filter(${name}, ${t.body("bool", { [name]: of })})`;
  }
  if (r < 15) return transformed(t, of, r);
  if (r < 18)
    return (
      t.operand(shape) +
      [`.slice(${random.pick(["0", "1", "-1"])}, ${random.pick(["0", "1", "2"])})`, ".reverse()", ".distinct()"][r - 15]
    );
  return special(t, shape, r) ?? `[${times(random.below(3), () => t.of(of))}]`;
}

function transformed(t: Typed, of: Shape, r: number): string {
  const from = t.listShape();
  const [first, second] = t.names();
  const range = t.operand(from);
  if (r < 13) return `${range}.map(${first}, ${t.body(of, { [first]: from.of })})`;
  if (r === 13) {
    const locals = { [first]: from.of };
    return `${range}.map(${first}, ${t.body("bool", locals)}, ${t.body(of, locals)})`;
  }
  const locals = { [first]: scalar("int"), [second]: from.of };
  return `${range}.transformList(${first}, ${second}, ${t.body(of, locals)})`;
}

/** Returns an expression that only some lists allow. */
function special(t: Typed, shape: Shape & { readonly kind: "list" }, r: number): string | undefined {
  const { of } = shape;
  const { random } = t;
  if (r === 18 && of.name !== "dyn" && of.kind !== "list") return `${t.operand(list(shape))}.flatten()`;
  if (r === 19 && of.kind === "scalar" && !["dyn", "Inner", "All", "wint"].includes(of.name)) {
    return `${t.operand(shape)}.sort()`;
  }
  if (r === 20 && of.name !== "dyn") {
    const name = t.name();
    return `${t.operand(shape)}.sortBy(${name}, ${t.body(random.pick(["int", "string", "uint"]), { [name]: of })})`;
  }
  if (r === 21 && of.kind !== "opt") {
    const optionals = t.operand(list(opt(of)));
    return random.chance(0.5) ? `optional.unwrap(${optionals})` : `${optionals}.unwrapOpt()`;
  }
  if (r === 22 && of.name === "string") {
    return `${t.operand("string")}.split(${t.of("string")}${random.pick(["", ", 0", ", 1", ", 2", ", -1"])})`;
  }
  if (r === 23 && of.name === "int") {
    return `lists.range(${random.pick(["0", "3", "-1", `size(${t.of("string")})`])})`;
  }
  return undefined;
}

function aMap(t: Typed, shape: Shape): string {
  if (shape.kind !== "map") throw new Error("not a map");
  const { key, of } = shape;
  const { random } = t;
  const r = random.below(10);
  if (r === 4 && of.kind !== "opt") return `{?${t.of(key)}: ${t.of(opt(of))}}`;
  if (r < 5 || r === 9) return `{${times(random.pick([1, 1, 2]), () => `${t.of(key)}: ${t.of(of)}`)}}`;
  const [first, second] = t.names();
  if (r < 7) {
    const from = t.scalar();
    const locals = { [first]: key, [second]: from };
    return `${t.operand(map(key, from))}.transformMap(${first}, ${second}, ${t.body(of, locals)})`;
  }
  const from = t.listShape();
  const locals = { [first]: scalar("int"), [second]: from.of };
  if (r === 8 && key.name === "int") {
    return `${t.operand(from)}.transformMap(${first}, ${second}, ${t.body("bool", locals)}, ${t.body(of, locals)})`;
  }
  const entry = `{${t.body(key, locals)}: ${t.body(of, locals)}}`;
  return `${t.operand(from)}.transformMapEntry(${first}, ${second}, ${entry})`;
}

function anOptional(t: Typed, shape: Shape): string {
  if (shape.kind !== "opt") throw new Error("not an optional");
  const { of } = shape;
  const { random } = t;
  const r = random.below(12);
  const flat = of.kind !== "opt";
  if (r === 2) return "optional.none()";
  if (r === 3 && flat && of.name !== "dyn") return `optional.ofNonZeroValue(${t.of(of)})`;
  if (r === 4) return `${t.operand(shape)}.or(${t.of(shape)})`;
  if (r >= 5 && r < 8) {
    const from = t.scalar();
    const name = t.name();
    const [macro, to] = r < 7 ? (["optMap", of] as const) : (["optFlatMap", shape] as const);
    return `${t.operand(opt(from))}.${macro}(${name}, ${t.body(to, { [name]: from })})`;
  }
  if (r === 8 && flat) return `${t.operand(list(of))}[?${random.pick(["0", "1", "5", "-1"])}]`;
  if (r === 9 && flat) {
    const key = t.key();
    return `${t.operand(map(key, of))}[?${t.of(key)}]`;
  }
  if (r === 10 && of.name === "int") {
    const fields = [
      "f_int32",
      "o_int32",
      "f_inner.a",
      "f_inner.?c",
      "rec.rec.f_int32",
      "two_a",
      "f_enum",
      "r_int32[0]",
    ];
    return `${t.operand("All")}.?${random.pick([...fields, "mv_int64.a", "js_int64"])}`;
  }
  if (r === 11 && of.name === "string") {
    return `${t.operand(map(of, of))}.?${random.pick(["a", "zz", "toString"])}`;
  }
  return `optional.of(${t.of(of)})`;
}

function message(t: Typed, name: string, fields: Readonly<Record<string, string>>): string {
  const { random } = t;
  const oneofs = new Set<string>();
  const chosen = random.some(Object.keys(fields), random.pick([0, 1, 1, 2, 3])).filter((field) => {
    const oneof = /^(on|two)_/.exec(field)?.[1];
    if (oneof === undefined) return true;
    if (oneofs.has(oneof)) return false;
    oneofs.add(oneof);
    return true;
  });
  return `${name}{${chosen.map((field) => member(t, field, fields[field]!)).join(", ")}}`;
}

function member(t: Typed, field: string, of: string): string {
  const { random } = t;
  if (of === "enum") {
    return `${field}: ${field.startsWith("r_") ? "[E.E_ONE, E.E_NEG]" : random.pick(["E.E_TWO", "E.E_MAX", "m.f_enum"])}`;
  }
  const shape = shapeOf(of);
  return random.chance(0.12) ? `?${field}: ${t.of(opt(shape))}` : `${field}: ${t.of(shape)}`;
}

function inner(t: Typed): string {
  const r = t.random.below(6);
  if (r < 4) return message(t, "Inner", INNER_FIELDS);
  return r === 4 ? `${t.operand("All")}.f_inner` : `${t.operand("Inner")}.n`;
}

const HELD = ["a", "b", "f_int32", "f_inner", "mk_string", "w_int64", "g_any", "r_uint32"];
const HOLDERS = ["g_value", "g_any", "on_value", "on_any", "rg_any[0]", "rg_value[0]", "g_struct.a"];

function dyn(t: Typed): string {
  const { random } = t;
  const r = random.below(9);
  if (r < 3) return `dyn(${t.of(t.anyShape(1))})`;
  if (r === 3) return `${t.operand("dyn")} ${random.pick(["+", "-", "*", "/", "%"])} ${t.operand("dyn")}`;
  if (r === 4) return `${t.operand("dyn")}.${random.pick(HELD)}`;
  if (r === 5) return `${t.operand("dyn")}[${t.of(random.pick(["int", "string", "uint", "dyn"]))}]`;
  if (r === 6) return `${t.operand(list(scalar("dyn")))}[0]`;
  if (r === 7) return `${t.operand("All")}.${random.pick(HOLDERS)}`;
  return `[${t.of(t.scalar())}, ${t.of(t.scalar())}, dyn(1)][${random.pick(["0", "1"])}]`;
}

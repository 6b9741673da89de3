// Assignability of types, which binds type parameters: a port of cel-go's checker/types.go, so that the resulting types
// are equal.
import type { CelType } from "./type.ts";

type Param = CelType & { readonly kind: "param" };
type Bindings = Map<string, CelType>;

const DYN: CelType = { kind: "dyn" };
const INT: CelType = { kind: "int" };

/** The type variables of one expression. */
export class TypeVariables {
  #bindings: Bindings = new Map();
  #count = 0;

  fresh(): Param {
    return { kind: "param", name: `_var${this.#count++}` };
  }

  /** Returns a signature's types with fresh type variables for its parameters. */
  instance(types: readonly CelType[]): readonly CelType[] {
    const bindings: Bindings = new Map();
    const replaced = (type: CelType): CelType => {
      if (type.kind !== "param") return mapParts(type, replaced);
      const known = bindings.get(type.name) ?? this.fresh();
      bindings.set(type.name, known);
      return known;
    };
    return types.map(replaced);
  }

  /** Returns a type as far as it is known now. With `final`, open types are dyn. */
  resolve(type: CelType, final = false): CelType {
    if (type.kind === "param") {
      const bound = this.#bindings.get(type.name);
      if (bound !== undefined) return this.resolve(bound, final);
      return final ? DYN : type;
    }
    return mapParts(type, (part) => this.resolve(part, final));
  }

  /** Returns true if the two types can agree, and stores the bindings that this needs. */
  assignable(a: CelType, b: CelType): boolean {
    return this.allAssignable([a], [b]);
  }

  allAssignable(all: readonly CelType[], expected: readonly CelType[]): boolean {
    const bindings: Bindings = new Map(this.#bindings);
    if (!fitAll(bindings, all, expected)) return false;
    this.#bindings = bindings;
    return true;
  }

  /** Returns the common type of two elements of a literal. Undefined if it would only be dyn. */
  join(a: CelType, b: CelType): CelType | undefined {
    return this.assignable(a, b) ? general(this.resolve(a), this.resolve(b)) : undefined;
  }
}

/**
 * Returns the type that contains the values of two types that agree. cel-go would take one of the two, and the wrong
 * one for wrappers and null.
 */
function general(a: CelType, b: CelType): CelType {
  if (a.kind === "null") return orNull(b);
  if (b.kind === "null") return orNull(a);
  if (a.kind === "int" && b.kind === "int") return a.enum?.typeName === b.enum?.typeName ? a : INT;
  if (a.kind === "message" && b.kind === "message") return b.nullable ? b : a;
  if (a.kind === "list" && b.kind === "list") return { kind: "list", element: general(a.element, b.element) };
  if (a.kind === "map" && b.kind === "map") {
    return { kind: "map", key: general(a.key, b.key), value: general(a.value, b.value) };
  }
  if (a.kind === "optional" && b.kind === "optional") return { kind: "optional", of: general(a.of, b.of) };
  if (a.kind === "wrapper" && b.kind !== "dyn") return a;
  if (b.kind === "wrapper" && a.kind !== "dyn") return b;
  return isLessSpecific(a, b) ? a : b;
}

/** Returns true if null meets an optional in two types, at any depth of them. cel-go takes them as one type. */
export function nullMeetsOptional(a: CelType, b: CelType): boolean {
  if (a.kind === "null" || b.kind === "null") return a.kind === "optional" || b.kind === "optional";
  if (a.kind !== b.kind) return false;
  const others = partsOf(b);
  return partsOf(a).some((part, index) => nullMeetsOptional(part, others[index] ?? DYN));
}

/** Returns the type with null among its values. */
export function orNull(type: CelType): CelType {
  return type.kind === "message" ? { ...type, nullable: true } : type;
}

/** Returns true if two types agree at any depth. A wrapper counts as its scalar. */
function fits(bindings: Bindings, a: CelType, b: CelType): boolean {
  if (b.kind === "param") {
    const found = substitution(bindings, a, b);
    if (found === "fits") return true;
    if (found === "refused") return false;
  }
  if (a.kind === "param") return substitution(bindings, b, a) === "fits";
  if (a.kind === "struct" || b.kind === "struct") return false;
  if (a.kind === "dyn" || b.kind === "dyn") return true;
  if (a.kind === "null") return isNullable(b);
  if (b.kind === "null") return isNullable(a);
  const left = plain(a);
  const right = plain(b);
  switch (left.kind) {
    case "list":
      return right.kind === "list" && fits(bindings, left.element, right.element);
    case "map":
      return right.kind === "map" && fitAll(bindings, [left.key, left.value], [right.key, right.value]);
    case "optional":
      return right.kind === "optional" && fits(bindings, left.of, right.of);
    case "opaque":
      return right.kind === "opaque" && left.name === right.name && fitAll(bindings, left.params, right.params);
    case "type":
      return right.kind === "type";
    default:
      return isExact(left, right);
  }
}

function fitAll(bindings: Bindings, all: readonly CelType[], expected: readonly CelType[]): boolean {
  return (
    all.length === expected.length &&
    all.every((type, index) => {
      const other = expected[index];
      return other !== undefined && fits(bindings, type, other);
    })
  );
}

/** Binds `param` to `type`, if possible. "refused": the parameter is already bound to another type. */
function substitution(bindings: Bindings, type: CelType, param: Param): "fits" | "refused" | "no" {
  if (type.kind === "param" && type.name === param.name) return "fits";
  const known = bindings.get(param.name);
  if (known === undefined) {
    if (mentions(bindings, param, type)) return "no";
    bindings.set(param.name, type);
    return "fits";
  }
  if (isExact(plain(type), plain(known))) {
    const both = general(known, type);
    if (!mentions(bindings, param, both)) bindings.set(param.name, both);
    return "fits";
  }
  if (!fits(bindings, type, known)) return "refused";
  // cel-go would bind null from the first of two types, and lose the other type.
  const nulls = type.kind === "null" || known.kind === "null";
  const found = known.kind === "null" || isLessSpecific(type, known) ? type : known;
  if (!mentions(bindings, param, found)) bindings.set(param.name, nulls ? orNull(found) : found);
  return "fits";
}

/** Returns the first of two types that are the same except for enums. It keeps only enums that both have. */
export function commonEnums(a: CelType, b: CelType): CelType {
  if (a.kind === "int" && b.kind === "int") return a.enum?.typeName === b.enum?.typeName ? a : INT;
  const others = partsOf(plain(b));
  const kept = partsOf(a).map((part, i) => commonEnums(part, others[i] ?? part));
  return mapParts(a, () => kept.shift() ?? DYN);
}

/** Returns true if the variable is the type or a part of it. */
function mentions(bindings: Bindings, param: Param, type: CelType): boolean {
  if (type.kind === "param") {
    if (type.name === param.name) return true;
    const bound = bindings.get(type.name);
    return bound !== undefined && mentions(bindings, param, bound);
  }
  return partsOf(type).some((part) => mentions(bindings, param, part));
}

/** Returns true if `a` is at most as specific as `b`. */
function isLessSpecific(a: CelType, b: CelType): boolean {
  if (a.kind === "dyn" || a.kind === "param") return true;
  if (b.kind === "dyn" || b.kind === "param") return false;
  const left = plain(a);
  const right = plain(b);
  if (left.kind === "type") return right.kind === "type";
  const parts = partsOf(left);
  if (parts.length === 0) return isExact(left, right);
  const others = partsOf(right);
  const alike = left.kind === right.kind && parts.length === others.length;
  if (!alike || (left.kind === "opaque" && right.kind === "opaque" && left.name !== right.name)) return false;
  return parts.every((part, index) => {
    const other = others[index];
    return other !== undefined && isLessSpecific(part, other);
  });
}

function isExact(a: CelType, b: CelType): boolean {
  if (a.kind === "wrapper" || b.kind === "wrapper") return isExact(plain(a), plain(b));
  if (a.kind !== b.kind) return false;
  if (a.kind === "message" && b.kind === "message") return a.desc.typeName === b.desc.typeName;
  if (a.kind === "param" && b.kind === "param") return a.name === b.name;
  if (a.kind === "opaque" && b.kind === "opaque" && a.name !== b.name) return false;
  if (a.kind === "struct") return a === b;
  const parts = partsOf(a);
  const others = partsOf(b);
  return (
    parts.length === others.length &&
    parts.every((part, index) => {
      const other = others[index];
      return other !== undefined && isExact(part, other);
    })
  );
}

/** Returns true for exactly the same type, except that a wrapper equals its scalar. */
export function isExactType(a: CelType, b: CelType): boolean {
  return isExact(a, b);
}

function plain(type: CelType): CelType {
  return type.kind === "wrapper" ? type.of : type;
}

const NULLABLE: ReadonlySet<CelType["kind"]> = new Set(["message", "wrapper", "optional", "opaque", "null"]);

function isNullable(type: CelType): boolean {
  return NULLABLE.has(type.kind);
}

/** Returns the types in a type, without those in wrappers. */
function partsOf(type: CelType): readonly CelType[] {
  switch (type.kind) {
    case "list":
      return [type.element];
    case "map":
      return [type.key, type.value];
    case "optional":
    case "type":
      return [type.of];
    case "opaque":
      return type.params;
    default:
      return [];
  }
}

function mapParts(type: CelType, change: (part: CelType) => CelType): CelType {
  switch (type.kind) {
    case "list":
      return { kind: "list", element: change(type.element) };
    case "map":
      return { kind: "map", key: change(type.key), value: change(type.value) };
    case "optional":
    case "type":
      return { kind: type.kind, of: change(type.of) };
    case "opaque":
      return { ...type, params: type.params.map(change) };
    default:
      return type;
  }
}

/** The type of a random expression. Each is one object, so that `===` compares. */
export type Shape =
  | { readonly name: string; readonly kind: "scalar" }
  | { readonly name: string; readonly kind: "list"; readonly of: Shape }
  | { readonly name: string; readonly kind: "map"; readonly key: Shape; readonly of: Shape }
  | { readonly name: string; readonly kind: "opt"; readonly of: Shape };

const known = new Map<string, Shape>();

function intern<S extends Shape>(shape: S): S {
  const before = known.get(shape.name);
  if (before !== undefined) return before as S;
  known.set(shape.name, shape);
  return shape;
}

/** A scalar, a message ("Inner", "All"), "dyn", or "wint", an Int64Value. */
export function scalar(name: string): Shape {
  return intern({ name, kind: "scalar" });
}

export function list(of: Shape): Shape & { readonly kind: "list" } {
  return intern({ name: `list(${of.name})`, kind: "list", of });
}

export function map(key: Shape, of: Shape): Shape & { readonly kind: "map" } {
  return intern({ name: `map(${key.name},${of.name})`, kind: "map", key, of });
}

export function opt(of: Shape): Shape & { readonly kind: "opt" } {
  return intern({ name: `opt(${of.name})`, kind: "opt", of });
}

/** The shape of a name as `Shape.name` has it. */
export function shapeOf(name: string): Shape {
  const [, outer, inner = ""] = /^(list|map|opt)\((.*)\)$/.exec(name) ?? [];
  if (outer === undefined) return scalar(name);
  if (outer === "list") return list(shapeOf(inner));
  if (outer === "opt") return opt(shapeOf(inner));
  const comma = inner.indexOf(",");
  return map(scalar(inner.slice(0, comma)), shapeOf(inner.slice(comma + 1)));
}

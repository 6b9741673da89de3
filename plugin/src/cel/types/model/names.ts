import type { DescEnum, DescEnumValue, DescExtension, Registry } from "@bufbuild/protobuf";
import { messageType } from "./field-type.ts";
import type { CelType, Scope, Variable } from "./type.ts";

const TYPES: ReadonlyMap<string, CelType> = new Map<string, CelType>([
  ...(["bool", "int", "uint", "double", "string", "bytes"] as const).map((kind) => [kind, { kind }] as const),
  ["null_type", { kind: "null" }],
  ["list", { kind: "list", element: { kind: "dyn" } }],
  ["map", { kind: "map", key: { kind: "dyn" }, value: { kind: "dyn" } }],
  ["type", { kind: "type", of: { kind: "dyn" } }],
  ["optional_type", { kind: "optional", of: { kind: "dyn" } }],
]);

type Named =
  | { readonly kind: "variable"; readonly variable: Variable }
  | { readonly kind: "type"; readonly type: CelType }
  | { readonly kind: "enum"; readonly desc: DescEnum; readonly value: DescEnumValue };

/** Returns the full names that a name may mean in a package, nearest first (CEL spec, "Name Resolution"). */
export function candidates(name: string, container: string): string[] {
  if (name.startsWith(".")) return [name.slice(1)];
  const found: string[] = [];
  for (let scope = container; scope !== ""; scope = scope.slice(0, Math.max(0, scope.lastIndexOf("."))))
    found.push(`${scope}.${name}`);
  return [...found, name];
}

/** Returns the meaning of a name, dotted or not: the nearest of a variable, a type, or a value of an enum. */
export function resolveName(name: string, scope: Scope, registry: Registry): Named | undefined {
  // A step `Item` hides the message `Item`, as a local name does: types alone are rarely values.
  if (!name.includes("."))
    for (const full of candidates(name, scope.container)) {
      const variable = scope.lookup(full);
      if (variable !== undefined) return { kind: "variable", variable };
    }
  for (const full of candidates(name, scope.container)) {
    const variable = scope.lookup(full);
    if (variable !== undefined) return { kind: "variable", variable };
    const message = registry.getMessage(full);
    if (message !== undefined) return { kind: "type", type: messageType(message).type };
    const dot = full.lastIndexOf(".");
    const desc = dot === -1 ? undefined : registry.getEnum(full.slice(0, dot));
    const value = desc?.values.find((candidate) => candidate.name === full.slice(dot + 1));
    if (desc !== undefined && value !== undefined) return { kind: "enum", desc, value };
  }
  const type = TYPES.get(name.replace(/^\./, ""));
  return type && { kind: "type", type };
}

/** Returns the full name of the only enum value that ends in `name`, such as `Kind.BOOK` or `BOOK`. */
export function valueEndingIn(name: string, registry: Registry): string | undefined {
  const last = name.slice(name.lastIndexOf(".") + 1);
  const found: string[] = [];
  for (const desc of registry) {
    if (desc.kind !== "enum" || !desc.values.some((value) => value.name === last)) continue;
    const full = `${desc.typeName}.${last}`;
    if (full.endsWith(`.${name}`)) found.push(full);
  }
  return found.length === 1 ? found[0] : undefined;
}

/** Returns the extension of that name. */
export function resolveExtension(name: string, container: string, registry: Registry): DescExtension | undefined {
  for (const full of candidates(name, container)) {
    const desc = registry.getExtension(full);
    if (desc !== undefined) return desc;
  }
  return undefined;
}

/** Returns the enum that `name` means in a package. */
export function resolveEnum(name: string, container: string, registry: Registry): DescEnum | undefined {
  for (const full of candidates(name, container)) {
    const desc = registry.getEnum(full);
    if (desc !== undefined) return desc;
  }
  return undefined;
}

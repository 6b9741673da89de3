// Map literals as protobuf-es has maps.

import type { Form } from "../../types/forms/form.ts";
import { protoRange } from "../../types/forms/range.ts";
import type { Node } from "../../types/model/type.ts";
import type { Emitter } from "../emitter/emitter.ts";
import { atom, binary, commas, LEVEL, type Piece, piece, runtime } from "../pieces/piece.ts";

/** Returns true if a map literal can be printed as an object: its keys are known, in range and distinct. */
export function isRecord({ entries }: Node & { kind: "map" }, { key: scalar }: Form & { kind: "record" }): boolean {
  const range = protoRange({ kind: "scalar", scalar });
  const names = entries.map(([key, , optional]) => {
    if (key.kind !== "constant" || optional) return undefined;
    const fits = range === undefined || (Number(key.value) >= range.low && Number(key.value) <= range.high);
    return fits ? String(key.value) : undefined;
  });
  return !names.includes(undefined) && new Set(names).size === names.length;
}

/** A map literal as protobuf-es has maps: an object. `pruned`: without the entries that are null. */
export function emitRecord(
  emitter: Emitter,
  node: Node & { kind: "map" },
  form: Form & { kind: "record" },
  pruned = false,
): Piece {
  const entries = node.entries.flatMap(([key, value]) => {
    if (pruned && value.type.kind === "null") return [];
    const name = key.kind === "constant" ? String(key.value) : "";
    const item = emitter.element(value, form.of);
    if (pruned && item.nullable) {
      const set = binary(item, "??", atom("undefined"), LEVEL.nullish);
      return [atom("...", ...runtime(emitter.names, "optionalField", [atom(JSON.stringify(name)), set]).print)];
    }
    return [atom(propertyName(name), ": ", ...item.print)];
  });
  return piece(entries.length === 0 ? ["{}"] : ["{ ", ...commas(entries), " }"], form);
}

function propertyName(name: string): string {
  // Without the brackets it would set the prototype.
  if (name === "__proto__") return '["__proto__"]';
  return /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
}

import { ScalarType } from "@bufbuild/protobuf";
import type { FieldStep } from "./violation.ts";

/**
 * Returns a path as buf.validate writes it, `order.lines[2].labels["a b"]`; at most some hundred characters of a key.
 */
export function pathText(inside: readonly FieldStep[]): string {
  let text = "";
  for (const { of, at } of inside.toReversed()) {
    text += text === "" ? of.name : `.${of.name}`;
    if (at !== undefined) text += `[${subscript(of, at)}]`;
  }
  return text;
}

function subscript(of: FieldStep["of"], at: number | string): string {
  if (typeof at === "number" || of.kind !== "field" || of.fieldKind !== "map") return String(at);
  return of.mapKey === ScalarType.STRING ? JSON.stringify(at.length > MOST ? `${at.slice(0, MOST)}…` : at) : at;
}
const MOST = 100;

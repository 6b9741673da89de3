import { declaredDefault } from "../types/model/declared-default.ts";
import type { CelType, Variable } from "../types/model/type.ts";

/** Returns the hint to provide an argument only if it is set, so that the reading message can test its presence. */
export function giveIfSet(written: string): string {
  return `write ok(${written}) here, and set the argument with \`if: "has(…)"\` where the message is composed`;
}

/**
 * Returns the hint that replaces `has` or `.?` of a group's member without presence. Only the group of arguments has
 * members without a value.
 */
export function presenceHint(group: Variable, member: Variable, name: string): string {
  const written = `${group.name}.${name}`;
  if (group.role !== "args") return `read ${written} without a test: it always has a value`;
  if (member.presence !== undefined) return `write has(${written})`;
  const [read, test] = asDefault(member, written);
  const unset = `an unset field of the request reads as ${read}`;
  if (member.absent)
    return member.unsetBy === undefined || test === undefined
      ? `write ok(${written})`
      : `write ok(${written}) && ${test}: ok tests whether the argument is passed, and ${unset}`;
  if (test === undefined) return giveIfSet(written);
  return member.unsetBy === undefined
    ? `write ${test}: ${written} always has a value`
    : `write ${test}: not every place that sets the argument can leave it unset, and ${unset}`;
}

/** Returns the value of an unset member, and the condition that tests for another value. */
function asDefault({ type, unsetBy }: Variable, written: string): readonly [read: string, test: string | undefined] {
  switch (type.kind) {
    case "bool":
      return ["false", written];
    case "list":
    case "map":
      return ["an empty list or map", `size(${written}) > 0`];
    case "message":
      return ["an empty message", undefined];
    default: {
      const preset = unsetBy && declaredDefault(unsetBy);
      const zero = literal(type, preset);
      return [zero, `${written} != ${zero}`];
    }
  }
}

/** @param preset the default that a field of proto2 or editions declares */
function literal({ kind }: CelType, preset: unknown): string {
  switch (kind) {
    case "string":
      return preset === undefined ? "''" : JSON.stringify(preset);
    case "bytes":
      return bytesLiteral(preset);
    case "int":
      return `${preset ?? 0}`;
    case "uint":
      return `${preset ?? 0}u`;
    case "double":
      return `${preset ?? "0.0"}`;
    default:
      return "null";
  }
}

/** Returns the hint that replaces `ok` of an argument that is never absent. */
export function insteadOfOk(member: Variable): string {
  const written = `args.${member.name}`;
  if (member.presence !== undefined) return `write has(${written}) to test whether it is set`;
  if (member.unsetBy === undefined) return "read it without a test";
  const [read, test] = asDefault(member, written);
  if (test === undefined) return giveIfSet(written);
  return `write ${test} to test for a value: an unset field of the request reads as ${read}`;
}

function bytesLiteral(preset: unknown): string {
  const bytes = preset instanceof Uint8Array ? [...preset] : [];
  return `b'${bytes.map((byte) => (byte < 32 || byte > 126 || byte === 39 || byte === 92 ? `\\x${byte.toString(16).padStart(2, "0")}` : String.fromCharCode(byte))).join("")}'`;
}

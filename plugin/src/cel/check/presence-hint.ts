import type { CelType, Variable } from "../types/model/type.ts";

/** Returns the hint to provide an argument only if it is set, so that the reading message can test its presence. */
export function giveIfSet(written: string): string {
  return `where the message is composed, give it with \`if: "has(…)"\`, and write ok(${written}) here`;
}

/**
 * Returns the hint that replaces `has` or `.?` of a group's member without presence. Only the group of arguments has
 * members without a value.
 */
export function presenceHint(group: Variable, member: Variable, name: string): string {
  const written = `${group.name}.${name}`;
  if (group.role !== "args") return `read ${written} without asking: it always has a value`;
  if (member.presence !== undefined) return `write has(${written})`;
  const [read, asked] = asDefault(member, written);
  const unset = `where a request leaves it unset it reads as ${read}`;
  if (member.absent)
    return member.unsetBy === undefined || asked === undefined
      ? `write ok(${written})`
      : `write ok(${written}) && ${asked}: ok asks whether it is given, and ${unset}`;
  if (asked === undefined) return giveIfSet(written);
  return member.unsetBy === undefined
    ? `write ${asked}: ${written} always has a value`
    : `write ${asked}: not every place that gives it can leave it unset, and ${unset}`;
}

/** Returns the value of an unset member, and the condition that tests for another value. */
function asDefault({ type, unsetBy }: Variable, written: string): readonly [read: string, asked: string | undefined] {
  switch (type.kind) {
    case "bool":
      return ["false", written];
    case "list":
    case "map":
      return ["an empty one", `size(${written}) > 0`];
    case "message":
      return ["an empty message", undefined];
    default: {
      const own = unsetBy !== undefined && "getDefaultValue" in unsetBy ? unsetBy.getDefaultValue() : undefined;
      const zero = literal(type, own);
      return [zero, `${written} != ${zero}`];
    }
  }
}

/** @param own the default that a field of proto2 or editions declares */
function literal({ kind }: CelType, own: unknown): string {
  switch (kind) {
    case "string":
      return own === undefined ? "''" : JSON.stringify(own);
    case "bytes":
      return "b''";
    case "int":
      return `${own ?? 0}`;
    case "uint":
      return `${own ?? 0}u`;
    case "double":
      return `${own ?? "0.0"}`;
    default:
      return "null";
  }
}

/** Returns the hint that replaces `ok` of an argument that is never absent. */
export function insteadOfOk(member: Variable): string {
  const written = `args.${member.name}`;
  if (member.presence !== undefined) return `write has(${written}) to ask whether it is set`;
  if (member.unsetBy === undefined) return "read it without asking";
  const [read, asked] = asDefault(member, written);
  if (asked === undefined) return giveIfSet(written);
  return `where a request leaves it unset it reads as ${read}: to ask about that write ${asked}`;
}

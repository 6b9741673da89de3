import { changesOf, type FoundChange } from "./finding.ts";

/**
 * Compares the members of a report that no other function compares, such as the member of a new option.
 *
 * @param compared the other members: `timeout_ms`, all of `retry`, or single ones, such as `cache.ttl_ms`
 */
export function otherMembers(
  before: object,
  after: object,
  compared: readonly string[],
  of = "",
): readonly FoundChange[] {
  const [from, to] = [
    new Map<string, unknown>(Object.entries(before)),
    new Map<string, unknown>(Object.entries(after)),
  ];
  return [...new Set([...from.keys(), ...to.keys()])].flatMap((name): readonly FoundChange[] => {
    const path = `${of}${name}`;
    const [had, has] = [from.get(name), to.get(name)];
    if (compared.includes(path) || text(had) === text(has)) return [];
    if (isGroup(had) && isGroup(has)) return otherMembers(had, has, compared, `${path}.`);
    // A group that only one side has is compared with its members.
    if (compared.some((other) => other.startsWith(`${path}.`))) return [];
    return [changesOf("policies").of("different", `has another \`${path}\``, [text(had)], [text(has)])];
  });
}

const isGroup = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function text(value: unknown): string {
  if (value === undefined) return "none";
  return typeof value === "string" ? value : JSON.stringify(value);
}

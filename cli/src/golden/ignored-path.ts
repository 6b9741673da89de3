// Paths of fields that are not compared, such as `runs[*].age`.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import type { Difference } from "../contract/compare-reply.ts";
import { messagesIn, ownMessage } from "../contract/example.ts";

export interface IgnoredPath {
  /** The path with the fields' names in the proto. */
  readonly pattern: string;
  readonly steps: readonly Step[];
}
interface Step {
  readonly field: DescField;
  /** True for `[*]`, all items or entries. */
  readonly each: boolean;
}

/** Resolves a path below a message, by names in the proto or in JSON. Returns the fault if it has no such field. */
export function resolvePath(path: string, desc: DescMessage): IgnoredPath | string {
  const parts = path.split(".");
  const steps: Step[] = [];
  let parent: DescMessage | undefined = desc;
  for (const [i, part] of parts.entries()) {
    const [, name, all] = /^(\w+)(\[\*\])?$/.exec(part) ?? [];
    if (name === undefined) return `"${path}" is no path: write it as in runs[*].age`;
    const field: DescField | undefined = parent?.fields.find((each) => each.name === name || each.jsonName === name);
    if (field === undefined)
      return `"${path}" is no path: ${parent?.typeName ?? parts.slice(0, i).join(".")} has no field ${name}`;
    const isMany = field.fieldKind === "list" || field.fieldKind === "map";
    if (all !== undefined && !isMany) return `"${path}" is no path: ${name} is neither a list nor a map`;
    if (all === undefined && isMany && i < parts.length - 1) return `"${path}" is no path: write ${name}[*]`;
    steps.push({ field, each: all !== undefined });
    parent = ownMessage(field);
  }
  return { pattern: steps.map(({ field, each }) => `${field.name}${each ? "[*]" : ""}`).join("."), steps };
}

/** Returns true for a difference at an ignored path or below it. */
export const isIgnored = ({ pattern }: Difference, ignored: readonly IgnoredPath[]): boolean =>
  ignored.some(({ pattern: top }) => pattern === top || [".", "["].some((next) => pattern.startsWith(top + next)));

/** Removes the values at a path. A path that ends with `[*]` keeps them, because the number of items is compared. */
export function clearPath(message: ReflectMessage, [step, ...rest]: readonly Step[]): void {
  if (step === undefined) return;
  if (rest.length > 0) for (const inner of messagesIn(message, step.field)) clearPath(inner, rest);
  else if (!step.each) message.clear(step.field);
}

// Finds renamed steps, which are reported as such and compared under their new names.
import type { StepReport } from "protoc-gen-bff/compiler";
import type { Block } from "../composition.ts";

/** Old names, each with its new one. */
export type Renames = ReadonlyMap<string, string>;

/**
 * Returns the renamed steps of a block: pairs with equal content, of which neither name exists on the other side.
 * Generated names ("guard1") depend on the place, so they are paired by content first.
 */
export function renamedSteps(before: Block, after: Block): Renames {
  const renames = new Map<string, string>();
  // A step that reads a renamed one is alike only once that one is known.
  for (let more = true; more; ) {
    more = false;
    const was = renameIn(before, renames);
    const names = new Map(was.steps.map((step, i) => [step, before.steps[i]?.step ?? step.step]));
    const now = Map.groupBy(openSteps(after, was), (step) => contentOf(step, after));
    for (const [content, [first, ...others]] of Map.groupBy(openSteps(was, after), (step) => contentOf(step, was))) {
      const [same, ...twins] = now.get(content) ?? [];
      const from = first && names.get(first);
      if (from === undefined || same === undefined || others.length + twins.length > 0 || renames.has(from)) continue;
      renames.set(from, same.step);
      more = true;
    }
  }
  return renames;
}

/**
 * Returns the steps whose name the other side lacks, or, for a generated name, whose content it lacks under that name.
 */
function openSteps(block: Block, other: Block): readonly StepReport[] {
  const known = new Map(other.steps.map((step) => [step.step, step]));
  return block.steps.filter((step) => {
    const same = known.get(step.step);
    if (same === undefined) return true;
    return (step.unnamed === true || same.unnamed === true) && contentOf(step, block) !== contentOf(same, other);
  });
}

/**
 * Returns a step without its name, but with the steps that it waits for. A step that holds a side effect back is
 * reported at the side effect.
 */
function contentOf(step: StepReport, { edges }: Block): string {
  const { step: name, unnamed: _, ...content } = step;
  const waits = edges
    .filter(({ to, kind }) => to === name && kind !== "clears")
    .map(({ from, kind }) => `${kind} ${from}`);
  return JSON.stringify([content, waits.sort()]);
}

/** Returns the block under the new names, in every expression, too. */
export function renameIn(block: Block, renames: Renames): Block {
  if (renames.size === 0) return block;
  const step = (name: string): string => renames.get(name) ?? name;
  const { degrades, edges, shared } = block;
  return {
    ...block,
    steps: underSteps(block.steps, renames).map((report) => ({
      ...report,
      step: step(report.step),
      ...(report.only_in !== undefined && { only_in: { ...report.only_in, switch: step(report.only_in.switch) } }),
    })),
    edges: edges.map(({ from, to, kind }) => ({ from: step(from), to: step(to), kind })),
    degrades: degrades.map((entry) => ({ ...entry, when: step(entry.when) })),
    fields: underSteps(block.fields, renames),
    shared: shared.map(step),
  };
}

/** Members that hold an expression, or some. */
export const EXPRESSIONS: ReadonlySet<string> = new Set([
  "by",
  "if",
  "in",
  "where",
  "key",
  "default",
  "fallback",
  "request",
  "message",
  "details",
]);

/** All expressions in a value under the new names. */
export function underSteps<T>(value: T, renames: Renames, of?: string): T {
  if (typeof value === "string")
    return (of !== undefined && EXPRESSIONS.has(of) ? renamed(value, renames) : value) as T;
  if (Array.isArray(value)) return value.map((item: unknown) => underSteps(item, renames, of)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, underSteps(member, renames, name)]),
  ) as T;
}

/** A string literal, or a name with what stands before it and behind. */
const TOKEN = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?<![\w.])[A-Za-z_]\w*(?!\w|:)/g;

function renamed(expression: string, renames: Renames): string {
  return expression.replace(TOKEN, (token) => renames.get(token) ?? token);
}

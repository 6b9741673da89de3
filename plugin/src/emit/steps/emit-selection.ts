// Code for answers that contain only some fields: conditions of steps and fields, and the selections of composed messages.
import { selectedThrough } from "../../plan/messages/kept-for.ts";
import type { Need, PlanBlock, PlanMessage, PlanStep } from "../../plan/model/messages.ts";
import type { PlanMethod, PlanStart } from "../../plan/model/plan.ts";
import type { FileNames } from "../names/file-names.ts";
import type { MessageNames } from "../names/message-names.ts";
import { anyOf, type Line, type Lines } from "../text/lines.ts";

/** Prints `fields.has("usage") ? … : SKIPPED` around the start of a step that not every answer needs. */
export function ifKept(condition: string | undefined, started: Lines, skipped: Line): Lines {
  if (condition === undefined || started.length === 0) return started;
  const wrapped = started.map((row) => [...row]);
  wrapped[0]?.unshift(`${condition} ? `);
  wrapped.at(-1)?.push(" : ", ...skipped);
  return wrapped;
}

/** Blocks whose steps may be skipped. */
type Conditional = Partial<Pick<PlanMessage, "keptFor"> & Pick<PlanStart, "neededFor">>;

/** Returns the condition under which a step runs; undefined: it always runs. */
export function keptIf(
  step: PlanStep,
  { keptFor, neededFor }: Conditional,
  { fields, needs }: SelectionNames,
): string | undefined {
  if (step.onlyInCase) return undefined;
  const kept = keptFor?.get(step);
  if (kept !== undefined) return anyOf(kept, fields);
  const needed = neededFor?.get(step);
  if (needed === undefined) return undefined;
  return needed.length === 0 ? "false" : needed.map((name) => `${needs}.${name}`).join(" || ");
}
/** Local names of parameters. */
interface SelectionNames {
  /** The selection of a message's fields. */
  readonly fields: string;
  /** The steps that others need, by the names under which they are handed on. */
  readonly needs: string;
}

/** `, needs: Readonly<Record<"org" | "viewer", boolean>>`; empty: a function starts all of its steps. */
export function needsParameter({ neededFor, gives }: Pick<PlanStart, "neededFor" | "gives">, needs: string): string {
  if (neededFor === undefined || gives.length === 0) return "";
  return `, ${needs}: Readonly<Record<${gives.map(({ name }) => JSON.stringify(name)).join(" | ")}, boolean>>`;
}

/** `, { org: true, viewer: cx.fields.has("owner") || cx.fields.of("runs").has("owner") }` */
export function needsArgument(
  { fields }: Pick<PlanMethod, "fields">,
  of: Pick<PlanStart, "neededFor" | "gives">,
): string {
  if (of.neededFor === undefined || of.gives.length === 0) return "";
  const parts = of.gives.map(({ name }) => `${name}: ${needPrint(fields?.needs.get(name) ?? true)}`);
  return `, { ${parts.join(", ")} }`;
}
function needPrint(need: Need): string {
  if (need === true) return "true";
  const paths = new Set(
    need.map((path) => `cx.fields${path.map((name, i) => part(name, i === path.length - 1)).join("")}`),
  );
  return paths.size === 0 ? "false" : [...paths].join(" || ");
}
const part = (name: string, last: boolean): string => `.${last ? "has" : "of"}(${JSON.stringify(name)})`;

/** Returns the selection for the root of an rpc's answer; undefined: its message takes none. */
export function rootSelection(
  { message, fields }: Pick<PlanMethod, "message" | "fields">,
  names: FileNames,
): Line | undefined {
  if (message.keptFor === undefined) return undefined;
  return fields?.byName ? ["cx.fields"] : [names.runtime("ALL_FIELDS")];
}

/** Returns the selection for a message that a step composes; undefined: the message takes none. */
export function childSelection(
  child: PlanMessage,
  step: PlanStep,
  message: PlanBlock & Partial<Pick<PlanMessage, "keptFor">>,
  { fields, file }: Pick<MessageNames, "fields" | "file">,
): Line | undefined {
  if (child.keptFor === undefined) return undefined;
  const through =
    message.keptFor !== undefined && message.composed.kind === "composed"
      ? selectedThrough(step.step, message.composed)
      : undefined;
  const [first, ...others] = (through ?? []).map((name) => `${fields}.of(${JSON.stringify(name)})`);
  if (first === undefined) return [file.runtime("ALL_FIELDS")];
  return [first, ...others.map((other) => `.or(${other})`)];
}

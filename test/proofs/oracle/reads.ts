// Reads within a message: the dependencies of a step, and the steps that only one case, or only members of one oneof,
// read.
import type { IrField, IrMessage } from "../../../plugin/src/ir/ir.ts";
import type { IrBind, IrEach, IrFailure, IrSource, IrStep } from "../../../plugin/src/ir/step.ts";
import { expression } from "./cel/expression.ts";
import { once } from "./once.ts";
import type { Place, Program } from "./static.ts";

interface StepRead {
  readonly name: string;
  /** The case of the step's own switch that reads it; "" for anywhere else. */
  readonly by: string;
}

/** Names that a step reads. */
export const readsOfStep = once((step: IrStep): readonly StepRead[] => [
  ...readsOfText(step.if),
  ...readsOfText(step.fallback),
  ...step.after.map((name) => ({ name: name.value, by: "" })),
  ...readsOfSource(step.source),
]);

function readsOfText(text: { readonly value: string } | undefined, by = ""): StepRead[] {
  return text === undefined ? [] : expression(text.value).reads.map(({ name }) => ({ name, by }));
}

function readsOfSource(source: IrSource | undefined): StepRead[] {
  switch (source?.kind) {
    case "by":
      return readsOfText(source.by);
    case "compose":
      return readsOfBinds(source.args);
    case "call":
      return [
        ...readsOfBinds([...source.set, ...source.policy.metadata]),
        ...readsOfText(source.request),
        ...readsOfText(source.batch?.by),
        ...source.policy.onError.flatMap((rule) => [
          ...readsOfText(rule.if),
          ...(rule.then?.kind === "fallback" ? readsOfText(rule.then.by) : []),
          ...(rule.then?.kind === "fail" ? readsOfFailure(rule.then.fail) : []),
        ]),
      ];
    case "each": {
      return [...readsOfText(source.in), ...readsOfItems(source)];
    }
    case "switch":
      return [
        ...source.cases.flatMap((branch, i) => [...readsOfText(branch.if), ...readsOfText(branch.by, String(i))]),
        ...readsOfText(source.default, "default"),
      ];
    case "guard":
      return [...readsOfText(source.if), ...readsOfFailure(source.fail)];
    case "latest":
      return readsOfText(source.key);
    case undefined:
      return [];
  }
}

function readsOfBinds(binds: readonly IrBind[]): StepRead[] {
  return binds.flatMap((bind) => [...readsOfText(bind.by), ...readsOfText(bind.if), ...readsOfText(bind.spread)]);
}

/** Returns the reads of the text and the details of a `fail`. */
export function readsOfFailure(fail: IrFailure | undefined): StepRead[] {
  const inMessage = holes(fail?.message?.value ?? "").filter((part) => part.hole);
  return [
    ...inMessage.flatMap((part) => readsOfText({ value: part.text })),
    ...(fail?.details ?? []).flatMap((d) => readsOfText(d)),
  ];
}

/** Reports whether a composed message reads an argument, or all of them. */
export function readsArgument({ message }: Place, name: string): boolean {
  if ([message, ...message.fields].some(({ resolver }) => resolver !== undefined)) return true;
  const fields = message.fields.flatMap((field) => [...readsOfText(field.by), ...readsOfText(field.if)]);
  const reads = [...message.steps.flatMap(readsOfStep), ...fields];
  return reads.some((read) => read.name === "args" || read.name === `args.${name}`);
}

/** Returns the reads for each item of an `each`, without its variable. */
function readsOfItems(each: IrEach): StepRead[] {
  const all = [...readsOfText(each.if), ...readsOfText(each.key), ...readsOfSource(each.source)];
  return all.filter((read) => read.name !== each.var?.value);
}
/** Returns the same reads, without those of arguments that have no reader. */
export function waitedForByItems(program: Program, place: Place, each: IrEach): StepRead[] {
  const { source } = each;
  if (source?.kind !== "compose") return readsOfItems(each);
  const child = program.place(place.evaluator.message(source.message?.value ?? ""));
  const args = source.args.filter(({ name }) => name === undefined || readsArgument(child, name.value));
  return readsOfItems({ ...each, source: { ...source, args } });
}

/** Steps that `step` has to wait for, directly or not, and whether it does for `on`. */
export function restsOn(message: IrMessage, step: IrStep, on: IrStep, seen = new Set<IrStep>()): boolean {
  if (seen.has(step)) return false;
  seen.add(step);
  const names = new Set(readsOfStep(step).map((read) => read.name));
  return message.steps.some(
    (other) =>
      other.name !== undefined && names.has(other.name.value) && (other === on || restsOn(message, other, on, seen)),
  );
}

interface CaseOnly {
  /** "one": read by one case of one switch and nothing else; "through": only by such steps of one case. */
  readonly kind: "one" | "through";
  /** The index of the switch. */
  readonly owner: number;
}

export const caseOnly = once(
  ({ message, shared = new Set(), elsewhere = [] }: Place): ReadonlyMap<IrStep, CaseOnly> => {
    // A resolver without declared reads gets every step.
    const supplied = [message, ...message.fields].filter(({ resolver }) => resolver !== undefined);
    if (supplied.some(({ reads }) => reads === undefined)) return new Map();
    const fields = new Set([
      ...shared,
      ...elsewhere,
      ...supplied.flatMap(({ reads }) => reads?.steps.map((name) => name.value) ?? []),
      ...message.fields.flatMap((field) =>
        [field.by, field.if].flatMap((text) =>
          text === undefined ? [] : expression(text.value).reads.map((r) => r.name),
        ),
      ),
    ]);
    const owner = new Map<IrStep, string>();
    const found = new Map<IrStep, CaseOnly>();
    for (let changed = true; changed; ) {
      changed = false;
      for (const step of message.steps) {
        const name = step.name?.value;
        if (name === undefined || owner.has(step) || fields.has(name) || step.autobind?.value === true) continue;
        const readers = message.steps.flatMap((reader) =>
          readsOfStep(reader)
            .filter((read) => read.name === name)
            .map((read) => ({
              case: read.by === "" ? owner.get(reader) : `${reader.index}:${read.by}`,
              direct: read.by !== "",
            })),
        );
        const cases = new Set(readers.map((reader) => reader.case));
        const [only] = cases;
        if (cases.size !== 1 || only === undefined) continue;
        owner.set(step, only);
        const kind = readers.every((reader) => reader.direct) ? "one" : "through";
        found.set(step, { kind, owner: Number.parseInt(only, 10) });
        changed = true;
      }
    }
    return found;
  },
);

/** Steps that only values of members of one oneof read, through other such steps too, with these members. */
export const oneofOnly = once(({ message, elsewhere = [] }: Place): ReadonlyMap<IrStep, ReadonlySet<IrField>> => {
  const found = new Map<IrStep, ReadonlySet<IrField>>();
  const { fields, steps } = message;
  // A resolver without declared reads gets every step.
  if ([message, ...fields].some((of) => of.resolver !== undefined && of.reads === undefined)) return found;
  const resolverReads = (of: IrMessage | IrField, name: string): boolean =>
    of.resolver !== undefined && of.reads?.steps.some((step) => step.value === name) === true;
  const reads = (text: IrField["by"], name: string): boolean => readsOfText(text).some((read) => read.name === name);
  for (let changed = true; changed; ) {
    changed = false;
    for (const step of steps) {
      const name = step.name?.value;
      if (name === undefined || found.has(step) || step.autobind?.value === true) continue;
      if (elsewhere.includes(name)) continue;
      if (resolverReads(message, name) || fields.some((field) => reads(field.if, name))) continue;
      const members = fields.filter((field) => reads(field.by, name) || resolverReads(field, name));
      if (steps.some(({ after }) => after.some((other) => other.value === name))) continue;
      const readers = steps.filter((other) => readsOfStep(other).some((read) => read.name === name));
      const through = readers.map((reader) => found.get(reader));
      if (through.includes(undefined)) continue;
      const all = new Set([...members, ...through.flatMap((of) => [...(of ?? [])])]);
      const oneofs = new Set([...all].map(({ desc }) => desc.oneof));
      if (all.size === 0 || oneofs.size !== 1 || oneofs.has(undefined)) continue;
      found.set(step, all);
      changed = true;
    }
  }
  return found;
});

/** Text with CEL in braces; `{{` is a brace. */
export function holes(text: string): { hole: boolean; text: string }[] {
  const parts: { hole: boolean; text: string }[] = [];
  let plain = "";
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== "{") {
      plain += text[i];
    } else if (text[i + 1] === "{") {
      plain += "{";
      i++;
    } else {
      const end = endOfHole(text, i + 1);
      parts.push({ hole: false, text: plain }, { hole: true, text: text.slice(i + 1, end) });
      plain = "";
      i = end;
    }
  }
  return [...parts, { hole: false, text: plain }].filter((part) => part.text !== "");
}

function endOfHole(text: string, from: number): number {
  let depth = 0;
  let quote = "";
  for (let i = from; i < text.length; i++) {
    const char = text[i] ?? "";
    if (quote !== "") {
      if (char === "\\") i++;
      else if (char === quote) quote = "";
    } else if (char === "'" || char === '"') quote = char;
    else if (char === "{") depth++;
    else if (char === "}" && depth-- === 0) return i;
  }
  return text.length;
}

// The steps of a composed message that a part of its fields needs, found before types are checked: they determine the
// arguments of the part. `plan/messages/kept-steps.ts` answers the same for resolved messages.
import type { Text } from "../../diagnostic/diagnostic.ts";
import { reachable } from "../../graph/graph.ts";
import type { IrField, IrMessage } from "../../ir/ir.ts";
import type { IrStep } from "../../ir/step.ts";
import { stepTexts } from "../graph/message-graph.ts";

/** A composed message, and what is known about its declarations. */
export interface Source {
  readonly ir: IrMessage;
  /** Returns the free names of an expression. */
  readonly names: (text: Text) => ReadonlySet<string>;
  readonly effectful: (step: IrStep) => boolean;
  /** Returns the names of fields that a step fills by `autobind`. Undefined: any. */
  readonly filled: (step: IrStep) => ReadonlySet<string> | undefined;
  /** Steps in place of declared ones. */
  readonly replaced: ReadonlyMap<IrStep, IrStep>;
}

/** A member of a oneof, as far as the part needs it. */
interface KeptMember {
  readonly field: IrField;
  /** True if its value is needed: it is kept, its presence decides, or it starts a side effect. */
  readonly valued: boolean;
  readonly kept: boolean;
}

export interface Kept {
  /** In order of declaration. */
  readonly steps: readonly IrStep[];
  /** Side effects that the whole message starts in any case. */
  readonly started: ReadonlySet<IrStep>;
  /** By the name of the oneof, in order of declaration; without later members that decide nothing. */
  readonly members: ReadonlyMap<string, readonly KeptMember[]>;
}

/**
 * Returns the steps that some fields of a message need. Guards, steps with side effects and nameless steps are always
 * kept, with all steps that they read or follow.
 *
 * @param ownPosition true if the part has a field for a follower's position
 */
export function keptOf(source: Source, fields: ReadonlySet<IrField>, ownPosition: boolean): Kept {
  const { ir } = source;
  const byName = new Map(ir.steps.flatMap((step) => (step.name === undefined ? [] : [[step.name.value, step]])));
  const named = (texts: readonly (Text | undefined)[]): IrStep[] =>
    texts
      .flatMap((text) => (text === undefined ? [] : [...source.names(text)]))
      .flatMap((name) => byName.get(name) ?? []);
  const followedBy = (step: IrStep): IrStep[] => step.after.flatMap(({ value }) => byName.get(value) ?? []);
  const waitsFor = (step: IrStep): IrStep[] => [
    ...named(stepTexts(source.replaced.get(step) ?? step).map(({ text }) => text)),
    ...followedBy(step),
  ];
  const suppliers = (field: IrField): IrStep[] => valueSteps(source, field, { byName, named });
  const always = ir.steps.filter((step) => isAlwaysKept(source, step));
  const behind = (steps: readonly IrStep[]): ReadonlySet<IrStep> => new Set(reachable(steps, waitsFor));
  const reading = { named, suppliers, waitsFor, always, followed: ir.steps.flatMap(followedBy) };
  const chosen = new Set(startedByMembers(source, reading));
  const cases = startedByCases(source, reading);
  const members = new Map<string, readonly KeptMember[]>();
  for (const [oneof, all] of oneofsOf(ir)) {
    const found = keptMembers(all, fields, (field) =>
      suppliers(field).some((step) => !behind([step]).isDisjointFrom(chosen)),
    );
    if (found.length > 0) members.set(oneof, found);
  }
  const plain = [...fields].filter(({ desc }) => desc.oneof === undefined).flatMap(suppliers);
  const decided = [...members.values()]
    .flat()
    .flatMap(({ field, valued }) => [
      ...named([field.default?.value === true ? undefined : field.if]),
      ...(valued ? suppliers(field) : []),
    ]);
  const kept = behind([...always, ...cases.keys(), ...latestOf(ir, ownPosition), ...plain, ...decided]);
  const lazy = new Set([...chosen, ...[...cases.values()].flat()]);
  const started = new Set(always.filter((step) => source.effectful(step) && !lazy.has(step)));
  return { steps: ir.steps.filter((step) => kept.has(step)), started, members };
}

const isAlwaysKept = ({ effectful }: Source, step: IrStep): boolean =>
  step.name === undefined || step.source?.kind === "guard" || effectful(step);

interface Reading {
  readonly byName: ReadonlyMap<string, IrStep>;
  readonly named: (texts: readonly (Text | undefined)[]) => IrStep[];
}
/** Returns the steps that supply a field. */
function valueSteps({ ir, filled }: Source, field: IrField, { byName, named }: Reading): IrStep[] {
  if (field.by !== undefined) return named([field.by]);
  if (field.resolver !== undefined)
    return field.reads === undefined
      ? ir.steps.filter(({ name }) => name !== undefined)
      : field.reads.steps.flatMap(({ value }) => byName.get(value) ?? []);
  return ir.steps.filter((step) => step.autobind?.value === true && filled(step)?.has(field.desc.name) !== false);
}

/** Returns the members of each oneof in the order in which they are tried. */
function oneofsOf({ fields }: IrMessage): ReadonlyMap<string, readonly IrField[]> {
  const isLast = ({ default: last }: IrField): boolean => last?.value === true;
  const tried = [...fields.filter((field) => !isLast(field)), ...fields.filter(isLast)];
  return Map.groupBy(
    tried.filter(({ desc }) => desc.oneof !== undefined),
    ({ desc }) => desc.oneof?.name ?? "",
  );
}

/** @param starts returns true for a member whose value starts a side effect */
function keptMembers(
  all: readonly IrField[],
  fields: ReadonlySet<IrField>,
  starts: (field: IrField) => boolean,
): readonly KeptMember[] {
  const found = all.map((field): KeptMember & { readonly starts: boolean } => {
    const kept = fields.has(field);
    // The presence of its value decides about a member without `if`, and so about all later members.
    const decides = field.if === undefined && field.default?.value !== true;
    return { field, kept, starts: starts(field), valued: kept || decides || starts(field) };
  });
  const last = found.findLastIndex((member) => member.kept || member.starts);
  return found.slice(0, last + 1);
}

interface Lazy extends Pick<Reading, "named"> {
  readonly always: readonly IrStep[];
  /** Steps that others only wait for: these start in any case. */
  readonly followed: readonly IrStep[];
  readonly suppliers: (field: IrField) => IrStep[];
  readonly waitsFor: (step: IrStep) => IrStep[];
}
/** Returns the steps that are always kept, but start only if a member of a oneof may be chosen. */
function startedByMembers({ ir }: Source, reading: Lazy): readonly IrStep[] {
  const { named, suppliers } = reading;
  const members = ir.fields.filter(({ desc }) => desc.oneof !== undefined);
  const others = ir.fields.filter(({ desc }) => desc.oneof === undefined).flatMap(suppliers);
  const ifs = named(members.map((field) => field.if));
  return neededOnlyBy(members.flatMap(suppliers), [...others, ...ifs], ir, reading);
}

/** Returns the steps that are always kept, but start only if a case of a switch is chosen: by that switch. */
function startedByCases({ ir }: Source, reading: Lazy): ReadonlyMap<IrStep, readonly IrStep[]> {
  const { named, suppliers } = reading;
  const found = new Map<IrStep, readonly IrStep[]>();
  const fields = [...ir.fields.flatMap(suppliers), ...named(ir.fields.map((field) => field.if))];
  for (const step of ir.steps) {
    if (step.source?.kind !== "switch") continue;
    const { cases, default: standard } = step.source;
    const values = [...cases.map(({ by }) => by), standard];
    // Reads of the switch itself are named for each case, below.
    const waitsFor = (at: IrStep): IrStep[] => (at === step ? [] : reading.waitsFor(at));
    const started = values.flatMap((value) => {
      const other = [...values.filter((text) => text !== value), ...cases.map((branch) => branch.if)];
      const besides = [...fields, ...named([step.if, step.fallback, ...other])];
      return neededOnlyBy(named([value]), besides, ir, { ...reading, waitsFor });
    });
    if (started.length > 0) found.set(step, started);
  }
  return found;
}

/** Returns the steps that are always kept and that, of all readers, only some need. */
function neededOnlyBy(
  some: readonly IrStep[],
  others: readonly IrStep[],
  { steps }: IrMessage,
  { always, followed, waitsFor }: Lazy,
): readonly IrStep[] {
  const inside = new Set(reachable(some, waitsFor));
  const idle = steps.filter((step) => !inside.has(step));
  const elsewhere = new Set(reachable([...others, ...followed, ...idle], waitsFor));
  return always.filter((step) => inside.has(step) && !elsewhere.has(step));
}

/** Returns the step that holds a client's position: the only `latest`. */
function latestOf({ steps }: IrMessage, ownPosition: boolean): readonly IrStep[] {
  const latest = steps.filter(({ source }) => source?.kind === "latest");
  return ownPosition && latest.length === 1 ? latest : [];
}

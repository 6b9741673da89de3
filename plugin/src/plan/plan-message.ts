import type { Expression } from "../cel/index.ts";
import type { EffectTable } from "../resolve/effects.ts";
import { restsOn } from "../resolve/effects.ts";
import { sortByDependency } from "../resolve/graph.ts";
import type { Call, Composed, Source, Step } from "../resolve/model.ts";
import { callsOf, composesOf } from "../resolve/source-parts.ts";
import { caseOnly } from "./case-only.ts";
import { localName, type NameScope } from "./names.ts";
import { originsOf } from "./origins.ts";
import type { Entry, PlanMessage, PlanStep, Touch } from "./plan.ts";

export interface MessageSurroundings {
  readonly effects: EffectTable;
  readonly degradable: (typeName: string) => boolean;
  /** Whether composing a message may send calls that are not batched. */
  readonly sendsUnbatched: (typeName: string) => boolean;
  readonly calls: ReadonlyMap<Call, Entry>;
  readonly ranks: ReadonlyMap<Step, number>;
  readonly functions: NameScope;
  readonly needs: readonly string[] | undefined;
  readonly nameOf: (step: Step) => string;
}

type Draft = { -readonly [K in keyof PlanStep]: PlanStep[K] };

export function planMessage(composed: Composed, around: MessageSurroundings): PlanMessage {
  const drafts = new Map<Step, Draft>();
  const planned = (step: Step): Draft => {
    const draft = drafts.get(step);
    if (draft === undefined) throw new Error(`step ${step.index} of ${composed.desc.typeName} is not planned`);
    return draft;
  };
  const sorted = sortByDependency(composed.steps, (step) => [...step.reads, ...step.after]).order;
  const owners = caseOnly(composed, sorted);
  for (const step of sorted) {
    const sync = isSync(step, (read) => planned(read).sync);
    drafts.set(step, {
      step,
      name: around.nameOf(step),
      sync,
      immediate:
        step.source.kind === "guard" && step.after.length === 0 && step.reads.every((read) => planned(read).sync),
      waitsFor: step.reads.filter((read) => !planned(read).sync).map(planned),
      lazy: [],
      onlyInCase: owners.has(step),
      tracks: { ran: false, items: false, case: false },
      clearedBy: [],
      effectful: around.effects.step(step),
      bounded: step.source.kind === "each" && !isBatched(step.source) && sends(step.source, around),
    });
  }
  for (const step of sorted) {
    const draft = planned(step);
    if (step.source.kind === "switch") draft.lazy = lazyOf(step, sorted, owners, planned);
    if (draft.effectful) draft.clearedBy = clearedBy(step, composed, owners, planned);
  }
  const steps = arrange(composed, sorted, owners, planned);

  const origins = originsOf({ composed, planned, degradable: around.degradable });
  const touches = origins.touches();
  for (const touch of touches) track(touch, planned);

  const read = new Set<Step>();
  const byVariable = new Map(
    composed.steps.flatMap((step) => (step.variable === undefined ? [] : [[step.variable, step] as const])),
  );
  const note = (expression: Expression | undefined): void => {
    for (const { variable } of expression?.reads ?? []) {
      const step = byVariable.get(variable);
      if (step !== undefined) read.add(step);
    }
  };
  for (const target of composed.targets) {
    if (target.kind === "field") note(target.bound.expression);
    else for (const member of target.members) [member.if, member.bound.expression].forEach(note);
  }
  for (const { origins: list } of touches) {
    for (const { origin } of list)
      if (origin.kind === "within" && !owners.has(origin.step.step)) read.add(origin.step.step);
  }
  const started = steps.filter((step) => !step.sync && step.step.source.kind !== "guard");
  const awaited = started.filter((step) => read.has(step.step));
  const barriers = started.filter((step) => !read.has(step.step) && (!step.step.supplementary || step.effectful));
  const waitedFor = new Set([...awaited, ...barriers].flatMap(({ step }) => certainReads(step)));
  return {
    composed,
    name: `compose${localName(composed.desc)}`,
    file: composed.file.desc,
    steps,
    awaited,
    barriers: barriers.filter((step) => !waitedFor.has(step.step)),
    touches,
    tainted: composed.args.members.filter((arg) => arg.tainted).map((arg) => arg.name),
    effectful: around.effects.message(composed),
    optionalArgs: composed.args.members.filter((arg) => arg.variable.absent).map((arg) => arg.name),
    degradable: touches.length > 0,
    calls: around.calls,
    needs: around.needs,
    ranks: around.ranks,
    functions: around.functions,
  };
}

/** The steps that one waits for whatever happens: not those that a condition, a case or a fallback may leave out, nor arguments that nobody reads. */
function certainReads({ if: condition, fallback, source, reads }: Step): readonly Step[] {
  const leavesOut = source.kind === "switch" || composesOf(source).length > 0;
  return condition === undefined && fallback === undefined && !leavesOut ? reads : [];
}

/** A computed value over what is there at once, that cannot fail: a plain constant in the emitted code. */
function isSync(step: Step, sync: (read: Step) => boolean): boolean {
  return (
    step.source.kind === "by" &&
    step.after.length === 0 &&
    step.reads.every(sync) &&
    !step.source.by.fails &&
    !converts(step) &&
    step.if?.fails !== true
  );
}
/** A fallback that has to be converted may fail, or needs statements. */
const converts = (step: Step): boolean =>
  step.fallback !== undefined &&
  step.fallback.conversion.kind !== "same" &&
  step.fallback.conversion.kind !== "represent";

function isBatched(source: Source): boolean {
  return source.kind === "each" && source.source.kind === "call" && source.source.call.batch !== undefined;
}
export function sends(source: Source, around: Pick<MessageSurroundings, "sendsUnbatched">): boolean {
  return (
    callsOf(source).some((call) => call.batch === undefined) ||
    composesOf(source).some(({ message }) => around.sendsUnbatched(message.typeName))
  );
}

type Owners = ReturnType<typeof caseOnly>;

function lazyOf(step: Step, sorted: readonly Step[], owners: Owners, planned: (step: Step) => PlanStep): PlanStep[][] {
  if (step.source.kind !== "switch") return [];
  const lazy: PlanStep[][] = Array.from({ length: step.source.cases.length + 1 }, () => []);
  for (const candidate of sorted) {
    const owner = owners.get(candidate);
    if (owner?.switch === step) lazy[owner.index]?.push(planned(candidate));
  }
  return lazy;
}

/** All guards that wait, and all critical steps not resting on it. */
function clearedBy(step: Step, composed: Composed, owners: Owners, planned: (step: Step) => PlanStep): PlanStep[] {
  const owner = owners.get(step)?.switch;
  return composed.steps
    .filter((other) => {
      const draft = planned(other);
      if (other === step || other === owner || owners.has(other)) return false;
      if (other.source.kind === "guard") return !draft.immediate;
      if (other.supplementary || draft.sync) return false;
      const rests = restsOn(other);
      return !rests.has(step) && (owner === undefined || !rests.has(owner));
    })
    .map(planned);
}

/** Immediate guards and what they read first, then in order of declaration; everything after what it reads or is cleared by. */
function arrange(
  composed: Composed,
  sorted: readonly Step[],
  owners: Owners,
  planned: (step: Step) => PlanStep,
): PlanStep[] {
  const outside = new Set(sorted.filter((step) => !owners.has(step)));
  const first = composed.steps.filter((step) => planned(step).immediate);
  const rest = composed.steps.filter((step) => !planned(step).immediate && !owners.has(step));
  const needs = (step: Step): Step[] => {
    const lazy = planned(step).lazy.flat();
    const own = [step, ...lazy.map((draft) => draft.step)];
    return own
      .flatMap((at) => [...at.reads, ...at.after, ...planned(at).clearedBy.map((draft) => draft.step)])
      .filter((at) => outside.has(at));
  };
  const { order } = sortByDependency([...first, ...rest], needs);
  return order.map(planned);
}

function track(touch: Touch, planned: (step: Step) => Draft): void {
  for (const condition of touch.origins.flatMap((origin) => origin.when)) {
    const draft = planned(condition.step.step);
    const { kind } = condition;
    draft.tracks = {
      ran: draft.tracks.ran || kind === "ran",
      items: draft.tracks.items || kind === "items",
      case: draft.tracks.case || kind === "chosen" || kind === "asked",
    };
  }
}

import type { DescFile } from "@bufbuild/protobuf";
import { sortByDependency } from "../../graph/graph.ts";
import type { Target } from "../../model/conversion.ts";
import { callsOf, composesOf, type EffectTable } from "../../resolve/model/blocks.ts";
import type { Call } from "../../resolve/model/call.ts";
import { caseOnly } from "../../resolve/model/case-only.ts";
import type { Block, Composed, Let, Opening, Permit, Source, Step } from "../../resolve/model/model.ts";
import { oneofOnly } from "../../resolve/model/oneof-only.ts";
import { expressionsOf, fieldsOf, partsOf } from "../../resolve/model/parts.ts";
import type { PathReads } from "../../resolve/model/read-paths.ts";
import { isCostly, MAX_CLIENT_ITEMS } from "../../resolve/model/request-lists.ts";
import type { Entry, PlanTopics } from "../model/calls.ts";
import { NO_TRACKS, type PlanMessage, type PlanStep, type Touch } from "../model/messages.ts";
import type { FunctionNames } from "../names/function-names.ts";
import { keptFor } from "./kept-for.ts";
import { latestOf } from "./latest.ts";
import { handedOn, type Origins, originsOf } from "./origins.ts";
import { factsOf } from "./plan-source.ts";
import { arrange, clearedBy, guardsOf, lazyOf, type Owners } from "./step-order.ts";

export interface PlanContext {
  readonly effects: EffectTable;
  readonly degradable: (typeName: string) => boolean;
  readonly isComposed: (typeName: string) => boolean;
  /** The arguments of a message that may be touched. */
  readonly tainted: (typeName: string) => readonly string[];
  /** Returns true if composing a message may send calls that are not batched. */
  readonly sendsUnbatched: (typeName: string) => boolean;
  readonly calls: ReadonlyMap<Call, Entry>;
  readonly topics: PlanTopics;
  readonly maskReads: ReadonlyMap<Call, PathReads>;
  readonly marked: PlanMessage["marked"];
  readonly resolvers: PlanMessage["resolvers"];
  readonly ranks: ReadonlyMap<Step, number>;
  /** Steps over lists that are as long as the client likes. */
  readonly clientLists: ReadonlySet<Step>;
  /** Steps whose failure an expression reads. */
  readonly explained: ReadonlySet<Step>;
  readonly functions: (file: DescFile) => FunctionNames;
  /** Steps of services that are plain values. */
  readonly syncShared: ReadonlySet<Step>;
  /** Set for messages that are composed after a service's steps have started: their immediate guards run first. */
  readonly admits: PlanMessage["admits"];
  readonly sharedNames: PlanMessage["sharedNames"];
  readonly needs: PlanMessage["needs"];
  readonly forLists: PlanMessage["forLists"];
  /** Messages of which some answers contain only a part of the fields. */
  readonly selective: ReadonlySet<string>;
  readonly nameOf: (step: Step) => string;
}

type Draft = { -readonly [K in keyof PlanStep]: PlanStep[K] };

interface PlannedSteps {
  readonly planned: (step: Step) => Draft;
  readonly owners: Owners;
  /** All but those that only a case reads, as they have to be started. */
  readonly steps: readonly PlanStep[];
  /** All, in order of declaration. */
  readonly declared: readonly PlanStep[];
  /** Steps of the service. */
  readonly shared: readonly PlanStep[];
  readonly origins: Origins;
}

/** @param readOutside steps that are read elsewhere, too */
export function planSteps(
  composed: Composed | Let | Permit | Opening,
  around: PlanContext,
  readOutside: ReadonlySet<Step>,
): PlannedSteps {
  const drafts = new Map<Step, Draft>();
  const planned = (step: Step): Draft => {
    const draft = drafts.get(step);
    if (draft === undefined) throw new Error(`step ${step.index} of ${composed.desc.typeName} is not planned`);
    return draft;
  };
  const sorted = sortByDependency(composed.steps, (step) => [...step.reads, ...step.after]).order;
  const owners = caseOnly(composed, sorted, readOutside);
  // A step that depends on a step of the service exists only after the service's steps have started.
  const sharedReaders = new Set<Step>(composed.shared);
  for (const step of [...composed.shared, ...sorted]) {
    if (step.reads.some((read) => sharedReaders.has(read))) sharedReaders.add(step);
    drafts.set(step, { ...draftOf(step, composed, around, { planned, sharedReaders }), onlyInCase: owners.has(step) });
  }
  planDemands(composed, planned);
  for (const step of sorted) {
    const draft = planned(step);
    if (step.source.kind === "switch") draft.lazy = lazyOf(step, sorted, owners, planned);
    // A wait for steps that a case has started is a wait for the switch.
    draft.held ||= draft.lazy.flat().some(({ held }) => held);
    if (step.source.kind === "resolver")
      draft.clearedBy = guardsOf(composed)
        .map(planned)
        .filter((guard) => !guard.immediate);
    else if (draft.effectful) draft.clearedBy = clearedBy(step, composed, owners, planned);
  }
  const steps = arrange(composed, sorted, owners, planned);
  const origins = originsOf({ composed, planned, degradable: around.degradable, isComposed: around.isComposed });
  for (const handed of handedOn(composed, around.tainted, origins)) track(handed, planned);
  return {
    planned,
    owners,
    steps,
    declared: composed.steps.map(planned),
    shared: composed.shared.map(planned),
    origins,
  };
}

/** Returns the facts about a step that do not depend on the steps that wait for it. */
function draftOf(
  step: Step,
  composed: Composed | Let | Permit | Opening,
  around: PlanContext,
  { planned, sharedReaders }: { readonly planned: (step: Step) => Draft; readonly sharedReaders: ReadonlySet<Step> },
): Omit<Draft, "onlyInCase"> {
  const effectful = around.effects.step(step);
  return {
    ...factsOf(step, around.explained.has(step), { ...around, args: composed.args }),
    name: around.nameOf(step),
    sync: isSyncIn(composed, step, around, planned),
    immediate:
      step.source.kind === "guard" &&
      step.after.length === 0 &&
      step.reads.every((read) => planned(read).sync && !sharedReaders.has(read)),
    waitsFor: step.reads.filter((read) => !planned(read).sync).map(planned),
    lazy: [],
    demand: undefined,
    tracks: NO_TRACKS,
    clearedBy: [],
    effectful,
    held: !step.deferred && (!step.supplementary || effectful || around.effects.decides(step)),
    most: mostOf(step, around.clientLists),
    bounded: step.source.kind === "each" && !isBatched(step.source) && sends(step.source, around),
  };
}

/** Steps that only values of members of one oneof read start once such a member may be chosen. */
function planDemands(composed: Block, planned: (step: Step) => Draft): void {
  const stepOf = new Map([...composed.shared, ...composed.steps].map((step) => [step.variable, step]));
  for (const [step, when] of oneofOnly(composed)) {
    const draft = planned(step);
    if (draft.sync || draft.onlyInCase) continue;
    const variables = new Set(when.ifs.flatMap(({ if: condition }) => condition.reads).map(({ variable }) => variable));
    const reads = [...variables].flatMap((variable) => stepOf.get(variable) ?? []).map(planned);
    draft.demand = { ...when, waitsFor: reads.filter(({ sync }) => !sync) };
  }
}

/** Returns the members that a block looks up by declaration. */
export function membersOf({
  calls,
  topics,
  resolvers,
  ranks,
  sharedNames,
}: Pick<PlanContext, Members>): Pick<PlanMessage, Members> {
  return { calls, topics, resolvers, ranks, sharedNames };
}
type Members = "calls" | "topics" | "resolvers" | "ranks" | "sharedNames";

/** Returns the maximum number of items. A list from the client has a default bound. */
function mostOf(step: Step, clientLists: ReadonlySet<Step>): PlanStep["most"] {
  const { source } = step;
  if (source.kind !== "each" || source.scatters) return undefined; // the environment bounds the shards
  const items = source.max ?? (clientLists.has(step) && isCostly(source) ? MAX_CLIENT_ITEMS : undefined);
  return items === undefined ? undefined : { items, fromClient: clientLists.has(step) };
}

export function planMessage(composed: Composed, around: PlanContext): PlanMessage {
  const functions = around.functions(composed.desc.file);
  const { planned, owners, steps, declared, shared, origins } = planSteps(composed, around, new Set());
  const touches = origins.touches();
  for (const touch of touches) track(touch, planned);

  const parts = partsOf(composed);
  const later = new Set(parts.flatMap(({ targets }) => targets));
  const inTargets = (isTarget: (index: number) => boolean) =>
    readBy(
      composed,
      composed.targets.filter((_, index) => isTarget(index)),
      touches.filter(({ target }) => target.kind === "resolved" || isTarget(target.index)),
      owners,
    );
  const { read, ended } = inTargets((index) => !later.has(index));
  if (composed.resolver !== undefined) read.add(composed.resolver);
  const placed = latestOf(composed);
  if (placed !== undefined) read.add(placed);
  const started = steps.filter((step) => !step.sync && step.step.source.kind !== "guard");
  const all = [...shared.filter((step) => !step.sync), ...started];
  const selective = around.selective.has(composed.desc.typeName);
  const plan = {
    composed,
    name: functions.compose(composed.desc),
    forLists: around.forLists,
    file: composed.file.desc,
    steps,
    declared,
    shared,
    admits: steps.some((step) => step.immediate) ? around.admits : undefined,
    ...awaitedOf(all, { read, ended }, selective),
    touches,
    marked: around.marked,
    parts: parts.map(({ targets }) => {
      const partReads = inTargets((index) => targets.includes(index));
      return {
        targets,
        fields: fieldsOf({ targets }, composed),
        awaited: all.filter(({ step }) => partReads.read.has(step) && !read.has(step)),
        barriers: all.filter(({ step }) => partReads.ended.has(step) && !partReads.read.has(step) && !read.has(step)),
        touches: touches.filter(({ target }) => target.kind !== "resolved" && targets.includes(target.index)),
      };
    }),
    heldParts: all.filter(
      ({ step, effectful }) =>
        step.deferred && effectful && (selective || !parts.some((part) => part.steps.includes(step))),
    ),
    tainted: composed.args.members.filter((arg) => arg.tainted).map((arg) => arg.name),
    effectful: around.effects.message(composed),
    optionalArgs: composed.args.members.filter((arg) => arg.variable.absent).map((arg) => arg.name),
    degradable: touches.length > 0 || composesDegradable(composed, around),
    ...membersOf(around),
    needs: around.needs,
    functions: functions.scope,
  };
  return { ...plan, keptFor: selective ? keptFor(plan) : undefined };
}

function composesDegradable({ steps }: Composed, { degradable }: PlanContext): boolean {
  return steps.flatMap(({ source }) => composesOf(source)).some(({ message }) => degradable(message.typeName));
}

/**
 * Returns the steps that a message waits for, by whether it reads them. A step is omitted if another awaited step
 * surely waits for it, which is unknown of steps that a selection may skip.
 */
function awaitedOf(
  all: readonly PlanStep[],
  { read, ended }: ReturnType<typeof readBy>,
  selective: boolean,
): Pick<PlanMessage, "awaited" | "barriers"> {
  const awaited = all.filter(({ step }) => read.has(step));
  const barriers = all.filter(
    ({ step, held }) => !read.has(step) && ((step.source.kind !== "shared" && held) || ended.has(step)),
  );
  const sure = selective ? [] : [...awaited, ...barriers].filter(({ demand }) => demand === undefined);
  const waitedFor = new Set(sure.flatMap(({ step }) => certainReads(step)));
  return { awaited, barriers: barriers.filter(({ step }) => !waitedFor.has(step)) };
}

/**
 * Returns the steps that fields and their touches read. Other steps count only by their failure, so they must have
 * ended.
 */
function readBy(
  composed: Composed,
  targets: readonly Target[],
  touches: readonly Pick<Touch, "origins">[],
  owners: Owners,
): { readonly read: Set<Step>; readonly ended: Set<Step> } {
  const read = new Set<Step>();
  const ended = new Set<Step>();
  const byVariable = new Map(
    [...composed.shared, ...composed.steps].flatMap((step) =>
      step.variable === undefined ? [] : [[step.variable, step] as const],
    ),
  );
  for (const { variable, kind } of targets.flatMap(expressionsOf).flatMap((expression) => expression?.reads ?? [])) {
    const step = byVariable.get(variable);
    if (step !== undefined) (kind === "failure" ? ended : read).add(step);
  }
  for (const { origin } of touches.flatMap(({ origins }) => origins))
    if (origin.kind === "within" && !owners.has(origin.step.step)) read.add(origin.step.step);
  return { read, ended };
}

/**
 * Returns the steps that a step always waits for. Excludes steps that a condition, a case or a fallback may skip, and
 * unread arguments.
 */
export function certainReads({ if: condition, fallback, source, reads }: Step): readonly Step[] {
  // An each whose list is absent waits for nothing that its items read.
  const mayHaveNone = source.kind === "each" && source.in.unsafe.length > 0;
  const leavesOut = source.kind === "switch" || mayHaveNone || composesOf(source).length > 0;
  return condition === undefined && fallback === undefined && !leavesOut ? reads : [];
}

/** `isSync` for a step of a block: of steps of the service the plan of the service decides. */
function isSyncIn(
  { kind }: Composed | Let | Permit | Opening,
  step: Step,
  { syncShared }: PlanContext,
  planned: (step: Step) => Draft,
): boolean {
  if (step.source.kind === "shared") return step.source.of.every((of) => syncShared.has(of));
  if (kind === "let" || kind === "opening") return syncShared.has(step);
  return isSync(step, (read) => planned(read).sync);
}

/**
 * Returns true for a computed value over values that are available at once and that cannot fail. The emitted code has a
 * plain constant for it.
 */
export function isSync(step: Step, sync: (read: Step) => boolean): boolean {
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
function sends(source: Source, around: Pick<PlanContext, "sendsUnbatched">): boolean {
  return (
    callsOf(source).some((call) => call.batch === undefined) ||
    composesOf(source).some(({ message }) => around.sendsUnbatched(message.typeName))
  );
}

export function track({ origins }: Pick<Touch, "origins">, planned: (step: Step) => Draft): void {
  for (const condition of origins.flatMap((origin) => origin.when)) {
    const draft = planned(condition.step.step);
    const { kind } = condition;
    draft.tracks = {
      ran: draft.tracks.ran || kind === "ran",
      items: draft.tracks.items || kind === "items",
      picked: draft.tracks.picked || kind === "picked",
      made: draft.tracks.made || kind === "made",
      lacks: draft.tracks.lacks,
      case: draft.tracks.case || kind === "chosen" || kind === "asked",
    };
  }
  for (const { leftOut } of origins)
    for (const { step } of typeof leftOut === "boolean" ? [] : leftOut) {
      const draft = planned(step);
      draft.tracks = { ...draft.tracks, lacks: true };
    }
}

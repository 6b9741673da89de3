// The steps of a service's `let` that each of its rpcs starts, and the values that its messages receive.

import type { DescMethod } from "@bufbuild/protobuf";
import { restsOn } from "../../resolve/model/blocks.ts";
import type { Callers } from "../../resolve/model/edge.ts";
import type { BffService, Let, Model, Permit, Step } from "../../resolve/model/model.ts";
import { camel } from "../../text/camel.ts";
import type { PlanMessage, PlanOpening, PlanStep } from "../model/messages.ts";
import type { PermitPart, PlanPermit, PlanStart } from "../model/plan.ts";
import { lowerCamel, NameScope } from "../names/name-scope.ts";
import { stepNames } from "../names/step-names.ts";
import { neededFor } from "./kept-for.ts";
import type { Origins } from "./origins.ts";
import { certainReads, isSync, membersOf, type PlanContext, planSteps, track } from "./plan-message.ts";

/** Returns the property under which each step of a service is handed on; its promise has the suffix `Step`. */
export function sharedNames(model: Model): ReadonlyMap<string, string> {
  const scope = new NameScope(undefined, ["before"]);
  const names = new Set([
    ...model.lets.flatMap(({ steps }) => steps.flatMap((step) => step.name ?? [])),
    ...model.openings.flatMap(({ steps }) => steps.flatMap(({ name, variable }) => name ?? variable?.name ?? [])),
  ]);
  return new Map([...names].map((name) => [name, scope.takeWith(lowerCamel(name), "Step")]));
}

/** Returns one plan for each set of steps that an rpc starts. */
export function planStarts(
  service: BffService,
  messages: ReadonlyMap<string, PlanMessage>,
  openings: ReadonlyMap<string, PlanOpening>,
  around: Omit<PlanContext, "nameOf" | "needs" | "admits">,
): { starts: PlanStart[]; of: ReadonlyMap<BffService["methods"][number], PlanStart> } {
  const groups = new Map<string, BffService["methods"][number][]>();
  for (const method of service.methods) {
    if (method.shared.length === 0) continue;
    const key = method.shared.map((step) => step.index).join();
    groups.set(key, [...(groups.get(key) ?? []), method]);
  }
  const of = new Map<BffService["methods"][number], PlanStart>();
  const starts: PlanStart[] = [];
  for (const methods of groups.values()) {
    const [first] = methods;
    if (service.let === undefined || first === undefined) continue;
    const all = groups.size === 1;
    const planned = planStart(
      { ...service.let, steps: first.shared },
      all ? undefined : first.desc,
      all ? undefined : methods.map((method) => method.desc.name),
      methods.flatMap((method) => rootOf(method, messages, openings) ?? []),
      around,
    );
    const start = { ...planned, callers: allCallers(methods) };
    starts.push(start);
    for (const method of methods) of.set(method, start);
  }
  return { starts, of };
}

/** Returns the combined callers of the given methods. */
export function allCallers(methods: readonly Pick<BffService["methods"][number], "callers">[]): Callers | undefined {
  const all = methods.flatMap(({ callers }) => callers ?? []);
  if (all.length === 0) return undefined;
  return { types: [...new Set(all.flatMap(({ types }) => types))], open: all.flatMap(({ open }) => open) };
}

/** A block that reads the started steps of an rpc, with the steps that its answer or its stream's opening waits for. */
type Root = Pick<PlanMessage, "composed" | "effectful" | "awaited" | "barriers">;

function rootOf(
  { composed: { desc }, stream, opening }: BffService["methods"][number],
  messages: ReadonlyMap<string, PlanMessage>,
  openings: ReadonlyMap<string, PlanOpening>,
): Root | undefined {
  const message = messages.get(desc.typeName);
  if (message === undefined || stream === undefined) return message;
  const { effectful = false, awaited = [] } = (opening && openings.get(opening.desc.typeName)) ?? {};
  return { composed: message.composed, effectful, awaited, barriers: [] };
}

const NEVER_WAITS: Pick<Root, "awaited" | "barriers"> = { awaited: [], barriers: [] };

function planStart(
  block: Let,
  rpc: DescMethod | undefined,
  rpcs: readonly string[] | undefined,
  roots: readonly Root[],
  around: Omit<PlanContext, "nameOf" | "needs" | "admits">,
): Omit<PlanStart, "callers"> {
  const read = new Set(
    roots.flatMap(({ composed }) =>
      composed.shared.flatMap(({ source }) => (source.kind === "shared" ? source.of : [])),
    ),
  );
  const functions = around.functions(block.desc.file);
  const nameOf = stepNames(block, functions.scope);
  const { planned, owners, steps, declared, origins } = planSteps(
    block,
    { ...around, nameOf, needs: undefined, admits: undefined },
    read,
  );
  const inherits = inheritedOrigins(
    block.steps.filter((step) => read.has(step)),
    planned,
    origins,
  );
  const running = steps.filter(
    (step) => !step.immediate && !(step.sync && !read.has(step.step) && onlyGuards(step, steps)),
  );
  const held = running.filter((step) => !step.sync && step.held);
  const effectful = roots.some((root) => root.effectful);
  const gives = block.steps.flatMap((step) =>
    read.has(step) && step.name !== undefined
      ? [{ name: around.sharedNames.get(step.name) ?? camel(step.name), step: planned(step) }]
      : [],
  );
  const isSelective = roots.some(({ composed }) => around.selective.has(composed.desc.typeName));
  return {
    composed: block,
    let: block,
    name: functions.start(block.desc, rpc),
    rpcs,
    admit: steps.some((step) => step.immediate) ? functions.admit(block.desc) : undefined,
    empty: running.length === 0,
    steps,
    declared,
    effectful: false,
    optionalArgs: [],
    ...membersOf(around),
    functions: functions.scope,
    gives,
    before: effectful ? held.filter((step) => !step.step.supplementary && !owners.has(step.step)) : undefined,
    // A root that may skip steps surely waits for none.
    holds: heldBack(held, block, isSelective ? [NEVER_WAITS, ...roots] : roots),
    inherits,
    neededFor: isSelective ? neededFor(declared, gives) : undefined,
  };
}

/** Returns the steps that answers wait for although no field of an answer does. */
function heldBack(
  held: readonly PlanStep[],
  block: Let,
  roots: readonly Pick<Root, "awaited" | "barriers">[],
): PlanStep[] {
  // No answer leaves before the guards have finished.
  const guarded = new Set(
    block.steps.flatMap((step) => (step.source.kind === "guard" && step.if === undefined ? step.reads : [])),
  );
  return held.filter(
    ({ step }) =>
      step.source.kind !== "guard" &&
      // A constant in a promise cannot fail.
      !isConstant(step) &&
      !guarded.has(step) &&
      !roots.every((root) => waitsFor(root, step)),
  );
}

/** Returns the possible origins of a touched step, for the steps that messages read. */
export function inheritedOrigins(
  read: readonly Step[],
  planned: ReturnType<typeof planSteps>["planned"],
  origins: Origins,
): Map<PlanStep, ReturnType<Origins["ofStep"]>> {
  const inherits = new Map<PlanStep, ReturnType<Origins["ofStep"]>>();
  for (const step of read) {
    if (!step.tainted) continue;
    const itself = planned(step);
    const list = origins.ofStep(step).filter(({ origin }) => origin.kind !== "within" || origin.step !== itself);
    if (list.every(({ origin }) => origin.kind === "step" && origin.step === itself)) continue;
    inherits.set(itself, list);
    track({ origins: list }, planned);
  }
  return inherits;
}

function isConstant(step: Step): boolean {
  return isSync(step, isConstant);
}

/** A constant that only immediate guards read: it stands with them. */
function onlyGuards(step: PlanStep, steps: readonly PlanStep[]): boolean {
  const readers = steps.filter((other) => other.step.reads.includes(step.step));
  return readers.every((other) => other.immediate || (other.sync && onlyGuards(other, steps)));
}

/** Returns true if composing a message certainly waits for a step of the service. */
function waitsFor(root: Pick<Root, "awaited" | "barriers">, step: Step): boolean {
  const seen = new Set<Step>();
  const open = [...root.awaited, ...root.barriers].map((planStep) => planStep.step);
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    if (at.source.kind === "shared") open.push(...at.source.of);
    open.push(...certainReads(at));
  }
  return seen.has(step);
}

/**
 * Plans a permit; undefined if the credential check decides all of it.
 * @param limited true if limits run between the immediate conditions and the conditions that depend on calls
 */
export function planPermit(
  permit: Permit,
  around: Omit<PlanContext, "nameOf" | "needs" | "admits">,
  limited: boolean,
): PlanPermit | undefined {
  if (permit.steps.length === 0) return undefined;
  const functions = around.functions(permit.desc.file);
  const nameOf = stepNames(permit, functions.scope);
  const { steps, declared } = planSteps(permit, { ...around, nameOf, needs: undefined, admits: undefined }, new Set());
  const permitName = functions.permit(permit.rpc.desc);
  const split = limited ? splitSteps(steps) : { check: steps, decide: [] };
  const parts: readonly PermitPart[] = [
    { gate: "check", name: permitName, steps: split.check },
    { gate: "decide", name: functions.decide(permit.rpc.desc), steps: split.decide },
  ];
  return {
    composed: permit,
    parts: parts.filter((part) => part.steps.length > 0),
    callers: permit.callers,
    steps,
    declared,
    effectful: false,
    optionalArgs: [],
    ...membersOf(around),
    functions: functions.scope,
  };
}

/**
 * Splits the steps into immediate conditions, and all other conditions with the decisions. A step that both parts read
 * is in both.
 */
function splitSteps(steps: readonly PlanStep[]): Readonly<Record<"check" | "decide", readonly PlanStep[]>> {
  const at = steps.filter((step) => step.immediate);
  const later = steps.filter((step) => !step.immediate && (!step.sync || step.step.source.kind === "guard"));
  const rests = (of: readonly PlanStep[]): ReadonlySet<Step> =>
    new Set(of.flatMap(({ step }) => [step, ...restsOn(step)]));
  const [gateSteps, decide] = [rests(at), rests(later)];
  return {
    check: steps.filter(({ step }) => gateSteps.has(step)),
    // Steps that nothing reads still belong to a part.
    decide: steps.filter(({ step }) => decide.has(step) || !gateSteps.has(step)),
  };
}

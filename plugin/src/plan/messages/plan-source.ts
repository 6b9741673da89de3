// Plans of sources, with the facts that printing needs: a call may fail before it is sent, or mark its value.
import type { Expression } from "../../cel/index.ts";
import type { BoundExpression } from "../../model/conversion.ts";
import {
  callExpressions,
  failExpressions,
  mayBeStale,
  rescueExpressions,
  retryIfOverSteps,
  sourceExpressions,
  tagHoles,
} from "../../resolve/model/blocks.ts";
import type { Call, ErrorRule } from "../../resolve/model/call.ts";
import type { Args, EachSource, Source, Step } from "../../resolve/model/model.ts";
import type { PathReads } from "../../resolve/model/read-paths.ts";
import { clientParts } from "../calls/client-fields.ts";
import type { Entry, PlanTopics } from "../model/calls.ts";
import type { PlanCall, PlanErrorRule, PlanSource, PlanStep } from "../model/messages.ts";

interface SourceContext {
  readonly args: Args;
  readonly calls: ReadonlyMap<Call, Entry>;
  readonly topics: PlanTopics;
  readonly maskReads: ReadonlyMap<Call, PathReads>;
}

/** Returns the operation of a step, and the facts about it that other parts of the plan read. */
export function factsOf(
  step: Step,
  explained: boolean,
  within: SourceContext,
): Pick<PlanStep, "step" | "if" | "source" | "expressions" | "explained" | "notes" | "marks"> {
  const notes = explained && notesFailure(step);
  return {
    step,
    if: step.if,
    source: planSource(step, within),
    expressions: present(sourceExpressions(step.source)),
    explained,
    notes,
    marks: notes || marksValue(step.source),
  };
}

function planSource({ source, if: condition }: Pick<Step, "source" | "if">, within: SourceContext): PlanSource {
  switch (source.kind) {
    case "by":
    case "compose":
    case "switch":
    case "resolver":
    case "shared":
      return source;
    case "call":
      return { kind: "call", call: planCall(source.call, within) };
    case "each":
      return {
        ...source,
        source: planItem(source.source, within),
        expressions: present(sourceExpressions(source.source)),
        wholeList: isWholeList(source),
      };
    case "latest": {
      const topic = within.topics.get(source.topic);
      if (topic === undefined) throw new Error(`topic "${source.topic.name.value}" is not planned`);
      return { kind: "latest", topic, key: source.key };
    }
    case "guard": {
      const expressions = failExpressions(source.fail);
      const fails = [condition, source.if, ...expressions].some((expression) => expression?.fails === true);
      return { ...source, expressions, fails };
    }
  }
}
const present = (all: readonly (Expression | undefined)[]): Expression[] =>
  all.flatMap((expression) => expression ?? []);

function planItem(source: EachSource["source"], within: SourceContext) {
  return source.kind === "call" ? { kind: "call" as const, call: planCall(source.call, within) } : source;
}

function planCall(call: Call, { args, calls, maskReads }: SourceContext): PlanCall {
  const entry = calls.get(call);
  if (entry === undefined) throw new Error(`no entry for ${call.method.name}`);
  return {
    method: call.method,
    request: call.request,
    set: call.set,
    masks: call.masks.map(({ path }) => ({ path, reads: maskReads.get(call)?.reads ?? [] })),
    metadata: call.metadata,
    effects: call.effects,
    entry,
    batch: call.batch,
    shard: call.shard,
    onError: call.onError.map(planRule),
    retryIf: retryIfOverSteps(call),
    holes:
      entry.policy.cache === undefined
        ? []
        : tagHoles(call.policy).flatMap(({ by, ofAnswer }) => (ofAnswer ? [] : [by])),
    clientFields: clientParts(call, args),
    fails: callFails(call),
    marks: mayBeStale(call) || call.onError.some(({ then }) => then.kind === "fallback"),
    expressions: present(callExpressions(call)),
  };
}
const planRule = (rule: ErrorRule): PlanErrorRule => ({ ...rule, expressions: rescueExpressions(rule.then) });

/** Returns true if any part of the call may throw or needs a microtask. */
function callFails(call: Call): boolean {
  const bounds = [call.request, ...call.set.map((binding) => binding.bound), call.batch?.by];
  const conditions = [
    ...call.set.map((binding) => binding.if),
    ...call.metadata.flatMap((binding) => [binding.by, binding.if]),
    call.request?.expression,
    call.shard?.by,
  ];
  return (
    conditions.some((expression) => expression?.fails) ||
    bounds.some((bound) => bound !== undefined && (bound.expression.fails || mayThrow(bound)))
  );
}
/** The conversion of a literal was checked at compile time. */
function mayThrow({ expression, conversion }: BoundExpression): boolean {
  return conversion.kind !== "same" && (conversion.kind !== "represent" || expression.constant === undefined);
}

/**
 * Returns true if a step notes a failure without ending with it: an ignored or replaced failure, or that of a step that
 * it needs.
 */
function notesFailure({ source, if: condition }: Step): boolean {
  if (source.kind === "call" && source.call.onError.some(({ then }) => then.kind !== "fail")) return true;
  const needed = [condition, ...neededBy(source)];
  return needed.some((expression) => expression?.unsafe.some(({ failure }) => failure !== undefined));
}
/** Returns the expressions that a source needs for a value. */
function neededBy(source: Source): readonly (Expression | undefined)[] {
  if (source.kind === "compose") return [];
  return source.kind === "each" ? [source.in] : sourceExpressions(source);
}

/** Returns true if a part of a step marks it as touched although it has a value. */
function marksValue(source: Source): boolean {
  const inner = source.kind === "each" ? source.source : source;
  return (
    (source.kind === "each" && source.partial) ||
    (inner.kind === "call" && inner.call.onError.some((rule) => rule.then.kind === "fallback")) ||
    // A stale answer marks itself. A value that is derived from it, such as a list or one item, does not.
    (inner.kind === "call" && mayBeStale(inner.call) && (source.kind === "each" || inner.call.batch !== undefined))
  );
}

/** A list of messages that fails as a whole. */
export function isWholeList(source: Source): boolean {
  return (
    source.kind === "each" &&
    source.source.kind === "compose" &&
    !source.partial &&
    source.quorum === undefined &&
    !source.itemAbsent &&
    source.key === undefined
  );
}

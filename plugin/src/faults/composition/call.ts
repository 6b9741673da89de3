// A call of a step: what it is sent for, how it ends, and what the step makes of that.
import type { CallBehaviour, ErrorRuleBehaviour, StepBehaviour } from "../behaviour.ts";
import { causeOf, type Ending, UNSENT } from "../values/endings.ts";
import { errorValue } from "../values/error-value.ts";
import {
  dead,
  failed,
  type Locals,
  type Result,
  type Taint,
  tainted,
  valueResult,
  type Why,
} from "../values/results.ts";
import {
  EvaluationError,
  equal,
  fromReport,
  isListValue,
  MapValue,
  MessageValue,
  UNKNOWN,
  type Value,
} from "../values/values.ts";
import type { Composition } from "./composition.ts";
import { read, wanting } from "./expressions.ts";

export function callResult(at: Composition, step: StepBehaviour, call: CallBehaviour, locals: Locals): Result {
  const taint: Taint[] = [];
  const inputs: Value[] = [];
  const lacking = (result: Result): Result =>
    result.state === "absent"
      ? ({ ...tainted(result, taint), why: wanting(at, textsOf(call), locals) } as Result)
      : tainted(result, taint);
  const waited = (result: Result | undefined): void => {
    if (result?.late) at.waits(step);
  };
  for (const { by, if: condition } of call.wants) {
    if (condition !== undefined) {
      const held = at.condition(condition, locals);
      waited(held);
      if (held.state !== "value") return lacking(held);
      taint.push(...held.taint, ...held.inner);
      if (held.value !== true) continue;
    }
    const from = at.evaluate(by, locals);
    waited(from);
    if (from.state !== "value") return lacking(from);
    taint.push(...from.taint, ...from.inner);
    inputs.push(from.value);
  }
  for (const bind of call.metadata) {
    const arg = at.bound(bind, locals);
    waited(arg);
    if (arg.state === "failed" || arg.state === "dead") return arg;
    taint.push(...arg.taint, ...(arg.state === "value" ? arg.inner : []));
    if (arg.state === "absent" && bind.if === undefined) return lacking(arg);
  }
  const key = call.batch && at.evaluate(call.batch.by, locals);
  if (key !== undefined && key.state !== "value") return lacking(key);
  if (key !== undefined) taint.push(...key.taint, ...key.inner);
  waited(key);
  for (const rule of call.on_error)
    for (const { name } of [...(rule.if?.reads ?? []), ...(rule.fallback?.reads ?? [])])
      if (name !== "error") waited(read(at, name, locals));
  for (const local of locals.values()) waited(local);
  if (call.side_effects && at.clearsLate(step)) at.waits(step);

  at.response.calledMethods.add(call.method);
  const met = at.response.ending(call.method, { step, inputs });
  // A late step sends no call.
  const ending = at.isLate(step) ? UNSENT : met;
  if (met.kind === "failure" && met.hangs && (call.timeout_ms ?? Number.POSITIVE_INFINITY) >= at.response.forCallsMs)
    at.waits(step);
  if (ending.kind === "failure") {
    if (!(at.response.remembered && call.stale)) return afterFailure(at, step, call, ending, { locals, taint });
    const cause = { ...causeOf(ending, upstreamOf(call)), stale: true as const };
    taint.push({ cause, rank: step.index, leftOut: false, soft: false });
  }
  const answer = fromReport(at.response.behaviour.answers[call.method] ?? null);
  return call.batch === undefined || key === undefined
    ? valueResult(answer, taint)
    : itemOf(at, call.batch, answer, key.value, taint);
}

/** Returns the expressions that are evaluated before a call is sent. */
function textsOf({ wants, batch, metadata }: CallBehaviour) {
  return [...wants, ...metadata]
    .flatMap(({ by, if: condition }) => [by, ...(condition ? [condition] : [])])
    .concat(batch?.by ?? []);
}

/**
 * Returns the mock's item for a key. Mocks answer every requested key with an item that has the key, or that has the
 * key's fields of the same names.
 */
function itemOf(
  at: Composition,
  batch: NonNullable<CallBehaviour["batch"]>,
  answer: Value,
  key: Value,
  taint: readonly Taint[],
): Result {
  const { items: name, key: field, key_by: computed, many } = batch;
  const items = answer instanceof MessageValue ? answer.fields.get(name) : undefined;
  let item: Value = UNKNOWN;
  if (items !== undefined && isListValue(items)) {
    const [first] = items;
    item =
      first instanceof MessageValue && field !== undefined
        ? new MessageValue(first.type, new Map([...first.fields, [field, key]]))
        : (first ?? UNKNOWN);
  } else if (items instanceof MapValue) item = items.entries[0]?.[1] ?? UNKNOWN;
  if (computed !== undefined) {
    item = answering(at, batch, item, key);
    const keyResult = at.evaluate(computed, new Map([["item", valueResult(item)]]));
    if (keyResult.state !== "value") return tainted(keyResult, taint);
    const same = equal(keyResult.value, key);
    const isRequested =
      same === UNKNOWN ? at.response.decide({ why: `\`${computed.text}\` gives the keys`, isError: false }) : same;
    // Items of keys that were not requested are ignored.
    if (!isRequested) return many ? valueResult([], taint) : { state: "absent", taint };
  }
  return valueResult(many ? [item] : item, taint);
}
/** Returns the item with the fields that it shares with the requested message. */
function answering(at: Composition, { wrap }: NonNullable<CallBehaviour["batch"]>, item: Value, key: Value): Value {
  const wrapped = wrap && at.evaluate(wrap, new Map([["key", valueResult(key)]]));
  if (!(item instanceof MessageValue) || wrapped?.state !== "value" || !(wrapped.value instanceof MessageValue))
    return item;
  const common = [...wrapped.value.fields].filter(([name]) => item.fields.has(name));
  return new MessageValue(item.type, new Map([...item.fields, ...common]));
}

const upstreamOf = ({ method }: CallBehaviour): string => method.slice(0, method.lastIndexOf("/"));

function afterFailure(
  at: Composition,
  step: StepBehaviour,
  call: CallBehaviour,
  ending: Ending & { readonly kind: "failure" },
  { locals: outer, taint }: { readonly locals: Locals; readonly taint: readonly Taint[] },
): Result {
  const cause = causeOf(ending, upstreamOf(call));
  const why: Why = { ...cause, code: ending.code, message: ending.message };
  const locals: Locals = new Map([...outer, ["error", valueResult(errorValue(why))]]);
  for (const rule of call.on_error) {
    if (!matches(at, rule, ending.code, locals)) continue;
    switch (rule.then) {
      case "ignore":
        return { state: "absent", taint, why };
      case "fallback": {
        const fallbackTaint: Taint = { cause, rank: step.index, leftOut: false, soft: false };
        if (rule.fallback === undefined) return failed(new EvaluationError("no fallback"), taint);
        const instead = tainted(at.evaluate(rule.fallback, locals), [...taint, fallbackTaint]);
        return instead.state === "value" ? { ...instead, why } : instead;
      }
      case "fail":
        at.response.refusals.push(rule.code ?? ending.code);
        return dead;
    }
  }
  return { state: "failed", failures: [{ code: ending.clientCode, cause, why }], taint };
}
function matches(at: Composition, { on, if: condition }: ErrorRuleBehaviour, code: number, locals: Locals): boolean {
  if (on.length > 0 && !on.includes(code)) return false;
  if (condition === undefined) return true;
  const held = at.condition(condition, locals);
  return held.state === "value" && equal(held.value, true) === true;
}

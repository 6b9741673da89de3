import { type CelType, isComplete, type Proto, typeName, type Variable } from "../../cel/index.ts";
import { fault, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrGuard, IrLatest, IrStep, IrTopic } from "../../ir/step.ts";
import type { BoundExpression } from "../../model/conversion.ts";
import { protoOf } from "../../model/proto-of.ts";
import { conversion } from "../conversions/convert.ts";
import { callsOf, composesOf, failExpressions, isCached, mayBeStale } from "../model/blocks.ts";
import { safeRead } from "../model/missing/missing-hints.ts";
import type { Source, Step } from "../model/model.ts";
import { findTopic, itemOfTopic } from "../names/topics.ts";
import { fallbackType, mayBeNothing } from "../policies/error-rules.ts";
import { resolveFailure } from "../policies/failure.ts";
import { behind, check, checkCondition, checkValue, stepsRead, where } from "../scope/scope.ts";
import { resolveCall } from "./call.ts";
import { resolveCompose } from "./compose.ts";
import { argsRead, describe, type MessageContext, type Resolved, value, valueOfCall } from "./context.ts";
import { resolveEach } from "./each.ts";
import { failureVariable, mayHaveFailure } from "./failure-variable.ts";
import { resolveSwitch } from "./switch.ts";
import { keyOf } from "./topic-key.ts";

/** Resolves one step; everything it reads is resolved already. Undefined after a diagnostic. */
export function resolveStep(cx: MessageContext, ir: IrStep, index: number): Step | undefined {
  const { scope } = cx;
  const deferred = ir.defer !== undefined;
  const isDeferred = cx.deferred || deferred;
  const condition = ir.if && checkCondition(scope, ir.if, "this `if`");
  const resolved =
    ir.source && resolveSource({ ...cx, scope: behind(scope, ir.if, condition), deferred: isDeferred }, ir, ir.source);
  const after = ir.after.flatMap((name) => scope.steps.get(name.value) ?? []);
  if (resolved === undefined || (ir.if !== undefined && condition === undefined)) return undefined;
  const { source, type, proto, needs, uses } = resolved;
  const supplementary = ir.supplementary?.value ?? deferred;
  if (isDeferred) for (const { message } of composesOf(source)) cx.run.deferredMessages.add(message.typeName);
  const fallback = ir.fallback && type && resolveFallback(cx, ir, type, proto);
  if (ir.fallback !== undefined && fallback === undefined) return undefined;

  const mayBeAbsent =
    resolved.absent ||
    supplementary ||
    condition !== undefined ||
    needs.some((expression) => expression !== undefined && expression.unsafe.length > 0);
  if (ir.fallback !== undefined && !mayBeAbsent) {
    refuseUnused(ir.fallback, scope.report);
    return undefined;
  }

  const all = [condition, ...needs, ...uses];
  const reads = stepsRead(scope, [...all, fallback?.expression]);
  const absent = fallback === undefined && mayBeAbsent;
  const tainted =
    supplementary ||
    bringsCauses(source) ||
    reads.some((step) => step.tainted) ||
    argsRead(cx, all).some((arg) => arg.tainted);
  const failable = mayHaveFailure(source, supplementary, condition, needs);
  const variable = stepVariable(ir, index, resolved, { absent, failable });
  if (!deferred) checkUndeferred(cx, ir, [...reads, ...after]);
  return {
    ir,
    name: ir.name?.value,
    index,
    variable,
    if: condition,
    source,
    supplementary,
    autobind: ir.autobind?.value ?? false,
    unordered: ir.unordered?.value ?? false,
    deferred,
    fallback,
    after,
    reads,
    absent,
    absentByFailure: fallback === undefined && supplementary,
    tainted,
  };
}

/** Returns true if failures inside a source, or answers in place of a failure, may affect its value. */
function bringsCauses(source: Source): boolean {
  return (
    composesOf(source).length > 0 ||
    callsOf(source).some((call) => mayBeStale(call) || call.onError.some((rule) => rule.then.kind === "fallback")) ||
    (source.kind === "each" && source.partial)
  );
}

function stepVariable(
  ir: IrStep,
  index: number,
  { source, type, proto }: Resolved,
  { absent, failable }: { readonly absent: boolean; readonly failable: boolean },
): Variable | undefined {
  // A step that only fills fields by their names has a variable that expressions cannot name.
  const name = ir.name?.value ?? (ir.autobind?.value === true ? `_step_${index + 1}` : undefined);
  if (name === undefined || type === undefined) return undefined;
  const failure = failable ? failureVariable(name) : undefined;
  const complete = isReceived(source);
  const received = receivedOf(source);
  return { name, role: "step", type, proto, absent, failure, complete, received, typedAt: ir.at };
}

/** Returns true for a value that is received from a client or an upstream. */
function isReceived(source: Source): boolean {
  switch (source.kind) {
    case "by":
      return isComplete(source.by.root);
    case "call":
    case "latest":
      return true;
    case "each":
      return isReceived(source.source);
    case "switch":
      return [...source.cases.map(({ value }) => value), source.default].every(
        (bound) => bound === undefined || isComplete(bound.expression.root),
      );
    default:
      return false;
  }
}

function refuseUnused(fallback: Text, report: Report): void {
  fault(report, "BFF607", fallback.at, {
    message: "this fallback is never used: the step has a value, or it fails the response",
    hint: "add `supplementary: true` to the step if it may fail, or remove the fallback",
  });
}

/**
 * Reports a step that depends on a deferred step without declaring `defer`, so that late values are visible in the
 * source.
 */
function checkUndeferred(cx: MessageContext, ir: IrStep, before: readonly Step[]): void {
  const deferred = before.find((step) => step.deferred);
  if (deferred === undefined) return;
  const guard = ir.source?.kind === "guard";
  const stepName = ir.name === undefined ? `step ${ir.index + 1}` : `step "${ir.name.value}"`;
  const called = guard ? "a guard" : stepName;
  const path = `"${ir.name?.value ?? called}" → "${deferred.name}"`;
  fault(cx.scope.report, "BFF662", ir.name?.at ?? ir.at, {
    message: guard
      ? `a guard depends on "${deferred.name}", which is deferred: its status would already be sent`
      : `${called} depends on "${deferred.name}", which is deferred, but is not deferred itself (${path})`,
    related: [{ at: deferred.ir.defer?.at ?? deferred.ir.at, message: `"${deferred.name}" is deferred` }],
    hint: guard
      ? `read values of the first message in the guard, or leave out the \`defer\` of "${deferred.name}"`
      : `add \`defer: true\` to it, or leave out the \`defer\` of "${deferred.name}"`,
  });
}

function resolveSource(cx: MessageContext, step: IrStep, source: NonNullable<IrStep["source"]>): Resolved | undefined {
  switch (source.kind) {
    case "by": {
      const by = checkValue(cx.scope, source.by);
      return by && value({ kind: "by", by });
    }
    case "call": {
      const call = resolveCall(cx, source, []);
      return call && valueOfCall(call);
    }
    case "compose":
      return resolveCompose(cx, source, [], describe(cx, step));
    case "each":
      return resolveEach(cx, source, step);
    case "switch":
      return resolveSwitch(cx, source);
    case "guard":
      return resolveGuard(cx, source);
    case "latest":
      return resolveLatest(cx, source);
  }
}

/** Resolves the newest item of a topic, which belongs to the only service of this message or step. */
function resolveLatest(cx: MessageContext, ir: IrLatest): Resolved | undefined {
  const { scope, run } = cx;
  const services = cx.ir.kind === "service" ? [cx.ir] : cx.roots.flatMap((root) => run.lets.serviceOf.get(root) ?? []);
  const topic = ir.topic && findTopic(run.ir, [...new Set(services)], ir.topic, scope.report);
  const key = ir.key && keyOf(scope, ir.key);
  const type = topic && itemOfTopic(run.ir, topic, containerOf(run, topic));
  if (topic === undefined || key === undefined || type === undefined) return undefined;
  const form = { kind: "message", desc: type } as const;
  return {
    source: { kind: "latest", topic, type, key },
    type: form,
    proto: form,
    absent: true,
    needs: [key],
    uses: [],
  };
}
const containerOf = ({ ir }: MessageContext["run"], topic: IrTopic): string =>
  ir.files.find(({ services }) => services.some(({ topics }) => topics.includes(topic)))?.desc.proto.package ?? "";

function resolveGuard(cx: MessageContext, ir: IrGuard): Resolved | undefined {
  const { scope } = cx;
  const condition = ir.if && checkCondition(scope, ir.if, "this guard's `if`");
  const fail = ir.fail && resolveFailure(where(scope, condition), ir.fail, []);
  if (condition === undefined || fail === undefined) return undefined;
  for (const expression of [condition, ...failExpressions(fail)]) {
    const [variable] = expression.unsafe;
    if (variable === undefined) continue;
    fault(
      scope.report,
      "BFF606",
      expression.reads.find((read) => read.variable === variable)?.at ?? expression.text.at,
      {
        message: `a guard must decide, but "${variable.name}" may be ${variable.missing === undefined ? "absent" : "missing"}`,
        hint: decisionHint(variable, expression === condition),
      },
    );
  }
  return {
    source: { kind: "guard", if: condition, fail },
    type: undefined,
    proto: undefined,
    absent: false,
    needs: [condition],
    uses: failExpressions(fail),
  };
}

/** Returns the hint for a guard that reads a value that may be absent. */
function decisionHint(variable: Variable, inCondition: boolean): string {
  const { name, missing } = variable;
  if (missing !== undefined && missing.root === undefined) return safeRead(variable);
  return inCondition
    ? `also decide if it is absent: ok(${name}) && … or !ok(${name}) || …`
    : `also write text if it is absent, ok(${name}) ? … : …, or begin the \`if\` with ok(${name}) &&`;
}

function resolveFallback(
  cx: MessageContext,
  ir: IrStep,
  type: CelType,
  proto: Proto | undefined,
): BoundExpression | undefined {
  const { scope, run } = cx;
  if (ir.fallback === undefined) return undefined;
  const value = check(scope, ir.fallback);
  if (value === undefined) return undefined;
  const { at } = ir.fallback;
  const called = ir.source?.kind === "call" ? ir.source.method : undefined;
  const form = proto ?? protoOf(type);
  const how = form && conversion(value, { type, proto: form }, run.aliases);
  if (how === undefined || how.kind === "misfit" || mayBeNothing(value.type))
    return fault(scope.report, "BFF336", at, {
      message: `the fallback is ${fallbackType(value.type)}, but the step is ${typeName(type)}`,
      related: called === undefined ? [] : [{ at: called.at, message: "the method" }],
      hint: `write a value of type ${typeName(type)}`,
    });
  const [absent] = value.unsafe;
  if (absent !== undefined || value.fails)
    return fault(scope.report, "BFF605", at, {
      message:
        absent === undefined ? "this fallback may fail" : `this fallback may be absent: "${absent.name}" may be absent`,
      hint: "write a value that is always set, such as a literal",
    });
  return { expression: value, conversion: how };
}

/**
 * Returns "kept" if `header` and `trailer` can read the metadata of a step's answer, otherwise the reason. Undefined
 * without a call.
 */
function receivedOf(source: Source): Variable["received"] {
  switch (source.kind) {
    case "call":
      if (source.call.batch !== undefined)
        return {
          lack: "is a part of a batch, whose answer is shared",
          hint: "leave out `batch`, or have the upstream send the value in its items",
        };
      if (isCached(source.call)) {
        const { ttl } = source.call.policy.cache;
        return {
          lack: "may come from the cache, which keeps only messages",
          hint: 'leave out `cache`, or write `cache: { ttl: "0s" }` in the call if an upstream entry sets it',
          ...(ttl && { related: { at: ttl.at, message: "its answers are cached here" } }),
        };
      }
      return "kept";
    case "each":
      return {
        lack: "is a list, with a separate answer for each item",
        hint: "compose a message for each item with the call in its `let`, and read it there",
      };
    case "compose":
      return {
        lack: "is composed of several answers",
        hint: `read it in a field of "${source.message.name}", beside the step with the call`,
      };
    default:
      return undefined;
  }
}

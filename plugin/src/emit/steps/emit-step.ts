// One step: a statement that starts it, or a plain constant.

import { type Expression, emitValue } from "../../cel/index.ts";
import type { ComposeSource, PlanEachSource, PlanMessage, PlanStep, SwitchSource } from "../../plan/model/messages.ts";
import type { MessageNames } from "../names/message-names.ts";
import { around, block, type Line, type Lines, line, unreadAsVoid } from "../text/lines.ts";
import {
  boundValue,
  condition,
  conjunct,
  inferredPresent,
  inferredValue,
  isOperand,
  negated,
  negatedConjunct,
  presentOperand,
  presentValue,
  tested,
} from "../values/value.ts";
import { callArguments, callParts } from "./emit-call.ts";
import { emitEach } from "./emit-each.ts";
import { emitGuard } from "./emit-guard.ts";
import { resolverBody } from "./emit-resolver.ts";
import { ifKept, keptIf } from "./emit-selection.ts";
import { awaitAfter, awaitIn, CodePlace, needs, type StepContext, unlessThere } from "./step-context.ts";
import {
  callsOn,
  cleared,
  composition,
  declaredArgs,
  handedOnBeside,
  plannedChild,
  runsOn,
  send,
} from "./step-parts.ts";

export function emitStep(step: PlanStep, cx: StepContext): Lines {
  const comment = line(`// ${cx.names.file.place(step.step.ir.at)}`);
  return [...comment, ...hoists(step), ...statement(step, cx)];
}

/** Flags and promises that touches need outside of the step's closure. */
function hoists(step: PlanStep): Lines {
  const lines: Line[] = [];
  if (step.onlyInCase) return lines;
  const flags = (at: PlanStep): void => {
    if (at.tracks.ran) lines.push([`let ${at.name}Ran = false;`]);
    if (at.tracks.items) lines.push([`let ${at.name}Items = false;`]);
    if (at.tracks.picked) lines.push([`let ${at.name}Picked = false;`]);
    if (at.tracks.made) lines.push([`let ${at.name}Made = false;`]);
    if (at.tracks.lacks) lines.push([`let ${at.name}Lacks = false;`]);
    if (at.tracks.case) lines.push([`let ${at.name}Case = -1;`]);
    for (const inner of at.lazy.flat()) flags(inner);
  };
  flags(step);
  return lines;
}

function statement(step: PlanStep, cx: StepContext): Lines {
  const { source } = step;
  const { names } = cx;
  if (source.kind === "guard") return emitGuard(step, cx);
  if (step.sync) return emitConstant(step, cx);
  const started = startStep(step, cx);
  const { fallback } = step.step;
  const condition = keptIf(step, cx.message, names);
  const rests = (lines: Lines): Lines =>
    ifKept(condition, onDemand(step, cx.rests?.(step, lines) ?? lines, cx), [names.file.runtime("SKIPPED")]);
  if (fallback === undefined) return around([`const ${step.name}Step = `], rests(started), [";"]);
  const waits = new CodePlace().reads(cx, [fallback.expression]);
  const value = boundValue(fallback, names).print;
  const body =
    waits.length === 0
      ? line("() => ", ...parenthesisedObject(value))
      : block(["async () => {"], unreadAsVoid([...waits, ["return ", ...value, ";"]]), ["}"]);
  return around([`const ${step.name}Step = `], rests(callOver(`${runsOn(step, cx)}.orElse`, [started, body])), [";"]);
}
/** Wraps the start of a step that only members of a oneof read in a test that one of them may be chosen. */
function onDemand(step: PlanStep, started: Lines, cx: StepContext): Lines {
  const { demand } = step;
  const last = demand?.ifs.at(-1);
  if (demand === undefined || last === undefined) return started;
  const { names } = cx;
  const earlier = demand.ifs.slice(0, -1);
  if (demand.waitsFor.length === 0 && !demand.ifs.some((branch) => branch.if.fails))
    return around([`${runsOn(step, cx)}.when(`, ...immediateCondition(demand.ifs, names), ", () => "], started, [")"]);
  const place = new CodePlace();
  const pending: Line[] = earlier.flatMap((step) => [
    ...place.reads(cx, [step.if]),
    ["if (", ...condition(step.if, names), `) return ${step.starts};`],
  ]);
  const ending = last.starts ? condition(last.if, names) : negated(last.if, names);
  return callOver(`${runsOn(step, cx)}.when`, [
    block(["async () => {"], unreadAsVoid([...pending, ...place.reads(cx, [last.if]), ["return ", ...ending, ";"]]), [
      "}",
    ]),
    around(["() => "], started, []),
  ]);
}
/** `a || (!b && c)`. */
function immediateCondition(ifs: NonNullable<PlanStep["demand"]>["ifs"], names: MessageNames): Line {
  let open = 0;
  const test = ifs.flatMap((branch, i): Line => {
    const print = branch.starts ? conjunct(branch.if, names) : negatedConjunct(branch.if, names);
    if (i === ifs.length - 1) return print;
    const mixed = i < ifs.length - 2 && ifs[i + 1]?.starts !== branch.starts;
    if (mixed) open++;
    return [...print, branch.starts ? " || " : " && ", ...(mixed ? ["("] : [])];
  });
  return [...test, ")".repeat(open)];
}

/** Prints a call with each argument on separate lines. */
export function callOver(name: string, args: readonly Lines[]): Lines {
  return block(
    [`${name}(`],
    args.flatMap((lines) => around([], lines, [","])),
    [")"],
  );
}
const parenthesisedObject = (print: Line): Line =>
  print[0] === "{" || (typeof print[0] === "string" && print[0].startsWith("{")) ? ["(", ...print, ")"] : print;

function emitConstant(step: PlanStep, { names }: StepContext): Lines {
  const { source } = step;
  const { if: when, fallback, variable } = step.step;
  if (source.kind !== "by") return [];
  const { print, mayBeUndefined } = inferredValue(source.by, variable?.proto, names);
  if (when === undefined && !mayBeUndefined) return [[`const ${step.name} = `, ...print, ";"]];
  const test = when === undefined ? [] : ran(step, tested(when, names));
  if (when !== undefined && fallback !== undefined && !mayBeUndefined)
    return [[`const ${step.name} = `, ...test, " ? ", ...print, " : ", ...presentValue(fallback, names), ";"]];
  const conditional: Line = when === undefined ? print : [...test, " ? ", ...nested(print, source.by), " : undefined"];
  if (fallback === undefined) return [[`const ${step.name} = `, ...conditional, ";"]];
  const operand = when === undefined ? withoutUndefined(print) : conditional;
  const bare = when === undefined && (isOperand(source.by, names) || operand !== print);
  const left: Line = bare ? operand : ["(", ...operand, ")"];
  return [[`const ${step.name} = `, ...left, " ?? ", ...presentOperand(fallback, names), ";"]];
}
/** `x ?? undefined ?? y` is `x ?? y`; TypeScript takes an expression that ends in undefined for undefined. */
const withoutUndefined = (print: Line): Line =>
  print.at(-1) === "undefined" && print.at(-2) === " ?? " ? print.slice(0, -2) : print;
/** Returns a test, with an assignment to the step's flag if touches read it. */
const ran = ({ name, tracks }: PlanStep, test: Line): Line => (tracks.ran ? [`(${name}Ran = `, ...test, ")"] : test);
const nested = (print: Line, expression: Expression): Line =>
  expression.unsafe.length > 0 ? ["(", ...print, ")"] : print;

/** Prints the expression that starts a step and returns its promise. */
function startStep(step: PlanStep, cx: StepContext): Lines {
  const direct = startDirectly(step, cx);
  if (direct !== undefined) return direct;
  const body = unreadAsVoid(closureBody(step, cx));
  const mark = step.marks ? "mark" : "";
  const method = step.step.supplementary ? "tryStep" : "step";
  return block([`${runsOn(step, cx)}.${method}(async (${mark}) => {`], body, ["})"]);
}

/** A call or a composition that has nothing to wait for and cannot fail before it starts. */
function startDirectly(step: PlanStep, cx: StepContext): Lines | undefined {
  const { source } = step;
  const { if: when, after: afterSteps, supplementary } = step.step;
  const { names } = cx;
  const on = runsOn(step, cx);
  if (step.waitsFor.length > 0 || when !== undefined || afterSteps.length > 0) return undefined;
  if (source.kind === "call") {
    const { call } = source;
    const unsafe = call.expressions.some((expression) => expression.unsafe.length > 0);
    if (step.effectful || unsafe || call.fails || step.notes) return undefined;
    const parts = callParts(call, names, { mark: false, explained: false });
    const args = callArguments(parts);
    if (call.batch === undefined) return around([`${on}.${supplementary ? "tryCall" : "call"}(`], args, [")"]);
    if (supplementary) return around([`${on}.${call.batch.many ? "tryLoadMany" : "tryLoad"}(`], args, [")"]);
    if (step.marks) return undefined;
    return around([`cx.step(() => cx.${call.batch.many ? "loadMany" : "load"}(`], args, ["))"]);
  }
  if (source.kind === "latest" && !source.key.fails && source.key.unsafe.length === 0 && !step.notes) {
    const key = emitValue(source.key, names).print;
    return line(`${on}.${supplementary ? "tryLatest" : "latest"}(`, names.entry(source.topic), ", ", ...key, ")");
  }
  if (source.kind === "compose" && !source.args.some((arg) => arg.by.fails || arg.if?.fails)) {
    return around([`${supplementary ? `${on}.tryStep` : "cx.step"}(() => `], composed(source, step, cx), [")"]);
  }
  return undefined;
}

/** Prints the body of the step's closure: its condition, and then its source. */
function closureBody(step: PlanStep, cx: StepContext): Lines {
  const { names } = cx;
  const { if: when } = step;
  const place = new CodePlace();
  const lines: Line[] = [...awaitAfter(step, cx)];
  if (when !== undefined) {
    lines.push(...place.reads(cx, [when]));
    const explained = step.explained ? unlessThere(step, cx, [when]) : [];
    const rest = explained.length === 0 ? when : { ...when, unsafe: [] };
    lines.push(...explained, ["if (", ...negated(rest, names), ") return undefined;"]);
    if (step.tracks.ran) lines.push([`${step.name}Ran = true;`]);
  }
  return [...lines, ...sourceBody(step, cx, place)];
}

function sourceBody(step: PlanStep, cx: StepContext, place: CodePlace): Lines {
  const { names } = cx;
  const { source } = step;
  switch (source.kind) {
    case "by": {
      const waits = needs(step, cx, place, [source.by]);
      const value = inferredValue({ ...source.by, unsafe: [] }, step.step.variable?.proto, names);
      return [...waits, ["return ", ...value.print, ";"]];
    }
    case "call":
      return [
        ...needs(step, cx, place, source.call.expressions),
        ...cleared(step, cx),
        ...around(["return "], send(source.call, step, cx, callsOn(step, cx)), [";"]),
      ];
    case "latest": {
      const waits = needs(step, cx, place, [source.key]);
      const key = emitValue({ ...source.key, unsafe: [] }, names).print;
      return [...waits, [`return ${callsOn(step, cx)}.send(${names.entry(source.topic)}.latest, `, ...key, ");"]];
    }
    case "compose":
      return composeBody(source, step, cx, place);
    case "each":
      return [
        ...needs(step, cx, place, [source.in]),
        ...place.reads(cx, eachExpressions(source, cx), eachHandsOn(source, cx)),
        ...emitEach(source, step, cx),
      ];
    case "switch":
      return switchBody(source, step, cx, place);
    case "resolver": {
      const guards = step.clearedBy.map((guard) => `${guard.name}Step`);
      const body = resolverBody(step, source, cx);
      const clear = guards.length > 0 ? line(`await cx.cleared(${guards.join(", ")});`) : [];
      return [...awaitIn(step.waitsFor, body), ...clear, ...body];
    }
    case "guard":
    case "shared":
      return [];
  }
}

function composeBody(source: ComposeSource, step: PlanStep, cx: StepContext, place: CodePlace): Lines {
  const read = declaredArgs(source, cx).flatMap((arg) => [arg.by, arg.if]);
  return [
    ...place.reads(cx, read, handedOnBeside(source, cx)),
    ...around(["return "], composed(source, step, cx), [";"]),
  ];
}

/** Prints a composition. A supplementary one has a separate scope, and so has one with guards beside a guard. */
function composed(source: ComposeSource, step: PlanStep, cx: StepContext): Lines {
  const lines = composition(source, step, cx, "cx");
  const isApart = step.step.supplementary || (cx.message.steps.some(waits) && guardsLate(plannedChild(source, cx), cx));
  return isApart ? around([`${callsOn(step, cx)}.sub((cx) => `], lines, [")"]) : lines;
}

/** Returns true for a guard that waits for steps. */
const waits = ({ source, immediate }: PlanStep): boolean => source.kind === "guard" && !immediate;

/** Returns true if a message, or one that it composes, has a guard that waits for steps. */
function guardsLate(message: PlanMessage, cx: StepContext): boolean {
  return message.steps.some((step) => {
    if (waits(step)) return true;
    const source = step.source.kind === "each" ? step.source.source : step.source;
    return source.kind === "compose" && guardsLate(plannedChild(source, cx), cx);
  });
}

function eachExpressions(source: PlanEachSource, cx: StepContext): (Expression | undefined)[] {
  const { source: inner } = source;
  const ofItem =
    inner.kind === "compose" ? declaredArgs(inner, cx).flatMap((arg) => [arg.by, arg.if]) : source.expressions;
  return [source.if, source.key, ...ofItem];
}

function eachHandsOn({ source: inner }: PlanEachSource, cx: StepContext): readonly PlanStep[] {
  return inner.kind === "compose" ? handedOnBeside(inner, cx) : [];
}

function switchBody(source: SwitchSource, step: PlanStep, cx: StepContext, place: CodePlace): Lines {
  const { names } = cx;
  const branch = (index: number, bound: SwitchSource["cases"][number]["value"], inner: CodePlace): Lines => [
    ...(step.tracks.case ? [[`${step.name}Case = ${index};`]] : []),
    ...(step.lazy[index] ?? []).flatMap((lazy) => [...emitStep(lazy, cx), ...hoistPromise(lazy, cx)]),
    ...awaitLazy(step, index, bound.expression, inner, cx),
    ...needs(step, cx, inner, [bound.expression]),
    ["return ", ...inferredPresent(bound, names), ";"],
  ];
  const lines: Line[] = [];
  for (const [index, { if: when, value }] of source.cases.entries()) {
    lines.push(...place.reads(cx, [when]));
    lines.push(...unevaluated(step, index, when, cx));
    lines.push(
      ...block(
        ["if (", ...condition({ ...when, unsafe: [] }, names), ") {"],
        unreadAsVoid(branch(index, value, new CodePlace(place))),
        ["}"],
      ),
    );
  }
  const last = source.cases.length;
  if (source.default !== undefined) lines.push(...branch(last, source.default, place));
  else {
    if (step.tracks.case) lines.push([`${step.name}Case = ${last};`]);
    lines.push(["return undefined;"]);
  }
  return lines;
}
/**
 * Ends the step if the condition of a case reads an absent value: the step then has no value. `index + 0.5` records
 * that the condition was evaluated, and that the case was not chosen.
 */
function unevaluated(step: PlanStep, index: number, when: Expression, cx: StepContext): Lines {
  return unlessThere(step, cx, [when], step.tracks.case ? `${step.name}Case = ${index}.5; ` : "");
}
function hoistPromise(lazy: PlanStep, cx: StepContext): Lines {
  return cx.hoisted.promise.has(lazy) && !lazy.sync ? [[`${lazy.name}Started = ${lazy.name}Step;`]] : [];
}
/** A composed value that only a case has, for touches inside it. */
function awaitLazy(step: PlanStep, index: number, expression: Expression, place: CodePlace, cx: StepContext): Lines {
  const values = (step.lazy[index] ?? []).filter((lazy) => cx.hoisted.value.has(lazy));
  if (values.length === 0) return [];
  return [
    ...place.reads(cx, [expression], values),
    ...values.map((lazy): Line => [`${lazy.name}Inside = ${lazy.name};`]),
  ];
}

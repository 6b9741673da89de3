// One step: a statement that starts it, or a plain constant.

import { camel } from "../camel.ts";
import { type Expression, literalsOf } from "../cel/index.ts";
import type { PlanBlock, PlanMessage, PlanStep } from "../plan/plan.ts";
import type { Call, ComposeSource, EachSource, SwitchSource } from "../resolve/model.ts";
import { callExpressions, failExpressions, mayBeStale, sourceExpressions } from "../resolve/source-parts.ts";
import { callArguments, callFails, callParts, refusal, wrap } from "./emit-call.ts";
import { emitEach } from "./emit-each.ts";
import { resolverBody } from "./emit-resolver.ts";
import { block, type Line, type Lines, line, object, property } from "./lines.ts";
import type { MessageNames } from "./message-names.ts";
import { boundValue, condition, conjunct, negated, plainValue, presentValue, tested } from "./value.ts";

export interface StepContext {
  readonly message: PlanBlock;
  readonly names: MessageNames;
  /** The plan of a composed message, by type name. */
  readonly planned: (typeName: string) => PlanMessage | undefined;
  /** Printed origins of what an argument rests on. */
  readonly origins: (expressions: readonly (Expression | undefined)[]) => Line[];
  /** Lazy steps whose promise, or value, a touch needs outside. */
  readonly hoisted: { readonly promise: ReadonlySet<PlanStep>; readonly value: ReadonlySet<PlanStep> };
  /** What a composed message gets of the service's steps. */
  readonly shared: (child: PlanMessage) => Line;
  /** Guards whose promises something else needs. */
  readonly needed?: readonly PlanStep[];
  /** Where failures that touched a step may have begun: what goes around its promise. */
  readonly rests?: (step: PlanStep, started: Lines) => Lines;
}

/** Where code stands: which values have been awaited there already. */
export class Place {
  readonly #awaited: Set<PlanStep>;
  constructor(outer?: Place) {
    this.#awaited = new Set(outer?.awaited);
  }
  get awaited(): Iterable<PlanStep> {
    return this.#awaited;
  }
  /** `const a = await aStep;` for each that is not there yet. */
  await(steps: Iterable<PlanStep>): Lines {
    const fresh = [...steps].filter((step) => !step.sync && !this.#awaited.has(step));
    for (const step of fresh) this.#awaited.add(step);
    return fresh.map((step) => [`const ${step.name} = await ${step.name}Step;`]);
  }
}

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
    if (at.tracks.case) lines.push([`let ${at.name}Case = -1;`]);
    for (const inner of at.lazy.flat()) flags(inner);
  };
  flags(step);
  return lines;
}

function statement(step: PlanStep, cx: StepContext): Lines {
  const { source } = step.step;
  const { names } = cx;
  if (source.kind === "guard") return emitGuard(step, cx);
  if (step.sync) return emitConstant(step, cx);
  const started = startStep(step, cx);
  const { fallback } = step.step;
  const rests = (lines: Lines): Lines => cx.rests?.(step, lines) ?? lines;
  if (fallback === undefined) return wrap([`const ${step.name}Step = `], rests(started), [";"]);
  const waits = readsOf(cx, [fallback.expression]);
  const value = boundValue(fallback, names).print;
  const body =
    waits.length === 0
      ? ([["() => ", ...parenthesisedObject(value)]] as Lines)
      : block(["async () => {"], [...new Place().await(waits), ["return ", ...value, ";"]], ["}"]);
  return wrap([`const ${step.name}Step = `], rests(callOver("cx.orElse", [started, body])), [";"]);
}
/** A call with each argument on lines of its own. */
export function callOver(name: string, args: readonly Lines[]): Lines {
  return block(
    [`${name}(`],
    args.flatMap((lines) => wrap([], lines, [","])),
    [")"],
  );
}
const parenthesisedObject = (print: Line): Line =>
  print[0] === "{" || (typeof print[0] === "string" && print[0].startsWith("{")) ? ["(", ...print, ")"] : print;

function emitConstant(step: PlanStep, { names }: StepContext): Lines {
  const { source, if: when, fallback, variable } = step.step;
  if (source.kind !== "by") return [];
  const { print: plain, mayBeUndefined } = plainValue(source.by, variable?.proto, names);
  const print = widened(plain, source.by, names);
  if (when !== undefined && fallback !== undefined && !mayBeUndefined)
    return [
      [`const ${step.name} = `, ...tested(when, names), " ? ", ...print, " : ", ...presentValue(fallback, names), ";"],
    ];
  const conditional: Line =
    when === undefined ? print : [...tested(when, names), " ? ", ...nested(print, source.by), " : undefined"];
  const value =
    fallback === undefined
      ? conditional
      : ([
          ...(when === undefined && source.by.unsafe.length === 0 ? print : ["(", ...conditional, ")"]),
          " ?? ",
          ...presentValue(fallback, names),
        ] as Line);
  return [[`const ${step.name} = `, ...value, ";"]];
}
/** Literals as values of their type: TypeScript would refuse to compare `"a"` with anything else. */
function widened(print: Line, { root }: Expression, names: MessageNames): Line {
  const [literal] = literalsOf(root);
  // What is no primitive has no literal type.
  if (literal === undefined || (literal.kind === "constant" && typeof literal.value === "object")) return print;
  const type = literal.kind === "enum" ? names.shape(literal.desc) : typeof literal.value;
  return [...(literal === root ? print : ["(", ...print, ")"]), " as ", type];
}
const nested = (print: Line, expression: Expression): Line =>
  expression.unsafe.length > 0 ? ["(", ...print, ")"] : print;

function emitGuard(step: PlanStep, cx: StepContext): Lines {
  const { names, message } = cx;
  const { source } = step.step;
  if (source.kind !== "guard") return [];
  const rank = message.ranks.get(step.step);
  const { if: when } = step.step;
  const test: Line =
    when === undefined
      ? condition(source.if, names)
      : [...conjunct(when, names), " && ", ...conjunct(source.if, names)];
  const refuse: Line = ["throw ", ...refusal(source.fail, rank, names), ";"];
  if (step.immediate && !mayThrow(step)) return [["if (", ...test, ") ", ...refuse]];
  const place = new Place();
  const body: Lines = [...after(step, cx), ...place.await(step.waitsFor), ["if (", ...test, ") ", ...refuse]];
  const guard = wrap([], block(["cx.guard(async () => {"], body, [rank === undefined ? "})" : `}, ${rank})`]), [";"]);
  if (step.immediate) return wrap(["await "], guard, []);
  return wrap(isNeeded(step, cx) ? [`const ${step.name}Step = `] : [], guard, []);
}
/** Whether an expression of a guard may fail. */
function mayThrow({ step: { if: when, source } }: PlanStep): boolean {
  if (source.kind !== "guard") return false;
  return [when, source.if, ...failExpressions(source.fail)].some((expression) => expression?.fails === true);
}
/** Whether immediate guards have to be waited for, since an expression of theirs may fail. */
export const admitsLater = ({ steps }: PlanBlock): boolean => steps.some((step) => step.immediate && mayThrow(step));
const isNeeded = (step: PlanStep, { message, needed }: StepContext): boolean =>
  needed?.includes(step) === true ||
  message.steps.some((other) => [other, ...other.lazy.flat()].some(({ clearedBy }) => clearedBy.includes(step)));

function after(step: PlanStep, { names }: StepContext): Lines {
  const steps = step.step.after.flatMap(({ variable }) => (variable === undefined ? [] : (names.step(variable) ?? [])));
  const started = steps.filter((other) => !other.sync);
  return started.length === 0 ? [] : [[`await cx.ended(${started.map((other) => `${other.name}Step`).join(", ")});`]];
}

/** The expression that starts a step and gives its promise. */
function startStep(step: PlanStep, cx: StepContext): Lines {
  const direct = startDirectly(step, cx);
  if (direct !== undefined) return direct;
  const body = closureBody(step, cx);
  const mark = needsMark(step) ? "mark" : "";
  const method = step.step.supplementary ? "tryStep" : "step";
  return block([`cx.${method}(async (${mark}) => {`], body, ["})"]);
}

/** A call or a composition that has nothing to wait for and cannot fail before it starts. */
function startDirectly(step: PlanStep, cx: StepContext): Lines | undefined {
  const { source, if: when, after: afterSteps, supplementary } = step.step;
  const { names } = cx;
  if (step.waitsFor.length > 0 || when !== undefined || afterSteps.length > 0) return undefined;
  if (source.kind === "call") {
    const { call } = source;
    const unsafe = callExpressions(call).some((expression) => (expression?.unsafe.length ?? 0) > 0);
    if (step.effectful || unsafe || callFails(call)) return undefined;
    const parts = callParts(call, cx.message, names, false);
    const args = callArguments(parts);
    const method = call.batch === undefined ? "call" : call.batch.many ? "loadMany" : "load";
    if (call.batch === undefined) return wrap([supplementary ? "cx.tryCall(" : "cx.call("], args, [")"]);
    if (supplementary) return wrap([call.batch.many ? "cx.tryLoadMany(" : "cx.tryLoad("], args, [")"]);
    if (needsMark(step)) return undefined;
    return wrap([`cx.step(() => cx.${method}(`], args, ["))"]);
  }
  if (source.kind === "compose" && !source.args.some((arg) => arg.by.fails || arg.if?.fails)) {
    const compose = composition(source, step, cx, "cx");
    return supplementary
      ? wrap(["cx.tryStep(() => cx.sub((cx) => "], compose, ["))"])
      : wrap(["cx.step(() => "], compose, [")"]);
  }
  return undefined;
}

function needsMark(step: PlanStep): boolean {
  const { source } = step.step;
  const inner = source.kind === "each" ? source.source : source;
  return (
    (source.kind === "each" && source.partial) ||
    (inner.kind === "call" && inner.call.onError.some((rule) => rule.then.kind === "fallback")) ||
    // A stale answer marks itself; not what is made of it: a list, or one item of it.
    (inner.kind === "call" && mayBeStale(inner.call) && (source.kind === "each" || inner.call.batch !== undefined))
  );
}

/** The steps behind an expression's reads. */
export function readsOf(cx: StepContext, expressions: readonly (Expression | undefined)[]): PlanStep[] {
  const found = new Set<PlanStep>();
  for (const expression of expressions) {
    for (const { variable } of expression?.reads ?? []) {
      const read = cx.names.step(variable);
      if (read !== undefined && !read.sync) found.add(read);
    }
  }
  return [...found].sort((a, b) => a.step.index - b.step.index);
}

/** What stands in the step's closure. */
function closureBody(step: PlanStep, cx: StepContext): Lines {
  const { names } = cx;
  const { if: when, source } = step.step;
  const place = new Place();
  const lines: Line[] = [...after(step, cx)];
  if (when !== undefined) {
    lines.push(...place.await(readsOf(cx, [when])));
    lines.push(["if (", ...negated(when, names), ") return undefined;"]);
    if (step.tracks.ran) lines.push([`${step.name}Ran = true;`]);
  }
  switch (source.kind) {
    case "by":
      lines.push(...needs(cx, place, [source.by]));
      lines.push(["return ", ...plainValue({ ...source.by, unsafe: [] }, step.step.variable?.proto, names).print, ";"]);
      break;
    case "call":
      lines.push(...needs(cx, place, callExpressions(source.call)));
      lines.push(...cleared(step, cx));
      lines.push(...wrap(["return "], send(source.call, step, cx, "cx"), [";"]));
      break;
    case "compose":
      lines.push(
        ...place.await(
          readsOf(
            cx,
            wantedArgs(source, cx).flatMap((arg) => [arg.by, arg.if]),
          ),
        ),
      );
      lines.push(
        ...(step.step.supplementary
          ? wrap(["return cx.sub((cx) => "], composition(source, step, cx, "cx"), [");"])
          : wrap(["return "], composition(source, step, cx, "cx"), [";"])),
      );
      break;
    case "each":
      lines.push(...needs(cx, place, [source.in]));
      lines.push(...place.await(readsOf(cx, eachExpressions(source, cx))));
      lines.push(...emitEach(source, step, cx, { send, composition, cleared }));
      break;
    case "switch":
      lines.push(...switchBody(source, step, cx, place));
      break;
    case "resolver": {
      const guards = step.clearedBy.map((guard) => `${guard.name}Step`);
      lines.push(...place.await(step.waitsFor));
      if (guards.length > 0) lines.push([`await cx.cleared(${guards.join(", ")});`]);
      lines.push(...resolverBody(step, source, cx));
      break;
    }
    case "guard":
    case "shared":
  }
  return lines;
}

function eachExpressions(source: EachSource, cx: StepContext): (Expression | undefined)[] {
  const { source: inner } = source;
  const ofItem =
    inner.kind === "compose" ? wantedArgs(inner, cx).flatMap((arg) => [arg.by, arg.if]) : sourceExpressions(inner);
  return [source.if, source.key, ...ofItem];
}

/** Waits for what expressions read, and ends the step where an unsafe read finds nothing. */
function needs(cx: StepContext, place: Place, expressions: readonly (Expression | undefined)[]): Lines {
  const unsafe = new Set(expressions.flatMap((expression) => expression?.unsafe ?? []));
  const checks = [...unsafe].map(
    (variable): Line => ["if (", cx.names.variable(variable), " === undefined) return undefined;"],
  );
  return [...place.await(readsOf(cx, expressions)), ...checks];
}

/** Before a side effect: all guards, and the critical steps that do not rest on it. */
function cleared(step: PlanStep, cx: StepContext): Lines {
  if (!step.effectful) return [];
  return [["await cx.cleared(", barrier(step, cx), ");"]];
}
function barrier(step: PlanStep, cx: StepContext): string {
  const own = step.clearedBy.map((other) => `${other.name}Step`);
  return [...(cx.message.effectful ? ["...before"] : []), ...own].join(", ");
}

/** `cx.send(getUsage, …)`. */
function send(call: Call, step: PlanStep, cx: StepContext, on: string): Lines {
  const parts = callParts(call, cx.message, cx.names, needsMark(step));
  const method =
    call.batch === undefined ? (call.effects === "none" ? "send" : "effect") : call.batch.many ? "loadMany" : "load";
  return wrap([`${on}.${method}(`], callArguments(parts), [")"]);
}

/** The arguments that the composed message reads. */
function wantedArgs(source: ComposeSource, cx: StepContext): ComposeSource["args"] {
  const wanted = new Set(cx.planned(source.message.typeName)?.composed.args.members.map((arg) => arg.name));
  return source.args.filter((arg) => wanted.has(arg.name));
}

/** `composeRunCard(cx, { run })`. */
function composition(source: ComposeSource, step: PlanStep, cx: StepContext, on: string): Lines {
  const { names } = cx;
  const child = cx.planned(source.message.typeName);
  if (child === undefined) throw new Error(`"${source.message.typeName}" is not planned`);
  const { args } = child.composed;
  const properties = wantedArgs(source, cx).map((arg): Line => {
    const target = args.members.find((member) => member.name === arg.name)?.variable;
    const value = plainValue(arg.by, target?.proto, names);
    const print: Line =
      arg.if === undefined
        ? value.print
        : [
            ...tested(arg.if, names),
            " ? ",
            ...(arg.by.unsafe.length > 0 ? ["(", ...value.print, ")"] : value.print),
            " : undefined",
          ];
    return property(camel(arg.name), print);
  });
  const parameters: Lines[] = [object(properties)];
  if (child.shared.length > 0) parameters.push([cx.shared(child)]);
  if (child.tainted.length > 0) {
    const from = child.tainted.map((name): Line => {
      const arg = source.args.find((candidate) => candidate.name === name);
      const origins = cx.origins([arg?.by, arg?.if]);
      return property(camel(name), [
        "[",
        ...origins.flatMap((origin, i) => (i === 0 ? [...origin] : [", ", ...origin])),
        "]",
      ]);
    });
    parameters.push(object(from));
  }
  if (child.effectful) parameters.push([[`[${barrier(step, cx)}]`]]);
  const compose: Line = [names.file.bff(child.name, child.file)];
  if (parameters.every((lines) => lines.length === 1)) {
    return [
      [
        ...compose,
        `(${on}, `,
        ...parameters.flatMap((lines, i) => [...(i === 0 ? [] : [", "]), ...(lines[0] ?? [])]),
        ")",
      ],
    ];
  }
  return block([...compose, `(`], [[`${on},`], ...parameters.flatMap((lines) => wrap([], lines, [","]))], [")"]);
}

function switchBody(source: SwitchSource, step: PlanStep, cx: StepContext, place: Place): Lines {
  const { names } = cx;
  const branch = (index: number, bound: SwitchSource["cases"][number]["value"], inner: Place): Lines => [
    ...(step.tracks.case ? [[`${step.name}Case = ${index};`]] : []),
    ...(step.lazy[index] ?? []).flatMap((lazy) => [...emitStep(lazy, cx), ...hoistPromise(lazy, cx)]),
    ...awaitLazy(step, index, bound.expression, inner, cx),
    ...needs(cx, inner, [bound.expression]),
    ["return ", ...presentValue(bound, names), ";"],
  ];
  const lines: Line[] = [];
  for (const [index, { if: when, value }] of source.cases.entries()) {
    lines.push(...place.await(readsOf(cx, [when])));
    lines.push(...unevaluated(step, index, when, names));
    lines.push(
      ...block(["if (", ...condition({ ...when, unsafe: [] }, names), ") {"], branch(index, value, new Place(place)), [
        "}",
      ]),
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
/** A condition that reads what is absent decides nothing: the step has no value. Asked, but not chosen: between two cases. */
function unevaluated(step: PlanStep, index: number, when: Expression, names: MessageNames): Lines {
  return when.unsafe.map((variable): Line => {
    const absent: Line = ["if (", names.variable(variable), " === undefined) "];
    return step.tracks.case
      ? [...absent, `{ ${step.name}Case = ${index}.5; return undefined; }`]
      : [...absent, "return undefined;"];
  });
}
function hoistPromise(lazy: PlanStep, cx: StepContext): Lines {
  return cx.hoisted.promise.has(lazy) && !lazy.sync ? [[`${lazy.name}Started = ${lazy.name}Step;`]] : [];
}
/** A composed value that only a case has, for touches inside it. */
function awaitLazy(step: PlanStep, index: number, expression: Expression, place: Place, cx: StepContext): Lines {
  const values = (step.lazy[index] ?? []).filter((lazy) => cx.hoisted.value.has(lazy));
  if (values.length === 0) return [];
  return [
    ...place.await([...values, ...readsOf(cx, [expression])]),
    ...values.map((lazy): Line => [`${lazy.name}Inside = ${lazy.name};`]),
  ];
}

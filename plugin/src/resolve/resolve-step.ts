import type { DescMessage } from "@bufbuild/protobuf";
import {
  type CelType,
  type Expression,
  fieldType,
  type Proto,
  sameType,
  typeName,
  type Variable,
} from "../cel/index.ts";
import { didYouMean } from "../diagnostic/did-you-mean.ts";
import type { IrBind, IrCall, IrCompose, IrEach, IrGuard, IrStep, IrSwitch } from "../ir.ts";
import type { Given } from "./args.ts";
import type { MessageContext } from "./context.ts";
import { conversion } from "./convert.ts";
import { lookupMessage } from "./lookup.ts";
import type {
  ArgBinding,
  Bound,
  BySource,
  Call,
  CallSource,
  ComposeSource,
  EachSource,
  GuardSource,
  Source,
  Step,
  SwitchSource,
} from "./model.ts";
import { protoOf } from "./proto-of.ts";
import { resolveCall, spreadNames } from "./resolve-call.ts";
import { resolveFailure } from "./resolve-failure.ts";
import { check, checkCondition, stepsRead } from "./scope.ts";
import { syntheticText } from "./synthetic-text.ts";

/** A source with what readers see of it. */
interface Resolved {
  readonly source: Source;
  readonly type: CelType | undefined;
  readonly proto: Proto | undefined;
  /** Whether it may have no value although nothing it reads is absent. */
  readonly absent: boolean;
  /** Every expression that has to be evaluated for it to have a value. */
  readonly needs: readonly (Expression | undefined)[];
  /** Expressions whose unsafe reads do not make the step absent: of switch cases, items, composed arguments. */
  readonly uses: readonly (Expression | undefined)[];
}

/** Resolves one step; everything it reads is resolved already. Undefined after a diagnostic. */
export function resolveStep(cx: MessageContext, ir: IrStep, index: number): Step | undefined {
  const { scope } = cx;
  const condition = ir.if && checkCondition(scope, ir.if, "this `if`");
  const resolved = ir.source && resolveSource(cx, ir, ir.source);
  const after = ir.after.flatMap((name): Step[] => {
    const step = scope.steps.get(name.value);
    return step === undefined ? [] : [step];
  });
  if (resolved === undefined || (ir.if !== undefined && condition === undefined)) return undefined;
  const { source, type, proto, needs, uses } = resolved;
  const supplementary = ir.supplementary?.value ?? false;
  const fallback = ir.fallback && type && resolveFallback(cx, ir, type, proto);
  if (ir.fallback !== undefined && fallback === undefined) return undefined;

  const mayBeAbsent =
    resolved.absent ||
    supplementary ||
    condition !== undefined ||
    needs.some((expression) => expression !== undefined && expression.unsafe.length > 0);
  if (ir.fallback !== undefined && !mayBeAbsent) {
    scope.report({
      code: "BFF607",
      severity: "error",
      message: "this fallback is never used: the step has a value, or it fails the response",
      at: ir.fallback.at,
      hint: "add `supplementary: true` to the step when it may fail, or remove the fallback",
    });
    return undefined;
  }

  const all = [condition, ...needs, ...uses];
  const reads = stepsRead(scope, [...all, fallback?.expression]);
  const absent = fallback === undefined && mayBeAbsent;
  const absentByFailure = fallback === undefined && supplementary;
  const tainted =
    supplementary ||
    composesOf(source).length > 0 ||
    reads.some((step) => step.tainted) ||
    argsRead(cx, all).some((arg) => arg.tainted) ||
    callsOf(source).some((call) => call.onError.some((rule) => rule.then.kind === "fallback")) ||
    (source.kind === "each" && source.partial);
  const name = ir.name?.value;
  const variable: Variable | undefined =
    name === undefined || type === undefined ? undefined : { name, role: "step", type, proto, absent };
  checkCriticality(cx, ir, supplementary, [condition, ...needs, ...uses.filter((use) => !isArgument(source, use))]);
  return {
    ir,
    name,
    index,
    variable,
    if: condition,
    source,
    supplementary,
    autobind: ir.autobind?.value ?? false,
    fallback,
    after,
    reads,
    absent,
    absentByFailure,
    tainted,
  };
}

export function callsOf(source: Source): readonly Call[] {
  if (source.kind === "call") return [source.call];
  return source.kind === "each" ? callsOf(source.source) : [];
}
export function composesOf(source: Source): readonly ComposeSource[] {
  if (source.kind === "compose") return [source];
  return source.kind === "each" ? composesOf(source.source) : [];
}

function isArgument(source: Source, use: Expression | undefined): boolean {
  return composesOf(source).some((compose) => compose.args.some((arg) => arg.by === use));
}

function argsRead(
  cx: MessageContext,
  expressions: readonly (Expression | undefined)[],
): MessageContext["args"]["members"] {
  const read = new Set(expressions.flatMap((expression) => expression?.reads.map((read) => read.variable) ?? []));
  return cx.args.members.filter((arg) => read.has(arg.variable));
}

/** A step that reads unsafely what a failure may make absent has to say `supplementary` itself, so that criticality shows in the source. */
function checkCriticality(
  cx: MessageContext,
  ir: IrStep,
  supplementary: boolean,
  expressions: readonly (Expression | undefined)[],
): void {
  if (supplementary || ir.source?.kind === "guard") return;
  for (const expression of expressions) {
    for (const variable of expression?.unsafe ?? []) {
      const step = cx.scope.stepOf.get(variable);
      const arg = cx.args.members.find((arg) => arg.variable === variable);
      if (!(step?.absentByFailure ?? arg?.absentByFailure ?? false)) continue;
      const shown = arg === undefined ? variable.name : `args.${variable.name}`;
      const read = expression?.reads.find((read) => read.variable === variable && !read.safe);
      cx.scope.report({
        code: "BFF602",
        severity: "error",
        message: `step ${ir.name === undefined ? "" : `"${ir.name.value}" `}is critical, but reads "${shown}", which a failure may make absent`,
        at: read?.at ?? ir.at,
        ...(step === undefined
          ? {}
          : { related: [{ at: step.ir.supplementary?.at ?? step.ir.at, message: `"${shown}" is supplementary` }] }),
        hint: `add \`supplementary: true\` to this step, give "${shown}" a \`fallback\`, or read it as ok(${shown}) ? … : …`,
      });
      return;
    }
  }
}

function resolveSource(cx: MessageContext, step: IrStep, source: NonNullable<IrStep["source"]>): Resolved | undefined {
  switch (source.kind) {
    case "by": {
      const by = check(cx.scope, source.by);
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
  }
}
const describe = (cx: MessageContext, step: IrStep): string =>
  `step ${step.name === undefined ? "" : `"${step.name.value}" `}of "${cx.ir.desc.name}"`;

function value(source: BySource): Resolved {
  const { by } = source;
  const type = by.type.kind === "null" ? undefined : by.type;
  return { source, type, proto: by.proto ?? protoOf(by.type), absent: false, needs: [by], uses: [] };
}

function valueOfCall(call: Call): Resolved {
  const source: CallSource = { kind: "call", call };
  const needs = [
    call.request,
    ...call.set.flatMap((binding) => [binding.if, binding.bound.expression]),
    ...call.metadata.flatMap((binding) => [binding.if, binding.by]),
    ...call.onError.flatMap((rule) => [rule.if, ...rescueExpressions(rule.then)]),
    call.batch?.by.expression,
  ];
  const ignores = call.onError.some((rule) => rule.then.kind === "ignore");
  if (call.batch === undefined) {
    const desc = call.method.output;
    return {
      source,
      type: { kind: "message", desc },
      proto: { kind: "message", desc },
      absent: ignores,
      needs,
      uses: [],
    };
  }
  const items = fieldType(call.batch.items);
  if (call.batch.many) return { source, ...items, absent: ignores, needs, uses: [] };
  const type =
    items.type.kind === "list" ? items.type.element : items.type.kind === "map" ? items.type.value : items.type;
  const proto = items.proto.kind === "list" || items.proto.kind === "map" ? items.proto.of : items.proto;
  return { source, type, proto, absent: true, needs, uses: [] };
}
function rescueExpressions(then: Call["onError"][number]["then"]): (Expression | undefined)[] {
  if (then.kind === "fallback") return [then.value.expression];
  if (then.kind === "fail") return failExpressions(then.fail);
  return [];
}
export function failExpressions(fail: GuardSource["fail"]): Expression[] {
  return [...(fail.message ?? []).filter((part) => typeof part !== "string"), ...fail.details];
}

function resolveCompose(
  cx: MessageContext,
  ir: IrCompose,
  locals: readonly Variable[],
  what: string,
): Resolved | undefined {
  const { scope, run } = cx;
  const message = ir.message && lookupMessage(run.ir, ir.message, scope.container, scope.report);
  if (ir.message === undefined || message === undefined) return undefined;
  const place = { at: ir.at, what, request: undefined, members: new Map<string, Given>(), broken: new Set<string>() };
  run.places.set(message.typeName, [...(run.places.get(message.typeName) ?? []), place]);
  if (!composable(cx, message)) {
    scope.report({
      code: "BFF208",
      severity: "error",
      message: `"${message.typeName}" is not composed by this BFF`,
      at: ir.message.at,
      hint: "compose a message that has (bff.v1.message) or (bff.v1.field) rules, or bind the upstream's message with `by`",
    });
    return undefined;
  }
  const used = run.used.get(message.typeName) ?? new Set<string>();
  const named = new Set(ir.args.map((bind) => bind.name?.value));
  const args: ArgBinding[] = [];
  for (const bind of ir.args) {
    if (bind.spread !== undefined) {
      const names = spreadNames(cx, bind.spread, locals);
      for (const name of new Set([...used, ...(run.welcome.get(message.typeName) ?? [])])) {
        if (names === undefined) place.broken.add(name);
        else if (names.has(name) && !named.has(name)) {
          add(name, { ...bind, name: undefined, by: syntheticText(`${bind.spread.value}.${name}`, bind.spread.at) });
        }
      }
    } else if (bind.name !== undefined) {
      add(bind.name.value, bind);
      const spread = run.welcome.get(message.typeName)?.has(bind.name.value) ?? false;
      if (!used.has(bind.name.value) && !spread) unused(cx, message, bind, used);
    }
  }
  function add(name: string, bind: IrBind): void {
    const by = bind.by && check(scope, bind.by, locals);
    const condition = bind.if && checkCondition(scope, bind.if, "this `if`", locals);
    if (by === undefined || by.type.kind === "struct" || (bind.if && condition === undefined)) {
      place.broken.add(name);
      return;
    }
    args.push({ name, by, if: condition, at: bind.at });
    const unsafe = [...by.unsafe, ...(condition?.unsafe ?? [])];
    const steps = stepsRead(scope, [by, condition]);
    const given = argsRead(cx, [by, condition]);
    place.members.set(name, {
      type: by.type,
      proto: by.proto ?? protoOf(by.type),
      absent: unsafe.length > 0 || condition !== undefined,
      absentByFailure:
        steps.some((step) => step.absentByFailure && step.variable !== undefined && unsafe.includes(step.variable)) ||
        given.some((arg) => arg.absentByFailure && unsafe.includes(arg.variable)),
      tainted: steps.some((step) => step.tainted) || given.some((arg) => arg.tainted),
      at: bind.by?.at ?? bind.at,
    });
  }
  const source: ComposeSource = { kind: "compose", message, args };
  const type: CelType = { kind: "message", desc: message };
  return {
    source,
    type,
    proto: { kind: "message", desc: message },
    absent: false,
    needs: [],
    uses: args.flatMap((arg) => [arg.by, arg.if]),
  };
}

function composable(cx: MessageContext, message: DescMessage): boolean {
  const ir = cx.run.messages.get(message.typeName);
  return (
    ir !== undefined &&
    ir.alias === undefined &&
    (ir.ruled || ir.fields.some((field) => field.by !== undefined) || ir.fields.length === 0)
  );
}

function unused(cx: MessageContext, message: DescMessage, bind: IrBind, used: ReadonlySet<string>): void {
  const like = bind.name && didYouMean(bind.name.value, [...used]);
  cx.run.suspect({
    code: "BFF339",
    severity: "warning",
    message: `"${message.name}" does not read args.${bind.name?.value}`,
    at: bind.name?.at ?? bind.at,
    hint: like === undefined ? "remove the argument" : `did you mean "${like}"?`,
  });
}

function resolveEach(cx: MessageContext, ir: IrEach, step: IrStep): Resolved | undefined {
  const { scope } = cx;
  const over = ir.in && check(scope, ir.in);
  if (over === undefined || ir.var === undefined || ir.source === undefined) return undefined;
  if (over.type.kind !== "list") {
    scope.report({
      code: "BFF333",
      severity: "error",
      message: `\`each\` goes over a list, and this is ${typeName(over.type)}`,
      at: over.text.at,
      hint: over.type.kind === "map" ? "go over its keys: …map(k, k)" : "name a repeated field, or a list",
    });
    return undefined;
  }
  const hidden = cx.ir.steps.find((other) => other.name !== undefined && other.name.value === ir.var?.value);
  if (hidden !== undefined) {
    scope.report({
      code: "BFF211",
      severity: "error",
      message: `the variable "${ir.var.value}" hides the step "${ir.var.value}"`,
      at: ir.var.at,
      related: [{ at: hidden.name?.at ?? hidden.at, message: "the step" }],
      hint: "give the variable a name of its own",
    });
    return undefined;
  }
  const proto = over.proto?.kind === "list" ? over.proto.of : protoOf(over.type.element);
  const item: Variable = { name: ir.var.value, role: "item", type: over.type.element, proto, absent: false };
  const locals = [item];
  const condition = ir.if && checkCondition(scope, ir.if, "this `if`", locals);
  const inner = resolveItem(cx, ir.source, locals, step);
  const key = ir.key && check(scope, ir.key, locals);
  if (inner === undefined || (ir.if && condition === undefined) || (ir.key && key === undefined)) return undefined;
  const keyProto = key && (key.proto ?? protoOf(key.type));
  if (
    key !== undefined &&
    (keyProto?.kind !== "scalar" || !["string", "int", "uint", "bool"].includes(key.type.kind))
  ) {
    scope.report({
      code: "BFF334",
      severity: "error",
      message: `a key is string, int, uint or bool, not ${typeName(key.type)}`,
      at: key.text.at,
      hint: "name a field that tells the items apart, such as its id",
    });
    return undefined;
  }
  const element = inner.type ?? { kind: "dyn" as const };
  const elementProto = inner.proto;
  const itemUnsafe = [condition, key, ...inner.needs].some((expression) => (expression?.unsafe.length ?? 0) > 0);
  const source: EachSource = {
    kind: "each",
    item,
    in: over,
    if: condition,
    source: inner.source as EachSource["source"],
    itemAbsent: inner.absent || itemUnsafe,
    key,
    partial: ir.partial?.value ?? false,
    concurrent: ir.concurrent?.value ?? 10,
    max: ir.max?.value,
  };
  const result: { type: CelType; proto: Proto | undefined } =
    key === undefined || keyProto?.kind !== "scalar"
      ? { type: { kind: "list", element }, proto: elementProto && { kind: "list", of: elementProto } }
      : {
          type: { kind: "map", key: key.type, value: element },
          proto: elementProto && { kind: "map", key: keyProto.scalar, of: elementProto },
        };
  return { source, ...result, absent: false, needs: [over], uses: [condition, key, ...inner.needs, ...inner.uses] };
}

function resolveItem(
  cx: MessageContext,
  source: NonNullable<IrEach["source"]>,
  locals: readonly Variable[],
  step: IrStep,
): Resolved | undefined {
  if (source.kind === "by") {
    const by = check(cx.scope, source.by, locals);
    return by && value({ kind: "by", by });
  }
  if (source.kind === "compose") return resolveCompose(cx, source, locals, describe(cx, step));
  const call = resolveCall(cx, source as IrCall, locals);
  return call && valueOfCall(call);
}

function resolveSwitch(cx: MessageContext, ir: IrSwitch): Resolved | undefined {
  const { scope, run } = cx;
  const cases = ir.cases.map((branch) => ({
    if: branch.if && checkCondition(scope, branch.if, "this `if`"),
    by: branch.by && check(scope, branch.by),
  }));
  const standard = ir.default && check(scope, ir.default);
  const values = [...cases.map((branch) => branch.by), ...(ir.default === undefined ? [] : [standard])];
  const [first] = values;
  if (first === undefined || values.includes(undefined) || cases.some((branch) => branch.if === undefined))
    return undefined;
  // The form of the whole is that of a branch with a definite one, so that literals give way to fields.
  const lead = values.find((branch) => branch?.proto !== undefined && branch.constant === undefined) ?? first;
  const type = lead.type;
  const proto = lead.proto ?? protoOf(type);
  const bound: Bound[] = [];
  for (const branch of values) {
    if (branch === undefined) continue;
    const how =
      proto && (sameType(branch.type, type) || branch.type.kind === "wrapper")
        ? conversion(branch, { type, proto }, run.aliases)
        : undefined;
    if (how === undefined || how.kind === "misfit") {
      scope.report({
        code: "BFF335",
        severity: "error",
        message: `this branch is ${typeName(branch.type)}, another is ${typeName(type)}`,
        at: branch.text.at,
        related: [{ at: lead.text.at, message: `${typeName(type)} here` }],
        hint: "give all branches one type",
      });
      return undefined;
    }
    bound.push({ expression: branch, conversion: how });
  }
  const source: SwitchSource = {
    kind: "switch",
    cases: cases.flatMap((branch, i) => {
      const value = bound[i];
      return branch.if === undefined || value === undefined ? [] : [{ if: branch.if, value }];
    }),
    default: standard === undefined ? undefined : bound.at(-1),
  };
  const unsafe =
    values.some((branch) => (branch?.unsafe.length ?? 0) > 0) ||
    cases.some((branch) => (branch.if?.unsafe.length ?? 0) > 0);
  return {
    source,
    type,
    proto,
    absent: standard === undefined || unsafe,
    needs: [],
    uses: [...cases.map((branch) => branch.if), ...values],
  };
}

function resolveGuard(cx: MessageContext, ir: IrGuard): Resolved | undefined {
  const { scope } = cx;
  const condition = ir.if && checkCondition(scope, ir.if, "this guard's `if`");
  const fail = ir.fail && resolveFailure(scope, ir.fail, []);
  if (condition === undefined || fail === undefined) return undefined;
  for (const expression of [condition, ...failExpressions(fail)]) {
    const [variable] = expression.unsafe;
    if (variable === undefined) continue;
    scope.report({
      code: "BFF606",
      severity: "error",
      message: `a guard has to decide, but "${variable.name}" may be absent`,
      at: expression.reads.find((read) => read.variable === variable)?.at ?? expression.text.at,
      hint: `say what to do without it: ok(${variable.name}) && … or !ok(${variable.name}) || …`,
    });
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

function resolveFallback(cx: MessageContext, ir: IrStep, type: CelType, proto: Proto | undefined): Bound | undefined {
  const { scope, run } = cx;
  if (ir.fallback === undefined) return undefined;
  const value = check(scope, ir.fallback);
  if (value === undefined) return undefined;
  const { at } = ir.fallback;
  const form = proto ?? protoOf(type);
  const how = form && conversion(value, { type, proto: form }, run.aliases);
  if (how === undefined || how.kind === "misfit") {
    scope.report({
      code: "BFF336",
      severity: "error",
      message: `the fallback is ${typeName(value.type)}, and the step is ${typeName(type)}`,
      at,
      hint: `give a value of type ${typeName(type)}`,
    });
    return undefined;
  }
  const [absent] = value.unsafe;
  if (absent !== undefined || value.fails) {
    scope.report({
      code: "BFF605",
      severity: "error",
      message:
        absent === undefined
          ? "this fallback may itself fail"
          : `this fallback may itself be absent: "${absent.name}" may be`,
      at,
      hint: "give a value that is always there, such as a literal",
    });
    return undefined;
  }
  return { expression: value, conversion: how };
}

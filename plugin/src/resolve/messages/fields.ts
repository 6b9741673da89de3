import type { DescField, DescOneof } from "@bufbuild/protobuf";
import { type Expression, fieldName, fieldType, sameType, typeName } from "../../cel/index.ts";
import { fault, type Origin } from "../../diagnostic/diagnostic.ts";
import type { IrField, IrMessage, IrMethod } from "../../ir/ir.ts";
import { type BoundExpression, canBeAbsent, type OneofTarget, type Target } from "../../model/conversion.ts";
import { isPart, isPosition } from "../../model/stream-fields.ts";
import { bindTo } from "../conversions/bind.ts";
import { hasRules, rootOf } from "../graph/message-graph.ts";
import { sourceExpressions } from "../model/blocks.ts";
import { isDegradation, isFilled } from "../model/degradation.ts";
import { declarationOf, openPlaces, safeRead } from "../model/missing/missing-hints.ts";
import type { Step } from "../model/model.ts";
import { syntheticText } from "../names/synthetic-text.ts";
import { check, checkCondition, unless, where } from "../scope/scope.ts";
import type { MessageContext as AnyContext } from "../steps/context.ts";
import { typeReport } from "../steps/type-report.ts";
import { copyOf } from "../subsets/copy-of.ts";
import { autobound, nearMiss, stepCalled } from "./autobind.ts";

type MessageContext = AnyContext & { readonly ir: IrMessage };

/**
 * Resolves the value of each field of a composed message. Faulty fields are left out after their diagnostic.
 *
 * @param unknown true if a step that would fill fields by their names is faulty, so that the filled fields are unknown
 * @param resolvers the steps that represent the resolvers of the fields
 */
export function resolveFields(
  cx: MessageContext,
  unknown: boolean,
  resolvers: readonly Step[],
): { targets: Target[]; degradedField: DescField | undefined } {
  const targets: Target[] = [];
  const oneofs = new Map<DescOneof, OneofTarget["members"][number][]>();
  const degradedField = findDegradedField(cx);
  checkFilled(cx);
  if (cx.ir.resolver !== undefined) return { targets, degradedField };
  const values = resolveValues(cx, unknown, resolvers);
  for (const field of cx.ir.fields) {
    const { bound, condition } = values.get(field) ?? {};
    if (bound === undefined || (field.if && (field.source ?? field).desc.oneof && condition === undefined)) continue;
    const oneof = field.oneof ?? field.desc.oneof;
    if (oneof === undefined) {
      targets.push({ kind: "field", field: field.desc, bound });
      continue;
    }
    let members = oneofs.get(oneof);
    if (members === undefined) {
      members = [];
      oneofs.set(oneof, members);
      targets.push({ kind: "oneof", oneof, members });
    }
    const before = members.find((member) => member.default);
    if (field.default?.value && before !== undefined) {
      fault(cx.scope.report, "BFF408", field.default.at, {
        message: `two default members in oneof "${oneof.name}"`,
        hint: `keep one default; the first is "${before.field.name}"`,
      });
    }
    const left = field.left && { left: field.left };
    members.push({ field: field.desc, if: condition, bound, default: field.default?.value ?? false, ...left });
  }
  return { targets, degradedField };
}

interface FieldValue {
  readonly bound: BoundExpression | undefined;
  readonly condition: Expression | undefined;
}
/**
 * Resolves the values of fields. A member of a oneof is evaluated if no earlier member has been chosen, and the default
 * if no other member has.
 */
function resolveValues(
  cx: MessageContext,
  unknown: boolean,
  resolvers: readonly Step[],
): ReadonlyMap<IrField, FieldValue> {
  const values = new Map<IrField, FieldValue>();
  const left = new Map<DescOneof, MessageContext["scope"]>();
  const isLast = ({ default: last }: IrField): boolean => last?.value === true;
  for (const field of [...cx.ir.fields.filter((irField) => !isLast(irField)), ...cx.ir.fields.filter(isLast)]) {
    if (isFilled(field.desc)) continue;
    const oneof = field.oneof ?? field.desc.oneof;
    const scope = (oneof && left.get(oneof)) ?? cx.scope;
    const condition = field.if && oneof && checkCondition(scope, field.if, "this `if`");
    const bound = copiedValue({ ...cx, scope: where(scope, condition) }, field, { condition, unknown, resolvers });
    values.set(field, { bound, condition });
    if (oneof !== undefined) left.set(oneof, unless(scope, condition));
  }
  return values;
}

function findDegradedField(cx: MessageContext): DescField | undefined {
  const [first, ...others] = cx.ir.fields.filter((field) => isDegradation(field.desc));
  for (const field of [first, ...others]) {
    if (field === undefined) continue;
    const source = field.by ?? field.resolver;
    if (source !== undefined) {
      fault(cx.scope.report, "BFF604", source.at, {
        message: `the runtime fills "${field.desc.name}"`,
        hint: `remove its \`${field.by === undefined ? "resolver" : "by"}\``,
      });
    }
    if (field !== first && first !== undefined) {
      fault(cx.scope.report, "BFF604", field.at, {
        message: `"${cx.ir.desc.name}" has two degradation fields`,
        related: [{ at: first.at, message: "the first field" }],
        hint: "keep one of the fields",
      });
    }
  }
  return first?.desc;
}

/**
 * Checks the fields for a follower's position and for arrived parts: they belong to the root of a response, each once.
 */
function checkFilled(cx: MessageContext): void {
  const report = (at: Origin, message: string, hint: string): void =>
    fault(cx.scope.report, "BFF632", at, { message, hint });
  const root = cx.roots.some((method) => isRoot(cx, method)) || cx.run.uncomposed.has(cx.ir);
  for (const [is, what] of [[isPosition, "position"] as const, [isPart, "parts"] as const]) {
    const fields = cx.ir.fields.filter(({ desc }) => is(desc));
    for (const [i, { desc, by, alias, resolver, at }] of fields.entries()) {
      const source = by ?? alias ?? resolver;
      const name = `"${desc.name}"`;
      const list = desc.fieldKind === "list";
      if (source !== undefined) report(source.at, `the runtime fills ${name}`, "leave out its rule");
      else if (desc.oneof !== undefined)
        report(at, `${name} is a member of a oneof, but is always set`, "take it out of the oneof");
      else if (desc.fieldKind === "map" || list !== (what === "parts"))
        report(
          at,
          what === "parts"
            ? `${name} contains one part, but several may arrive`
            : `${name} contains several positions, but a client has one position`,
          what === "parts" ? `write \`repeated bff.v1.Part ${desc.name}\`` : `write \`bff.v1.Position ${desc.name}\``,
        );
      else if (i > 0) report(at, `"${cx.ir.desc.name}" has two fields of ${what}`, "keep one of the fields");
      else if (!root)
        report(
          at,
          `"${cx.ir.desc.name}" is part of a response, but ${name} applies to the whole response`,
          "move it to the response itself",
        );
    }
  }
}
const isRoot = ({ run, file, ir }: MessageContext, method: IrMethod): boolean =>
  rootOf(method, method.desc.parent.file.proto.package || file.desc.proto.package, (name) => run.messages.has(name)) ===
  ir.desc.typeName;

/** Returns the value of a field; in a subset, the copy of the value that the composed message has there. */
function copiedValue(
  cx: MessageContext,
  field: IrField,
  {
    condition,
    unknown,
    resolvers,
  }: { condition: Expression | undefined; unknown: boolean; resolvers: readonly Step[] },
): BoundExpression | undefined {
  const { source } = field;
  if (source === undefined) return resolveField(cx, field, unknown, resolvers);
  // The `if` alone decides about such a member.
  if (field.left && condition !== undefined && field.by === undefined && field.resolver === undefined)
    return { expression: condition, conversion: { kind: "same" } };
  const bound = resolveField(cx, { ...field, desc: source.desc }, unknown, resolvers);
  return bound && !field.left ? copyOf(cx, bound, field) : bound;
}

function resolveField(
  cx: MessageContext,
  field: IrField,
  unknown: boolean,
  resolvers: readonly Step[],
): BoundExpression | undefined {
  const { scope, run } = cx;
  if (field.alias !== undefined && field.by === undefined)
    return fault(scope.report, "BFF402", field.alias.at, {
      message: `"${field.desc.name}" has an alias, but "${cx.ir.desc.name}" is not a copy of another message`,
      hint: "set the source of its value with `by`, or give the message an alias",
    });
  if (field.resolver !== undefined) {
    const variable = resolvers.find(
      ({ source }) => source.kind === "resolver" && source.field === field.desc,
    )?.variable;
    const expression = variable && check(scope, syntheticText(variable.name, field.resolver.at), [variable]);
    return expression && bindTo(expression, field.desc, run.aliases, scope.report);
  }
  if (field.by !== undefined) {
    const expression = check(scope, field.by);
    const bound = expression && bindTo(expression, field.desc, run.aliases, typeReport(cx, expression));
    if (bound !== undefined) checkAbsence(cx, field, bound.expression);
    return bound;
  }
  const candidates = [...scope.stepOf.values()].flatMap((step) => autobound(cx, step, field.desc));
  const [candidate, other] = candidates;
  if (candidate !== undefined && other !== undefined) {
    reportAmbiguous(cx, field, candidate.step, other.step);
    return undefined;
  }
  if (candidate !== undefined) {
    checkAbsence(cx, field, candidate.bound.expression, candidate.step);
    return candidate.bound;
  }
  if (!unknown && !field.faulty) reportUnsaid(cx, field);
  return undefined;
}

function reportAmbiguous({ scope }: AnyContext, field: IrField, first: Step, second: Step): void {
  const named = [first, second].find(({ name }) => name !== undefined)?.name;
  fault(scope.report, "BFF403", field.at, {
    message: `"${field.desc.name}" could come from ${stepCalled(first)} or ${stepCalled(second)}`,
    related: [first, second].map((step) => ({
      at: step.ir.autobind?.at ?? step.ir.at,
      message: `${step.name === undefined ? "this step" : `"${step.name}"`} has \`autobind\``,
    })),
    hint:
      named === undefined
        ? `name one of the steps, and bind the field to it: [(bff.v1.field).by = "….${field.desc.name}"]`
        : `bind the field to one of them: [(bff.v1.field).by = "${named}.${field.desc.name}"]`,
  });
}

function reportUnsaid({ run, scope, ir }: MessageContext, field: IrField): void {
  const named = scope.steps.get(field.desc.name)?.variable?.type.kind;
  const like = named === fieldType(field.desc).type.kind ? field.desc.name : undefined;
  const steps = [...scope.stepOf.values()];
  const [near] = steps.flatMap((step) => nearMiss(step, field.desc));
  const [source, other] = steps.filter((step) => hasAlike(step, field.desc));
  // A message without rules is hardly meant to be composed.
  const places = hasRules(ir) ? [] : (run.places.get(ir.desc.typeName) ?? []);
  fault(scope.report, "BFF401", field.at, {
    message: `"${field.desc.name}" has no source`,
    related:
      near === undefined
        ? [
            ...(source === undefined ? [] : [{ at: source.ir.at, message: `"${source.name}" has such a field` }]),
            ...places.map(({ at, what }) => ({ at, message: `${what} composes it` })),
          ]
        : [{ at: near.at, message: near.message }],
    hint:
      near?.hint ??
      `add [(bff.v1.field).by = "${like ?? (source && !other ? `${source.name}.${field.desc.name}` : "…")}"]`,
  });
}

/** Returns true if a step has a field of the same name and type, from which the field can be bound. */
function hasAlike({ name, variable, absent }: Step, field: DescField): boolean {
  if (name === undefined || variable?.type.kind !== "message" || (absent && !canBeAbsent(field))) return false;
  const { type } = fieldType(field);
  return variable.type.desc.fields.some((other) => other.name === field.name && sameType(fieldType(other).type, type));
}

/** Reports a field that always has a value but depends on a value that may be absent. */
function checkAbsence(cx: MessageContext, field: IrField, expression: Expression, filler?: Step): undefined {
  if (canBeAbsent(field.desc)) return;
  const [variable] = expression.unsafe;
  if (variable === undefined) return;
  if (filler !== undefined) {
    const path = `${filler.name ?? "…"}.${fieldName(field.desc.name)}`;
    const named = filler.name === undefined ? "the step a name, and " : "";
    return fault(cx.scope.report, "BFF601", field.at, {
      message: `field "${field.desc.name}" always has a value (${typeName(fieldType(field.desc).type)}), but ${stepCalled(filler)}, which fills it, may be absent`,
      related: [beginning(filler) ?? { at: filler.ir.at, message: `${stepCalled(filler)} may be absent` }],
      hint: `give the step a \`fallback\`, or ${named === "" ? "make" : `give ${named}make`} the field \`optional\` and bind it: [(bff.v1.field).by = "${path}"]`,
    });
  }
  if (variable.role === "principal")
    return fault(
      cx.scope.report,
      "BFF601",
      expression.reads.find((read) => read.variable === variable && !read.safe)?.at ?? expression.text.at,
      {
        message: `field "${field.desc.name}" always has a value (${typeName(fieldType(field.desc).type)}), but a public rpc reaches it, whose caller may be unknown`,
        related: openPlaces(cx.scope),
        hint: "make the field `optional`, or read it as ok(principal) ? … : …",
      },
    );
  if (variable.missing !== undefined)
    return fault(
      cx.scope.report,
      "BFF601",
      expression.reads.find((read) => read.variable === variable && !read.safe)?.at ?? expression.text.at,
      {
        message: `field "${field.desc.name}" always has a value (${typeName(fieldType(field.desc).type)}), but "${variable.name}" may be missing`,
        related: declarationOf(cx.run.ir, variable),
        hint: `make the field \`optional\`, or ${safeRead(variable)}`,
      },
    );
  const path = absencePath(cx, variable.name);
  const shown = variable.role === "arg" ? `args.${variable.name}` : variable.name;
  fault(
    cx.scope.report,
    "BFF601",
    expression.reads.find((read) => read.variable === variable && !read.safe)?.at ?? expression.text.at,
    {
      message: `field "${field.desc.name}" always has a value (${typeName(fieldType(field.desc).type)}), but ${variable.role === "arg" ? "argument" : "step"} "${shown}" may be absent${path.length > 1 ? ` (${path.join(" → ")})` : ""}`,
      related: variable.role === "arg" ? absentArgPlaces(cx, variable.name) : related(cx, path.at(-1)),
      hint:
        variable.role === "arg"
          ? `make the field \`optional\`, read it as ok(${shown}) ? … : …, or pass an argument that is always set`
          : `make the field \`optional\`, read it as ok(${shown}) ? … : …, or give step "${path.at(-1) ?? shown}" a \`fallback\`${secondSource(cx, shown)}`,
    },
  );
}

/** A step that runs if another has no value is the default of a switch, which starts it where it is needed. */
function secondSource(cx: MessageContext, name: string): string {
  const step = cx.ir.steps.find((other) => other.name?.value === name);
  return step?.if !== undefined && /!\s*ok\(/.test(step.if.value)
    ? `. For a second source, read both in a \`switch\`, and leave out the \`if\` of "${name}"`
    : "";
}

/** Returns the steps from a step to the one at which its absence begins. */
function absencePath(cx: MessageContext, name: string): string[] {
  const path = [name];
  for (let step = cx.scope.steps.get(name); step !== undefined && beginning(step) === undefined; ) {
    const unsafe = new Set(neededBy(step).flatMap((expression) => expression?.unsafe ?? []));
    const from: Step | undefined = step.reads.find(
      ({ absent, variable }) => absent && variable !== undefined && unsafe.has(variable),
    );
    if (from?.name === undefined || path.includes(from.name)) break;
    path.push(from.name);
    step = from;
  }
  return path;
}
/** Returns the reason for which a step itself may be absent, regardless of the values it reads. */
function beginning({ ir, source }: Step): { at: Origin; message: string } | undefined {
  const called = ir.name === undefined ? "the step" : `"${ir.name.value}"`;
  if (ir.supplementary?.value === true) return { at: ir.supplementary.at, message: `${called} is supplementary` };
  if (ir.defer !== undefined) return { at: ir.defer.at, message: `${called} is deferred, and supplementary by that` };
  if (ir.if !== undefined) return { at: ir.if.at, message: `${called} has an \`if\`` };
  if (source.kind !== "call" || ir.source?.kind !== "call") return undefined;
  if (source.call.onError.some(({ then }) => then.kind === "ignore")) {
    // The rule may be part of an upstream entry.
    const rule = ir.source.policy.onError.find(({ then }) => then?.kind === "ignore");
    return { at: rule?.at ?? ir.at, message: `${called} is absent after an error that is ignored` };
  }
  const { batch } = source.call;
  return batch === undefined || batch.many || ir.source.batch === undefined
    ? undefined
    : { at: ir.source.batch.at, message: `${called} is absent when its key is not among the answers` };
}
/** Expressions whose absence is the step's. */
function neededBy({ source }: Step): readonly (Expression | undefined)[] {
  if (source.kind === "each") return [source.in];
  return source.kind === "by" || source.kind === "call" || source.kind === "switch" ? sourceExpressions(source) : [];
}
/** Returns the places that provide an argument which may be absent. */
function absentArgPlaces(cx: MessageContext, name: string): { at: Origin; message: string }[] {
  const places = cx.run.places.get(cx.ir.desc.typeName) ?? [];
  return places.flatMap(({ members, what }) => {
    const argument = members.get(name);
    return argument?.absent ? [{ at: argument.at, message: `${what} passes a value that may be absent` }] : [];
  });
}
function related(cx: MessageContext, name: string | undefined): { at: Step["ir"]["at"]; message: string }[] {
  const step = name === undefined ? undefined : cx.scope.steps.get(name);
  if (step === undefined) return [];
  const begun = beginning(step);
  if (begun !== undefined) return [begun];
  for (const expression of neededBy(step)) {
    const caller = expression?.reads.find(({ variable, safe }) => variable.role === "principal" && !safe);
    if (caller !== undefined)
      return [{ at: caller.at, message: `"${name}" needs the caller, who may be unknown` }, ...openPlaces(cx.scope)];
    const read = expression?.reads.find(({ variable, safe }) => variable.role === "arg" && !safe);
    if (read === undefined) continue;
    const message = `"${name}" needs args.${read.variable.name}, which may be absent`;
    return [{ at: read.at, message }, ...absentArgPlaces(cx, read.variable.name)];
  }
  return [{ at: step.ir.at, message: `"${name}" may be absent` }];
}

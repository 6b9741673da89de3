import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { type Expression, fieldName, fieldType, type Node, typeName, type Variable } from "../../cel/index.ts";
import { caution, fault, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrBind, IrCall } from "../../ir/step.ts";
import type { FieldBinding } from "../../model/conversion.ts";
import { pathName } from "../../model/path-name.ts";
import { bindTo, fieldPath } from "../conversions/bind.ts";
import { conversion } from "../conversions/convert.ts";
import { suspectDropped } from "../conversions/dropped-extensions.ts";
import { distinctTypeNames } from "../conversions/same-form.ts";
import type { RequestMask } from "../model/call.ts";
import { syntheticText } from "../names/synthetic-text.ts";
import { check, checkCondition, type MessageScope, where } from "../scope/scope.ts";
import type { MessageContext } from "./context.ts";
import { typeReport } from "./type-report.ts";

/** Context of `set`; `ir` is undefined outside of messages and services. */
interface SetContext extends Pick<MessageContext, "scope" | "run" | "args" | "offered"> {
  readonly ir: MessageContext["ir"] | undefined;
}

/**
 * Resolves the bindings of `set`, including spreads, for a request or a principal. Reports faulty bindings and leaves
 * them out.
 */
export function resolveSet(
  cx: SetContext,
  { set: binds, batch, method }: Pick<IrCall, "set" | "batch"> & Partial<Pick<IrCall, "method">>,
  target: DescMessage,
  locals: readonly Variable[],
): FieldBinding[] {
  const { scope, run } = cx;
  const bindings: FieldBinding[] = [];
  const setBindings: SetBinding[] = [];
  const named = new Set(batch?.name === undefined ? [] : [batch.name.value]);
  // A name that no field resembles is no typo: the method has another request.
  const report: Report = (diagnostic) =>
    method !== undefined && diagnostic.hint?.startsWith("use one of")
      ? scope.report({ ...diagnostic, related: [{ at: method.at, message: "the method" }] })
      : scope.report(diagnostic);
  for (const bind of binds) {
    if (bind.name === undefined || bind.by === undefined) continue;
    const condition = bind.if && checkCondition(scope, bind.if, "this `if`", locals);
    const path = fieldPath(target, bind.name, report);
    const expression = check(where(scope, condition), bind.by, locals);
    const field = path?.at(-1);
    if (path === undefined || field === undefined) continue;
    named.add(path[0]?.name ?? "");
    if (!checkMeeting(scope, setBindings, { path, expression, bind })) continue;
    setBindings.push({ path, expression, bind });
    const bound = expression && bindTo(expression, field, run.aliases, typeReport(cx, expression));
    if (bound !== undefined && (bind.if === undefined || condition))
      bindings.push({ path, bound, if: condition, reveal: bind.reveal });
  }
  // A oneof with a member set by name is taken.
  const taken = new Set(
    bindings.flatMap((binding) => (binding.path.length === 1 ? (binding.path[0]?.oneof ?? []) : [])),
  );
  for (const { name } of [...taken].flatMap((oneof) => oneof.fields)) named.add(name);
  const spread = binds.flatMap((bind) =>
    bind.spread === undefined
      ? []
      : spreadFields(cx, bind.spread, target, named, locals).map((binding) => ({ ...binding, reveal: bind.reveal })),
  );
  return [...spread, ...bindings];
}

/** Resolves the FieldMasks of `set`. Reports faulty ones and leaves them out. */
export function resolveMasks(
  { scope: { report } }: Pick<SetContext, "scope">,
  { set }: Pick<IrCall, "set">,
  target: DescMessage,
  kind: "unary" | "server_streaming",
): RequestMask[] {
  return set.flatMap(({ name, fields, at }): RequestMask[] => {
    const path = fields === undefined || name === undefined ? undefined : fieldPath(target, name, report);
    const field = path?.at(-1);
    if (path === undefined || field === undefined || fields === undefined) return [];
    const isMask = field.fieldKind === "message" && field.message.typeName === "google.protobuf.FieldMask";
    if (isMask && kind === "unary") return [{ at, path }];
    fault(report, "BFF325", fields.at, {
      message: isMask
        ? "`fields` is for calls with single answers"
        : `"${pathName(path)}" of "${target.typeName}" is no FieldMask`,
      hint: "leave out `fields`, and write the value with `by`",
    });
    return [];
  });
}

/** A binding of `set` for a field, correct or faulty. */
interface SetBinding {
  readonly path: readonly DescField[];
  readonly expression: Expression | undefined;
  readonly bind: IrBind;
}

/**
 * Reports two paths that meet: one inside a field that the other sets whole, or both in one oneof. Members of one oneof
 * may both be set if each has an `if`, or if at most one is present.
 */
function checkMeeting(
  scope: MessageScope,
  before: readonly SetBinding[],
  { path, expression, bind }: SetBinding,
): boolean {
  for (const other of before) {
    const fork = path.findIndex((field, i) => field !== other.path[i]);
    const mine = path[fork];
    const theirs = other.path[fork];
    const related = [{ at: other.bind.by?.at ?? other.bind.at, message: `"${pathName(other.path)}" is set here` }];
    // The same field twice has been reported when it was read.
    if (fork === -1 && path.length === other.path.length) return false;
    if (fork === -1 || theirs === undefined) {
      const [whole, part] = fork === -1 ? [path, other.path] : [other.path, path];
      fault(scope.report, "BFF415", bind.name?.at ?? bind.at, {
        message: `"${pathName(part)}" is part of "${pathName(whole)}", which is set as a whole`,
        related,
        hint: `set "${pathName(whole)}" or fields of it, not both`,
      });
      return false;
    }
    if (mine?.oneof === undefined || mine.oneof !== theirs.oneof) continue;
    const bothLast = path.length === fork + 1 && other.path.length === fork + 1;
    if (bothLast && other.bind.if !== undefined && bind.if !== undefined) continue;
    // An expression with a fault may be of the same oneof.
    const [theirValue, value] = [other.expression, expression];
    if (bothLast && (!theirValue || !value || inOneOneof(theirValue, value))) continue;
    fault(scope.report, "BFF411", bind.name?.at ?? bind.at, {
      message: `"${mine.name}" and "${theirs.name}" are members of one oneof`,
      related,
      hint: bothLast ? "add an `if` to both, or set one of them" : "set one of them",
    });
    return false;
  }
  return true;
}

/** Returns bindings for every field of a message, or every argument, that the target has with the same type. */
function spreadFields(
  cx: SetContext,
  spread: Text,
  target: DescMessage,
  named: ReadonlySet<string>,
  locals: readonly Variable[],
): FieldBinding[] {
  const { scope, run } = cx;
  const names = spreadNames(cx, spread, locals, "request");
  if (names === undefined) return [];
  const bindings: FieldBinding[] = [];
  let hasReport = false;
  for (const field of target.fields) {
    if (named.has(field.name) || !names.has(field.name)) continue;
    const expression = check(scope, syntheticText(`${spread.value}.${fieldName(field.name)}`, spread.at), locals);
    if (expression === undefined) continue;
    const how = conversion(expression, fieldType(field), run.aliases);
    if (how.kind === "misfit" && how.code === "BFF436") {
      const { code, message, hint } = how;
      hasReport = true;
      fault(scope.report, code, spread.at, { message, hint });
    } else if (how.kind === "misfit" || (how.kind === "represent" && !sameKind(expression, field))) {
      suspectLeftOut(cx, spread, expression, field);
    } else {
      const bound = bindTo(expression, field, run.aliases, scope.report);
      const other = bindings.find(
        ({ path: [sibling], bound: { expression: theirs } }) =>
          field.oneof !== undefined && sibling?.oneof === field.oneof && !inOneOneof(theirs, expression),
      );
      if (other !== undefined) {
        fault(scope.report, "BFF411", spread.at, {
          message: `"${spread.value}" sets "${other.path[0]?.name}" and "${field.name}", which are members of one oneof`,
          hint: "set the required member by name, next to the spread",
        });
        return [];
      }
      if (bound !== undefined) bindings.push({ path: [field], bound, if: undefined });
    }
  }
  if (!hasReport && bindings.length === 0 && named.size === 0 && target.fields.length > 0) {
    fault(scope.report, "BFF345", spread.at, {
      message: `"${spread.value}" shares no field with "${target.typeName}"`,
      hint: `set the fields by name: ${target.fields.map((field) => field.name).join(", ")}`,
      // A composer may have a faulty argument.
      derived: isArgs(spread) && cx.args.message === undefined,
    });
  }
  return bindings;
}

/** Warns about a field of both sides that a spread leaves out because its types differ. */
function suspectLeftOut({ run }: SetContext, spread: Text, expression: Expression, field: DescField): void {
  const [is, expected] = distinctTypeNames(expression, fieldType(field));
  caution(run.suspect, "BFF353", spread.at, {
    message: `"${spread.value}" cannot set "${field.name}": it is ${is} there, but ${expected} in "${field.parent.typeName}"`,
    hint: `set it by name, next to the spread: { name: "${field.name}" by: "…" }; or give both the same type`,
  });
}

/** Returns true for two members of one oneof, of which at most one is set. */
function inOneOneof({ root: a, path }: Expression, { root: b, path: other }: Expression): boolean {
  if (!path || !other) return false;
  if (a.kind === "name" && b.kind === "name")
    return a.variable.choice !== undefined && a.variable.choice === b.variable.choice;
  if (a.kind !== "select" || b.kind !== "select" || typeof a.field === "string" || typeof b.field === "string")
    return false;
  return a.field.oneof !== undefined && a.field.oneof === b.field.oneof && samePath(a.of, b.of);
}
function samePath(a: Node, b: Node): boolean {
  if (a.kind === "name" && b.kind === "name") return a.variable === b.variable;
  return a.kind === "select" && b.kind === "select" && a.field === b.field && samePath(a.of, b.of);
}
function sameKind(expression: Expression, field: DescField): boolean {
  const { proto } = expression;
  const target = fieldType(field).proto;
  return (
    proto?.kind === target.kind &&
    (proto.kind !== "scalar" || target.kind !== "scalar" || proto.scalar === target.scalar)
  );
}

/** Returns true if a spread passes on all arguments of the message. */
export const isArgs = (spread: Text): boolean => spread.value.trim() === "args";

/** Returns the field names of a spread. Undefined after a diagnostic, and while the arguments are unknown. */
export function spreadNames(
  cx: SetContext,
  spread: Text,
  locals: readonly Variable[],
  into: "request" | "arguments",
): ReadonlySet<string> | undefined {
  if (isArgs(spread) && cx.args.message === undefined)
    return cx.ir !== undefined && cx.run.uncomposed.has(cx.ir) ? undefined : new Set(cx.offered);
  const value = check(cx.scope, spread, locals);
  if (value === undefined) return undefined;
  if (value.type.kind === "message") {
    const { desc } = value.type;
    const what = `the spread "${spread.value}"`;
    // Arguments are values of expressions, which read no extensions.
    if (into === "request") suspectDropped(desc, { what, at: spread.at, registry: cx.run.ir.registry }, cx.run.suspect);
    return new Set(desc.fields.map((field) => field.name));
  }
  return fault(cx.scope.report, "BFF345", spread.at, {
    message: `only a message can be spread, not ${typeName(value.type)}`,
    hint: "spread `args` or a message, or set the fields by name",
  });
}

import type { DescField, DescMessage, DescMethod } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import { type Expression, fieldName, fieldType, type Node, typeName, type Variable } from "../cel/index.ts";
import type { Report } from "../diagnostic/diagnostic.ts";
import type { Code } from "../gen/bff/v1/options_pb.ts";
import type { IrBatch, IrBind, IrCall, IrErrorRule, IrPolicy, IrUpstream } from "../ir.ts";
import type { Text } from "../origin.ts";
import { bindTo, fieldPath, isRequired } from "./bind.ts";
import type { Effects, MessageContext } from "./context.ts";
import { type Aliases, conversion } from "./convert.ts";
import { entriesFor, nearest } from "./entries.ts";
import { lookupMethod } from "./lookup.ts";
import type { Batch, Call, ErrorRule, FieldBinding, MetadataBinding } from "./model.ts";
import { resolveFailure } from "./resolve-failure.ts";
import { mergePolicy } from "./resolve-policy.ts";
import { check, checkCondition, ERROR, type MessageScope, withoutMessage } from "./scope.ts";
import { syntheticText } from "./synthetic-text.ts";

export function resolveCall(cx: MessageContext, ir: IrCall, locals: readonly Variable[]): Call | undefined {
  const { scope, run } = cx;
  const method = ir.method && lookupMethod(run.ir, ir.method, scope.report);
  if (method === undefined || ir.method === undefined) return undefined;
  if (run.bffServices.has(method.parent.typeName)) {
    scope.report({
      code: "BFF203",
      severity: "error",
      message: `"${method.parent.typeName}" is a service of this BFF`,
      at: ir.method.at,
      hint: `compose its response message instead: compose: { message: "${method.output.name}" … }`,
    });
    return undefined;
  }
  const entries = entriesFor(cx.governing.entries, method);
  const policies = [ir.policy, ...entries.map((entry) => entry.policy)];
  const effects = effectsOf(cx, method, nearest(policies, (policy) => policy.idempotent)?.value ?? false, ir);
  const request = ir.request && baseRequest(scope, ir.request, method, locals);
  const set = resolveSet(cx, ir.set, method, locals);
  const batch = ir.batch && resolveBatch(cx, ir.batch, method, locals, effects);
  const own = metadata(scope, ir.policy.metadata, locals);
  const outside = withoutMessage(scope);
  const shared = entries.map((entry) => metadata(outside, entry.policy.metadata, []));
  const given = entries.flatMap((entry) => reachable(errorRules(cx, outside, entry.policy, method, [])));
  const onError = reachable([...errorRules(cx, scope, ir.policy, method, locals), ...given]);
  const tried = new Set(onError.map(({ at }) => at));
  for (const { at } of given) run.tried.set(at, tried.has(at) || (run.tried.get(at) ?? false));
  if ((ir.request && request === undefined) || (ir.batch && batch === undefined)) return undefined;
  // What another expression than a literal gives is not known before it runs, and what `args` has not before something composes the message.
  const unknown = run.adrift.has(cx.ir) && ir.set.some(({ spread }) => spread !== undefined && isArgs(spread));
  if (!unknown && (request === undefined || request.root.kind === "message"))
    checkRequired(scope.report, ir, method.input, [
      ...set,
      ...(batch ? [{ path: [batch.keys] }] : []),
      ...(request === undefined ? [] : inLiteral(request.root)),
    ]);
  return {
    method,
    at: ir.at,
    request,
    set,
    metadata: mergeByKey([own, ...shared]),
    policy: mergePolicy(cx, ir, policies, effects),
    onError,
    batch,
    effects,
  };
}

function effectsOf(cx: MessageContext, method: DescMethod, idempotent: boolean, ir: IrCall): Effects {
  if (method.idempotency === Level.NO_SIDE_EFFECTS) return "none";
  const vouching = cx.roots.filter((root) => root.desc.idempotency === Level.NO_SIDE_EFFECTS);
  const [voucher] = vouching;
  if (method.idempotency === Level.IDEMPOTENT) {
    if (voucher !== undefined) {
      cx.scope.report({
        code: "BFF503",
        severity: "error",
        message: `rpc "${voucher.desc.name}" is declared NO_SIDE_EFFECTS, but reaches "${method.parent.typeName}/${method.name}", which is IDEMPOTENT: it has side effects`,
        at: ir.method?.at ?? ir.at,
        related: [{ at: voucher.at, message: "the rpc that vouches for having no side effects" }],
        hint: `remove \`idempotency_level = NO_SIDE_EFFECTS\` from "${voucher.desc.name}", or do not call this method from it`,
      });
    }
    return "idempotent";
  }
  if (voucher !== undefined && vouching.length === cx.roots.length) return "none";
  return idempotent ? "idempotent" : "once";
}

function baseRequest(
  scope: MessageScope,
  text: Text,
  method: DescMethod,
  locals: readonly Variable[],
): Expression | undefined {
  const request = check(scope, text, locals);
  if (request === undefined) return undefined;
  if (request.type.kind === "message" && request.type.desc.typeName === method.input.typeName) return request;
  scope.report({
    code: "BFF331",
    severity: "error",
    message: `this is ${typeName(request.type)}, but "${method.name}" takes ${method.input.typeName}`,
    at: text.at,
    hint: `give a ${method.input.typeName}, such as ${method.input.typeName}{ … }`,
  });
  return undefined;
}

function resolveSet(
  cx: MessageContext,
  binds: readonly IrBind[],
  method: DescMethod,
  locals: readonly Variable[],
): FieldBinding[] {
  const { scope, run } = cx;
  const bindings: FieldBinding[] = [];
  const named = new Set<string>();
  for (const bind of binds) {
    if (bind.name === undefined || bind.by === undefined) continue;
    const condition = bind.if && checkCondition(scope, bind.if, "this `if`", locals);
    const path = fieldPath(method.input, bind.name, scope.report);
    const expression = check(scope, bind.by, locals);
    const field = path?.at(-1);
    if (path === undefined || field === undefined) continue;
    named.add(path[0]?.name ?? "");
    if (!checkMeeting(scope, bindings, path, bind)) continue;
    const bound = expression && bindTo(expression, field, run.aliases, scope.report);
    if (bound !== undefined) bindings.push({ path, bound, if: condition });
  }
  // A oneof with a member set by name is taken.
  const taken = new Set(
    bindings.flatMap((binding) => (binding.path.length === 1 ? (binding.path[0]?.oneof ?? []) : [])),
  );
  for (const { name } of [...taken].flatMap((oneof) => oneof.fields)) named.add(name);
  const spread = binds.flatMap((bind) =>
    bind.spread === undefined ? [] : spreadFields(cx, bind.spread, method, named, locals),
  );
  return [...spread, ...bindings];
}

/** Something that a request sets: by `set`, as keys of a batch, or in the literal of `request`. */
interface Setting extends Partial<FieldBinding> {
  readonly path: readonly DescField[];
  /** A message written as a literal, all that it sets being settings of their own. */
  readonly literal?: boolean;
}

function inLiteral(node: Node, above: readonly DescField[] = []): Setting[] {
  if (node.kind !== "message") return [];
  return node.fields.flatMap(({ field, value }) => {
    const path = [...above, field];
    return [{ path, literal: value.kind === "message" && field.message === value.desc }, ...inLiteral(value, path)];
  });
}

/** A request without its `required` fields cannot be sent. */
function checkRequired(
  report: Report,
  ir: IrCall,
  message: DescMessage,
  set: readonly Setting[],
  above: readonly DescField[] = [],
): void {
  const depth = above.length;
  for (const field of message.fields) {
    const here = set.filter(({ path }) => path[depth] === field);
    const inside = here.filter(({ path, literal }) => path.length > depth + 1 || literal === true);
    const whole = here.some(({ path, literal }) => path.length === depth + 1 && literal !== true);
    if (inside.length > 0 && !whole && field.message !== undefined && field.fieldKind === "message")
      checkRequired(report, ir, field.message, inside, [...above, field]);
    if (!isRequired(field) || here.some((binding) => binding.if === undefined)) continue;
    const name = nameOf([...above, field]);
    const [conditional] = here;
    report({
      code: "BFF240",
      severity: "error",
      message: `"${field.name}" of "${message.typeName}" is required, and ${conditional === undefined ? "nothing sets it" : "set only under an `if`"}`,
      at: conditional?.if?.text.at ?? ir.request?.at ?? ir.method?.at ?? ir.at,
      hint:
        conditional === undefined
          ? `set it: set: { name: "${name}" by: "…" }`
          : "leave out the `if`, and give a value for both cases: … ? … : …",
    });
  }
}

/** Two paths may not meet: one inside what the other sets whole, or both in one oneof, unless each has an `if` there. */
function checkMeeting(
  scope: MessageScope,
  bindings: readonly FieldBinding[],
  path: readonly DescField[],
  bind: IrBind,
): boolean {
  for (const other of bindings) {
    const fork = path.findIndex((field, i) => field !== other.path[i]);
    const mine = path[fork];
    const theirs = other.path[fork];
    const related = [{ at: other.bound.expression.text.at, message: `"${nameOf(other.path)}" is set here` }];
    // The same field twice has been reported when it was read.
    if (fork === -1 && path.length === other.path.length) return false;
    if (fork === -1 || theirs === undefined) {
      const [whole, part] = fork === -1 ? [path, other.path] : [other.path, path];
      scope.report({
        code: "BFF415",
        severity: "error",
        message: `"${nameOf(part)}" is part of "${nameOf(whole)}", which is set as a whole`,
        at: bind.name?.at ?? bind.at,
        related,
        hint: `set "${nameOf(whole)}" or fields of it, not both`,
      });
      return false;
    }
    if (mine?.oneof === undefined || mine.oneof !== theirs.oneof) continue;
    const bothLast = path.length === fork + 1 && other.path.length === fork + 1;
    if (bothLast && other.if !== undefined && bind.if !== undefined) continue;
    scope.report({
      code: "BFF411",
      severity: "error",
      message: `"${mine.name}" and "${theirs.name}" are members of one oneof`,
      at: bind.name?.at ?? bind.at,
      related,
      hint: bothLast ? "give both an `if`, or set one of them" : "set one of them",
    });
    return false;
  }
  return true;
}
const nameOf = (path: readonly DescField[]): string => path.map((field) => field.name).join(".");

/** Every field of a message, or every argument, that the request also has with the same type. */
function spreadFields(
  cx: MessageContext,
  spread: Text,
  method: DescMethod,
  named: ReadonlySet<string>,
  locals: readonly Variable[],
): FieldBinding[] {
  const { scope, run } = cx;
  const names = spreadNames(cx, spread, locals);
  if (names === undefined) return [];
  const bindings: FieldBinding[] = [];
  for (const field of method.input.fields) {
    if (named.has(field.name) || !names.has(field.name)) continue;
    const expression = check(scope, syntheticText(`${spread.value}.${fieldName(field.name)}`, spread.at), locals);
    if (expression === undefined) continue;
    const how = conversion(expression, fieldType(field), SPREAD);
    if (how.kind === "same" || (how.kind === "represent" && sameKind(expression, field))) {
      const bound = bindTo(expression, field, run.aliases, scope.report);
      const other = bindings.find(
        ({ path: [sibling], bound: { expression: theirs } }) =>
          field.oneof !== undefined && sibling?.oneof === field.oneof && !inOneOneof(theirs, expression),
      );
      if (other !== undefined) {
        scope.report({
          code: "BFF411",
          severity: "error",
          message: `"${spread.value}" has "${other.path[0]?.name}" and "${field.name}", which are members of one oneof`,
          at: spread.at,
          hint: "set the one that is meant by name, next to the spread",
        });
        return [];
      }
      if (bound !== undefined) bindings.push({ path: [field], bound, if: undefined });
    }
  }
  if (bindings.length === 0 && named.size === 0 && method.input.fields.length > 0) {
    scope.report({
      code: "BFF345",
      severity: "error",
      message: `"${spread.value}" shares no field with "${method.input.typeName}"`,
      at: spread.at,
      hint: `set the fields by name: ${method.input.fields.map((field) => field.name).join(", ")}`,
    });
  }
  return bindings;
}
/** Of two members of one oneof at most one is set. */
function inOneOneof({ root: a }: Expression, { root: b }: Expression): boolean {
  if (a.kind !== "select" || b.kind !== "select" || typeof a.field === "string" || typeof b.field === "string")
    return false;
  return a.field.oneof !== undefined && a.field.oneof === b.field.oneof;
}
const SPREAD: Aliases = { message: () => undefined, enum: () => undefined };
function sameKind(expression: Expression, field: DescField): boolean {
  const { proto } = expression;
  const target = fieldType(field).proto;
  return (
    proto?.kind === target.kind &&
    (proto.kind !== "scalar" || target.kind !== "scalar" || proto.scalar === target.scalar)
  );
}

const isArgs = (spread: Text): boolean => spread.value.trim() === "args";

/** The field names that a spread brings; undefined after a diagnostic, and where nobody knows the arguments yet. */
export function spreadNames(
  cx: MessageContext,
  spread: Text,
  locals: readonly Variable[],
): ReadonlySet<string> | undefined {
  if (isArgs(spread) && cx.args.message === undefined)
    return cx.run.adrift.has(cx.ir) ? undefined : new Set(cx.offered);
  const value = check(cx.scope, spread, locals);
  if (value === undefined) return undefined;
  if (value.type.kind === "message") return new Set(value.type.desc.fields.map((field) => field.name));
  cx.scope.report({
    code: "BFF345",
    severity: "error",
    message: `only a message can be spread, not ${typeName(value.type)}`,
    at: spread.at,
    hint: "spread `args` or a message, or set the fields by name",
  });
  return undefined;
}

function resolveBatch(
  cx: MessageContext,
  ir: IrBatch,
  method: DescMethod,
  locals: readonly Variable[],
  effects: Effects,
): Batch | undefined {
  const { scope, run } = cx;
  const { report } = scope;
  const fault = (at: Text, message: string, hint: string): undefined =>
    report({ code: "BFF340", severity: "error", message, at: at.at, hint }) as undefined;
  if (ir.name === undefined || ir.by === undefined || ir.items === undefined) return undefined;
  if (effects !== "none") {
    report({
      code: "BFF505",
      severity: "error",
      message: `"${method.name}" has side effects, and a batch would make one call of several`,
      at: ir.at,
      hint: "call it without `batch`; or, when it has none, declare `idempotency_level = NO_SIDE_EFFECTS` on it or on the rpcs of this BFF that reach it",
    });
  }
  const [keys] = fieldPath(method.input, ir.name, report) ?? [];
  const [items] = fieldPath(method.output, ir.items, report) ?? [];
  const by = check(scope, ir.by, locals);
  if (keys === undefined || items === undefined || by === undefined) return undefined;
  if (keys.fieldKind !== "list")
    return fault(ir.name, `"${keys.name}" takes one key, not a list`, "name a repeated field of the request");
  const element = fieldType(keys);
  if (element.type.kind !== "list" || element.proto.kind !== "list") return undefined;
  const how = conversion(by, { type: element.type.element, proto: element.proto.of }, run.aliases);
  if (how.kind === "misfit") {
    report({
      code: how.code,
      severity: "error",
      message: `${how.message} ("${keys.name}")`,
      at: ir.by.at,
      hint: how.hint,
    });
    return undefined;
  }
  const value = { expression: by, conversion: how };
  const { many, max } = { many: ir.many?.value ?? false, max: ir.max?.value ?? 100 };
  if (items.fieldKind === "map") {
    const key = fieldType(items).type;
    if (key.kind === "map" && key.key.kind !== element.type.element.kind) {
      return fault(
        ir.items,
        `the keys of "${items.name}" are ${typeName(key.key)}, those of "${keys.name}" ${typeName(element.type.element)}`,
        "name a map with keys of the same type",
      );
    }
    if (many)
      return fault(
        ir.items,
        `"many" needs a list of items, and "${items.name}" is a map with one item for each key`,
        "remove `many`, or name a repeated field",
      );
    return { keys, by: value, items, key: undefined, many, max };
  }
  if (items.fieldKind !== "list" || items.listKind !== "message")
    return fault(
      ir.items,
      `"${items.name}" is not a list of messages nor a map`,
      "name the repeated message field, or the map, that holds the items",
    );
  const { kind } = element.type.element;
  if (ir.key === undefined)
    return fault(
      ir.items,
      `the key of an item of "${items.name}" is not said`,
      `add \`key\`, one of: ${items.message.fields
        .filter((field) => fieldType(field).type.kind === kind)
        .map((field) => field.name)
        .join(", ")}`,
    );
  const [key, further] = fieldPath(items.message, ir.key, report) ?? [];
  if (key === undefined) return undefined;
  if (further !== undefined || fieldType(key).type.kind !== kind) {
    return fault(
      ir.key,
      `"${ir.key.value}" is ${typeName(fieldType(key).type)}, but the keys are ${typeName(element.type.element)}`,
      "name the field that holds what was asked for",
    );
  }
  return { keys, by: value, items, key, many, max };
}

/** What the entries have every call of a method send. Without what reads the service's steps: it is there for steps alone. */
export function entryMetadata(scope: MessageScope, entries: readonly IrUpstream[]): MetadataBinding[] {
  const outside = withoutMessage(scope);
  return mergeByKey(entries.map((entry) => metadata(outside, entry.policy.metadata, []))).filter(({ by, if: when }) =>
    [by, when].every((expression) => !expression?.reads.some(({ variable }) => variable.role === "step")),
  );
}
function metadata(scope: MessageScope, binds: readonly IrBind[], locals: readonly Variable[]): MetadataBinding[] {
  return binds.flatMap((bind): MetadataBinding[] => {
    if (bind.name === undefined || bind.by === undefined) return [];
    const condition = bind.if && checkCondition(scope, bind.if, "this `if`", locals);
    const by = check(scope, bind.by, locals);
    if (by === undefined) return [];
    const binary = bind.name.value.endsWith("-bin");
    if (by.type.kind !== (binary ? "bytes" : "string")) {
      scope.report({
        code: "BFF341",
        severity: "error",
        message: `metadata "${bind.name.value}" takes ${binary ? "bytes" : "a string"}, not ${typeName(by.type)}`,
        at: bind.by.at,
        hint: binary ? "write bytes(…) around it" : "write string(…) around it",
      });
      return [];
    }
    return [{ key: bind.name.value, by, if: condition }];
  });
}
function mergeByKey(nearestFirst: readonly (readonly MetadataBinding[])[]): MetadataBinding[] {
  const merged = new Map<string, MetadataBinding>();
  for (const bindings of nearestFirst) {
    const level = new Set(merged.keys());
    for (const binding of bindings) if (!level.has(binding.key)) merged.set(binding.key, binding);
  }
  return [...merged.values()];
}

/** Without what a nearer rule has dealt with: the first that holds decides. */
function reachable(nearestFirst: readonly ErrorRule[]): readonly ErrorRule[] {
  const taken = new Set<Code>();
  let all = false;
  return nearestFirst.flatMap((rule): ErrorRule[] => {
    const on = rule.on.filter((code) => !taken.has(code));
    if (all || (rule.on.length > 0 && on.length === 0)) return [];
    if (rule.if === undefined) {
      if (on.length === 0) all = true;
      for (const code of on) taken.add(code);
    }
    return [{ ...rule, on }];
  });
}

function errorRules(
  cx: MessageContext,
  scope: MessageScope,
  policy: IrPolicy,
  method: DescMethod,
  locals: readonly Variable[],
): ErrorRule[] {
  const inside = [...locals, ERROR];
  return policy.onError.flatMap((rule: IrErrorRule): ErrorRule[] => {
    const condition = rule.if && checkCondition(scope, rule.if, "this `if`", inside);
    const on = rule.on.map((code) => code.value);
    const { at, then } = rule;
    if (then === undefined || (rule.if && condition === undefined)) return [];
    if (then.kind === "ignore") return [{ at, on, if: condition, then: { kind: "ignore" } }];
    if (then.kind === "fail") {
      const fail = resolveFailure(scope, then.fail, inside);
      return fail === undefined ? [] : [{ at, on, if: condition, then: { kind: "fail", fail } }];
    }
    const value = check(scope, then.by, inside);
    if (value === undefined) return [];
    const output = {
      type: { kind: "message", desc: method.output },
      proto: { kind: "message", desc: method.output },
    } as const;
    const how = conversion(value, output, cx.run.aliases);
    if (how.kind === "misfit" || value.type.kind === "null") {
      scope.report({
        code: "BFF336",
        severity: "error",
        message: `the fallback is ${typeName(value.type)}, and "${method.name}" gives ${method.output.typeName}`,
        at: then.by.at,
        hint: `write ${method.output.typeName}{ … }`,
      });
      return [];
    }
    const [absent] = value.unsafe;
    if (absent !== undefined) {
      scope.report({
        code: "BFF605",
        severity: "error",
        message: `the fallback of this rule may itself be absent: "${absent.name}" may be`,
        at: then.by.at,
        hint: "give a value that is always there, such as a literal",
      });
      return [];
    }
    return [{ at, on, if: condition, then: { kind: "fallback", value: { expression: value, conversion: how } } }];
  });
}

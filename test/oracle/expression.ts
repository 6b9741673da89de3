// Expressions as the oracle sees them: parsed and interpreted by @bufbuild/cel, with what language.md adds (`ok`, safe reads, pure paths).
import {
  type CelInput,
  type CelValue,
  celEnv,
  celList,
  celMap,
  celUint,
  isCelError,
  isCelList,
  isCelMap,
  plan,
} from "@bufbuild/cel";
import type { Constant, Expr } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import type { DescEnum, DescField, Registry } from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import { functions } from "./functions.ts";
import { parseAll } from "./macros.ts";

/** One read of a name that may be absent or touched by a failure: a step, an `each` variable, `args.<name>` of a composed message. */
export interface Read {
  readonly name: string;
  readonly ok: boolean;
  /** Stands where `ok(name)` is known to hold. */
  readonly safe: boolean;
}

export interface Expression {
  readonly source: string;
  readonly root: Expr;
  /** As `root`, with `ok(x)` and `headers` replaced by names that @bufbuild/cel can resolve. */
  readonly plain: Expr;
  readonly reads: readonly Read[];
  /** `s.a.x` as ["s", "a", "x"]; undefined for anything else. */
  readonly path: readonly string[] | undefined;
}

const parsed = new Map<string, Expression>();

/** Parses once per text. Throws on a syntax error: the oracle only sees what generation has accepted. */
export function expression(source: string): Expression {
  let found = parsed.get(source);
  if (found === undefined) {
    const root = parseAll(source);
    found = { source, root, plain: rewrite(parseAll(source)), reads: readsOf(root), path: pathOf(root) };
    parsed.set(source, found);
  }
  return found;
}

/** `name`, or `args.name`, when the expression is just that. */
function nameOf(expr: Expr | undefined): string | undefined {
  const path = expr && pathOf(expr);
  if (path === undefined) return undefined;
  if (path.length === 1) return path[0];
  return path.length === 2 && path[0] === "args" ? path.join(".") : undefined;
}

function pathOf(expr: Expr): readonly string[] | undefined {
  const { case: kind, value } = expr.exprKind;
  if (kind === "identExpr") return [value.name];
  if (kind !== "selectExpr" || value.testOnly || value.operand === undefined) return undefined;
  const operand = pathOf(value.operand);
  return operand && [...operand, value.field];
}

function okName(expr: Expr): string | undefined {
  const { case: kind, value } = expr.exprKind;
  if (kind !== "callExpr" || value.function !== "ok" || value.target !== undefined) return undefined;
  return nameOf(value.args[0]);
}

// ---- reads and where they are safe ----

function readsOf(
  expr: Expr | undefined,
  safe: ReadonlySet<string> = new Set(),
  locals: ReadonlySet<string> = new Set(),
): Read[] {
  if (expr === undefined) return [];
  const read = (name: string, ok = false): Read[] => [{ name, ok, safe: ok || safe.has(name) }];
  const inAll = (...list: readonly (Expr | undefined)[]) => list.flatMap((one) => readsOf(one, safe, locals));
  const path = pathOf(expr);
  if (path !== undefined) {
    const [first = "", second] = path;
    if (locals.has(first)) return [];
    return read(first === "args" && second !== undefined ? `args.${second}` : first);
  }
  const ok = okName(expr);
  if (ok !== undefined) return read(ok, true);
  const { case: kind, value } = expr.exprKind;
  switch (kind) {
    case "selectExpr": {
      const ofArgs = value.operand !== undefined && pathOf(value.operand)?.join() === "args" && !locals.has("args");
      return ofArgs ? read(`args.${value.field}`) : inAll(value.operand);
    }
    case "callExpr": {
      const [a, b, c] = value.args;
      switch (value.function) {
        case "_&&_":
          return [...inAll(a), ...readsOf(b, union(safe, known(a, true)), locals)];
        case "_||_":
          return [...inAll(a), ...readsOf(b, union(safe, known(a, false)), locals)];
        case "_?_:_":
          return [
            ...inAll(a),
            ...readsOf(b, union(safe, known(a, true)), locals),
            ...readsOf(c, union(safe, known(a, false)), locals),
          ];
        default:
          return inAll(value.target, ...value.args);
      }
    }
    case "comprehensionExpr": {
      const inner = union(locals, new Set([value.iterVar, value.accuVar]));
      const body = [value.loopCondition, value.loopStep, value.result];
      return [...inAll(value.iterRange, value.accuInit), ...body.flatMap((one) => readsOf(one, safe, inner))];
    }
    case "listExpr":
      return inAll(...value.elements);
    case "structExpr":
      return value.entries.flatMap(({ keyKind, value: of }) =>
        keyKind.case === "mapKey" ? inAll(keyKind.value, of) : inAll(of),
      );
    default:
      return [];
  }
}

/** The names that have a value for sure when `expr` gives `outcome`. */
function known(expr: Expr | undefined, outcome: boolean): ReadonlySet<string> {
  if (expr === undefined) return new Set();
  const ok = okName(expr);
  if (ok !== undefined) return new Set(outcome ? [ok] : []);
  if (expr.exprKind.case !== "callExpr") return new Set();
  const { function: name, args } = expr.exprKind.value;
  if (name === "!_") return known(args[0], !outcome);
  if ((name === "_&&_" && outcome) || (name === "_||_" && !outcome)) {
    return union(known(args[0], outcome), known(args[1], outcome));
  }
  return new Set();
}

function union<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): ReadonlySet<T> {
  return new Set([...a, ...b]);
}

// ---- evaluation ----

/** `ok(x)` becomes the variable `@ok:x`; `headers.x` and `headers[k]` become `@header(k)`, which gives "" for an absent one. */
function rewrite(expr: Expr): Expr {
  const ok = okName(expr);
  if (ok !== undefined) return { ...expr, exprKind: { case: "identExpr", value: ident(`@ok:${ok}`) } };
  const { case: kind, value } = expr.exprKind;
  if (kind === "selectExpr" && !value.testOnly && value.operand && pathOf(value.operand)?.join() === "headers")
    return header(expr, constant(expr, { case: "stringValue", value: value.field }));
  if (kind === "callExpr" && value.function === "_[_]") {
    const [list, index] = value.args;
    if (list && index && pathOf(list)?.join() === "headers") return header(expr, rewrite(index));
  }
  return withChildren(expr, rewrite);
}

/** The same expression, with `change` done to each of its direct parts. */
function withChildren(expr: Expr, change: (child: Expr) => Expr): Expr {
  const { case: kind, value } = expr.exprKind;
  const maybe = (child: Expr | undefined) => child && change(child);
  switch (kind) {
    case "selectExpr": {
      const operand = maybe(value.operand);
      return { ...expr, exprKind: { case: kind, value: operand ? { ...value, operand } : value } };
    }
    case "callExpr": {
      const target = maybe(value.target);
      const args = value.args.map(change);
      return { ...expr, exprKind: { case: kind, value: { ...value, args, ...(target && { target }) } } };
    }
    case "comprehensionExpr": {
      const { iterRange, accuInit, loopCondition, loopStep, result } = value;
      const parts = Object.entries({ iterRange, accuInit, loopCondition, loopStep, result });
      const changed = Object.fromEntries(parts.map(([name, part]) => [name, maybe(part)]));
      return { ...expr, exprKind: { case: kind, value: { ...value, ...changed } } } as Expr;
    }
    case "listExpr":
      return { ...expr, exprKind: { case: kind, value: { ...value, elements: value.elements.map(change) } } };
    case "structExpr": {
      const entries = value.entries.map((entry) => {
        const keyKind =
          entry.keyKind.case === "mapKey"
            ? { case: "mapKey" as const, value: change(entry.keyKind.value) }
            : entry.keyKind;
        const of = maybe(entry.value);
        return { ...entry, keyKind, ...(of && { value: of }) };
      });
      return { ...expr, exprKind: { case: kind, value: { ...value, entries } } };
    }
    default:
      return expr;
  }
}

function ident(name: string) {
  return { $typeName: "cel.expr.Expr.Ident" as const, name };
}
function constant(expr: Expr, constantKind: Constant["constantKind"]): Expr {
  return { ...expr, exprKind: { case: "constExpr", value: { $typeName: "cel.expr.Constant", constantKind } } };
}
function header(expr: Expr, key: Expr): Expr {
  const headers: Expr = { ...expr, exprKind: { case: "identExpr", value: ident("headers") } };
  return {
    ...expr,
    exprKind: {
      case: "callExpr",
      value: { $typeName: "cel.expr.Expr.Call", function: "@header", args: [headers, key] },
    },
  };
}

/** Evaluation failed at run time: an index out of range, overflow, a number that does not fit … Reason INVALID. */
export class Invalid extends Error {}

/** Where expressions of one proto file are evaluated. */
export class Evaluator {
  readonly #env;
  readonly #registry: Registry;
  readonly #namespace: string;
  constructor(registry: Registry, namespace: string) {
    this.#registry = registry;
    this.#namespace = namespace;
    this.#env = celEnv({ registry, namespace, funcs: functions });
  }

  /** CEL's value. Throws `Invalid` on a CEL error. `values` holds a binding for each name that may be evaluated. */
  value(source: string | Expr, values: Readonly<Record<string, CelInput>>): CelValue {
    const expr = typeof source === "string" ? expression(source).plain : source;
    const named = Object.fromEntries(Object.entries(values).map(([name, of]) => [`@${name}`, of]));
    const result = plan(this.#env, this.#named(expr, values, new Set()))(named);
    if (isCelError(result))
      throw new Invalid(`${typeof source === "string" ? source : "expression"}: ${result.message}`);
    return result;
  }

  /**
   * The enum whose numbers an expression gives (itself, or as items of a list or map); CEL only knows ints.
   * `enums` answers for variables that hold such numbers themselves.
   */
  enumOf(
    expr: Expr | undefined,
    values: Readonly<Record<string, CelInput>>,
    enums: (name: string) => DescEnum | undefined,
  ): DescEnum | undefined {
    if (expr === undefined) return undefined;
    const { case: kind, value } = expr.exprKind;
    switch (kind) {
      case "identExpr":
        return enums(value.name);
      case "selectExpr": {
        const path = pathOf(expr);
        const constant = path && this.#enumConstant(path);
        if (constant !== undefined) return constant;
        if (path?.length === 2 && path[0] === "args") {
          const arg = enums(path.join("."));
          if (arg !== undefined) return arg;
        }
        const owner = this.#tryValue(value.operand, values);
        const field = isReflectMessage(owner) ? owner.desc.fields.find((f) => f.name === value.field) : undefined;
        return field && enumOfField(field);
      }
      case "callExpr": {
        const { args, target } = value;
        if (value.function === "_?_:_") {
          const condition = this.#tryValue(args[0], values);
          return this.enumOf(condition === true ? args[1] : args[2], values, enums) ?? undefined;
        }
        if (value.function === "_[_]") return this.enumOf(args[0], values, enums);
        if (value.function === "_+_") return this.enumOf(args[0], values, enums) ?? this.enumOf(args[1], values, enums);
        return target && this.enumOf(target, values, enums);
      }
      case "listExpr":
        for (const element of value.elements) {
          const found = this.enumOf(element, values, enums);
          if (found !== undefined) return found;
        }
        return undefined;
      case "comprehensionExpr": {
        const range = this.#tryValue(value.iterRange, values);
        const rangeEnum = this.enumOf(value.iterRange, values, enums);
        const items = isCelList(range) ? [...range] : isCelMap(range) ? [...range.keys()] : [];
        const [item] = items;
        if (item === undefined) return undefined;
        return this.enumOf(
          value.loopStep,
          { ...values, [value.iterVar]: item, [value.accuVar]: celList([]) },
          (name) => (name === value.iterVar ? rangeEnum : name === value.accuVar ? undefined : enums(name)),
        );
      }
      default:
        return undefined;
    }
  }

  #tryValue(expr: Expr | undefined, values: Readonly<Record<string, CelInput>>): CelValue | undefined {
    if (expr === undefined) return undefined;
    try {
      return this.value(rewrite(expr), values);
    } catch {
      return undefined;
    }
  }

  /**
   * Where @bufbuild/cel looks at names otherwise: what has a value hides a type of its name (`values`), an enum's value of another package
   * is a number, and a google.protobuf.Any that is unset reads as null, as cel-spec's suite has it.
   */
  #named(expr: Expr, values: Readonly<Record<string, CelInput>>, locals: ReadonlySet<string>): Expr {
    const path = pathOf(expr);
    const [first = "", ...rest] = path ?? [];
    // A longer name is still that of a type, or of an enum's value.
    if (path !== undefined && path.length > 2 && this.#registry.getMessage(path.join(".")) !== undefined) return expr;
    const hides = Object.hasOwn(values, first) && (rest.length < 2 || this.#enumConstant(path ?? []) === undefined);
    const known = path !== undefined && !locals.has(first) && hides;
    if (known && rest.length === 0) return { ...expr, exprKind: { case: "identExpr", value: ident(`@${first}`) } };
    if (known && isUnsetAny(values[first], rest)) return constant(expr, { case: "nullValue", value: 0 });
    if (path !== undefined && !known && !locals.has(first)) {
      const number = this.#enumConstant(path)?.values.find((value) => value.name === path.at(-1))?.number;
      if (number !== undefined) return constant(expr, { case: "int64Value", value: BigInt(number) });
    }
    const { case: kind, value } = expr.exprKind;
    if (kind !== "comprehensionExpr") return withChildren(expr, (child) => this.#named(child, values, locals));
    const inner = union(locals, new Set([value.iterVar, value.accuVar]));
    return withChildren(expr, (child) =>
      this.#named(child, values, child === value.iterRange || child === value.accuInit ? locals : inner),
    );
  }

  #enumConstant(path: readonly string[]): DescEnum | undefined {
    const name = path.slice(0, -1).join(".");
    const scopes = this.#namespace.split(".");
    for (let depth = scopes.length; depth >= 0; depth--) {
      const found = this.#registry.getEnum([...scopes.slice(0, depth), name].join("."));
      if (found?.values.some((value) => value.name === path.at(-1))) return found;
    }
    return undefined;
  }

  /** A message's full name, from a name as written in this file's package. */
  message(name: string) {
    const scopes = this.#namespace.split(".");
    for (let depth = scopes.length; depth >= 0; depth--) {
      const found = this.#registry.getMessage([...scopes.slice(0, depth), name].join("."));
      if (found !== undefined) return found;
    }
    throw new Error(`no message ${name} from package ${this.#namespace}`);
  }
}

export function enumOfField(field: DescField): DescEnum | undefined {
  return field.enum;
}

/** A value on the way of a pure path, or `unset` when an optional, message, wrapper or oneof member on the way is. */
export type Walked = { readonly unset: false; readonly value: CelInput } | { readonly unset: true };

/** Walks fields from a message, as language.md's "Presence" says. */
export function walk(from: CelInput, path: readonly string[]): Walked {
  let value: CelInput = from;
  for (const name of path) {
    if (isCelMap(value)) {
      const next: CelInput | undefined = value.get(name);
      if (next === undefined) throw new Invalid(`no such key: ${name}`);
      value = next;
      continue;
    }
    if (!isReflectMessage(value)) throw new Invalid(`no field ${name} on a value without fields`);
    const message: ReflectMessage = value;
    const field = message.desc.fields.find((f) => f.name === name);
    if (field === undefined) throw new Error(`no field ${name} in ${message.desc.typeName}`);
    if (
      field.presence !== IMPLICIT &&
      !message.isSet(field) &&
      field.fieldKind !== "list" &&
      field.fieldKind !== "map"
    ) {
      return { unset: true };
    }
    value = fieldValue(message, field);
  }
  return { unset: false, value };
}

function isUnsetAny(from: CelInput | undefined, path: readonly string[]): boolean {
  const [name, ...rest] = path;
  if (!isReflectMessage(from)) return false;
  const message: ReflectMessage = from;
  const field = message.desc.fields.find((f) => f.name === name);
  if (field?.fieldKind !== "message") return false;
  if (rest.length > 0) return isUnsetAny(message.get(field), rest);
  return field.message.typeName === "google.protobuf.Any" && !message.isSet(field);
}

// FeatureSet_FieldPresence
const IMPLICIT = 2;
const LEGACY_REQUIRED = 3;

/** Whether a field can be left unset in a way its readers can tell, or is empty then. */
export function canBeAbsent(field: DescField): boolean {
  if (field.fieldKind === "list" || field.fieldKind === "map") return true;
  return field.presence !== IMPLICIT && field.presence !== LEGACY_REQUIRED;
}

/** Whether being absent can be told from a zero: not for lists and maps. */
export function hasPresence(field: DescField): boolean {
  return field.fieldKind !== "list" && field.fieldKind !== "map" && field.presence !== IMPLICIT;
}

export function fieldValue(message: ReflectMessage, field: DescField): CelInput {
  switch (field.fieldKind) {
    case "list":
      return celList(message.get(field));
    case "map":
      return celMap(message.get(field));
    case "enum":
      return BigInt(message.get(field));
    case "message":
      return message.get(field);
    case "scalar":
      return scalarValue(field.scalar, message.get(field));
  }
}

function scalarValue(type: number, value: unknown): CelInput {
  if (typeof value === "number" && type !== 1 && type !== 2)
    return isUnsigned(type) ? celUint(BigInt(value)) : BigInt(value);
  if (typeof value === "bigint" && isUnsigned(type)) return celUint(value);
  return value as CelInput;
}
// ScalarType: UINT64 4, FIXED64 6, FIXED32 7, UINT32 13; DOUBLE 1, FLOAT 2.
function isUnsigned(type: number): boolean {
  return type === 4 || type === 6 || type === 7 || type === 13;
}

export { type CelInput, celList, celMap, isCelMap };

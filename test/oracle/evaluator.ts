// Expressions interpreted by @bufbuild/cel.
import {
  type CelFunc,
  type CelInput,
  type CelValue,
  celEnv,
  celList,
  isCelError,
  isCelList,
  isCelMap,
  plan,
} from "@bufbuild/cel";
import type { Expr } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import type { DescEnum, Registry } from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import { constant, expression, ident, pathOf, rewrite, union, withChildren } from "./expression.ts";
import { functions } from "./functions.ts";

/** Evaluation failed at run time: an index out of range, overflow, a number that does not fit … Reason INVALID. */
export class Invalid extends Error {}

/** Where expressions of one proto file are evaluated. */
export class Evaluator {
  readonly #env;
  readonly #registry: Registry;
  readonly #namespace: string;
  constructor(registry: Registry, namespace: string, own: readonly CelFunc[] = []) {
    this.#registry = registry;
    this.#namespace = namespace;
    this.#env = celEnv({ registry, namespace, funcs: [...functions, ...own] });
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
        return field?.enum;
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

function isUnsetAny(from: CelInput | undefined, path: readonly string[]): boolean {
  const [name, ...rest] = path;
  if (!isReflectMessage(from)) return false;
  const message: ReflectMessage = from;
  const field = message.desc.fields.find((f) => f.name === name);
  if (field?.fieldKind !== "message") return false;
  if (rest.length > 0) return isUnsetAny(message.get(field), rest);
  return field.message.typeName === "google.protobuf.Any" && !message.isSet(field);
}

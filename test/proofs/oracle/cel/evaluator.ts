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
import type { IrEnum } from "../../../../plugin/src/ir/ir.ts";
import { Invalid } from "../invalid.ts";
import { once } from "../once.ts";
import { allIn, constant, expression, ident, pathOf, pathsIn, rewrite, union, withChildren } from "./expression.ts";
import { functions } from "./functions.ts";
import { enumFunctions } from "./functions-enums.ts";

/** The enum whose numbers a name holds. */
type Enums = (name: string) => DescEnum | undefined;

/** The same object for the same expression, so that it is planned once. */
export const rewritten = once(rewrite);

/** Evaluates the expressions of one proto file. */
export class Evaluator {
  readonly #env;
  readonly #registry: Registry;
  readonly #namespace: string;
  /** By the name as written, the nearest package first. */
  readonly #enumsNamed = new Map<string, readonly DescEnum[]>();
  readonly #plans = once((_: Expr) => new Map<string, ReturnType<typeof plan>>());
  /** @param enums the BFF's options for its enums */
  constructor(registry: Registry, namespace: string, bffFuncs: readonly CelFunc[] = [], enums: readonly IrEnum[] = []) {
    this.#registry = registry;
    this.#namespace = namespace;
    this.#env = celEnv({ registry, namespace, funcs: [...functions, ...enumFunctions(registry, enums), ...bffFuncs] });
  }

  /** CEL's value. Throws `Invalid` on a CEL error. `values` holds a binding for each name that may be evaluated. */
  value(source: string | Expr, values: Readonly<Record<string, CelInput>>, enums: Enums = () => undefined): CelValue {
    const expr = this.#withEnums(typeof source === "string" ? expression(source).plain : source, values, enums);
    const named = Object.fromEntries(Object.entries(values).map(([name, of]) => [`@${name}`, of]));
    const result = this.#planned(expr, values)(named);
    if (isCelError(result))
      throw new Invalid(`${typeof source === "string" ? source : "expression"}: ${result.message}`);
    return result;
  }

  /** Planned once for all values of the same names, of which the same are unset. */
  #planned(expr: Expr, values: Readonly<Record<string, CelInput>>): ReturnType<typeof plan> {
    const plans = this.#plans(expr);
    const unset = pathsIn(expr).map(([first = "", ...rest]) => isUnsetAny(values[first], rest));
    const key = `${Object.keys(values)} ${unset}`;
    let found = plans.get(key);
    if (found === undefined) {
      found = plan(this.#env, this.#named(expr, values, new Set()));
      plans.set(key, found);
    }
    return found;
  }

  /**
   * Returns the enum whose numbers an expression gives (itself, or as items of a list or map); CEL only has ints.
   * `enums` supplies the enum of variables that hold such numbers themselves.
   */
  enumOf(expr: Expr | undefined, values: Readonly<Record<string, CelInput>>, enums: Enums): DescEnum | undefined {
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
        const made = this.#madeEnum(value);
        if (made !== undefined) return made;
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

  /** Functions of enums, with the enums as CEL's ints do not have them. */
  #withEnums(expr: Expr, values: Readonly<Record<string, CelInput>>, enums: Enums): Expr {
    if (!this.#readsEnums(expr)) return expr;
    const { case: kind, value } = expr.exprKind;
    if (kind === "comprehensionExpr") {
      const range = this.#tryValue(value.iterRange, values);
      const [item] = isCelList(range) ? [...range] : isCelMap(range) ? [...range.keys()] : [];
      const of = this.enumOf(value.iterRange, values, enums);
      const inner = item === undefined ? values : { ...values, [value.iterVar]: item };
      const known: Enums = (name) => (name === value.iterVar ? of : enums(name));
      return withChildren(expr, (child) => this.#withEnums(child, inner, known));
    }
    const around = withChildren(expr, (child) => this.#withEnums(child, values, enums));
    if (kind !== "callExpr" || around.exprKind.case !== "callExpr") return around;
    const [of] = value.args;
    const [plain] = around.exprKind.value.args;
    const call = (name: string, types: readonly DescEnum[]): Expr => {
      const named = types.map((type) => constant(expr, { case: "stringValue", value: type.typeName }));
      const args = plain === undefined ? named : [...named, plain];
      return {
        ...expr,
        exprKind: { case: "callExpr", value: { $typeName: "cel.expr.Expr.Call", function: name, args } },
      };
    };
    const made = this.#madeEnum(value);
    const enumType = this.enumOf(of, values, enums);
    const owner = value.target && pathOf(value.target)?.join(".");
    if (owner === "enums" && enumType !== undefined) return call(`@enums.${value.function}`, [enumType]);
    if (made === undefined) return around;
    if (value.function === "from" || value.function === "parse") return call(`@enums.${value.function}`, [made]);
    return enumType === undefined ? around : call("@enums.convert", [enumType, made]);
  }

  /** Reports whether an expression contains a function of enums. */
  readonly #readsEnums = once((expr: Expr) =>
    allIn(expr).some(({ exprKind: { case: kind, value } }) => {
      if (kind !== "callExpr") return false;
      const owner = value.target && pathOf(value.target)?.join(".");
      return owner === "enums" || this.#madeEnum(value) !== undefined;
    }),
  );

  /** The enum of `Kind.from(…)`, `Kind.parse(…)` and `Kind(…)`. */
  #madeEnum({
    function: name,
    target,
  }: {
    readonly function: string;
    readonly target?: Expr | undefined;
  }): DescEnum | undefined {
    const owner = target === undefined ? [] : pathOf(target);
    if (owner === undefined) return undefined;
    return this.#enumNamed(name === "from" || name === "parse" ? owner : [...owner, name]);
  }

  #tryValue(expr: Expr | undefined, values: Readonly<Record<string, CelInput>>): CelValue | undefined {
    if (expr === undefined) return undefined;
    try {
      return this.value(rewritten(expr), values);
    } catch {
      return undefined;
    }
  }

  /**
   * Corrects names that @bufbuild/cel resolves differently. A name with a value hides a type of the same name
   * (`values`). An enum's value of another package is a number. An unset google.protobuf.Any reads as null, as in
   * cel-spec's suite.
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
    return this.#enumNamed(path.slice(0, -1), path.at(-1));
  }

  #enumNamed(path: readonly string[], value?: string): DescEnum | undefined {
    const name = path.join(".");
    let found = this.#enumsNamed.get(name);
    if (found === undefined) {
      const scopes = this.#namespace.split(".");
      const names = scopes.map((_, out) => [...scopes.slice(0, scopes.length - out), name].join("."));
      found = [...names, name].flatMap((candidate) => this.#registry.getEnum(candidate) ?? []);
      this.#enumsNamed.set(name, found);
    }
    return found.find(({ values }) => value === undefined || values.some((enumValue) => enumValue.name === value));
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

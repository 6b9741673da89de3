// Evaluates expressions over known values. The caller must refuse decisions that depend on unknown ones.
import type { TreeReport } from "../behaviour.ts";
import {
  EvaluationError,
  fromReport,
  isListValue,
  MapValue,
  MayFail,
  MessageValue,
  OptionalValue,
  UNKNOWN,
  type Unknown,
  type Value,
} from "../values/values.ts";
import { functionOf } from "./functions.ts";

/** Environment of an expression. */
export interface Sees {
  /** True if no error is absorbed, and reading an unset field is an error. */
  readonly strict: boolean;
  /** Returns the result of a user function. */
  userFunction(name: string): Value;
  /** The value under a name, "args.x" too; UNKNOWN for what is outside of the plan. */
  value(name: string): Value;
  /** Returns true if there is a value. */
  ok(name: string): boolean;
  /** Returns true if an argument is set. */
  set(name: string): boolean;
  /** The failure of a step, as a message with `code`, `reason`, `upstream` and `message`. */
  failure(name: string): Value | undefined;
}

/**
 * Evaluates an expression. Throws EvaluationError for an error in CEL, MayFail for a possible one.
 *
 * @param tested true within the path of a `has`
 */
export function evaluate(tree: TreeReport, sees: Sees, tested = false): Value {
  if ("value" in tree) return fromReport(tree.value);
  if ("name" in tree) return sees.value(tree.name);
  if ("ok" in tree) return tree.set ? sees.set(tree.ok) : sees.ok(tree.ok);
  if ("there" in tree) return isThere(evaluate(tree.of, sees, true), tree.there);
  if ("failure" in tree) return new OptionalValue(sees.failure(tree.failure));
  if ("get" in tree)
    return got(tree, evaluate(tree.of, sees, !tree.optional && (tested || tree.test === true)), sees.strict && !tested);
  if ("call" in tree) return called(tree, sees);
  if ("list" in tree)
    return tree.list.flatMap((element, i): readonly Value[] => {
      const value = evaluate(element, sees);
      if (tree.optionals?.includes(i) !== true) return [value];
      if (!(value instanceof OptionalValue)) return [UNKNOWN];
      return value.value === undefined ? [] : [value.value];
    });
  if ("entries" in tree)
    return new MapValue(
      tree.entries.flatMap(([key, value, optional]): (readonly [Value, Value])[] => {
        const of = evaluate(value, sees);
        if (!optional) return [[evaluate(key, sees), of]];
        if (of instanceof OptionalValue) return of.value === undefined ? [] : [[evaluate(key, sees), of.value]];
        return [[UNKNOWN, UNKNOWN]];
      }),
    );
  if ("message" in tree) return made(tree, sees);
  if ("macro" in tree) return macro(tree, sees);
  return UNKNOWN;
}

/** A sample's google.protobuf.Any has unknown contents, and reading them is an error. */
const ANY = "google.protobuf.Any";
type Get = Extract<TreeReport, { readonly get: string }>;
function got(tree: Get, from: Value, strict = false): Value {
  const { get: field, test, optional, zero, presence } = tree;
  if (from === UNKNOWN) return UNKNOWN;
  if (from instanceof OptionalValue) {
    if (from.value === undefined) return test ? false : from;
    const inner = got({ ...tree, optional: true }, from.value);
    return test && inner instanceof OptionalValue ? inner.value !== undefined : inner;
  }
  if (from instanceof MapValue) {
    const found = from.entries.find(([key]) => key === field)?.[1] ?? from.other;
    if (test) return found !== undefined;
    if (optional) return new OptionalValue(found);
    if (found === undefined) throw new EvaluationError(`no such key: ${field}`);
    return found;
  }
  if (!(from instanceof MessageValue)) return UNKNOWN;
  if (from.type === ANY) throw new EvaluationError("nobody knows what is in it");
  if (tree.needed && from.missing.has(field)) throw new MissingField();
  const value = from.fields.get(field);
  const set = value !== undefined && (presence === true || isSet(value));
  if (test) return set;
  if (optional) return set === UNKNOWN ? UNKNOWN : new OptionalValue(set ? value : undefined);
  if (value === undefined && presence && strict) throw new EvaluationError(`${field} is unset`);
  return value ?? fromReport(zero);
}
/** Presence of a field without explicit presence: not zero, not empty. */
function isSet(value: Value): boolean | Unknown {
  if (value === UNKNOWN) return UNKNOWN;
  if (isListValue(value)) return value.length > 0;
  if (value instanceof MapValue) return value.entries.length > 0;
  return value !== "" && value !== 0n && value !== 0 && value !== false;
}

/** The field that an expression reads is missing. */
export class MissingField {}

/** Returns true if a message in a value, at any depth, has a missing field. */
function lacksFields(value?: Value): boolean {
  if (value === undefined) return false;
  if (isListValue(value)) return value.some((item) => lacksFields(item));
  if (value instanceof MapValue) return value.entries.some(([, of]) => lacksFields(of));
  if (value instanceof OptionalValue) return lacksFields(value.value);
  return (
    value instanceof MessageValue &&
    (value.missing.size > 0 || [...value.fields.values()].some((of) => lacksFields(of)))
  );
}

/** Returns true if a field is not missing. Without the message before it, it is. */
function isThere(of: Value, field: string): Value {
  if (of === UNKNOWN) return UNKNOWN;
  return !(of instanceof MessageValue && of.missing.has(field));
}

type CallTree = Extract<TreeReport, { readonly call: string }>;
function called({ call, args, own: isUserFunction, fails, needed }: CallTree, sees: Sees): Value {
  const at = (i: number): Value => {
    const arg = args[i];
    return arg === undefined ? UNKNOWN : evaluate(arg, sees);
  };
  if (call === "logical_and" || call === "logical_or")
    return combined([() => at(0), () => at(1)], call === "logical_or", sees.strict);
  if (call === "conditional") {
    const condition = at(0);
    if (condition === UNKNOWN) return either([() => at(1), () => at(2)]);
    return condition === true ? at(1) : at(2);
  }
  const values = args.map((arg) => evaluate(arg, sees));
  if (needed && values.some((value) => lacksFields(value))) throw new MissingField();
  if (values.some((item) => item instanceof MessageValue && item.type === ANY))
    throw new EvaluationError("nobody knows what is in it");
  const value = isUserFunction ? sees.userFunction(call) : (functionOf(call)?.(values) ?? UNKNOWN);
  if (value === UNKNOWN && fails) throw new MayFail(call);
  return value;
}

/** Unknown, since it is unknown which of these are evaluated. */
function either(runs: readonly (() => Value)[]): Unknown {
  try {
    for (const run of runs) run();
  } catch (error) {
    if (error instanceof EvaluationError) throw new MayFail(error.message);
    throw error;
  }
  return UNKNOWN;
}

/**
 * Combines `&&`, `||`, `all` and `exists`: a deciding operand absorbs an error of another, unless evaluation is strict.
 */
function combined(runs: readonly (() => Value)[], decides: boolean, strict: boolean): Value {
  const errors: EvaluationError[] = [];
  let [open, mayFail] = [false, false];
  for (const run of runs) {
    try {
      const value = run();
      if (value === decides) return decides;
      if (value !== !decides) open = true;
    } catch (error) {
      if (error instanceof MayFail) mayFail = true;
      else if (error instanceof EvaluationError) errors.push(error);
      else throw error;
    }
    if (strict && (open || mayFail || errors.length > 0)) break;
  }
  // An unknown operand may decide.
  const [error] = errors;
  if (mayFail || (open && error !== undefined)) throw new MayFail("one side may be an error");
  if (error !== undefined) throw error;
  return open ? UNKNOWN : !decides;
}

type Made = Extract<TreeReport, { readonly message: string }>;
function made({ message, fields }: Made, sees: Sees): Value {
  const set = fields.flatMap(({ name, by, optional }): [string, Value][] => {
    const value = evaluate(by, sees);
    if (!optional || value === UNKNOWN) return [[name, value]];
    return value instanceof OptionalValue && value.value !== undefined ? [[name, value.value]] : [];
  });
  return new MessageValue(message, new Map(set.filter(([, value]) => value !== null)));
}

// ---- macros ----

type Macro = Extract<TreeReport, { readonly macro: string }>;

/** The elements of a list by their indices, or the entries of a map. */
function pairsOf(over: Value): readonly (readonly [Value, Value])[] {
  if (isListValue(over)) return over.map((value, i) => [BigInt(i), value] as const);
  return over instanceof MapValue ? over.entries : [];
}

function macro(node: Macro, sees: Sees): Value {
  const { macro: name, range, vars, args } = node;
  const over = evaluate(range, sees);
  const [first = ""] = vars;
  const run: Body = (i, values) => {
    const arg = args.at(i);
    return arg === undefined ? UNKNOWN : evaluate(arg, withLocals(sees, values));
  };
  if (name === "bind") return run(0, new Map([[first, over]]));
  if (over === UNKNOWN) {
    const unknown = new Map(vars.map((item): [string, Value] => [item, UNKNOWN]));
    return either(args.map((_, i) => () => run(i, unknown)));
  }
  if (over instanceof OptionalValue) {
    if (over.value === undefined) return over;
    const mapped = run(0, new Map([[first, over.value]]));
    return name === "optMap" ? new OptionalValue(mapped) : mapped;
  }
  return iterated(node, over, run, sees.strict);
}

/** Evaluates an argument of a macro with its variables. */
type Body = (index: number, locals: ReadonlyMap<string, Value>) => Value;

/** A macro over the elements of a list, or over the keys of a map. */
function iterated({ macro: name, vars, args }: Macro, over: Value, run: Body, strict: boolean): Value {
  const [first = "", second] = vars;
  const pairs = pairsOf(over);
  const locals = pairs.map(([key, value]): ReadonlyMap<string, Value> => {
    const only = over instanceof MapValue ? key : value;
    if (second === undefined) return new Map([[first, only]]);
    return new Map([
      [first, key],
      [second, value],
    ]);
  });
  const values = isListValue(over) ? over : pairs.map(([key]) => key);
  switch (name) {
    case "all":
    case "exists": {
      const tests = locals.map((item) => () => run(0, item));
      return combined(tests, name === "exists", strict);
    }
    case "exists_one":
    case "existsOne": {
      const held = locals.map((item) => run(0, item));
      return held.includes(UNKNOWN) ? UNKNOWN : held.filter((item) => item === true).length === 1;
    }
    case "filter": {
      const held = locals.map((item) => run(0, item));
      return held.includes(UNKNOWN) ? UNKNOWN : values.filter((_, i) => held[i] === true);
    }
    case "map":
    case "transformList":
    case "transformMap": {
      const held = args.length > 1 ? locals.map((item) => run(0, item)) : locals.map(() => true);
      if (held.includes(UNKNOWN)) return UNKNOWN;
      const kept = locals.flatMap((item, i) =>
        held[i] === true ? [[pairs[i]?.[0] ?? UNKNOWN, run(-1, item)] as const] : [],
      );
      return name === "transformMap" ? new MapValue(kept) : kept.map(([, value]) => value);
    }
    case "sortBy":
      return pairs.length < 2 ? over : UNKNOWN;
    default:
      return UNKNOWN;
  }
}

function withLocals(sees: Sees, locals: ReadonlyMap<string, Value>): Sees {
  return {
    strict: sees.strict,
    userFunction: (name) => sees.userFunction(name),
    value: (name) => locals.get(name) ?? (locals.has(name) ? null : sees.value(name)),
    ok: (name) => sees.ok(name),
    set: (name) => sees.set(name),
    failure: (name) => sees.failure(name),
  };
}

/** A name with fields behind it: its value, or that something on the way is unset. */
export function walked(tree: TreeReport, sees: Sees): { readonly value: Value; readonly unset: boolean } {
  if (!("get" in tree)) {
    if ("name" in tree && tree.name.startsWith("args.") && !sees.set(tree.name))
      return { value: evaluate(tree, sees), unset: true };
    return { value: evaluate(tree, sees), unset: false };
  }
  const from = walked(tree.of, sees);
  const value = got(tree, from.value, sees.strict);
  const missing = tree.presence === true && from.value instanceof MessageValue && !from.value.fields.has(tree.get);
  return { value, unset: from.unset || missing };
}

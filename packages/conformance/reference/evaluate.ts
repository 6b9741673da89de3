// Evaluation of expressions: absence first, then CEL.
import { type CelInput, celEnv, celMap, isCelError, plan } from "@bufbuild/cel";
import type { Expr } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import { fromBinary, type Registry } from "@bufbuild/protobuf";
import { isReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { fieldReads, reaches } from "./field-reads.ts";
import { functions, none, some, unwrapped } from "./functions.ts";
import { absent, type Cause, invalid, type Result, type StepFailure, unique } from "./result.ts";
import {
  call,
  constant,
  hasArgument,
  ident,
  mapParts,
  nameIn,
  parsed,
  parts,
  pathOf,
  provedBy,
  type Read,
  tested,
  text,
} from "./syntax.ts";

/** Names in scope: steps, variables and arguments ("args.x"). Undefined: no such name. */
export type Scope = (name: string) => Promise<Result> | undefined;

/** Variables of every expression of a response. */
export interface Globals {
  readonly headers: ReadonlyMap<string, string>;
  /** `args`, if it is the whole request. */
  readonly args?: CelInput;
}

export class Evaluator {
  readonly registry: Registry;
  readonly #package: string;
  readonly #env;

  constructor(registry: Registry, namespace: string) {
    this.registry = registry;
    this.#package = namespace;
    this.#env = celEnv({ registry, namespace, funcs: [...functions] });
  }

  /** Names that hold a value if the condition holds: tested ones, and those that it reads itself. */
  proved(condition: string | undefined): ReadonlySet<string> {
    if (condition === undefined) return new Set();
    const { root, reads } = parsed(condition);
    return new Set([...provedBy(root, true), ...reads.filter(({ safe }) => !safe).map(({ name }) => name)]);
  }

  /**
   * Returns the value of an expression. It is absent if an unsafe read is. Throws `StepFailure` on an error.
   *
   * @param path whether an unset field on a path leaves the value absent
   */
  async value(source: string, scope: Scope, globals: Globals, path = false): Promise<Result> {
    const { root, reads, path: names } = parsed(source);
    const found = await this.#found(reads, scope);
    const causes = unique(causesIn(root, found));
    const missing = reads.some(
      (read) => !read.safe && found.get(read.name)?.value === undefined && found.has(read.name),
    );
    const failed = [...found.values()].find(({ value, failure }) => value === undefined && failure !== undefined);
    if (missing || readsMissing(root, found)) return absent(causes, failed?.failure);
    const end = names && endOf(names, found, globals);
    if (path && end?.unset) return { value: undefined, causes, unset: true };
    const bare =
      names !== undefined && nameIn(names).split(".").length === names.length ? found.get(nameIn(names)) : undefined;
    if (bare !== undefined) return bare;
    const value = unwrapped(this.#run(root, found, globals));
    if (value === undefined) return { value, causes, unset: true };
    return { value, causes, enum: end?.enum };
  }

  async #found(reads: readonly Read[], scope: Scope): Promise<ReadonlyMap<string, Result>> {
    const found = new Map<string, Result>();
    const read = async (name: string): Promise<void> => {
      const result = scope(name);
      if (result !== undefined) found.set(name, await result);
    };
    await Promise.all([...new Set(reads.map(({ name }) => name))].map(read));
    return found;
  }

  /** Evaluates from left to right, where the read of an unset field is an error. Throws `StepFailure`. */
  async strictly(source: string, scope: Scope, globals: Globals): Promise<CelInput> {
    const { root, reads } = parsed(source);
    return this.#run(root, await this.#found(reads, scope), globals, strictly);
  }

  /** Returns a result without a value if an unsafe read has none. */
  async reads(source: string, scope: Scope, safe: ReadonlySet<string>): Promise<Result> {
    const { reads } = parsed(source);
    const results = await Promise.all(reads.map(async (read) => ({ read, result: await scope(read.name) })));
    const missing = results.find(
      ({ read, result }) => !read.safe && !safe.has(read.name) && result !== undefined && result.value === undefined,
    );
    return missing?.result ?? { value: true, causes: [] };
  }

  /** Computes a field of a copy from `source`; undefined if a path finds nothing. */
  copied(source: string, message: CelInput): CelInput | undefined {
    const { root, path } = parsed(source);
    const found = new Map([["source", { value: message, causes: [] }]]);
    if (path !== undefined && endOf(path, found, { headers: new Map() }).unset) return undefined;
    return unwrapped(this.#run(root, found, { headers: new Map() }));
  }

  /** Returns whether a condition holds; an absent one does not. */
  async holds(
    source: string,
    scope: Scope,
    globals: Globals,
  ): Promise<{ readonly is: boolean; readonly result: Result }> {
    const result = await this.value(source, scope, globals);
    return { is: result.value === true, result };
  }

  #run(
    root: Expr,
    found: ReadonlyMap<string, Result>,
    globals: Globals,
    change = (expr: Expr): Expr => expr,
  ): CelInput {
    const values: Record<string, CelInput> = { headers: celMap(new Map(globals.headers)) };
    const args = new Map<string, CelInput>();
    for (const [name, { value, unset, failure, headers, trailers }] of found) {
      if (value !== undefined && name.startsWith("args.") && globals.args === undefined) args.set(name.slice(5), value);
      else if (value !== undefined) values[`@${name}`] = value;
      values[`@failure ${name}`] = failure === undefined ? none : some(failureValue(failure));
      values[`@header ${name}`] = received(headers);
      values[`@trailer ${name}`] = received(trailers);
      values[`@has ${name}`] = value !== undefined && unset !== true;
    }
    values["@args"] = globals.args ?? celMap(args);
    values["@details"] = celMap(new Map(this.#details(found.get("error")?.failure)));
    const rewritten = change(this.#named(root, found, new Set()));
    const result = plan(this.#env, rewritten)(values);
    if (isCelError(result)) throw invalid(result.message);
    return result as CelInput;
  }

  /** Replaces names by variables, tests by their results, and enum values by their numbers. */
  #named(expr: Expr, found: ReadonlyMap<string, Result>, locals: ReadonlySet<string>): Expr {
    const { case: kind, value } = expr.exprKind;
    const test = tested(expr);
    if (test?.fn === "ok") return constant({ case: "boolValue", value: found.get(test.name)?.value !== undefined });
    if (test?.fn === "failure") return ident(`@failure ${test.name}`);
    if (test !== undefined && kind === "callExpr")
      return call("@header", [ident(`@${test.fn} ${test.name}`), lower(value.args[1])]);
    if (kind === "callExpr" && value.function === "detail" && value.args[0])
      return call("@field", [ident("@details"), text(pathOf(value.args[0])?.join(".") ?? "")]);
    const argument = hasArgument(expr);
    if (argument !== undefined && found.has(argument)) return ident(`@has ${argument}`);
    const path = pathOf(expr);
    const [head = ""] = path ?? [];
    if (path !== undefined && !locals.has(head)) {
      const number = this.#enumValue(path);
      if (number !== undefined) return constant({ case: "int64Value", value: BigInt(number) });
      if (path.length === 1) return head === "args" || found.has(head) ? ident(`@${head}`) : expr;
    }
    if (kind === "callExpr" && /^_[<>]=?_$|^(int|uint|double|duration)$/.test(value.function)) {
      const checked = value.function.startsWith("_") ? "@ordered" : `@${value.function}`;
      return call(
        value.function,
        value.args.map((arg) => call(checked, [this.#named(arg, found, locals)])),
      );
    }
    if (kind === "callExpr" && value.function === "_[_]") {
      const [of, key] = value.args;
      if (of && key && pathOf(of)?.join() === "headers") return call("@header", [ident("headers"), lower(key)]);
    }
    if (kind !== "comprehensionExpr") return mapParts(expr, (part) => this.#named(part, found, locals));
    const inner = new Set([...locals, value.iterVar, value.accuVar]);
    return mapParts(expr, (part) =>
      this.#named(part, found, part === value.iterRange || part === value.accuInit ? locals : inner),
    );
  }

  #details(failure: StepFailure | undefined): [string, CelInput][] {
    return (failure?.details ?? []).flatMap(({ type, value }): [string, CelInput][] => {
      const desc = this.registry.getMessage(type);
      return desc === undefined ? [] : [[type, reflect(desc, fromBinary(desc, value))]];
    });
  }

  #enumValue(path: readonly string[]): number | undefined {
    if (path.length < 2) return undefined;
    const name = path.slice(0, -1).join(".");
    const found = this.registry.getEnum(`${this.#package}.${name}`) ?? this.registry.getEnum(name);
    return found?.values.find((value) => value.name === path.at(-1))?.number;
  }
}

/** Makes operators decide in order, and reads of unset fields errors. */
function strictly(original: Expr): Expr {
  const expr = mapParts(original, strictly);
  const { case: kind, value } = expr.exprKind;
  if (kind === "selectExpr" && !value.testOnly && value.operand)
    return call("@set", [value.operand, text(value.field)]);
  const [left, right] = kind === "callExpr" ? value.args : [];
  if (kind !== "callExpr" || !left || !right || !/^_(&&|\|\|)_$/.test(value.function)) return expr;
  const and = value.function === "_&&_";
  const decided = constant({ case: "boolValue", value: !and });
  return call("_?_:_", and ? [left, right, decided] : [left, decided, right]);
}

/** Returns true if an expression reads a missing field. A comparison reads all fields of its messages. */
function readsMissing(expr: Expr, found: ReadonlyMap<string, Result>, locals: Locals = new Map()): boolean {
  const { case: kind, value } = expr.exprKind;
  if (kind === "comprehensionExpr") {
    const inner = new Map([...locals, [value.iterVar, lacksOf(value.iterRange, found, locals)] as const]);
    return [value.iterRange, value.accuInit, value.loopCondition, value.loopStep, value.result].some(
      (part, at) => part !== undefined && readsMissing(part, found, at < 2 ? locals : inner),
    );
  }
  if (kind === "selectExpr" && !value.testOnly) {
    const { field } = value;
    if (lacksOf(value.operand, found, locals).some((names) => names.has(field))) return true;
  }
  if (kind === "callExpr" && /^(_[!=]=_|@in|distinct)$/.test(value.function)) {
    const [first = [], ...others] = parts(expr).map((part) => lacksOf(part, found, locals));
    const isKey = value.function === "@in" && first.length === 0;
    if (!isKey && [first, ...others].flat().some(({ size }) => size > 0)) return true;
  }
  return parts(expr).some((part) => readsMissing(part, found, locals));
}
type Locals = ReadonlyMap<string, readonly ReadonlySet<string>[]>;

function lacksOf(
  expr: Expr | undefined,
  found: ReadonlyMap<string, Result>,
  locals: Locals,
): readonly ReadonlySet<string>[] {
  if (expr?.exprKind.case === "listExpr") return parts(expr).flatMap((part) => lacksOf(part, found, locals));
  const path = expr && pathOf(expr);
  const [first = "", ...rest] = path ?? [];
  if (path === undefined || (rest.length === 0 && locals.has(first))) return locals.get(first) ?? [];
  const name = nameIn(path);
  return name.split(".").length === path.length ? (found.get(name)?.lacks ?? []) : [];
}

/** Causes of the results, and of the parts of composed messages that an expression reads. */
function causesIn(root: Expr, found: ReadonlyMap<string, Result>): readonly Cause[] {
  const reads = fieldReads(root);
  return [...found].flatMap(([name, { causes, entries = [] }]) => {
    const met = entries.flat().filter(({ path }) => reaches(reads.get(name) ?? [], path));
    const inner = met.map(({ reason, upstream }): Cause => ({ reason, upstream }));
    return [...causes, ...inner];
  });
}

const lower = (expr: Expr | undefined): Expr => {
  const kind = expr?.exprKind.case === "constExpr" ? expr.exprKind.value.constantKind : undefined;
  if (expr === undefined || kind === undefined) return expr ?? text("");
  return text(String(kind.value).toLowerCase());
};
const received = (headers: Headers | undefined): CelInput => celMap(new Map(headers ?? []));

/** `error`, and the content of `failure(step)`. */
export function failureValue({ original, message, upstream, reason }: StepFailure): CelInput {
  return celMap(
    new Map<string, CelInput>([
      ["code", BigInt(original)],
      ["message", message],
      ["upstream", upstream],
      ["reason", reason],
    ]),
  );
}

/** Returns whether the end of a path of fields is unset: a message, an optional or a member on it. */
function endOf(path: readonly string[], found: ReadonlyMap<string, Result>, globals: Globals) {
  const name = nameIn(path);
  const start = found.get(name);
  let at: unknown = start === undefined ? globals.args : start.value;
  let type = start?.enum;
  if (start?.unset) return { unset: true, enum: type };
  for (const part of path.slice(start === undefined ? 1 : name.split(".").length)) {
    const field = isReflectMessage(at) ? at.desc.fields.find((candidate) => candidate.name === part) : undefined;
    if (field === undefined || !isReflectMessage(at)) break;
    const presence = field.presence !== 2 && field.fieldKind !== "list" && field.fieldKind !== "map";
    if (presence && !at.isSet(field)) return { unset: true, enum: field.enum };
    type = field.enum;
    at = field.fieldKind === "message" && isWrapperDesc(field.message) ? undefined : at.get(field);
  }
  return { unset: false, enum: type };
}

// Variables in expressions of a composed message: its steps, its arguments, steps of the service, locals.
import { type CelInput, celMap } from "@bufbuild/cel";
import type { Expr } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import { isReflectMessage } from "@bufbuild/protobuf/reflect";
import type { IrStep } from "../../../plugin/src/ir/step.ts";
import { rewritten } from "./cel/evaluator.ts";
import { expression, type Read, receivedName } from "./cel/expression.ts";
import { walk } from "./cel/field-value.ts";
import { none, some } from "./cel/macros.ts";
import { waitedForByItems } from "./reads.ts";
import type { Response } from "./response.ts";
import { type Args, dead, failed, type Locals, noLocals, type Result, type Value, value, type Why } from "./result.ts";
import { BEFORE } from "./service-steps.ts";
import type { Place } from "./static.ts";
import { type FieldRead, fieldReads } from "./taints/field-reads.ts";
import { heldIn, meets } from "./taints/inside.ts";
import { readsMissing } from "./taints/missing.ts";
import { asBeside, asItem, either, type Taint } from "./taints/taint.ts";

function isKept(value: CelInput): boolean {
  return isReflectMessage(value) && /^google\.protobuf\.(Any|Value)$/.test(value.desc.typeName);
}

function errorOf({ code, message, reason, upstream }: Why): CelInput {
  return celMap(
    new Map<string, CelInput>([
      ["code", BigInt(code)],
      ["message", message],
      ["reason", BigInt(reason)],
      ["upstream", upstream],
    ]),
  );
}

export abstract class Scope {
  readonly place: Place;
  readonly args: Args;
  readonly response: Response;

  constructor(response: Response, place: Place, args: Args) {
    this.response = response;
    this.place = place;
    this.args = args;
  }

  /** Returns the result of a step. */
  abstract step(step: IrStep): Result;

  /** Reports whether an argument has presence and is unset. */
  protected isUnset(name: string): boolean {
    const argument = this.args.kind === "given" ? this.args.names.get(name) : undefined;
    return (
      argument?.state === "value" && argument.unset && this.response.program.presence.of(this.place.message.desc, name)
    );
  }

  named(name: string): IrStep | undefined {
    return this.place.message.steps.find((step) => step.name?.value === name);
  }

  /** Reports whether an expression reads a step of the message, or of the service. */
  readsStep(source: string): boolean {
    return expression(source).reads.some(
      ({ name }) => this.named(name) !== undefined || this.response.shared?.named(name) !== undefined,
    );
  }

  read(name: string, locals: Locals): Result | undefined {
    const local = locals.get(name);
    if (local !== undefined) return local;
    if (name.startsWith("args.") && this.args.kind === "given") {
      return this.args.names.get(name.slice("args.".length)) ?? this.args.others;
    }
    const step = this.named(name);
    if (step === undefined) return this.#shared(name) ?? this.#caller(name);
    const result = this.step(step);
    return result.state === "failed" ? dead : result;
  }

  #caller(name: string): Result | undefined {
    const { principal } = this.response;
    if (name !== "principal") return undefined;
    return principal === undefined ? { state: "absent", taint: [] } : value(principal);
  }

  /** A step of the service: what touched it counts as one with it, and as declared before all steps of messages. */
  #shared(name: string): Result | undefined {
    const { shared } = this.response;
    const step = this.place.shared === undefined ? shared?.named(name) : undefined;
    if (shared === undefined || step === undefined) return undefined;
    const result = shared.step(step);
    if (result.state === "failed") return dead;
    if (result.state === "dead") return result;
    return withRank(result, BEFORE + step.index);
  }

  /** Evaluates an expression here, unless it reads unsafely what is absent. */
  evaluate(source: string, locals: Locals = noLocals): Result {
    const { reads, path, root } = expression(source);
    const found = new Map<string, Result>();
    for (const { name } of reads) {
      const result = this.read(name, locals);
      if (result !== undefined) found.set(name, result);
    }
    const missing = [...found.values()].flatMap((result) => (result.state === "dead" ? [result.missing] : []));
    // A definite failure waits for nothing else.
    if (missing.some((of) => of.length === 0)) return dead;
    if (missing.length > 0) return { state: "dead", missing: missing.flat() };
    const taint = [...found].flatMap(([name, result]) => {
      if (result.state === "dead") return [];
      const tests = reads.every((read) => read.name !== name || read.ok);
      return tests && this.#readsComposed(name) ? result.taint.map(either) : result.taint;
    });
    const inner = [...found.values()].flatMap((result) => (result.state === "value" ? result.inner : []));
    const met = insideRead(source, found, "passed");
    // Whether a value counts that the expression would have passed on.
    const passed = asItem(insideRead(source, found, "all").filter((taint) => !met.includes(taint)));
    const present = (name: string) => found.get(name)?.state === "value";
    const lacking = new Set(
      reads.flatMap(({ name, safe }) => (found.has(name) && !safe && !present(name) ? name : [])),
    );
    if (lacking.size > 0) {
      const of = (name: string, result: Result): readonly Taint[] =>
        result.state === "dead" ? [] : lacking.has(name) ? result.taint : asBeside(result.taint);
      const all = [...found].flatMap(([name, result]) => of(name, result));
      return {
        state: "absent",
        taint: [...all, ...asBeside([...met, ...passed])],
        why: this.wanting([source], locals),
      };
    }
    const held = (name: string): Value | undefined => {
      const result = found.get(name);
      return result?.state === "value" ? result : undefined;
    };
    const bindings = this.#bindings(reads, found);
    const enums = (name: string) => held(name)?.enum();
    const inside = (expr: Expr, locals: Readonly<Record<string, CelInput>>) =>
      this.place.evaluator.value(rewritten(expr), { ...bindings, ...locals }, enums);
    if (readsMissing(root, { of: (name) => held(name)?.value, evaluate: inside }))
      // An expression may read a field whose value it does not use.
      return {
        state: "absent",
        taint: [...taint, ...met, ...passed, ...asItem(inner.filter((of) => !met.includes(of)))],
      };
    try {
      const walked = path && this.#walk(path, bindings, found);
      const computed = walked?.raw ?? this.place.evaluator.value(source, bindings, enums);
      return value(computed, [...taint, ...met], {
        inner: heldIn(computed, inner),
        enum: () => this.place.evaluator.enumOf(root, bindings, enums),
        unset: walked?.unset ?? false,
      });
    } catch (error) {
      return failed(error, [...taint, ...met, ...passed]);
    }
  }

  /** Why something is left out that expressions read: the failure of the first declared step that they lack and that has one. */
  wanting(sources: readonly string[], locals: Locals): Why | undefined {
    const lacking = sources.flatMap((source) =>
      expression(source).reads.flatMap(({ name, safe }) => {
        const shared = this.place.shared === undefined ? this.response.shared?.named(name) : undefined;
        const step = this.named(name) ?? shared;
        if (safe || locals.has(name) || step === undefined) return [];
        const result = this.read(name, locals);
        const rank = step === shared ? BEFORE + step.index : step.index;
        return result?.state === "absent" && result.why !== undefined ? [{ rank, why: result.why }] : [];
      }),
    );
    return lacking.sort((a, b) => a.rank - b.rank)[0]?.why;
  }

  #bindings(reads: readonly Read[], found: ReadonlyMap<string, Result>): Record<string, CelInput> {
    const bindings: Record<string, CelInput> = { ...this.response.globals };
    const args = new Map<string, CelInput>();
    for (const [name, result] of found) {
      if (result.state !== "value") continue;
      if (name.startsWith("args.")) args.set(name.slice("args.".length), result.value);
      else bindings[name] = result.value;
    }
    if (this.args.kind === "request") bindings.args = this.args.message;
    else {
      // Bare `args`: all of them.
      for (const [name, result] of this.args.names) if (result.state === "value") args.set(name, result.value);
      bindings.args = celMap(args);
    }
    for (const { name } of reads)
      if (name.startsWith("args.")) bindings[`@set:${name}`] = this.#isSet(name.slice("args.".length));
    for (const { name, failure } of reads)
      if (failure) {
        const result = found.get(name);
        const why = result?.state === "value" || result?.state === "absent" ? result.why : undefined;
        bindings[`@failure:${name}`] = why === undefined ? none : some(errorOf(why));
      }
    for (const { name, received } of reads)
      if (received !== undefined) {
        const result = found.get(name);
        const beside = result?.state === "value" ? result.beside : undefined;
        bindings[receivedName(received, name)] = beside?.[received.part][received.key] ?? "";
      }
    for (const read of reads)
      if (read.ok) {
        const request = this.args.kind === "request" && read.name.startsWith("args.");
        bindings[`@ok:${read.name}`] = request || found.get(read.name)?.state === "value";
      }
    return bindings;
  }

  /** Reports whether items of an `each` read composed messages: what fields that these lack do to it, language.md leaves open. */
  #readsComposed(name: string): boolean {
    const each = this.named(name)?.source;
    if (each?.kind !== "each") return false;
    const inItems = waitedForByItems(this.response.program, this.place, each).map((read) => read.name);
    const inList = expression(each.in?.value ?? "").reads.map((read) => read.name);
    return [...inItems, ...inList].some((read) => {
      const source = this.named(read)?.source;
      return source?.kind === "compose" || (source?.kind === "each" && source.source?.kind === "compose");
    });
  }

  #isSet(name: string): boolean {
    if (this.args.kind === "given") return !this.isUnset(name);
    const field = this.args.message.desc.fields.find((candidate) => candidate.name === name);
    return field !== undefined && this.args.message.isSet(field);
  }

  /** A pure path from a step, a local or an argument; undefined when it starts elsewhere (an enum's name, `headers`, `env`). */
  #walk(path: readonly string[], bindings: Record<string, CelInput>, found: ReadonlyMap<string, Result>) {
    const [first = "", ...rest] = path;
    if (first !== "args" && !found.has(first)) return undefined;
    const from = bindings[first];
    if (from === undefined) return undefined;
    if (first === "args" && rest[0] !== undefined && this.isUnset(rest[0])) return { unset: true, raw: undefined };
    // An argument as it was given: a map of CEL's would hold null for a Value that is null.
    const argument = this.args.kind === "given" && rest.length === 1 ? found.get(path.join(".")) : undefined;
    if (argument?.state === "value" && isKept(argument.value)) return { unset: false, raw: argument.value };
    const walked = walk(from, rest);
    if (walked.unset) return { unset: true, raw: undefined };
    // Passed on as they are; an unset one is null until a field leaves it unset again.
    return { unset: path.length > 1 && walked.value === null, raw: isKept(walked.value) ? walked.value : undefined };
  }
}

/** @param passed what is read inside of the parts that the expression passes on */
function insideRead(source: string, found: ReadonlyMap<string, Result>, passed: FieldRead["how"]): readonly Taint[] {
  return [...fieldReads(expression(source))].flatMap(([name, reads]) => {
    const result = found.get(name);
    if (result?.state !== "value") return [];
    const all = reads.map((read) => (read.how === "passed" ? { ...read, how: passed } : read));
    return result.inner.filter((taint) => all.some((read) => meets(result.value, read, taint)));
  });
}

/** A step that has run before: what touched it counts as one with it. */
export function withRank<R extends Result>(result: R, rank: number): R {
  const first = (taints: readonly Taint[]): Taint[] => {
    const lowest = Math.min(...taints.flatMap((taint) => taint.rank ?? []));
    return taints
      .filter((taint) => taint.rank === undefined || taint.rank === lowest)
      .map((taint) => ({ ...taint, rank }));
  };
  if (result.state === "absent") return { ...result, taint: first(result.taint) };
  return result.state === "value"
    ? { ...result, taint: first(result.taint), inner: result.inner.map((taint) => ({ ...taint, rank })) }
    : result;
}

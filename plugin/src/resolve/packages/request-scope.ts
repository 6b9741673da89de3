// Scopes of expressions about a whole request that belong to no message: those of permits, limits and span attributes.

import type { DescMessage } from "@bufbuild/protobuf";
import type { Expression, Variable } from "../../cel/index.ts";
import type { Report } from "../../diagnostic/diagnostic.ts";
import type { Origin } from "../../diagnostic/origin.ts";
import type { IrFile, IrMethod, IrService } from "../../ir/ir.ts";
import type { Step } from "../model/model.ts";
import { undeclaredStep } from "../model/undeclared-step.ts";
import { HEADERS, type MessageScope, PEER } from "../scope/scope.ts";
import type { PackageContext, Run } from "../steps/context.ts";
import { lackIn } from "../steps/failable-scope.ts";
import type { SeenEnv } from "./env.ts";
import { callerVariables } from "./principal.ts";

/** The RPC of the expressions, with its surroundings. */
export interface Around {
  readonly run: Run;
  readonly file: IrFile;
  readonly service: IrService;
  readonly method: IrMethod;
  readonly context: PackageContext;
  readonly report: Report;
}

/** Parts of a scope that expressions of all declarations of a file share. */
export function scopeOfPackage(run: Run, file: IrFile, context: PackageContext, report: Report) {
  return {
    registry: run.ir.registry,
    container: file.desc.proto.package,
    enums: run.enums,
    observe: run.observe,
    constants: run.constants,
    lackOf: lackIn(run),
    report,
    stepOf: new Map(),
    functions: context.functions,
    brokenFunctions: new Set(context.brokenFunctions),
    known: new Set(),
  } satisfies Partial<MessageScope>;
}

/**
 * Returns the scope of such expressions: `see` selects the values besides steps, and `steps` are the visible steps, if
 * any.
 */
export function requestScope(
  { run, method, file, context, report }: Around,
  see: { readonly env: SeenEnv; readonly args: boolean; readonly strict: MessageScope["strict"] },
  steps: Map<string, Step> = new Map(),
): MessageScope {
  const { variables: caller, broken } = callerVariables(run, undefined, context, [method], report);
  const { input } = method.desc;
  const builtins = new Map<string, Variable>([
    ...(see.args ? [["args", messageVariable("args", "args", input)] as const] : []),
    ["headers", HEADERS],
    ["env", see.env.group],
    ["now", context.now],
    ["peer", PEER],
    ...caller,
  ]);
  const all = new Set(broken);
  return {
    ...scopeOfPackage(run, file, context, report),
    builtins,
    steps,
    broken: all,
    offered: see.args ? input.fields.map(({ name }) => name) : [],
    brokenArgs: new Set(),
    brokenEnv: see.env.broken,
    shared: { steps, broken: all },
    strict: see.strict,
  };
}

/** Returns the scope with the response of an RPC, or a message of its stream, as `result`. */
export function withResult(scope: MessageScope, { desc }: IrMethod): MessageScope {
  const result = messageVariable("result", "item", desc.output);
  return { ...scope, builtins: new Map([...scope.builtins, ["result", result]]) };
}

export function messageVariable(name: string, role: "args" | "item", desc: DescMessage): Variable {
  const type = { kind: "message", desc } as const;
  return { name, role, type, proto: type, absent: false, complete: name !== "result" };
}

/** Wraps an expression in a step without readers, so that every walk over a block's expressions visits it. */
export function bareStep(at: Origin, by: Expression, condition?: Expression): Step {
  const step = undeclaredStep(at, 0, { kind: "by", by }, { kind: "by", by: by.text });
  return { ...step, ir: { ...step.ir, if: condition?.text }, if: condition };
}

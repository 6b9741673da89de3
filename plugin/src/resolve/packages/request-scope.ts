// Scopes of expressions about a whole request that belong to no message: those of permits, limits and span attributes.
import type { DescMessage } from "@bufbuild/protobuf";
import type { Expression, Variable } from "../../cel/index.ts";
import type { Report } from "../../diagnostic/diagnostic.ts";
import type { Origin } from "../../diagnostic/origin.ts";
import type { IrFile, IrMethod, IrService } from "../../ir/ir.ts";
import type { Step } from "../model/model.ts";
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
    registry: run.ir.registry,
    lackOf: lackIn(run),
    container: file.desc.proto.package,
    enums: run.enums,
    observe: run.observe,
    constants: run.constants,
    report,
    builtins,
    steps,
    stepOf: new Map(),
    broken: all,
    offered: see.args ? input.fields.map(({ name }) => name) : [],
    brokenArgs: new Set(),
    brokenEnv: see.env.broken,
    functions: context.functions,
    brokenFunctions: new Set(context.brokenFunctions),
    known: new Set(),
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
  const nothing = { name: undefined, supplementary: undefined, fallback: undefined, autobind: undefined };
  const source = { kind: "by", by: by.text } as const;
  return {
    ir: {
      kind: "step",
      at,
      index: 0,
      ...nothing,
      if: condition?.text,
      source,
      after: [],
      unordered: undefined,
      defer: undefined,
    },
    name: undefined,
    index: 0,
    variable: undefined,
    if: condition,
    source: { kind: "by", by },
    supplementary: false,
    autobind: false,
    unordered: false,
    deferred: false,
    fallback: undefined,
    after: [],
    reads: [],
    absent: false,
    absentByFailure: false,
    tainted: false,
  };
}

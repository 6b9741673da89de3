// Expressions that are asked of a request as a whole and stand in no message: of permits, limits and attributes of spans.
import type { DescMessage } from "@bufbuild/protobuf";
import type { Expression, Variable } from "../../cel/index.ts";
import type { Report } from "../../diagnostic/diagnostic.ts";
import type { Origin } from "../../diagnostic/origin.ts";
import type { IrFile, IrMethod, IrService } from "../../ir/ir.ts";
import type { Step } from "../model/model.ts";
import { HEADERS, type MessageScope, PEER } from "../scope/scope.ts";
import type { PackageContext, Run } from "../steps/context.ts";
import type { SeenEnv } from "./env.ts";
import { givenOfCallers } from "./principal.ts";

/** Of which rpc they are. */
export interface Around {
  readonly run: Run;
  readonly file: IrFile;
  readonly service: IrService;
  readonly method: IrMethod;
  readonly context: PackageContext;
  readonly report: Report;
}

/** What they see besides steps, of which `steps` are there, if any. */
export function requestScope(
  { run, method, file, context, report }: Around,
  see: { readonly env: SeenEnv; readonly args: boolean; readonly strict: MessageScope["strict"] },
  steps: Map<string, Step> = new Map(),
): MessageScope {
  const { given: caller, broken } = givenOfCallers(run, undefined, context, [method], report);
  const { input } = method.desc;
  const given = new Map<string, Variable>([
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
    container: file.desc.proto.package,
    enums: run.enums,
    report,
    given,
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

export function messageVariable(name: string, role: "args" | "item", desc: DescMessage): Variable {
  const type = { kind: "message", desc } as const;
  return { name, role, type, proto: type, absent: false };
}

/** An expression as a step, which nothing reads: whatever looks at all expressions of a block sees it. */
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

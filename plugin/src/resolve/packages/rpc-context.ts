// RPCs as their options see them: scopes of expressions about a whole request, which belong to no message, and the
// blocks of these expressions.

import type { DescMessage, DescMethod } from "@bufbuild/protobuf";
import type { Expression, Variable } from "../../cel/index.ts";
import { distinctReport, type Origin, type Report } from "../../diagnostic/diagnostic.ts";
import type { IrFile, IrMethod, IrService } from "../../ir/ir.ts";
import type { Args, EnvVar, RpcBlock, Step } from "../model/model.ts";
import { undeclaredStep } from "../model/undeclared-step.ts";
import { HEADERS, type MessageScope, PEER } from "../scope/scope.ts";
import type { MessageContext, PackageContext, Run } from "../steps/context.ts";
import { envOfLet, seen } from "./env.ts";
import { packageContext } from "./package-context.ts";
import { packageScope } from "./package-scope.ts";
import { callersOf, callerVariables } from "./principal.ts";

/** An RPC with its declarations. */
export interface RpcContext {
  readonly run: Run;
  readonly file: IrFile;
  readonly service: IrService;
  readonly method: IrMethod;
  readonly context: PackageContext;
  readonly report: Report;
}

/** Returns the contexts of all RPCs of files. Together they report each fault once. */
export function rpcContexts(
  run: Run,
  report: Report = distinctReport(run.report),
  files: readonly IrFile[] = run.ir.files,
): RpcContext[] {
  return files.flatMap((file) =>
    file.services.flatMap((service) => {
      const context = packageContext(run, file.desc.proto.package);
      return service.methods.map((method) => ({ run, file, service, method, context, report }));
    }),
  );
}

/** Returns the values of the RPCs for which `resolve` returns one. */
export function resolveEachRpc<T>(run: Run, resolve: (rpc: RpcContext) => T | undefined): ReadonlyMap<IrMethod, T> {
  return new Map(
    rpcContexts(run).flatMap((rpc) => {
      const value = resolve(rpc);
      return value === undefined ? [] : [[rpc.method, value] as const];
    }),
  );
}

/** Returns the parts of a block that all options of an RPC share, so that every walk over expressions visits it. */
export function rpcBlock({ run, file, service, method }: RpcContext) {
  return {
    ir: service,
    file,
    desc: service.desc,
    rpc: method,
    callers: callersOf(run, method),
    args: argsOf(method.desc),
    shared: [],
    targets: [],
  } satisfies Partial<RpcBlock>;
}

/** Returns the request of an RPC as arguments. */
export function argsOf({ input }: DescMethod): Args {
  return { message: input, variable: messageVariable("args", "args", input), members: [] };
}

/** Values that options of an RPC read besides the caller, headers and the time. */
interface Readable {
  /** Variables of the environment in scope: those of the package alone, or of the service, too. */
  readonly env: "package" | "service";
  readonly args: boolean;
  readonly strict?: MessageScope["strict"];
}

/** Returns the scope of such expressions, without steps. Missing variables are reported for the service's `let`. */
export function requestScope(
  { run, service, method, file, context, report }: RpcContext,
  { env: level, args, strict }: Readable,
): { readonly scope: MessageScope; readonly env: readonly EnvVar[] } {
  const env =
    level === "package" ? seen(context.env, context.brokenEnv) : envOfLet(run, service, file, context, () => {});
  const { variables: caller, broken, callersAt } = callerVariables(run, undefined, context, [method], report);
  const { input } = method.desc;
  const builtins = new Map<string, Variable>([
    ...(args ? [["args", messageVariable("args", "args", input)] as const] : []),
    ["headers", HEADERS],
    ["env", env.group],
    ["now", context.now],
    ["peer", PEER],
    ...caller,
  ]);
  const scope = packageScope(run, file, context, { report, builtins, brokenEnv: env.broken, callersAt, broken });
  return {
    scope: { ...scope, offered: args ? input.fields.map(({ name }) => name) : [], strict },
    env: env.variables,
  };
}

/** Returns the scope with the response of an RPC, or a message of its stream, as `result`. */
export function withResult(scope: MessageScope, { desc }: IrMethod): MessageScope {
  const result = messageVariable("result", "item", desc.output);
  return { ...scope, builtins: new Map([...scope.builtins, ["result", result]]) };
}

/** Returns the context of steps that no message composes. */
export function stepContext(
  of: Pick<MessageContext, "run" | "ir" | "file" | "scope" | "args" | "package" | "roots">,
): MessageContext {
  return { ...of, offered: [], governing: of.package.governing, deferred: false, around: new Map() };
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

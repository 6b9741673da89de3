// The source of a streaming RPC: its call, and the expressions about each item.

import { type Expression, typeName, type Variable } from "../../cel/index.ts";
import { countErrors } from "../../diagnostic/count-errors.ts";
import { caution, fault, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrMethod, IrService } from "../../ir/ir.ts";
import type { IrCall, IrStream } from "../../ir/step.ts";
import { protoOf } from "../../model/proto-of.ts";
import type { Call } from "../model/call.ts";
import type { Followed, Step } from "../model/model.ts";
import { undeclaredStep } from "../model/undeclared-step.ts";
import { itemOf } from "../names/stream-item.ts";
import { followOf } from "../packages/followed-key.ts";
import {
  argsOf,
  bareStep,
  messageVariable,
  type RpcContext,
  requestScope,
  resolveEachRpc,
  rpcBlock,
  stepContext,
} from "../packages/rpc-context.ts";
import { check, checkCondition, free, type MessageScope } from "../scope/scope.ts";
import { resolveCall } from "../steps/call.ts";
import type { Run } from "../steps/context.ts";
import { bareCall, checkBare, plainEntries } from "./stream-policy.ts";

/** Resolves the stream of every RPC that has one. A stream with a fault is left out. */
export function resolveStreams(run: Run): ReadonlyMap<IrMethod, Followed> {
  return resolveEachRpc(run, (rpc) => rpc.method.stream && resolveStream(rpc, rpc.method.stream));
}

function resolveStream(of: RpcContext, stream: IrStream): Followed | undefined {
  const { report, errors } = countErrors(of.report);
  const rpc = { ...of, report };
  const { run, service, method } = rpc;
  const { scope, env } = requestScope(rpc, { env: "service", args: true });
  checkItemName(method, stream, report);
  checkSteps(scope, service, stream);
  const desc = itemOf(run.ir, service, stream);
  const item = desc && stream.var && { ...messageVariable(stream.var.value, "item", desc) };
  const seen = scopeWith(scope, item, stream.var);
  const position = stream.position && item && positionOf(scope, stream.position, item);
  const resume = position && resumeOf(position.kind);
  const { source } = stream;
  const call = source?.kind === "call" ? callOf(rpc, scope, source, { stream, resume }) : undefined;
  const follow = source?.kind === "follow" ? followOf(rpc, scope, source) : undefined;
  const condition = stream.if && checkCondition(seen, stream.if, "this `if`");
  const until = stream.until && checkCondition(seen, stream.until, "this `until`");
  if (errors() > 0 || item === undefined || (call === undefined && follow === undefined)) return undefined;
  return {
    ...rpcBlock(rpc),
    kind: "stream",
    stream,
    item,
    call,
    follow,
    resume,
    position,
    if: condition,
    until,
    env,
    steps: [
      ...(call === undefined || source?.kind !== "call" ? [] : [callStep(source, call)]),
      ...[follow?.key, position?.by, condition, until].flatMap((by) =>
        by === undefined ? [] : [bareStep(by.text.at, by)],
      ),
    ],
  };
}

function scopeWith(scope: MessageScope, item: Variable | undefined, name: Text | undefined): MessageScope {
  if (name === undefined) return scope;
  if (item === undefined) return { ...scope, broken: new Set([...scope.broken, name.value]) };
  return { ...scope, builtins: new Map([...scope.builtins, [name.value, item]]) };
}

function checkItemName({ desc }: IrMethod, { var: name }: IrStream, report: Run["report"]): void {
  const field = name && desc.input.fields.find((candidate) => candidate.name === name.value);
  if (name === undefined || field === undefined) return;
  fault(report, "BFF621", name.at, {
    message: `"${desc.input.name}" also has a field "${name.value}", so "args.${name.value}" is ambiguous`,
    hint: `choose another name for the item, as in "next_${name.value}"`,
  });
}

/** Reports expressions of a stream that read steps. Steps of the response belong to one item, or to the opening. */
function checkSteps(scope: MessageScope, service: IrService, stream: IrStream): void {
  const named = new Set(service.steps.flatMap(({ name }) => name?.value ?? []));
  const { source } = stream;
  const { set = [], request } = source?.kind === "call" ? source : {};
  const key = source?.kind === "follow" ? source.key : undefined;
  const texts = [stream.if, stream.until, request, key, ...set.flatMap(({ by, if: condition }) => [by, condition])];
  for (const text of texts) {
    if (text === undefined) continue;
    const step = [...free(scope, text).names].find((name) => named.has(name));
    if (step === undefined) continue;
    scope.broken.add(step);
    fault(scope.report, "BFF622", text.at, {
      message: `a stream cannot read step "${step}"`,
      hint: "read `args`, `principal`, `headers`, `env` or the item; only fields of the response read steps",
    });
  }
}

const POSITIONS: ReadonlySet<string> = new Set(["int", "uint", "string"]);

export function positionOf(scope: MessageScope, text: Text, item: Variable): Followed["position"] {
  const other = [...free(scope, text).names].find((name) => name !== item.name && scope.builtins.has(name));
  const report = (message: string, hint: string): undefined => {
    return fault(scope.report, "BFF623", text.at, { message, hint });
  };
  if (other !== undefined)
    return report(
      `a position must only depend on the item, but "${other}" belongs to one request`,
      `read only fields of "${item.name}"`,
    );
  const by = check({ ...scope, builtins: new Map([[item.name, item]]) }, text);
  if (by === undefined) return undefined;
  const { kind } = by.type;
  const isEnum = by.type.kind === "int" && by.type.enum !== undefined;
  if (POSITIONS.has(kind) && !isEnum) return { kind: kind as "int" | "uint" | "string", by };
  return report(`this position is ${typeName(by.type)}, not int, uint or string`, hintOf(by));
}

function hintOf({ type }: Expression): string {
  const timed =
    type.kind === "double" || (type.kind === "message" && type.desc.typeName === "google.protobuf.Timestamp");
  if (timed) return "name a sequence number of the items: two items with one position would lose one of the two";
  return type.kind === "optional"
    ? "write a value for the unset case, as in `.orValue(0u)`"
    : "name a field that increases from item to item, such as a sequence number";
}

/** Returns the variable for the position of a follower's last item, at which the stream resumes. */
export function resumeOf(kind: "int" | "uint" | "string"): Variable {
  const of = { kind } as const;
  return { name: "resume", role: "resume", type: { kind: "optional", of }, proto: protoOf(of), absent: false };
}

function callOf(
  rpc: RpcContext,
  scope: MessageScope,
  ir: IrCall,
  { stream, resume }: { readonly stream: IrStream; readonly resume: Variable | undefined },
): Call | undefined {
  const { run, service, file, method, context, report } = rpc;
  const bare = bareCall(ir);
  checkBare(ir, report);
  const read = readsResume(scope, ir);
  if (read !== undefined && stream.position === undefined)
    fault(report, "BFF624", read.at, {
      message: "`resume` needs a `position`, and this stream has no `position`",
      hint: "add `position` to the stream, such as a sequence number of its items",
    });
  if (read === undefined && stream.position !== undefined && ir.request === undefined)
    caution(run.suspect, "BFF625", stream.position.at, {
      message: "the request of this stream does not read `resume`: a follower that resumes starts again",
      related: [{ at: ir.at, message: "the call" }],
      hint: 'set the field of the start position, as in { name: "after_seq" by: "resume.orValue(0u)" }, or leave out `position`',
    });
  const builtins = new Map([...scope.builtins, ...(resume === undefined ? [] : [["resume", resume] as const])]);
  const broken = resume === undefined ? new Set([...scope.broken, "resume"]) : scope.broken;
  const cx = stepContext({
    run,
    ir: service,
    file,
    scope: { ...scope, builtins, broken },
    args: argsOf(method.desc),
    package: context,
    roots: [method],
  });
  const governing = { ...context.governing, entries: plainEntries(context.governing.entries) };
  return resolveCall({ ...cx, governing }, bare, [], "server_streaming");
}

export function readsResume(scope: MessageScope, { set, request }: IrCall): Text | undefined {
  const texts = [request, ...set.flatMap(({ by, if: condition, spread }) => [by, condition, spread])];
  return texts.find((text) => text !== undefined && free(scope, text).names.has("resume"));
}

/** As a step, so that whatever looks at all calls of a block sees it. */
export function callStep(source: IrCall | undefined, call: Call): Step {
  return undeclaredStep(call.ir.at, 0, { kind: "call", call }, source);
}

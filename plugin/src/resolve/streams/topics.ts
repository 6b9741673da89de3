// Topics of services: their items, and the call that provides them without NATS.

import { ScalarType } from "@bufbuild/protobuf";
import type { Variable } from "../../cel/index.ts";
import { countErrors } from "../../diagnostic/count-errors.ts";
import { caution, fault, type Report } from "../../diagnostic/diagnostic.ts";
import type { IrFile, IrService } from "../../ir/ir.ts";
import type { IrBind, IrCall, IrTopic, IrUpstream } from "../../ir/step.ts";
import type { Call } from "../model/call.ts";
import type { Topic } from "../model/model.ts";
import { lookupMessage } from "../names/lookup.ts";
import { itemOfTopic } from "../names/topics.ts";
import { envOfLet } from "../packages/env.ts";
import { packageContext } from "../packages/package-context.ts";
import { packageScope } from "../packages/package-scope.ts";
import { bareStep, messageVariable, stepContext } from "../packages/rpc-context.ts";
import { checkCondition, free, type MessageScope } from "../scope/scope.ts";
import { resolveCall } from "../steps/call.ts";
import type { PackageContext, Run } from "../steps/context.ts";
import { callStep, positionOf, readsResume, resumeOf } from "./stream.ts";
import { bareCall, checkBare, plainEntries } from "./stream-policy.ts";

/** Resolves every topic of the run. A topic with a fault is left out. */
export function resolveTopics(run: Run): ReadonlyMap<IrTopic, Topic> {
  const found = new Map<IrTopic, Topic>();
  for (const file of run.ir.files)
    for (const service of file.services)
      for (const topic of service.topics) {
        const resolved = resolveTopic(run, file, service, topic);
        if (resolved !== undefined) found.set(topic, resolved);
      }
  return found;
}

const STRING = { type: { kind: "string" }, proto: { kind: "scalar", scalar: ScalarType.STRING } } as const;

function resolveTopic(run: Run, file: IrFile, service: IrService, topic: IrTopic): Topic | undefined {
  const { report, errors } = countErrors(run.report);
  const context = packageContext(run, file.desc.proto.package);
  const env = envOfLet(run, service, file, context, () => {});
  checkType(run, file, topic, report);
  const desc = itemOfTopic(run.ir, topic, file.desc.proto.package);
  const event = desc && messageVariable("event", "item", desc);
  const key: Variable = { name: "key", role: "item", ...STRING, absent: false };
  // Without values of a request, because all followers share a topic.
  const builtins = new Map([["env", env.group]]);
  const scope = packageScope(run, file, context, { report, builtins, brokenEnv: env.broken });
  const seen = event && { ...scope, builtins: new Map([["event", event] as const]) };
  const until = topic.until && seen && checkCondition(seen, topic.until, "this `until`");
  const position = topic.position && event && positionOf(scope, topic.position, event);
  const resume = position && resumeOf(position.kind);
  const call = topic.call && callOf({ run, file, service, topic, context, scope, report }, key, resume);
  if (errors() > 0 || event === undefined || (topic.call !== undefined && call === undefined)) return undefined;
  return {
    kind: "topic",
    file,
    desc: service.desc,
    topic,
    event,
    call,
    position,
    until,
    args: { message: undefined, variable: key, members: [] },
    shared: [],
    env: env.variables,
    steps: [
      ...(call === undefined ? [] : [callStep(topic.call, call)]),
      ...[position?.by, until].flatMap((by) => (by === undefined ? [] : [bareStep(by.text.at, by)])),
    ],
    targets: [],
  };
}

/** Reports a declared item type that differs from the items of the call. */
function checkType({ ir }: Run, file: IrFile, topic: IrTopic, report: Report): void {
  const { type, call } = topic;
  const typeMessage = type && lookupMessage(ir, type, file.desc.proto.package, report);
  const itemMessage = call && itemOfTopic(ir, { ...topic, type: undefined }, file.desc.proto.package);
  if (
    typeMessage === undefined ||
    itemMessage === undefined ||
    typeMessage.typeName === itemMessage.typeName ||
    type === undefined
  )
    return;
  fault(report, "BFF640", type.at, {
    message: `an item of this topic is ${typeMessage.typeName} here, but ${itemMessage.typeName} in its call`,
    related: [{ at: call?.method?.at ?? topic.at, message: "the call" }],
    hint: `leave \`type\` out: the call determines it`,
  });
}

interface TopicContext {
  readonly run: Run;
  readonly file: IrFile;
  readonly service: IrService;
  readonly topic: IrTopic;
  readonly context: PackageContext;
  readonly scope: MessageScope;
  readonly report: Report;
}

function callOf(of: TopicContext, key: Variable, resume: Variable | undefined): Call | undefined {
  const { run, file, service, topic, context, scope, report } = of;
  const { call: ir } = topic;
  if (ir === undefined || !isOfProcess(scope, ir, report)) return undefined;
  checkBare(ir, report);
  if (readsResume(scope, ir) === undefined && topic.position !== undefined && ir.request === undefined)
    caution(run.suspect, "BFF625", topic.position.at, {
      message: "the request of this call does not read `resume`: after a break the topic starts again",
      related: [{ at: ir.at, message: "the call" }],
      hint: 'set the field of the start position, as in { name: "after_seq" by: "resume.orValue(0u)" }',
    });
  const builtins = new Map([
    ...scope.builtins,
    ["key", key] as const,
    ...(resume === undefined ? [] : [["resume", resume] as const]),
  ]);
  const cx = stepContext({
    run,
    ir: service,
    file,
    scope: { ...scope, builtins, broken: resume === undefined ? new Set(["resume"]) : scope.broken },
    args: { message: undefined, variable: key, members: [] },
    package: context,
    roots: [],
  });
  const entries = requestFreeEntries(scope, plainEntries(context.governing.entries));
  const call = resolveCall(
    { ...cx, governing: { ...context.governing, entries } },
    bareCall(ir),
    [],
    "server_streaming",
  );
  if (call === undefined || call.effects === "none") return call;
  return fault(report, "BFF630", call.methodAt, {
    message: `"${ir.method?.value}" may have side effects, but is called again after each break`,
    hint: "set `read_only: true` if it only reads; or leave out the call, and have the upstream publish",
  });
}

/** Names of values that belong to one request. */
const OF_A_REQUEST: readonly string[] = ["headers", "principal", "peer", "args", "now"];
const readsRequest = (scope: MessageScope, { by, if: condition }: IrBind): boolean =>
  [by, condition].some((text) => text !== undefined && OF_A_REQUEST.some((name) => free(scope, text).names.has(name)));

/** Reports values of one request in the call, because it is made for all followers. Returns true if there are none. */
function isOfProcess(scope: MessageScope, { policy, set, request }: IrCall, report: Report): boolean {
  const refuse = (at: IrTopic["at"], what: string): false => {
    fault(report, "BFF642", at, {
      message: `${what} belongs to one request, but this call serves all followers of the key`,
      hint: "send values of `key` and `env`; check access to a key in a permit or a guard",
    });
    return false;
  };
  const { forward, identify, metadata, branches } = policy;
  const [header] = forward;
  if (header !== undefined) return refuse(header.at, "a header that is passed on");
  if (identify !== undefined) return refuse(identify.at, "the caller");
  if (branches[0] !== undefined) return refuse(branches[0].at, "a branch");
  const bind = [...metadata, ...set].find((candidate) => readsRequest(scope, candidate));
  if (bind !== undefined) return refuse(bind.by?.at ?? bind.at, "this");
  const of = request && OF_A_REQUEST.find((name) => free(scope, request).names.has(name));
  return of === undefined || request === undefined ? true : refuse(request.at, `\`${of}\``);
}

/** Returns the upstream entries without settings that belong to a request. */
function requestFreeEntries(scope: MessageScope, entries: readonly IrUpstream[]): readonly IrUpstream[] {
  return entries.map((entry) => ({
    ...entry,
    policy: {
      ...entry.policy,
      forward: [],
      identify: undefined,
      branches: [],
      metadata: entry.policy.metadata.filter((bind) =>
        [bind.by, bind.if].every(
          (text) => text === undefined || [...free(scope, text).names].every((name) => name === "env"),
        ),
      ),
    },
  }));
}

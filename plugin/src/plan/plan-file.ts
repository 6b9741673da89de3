import { createHash } from "node:crypto";
import type { DescFile, DescService } from "@bufbuild/protobuf";
import type { Overload } from "../cel/index.ts";
import { reachable } from "../graph/graph.ts";
import { fullName } from "../model/full-name.ts";
import { callsIn, functionsIn } from "../resolve/model/blocks.ts";
import type { Call } from "../resolve/model/call.ts";
import { costsIn } from "../resolve/model/costs/expression-costs.ts";
import { isDeprecated, markedFields, publicIdsOf } from "../resolve/model/marked-fields.ts";
import type {
  BffFile,
  BffMethod,
  BffService,
  Block,
  Composed,
  EnvVar,
  Model,
  Permit,
  Purge,
  Step,
} from "../resolve/model/model.ts";
import { pagesOf } from "../resolve/model/page-calls.ts";
import { revealsIn } from "../resolve/model/reveals.ts";
import { hasRedacted } from "../resolve/model/sensitive-types.ts";
import { governing } from "../resolve/policies/entries.ts";
import { planCallPolicy, planUpstream } from "./calls/policies.ts";
import { planCodecs } from "./codec/plan-codecs.ts";
import { allCallers, type planStarts } from "./messages/plan-let.ts";
import type {
  Entry,
  PlanBranch,
  PlanClient,
  PlanFunction,
  PlanHttpRpc,
  PlanResolver,
  PlanTopics,
  PlanUpstream,
} from "./model/calls.ts";
import type { PlanMessage, PlanOpening } from "./model/messages.ts";
import type { PlanFile, PlanMethod, PlanPermit, PlanPurge, PlanService, PlanStart } from "./model/plan.ts";
import type { FunctionNames } from "./names/function-names.ts";
import { callerFields } from "./rpcs/caller-fields.ts";
import { partNames } from "./rpcs/part-paths.ts";
import { planHttpCache, planResponseCache } from "./rpcs/plan-caching.ts";
import { planFields } from "./rpcs/plan-fields.ts";
import { planLimits, rateLimitsOf } from "./rpcs/plan-limits.ts";
import { planLive } from "./rpcs/plan-live.ts";
import { planRules } from "./rpcs/plan-rules.ts";
import { planStream, topicsOf } from "./rpcs/plan-stream.ts";
import { planTool } from "./rpcs/plan-tool.ts";
import { planVersion } from "./rpcs/plan-version.ts";

/** Plans of the whole run that exist before its files are planned. */
interface Planned {
  readonly children: (message: Block) => Composed[];
  readonly starts: (service: BffService) => ReturnType<typeof planStarts>;
  readonly messages: ReadonlyMap<string, PlanMessage>;
  /** Openings by the names of messages. */
  readonly openings: ReadonlyMap<string, PlanOpening>;
  readonly permits: ReadonlyMap<Permit, PlanPermit | undefined>;
  readonly calls: ReadonlyMap<Call, Entry>;
  readonly topics: PlanTopics;
  readonly resolvers: ReadonlyMap<Step, PlanResolver>;
  /** The names of upstreams, for the files of one group. */
  readonly upstreams: (file: DescFile) => ReadonlyMap<string, string>;
  readonly functions: (file: DescFile) => FunctionNames;
  readonly env: ReadonlyMap<DescFile, readonly EnvVar[]>;
  /** The names of messages whose fields may come later. */
  readonly withParts: ReadonlySet<string>;
  /** The names of functions of the user, for the files of one group. */
  readonly userFunctions: (file: DescFile) => ReadonlyMap<Overload, string>;
}

export function planFile(file: BffFile, model: Model, run: Planned): PlanFile {
  const rules = planRules(
    file.services.flatMap(({ methods }) => methods.filter(isValidated).map(({ desc }) => desc)),
    model.rules,
  );
  const localMessages = file.messages.flatMap((message) => run.messages.get(message.desc.typeName) ?? []);
  const reached = reach(file, run);
  const openings = model.openings.filter(({ desc }) => reached.some((message) => message.desc === desc));
  const lets = [...file.services.flatMap(blocksOf), ...openings];
  const entries = [...new Set([...lets, ...reached].flatMap(callsIn).flatMap((call) => run.calls.get(call) ?? []))];
  const methods = file.services.flatMap((service) => service.methods);
  const topics = topicsOf([...lets, ...reached], methods, run.topics);
  const called = topics.flatMap(({ entry }) => entry ?? []);
  const clients = clientsOf(reached, run.upstreams(file.desc));
  const upstreams = upstreamsOf(model, file.desc.proto.package, [...entries, ...called, ...clients]);
  const limits = rateLimitsOf(file);
  const identity = model.packages.find(({ files }) => files.includes(file))?.identity;
  const belongs = (desc: { readonly file: DescFile }): boolean => desc.file.name === file.desc.name;
  return {
    desc: file.desc,
    identity,
    hosts: file.hosts,
    fairShare: fairShareOf(methods),
    reveals: revealsIn(file.ir),
    costs: costsIn(file.desc, model),
    sensitive: hasRedacted(model.ir.registry),
    services: file.services.map((service) => planService(service, { file, model, run, rules, limits, identity })),
    limits,
    messages: localMessages,
    openings: localMessages.flatMap(({ composed }) => run.openings.get(composed.desc.typeName) ?? []),
    conversions: {
      messages: model.conversions.messages.filter((conversion) => belongs(conversion.owner)),
      enums: model.conversions.enums.filter((conversion) => belongs(conversion.owner)),
    },
    env: run.env.get(file.desc) ?? [],
    entries,
    resolvers: reached.flatMap((message) => message.steps.flatMap((step) => run.resolvers.get(step) ?? [])),
    purges: file.services.length === 0 ? [] : purgesOf(model, file.desc.proto.package),
    topics,
    functions: functionsOf([...lets, ...topics.map(({ of }) => of), ...reached], run.userFunctions(file.desc), model),
    clients,
    resolved: allCallers(reached.filter((message) => message.steps.some(({ source }) => source.kind === "resolver"))),
    upstreams,
    ...planCodecs(file, { reached: [...reached, ...openings], entries, called, clients, topics, upstreams }, model),
    parts: partNames(file, model),
    rules,
  };
}

/** Returns true if a method's requests are checked by the rules of buf.validate. */
const isValidated = ({ ir }: BffMethod): boolean => ir.validate?.value !== false;

/** Returns the blocks of a service itself, which its rpcs run besides their messages. */
function blocksOf({ let: steps, methods }: BffService): Block[] {
  return [
    ...(steps === undefined ? [] : [steps]),
    ...methods.flatMap(({ permit, limits, headers, tags, share, telemetry, stream }) =>
      [permit, limits, headers, tags, share, telemetry, stream].filter((block) => block !== undefined),
    ),
  ];
}

/** Decisions about a file that precede its rpcs. */
interface FileContext extends Pick<PlanFile, "rules" | "limits" | "identity"> {
  readonly file: BffFile;
  readonly model: Model;
  readonly run: Planned;
}

function planService(service: BffService, cx: FileContext): PlanService {
  const { starts, of } = cx.run.starts(service);
  return {
    desc: service.desc,
    callers: allCallers(service.methods),
    create: cx.run.functions(cx.file.desc).create(service.desc),
    starts,
    methods: service.methods.flatMap((method) => planMethod(method, of.get(method), cx) ?? []),
  };
}

function planMethod(method: BffMethod, start: PlanStart | undefined, cx: FileContext): PlanMethod | undefined {
  const { file, model, run } = cx;
  const { typeName } = method.composed.desc;
  const message = run.messages.get(typeName);
  if (message === undefined) return undefined;
  const functions = run.functions(file.desc);
  return {
    method,
    message,
    start,
    permit: method.permit && run.permits.get(method.permit),
    version: planVersion(method.version),
    deprecatedFields: markedFields(method.desc.input, isDeprecated),
    publicIds: markedFields(method.desc.input, publicIdsOf(method.desc.input)),
    limits: planLimits(method.limits, cx.limits, functions.scope),
    headers: method.headers && { of: method.headers, functions: functions.scope },
    tags: method.tags && { of: method.tags, functions: functions.scope },
    share: method.share && { of: method.share, functions: functions.scope },
    telemetry: method.telemetry && { of: method.telemetry, functions: functions.scope },
    tool: planTool(method, isValidated(method) ? cx.rules : undefined),
    stream: planStream(method, {
      calls: run.calls,
      topics: run.topics,
      opening: run.openings.get(typeName),
      functions,
    }),
    live: planLive(method, { model, calls: run.calls, topics: run.topics }),
    hasParts: cx.run.withParts.has(typeName),
    rest: method.rest,
    pages: pagesOf(method),
    caller: callerFields(method, model),
    fields: planFields(method, {
      message,
      start,
      opening: method.opening && run.openings.get(typeName),
      planned: (name) => run.messages.get(name),
      model,
    }),
    cache: planResponseCache(method, { message, start, identity: cx.identity, model }),
    http: planHttpCache(method, cx.identity, model),
    concurrent: concurrency(method, run),
    maxElements: maxElementsOf(method, file),
    priority: priorityOf(method),
    validated: isValidated(method)
      ? cx.rules?.messages.find(({ rules }) => rules.desc === method.desc.input)
      : undefined,
  };
}

function priorityOf({ ir: { priority } }: BffMethod): PlanMethod["priority"] {
  return priority?.value === "normal" ? undefined : priority?.value;
}

/** Default maximum number of waiters of one key at one place. */
const QUEUE = 100;

function fairShareOf(methods: readonly BffMethod[]): PlanFile["fairShare"] {
  const share = methods.find((method) => method.share !== undefined)?.share?.share;
  return share && { share, queue: share.queue?.value ?? QUEUE };
}

const maxElementsOf = ({ ir }: BffMethod, file: BffFile): number | undefined =>
  (ir.maxElements ?? file.ir.maxElements)?.value;

/** Returns the calls that resolvers can make, each method once. */
function clientsOf(reached: readonly Composed[], upstreams: ReadonlyMap<string, string>): PlanClient[] {
  const entries = new Map<string, PlanClient>();
  for (const call of reached.flatMap((message) => message.clients)) {
    const { method } = call;
    if (entries.has(fullName(method))) continue;
    entries.set(fullName(method), {
      name: method.localName,
      method,
      upstream: upstreams.get(method.parent.typeName) ?? "upstream",
      policy: planCallPolicy(call),
      http: call.http,
      batch: undefined,
      grouped: false,
      metadata: false,
      coalesce: false,
      received: false,
      sends: call.metadata,
      readOnly: call.effects === "none" && call.evidence.readOnly !== undefined,
    });
  }
  return [...entries.values()];
}

function functionsOf(blocks: readonly Block[], names: ReadonlyMap<Overload, string>, model: Model): PlanFunction[] {
  const called = new Set(blocks.flatMap((block) => [...functionsIn(block)]));
  const declared = new Map([...model.functions].reverse().map(([ir, overload]) => [overload, ir]));
  return [...called]
    .flatMap((overload) => {
      const ir = declared.get(overload);
      return ir === undefined ? [] : [{ name: names.get(overload) ?? overload.fn, overload, at: ir.name.at }];
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Returns the messages that a file's services reach; without services, its messages and those that they compose. */
function reach(file: BffFile, run: Planned): Composed[] {
  const roots =
    file.services.length > 0
      ? file.services.flatMap((service) => [
          ...service.methods.map((method) => method.composed),
          ...(service.let === undefined ? [] : run.children(service.let)),
        ])
      : [];
  return reachable([...roots, ...file.messages], run.children);
}

function concurrency({ composed: root, shared: started, opening }: BffMethod, run: Planned): number {
  const shared = [...started, ...(opening?.steps ?? [])];
  const messages = reachable([root, ...run.children({ ...root, steps: shared })], run.children);
  const steps = [...shared, ...messages.flatMap((message) => message.steps)];
  return steps.reduce((most, { source }) => (source.kind === "each" ? Math.max(most, source.concurrent) : most), 10);
}

function httpRpcs({ methods }: DescService, entries: readonly Entry[]): readonly PlanHttpRpc[] {
  return methods.flatMap((method) => {
    const rule = entries.find((entry) => entry.method === method)?.http;
    return rule === undefined ? [] : [{ method, rule }];
  });
}

function upstreamsOf(model: Model, packageName: string, entries: readonly Entry[]): PlanUpstream[] {
  const rules = governing(model.ir, packageName).entries;
  // All entries of an upstream have the same branches (BFF272).
  const branchesOf = (name: string): readonly PlanBranch[] =>
    entries.find(({ upstream, policy }) => upstream === name && policy.branches.length > 0)?.policy.branches ?? [];
  const services = new Map<string, DescService>();
  for (const entry of entries) services.set(entry.upstream, entry.method.parent);
  return [...services]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, service]) =>
      planUpstream(name, service, rules, {
        branches: branchesOf(name),
        http: httpRpcs(service, entries),
        follows: entries.some(({ upstream, method }) => upstream === name && method.methodKind !== "unary"),
      }),
    );
}

/** Returns the purges of a package. */
const purgesOf = ({ purges }: Model, packageName: string): readonly PlanPurge[] =>
  purges.filter(({ packages }) => packages.has(packageName)).map((of) => ({ of, digest: digestOf(of) }));

function digestOf({ ir: { subject, jetstream, tags }, type }: Purge): string {
  const texts = [subject.value, jetstream.value, type.typeName, ...tags.map(({ value }) => value)];
  return createHash("sha256").update(JSON.stringify(texts)).digest("base64url").slice(0, DIGEST_CHARACTERS);
}
/** 96 bits. */
const DIGEST_CHARACTERS = 16;

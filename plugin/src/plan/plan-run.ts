import type { DescFile, DescMessage } from "@bufbuild/protobuf";
import type { Overload } from "../cel/index.ts";
import { reachable } from "../graph.ts";
import { type AnyBlock, blocksOf, callsIn, expressionsIn, functionsIn } from "../resolve/model/blocks.ts";
import type { Call } from "../resolve/model/call.ts";
import { effectTable } from "../resolve/model/effects.ts";
import { identityReads } from "../resolve/model/identity-reads.ts";
import type { BffFile, BffService, Block, Composed, Model, Step } from "../resolve/model/model.ts";
import { requestLists } from "../resolve/model/request-lists.ts";
import type { ServedTogether } from "../resolve/model/server-paths.ts";
import { composesOf } from "../resolve/model/source-parts.ts";
import { coalescing } from "./calls/coalescing.ts";
import { nameCalls, nameFunctions, nameResolvers, nameUpstreams } from "./calls/entry-names.ts";
import { receivedCalls } from "./calls/received-calls.ts";
import { explainedSteps } from "./messages/explained-steps.ts";
import { composedForLists } from "./messages/list-messages.ts";
import { planStarts, sharedNames } from "./messages/plan-let.ts";
import { planMessage } from "./messages/plan-message.ts";
import { planPermit } from "./messages/plan-permit.ts";
import { syncShared } from "./messages/sync-steps.ts";
import type { Entry, PlanResolver, PlanTopics, PlanUpstream } from "./model/calls.ts";
import type { AppNeeds, PlanMessage, PlanOpening } from "./model/messages.ts";
import type { Plan, PlanFile, PlanServer } from "./model/plan.ts";
import { functionNames, isLimitedLate } from "./names/function-names.ts";
import { stepNames } from "./names/step-names.ts";
import { planFile } from "./plan-file.ts";
import { envElsewhere, envOfFiles, serverEnv } from "./rpcs/plan-env.ts";
import { planOpening, planTopics } from "./rpcs/plan-stream.ts";

/** Decides everything that running needs: emission only walks what this gives. */
export function plan(model: Model, servers: readonly ServedTogether[]): Plan {
  const effects = effectTable(model.messages);
  const composed = new Map(model.messages.map((message) => [message.desc.typeName, message]));
  const opened = new Map(model.openings.map((opening) => [opening.desc, opening.steps]));
  // What an opening composes its message composes.
  const children = (message: Block): Composed[] =>
    [...message.steps, ...("desc" in message ? (opened.get((message as Composed).desc) ?? []) : [])]
      .flatMap((step) => composesOf(step.source))
      .flatMap(({ message: desc }) => composed.get(desc.typeName) ?? []);
  const groups = components(model, children, servers);
  const ranks = ranksOf(groups);
  const messages = new Map<string, PlanMessage>();
  const calls = new Map<Call, Entry>();
  const coalesces = coalescing(model);
  const asked = receivedCalls(model);
  const { upstreams, resolvers, own } = nameGroups(groups);
  for (const component of components(model, children, [])) {
    const [first] = component;
    if (first !== undefined) nameCalls(component, upstreams(first.file.desc), calls, coalesces, asked);
  }

  const topics = planTopics(model, calls);
  const foreign = composedElsewhere(model, children);
  const env = envOfFiles(model, children);
  const spelled = envElsewhere(model, { children, files: env }, foreign);
  const forLists = composedForLists(model);
  const functions = functionNames(model, forLists);
  const methods = model.files.flatMap((file) => file.services.flatMap((service) => service.methods));
  const perItem = methods.flatMap(({ stream, composed: root }) => (stream === undefined ? [] : [root]));
  const answers = new Set(methods.flatMap(({ stream, composed: root }) => (stream === undefined ? [root] : [])));
  const composedInside = new Set([...blocksOf(model).flatMap(children), ...perItem]);
  const started = startedRoots(model);
  const around = {
    effects,
    ...insideOf(composed, messages, children),
    calls,
    topics,
    resolvers,
    ranks,
    asked: requestLists(model),
    explained: explainedSteps(model),
    functions,
    syncShared: syncShared(model),
    forLists: false,
    sharedNames: sharedNames(model),
  };
  // What is composed is planned before what composes it.
  for (const message of [...model.messages].reverse()) {
    messages.set(
      message.desc.typeName,
      planMessage(message, {
        ...around,
        // Where all of its composers are streams, the guards that could speak before are the opening's.
        admits:
          started.has(message) && (!perItem.includes(message) || answers.has(message))
            ? { name: functions(message.desc.file).admit(message.desc), inside: composedInside.has(message) }
            : undefined,
        needs: foreign.has(message) ? needsOf(message, spelled.get(message), children, { calls, topics }) : undefined,
        forLists: forLists.has(message.desc.typeName),
        nameOf: stepNames(message, functions(message.desc.file).scope),
      }),
    );
  }
  const openings = new Map<string, PlanOpening>();
  for (const opening of model.openings) {
    const message = composed.get(opening.desc.typeName);
    if (message === undefined) continue;
    const names = functions(opening.desc.file);
    const admits = started.has(message) ? { name: names.admit(opening.desc), inside: false } : undefined;
    const needs = foreign.has(message)
      ? needsOf(opening, spelled.get(message), children, { calls, topics })
      : undefined;
    openings.set(opening.desc.typeName, planOpening(opening, message, { ...around, admits, needs }));
  }
  const starts = (service: BffService): ReturnType<typeof planStarts> =>
    planStarts(service, messages, openings, around);
  const limited = new Set(model.limits.filter(isLimitedLate).map(({ rpc }) => rpc));
  const permits = new Map(model.permits.map((permit) => [permit, planPermit(permit, around, limited.has(permit.rpc))]));
  const run = {
    children,
    messages,
    calls,
    topics,
    resolvers,
    upstreams,
    functions,
    env,
    own,
    starts,
    permits,
    openings,
  };
  const files = model.files.map((file) => planFile(file, model, run));
  const enums = new Map(model.conversions.enums.map((one) => [`${one.from.typeName}>${one.to.typeName}`, one]));
  const enumConversion: Plan["enumConversion"] = (from, to) => enums.get(`${from.typeName}>${to.typeName}`);
  const convert: Plan["convert"] = (conversion) => functions(conversion.owner.file).convert(conversion);
  return {
    files,
    servers: serversOf(model, servers, files),
    messages: [...messages.values()],
    convert,
    enumConversion,
  };
}

/** Names that hold for all files that compose each other. */
function nameGroups(groups: ReturnType<typeof components>) {
  const resolvers = new Map<Step, PlanResolver>();
  const upstreamsOf = new Map<DescFile, ReadonlyMap<string, string>>();
  const ownNames = new Map<DescFile, ReadonlyMap<Overload, string>>();
  for (const group of groups) {
    const names = nameUpstreams(
      group.flatMap((block) => [...callsIn(block), ...(block.kind === "composed" ? block.clients : [])]),
    );
    const functions = nameFunctions(group);
    for (const block of group) {
      upstreamsOf.set(block.file.desc, names);
      ownNames.set(block.file.desc, functions);
    }
    nameResolvers(
      group.filter((block) => block.kind === "composed"),
      resolvers,
    );
  }
  const upstreams = (file: DescFile): ReadonlyMap<string, string> => upstreamsOf.get(file) ?? new Map();
  const own = (file: DescFile): ReadonlyMap<Overload, string> => ownNames.get(file) ?? new Map();
  return { upstreams, resolvers, own };
}

/** What is asked of a message with all that it composes, once all of that is planned. */
function insideOf(
  composed: ReadonlyMap<string, Composed>,
  messages: ReadonlyMap<string, PlanMessage>,
  children: (message: Block) => Composed[],
) {
  const sendsUnbatched = memo((name: string): boolean => {
    const message = composed.get(name);
    return (
      message !== undefined &&
      (callsIn(message).some((call) => call.batch === undefined) ||
        children(message).some((child) => sendsUnbatched(child.desc.typeName)))
    );
  });
  const degradable = memo((name: string): boolean => {
    const message = composed.get(name);
    if (message === undefined) return false;
    return (
      (messages.get(name)?.degradable ?? false) || children(message).some((child) => degradable(child.desc.typeName))
    );
  });
  const tainted = (name: string): readonly string[] =>
    composed.get(name)?.args.members.flatMap((arg) => (arg.tainted ? [arg.name] : [])) ?? [];
  return { sendsUnbatched, degradable, tainted };
}

/** Messages that another file composes, with what they compose: their functions say which part of the app object they need. */
function composedElsewhere(model: Model, children: (message: Block) => Composed[]): ReadonlySet<Composed> {
  const inside = blocksOf(model).flatMap((of) => children(of).filter((child) => child.file !== of.file));
  const roots = model.files
    .flatMap((file) => file.services)
    .flatMap(({ desc, methods }) =>
      methods.flatMap(({ composed: root }) => (root.file.desc.name === desc.file.name ? [] : [root])),
    );
  return new Set(reachable([...inside, ...roots], children));
}

/** The messages of rpcs that start steps of a service, or use answers again: guards over what is there at once are asked before. */
function startedRoots(model: Model): ReadonlySet<Composed> {
  const methods = model.files.flatMap((file) => file.services).flatMap((service) => service.methods);
  return new Set(
    methods.flatMap(({ shared, composed: root, cache }) =>
      cache !== undefined || shared.some(({ source }) => source.kind !== "guard") ? [root] : [],
    ),
  );
}

/** The members of the app object that a message needs, with what it composes. */
function needsOf(
  message: Block,
  env: AppNeeds["env"],
  children: (message: Block) => Composed[],
  { calls, topics }: { readonly calls: ReadonlyMap<Call, Entry>; readonly topics: PlanTopics },
): AppNeeds {
  const names = new Set<string>();
  for (const at of reachable<Block>([message], children)) {
    if (
      env === undefined &&
      expressionsIn(at).some((expression) =>
        expression.reads.some(({ variable }) => variable.role === "env" || variable.role === "var"),
      )
    )
      names.add("env");
    if (functionsIn(at).size > 0) names.add("functions");
    for (const call of callsIn(at)) names.add(calls.get(call)?.name ?? "");
    for (const { source } of at.steps) if (source.kind === "latest") names.add(topics.get(source.topic)?.name ?? "");
    if (at.steps.some(({ source }) => source.kind === "resolver"))
      for (const name of ["resolvers", "clients"]) names.add(name);
  }
  return { names: [...names], env };
}

/** Only for names that are never part of a circle. */
function memo(compute: (name: string) => boolean): (name: string) => boolean {
  const known = new Map<string, boolean>();
  return (name) => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const result = compute(name);
    known.set(name, result);
    return result;
  };
}

/** Those of services first, then outer messages before inner ones, then as declared; from 0 in each group. */
function ranksOf(groups: readonly (readonly AnyBlock[])[]): Map<Step, number> {
  const ranks = new Map<Step, number>();
  for (const group of groups) {
    const lets = group.filter(({ kind }) => kind === "let" || kind === "opening");
    const guards = [...lets, ...group.filter(({ kind }) => kind === "composed")].flatMap(({ steps }) =>
      steps.filter(({ source }) => source.kind === "guard"),
    );
    for (const [rank, step] of guards.entries()) ranks.set(step, rank);
  }
  return ranks;
}

/**
 * Messages whose files share an app object, because one composes another across files. With `servers` also those that are served together: what
 * has to be named apart there is named apart from nothing else, so that no server changes the code of another.
 */
function components(
  model: Model,
  children: (message: Block) => Composed[],
  servers: readonly ServedTogether[],
): AnyBlock[][] {
  const parent = new Map<DescFile, DescFile>();
  const find = (file: DescFile): DescFile => {
    const up = parent.get(file) ?? file;
    return up === file ? file : find(up);
  };
  const { messages, openings, lets, permits, limits, telemetry, streams, topics } = model;
  const blocks = [...messages, ...openings, ...lets, ...permits, ...limits, ...telemetry, ...streams, ...topics];
  for (const message of blocks)
    for (const child of children(message)) parent.set(find(child.file.desc), find(message.file.desc));
  for (const { desc, let: own, methods } of model.files.flatMap((file) => file.services))
    for (const { composed: root, permit, stream } of methods)
      if (own !== undefined || stream !== undefined || (permit?.steps.length ?? 0) > 0)
        parent.set(find(root.file.desc), find(desc.file));
  for (const files of servers.map(filesOf))
    for (const { desc } of files) if (files[0] !== undefined) parent.set(find(desc), find(files[0].desc));
  const groups = new Map<DescFile, AnyBlock[]>();
  for (const message of blocks) {
    const root = find(message.file.desc);
    groups.set(root, [...(groups.get(root) ?? []), message]);
  }
  return [...groups.values()];
}

const filesOf = ({ packages }: ServedTogether): readonly BffFile[] => packages.flatMap(({ files }) => files);

function serversOf(model: Model, servers: readonly ServedTogether[], files: readonly PlanFile[]): PlanServer[] {
  return servers.map((server) => {
    const { name, path, written, packages } = server;
    const descs = new Set(filesOf(server).map((file) => file.desc));
    const own = files.filter((file) => descs.has(file.desc));
    const upstreams = upstreamsTogether(own);
    const rpcs = [
      ...own.flatMap(({ services }) => services.flatMap(({ desc }) => desc.methods)),
      ...upstreams.flatMap(({ http }) => http.map(({ method }) => method)),
    ];
    const identity = packages[0]?.identity;
    return {
      name,
      path,
      written,
      types: holdsAny(rpcs.flatMap(({ input, output }) => [input, output])) ? typesOf(model) : [],
      files: own,
      upstreams,
      ...serverEnv(own, model),
      identity: identity && {
        path: identityPath(path),
        identity,
        reads: identityReads(identity),
        signs: own.some(signs),
      },
    };
  });
}

/** Each once, with the rpcs that any of the files calls over HTTP. */
function upstreamsTogether(files: readonly PlanFile[]): readonly PlanUpstream[] {
  const found = new Map<string, PlanUpstream>();
  for (const upstream of files.flatMap((file) => file.upstreams)) {
    const before = found.get(upstream.name);
    const http = new Map([...(before?.http ?? []), ...upstream.http].map((one) => [one.method, one]));
    const inOrder = upstream.service.methods.flatMap((method) => http.get(method) ?? []);
    found.set(upstream.name, { ...upstream, http: inOrder });
  }
  return [...found.values()];
}

function signs({ entries, clients }: PlanFile): boolean {
  return [...entries, ...clients].some(({ policy }) => policy.identify?.value === "signed");
}

/** Beside the server, and named like it. */
const identityPath = (server: string): string => server.replace(/server$/, "identity");

/** Whether any of these messages has a google.protobuf.Any somewhere inside. */
function holdsAny(messages: readonly DescMessage[]): boolean {
  const seen = new Set(messages);
  for (const { fields } of seen) for (const { message } of fields) if (message !== undefined) seen.add(message);
  return [...seen].some(({ typeName }) => typeName === "google.protobuf.Any");
}

/** What has data: neither the options of the language nor those of protobuf itself. */
function typesOf({ ir }: Model): DescFile[] {
  const files = ir.allFiles.filter(
    ({ name, proto, messages }) =>
      messages.length > 0 && proto.package !== "bff.v1" && name !== "google/protobuf/descriptor",
  );
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}

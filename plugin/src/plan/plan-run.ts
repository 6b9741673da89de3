import type { DescFile, DescService } from "@bufbuild/protobuf";
import { camel } from "../camel.ts";
import type { Expression } from "../cel/index.ts";
import type { Origin } from "../origin.ts";
import { type EffectTable, effectTable } from "../resolve/effects.ts";
import { governing } from "../resolve/entries.ts";
import { reachable } from "../resolve/graph.ts";
import type {
  BffFile,
  BffMethod,
  BffService,
  Block,
  Call,
  Composed,
  EnvVar,
  Let,
  Model,
  Step,
} from "../resolve/model.ts";
import { callsOf, composesOf, sourceExpressions } from "../resolve/source-parts.ts";
import { type Coalesces, coalescing } from "./coalesced.ts";
import { distinctNames } from "./distinct-names.ts";
import { localName, lowerFirst, NameScope, upperFirst, upstreamNames } from "./names.ts";
import type { Entry, Plan, PlanClient, PlanFile, PlanMessage, PlanResolver, PlanServer, PlanUpstream } from "./plan.ts";
import { type PlanCodec, planCodec } from "./plan-codec.ts";
import { planStarts, sharedNames, syncShared } from "./plan-let.ts";
import { planMessage } from "./plan-message.ts";
import { fullName, planCallPolicy, planUpstream, policyKey } from "./policies.ts";
import { projectionOf } from "./projection.ts";
import { stepNames } from "./step-names.ts";

/** Decides everything that running needs: emission only walks what this gives. */
export function plan(model: Model): Plan {
  const effects = effectTable(model.messages);
  const composed = new Map(model.messages.map((message) => [message.desc.typeName, message]));
  const children = (message: Block): Composed[] =>
    message.steps
      .flatMap((step) => composesOf(step.source))
      .flatMap(({ message: desc }) => composed.get(desc.typeName) ?? []);
  const ranks = ranksOf(model);
  const messages = new Map<string, PlanMessage>();
  const calls = new Map<Call, Entry>();
  const coalesces = coalescing(model);
  const resolvers = new Map<Step, PlanResolver>();
  const upstreams = nameUpstreams([
    ...model.lets.flatMap(callsIn),
    ...model.messages.flatMap((message) => [...callsIn(message), ...message.clients]),
  ]);
  for (const component of components(model, children)) {
    nameCalls(component, upstreams, calls, coalesces);
    nameResolvers(
      component.filter((block) => block.kind === "composed"),
      resolvers,
    );
  }

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
  const foreign = new Set(
    model.messages.flatMap((message) => children(message).filter((child) => child.file !== message.file)),
  );
  for (const { desc, methods } of model.files.flatMap((file) => file.services)) {
    for (const { composed: root } of methods) if (root.file.desc.name !== desc.file.name) foreign.add(root);
  }
  for (const of of model.lets) for (const child of children(of)) if (child.file !== of.file) foreign.add(child);
  const functions = functionNames(model);
  const composedInside = new Set([...model.messages, ...model.lets].flatMap(children));
  const started = startedRoots(model);
  const around = {
    effects,
    degradable,
    sendsUnbatched,
    calls,
    resolvers,
    ranks,
    functions,
    syncShared: syncShared(model),
    sharedNames: sharedNames(model),
  };
  // What is composed is planned before what composes it.
  for (const message of [...model.messages].reverse()) {
    messages.set(
      message.desc.typeName,
      planMessage(message, {
        ...around,
        admits: started.has(message)
          ? { name: `admit${localName(message.desc)}`, inside: composedInside.has(message) }
          : undefined,
        needs: foreign.has(message) ? needsOf(message, children, calls) : undefined,
        nameOf: stepNames(message, functions),
      }),
    );
  }
  const starts = (service: BffService): ReturnType<typeof planStarts> => planStarts(service, messages, around);
  const run = { composed, children, messages, calls, resolvers, upstreams, effects, starts };
  const files = model.files.map((file) => planFile(file, model, run));
  return { files, servers: serversOf(model, files), messages: [...messages.values()] };
}

/** The messages of rpcs that start steps of a service. */
function startedRoots(model: Model): ReadonlySet<Composed> {
  const methods = model.files.flatMap((file) => file.services).flatMap((service) => service.methods);
  return new Set(
    methods.flatMap(({ shared, composed: root }) =>
      shared.some(({ source }) => source.kind !== "guard") ? [root] : [],
    ),
  );
}

function needsOf(
  message: Composed,
  children: (message: Block) => Composed[],
  calls: ReadonlyMap<Call, Entry>,
): string[] {
  const names = new Set<string>();
  for (const at of reachable([message], children)) {
    if (
      allExpressions(at).some((expression) =>
        expression?.reads.some(({ variable }) => variable.role === "env" || variable.role === "var"),
      )
    )
      names.add("env");
    for (const call of callsIn(at)) names.add(calls.get(call)?.name ?? "");
    if (at.steps.some(({ source }) => source.kind === "resolver"))
      for (const name of ["resolvers", "clients"]) names.add(name);
  }
  return [...names];
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

/** Those of services first, then outer messages before inner ones, then as declared. */
function ranksOf(model: Model): Map<Step, number> {
  const ranks = new Map<Step, number>();
  for (const message of [...model.lets, ...model.messages])
    for (const step of message.steps) if (step.source.kind === "guard") ranks.set(step, ranks.size);
  return ranks;
}

/** The functions that composing calls by name, in this file or another. */
function functionNames({ lets, messages, conversions }: Model): NameScope {
  return new NameScope(undefined, [
    ...messages.map(({ desc }) => `compose${localName(desc)}`),
    ...(lets.length === 0 ? [] : ["shared", ...messages.map(({ desc }) => `admit${localName(desc)}`)]),
    ...lets.flatMap(({ desc }) => [
      `admit${desc.name}`,
      ...["", ...desc.methods.map(({ name }) => name)].map((rpc) => `start${desc.name}${rpc}`),
    ]),
    ...[...conversions.messages, ...conversions.enums].flatMap(({ owner }) => [
      `to${localName(owner)}`,
      `from${localName(owner)}`,
    ]),
  ]);
}

export function callsIn(message: Block): Call[] {
  return message.steps.flatMap((step) => callsOf(step.source));
}

/** Messages whose files share an app object, because one composes another across files. */
function components(model: Model, children: (message: Block) => Composed[]): (Composed | Let)[][] {
  const parent = new Map<DescFile, DescFile>();
  const find = (file: DescFile): DescFile => {
    const up = parent.get(file) ?? file;
    return up === file ? file : find(up);
  };
  const blocks = [...model.messages, ...model.lets];
  for (const message of blocks)
    for (const child of children(message)) parent.set(find(child.file.desc), find(message.file.desc));
  for (const { let: own, methods } of model.files.flatMap((file) => file.services))
    if (own !== undefined)
      for (const { composed: root } of methods) parent.set(find(root.file.desc), find(own.file.desc));
  const groups = new Map<DescFile, (Composed | Let)[]>();
  for (const message of blocks) {
    const root = find(message.file.desc);
    groups.set(root, [...(groups.get(root) ?? []), message]);
  }
  return [...groups.values()];
}

function nameUpstreams(calls: readonly Call[]): ReadonlyMap<string, string> {
  const services = new Map(calls.map(({ method }) => [method.parent.typeName, method.parent]));
  const inOrder = [...services].sort(([a], [b]) => (a < b ? -1 : 1));
  // `resolvers` is a parameter beside them.
  return distinctNames(
    new Map(inOrder.map(([typeName, service]) => [typeName, upstreamNames(service)])),
    new NameScope(undefined, ["resolvers"]),
  );
}

/** One entry for calls that differ in nothing but what they send. */
function nameCalls(
  messages: readonly Block[],
  upstreams: ReadonlyMap<string, string>,
  calls: Map<Call, Entry>,
  coalesces: Coalesces,
): void {
  const upstreamOf = ({ method }: Call): string => upstreams.get(method.parent.typeName) ?? "upstream";
  const wishOf = (call: Call): string => (call.batch === undefined ? lowerFirst(call.method.name) : batchName(call));
  const found = new Map<string, { readonly call: Call; readonly named: string }>();
  const keyOf = (call: Call): string => {
    const { batch } = call;
    const shape = batch && [batch.keys.name, batch.items.name, batch.key?.name, batch.many, batch.max, grouping(call)];
    return JSON.stringify([fullName(call.method), policyKey(planCallPolicy(call)), shape]);
  };
  const all = messages.flatMap(callsIn);
  // In the order of the files' names and not of the request's.
  for (const call of [...all].sort((a, b) => byPlace(a.at, b.at))) {
    const key = keyOf(call);
    if (!found.has(key)) found.set(key, { call, named: `${fullName(call.method)} ${wishOf(call)}` });
  }
  const first = new Map([...found.values()].map(({ call, named }) => [named, call]));
  // Members of the app object, as `resolvers` and `clients` are.
  const scope = new NameScope(undefined, ["resolvers", "clients"]);
  const names = distinctNames(
    new Map(
      [...first].map(([named, call]) => [named, [wishOf(call), `${upstreamOf(call)}${upperFirst(wishOf(call))}`]]),
    ),
    scope,
  );
  // Those of one rpc that differ in policy, or in how they batch: the first one has the name as it is.
  const given = new Set<string>();
  const nameOf = new Map<string, string>();
  for (const [key, { named }] of found) {
    const name = names.get(named) ?? named;
    nameOf.set(key, given.has(named) ? scope.take(name) : name);
    given.add(named);
  }
  const entries = new Map<string, Entry>();
  for (const call of all) {
    const key = keyOf(call);
    const entry = entries.get(key) ?? {
      name: nameOf.get(key) ?? key,
      method: call.method,
      upstream: upstreamOf(call),
      policy: planCallPolicy(call),
      batch: call.batch,
      grouped: grouping(call).length > 0,
      metadata: call.metadata.length > 0,
      coalesce: coalesces(call),
    };
    entries.set(key, entry);
    calls.set(call, entry);
  }
}
function byPlace(a: Origin, b: Origin): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}
/** `card`, `cardBadge`: properties, so that any word will do. */
function nameResolvers(messages: readonly Composed[], resolvers: Map<Step, PlanResolver>): void {
  const taken = new Set<string>();
  for (const message of messages) {
    for (const step of message.steps) {
      const { source } = step;
      if (source.kind !== "resolver") continue;
      const of = lowerFirst(camel(localName(source.message)));
      let name = source.field === undefined ? of : `${of}${upperFirst(camel(source.field.name))}`;
      while (taken.has(name)) name += "_";
      taken.add(name);
      resolvers.set(step, { name, step, source, message });
    }
  }
}
/** What a batch's request holds besides its keys, and its metadata: which fields, not their values. */
function grouping(call: Call): string[] {
  return [
    ...call.set.map((binding) => binding.path.map((field) => field.name).join(".")),
    ...(call.request === undefined ? [] : ["*"]),
    ...call.metadata.map((metadata) => `:${metadata.key}`),
  ];
}
function batchName({ batch, method }: Call): string {
  const item = batch?.items;
  const what =
    item?.fieldKind === "list" || item?.fieldKind === "map" ? (item.message?.name ?? method.name) : method.name;
  return `${lowerFirst(what)}${batch?.many ? "s" : ""}By${upperFirst(camel(batch?.key?.name ?? "key"))}`;
}

interface Planned {
  readonly composed: ReadonlyMap<string, Composed>;
  readonly children: (message: Block) => Composed[];
  readonly starts: (service: BffService) => ReturnType<typeof planStarts>;
  readonly messages: ReadonlyMap<string, PlanMessage>;
  readonly calls: ReadonlyMap<Call, Entry>;
  readonly resolvers: ReadonlyMap<Step, PlanResolver>;
  readonly upstreams: ReadonlyMap<string, string>;
  readonly effects: EffectTable;
}

function planFile(file: BffFile, model: Model, run: Planned): PlanFile {
  const own = file.messages.flatMap((message) => run.messages.get(message.desc.typeName) ?? []);
  const reached = reach(file, run);
  const lets = file.services.flatMap((service) => service.let ?? []);
  const entries = [...new Set([...lets, ...reached].flatMap(callsIn).flatMap((call) => run.calls.get(call) ?? []))];
  const clients = clientsOf(reached, run);
  const belongs = (desc: { readonly file: DescFile }): boolean => desc.file.name === file.desc.name;
  return {
    desc: file.desc,
    services: file.services.map((service) => {
      const { starts, of } = run.starts(service);
      return {
        desc: service.desc,
        starts,
        methods: service.methods.flatMap((method) => {
          const message = run.messages.get(method.composed.desc.typeName);
          return message === undefined
            ? []
            : [{ method, message, start: of.get(method), concurrent: concurrency(method, run) }];
        }),
      };
    }),
    messages: own,
    conversions: {
      messages: model.conversions.messages.filter((conversion) => belongs(conversion.owner)),
      enums: model.conversions.enums.filter((conversion) => belongs(conversion.owner)),
    },
    env: envOf(file, reached),
    entries,
    resolvers: reached.flatMap((message) => message.steps.flatMap((step) => run.resolvers.get(step) ?? [])),
    clients,
    upstreams: upstreamsOf(model, file.desc.proto.package, [...entries, ...clients]),
    codec: codecOf(file, reached, entries, model),
  };
}

/** Only services put anything on the wire. */
function codecOf(
  file: BffFile,
  reached: readonly Composed[],
  entries: readonly Entry[],
  model: Model,
): PlanCodec | undefined {
  const rpcs = file.services.flatMap(({ methods }) => methods.map(({ desc }) => desc));
  if (rpcs.length === 0) return undefined;
  const own = new Set(file.messages);
  const projection = projectionOf({
    file: file.desc,
    own: [...file.messages, ...file.services.flatMap((service) => service.let ?? [])],
    others: reached.filter((message) => !own.has(message)),
    conversions: model.conversions.messages.filter(({ owner }) => owner.file.name === file.desc.name),
    rpcs,
  });
  const codec = planCodec(
    entries.map(({ method }) => method),
    rpcs,
    projection,
  );
  return codec.encodes.length + codec.decodes.length === 0 ? undefined : codec;
}

/** What resolvers can call, each method once. */
function clientsOf(reached: readonly Composed[], run: Planned): PlanClient[] {
  const entries = new Map<string, PlanClient>();
  for (const call of reached.flatMap((message) => message.clients)) {
    const { method } = call;
    if (entries.has(fullName(method))) continue;
    entries.set(fullName(method), {
      name: method.localName,
      method,
      upstream: run.upstreams.get(method.parent.typeName) ?? "upstream",
      policy: planCallPolicy(call),
      ...{ batch: undefined, grouped: false, metadata: false, coalesce: false },
      sends: call.metadata,
    });
  }
  return [...entries.values()];
}

/** The messages that a file's services reach; without services, its own and what they compose. */
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

function concurrency({ composed: root, shared }: BffMethod, run: Planned): number {
  const messages = reachable([root, ...run.children({ ...root, steps: shared })], run.children);
  const steps = [...shared, ...messages.flatMap((message) => message.steps)];
  return steps.reduce((most, { source }) => (source.kind === "each" ? Math.max(most, source.concurrent) : most), 10);
}

function envOf(file: BffFile, reached: readonly Composed[]): EnvVar[] {
  const read = new Set(
    reached
      .flatMap(allExpressions)
      .flatMap((expression) => expression?.reads.map(({ variable }) => variable.name) ?? []),
  );
  return file.services.length > 0 ? [...file.env] : file.env.filter(({ variable }) => read.has(variable.name));
}
function allExpressions(message: Composed): (Expression | undefined)[] {
  const ofStep = (step: Step): (Expression | undefined)[] => [
    step.if,
    step.fallback?.expression,
    ...sourceExpressions(step.source),
  ];
  const targets = message.targets.flatMap((target) =>
    target.kind === "field"
      ? [target.bound.expression]
      : target.members.flatMap((member) => [member.if, member.bound.expression]),
  );
  return [...message.steps.flatMap(ofStep), ...targets];
}

function upstreamsOf(model: Model, packageName: string, entries: readonly Entry[]): PlanUpstream[] {
  const rules = governing(model.ir, packageName).entries;
  const services = new Map<string, DescService>();
  for (const entry of entries) services.set(entry.upstream, entry.method.parent);
  return [...services]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, service]) => planUpstream(name, service, rules));
}

function serversOf(model: Model, files: readonly PlanFile[]): PlanServer[] {
  return model.packages.map(({ name, files: members }) => {
    const descs = new Set(members.map((file) => file.desc));
    const own = files.filter((file) => descs.has(file.desc));
    const upstreams = new Map(own.flatMap((file) => file.upstreams).map((upstream) => [upstream.name, upstream]));
    const env = new Map(own.flatMap((file) => file.env).map((variable) => [variable.variable.name, variable]));
    return { package: name, files: own, upstreams: [...upstreams.values()], env: [...env.values()] };
  });
}

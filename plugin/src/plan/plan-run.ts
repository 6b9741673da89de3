import type { DescFile, DescService } from "@bufbuild/protobuf";
import type { Expression } from "../cel/index.ts";
import { type EffectTable, effectTable } from "../resolve/effects.ts";
import { governing } from "../resolve/entries.ts";
import type { BffFile, Call, Composed, EnvVar, Model, Step } from "../resolve/model.ts";
import { callsOf, composesOf, sourceExpressions } from "../resolve/source-parts.ts";
import { type Coalesces, coalescing } from "./coalesced.ts";
import { camel, localName, lowerCamel, lowerFirst, NameScope, upperFirst, upstreamName } from "./names.ts";
import type { Entry, Plan, PlanFile, PlanMessage, PlanServer, PlanUpstream } from "./plan.ts";
import { planMessage } from "./plan-message.ts";
import { fullName, planCallPolicy, planUpstream, policyKey } from "./policies.ts";

/** Decides everything that running needs: emission only walks what this gives. */
export function plan(model: Model): Plan {
  const effects = effectTable(model);
  const composed = new Map(model.messages.map((message) => [message.desc.typeName, message]));
  const children = (message: Composed): Composed[] =>
    message.steps
      .flatMap((step) => composesOf(step.source))
      .flatMap(({ message: desc }) => composed.get(desc.typeName) ?? []);
  const ranks = ranksOf(model);
  const messages = new Map<string, PlanMessage>();
  const calls = new Map<Call, Entry>();
  const coalesces = coalescing(model);
  const upstreams = nameUpstreams(model.messages.flatMap(callsIn));
  for (const component of components(model, children)) nameCalls(component, upstreams, calls, coalesces);

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
  const functions = functionNames(model);
  // What is composed is planned before what composes it.
  for (const message of [...model.messages].reverse()) {
    messages.set(
      message.desc.typeName,
      planMessage(message, {
        effects,
        degradable,
        sendsUnbatched,
        calls,
        ranks,
        needs: foreign.has(message) ? needsOf(message, children, calls) : undefined,
        nameOf: stepNames(message, functions),
        functions,
      }),
    );
  }
  const files = model.files.map((file) => planFile(file, model, { composed, children, messages, calls, effects }));
  return { files, servers: serversOf(model, files), messages: [...messages.values()] };
}

function needsOf(
  message: Composed,
  children: (message: Composed) => Composed[],
  calls: ReadonlyMap<Call, Entry>,
): string[] {
  const names = new Set<string>();
  const seen = new Set<Composed>();
  const visit = (at: Composed): void => {
    if (seen.has(at)) return;
    seen.add(at);
    if (
      allExpressions(at).some((expression) =>
        expression?.reads.some(({ variable }) => variable.role === "env" || variable.role === "var"),
      )
    )
      names.add("env");
    for (const call of callsIn(at)) names.add(calls.get(call)?.name ?? "");
    for (const child of children(at)) visit(child);
  };
  visit(message);
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

/** Outer messages before inner ones, then as declared. */
function ranksOf(model: Model): Map<Step, number> {
  const ranks = new Map<Step, number>();
  for (const message of model.messages)
    for (const step of message.steps) if (step.source.kind === "guard") ranks.set(step, ranks.size);
  return ranks;
}

/** The functions that composing calls by name, in this file or another. */
function functionNames({ messages, conversions }: Model): NameScope {
  return new NameScope(undefined, [
    ...messages.map(({ desc }) => `compose${localName(desc)}`),
    ...[...conversions.messages, ...conversions.enums].flatMap(({ owner }) => [
      `to${localName(owner)}`,
      `from${localName(owner)}`,
    ]),
  ]);
}

function stepNames(message: Composed, functions: NameScope): (step: Step) => string {
  const scope = new NameScope(
    functions,
    message.args.members.map((arg) => camel(arg.name)),
  );
  const names = new Map(
    message.steps.map(
      (step) =>
        [
          step,
          scope.takeWith(step.name === undefined ? defaultName(step, message) : lowerCamel(step.name), "Step"),
        ] as const,
    ),
  );
  return (step) => names.get(step) ?? "step";
}
function defaultName(step: Step, message: Composed): string {
  const [call] = callsOf(step.source);
  const guards = message.steps.filter((other) => other.source.kind === "guard");
  if (step.source.kind === "guard") return `guard${guards.indexOf(step) + 1}`;
  return call === undefined ? "unnamed" : lowerFirst(call.method.name);
}

export function callsIn(message: Composed): Call[] {
  return message.steps.flatMap((step) => callsOf(step.source));
}

/** Messages whose files share an app object, because one composes another across files. */
function components(model: Model, children: (message: Composed) => Composed[]): Composed[][] {
  const parent = new Map<DescFile, DescFile>();
  const find = (file: DescFile): DescFile => {
    const up = parent.get(file) ?? file;
    return up === file ? file : find(up);
  };
  for (const message of model.messages)
    for (const child of children(message)) parent.set(find(child.file.desc), find(message.file.desc));
  const groups = new Map<DescFile, Composed[]>();
  for (const message of model.messages) {
    const root = find(message.file.desc);
    groups.set(root, [...(groups.get(root) ?? []), message]);
  }
  return [...groups.values()];
}

function nameUpstreams(calls: readonly Call[]): ReadonlyMap<string, string> {
  const scope = new NameScope();
  const names = new Map<string, string>();
  for (const { method } of calls) {
    const { typeName, name } = method.parent;
    if (!names.has(typeName)) names.set(typeName, scope.take(upstreamName(name)));
  }
  return names;
}

function nameCalls(
  messages: readonly Composed[],
  upstreams: ReadonlyMap<string, string>,
  calls: Map<Call, Entry>,
  coalesces: Coalesces,
): void {
  const scope = new NameScope();
  const entries = new Map<string, Entry>();
  for (const call of messages.flatMap(callsIn)) {
    const upstream = upstreams.get(call.method.parent.typeName) ?? "upstream";
    const policy = planCallPolicy(call);
    const { batch } = call;
    const shape = batch && [batch.keys.name, batch.items.name, batch.key?.name, batch.many, batch.max, grouping(call)];
    const key = JSON.stringify([fullName(call.method), policyKey(policy), shape]);
    let entry = entries.get(key);
    if (entry === undefined) {
      const name = scope.take(batch === undefined ? lowerFirst(call.method.name) : batchName(call));
      entry = {
        name,
        method: call.method,
        upstream,
        policy,
        batch,
        grouped: grouping(call).length > 0,
        metadata: call.metadata.length > 0,
        coalesce: coalesces(call),
      };
      entries.set(key, entry);
    }
    calls.set(call, entry);
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
  readonly children: (message: Composed) => Composed[];
  readonly messages: ReadonlyMap<string, PlanMessage>;
  readonly calls: ReadonlyMap<Call, Entry>;
  readonly effects: EffectTable;
}

function planFile(file: BffFile, model: Model, run: Planned): PlanFile {
  const own = file.messages.flatMap((message) => run.messages.get(message.desc.typeName) ?? []);
  const reached = reach(file, run);
  const entries = [...new Set(reached.flatMap(callsIn).flatMap((call) => run.calls.get(call) ?? []))];
  const belongs = (desc: { readonly file: DescFile }): boolean => desc.file.name === file.desc.name;
  return {
    desc: file.desc,
    services: file.services.map((service) => ({
      desc: service.desc,
      methods: service.methods.flatMap((method) => {
        const message = run.messages.get(method.composed.desc.typeName);
        return message === undefined ? [] : [{ method, message, concurrent: concurrency(method.composed, run) }];
      }),
    })),
    messages: own,
    conversions: {
      messages: model.conversions.messages.filter((conversion) => belongs(conversion.owner)),
      enums: model.conversions.enums.filter((conversion) => belongs(conversion.owner)),
    },
    env: envOf(file, reached),
    entries,
    upstreams: upstreamsOf(model, file.desc.proto.package, entries),
  };
}

/** The messages that a file's services reach; without services, its own and what they compose. */
function reach(file: BffFile, run: Planned): Composed[] {
  const roots =
    file.services.length > 0
      ? file.services.flatMap((service) => service.methods.map((method) => method.composed))
      : [];
  const found = new Set<Composed>();
  const visit = (message: Composed): void => {
    if (found.has(message)) return;
    found.add(message);
    for (const child of run.children(message)) visit(child);
  };
  for (const root of [...roots, ...file.messages]) visit(root);
  return [...found];
}

function concurrency(root: Composed, run: Planned): number {
  let most = 10;
  const seen = new Set<Composed>();
  const visit = (message: Composed): void => {
    if (seen.has(message)) return;
    seen.add(message);
    for (const step of message.steps) if (step.source.kind === "each") most = Math.max(most, step.source.concurrent);
    for (const child of run.children(message)) visit(child);
  };
  visit(root);
  return most;
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

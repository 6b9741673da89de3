import type { DescFile } from "@bufbuild/protobuf";
import { reachable, sortByDependency } from "../graph/graph.ts";
import {
  blocksOf,
  callsIn,
  composedBy,
  effectTable,
  expressionsIn,
  functionsIn,
  messagesByName,
} from "../resolve/model/blocks.ts";
import type { Call } from "../resolve/model/call.ts";
import { selectiveMessages } from "../resolve/model/field-choice.ts";
import { markedFields } from "../resolve/model/missing/failable.ts";
import type { BffService, Block, Composed, EnvVar, Model, Opening, Step } from "../resolve/model/model.ts";
import { messagesWithParts } from "../resolve/model/parts.ts";
import { maskReads } from "../resolve/model/read-paths.ts";
import { requestLists } from "../resolve/model/request-lists.ts";
import type { ServedTogether } from "../resolve/model/server-paths.ts";
import { finish, type Sliced } from "../slices/sliced.ts";
import { appGroups, nameGroups, ranksOf } from "./app-groups.ts";
import { nameCalls } from "./calls/entry-names.ts";
import { receivedCalls } from "./calls/received-calls.ts";
import { repeatedCalls } from "./calls/repeated-calls.ts";
import { explainedSteps } from "./messages/explained-steps.ts";
import { composedForLists } from "./messages/list-messages.ts";
import { planPermit, planStarts, sharedNames } from "./messages/plan-let.ts";
import { type PlanContext, planMessage } from "./messages/plan-message.ts";
import { syncShared } from "./messages/sync-steps.ts";
import type { Entry, PlanTopics } from "./model/calls.ts";
import type { AppNeeds, PlanMessage, PlanOpening } from "./model/messages.ts";
import type { Plan, PlanFile } from "./model/plan.ts";
import { functionNames, isLimitedLate } from "./names/function-names.ts";
import { stepNames } from "./names/step-names.ts";
import { planFile } from "./plan-file.ts";
import { serversOf } from "./plan-server.ts";
import { envElsewhere, envOfFiles } from "./rpcs/plan-env.ts";
import { planOpening, planTopics } from "./rpcs/plan-stream.ts";

/** Decides everything that running needs: emission only reads the result. */
export const plan = (model: Model, servers: readonly ServedTogether[]): Plan => finish(planInSlices(model, servers));

/** `plan`, with a pause after each message and each file. */
export function* planInSlices(model: Model, servers: readonly ServedTogether[]): Sliced<Plan> {
  const composition = compositionOf(model);
  const messages = new Map<string, PlanMessage>();
  const names = namesOf(model, composition, servers);
  yield;
  const whole = wholeOf(model, { composition, names, messages });
  const { around } = whole;
  yield* planMessages(whole, messages);
  const openings = planOpenings(whole);
  const starts = (service: BffService): ReturnType<typeof planStarts> =>
    planStarts(service, messages, openings, around);
  const limited = new Set(model.limits.filter(isLimitedLate).map(({ rpc }) => rpc));
  const permits = new Map(model.permits.map((permit) => [permit, planPermit(permit, around, limited.has(permit.rpc))]));
  const { calls, topics, functions } = around;
  const { children } = composition;
  const { upstreams, resolvers, userFunctions } = names;
  const run = {
    children,
    messages,
    calls,
    topics,
    resolvers,
    upstreams,
    functions,
    env: whole.env,
    withParts: messagesWithParts(model.messages),
    userFunctions,
    starts,
    permits,
    openings,
  };
  const files: PlanFile[] = [];
  for (const file of model.files) {
    yield;
    files.push(planFile(file, model, run));
  }
  const enums = new Map(
    model.conversions.enums.map((conversion) => [`${conversion.from.typeName}>${conversion.to.typeName}`, conversion]),
  );
  return {
    files,
    servers: serversOf(model, servers, files),
    messages: [...messages.values()],
    convert: (conversion) => functions(conversion.owner.file).convert(conversion),
    enumConversion: (from, to) => enums.get(`${from.typeName}>${to.typeName}`),
    marked: around.marked,
  };
}

interface Composition {
  /** Composed messages by their full names. */
  readonly composed: ReadonlyMap<string, Composed>;
  /** The messages that the steps of a block compose, and those of its opening. */
  readonly children: (block: Block) => Composed[];
}

function compositionOf(model: Model): Composition {
  const composed = messagesByName(model.messages);
  const opened = new Map(model.openings.map((opening) => [opening.desc, opening.steps]));
  const children = (block: Block): Composed[] =>
    composedBy([...block.steps, ...("desc" in block ? (opened.get((block as Composed).desc) ?? []) : [])], composed);
  return { composed, children };
}

/** The members of app objects by name. */
interface Names extends ReturnType<typeof nameGroups> {
  readonly calls: ReadonlyMap<Call, Entry>;
  readonly ranks: ReadonlyMap<Step, number>;
}

function namesOf(model: Model, { children }: Composition, servers: readonly ServedTogether[]): Names {
  const groups = appGroups(model, children, servers);
  const names = nameGroups(groups);
  const calls = new Map<Call, Entry>();
  const repeated = repeatedCalls(model);
  const received = receivedCalls(model);
  for (const group of appGroups(model, children, [])) {
    const [first] = group;
    if (first !== undefined) nameCalls(group, names.upstreams(first.file.desc), calls, repeated, received);
  }
  return { ...names, calls, ranks: ranksOf(groups) };
}

/** Decisions about the whole run that precede the planning of its messages. */
interface Whole {
  readonly model: Model;
  readonly composition: Composition;
  readonly around: Omit<PlanContext, "nameOf" | "needs" | "admits">;
  readonly needs: (block: Composed | Opening, message: Composed) => AppNeeds | undefined;
  readonly env: ReadonlyMap<DescFile, readonly EnvVar[]>;
  readonly forLists: ReadonlySet<string>;
  /** Messages whose guards run before steps of a service start. */
  readonly started: ReadonlySet<Composed>;
}

/** @param messages the messages that are already planned; grows during planning */
function wholeOf(
  model: Model,
  {
    composition,
    names,
    messages,
  }: {
    readonly composition: Composition;
    readonly names: Names;
    readonly messages: ReadonlyMap<string, PlanMessage>;
  },
): Whole {
  const { composed, children } = composition;
  const { calls, resolvers, ranks } = names;
  const topics = planTopics(model, calls);
  const foreign = composedElsewhere(model, children);
  const env = envOfFiles(model, children);
  const spelled = envElsewhere(model, { children, files: env }, foreign);
  const forLists = composedForLists(model);
  const around = {
    effects: effectTable(model.messages),
    ...insideOf(composed, messages, children),
    calls,
    topics,
    resolvers,
    ranks,
    clientLists: requestLists(model),
    explained: explainedSteps(model),
    functions: functionNames(model, forLists),
    syncShared: syncShared(model),
    forLists: false,
    sharedNames: sharedNames(model),
    selective: selectiveMessages(model),
    maskReads: maskReads(model),
    marked: markedFields(model.failable, model.conversions.messages),
  };
  const needs: Whole["needs"] = (block, message) =>
    foreign.has(message) ? needsOf(block, spelled.get(message), children, { calls, topics }) : undefined;
  return { model, composition, around, needs, env, forLists, started: startedRoots(model) };
}

/** Plans each message before the messages that compose it, and before those that read it from a step of their service. */
function* planMessages(whole: Whole, messages: Map<string, PlanMessage>): Sliced<void> {
  const {
    model,
    composition: { children },
    around,
    needs,
    forLists,
  } = whole;
  const admits = admissions(whole);
  const readFirst = (message: Composed): readonly Composed[] => [
    ...children(message),
    ...message.shared.flatMap(({ source }) =>
      source.kind === "shared" ? children({ ...message, steps: source.of }) : [],
    ),
  ];
  for (const message of sortByDependency([...model.messages].reverse(), readFirst).order) {
    yield;
    messages.set(
      message.desc.typeName,
      planMessage(message, {
        ...around,
        admits: admits(message),
        needs: needs(message, message),
        forLists: forLists.has(message.desc.typeName),
        nameOf: stepNames(message, around.functions(message.desc.file).scope),
      }),
    );
  }
}

/** Names the functions that run the guards of messages before steps of a service start. */
function admissions({
  model,
  composition: { children },
  around,
  started,
}: Whole): (message: Composed) => PlanMessage["admits"] {
  const methods = model.files.flatMap((file) => file.services.flatMap((service) => service.methods));
  const perItem = new Set(methods.flatMap(({ stream, composed }) => (stream === undefined ? [] : [composed])));
  const answers = new Set(methods.flatMap(({ stream, composed }) => (stream === undefined ? [composed] : [])));
  const inside = new Set([...blocksOf(model).flatMap(children), ...perItem]);
  return (message) => {
    // If only streams compose a message, the early guards belong to its opening.
    if (!started.has(message) || (perItem.has(message) && !answers.has(message))) return undefined;
    return { name: around.functions(message.desc.file).admit(message.desc), inside: inside.has(message) };
  };
}

function planOpenings({
  model,
  composition: { composed },
  around,
  needs,
  started,
}: Whole): ReadonlyMap<string, PlanOpening> {
  const openings = new Map<string, PlanOpening>();
  for (const opening of model.openings) {
    const message = composed.get(opening.desc.typeName);
    if (message === undefined) continue;
    const names = around.functions(opening.desc.file);
    const admits = started.has(message) ? { name: names.admit(opening.desc), inside: false } : undefined;
    openings.set(
      opening.desc.typeName,
      planOpening(opening, message, { ...around, admits, needs: needs(opening, message) }),
    );
  }
  return openings;
}

/** Returns queries about a message and everything that it composes. They are valid once these messages are planned. */
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
  const degradable = (name: string): boolean => messages.get(name)?.degradable ?? false;
  const isComposed = (name: string): boolean => composed.has(name);
  const tainted = (name: string): readonly string[] =>
    composed.get(name)?.args.members.flatMap((arg) => (arg.tainted ? [arg.name] : [])) ?? [];
  return { sendsUnbatched, degradable, isComposed, tainted };
}

/**
 * Returns messages that another file composes, with the messages that they compose. Their functions declare the part of
 * the app object that they need.
 */
function composedElsewhere(model: Model, children: (message: Block) => Composed[]): ReadonlySet<Composed> {
  const inside = blocksOf(model).flatMap((of) => children(of).filter((child) => child.file !== of.file));
  const roots = model.files
    .flatMap((file) => file.services)
    .flatMap(({ desc, methods }) =>
      methods.flatMap(({ composed: root }) => (root.file.desc.name === desc.file.name ? [] : [root])),
    );
  return new Set(reachable([...inside, ...roots], children));
}

/**
 * Returns the messages of rpcs that start steps of a service, or that cache answers: their immediate guards run first.
 */
function startedRoots(model: Model): ReadonlySet<Composed> {
  const methods = model.files.flatMap((file) => file.services).flatMap((service) => service.methods);
  return new Set(
    methods.flatMap(({ shared, composed: root, cache }) =>
      cache !== undefined || shared.some(({ source }) => source.kind !== "guard") ? [root] : [],
    ),
  );
}

/** Returns the members of the app object that a message and its composed messages need. */
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

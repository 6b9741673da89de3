// The source of a streaming rpc with its defaults, and the steps that run once before the source opens.
import type { Call } from "../../resolve/model/call.ts";
import type { BffMethod, Block, Composed, Followed, Model, Opening, Step } from "../../resolve/model/model.ts";
import { neededFor } from "../messages/kept-for.ts";
import { inheritedOrigins } from "../messages/plan-let.ts";
import { certainReads, membersOf, type PlanContext, planSteps } from "../messages/plan-message.ts";
import type { Entry, Leaf, PlanTopic, PlanTopics } from "../model/calls.ts";
import type { PlanOpening } from "../model/messages.ts";
import type { PlanStream } from "../model/plan.ts";
import type { FunctionNames } from "../names/function-names.ts";
import { lowerCamel, NameScope } from "../names/name-scope.ts";
import { stepNames } from "../names/step-names.ts";

const MINUTE_MS = 60_000;

export function planStream(
  { stream, positionField }: BffMethod,
  {
    calls,
    topics,
    opening,
    functions,
  }: {
    readonly calls: ReadonlyMap<Call, Entry>;
    readonly topics: PlanTopics;
    readonly opening: PlanOpening | undefined;
    readonly functions: FunctionNames;
  },
): PlanStream | undefined {
  const source = stream && sourceOf(stream, calls, topics);
  if (stream === undefined || source === undefined) return undefined;
  const { idle, heartbeat, maxAge, ahead, overflow, minInterval } = stream.stream;
  const leaf = <T>(setting: Leaf<T> | undefined, standard: T): Leaf<T> => setting ?? { value: standard, at: undefined };
  return {
    of: stream,
    source,
    opening,
    idleMs: idle,
    heartbeatMs: positionField && leaf(heartbeat, 15_000),
    maxAgeMs: leaf(maxAge, 30 * MINUTE_MS),
    ahead: leaf(ahead, overflow?.value === "latest" ? 1 : 4),
    overflow: leaf(overflow, "wait"),
    minIntervalMs: minInterval,
    functions: functions.scope,
  };
}

function sourceOf(
  { call, follow }: Followed,
  calls: ReadonlyMap<Call, Entry>,
  topics: PlanTopics,
): PlanStream["source"] | undefined {
  const entry = call && calls.get(call);
  if (call !== undefined && entry !== undefined) return { kind: "call", call, entry };
  const topic = follow && topics.get(follow.topic);
  return follow && topic && { kind: "follow", topic, key: follow.key };
}

/** Plans the topics. Their names differ from each other and from those of calls. */
export function planTopics(model: Model, calls: ReadonlyMap<Call, Entry>): PlanTopics {
  const scope = new NameScope(
    undefined,
    [...calls.values()].map(({ name }) => name),
  );
  return new Map(
    model.topics.map((of) => [
      of.topic,
      {
        name: scope.take(`${lowerCamel(of.topic.name.value)}Topic`),
        of,
        entry: of.call && calls.get(of.call),
        keep: of.topic.keep ?? { value: 256, at: undefined },
      },
    ]),
  );
}

/** The topics that steps of these blocks read, and that rpcs follow, each once. */
export function topicsOf(
  blocks: readonly Pick<Block, "steps">[],
  methods: readonly BffMethod[],
  topics: PlanTopics,
): readonly PlanTopic[] {
  const read = blocks.flatMap(({ steps }) =>
    steps.flatMap(({ source }) => (source.kind === "latest" ? [source.topic] : [])),
  );
  const followed = methods.flatMap(({ stream, tags }) => [
    ...(stream?.follow === undefined ? [] : [stream.follow.topic]),
    ...(tags?.follows ?? []).map(({ topic }) => topic),
  ]);
  return [...new Set([...read, ...followed])].flatMap((topic) => topics.get(topic) ?? []);
}

/** @param message the message that composes the items */
export function planOpening(opening: Opening, message: Composed, around: Omit<PlanContext, "nameOf">): PlanOpening {
  const functions = around.functions(opening.desc.file);
  const nameOf = stepNames(opening, functions.scope);
  const handedOn = message.shared.flatMap((standIn) =>
    standIn.source.kind === "shared" && standIn.source.of.some((step) => opening.steps.includes(step))
      ? [{ standIn, step: standIn.source.of[0] as Step }]
      : [],
  );
  const read = new Set(handedOn.map(({ step }) => step));
  const { planned, steps, declared, shared, origins } = planSteps(opening, { ...around, nameOf }, read);
  const inherits = inheritedOrigins([...read], planned, origins);
  const started = steps.filter((step) => !step.sync && !step.immediate);
  const selective = around.selective.has(opening.desc.typeName);
  // A step that waits for others may be skipped.
  const waitedFor = new Set(selective ? [] : started.flatMap(({ step }) => certainReads(step)));
  const gives = handedOn.map(({ standIn, step }) => ({
    name: around.sharedNames.get(standIn.name ?? "") ?? nameOf(step),
    step: planned(step),
  }));
  return {
    composed: opening,
    name: functions.open(opening.desc),
    file: opening.file.desc,
    steps,
    declared,
    shared,
    admits: steps.some((step) => step.immediate) ? around.admits : undefined,
    awaited: started.filter(({ step }) => !waitedFor.has(step)),
    gives,
    inherits,
    neededFor: selective ? neededFor(declared, gives) : undefined,
    effectful: steps.some(({ effectful }) => effectful),
    optionalArgs: opening.args.members.filter((arg) => arg.variable.absent).map((arg) => arg.name),
    ...membersOf(around),
    needs: around.needs,
    functions: functions.scope,
  };
}

// The triggers of a live answer, and the calls that run again after each.
import type { Call } from "../../resolve/model/call.ts";
import { beginningOf, callOf, type LiveCall, LiveSteps, tagsOf } from "../../resolve/model/live-steps.ts";
import type { BffMethod, Model, Step } from "../../resolve/model/model.ts";
import type { Entry, Leaf, PlanTopics } from "../model/calls.ts";
import type { KeptCall, LiveRun, PlanLive } from "../model/live.ts";
import { liveInputs } from "./plan-caching.ts";

export function planLive(
  method: BffMethod,
  {
    model,
    calls,
    topics,
  }: { readonly model: Model; readonly calls: ReadonlyMap<Call, Entry>; readonly topics: PlanTopics },
): PlanLive | undefined {
  const { live } = method.ir;
  if (live === undefined) return undefined;
  const memberOf = (call: LiveCall): KeptCall | undefined => ("kind" in call ? topics.get(call) : calls.get(call));
  const steps = new LiveSteps(method, model, memberOf);
  const members = (all: readonly Step[]): readonly KeptCall[] => [
    ...new Set(all.flatMap((step) => callOf(step) ?? []).flatMap((call) => memberOf(call) ?? [])),
  ];
  const reached = new Set<Step>();
  const run = (text: string, changed: readonly Step[]): LiveRun => {
    const all = changed.length === 0;
    const after = all ? new Set(steps.calling) : steps.after(changed);
    for (const step of after) reached.add(step);
    const [runs, keeps] = [true, false].map((runs) => steps.calling.filter((step) => after.has(step) === runs));
    const names = (some: readonly Step[] | undefined): readonly string[] =>
      (some ?? []).map((step) => nameOf(step, steps, method));
    return { text, runs: all ? undefined : members(runs ?? []), steps: names(runs), keeps: names(keeps) };
  };
  const { tags = [], follows = [] } = method.tags ?? {};
  const leaf = (setting: Leaf<number> | undefined, standard: number): Leaf<number> =>
    setting ?? { value: standard, at: undefined };
  const on = tags.map(({ text, parts }) =>
    run(
      text.value,
      steps.calling.filter((step) => tagsOf(step).includes(beginningOf(parts))),
    ),
  );
  const followed = follows.flatMap(({ topic, key }) => {
    const planned = topics.get(topic);
    const untagged = steps.calling.filter(
      (step) => callOf(step)?.includes(topic) === true || tagsOf(step).length === 0,
    );
    return planned === undefined ? [] : [{ ...run(`topic ${topic.name.value}`, untagged), topic: planned, key }];
  });
  return {
    of: live,
    shared: liveInputs(method, model),
    on,
    follows: followed,
    calls: members(steps.calling),
    everyMs: live.every?.value,
    minIntervalMs: leaf(live.minInterval, 1_000),
    jitter: leaf(live.jitter, 0.1),
    maxAgeMs: leaf(live.maxAge, 1_800_000),
    heartbeatMs: method.positionField && leaf(live.heartbeat, 15_000),
    unreached: live.every === undefined ? steps.calling.filter((step) => !reached.has(step)) : [],
  };
}

/** `order`, or `Line.product` for a step of another message than the answer. */
function nameOf(step: Step, { owner }: LiveSteps, { composed }: BffMethod): string {
  const name = step.name ?? "(no name)";
  const message = owner.get(step);
  if (message === undefined || message === composed.desc.typeName) return name;
  return `${message.slice(message.lastIndexOf(".") + 1)}.${name}`;
}

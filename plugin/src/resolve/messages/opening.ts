// Messages that are composed per item of a stream: steps that do not depend on the item run once, before the source
// opens.

import type { Variable } from "../../cel/index.ts";
import { fault } from "../../diagnostic/diagnostic.ts";
import { sortByDependency } from "../../graph/graph.ts";
import { composesOf, expressionsIn } from "../model/blocks.ts";
import type { Composed, Opening, Step } from "../model/model.ts";
import { WITHOUT_OPTIONS } from "../model/undeclared-step.ts";
import type { Run } from "../steps/context.ts";

export interface Opened {
  readonly composed: ReadonlyMap<string, Composed>;
  /** By the name of the message. */
  readonly openings: ReadonlyMap<string, Opening>;
}

/** Takes out of messages that streams compose the steps that run once for all of their items. */
export function takeOpenings(run: Run, all: ReadonlyMap<string, Composed>): Opened {
  const composed = new Map<string, Composed>();
  const openings = new Map<string, Opening>();
  for (const [name, message] of all) {
    const taken = takeOpening(run, message);
    composed.set(name, taken?.message ?? message);
    if (taken !== undefined) openings.set(name, taken.opening);
  }
  return { composed, openings };
}

function takeOpening(run: Run, message: Composed): { message: Composed; opening: Opening } | undefined {
  const places = run.places.get(message.desc.typeName) ?? [];
  const items = new Set(places.flatMap(({ item }) => item ?? []));
  if (items.size === 0) return undefined;
  const perItem = restingOnItem(message, items);
  const once = message.steps.filter((step) => !perItem.has(step));
  const [first] = once;
  if (first === undefined) return undefined;
  const other = places.find(({ item }) => item === undefined);
  if (other !== undefined) {
    const called = first.name === undefined ? "one of its steps" : `its step "${first.name}"`;
    return fault(run.report, "BFF627", first.ir.name?.at ?? first.ir.at, {
      message: `"${message.desc.name}" is composed by a stream, where ${called} runs once, and by ${other.what}, where it runs each time`,
      related: [{ at: other.at, message: other.what }],
      hint: `give the stream another message, which composes "${message.desc.name}"; or write \`after: ["${[...items][0]}"]\` in the step, so that it runs per item`,
    });
  }
  return split(message, once, items);
}

/**
 * Returns the steps that read the item, name it in `after`, or depend on such steps. Functions of the user are
 * included, because they run for each response.
 */
function restingOnItem(message: Composed, items: ReadonlySet<string>): ReadonlySet<Step> {
  const ofItem = new Set<Variable>(
    message.args.members.filter(({ name }) => items.has(name)).map(({ variable }) => variable),
  );
  const found = new Set<Step>();
  for (const step of sortByDependency(message.steps, (dependent) => [...dependent.reads, ...dependent.after]).order) {
    const itself =
      step.source.kind === "resolver" ||
      step.ir.after.some(({ value }) => items.has(value)) ||
      expressionsIn({ steps: [step], targets: [] }).some(({ reads }) =>
        reads.some(({ variable }) => ofItem.has(variable)),
      );
    if (itself || [...step.reads, ...step.after].some((before) => found.has(before))) found.add(step);
  }
  return found;
}

function split(message: Composed, once: readonly Step[], items: ReadonlySet<string>) {
  const kept = message.steps.filter((step) => !once.includes(step));
  const read = new Set<Variable>([
    ...expressionsIn({ steps: kept, targets: message.targets }).flatMap(({ reads }) =>
      reads.map(({ variable }) => variable),
    ),
    ...kept.flatMap(({ reads }) => reads.flatMap(({ variable }) => variable ?? [])),
  ]);
  const standIns = new Map(
    once.flatMap((step) =>
      step.variable !== undefined && readsIt(read, step.variable)
        ? [[step, standIn(step, step.variable)] as const]
        : [],
    ),
  );
  // No step needs to wait for steps that have ended before the source opens.
  const others = new Map<Step, Step>();
  const now = (step: Step): Step => standIns.get(step) ?? others.get(step) ?? step;
  for (const step of sortByDependency(kept, (dependent) => [...dependent.reads, ...dependent.after]).order) {
    const after = step.after.filter((earlier) => !once.includes(earlier)).map(now);
    others.set(step, { ...step, reads: step.reads.map(now), after });
  }
  const members = message.args.members.filter(({ name }) => !items.has(name));
  const { kind: _kind, targets: _targets, resolver, clients: _clients, ...rest } = message;
  const args = { ...message.args, members: members };
  // Steps of the service that composed messages read are not counted here.
  const composes = once.some(({ source }) => composesOf(source).length > 0);
  const waited = new Set(once.flatMap(({ reads, after }) => [...reads, ...after]));
  const shared = message.shared.filter((step) => composes || waited.has(step));
  const opening: Opening = { ...rest, kind: "opening", args, shared, steps: once, targets: [] };
  return {
    message: {
      ...message,
      shared: [...message.shared, ...standIns.values()],
      steps: kept.map(now),
      resolver: resolver && now(resolver),
    },
    opening,
  };
}
const readsIt = (read: ReadonlySet<Variable>, variable: Variable): boolean =>
  read.has(variable) || (variable.failure !== undefined && read.has(variable.failure));

/** Returns the step that represents a step of the opening for each item, like one for a step of a service. */
function standIn(step: Step, variable: Variable): Step {
  return {
    ...step,
    name: step.name ?? variable.name,
    source: { kind: "shared", of: [step] },
    ...WITHOUT_OPTIONS,
  };
}

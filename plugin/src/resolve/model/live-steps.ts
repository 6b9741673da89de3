// Steps of a live answer that run again after a change: those of the change, and all that read them.

import { reachable } from "../../graph/graph.ts";
import type { IrTopic } from "../../ir/step.ts";
import { callsOf, composedBy, composesOf, messagesByName } from "./blocks.ts";
import type { Call } from "./call.ts";
import type { BffMethod, Model, Step } from "./model.ts";

/** A call of a step, or the topic whose newest item it reads. */
export type LiveCall = Call | IrTopic;

/** The steps of a live answer: those of its service that it starts, and those of all messages that it composes. */
export class LiveSteps {
  /** All steps with a call, in order. */
  readonly calling: readonly Step[];
  /** The name of the message that holds a step; undefined for a step of the service. */
  readonly owner: ReadonlyMap<Step, string | undefined>;
  /** The steps that compose each message. */
  readonly #composers = new Map<string, Step[]>();
  readonly #inside = new Map<string, readonly Step[]>();
  readonly #all: readonly Step[];
  readonly #same: (call: LiveCall) => unknown;

  /** @param same returns the same value for calls that share a member of the app object, which run together */
  constructor({ composed, shared }: BffMethod, { messages }: Model, same: (call: LiveCall) => unknown) {
    const byName = messagesByName(messages);
    const reached = reachable([composed, ...composedBy(shared, byName)], ({ steps }) => composedBy(steps, byName));
    const owner = new Map<Step, string | undefined>(shared.map((step) => [step, undefined]));
    for (const { desc, steps } of reached) {
      this.#inside.set(desc.typeName, steps);
      for (const step of steps) owner.set(step, desc.typeName);
    }
    this.owner = owner;
    this.#all = [...owner.keys()];
    this.#same = same;
    for (const step of this.#all)
      for (const { message } of composesOf(step.source))
        this.#composers.set(message.typeName, [...(this.#composers.get(message.typeName) ?? []), step]);
    this.calling = this.#all.filter((step) => callOf(step) !== undefined || step.source.kind === "resolver");
  }
  /** Returns the steps whose values a change of these steps may change, with those. */
  after(changed: readonly Step[]): ReadonlySet<Step> {
    const values = new Set(changed);
    const inputs = new Set<Step>();
    const together = new Set<unknown>();
    for (let size = -1; size !== values.size + inputs.size; ) {
      size = values.size + inputs.size;
      for (const step of values) for (const call of callOf(step) ?? []) together.add(this.#same(call));
      for (const step of this.#all) {
        if (this.#readsAny(step, values) || this.#isBelow(step, inputs)) inputs.add(step);
        if (inputs.has(step) || this.#holdsAny(step, values) || this.#runsWith(step, together)) values.add(step);
      }
    }
    return values;
  }
  /** Reports whether a step reads one of these, itself or as the step of a service. */
  #readsAny({ reads, after }: Step, values: ReadonlySet<Step>): boolean {
    return [...reads, ...after].some(
      (read) => values.has(read) || (read.source.kind === "shared" && read.source.of.some((step) => values.has(step))),
    );
  }
  /** Reports whether its message is composed with other arguments. */
  #isBelow(step: Step, inputs: ReadonlySet<Step>): boolean {
    const composers = this.#composers.get(this.owner.get(step) ?? "") ?? [];
    return composers.some((composer) => inputs.has(composer));
  }
  #holdsAny({ source }: Step, values: ReadonlySet<Step>): boolean {
    return composesOf(source).some(({ message }) =>
      (this.#inside.get(message.typeName) ?? []).some((step) => values.has(step)),
    );
  }
  #runsWith(step: Step, together: ReadonlySet<unknown>): boolean {
    return callOf(step)?.some((call) => together.has(this.#same(call))) === true;
  }
}

/** Returns the calls of a step; undefined: it makes none. */
export function callOf({ source }: Step): readonly LiveCall[] | undefined {
  if (source.kind === "latest") return [source.topic];
  const calls = callsOf(source);
  return calls.length === 0 ? undefined : calls;
}

/** Returns the constant beginnings of the tags of a step's calls. */
export function tagsOf({ source }: Step): readonly string[] {
  return callsOf(source).flatMap(({ policy }) => policy.cache.tags.map(({ parts }) => beginningOf(parts)));
}

/** Returns the text of a tag before its first hole. */
export const beginningOf = ([first]: readonly unknown[]): string => (typeof first === "string" ? first : "");

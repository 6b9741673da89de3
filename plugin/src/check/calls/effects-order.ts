import { fault, type Report } from "../../diagnostic/diagnostic.ts";
import { reachable } from "../../graph/graph.ts";
import {
  blocksOf,
  callsOf,
  composedBy,
  composesOf,
  type EffectTable,
  effectTable,
  messagesByName,
  restingOn,
  restsOn,
} from "../../resolve/model/blocks.ts";
import type { Call } from "../../resolve/model/call.ts";
import type { Composed, Model, Step } from "../../resolve/model/model.ts";
import { type Check, nameOf } from "../check.ts";
import { vouchHint } from "./vouched-writes.ts";

/**
 * Reports calls with side effects in one response without a definite order. An order exists if one call reads the other
 * or starts after it, directly or through others, and if an `each` runs item by item. Steps with `unordered` need no
 * order.
 */
export const effectsOrder: Check = {
  rules: {
    BFF502:
      "Two calls with side effects have an order. Without an order they run in parallel, and a failure of one leaves the other done or undone by chance.",
    BFF504:
      "Calls of an `each` with side effects run one after the other. In parallel, chance decides which calls are done when one fails.",
  },
  run(model, report) {
    const effects = effectTable(model.messages);
    const orElse = hinting(model);
    checkShared(model, effects, orElse, report);
    for (const message of blocksOf(model)) {
      const steps = message.steps.filter(effects.step);
      for (const step of steps) {
        if (step.source.kind !== "each" || step.source.concurrent === 1 || step.unordered) continue;
        const { source } = step.ir;
        fault(report, "BFF504", (source?.kind === "each" ? source.concurrent?.at : undefined) ?? step.ir.at, {
          message: `the items of ${nameOf(step)} have side effects, and up to ${step.source.concurrent} run in parallel`,
          hint: orElse([step], "add `concurrent: 1` to the `each`, or `unordered: true` to the step"),
        });
      }
      checkOrder(steps, message.steps, orElse, report);
    }
  },
};

/** Returns the hint to order steps, after the hint to declare that no order is needed, if that is possible. */
type Hinting = (steps: readonly Step[], order: string) => string;

function hinting(model: Model): Hinting {
  const byName = messagesByName(model.messages);
  const below = (step: Step): readonly Step[] => composedBy([step], byName).flatMap(({ steps }) => steps);
  return (steps, order) => {
    const calls: Call[] = reachable(steps, below).flatMap(({ source }) => callsOf(source));
    const vouch = vouchHint(calls);
    return vouch === undefined ? order : `${vouch}; otherwise ${order}`;
  };
}

/** Reports as few pairs as possible: a pair that an earlier hint orders is not reported again. */
function checkOrder(effectful: readonly Step[], all: readonly Step[], orElse: Hinting, report: Report): void {
  const hints = new Map<Step, Step[]>();
  const waitsFor = (step: Step): readonly Step[] => [...step.reads, ...step.after, ...(hints.get(step) ?? [])];
  for (const [i, later] of effectful.entries()) {
    const resting = restingOn(later, all, waitsFor);
    let before = new Set(reachable([later], waitsFor));
    for (const earlier of effectful.slice(0, i).reverse()) {
      if (before.has(earlier) || resting.has(earlier) || (earlier.unordered && later.unordered)) continue;
      hints.set(later, [...(hints.get(later) ?? []), earlier]);
      before = new Set(reachable([later], waitsFor));
      fault(report, "BFF502", later.ir.at, {
        message: `${nameOf(earlier)} and ${nameOf(later)} have side effects, and nothing sets their order`,
        related: [{ at: earlier.ir.at, message: `${nameOf(earlier)} is here` }],
        hint: orElse(
          [earlier, later],
          `add \`after: "${earlier.name ?? "…"}"\` to ${nameOf(later)}, let one read the other, or add \`unordered: true\` to both`,
        ),
      });
    }
  }
}

/**
 * Reports a service's steps without an order to the side effects of messages. Critical steps come before these anyway.
 * Any other step must be read by them or named in their `after`, or by a step that composes them.
 */
function checkShared(model: Model, effects: EffectTable, orElse: Hinting, report: Report): void {
  const byName = messagesByName(model.messages);
  for (const { composed: root, shared } of model.files.flatMap(({ services }) =>
    services.flatMap((service) => service.methods),
  )) {
    const open = shared.filter((step) => step.supplementary && effects.step(step));
    if (open.length === 0) continue;
    const seen = new Map<Composed, Set<Step>>();
    const places: { readonly message: Composed; readonly unordered: readonly Step[] }[] = [
      { message: root, unordered: open },
    ];
    for (let place = places.pop(); place !== undefined; place = places.pop()) {
      const { message } = place;
      const before = seen.get(message) ?? new Set();
      const left = place.unordered.filter((step) => !before.has(step));
      if (left.length === 0) continue;
      seen.set(message, new Set([...before, ...left]));
      for (const later of message.steps.filter(effects.step)) {
        const rests = sharedBehind(later);
        const missing = left.filter((step) => !rests.has(step) && !(step.unordered && later.unordered));
        const [earlier] = missing;
        if (earlier === undefined) continue;
        if (callsOf(later.source).some((call) => call.effects !== "none")) {
          fault(report, "BFF502", later.ir.at, {
            message: `${nameOf(earlier)} of the service and ${nameOf(later)} have side effects, and nothing sets their order`,
            related: [{ at: earlier.ir.at, message: `${nameOf(earlier)} is here` }],
            hint: orElse(
              [earlier, later],
              `add \`after: "${earlier.name ?? "…"}"\` to ${nameOf(later)}, make ${nameOf(earlier)} critical, or add \`unordered: true\` to both`,
            ),
          });
        }
        for (const { message: desc } of composesOf(later.source)) {
          const child = byName.get(desc.typeName);
          if (child !== undefined) places.push({ message: child, unordered: missing });
        }
      }
    }
  }
}
/** Returns the steps of services that a step waits for, directly or through others. */
function sharedBehind(step: Step): ReadonlySet<Step> {
  const direct = [...restsOn(step)].flatMap(({ source }) => (source.kind === "shared" ? source.of : []));
  return new Set(direct.flatMap((of) => [of, ...restsOn(of)]));
}

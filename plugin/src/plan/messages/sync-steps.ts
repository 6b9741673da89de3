// Steps that are plain values for their readers: no promise is awaited.
import type { Model, Opening, Step } from "../../resolve/model/model.ts";
import { isSync } from "./plan-message.ts";

/**
 * Steps of services that are plain values. One that a message reads for another service as a promise is a promise, too:
 * the message has one type.
 */
export function syncShared(model: Model): ReadonlySet<Step> {
  const promised = new Set<Step>();
  const opened = new Set(model.openings.flatMap(({ steps }) => steps));
  for (;;) {
    const sync = new Set<Step>();
    for (const { steps } of model.lets) {
      const open = [...steps];
      const done = new Set<Step>();
      for (let step = open.pop(); step !== undefined; step = open.pop()) {
        if (done.has(step)) continue;
        const missing = step.reads.filter((read) => !done.has(read));
        if (missing.length > 0) {
          open.push(step, ...missing);
          continue;
        }
        done.add(step);
        if (!promised.has(step) && isSync(step, (read) => sync.has(read))) sync.add(step);
      }
    }
    const mixed = model.messages
      .flatMap(({ shared }) => shared)
      .flatMap(({ source }) =>
        source.kind === "shared" && !source.of.some((step) => opened.has(step)) ? [source.of] : [],
      )
      .filter((of) => !of.every((step) => sync.has(step)))
      .flatMap((of) => of.filter((step) => sync.has(step)));
    if (mixed.length === 0) return syncOpened(model.openings, sync);
    for (const step of mixed) promised.add(step);
  }
}

/** Steps of openings that are plain values. */
function syncOpened(openings: readonly Opening[], shared: ReadonlySet<Step>): ReadonlySet<Step> {
  const all = new Set(shared);
  for (const { steps } of openings) {
    const isValue = (step: Step): boolean =>
      step.source.kind === "shared" ? step.source.of.every((of) => all.has(of)) : all.has(step);
    const open = [...steps];
    // A later pass finds the values that a step reads, whatever the order of declaration.
    for (let changed = true; changed; ) {
      changed = false;
      for (const step of open)
        if (!all.has(step) && isSync(step, isValue)) {
          all.add(step);
          changed = true;
        }
    }
  }
  return all;
}

// Limits for the worlds: those of the runtime, and others to compare them with.
import { AdaptiveLimit } from "../../../../runtime/src/guard/adaptive-limit.ts";
import { Limit } from "../../../../runtime/src/guard/limit.ts";
import type { Timeline } from "./timeline.ts";
import type { Guard } from "./world.ts";

export function fixed(concurrent: number, queued = 1_000): Guard {
  const limit = new Limit({ concurrent, queued });
  return {
    get state() {
      return limit.state;
    },
    enter: (waiter) => limit.enter(waiter),
    leave: (waiter) => limit.leave(waiter),
    release: () => limit.release(),
    answered: () => {},
    refused: () => {},
  };
}

export function adaptive(time: Timeline, most = 1_000, kinds = 1, queued = 1_000): Guard {
  const limit = new AdaptiveLimit({ concurrent: most, queued }, time);
  return {
    get state() {
      return limit.state;
    },
    enter: (waiter) => limit.enter(waiter),
    leave: (waiter) => limit.leave(waiter),
    release: () => limit.release(),
    answered: (ms, sentAt, now, flight) =>
      limit.answered(limit.paceOf(kinds > 1 && ms > 100 ? "long" : ""), sentAt, now, flight),
    refused: (_, now, flight) => limit.refused(now, flight),
  };
}

/** A foreign rule for limits: receives one answer, and returns the new limit. */
export type Rule = (ms: number, taken: number, dropped: boolean, now: number) => number;

/** Returns a limit by such a rule, without a queue, as in Netflix's and Envoy's. */
export function ruled(rule: Rule, start: number): Guard {
  let limit = start;
  let taken = 0;
  return {
    get state() {
      return { taken, most: limit, waiting: 0 };
    },
    enter: () => {
      if (taken >= limit) return "full";
      taken++;
      return "go";
    },
    leave: () => {},
    release: () => {
      taken--;
    },
    answered: (_, sentAt, now) => {
      limit = rule(now - sentAt, taken, false, now);
    },
    refused: (sentAt, now) => {
      limit = rule(now - sentAt, taken, true, now);
    },
  };
}

/** Netflix's windows: the mean of a second, or of ten answers if these take longer. */
function windowed(
  update: (mean: number, taken: number, dropped: boolean) => number,
  start: number,
  windowMs: number,
): Rule {
  let from = 0;
  let sum = 0;
  let count = 0;
  let peak = 0;
  let dropped = false;
  let limit = start;
  return (ms, taken, drop, now) => {
    sum += ms;
    count++;
    peak = Math.max(peak, taken);
    dropped ||= drop;
    if (now - from < windowMs || count < 10) return limit;
    limit = Math.floor(update(sum / count, peak, dropped));
    from = now;
    sum = 0;
    count = 0;
    peak = 0;
    dropped = false;
    return limit;
  };
}

/** By the formula of concurrency-limits' Gradient2Limit: a mean of a second over a mean of ten minutes. */
export function gradient2(most: number, windowMs = 1_000): Rule {
  let limit = 20;
  let long = 0;
  let seen = 0;
  return windowed(
    (short, taken) => {
      seen++;
      long = seen <= 10 ? long + (short - long) / seen : long + (short - long) * (2 / 601);
      if (long / short > 2) long *= 0.95;
      if (taken < limit / 2) return limit;
      const gradient = Math.max(0.5, Math.min(1, (1.5 * long) / short));
      limit = Math.max(20, Math.min(most, limit * 0.8 + (limit * gradient + 4) * 0.2));
      return limit;
    },
    20,
    windowMs,
  );
}

/** By the formula of its VegasLimit, over windows. */
export function vegas(most: number, random: () => number, windowMs = 1_000): Rule {
  let limit = 20;
  let least = 0;
  let probes = 0;
  let jitter = 0.5 + random() / 2;
  return windowed(
    (ms, taken, dropped) => {
      if (++probes >= jitter * 30 * limit) {
        jitter = 0.5 + random() / 2;
        probes = 0;
        least = ms;
        return limit;
      }
      if (least === 0 || ms < least) {
        least = ms;
        return limit;
      }
      const log = Math.max(1, Math.floor(Math.log10(limit)));
      const queue = Math.ceil(limit * (1 - least / ms));
      if (dropped) limit -= log;
      else if (taken * 2 < limit) return limit;
      else if (queue <= log) limit += 6 * log;
      else if (queue < 3 * log) limit += log;
      else if (queue > 6 * log) limit -= log;
      limit = Math.max(1, Math.min(most, limit));
      return limit;
    },
    20,
    windowMs,
  );
}

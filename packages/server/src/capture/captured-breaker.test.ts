import { systemClock } from "@protobff/runtime/internal/clock";
import { Breaker } from "@protobff/runtime/internal/guard/breaker";
import { expect, test } from "vitest";
import { type Decider, tapOf } from "./guards.ts";

const POLICY = { windowMs: 10_000, minimum: 100, errorRate: 0.5, openMs: 10_000, probes: 1, consecutive: 1 };

/** A breaker that one failed call has opened, behind a decider. */
function opened(allows: Decider["allows"]): Breaker {
  const breaker = new Breaker(POLICY, systemClock);
  tapOf("price", systemClock, { allows, enters: (_, waiter, real) => real(waiter) }).guard(breaker);
  const ticket = breaker.admit() ?? 0;
  breaker.sample(ticket, false);
  breaker.callFailed(ticket, breaker.position, undefined);
  expect(breaker.state).toBe("open");
  return breaker;
}

test("an attempt that a capture has admitted is admitted in the replay, whose own breaker is open", () => {
  const breaker = opened(() => true);
  const admitted = breaker.admit();
  expect(admitted).toBeDefined();
  breaker.sample(admitted ?? 0, true);
  expect(breaker.state).toBe("open");
});

test("to admit an attempt is one decision in each state of the breaker", () => {
  const decisions: boolean[] = [];
  const breaker = opened((_, real) => {
    decisions.push(real());
    return decisions.at(-1) === true;
  });
  expect(breaker.admit()).toBeUndefined();
  expect(decisions).toEqual([true, false]);
});

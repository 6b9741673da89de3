// The state of each kind of places is read through the capture, also where a class inherits it.
import { systemClock } from "@protobff/runtime/internal/clock";
import { AdaptiveLimit } from "@protobff/runtime/internal/guard/adaptive-limit";
import { hasPlace, Limit, type Places } from "@protobff/runtime/internal/guard/limit";
import { ArrivalQueue, QueuedLimit } from "@protobff/runtime/internal/guard/queued-limit";
import { expect, test } from "vitest";
import { type Decider, tapOf } from "./guards.ts";

const POLICY = { concurrent: 1, queued: 1 };
const KINDS: Readonly<Record<string, () => Places>> = {
  Limit: () => new Limit(POLICY),
  AdaptiveLimit: () => new AdaptiveLimit(POLICY, systemClock),
  QueuedLimit: () => new QueuedLimit(1, new ArrivalQueue(1), systemClock),
};

test.each(Object.keys(KINDS))("a free place of %s is seen, and a decider may take it", (kind) => {
  const places = KINDS[kind]!();
  let isAllowed = true;
  const decider: Decider = {
    allows: (_, real) => isAllowed && real(),
    enters: (_, waiter, real) => real(waiter),
  };
  tapOf("price", systemClock, decider).guard(places as never);
  expect(hasPlace(places)).toBe(true);
  isAllowed = false;
  expect(hasPlace(places)).toBe(false);
});

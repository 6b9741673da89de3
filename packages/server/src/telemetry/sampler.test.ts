import { FakeClock } from "@protobff/runtime/internal/testing/fake-clock";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Ids } from "../random-ids.ts";
import { isSampled, PerSecond } from "./sampler.ts";

const id = fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 32, maxLength: 32 });
const share = fc.double({ min: 0, max: 1, noNaN: true });

test("a trace sampled at a smaller share is sampled at every larger share", () => {
  fc.assert(
    fc.property(id, share, share, (traceId, a, b) => {
      if (isSampled(traceId, Math.min(a, b))) expect(isSampled(traceId, Math.max(a, b))).toBe(true);
    }),
  );
});
test("a share of one samples all traces, and a share of zero none", () => {
  fc.assert(
    fc.property(id, (traceId) => {
      expect([isSampled(traceId, 0), isSampled(traceId, 1), isSampled(traceId, Number.NaN)]).toEqual([
        false,
        true,
        false,
      ]);
    }),
  );
  expect(isSampled("f".repeat(32), Number.MIN_VALUE)).toBe(false);
});
test("the sampled part of random ids is close to the share", () => {
  const ids = new Ids();
  for (const ratio of [0.01, 0.1, 0.5]) {
    let sampled = 0;
    for (let i = 0; i < 20_000; i++) if (isSampled(ids.long(), ratio)) sampled++;
    expect(Math.abs(sampled / 20_000 - ratio)).toBeLessThan(0.02);
  }
});
test("the first half of an id has no influence, because it may not be random", () => {
  const tail = "0123456789abcd";
  for (const ratio of [0.1, 0.5, 0.9]) {
    expect(isSampled("0".repeat(18) + tail, ratio)).toBe(isSampled("f".repeat(18) + tail, ratio));
  }
});
test("the number of samples per second is limited", () => {
  const clock = new FakeClock();
  const limit = new PerSecond(3, clock);
  const taken = (): number => Array.from({ length: 5 }, () => limit.take()).filter(Boolean).length;
  expect(taken()).toBe(3);
  clock.skip(999);
  expect(taken()).toBe(0);
  clock.skip(1);
  expect(taken()).toBe(3);
});
test("ids are not zero, and are unique", () => {
  let fills = 0;
  const ids = new Ids((bytes) => {
    bytes.fill(0);
    if (fills++ > 0) bytes[20] = 1;
  });
  expect(ids.short()).not.toBe("0".repeat(16));
  expect(fills).toBe(2);
  const real = new Ids();
  const all = Array.from({ length: 5_000 }, () => real.short());
  expect(new Set(all).size).toBe(5_000);
  expect(all.every((text) => /^[0-9a-f]{16}$/.test(text))).toBe(true);
});

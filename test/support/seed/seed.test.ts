import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { sampled } from "./sampled.ts";
import { seedOf } from "./seed.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

test("a run has a seed, and properties begin with it", () => {
  expect(seedOf()).toMatch(/^\d{1,10}$/);
  expect(fc.readConfigureGlobal()).toEqual({ seed: Number(seedOf()) });
  const twice = [1, 2].map(() => fc.sample(fc.nat(), 5));
  expect(twice[0]).toEqual(twice[1]);
  expect(fc.check(fc.property(fc.nat(), () => true)).seed).toBe(Number(seedOf()));
});
test("a test's own variable takes precedence", () => {
  vi.stubEnv("PROTOBFF_SEED", "7");
  expect(seedOf("PROTOBFF_TEST_SEED")).toBe("7");
  vi.stubEnv("PROTOBFF_TEST_SEED", "8");
  expect(seedOf("PROTOBFF_TEST_SEED")).toBe("8");
});
test("runs with consecutive seeds sample all cases", () => {
  const cases = [..."abcdefgh"];
  const parts = ["7", "8", "9", "10", "11"].map((seed) => {
    vi.stubEnv("PROTOBFF_SEED", seed);
    return sampled(cases);
  });
  expect(parts.flat().sort()).toEqual(cases);
  vi.stubEnv("PROTOBFF_SHARE", "1");
  expect(sampled(cases)).toEqual(cases);
});

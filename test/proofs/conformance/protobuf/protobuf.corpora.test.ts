// protobuf's official suite through a generated BFF, and random bytes beside Go and Python's upb. The whole is
// `npm run conformance:protobuf`.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seedOf } from "../../../support/seed/seed.ts";
import { runConformance } from "./conformance.ts";
import { compareCases, compareWithPeers } from "./differential.ts";
import { openWorld, type World } from "./world.ts";
import { compareWritten } from "./written.ts";

describe.skipIf(process.env.PROTOBFF_WITHOUT_PROTOBUF_RUNNER === "1")("protobuf's conformance", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld();
  });
  afterAll(() => world.close());

  test.each([
    ["requests", 5_567],
    ["answers", 5_567],
    ["alias copies", 5_567],
    ["answers without Struct", 1_476],
  ] as const)(
    "all cases pass in %s, but the listed ones",
    async (way, count) => {
      const { passed, failed, known } = await runConformance(world, way);
      expect(failed).toEqual([]);
      expect(passed + known).toBe(count);
    },
    600_000,
  );
});

const withoutPeers = process.env.PROTOBFF_WITHOUT_GO === "1" || process.env.PROTOBFF_WITHOUT_PYTHON_PROTOBUF === "1";
describe.skipIf(withoutPeers)("bytes beside Go and upb", () => {
  test("the decisions of test/proofs/codec are theirs", async () => {
    expect(await compareCases()).toEqual([]);
  });
  test("5,000 random inputs are read as Go or upb reads them", async () => {
    const { readable, failures } = await compareWithPeers({ count: 5_000, seed: Number(seedOf()) });
    expect(failures).toEqual([]);
    expect(readable).toBeGreaterThan(1_000);
  }, 300_000);
  test("5,000 random messages are written as JSON as Go and upb write them", async () => {
    const { readable, failures } = await compareWritten({ count: 5_000, seed: Number(seedOf()) });
    expect(failures).toEqual([]);
    expect(readable).toBeGreaterThan(1_000);
  }, 300_000);
});

// Holds docs/runtime.md#server
import { expect, test } from "vitest";
import { seedOf } from "../../support/seed/seed.ts";
import { fuzzServer } from "./server.ts";
import { makeServerCase } from "./server-cases.ts";

test("1,000 damaged requests get a status or a closed connection", async () => {
  const { cases, answered, requests, failures } = await fuzzServer({
    cases: 1000,
    seed: Number(seedOf()),
    only: undefined,
  });
  expect(failures).toEqual([]);
  expect(cases).toBe(1000);
  expect(answered).toBeGreaterThan(600);
  expect(requests.fast).toBeGreaterThan(400);
}, 120_000);

test.each([2981])("case %i, which once ended the process, does no harm", async (only) => {
  expect((await fuzzServer({ cases: 1, seed: 1, only })).failures).toEqual([]);
});

test("a seed and a number always give the same case", () => {
  expect(makeServerCase(3, 17)).toEqual(makeServerCase(3, 17));
  expect(makeServerCase(3, 17)).not.toEqual(makeServerCase(4, 17));
});

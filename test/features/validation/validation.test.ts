// A few random protos with rules, and a few messages of each; validation.corpora.test.ts has more, and main.ts any
// number of a seed.
import { expect, test } from "vitest";
import { seedOf } from "../../support/seed/seed.ts";
import { compare } from "./compare.ts";

const SEED = seedOf("PROTOBFF_VALIDATION_SEED");
const SETS = 3;

test.each(Array.from({ length: SETS }, (_, i) => `${SEED}-${i}`))(
  "random rules give the same violations of random messages as protovalidate, seed %s",
  { timeout: 120_000 },
  async (seed) => {
    const { differences } = await compare(seed, 40);
    expect(differences.slice(0, 3)).toEqual([]);
  },
);

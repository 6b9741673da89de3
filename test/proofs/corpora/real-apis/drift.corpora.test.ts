// APIs of others, passed on whole and then changed at random: each change of an element that clients see is reported, at any depth.
import { afterAll, describe, expect, test } from "vitest";
import { faultOf, lockOf, observe } from "../../../features/lock/random/judge.ts";
import { seedOf } from "../../../support/seed/seed.ts";
import { randomFrom } from "../../fuzz/random.ts";
import { FAMILIES, MORE_FAMILIES } from "./packages.ts";
import { passOn } from "./pass-on.ts";

const SEED = Number(seedOf("PROTOBFF_DRIFT_SEED"));
const EDITS = Number(process.env.PROTOBFF_DRIFT_EDITS ?? 12);

describe("drift of real APIs", () => {
  let used = 0;
  let unused = 0;
  afterAll(() => console.log(`seed ${SEED}: ${used} changes of used elements, ${unused} of others`));

  test.each([...FAMILIES, ...MORE_FAMILIES])(
    "$name",
    (family) => {
      const random = randomFrom(SEED);
      const subject = passOn(family, random);
      if (subject === undefined) return;
      const lock = lockOf(subject);
      for (let i = 0; i < EDITS; i++) {
        const found = observe(subject, lock, random);
        if (found === undefined) continue;
        expect({ seed: SEED, edit: found.edit.text, fault: faultOf(found) }).toEqual({
          seed: SEED,
          edit: found.edit.text,
          fault: undefined,
        });
        if (found.isUsed) used++;
        else unused++;
      }
    },
    120_000,
  );
});

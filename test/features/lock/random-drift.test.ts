// Random changes of random upstreams beneath random uses: each change of a used element is reported, no other one is.
import { beforeAll, describe, expect, test } from "vitest";
import { randomFrom } from "../../proofs/fuzz/random.ts";
import { seedOf } from "../../support/seed/seed.ts";
import { faultOf, lockOf, type Observation, observe } from "./random/judge.ts";
import { subjectsOf } from "./random/subjects.ts";

const SEED = Number(seedOf("PROTOBFF_DRIFT_SEED"));
const WORLDS = Number(process.env.PROTOBFF_DRIFT_WORLDS ?? 40);
/** The seed of the planted mistakes. */
const PLANTED = 4;
const EDITS = Number(process.env.PROTOBFF_DRIFT_EDITS ?? 12);

/** The reports of the changes of a run. `lockFor` returns the lock to compare with. */
function* run(seed: number, worlds: number, lockFor: (lock: string) => string = (lock) => lock) {
  const random = randomFrom(seed + 1);
  for (const [index, subject] of subjectsOf(seed, worlds).entries()) {
    const lock = lockFor(lockOf(subject));
    for (let i = 0; i < EDITS; i++) {
      const found = observe(subject, lock, random);
      if (found !== undefined) yield { index, ...found };
    }
  }
}

type Elements = Record<string, { used_by: string[] }>;
/** Removes the elements that only options of one kind use. */
function without(kind: string, lock: string): string {
  const document = JSON.parse(lock) as { files: Record<string, Elements> };
  for (const elements of Object.values(document.files))
    for (const [name, { used_by: options }] of Object.entries(elements))
      if (options.every((option) => option.endsWith(kind))) delete elements[name];
  return JSON.stringify(document);
}

const AT = { file: "", line: 1, column: 1, endLine: 1, endColumn: 1 };
const NEEDLESS = {
  code: "BFF911",
  severity: "error",
  message: "",
  at: AT,
  related: [{ at: AT, message: "" }],
} as const;

describe("random drift", () => {
  test("is reported if and only if the element is used", () => {
    const found = [...run(SEED, WORLDS)];
    const faults = found.flatMap((observation) => {
      const fault = faultOf(observation);
      return fault === undefined ? [] : [`world ${observation.index}: ${observation.edit.text}: ${fault}`];
    });
    const used = found.filter(({ isUsed }) => isUsed).length;
    console.log(`seed ${SEED}: ${used} changes of used elements, ${found.length - used} of others`);
    expect({ seed: SEED, faults }).toEqual({ seed: SEED, faults: [] });
    expect(used).toBeGreaterThan(WORLDS);
  }, 60_000);

  // The account is worth nothing unless it finds a compiler with mistakes.
  test.each(["type", "spread", "by", "alias", "autobind"])("finds a lock that lacks what `%s` uses", (kind) => {
    const found = [...run(PLANTED, 25, (lock) => without(kind, lock))];
    expect(found.filter((observation) => faultOf(observation) !== undefined).length).toBeGreaterThan(0);
  });

  describe("with a fixed seed", () => {
    let found: readonly Observation[];
    beforeAll(() => {
      found = [...run(PLANTED, 60)];
    });

    test.each(["BFF911", "BFF912", "BFF913", "BFF914", "BFF915", "BFF916", "BFF922"])("finds a missing %s", (code) => {
      const silent = found.map((observation) => ({
        ...observation,
        diagnostics: observation.diagnostics.filter((diagnostic) => diagnostic.code !== code),
      }));
      expect(silent.some((observation) => faultOf(observation) !== undefined)).toBe(true);
    });

    test("finds a needless report, and a rewritten lock", () => {
      const loud = found.map((each) => ({ ...each, diagnostics: [...each.diagnostics, NEEDLESS] }));
      expect(loud.some((each) => !each.isUsed && faultOf(each) !== undefined)).toBe(true);
      expect(found.some((each) => each.isUsed && faultOf({ ...each, writes: true }) !== undefined)).toBe(true);
    });
  });
});

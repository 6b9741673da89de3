// Random rules of buf.validate over random messages, held against @bufbuild/protovalidate.
import { expect, test } from "vitest";
import { seedOf } from "../../support/seed/seed.ts";
import { compare } from "./compare.ts";

const SETS = Number(process.env.PROTOBFF_VALIDATION ?? 40);
const SEED = seedOf("PROTOBFF_VALIDATION_SEED");

/** Rules that hardly any random field has, and that hardly any random value would break. */
const SELDOM = [
  ...["repeated.unique", "repeated.min_items", "map.max_pairs", "bytes.suffix", "bytes.in", "any.not_in"],
  ...["field_mask.not_in", "timestamp.within", "timestamp.gt_now", "timestamp.lt_now"],
];
/** So many protos have each of them at least once, but for one run in ten thousand. */
const ENOUGH = 40;

test(`rules of ${SETS} protos of seed ${SEED} give the same violations as protovalidate`, {
  timeout: 600_000,
}, async () => {
  const found: string[] = [];
  const broken: string[] = [];
  let [invalid, failing, violations] = [0, 0, 0];
  for (let i = 0; i < SETS; i++) {
    const comparison = await compare(`${SEED}-${i}`, 200);
    found.push(...comparison.differences);
    broken.push(...comparison.broken);
    invalid += comparison.invalid;
    failing += comparison.failing;
    violations += comparison.violations;
  }
  expect(found.slice(0, 5)).toEqual([]);
  if (SETS >= ENOUGH) expect(SELDOM.filter((id) => !broken.includes(id))).toEqual([]);
  // Each set has this one.
  expect(broken.filter((id) => id === "repeated.unique").length).toBeGreaterThan(SETS / 2);
  // Of each kind there are enough to say something.
  expect([invalid, failing].every((count) => count > SETS * 5) && violations > SETS * 50).toBe(true);
});

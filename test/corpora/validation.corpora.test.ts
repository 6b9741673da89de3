// Random rules of buf.validate over random messages, held against @bufbuild/protovalidate.
import { expect, test } from "vitest";
import { seedOf } from "../seed/seed.ts";
import { compare } from "../validation/compare.ts";

const SETS = Number(process.env.PROTOBFF_VALIDATION ?? 40);
const SEED = seedOf("PROTOBFF_VALIDATION_SEED");

test(`rules of ${SETS} protos of seed ${SEED} say what protovalidate says`, { timeout: 600_000 }, async () => {
  const found: string[] = [];
  let [invalid, failing, violations] = [0, 0, 0];
  for (let i = 0; i < SETS; i++) {
    const one = await compare(`${SEED}-${i}`, 200);
    found.push(...one.differences);
    invalid += one.invalid;
    failing += one.failing;
    violations += one.violations;
  }
  expect(found.slice(0, 5)).toEqual([]);
  // Of each kind there are enough to say something.
  expect([invalid, failing].every((count) => count > SETS * 5) && violations > SETS * 50).toBe(true);
});

// Random sums and products of money, compared with Python's `decimal`.
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { addMoney, multiplyMoney } from "./money.ts";

const PYTHON = `
import json, sys
from decimal import Decimal, ROUND_HALF_EVEN, getcontext
getcontext().prec = 2000
def split(total):
    units = int(total)
    if not -2**63 <= units < 2**63: return None
    return [str(units), int((total - units) * 10**9)]
def amount(units, nanos): return Decimal(units) + Decimal(nanos) / 10**9
def run(case):
    a = amount(*case["a"])
    if "b" in case: return split(a + amount(*case["b"]))
    if "times" in case: return split(a * int(case["times"]))
    product = a * Decimal(float(case["by"]))
    return split(product.quantize(Decimal(1).scaleb(-9), rounding=ROUND_HALF_EVEN))
print(json.dumps([run(case) for case in json.load(sys.stdin)]))
`;

type Parts = readonly [units: string, nanos: number];
const amounts = fc
  .tuple(fc.oneof(fc.bigInt({ min: 0n, max: 3n }), fc.bigInt({ min: 0n, max: 2n ** 63n - 1n })), fc.nat(999_999_999))
  .chain(([units, nanos]) => fc.constantFrom<Parts>([`${units}`, nanos], [`${-units}`, -nanos]));
const factors = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ min: -10, max: 10, noNaN: true }),
  fc.integer({ min: -99, max: 99 }).map((n) => n / 8),
);
const cases = fc.oneof(
  fc.record({ a: amounts, b: amounts }),
  fc.record({ a: amounts, times: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String) }),
  fc.record({ a: amounts, times: fc.integer({ min: -9, max: 9 }).map(String) }),
  fc.record({ a: amounts, by: factors.map(String) }),
);
type Case = { readonly a: Parts; readonly b?: Parts; readonly times?: string; readonly by?: string };

const eur = ([units, nanos]: Parts) => ({ currencyCode: "EUR", units: BigInt(units), nanos });
function ours({ a, b, times, by }: Case): readonly [string, number] | null {
  try {
    const { units, nanos } =
      b === undefined
        ? multiplyMoney(eur(a), times === undefined ? Number(by) : BigInt(times))
        : addMoney(eur(a), eur(b));
    return [`${units}`, nanos];
  } catch {
    return null;
  }
}

test("equals Python's decimal", () => {
  const all: readonly Case[] = fc.sample(cases, { numRuns: 20_000, seed: 63 });
  const { stdout, stderr } = spawnSync("python3", ["-c", PYTHON], {
    input: JSON.stringify(all),
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  expect(stderr).toBe("");
  const expected = JSON.parse(stdout) as readonly unknown[];
  expect(expected.length).toBe(all.length);
  const different = all.flatMap((sample, i) => {
    const found = ours(sample);
    return JSON.stringify(found) === JSON.stringify(expected[i]) ? [] : [{ sample, found, expected: expected[i] }];
  });
  expect(different.slice(0, 5)).toEqual([]);
  expect(expected.filter((value) => value === null).length).toBeGreaterThan(1_000);
});

// Sums and products of money at the edges of their rules. money.system.test.ts compares random ones with Python.
import { expect, test } from "vitest";
import { addMoney, multiplyMoney, sumMoney } from "./money.ts";

const eur = (units: bigint, nanos = 0) => ({ $typeName: "m", currencyCode: "EUR", units, nanos });
const MAX = 2n ** 63n - 1n;

test("amounts are added with carries and signs", () => {
  expect(addMoney(eur(1n, 750_000_000), eur(1n, 500_000_000))).toEqual(eur(3n, 250_000_000));
  expect(addMoney(eur(1n, 0), eur(0n, -250_000_000))).toEqual(eur(0n, 750_000_000));
  expect(addMoney(eur(-1n, -1), eur(1n, 0))).toEqual(eur(0n, -1));
  expect(addMoney(eur(MAX), eur(-MAX))).toEqual(eur(0n));
});

test("a sum of no amounts has no currency, and no value", () => {
  expect(sumMoney([])).toBeUndefined();
  expect(sumMoney([eur(1n), eur(2n, 5)])).toEqual(eur(3n, 5));
  // Only the total has to fit.
  expect(sumMoney([eur(MAX), eur(1n), eur(-1n)])).toEqual(eur(MAX));
});

test("products are rounded half to even", () => {
  const product = (nanos: number, factor: number) => multiplyMoney(eur(0n, nanos), factor).nanos;
  expect([1, 3, 5, -1, -3].map((nanos) => product(nanos, 0.5))).toEqual([0, 2, 2, 0, -2]);
  expect(multiplyMoney(eur(0n, 1), 2.5)).toEqual(eur(0n, 2));
  expect(multiplyMoney(eur(3n, 330_000_000), 3n)).toEqual(eur(9n, 990_000_000));
  expect(multiplyMoney(eur(MAX), 5e-324)).toEqual(eur(0n));
});

test("amounts without a currency field stay without one", () => {
  expect(addMoney({ units: 1n, nanos: 0 }, { units: 2n, nanos: 0 })).toEqual({ units: 3n, nanos: 0 });
});

test("unknown fields of an operand are left out, and the operand stays as it is", () => {
  const first = { ...eur(1n), $unknown: [] };
  expect(addMoney(first, eur(1n))).toEqual(eur(2n));
  expect(first.units).toBe(1n);
});

test.each([
  ["different currencies", () => addMoney(eur(1n), { ...eur(1n), currencyCode: "USD" })],
  ["different currencies in a sum", () => sumMoney([eur(1n), { ...eur(1n), currencyCode: "USD" }])],
  ["no currency", () => addMoney({ ...eur(0n), currencyCode: "" }, eur(1n))],
  ["no currency in a product", () => multiplyMoney({ ...eur(0n), currencyCode: "" }, 2n)],
  ["different signs", () => addMoney(eur(1n, -1), eur(1n))],
  ["a unit in nanos", () => sumMoney([eur(0n, 1_000_000_000)])],
  ["overflow of a sum", () => addMoney(eur(MAX), eur(1n))],
  ["overflow of a product", () => multiplyMoney(eur(MAX), 2n)],
  ["infinity", () => multiplyMoney(eur(1n), Number.POSITIVE_INFINITY)],
  ["NaN", () => multiplyMoney(eur(1n), Number.NaN)],
])("%s is an error", (_, run) => {
  expect(run).toThrow(/money|currencies/);
});

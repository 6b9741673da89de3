// The oracle's `money.…` and the runtime's, over random amounts.
import { celEnv, parse, plan } from "@bufbuild/cel";
import { create, type DescMessage } from "@bufbuild/protobuf";
import { isReflectMessage } from "@bufbuild/protobuf/reflect";
import fc from "fast-check";
import { expect, test } from "vitest";
import { addMoney, multiplyMoney } from "../../../runtime/src/expressions/money.ts";
import { money } from "../../proofs/oracle/cel/functions-money.ts";
import { requestFor, schemaOf } from "../../support/request.ts";

const PROTO = `syntax = "proto3"; package m; message Money { string currency_code = 1; int64 units = 2; int32 nanos = 3; }`;
const { registry } = schemaOf(requestFor({ "m.proto": PROTO }, ["m.proto"]));
const desc = registry.getMessage("m.Money") as DescMessage;
const env = celEnv({ registry, funcs: money });

const amounts = fc.record({
  currencyCode: fc.constantFrom("EUR", "EUR", "EUR", "USD", ""),
  units: fc.oneof(fc.bigInt({ min: -3n, max: 3n }), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  nanos: fc.integer({ min: -1_000_000_001, max: 1_000_000_001 }),
});
type Amount = { readonly currencyCode: string; readonly units: bigint; readonly nanos: number };
const shown = (run: () => unknown): string => {
  try {
    const found = run();
    const value = (isReflectMessage(found) ? found.message : found) as unknown as Amount;
    return `${value.currencyCode} ${value.units} ${value.nanos}`;
  } catch {
    return "error";
  }
};
function oracle(text: string, values: Readonly<Record<string, unknown>>): unknown {
  const found = plan(env, parse(text))(values as never);
  if (found instanceof Error) throw found;
  return found;
}

test("equals the runtime's", () => {
  let results = 0;
  fc.assert(
    fc.property(amounts, amounts, fc.double(), fc.bigInt({ min: -9n, max: 9n }), (a, b, double, int) => {
      const [first, second] = [create(desc, a), create(desc, b)];
      results += shown(() => multiplyMoney(a, int)) === "error" ? 0 : 1;
      const values = { a: first, b: second, x: double, n: int };
      expect(shown(() => oracle("money.add(a, b)", values))).toBe(shown(() => addMoney(a, b)));
      expect(shown(() => oracle("money.multiply(a, n)", values))).toBe(shown(() => multiplyMoney(a, int)));
      expect(shown(() => oracle("money.multiply(a, x)", values))).toBe(shown(() => multiplyMoney(a, double)));
    }),
    { numRuns: 300, seed: 63 },
  );
  expect(results).toBeGreaterThan(50);
});

import { expect, test } from "vitest";
import type { Call, Fault } from "../../../examples/dashboard/upstreams.ts";
import { seededFaults } from "./upstreams-faults.ts";

function call(number: number): Call {
  return {
    number,
    service: "agent",
    method: "agent.v1.AgentService/GetSummary",
    request: Uint8Array.of(number % 50),
    headers: new Map(),
    startedAt: 0,
  };
}

function kinds(seed: number, numbers: readonly number[]): string[] {
  const rule = seededFaults(seed, { failing: 0.06, hanging: 0.04 }) as (call: Call) => Fault | undefined;
  return numbers.map((number) => rule(call(number))?.kind ?? "none");
}

test("faults have the configured share, and the same seed gives the same faults", () => {
  const numbers = Array.from({ length: 5_000 }, (_, index) => index);
  const first = kinds(1, numbers);
  const share = (kind: string) => first.filter((value) => value === kind).length / first.length;
  expect(share("fail")).toBeGreaterThan(0.045);
  expect(share("fail")).toBeLessThan(0.075);
  expect(share("hang")).toBeGreaterThan(0.028);
  expect(share("hang")).toBeLessThan(0.052);
  expect(kinds(1, numbers)).toEqual(first);
  expect(kinds(2, numbers)).not.toEqual(first);
});

test("the order of different requests does not matter", () => {
  expect(kinds(7, [3, 1, 2])).toEqual([3, 1, 2].map((number) => kinds(7, [number])[0]));
});

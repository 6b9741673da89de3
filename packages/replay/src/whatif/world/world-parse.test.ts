import { describe, expect, test } from "vitest";
import { parseChanges } from "./parse-changes.ts";
import { parseLatencies } from "./read-latencies.ts";
import { nearest } from "./world.ts";

const call = (entry: object): string => JSON.stringify({ calls: { "a.v1": { p50: "20ms", ...entry } } });

describe("latencies by hand", () => {
  test("the longest name applies", () => {
    const names = new Map([
      ["*", 1],
      ["a.v1", 2],
      ["a.v1.A/Get", 3],
    ]);
    expect(["b.v1.B/Get", "a.v1.A/List", "a.v1.A/Get", "a.v10.A/Get"].map((rpc) => nearest(names, rpc))).toEqual([
      1, 2, 3, 1,
    ]);
  });
  test("are read with defaults", () => {
    const { calls, rpcs } = parseLatencies(
      '{ "rpcs": { "*": { "rate": 5 } }, "calls": { "*": { "p50": "0.5s", "errors": "3%", "code": "INTERNAL" } } }',
      "l.json",
    );
    expect(rpcs.get("*")).toEqual({ rate: 5, keys: 1_000, skew: 1 });
    expect(calls.get("*")).toMatchObject({ errors: 0.03, code: 13, concurrent: undefined });
    expect(calls.get("*")?.latency(0.9)).toBeCloseTo(500);
  });
  test.each([
    ["{", "l.json:1:2: broken JSON: it ends too early"],
    ['{ "calls": {},\n  "calls": {} }', "l.json:2:3: a name is given twice in one object"],
    ["[]", 'l.json is no object with "rpcs" and "calls": write {'],
    ['{ "colls": {} }', 'l.json has the unknown key "colls": write rpcs, calls'],
    [call({ p50: 20 }), 'l.json: calls["a.v1"] has no duration as p50: write one, as in "p50": "20ms"'],
    [call({ p99: "9ms" }), "has a p99 below its p50"],
    [call({ errors: 3 }), "has errors that are no share"],
    [call({ code: "BROKEN" }), 'has the unknown code "BROKEN"'],
    [call({ concurrent: 0 }), "has no whole number from 1 to 100,000 as concurrent"],
    [call({ p95: "30ms" }), 'has the unknown key "p95": write p50, p99, errors'],
    ['{ "rpcs": { "*": {} } }', "has no rate: write requests per second"],
    ['{ "calls": { "*": 5 } }', 'calls["*"] is no object: write {'],
  ])("%s is refused", (text, fault) => {
    expect(() => parseLatencies(text, "l.json")).toThrow(fault);
  });
});

describe("changes", () => {
  test("are of the world, or of the plan", () => {
    expect(
      parseChanges(["billing.v1: latency×2, errors 3%, timeout 50ms", "cache.ttl 5s", "a.v1.A/Get: hedge.delay x1.5"]),
    ).toEqual({
      world: [
        { target: "billing.v1", key: "latency", amount: 2 },
        { target: "billing.v1", key: "errors", amount: 0.03 },
      ],
      plan: [
        { target: "billing.v1", key: "timeout", value: "50ms" },
        { target: undefined, key: "cache.ttl", value: "5s" },
        { target: "a.v1.A/Get", key: "hedge.delay", value: "×1.5" },
      ],
    });
  });
  test.each([
    ["latency 2", '"latency 2" has no factor: write it as in "latency ×2"'],
    ["errors 300%", '"errors 300%" has no share: write it as in "errors 3%"'],
    ["timeout", 'the change "timeout" is malformed: write "billing.v1: latency ×2, errors 3%"'],
    ["a.v1: ", "is malformed"],
  ])("%s is refused", (text, fault) => {
    expect(() => parseChanges([text])).toThrow(fault);
  });
});

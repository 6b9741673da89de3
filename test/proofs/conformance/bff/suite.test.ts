// The frozen suite: cases, sentences and rpcs fit together.
import { expect, test } from "vitest";
import { report } from "../../../../packages/conformance/src/main.ts";
import { methodOf, readSuite } from "../../../../packages/conformance/src/suite.ts";
import { PLANTED } from "./planted.ts";

const suite = readSuite();

test("there are at least 1,500 cases, each with its alias id", () => {
  expect(suite.cases.length).toBeGreaterThanOrEqual(1500);
  expect(new Set(suite.cases.map(({ id }) => id)).size).toBe(suite.cases.length);
});

test("each case names sentences of SPEC.md, and each sentence has a case", () => {
  const held = new Set(suite.cases.flatMap(({ holds }) => holds));
  expect(suite.cases.filter(({ holds }) => holds.length === 0)).toEqual([]);
  expect([...held].filter((name) => !suite.sentences.has(name))).toEqual([]);
  expect([...suite.sentences.keys()].filter((name) => !held.has(name))).toEqual([]);
});

test("each rpc of the suite has cases", () => {
  const rpcs = [...suite.registry.files]
    .filter(({ proto }) => proto.package.startsWith("conformance."))
    .flatMap(({ services }) => services.flatMap(({ methods }) => methods))
    .map((method) => `${method.parent.typeName}/${method.name}`.slice("conformance.".length));
  expect([...new Set(suite.cases.map(({ rpc }) => rpc))].sort()).toEqual(rpcs.sort());
});

test("rules and calls name methods of up.v1", () => {
  const names = suite.cases.flatMap(({ upstreams = {}, calls }) => [
    ...Object.keys(upstreams),
    ...Object.keys(calls).map((key) => /^(?:(?:canary|eu|us) )?(\S+) /.exec(key)?.[1] ?? ""),
  ]);
  for (const name of new Set(names.filter((name) => name !== "HTTP")))
    expect(methodOf(suite.registry, `up.v1.${name}`).name).not.toBe("");
});

test("a report has the sentences of each failure, and counts by section", () => {
  const [failed] = suite.cases;
  if (failed === undefined) throw new Error("no cases");
  const lines = report(
    suite,
    [failed],
    { failures: [{ test: failed, protocol: "grpc", differences: ["status: got 13"] }], repeated: [] },
    3,
  );
  const [name = ""] = failed.holds;
  expect(lines).toContain(`FAILED ${failed.id} over grpc: conformance.${failed.rpc}`);
  expect(lines).toContain(`  ${name}: ${suite.sentences.get(name)}`);
  expect(lines).toContain("  - status: got 13");
  expect(lines).toContain("2 passed, 1 failed");
});

test("there are at least 50 planted faults, each once", () => {
  expect(PLANTED.length).toBeGreaterThanOrEqual(50);
  expect(new Set(PLANTED.map(({ file, from, to }) => `${file} ${from} ${to}`)).size).toBe(PLANTED.length);
});

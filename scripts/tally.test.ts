import { describe, expect, test } from "vitest";
import type { EndedTest, SuiteReport } from "./suite-report.ts";
import { type RunAgain, type SuiteRun, tally } from "./tally.ts";

const test1 = (name: string, state: EndedTest["state"], message?: string): EndedTest => ({
  file: `${name.charAt(0)}.test.ts`,
  name,
  state,
  ...(message !== undefined && { message }),
});
const report = (tests: readonly EndedTest[], rest: Partial<SuiteReport> = {}): SuiteReport => ({
  tests,
  files: [],
  errors: [],
  ...rest,
});
const run = (ok: boolean, tests: readonly EndedTest[], rest?: Partial<SuiteReport>): SuiteRun => ({
  ok,
  report: report(tests, rest),
});
const FAILED = run(false, [test1("a1", "passed"), test1("a2", "failed", "slow\nat x"), test1("b1", "skipped")]);

describe("the tally of a run", () => {
  test("the tally counts passed and failed tests, with each reason on one line", () => {
    expect(tally("t", FAILED)).toEqual({ passed: 1, failed: 1, failures: ["a.test.ts > a2: slow"], passedAgain: [] });
  });
  test("a failed property is listed with its seed and example", () => {
    const property = "Property failed after 3 tests\n{ seed: 7 }\nCounterexample: [0]\nmore";
    expect(tally("t", run(false, [test1("a1", "failed", property)])).failures).toEqual([
      "a.test.ts > a1: Property failed after 3 tests { seed: 7 } Counterexample: [0]",
    ]);
  });
  test("a file that failed outside of its tests counts as one failure, and so does an error outside of all", () => {
    const rest = { files: [{ file: "b.test.ts", message: "no such module" }], errors: ["thrown late"] };
    expect(tally("t", run(false, [test1("a1", "passed")], rest))).toEqual({
      passed: 1,
      failed: 2,
      failures: ["b.test.ts: no such module", "t: outside of tests: thrown late"],
      passedAgain: [],
    });
  });
  test("a failed run without a reason counts as one failure, and so does a run without a report", () => {
    expect(tally("t", run(false, [test1("a1", "passed")]))).toMatchObject({ passed: 1, failed: 1 });
    expect(tally("t", { ok: false, report: undefined })).toMatchObject({ passed: 0, failed: 1 });
  });
});

describe("a failed test that runs again alone", () => {
  const calls: unknown[][] = [];
  const again =
    (second: SuiteRun): RunAgain =>
    (...args) => {
      calls.push(args);
      return second;
    };

  test("a test that passes the second time counts as passed, and is listed", () => {
    const second = run(true, [test1("a1", "skipped"), test1("a2", "passed")]);
    expect(tally("t", FAILED, again(second))).toEqual({
      passed: 2,
      failed: 0,
      failures: [],
      passedAgain: ["a.test.ts > a2: slow"],
    });
    expect(calls.splice(0)).toEqual([["a.test.ts", ["a2"]]]);
  });
  test.each<[string, SuiteRun]>([
    ["it fails again", run(false, [test1("a2", "failed", "slow")])],
    ["it is not there", run(true, [test1("a2", "skipped")])],
    ["there is no report", { ok: false, report: undefined }],
  ])("a test counts as failed when %s", (_, second) => {
    expect(tally("t", FAILED, again(second))).toEqual({
      passed: 1,
      failed: 1,
      failures: ["a.test.ts > a2: slow"],
      passedAgain: [],
    });
  });
  test("new failures of the second run are counted, too", () => {
    const errors = { errors: ["thrown late"] };
    expect(tally("t", FAILED, again(run(false, [test1("a2", "passed")], errors)))).toMatchObject({
      passed: 2,
      failures: ["t: outside of tests: thrown late"],
    });
    expect(tally("t", FAILED, again(run(false, [test1("a2", "passed")])))).toMatchObject({
      passed: 2,
      failures: ["a.test.ts: run again alone, it failed, and no test did"],
    });
    const both = run(false, [test1("a2", "failed", "x"), test1("a2", "passed")]);
    expect(tally("t", FAILED, again(both))).toMatchObject({ failures: ["a.test.ts > a2: x"], passedAgain: [] });
  });
  test("an error outside of tests is not repeated", () => {
    const first = run(false, [test1("a2", "failed", "slow")], { errors: ["thrown late"] });
    expect(tally("t", first, again(run(true, [test1("a2", "passed")])))).toMatchObject({
      passed: 1,
      failures: ["t: outside of tests: thrown late"],
    });
  });
  test("a file that failed outside of its tests runs again whole, and the second result counts", () => {
    const files = [{ file: "a.test.ts", message: "no port" }];
    const first = run(false, [test1("a1", "skipped"), test1("a2", "passed"), test1("b1", "passed")], { files });
    calls.splice(0);
    expect(tally("t", first, again(run(true, [test1("a1", "passed"), test1("a2", "passed")])))).toEqual({
      passed: 3,
      failed: 0,
      failures: [],
      passedAgain: ["a.test.ts: no port"],
    });
    expect(calls.splice(0)).toEqual([["a.test.ts", undefined]]);
    const worse = run(false, [test1("a1", "passed"), test1("a2", "failed", "now")]);
    expect(tally("t", first, again(worse))).toMatchObject({ passed: 2, failures: ["a.test.ts > a2: now"] });
  });
  test("failures in many files are not repeated", () => {
    const many = run(
      false,
      [..."abcdef"].map((file) => test1(`${file}1`, "failed", "x")),
    );
    calls.splice(0);
    expect(tally("t", many, again(run(true, []))).failed).toBe(6);
    expect(calls).toEqual([]);
  });
});

test("a case that a test repeated itself is listed with its name", () => {
  const passedAgain = ["case 1: canceled"];
  const endedTest: EndedTest = { ...test1("a1", "passed"), passedAgain };
  expect(tally("t", run(true, [endedTest])).passedAgain).toEqual(["a.test.ts > a1: case 1: canceled"]);
});

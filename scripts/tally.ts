// Tallies runs of vitest: the tests that passed and failed, by name, and those that passed only when run again alone.
import type { EndedTest, FailedFile, SuiteReport } from "./suite-report.ts";

/** Result of a run of vitest. */
export interface SuiteRun {
  /** True if vitest itself reports success. */
  readonly ok: boolean;
  /** None was written: it ended before its time. */
  readonly report: SuiteReport | undefined;
}

/** Runs one file again, with nothing beside it: the tests of these names, or all. */
export type RunAgain = (file: string, names: readonly string[] | undefined) => SuiteRun;

/** The totals that are printed at the end. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly failures: readonly string[];
  readonly passedAgain: readonly string[];
}

/** More files than these do not fail by chance. */
const MAX_AGAIN = 5;

/**
 * Counts a run. Failures run again, file after file, if `runAgain` is present; a test that passes then counts as passed
 * and is listed by name.
 *
 * @param title of the run
 */
export function tally(title: string, { ok, report }: SuiteRun, runAgain?: RunAgain): Tally {
  if (report === undefined) return { passed: 0, failed: 1, failures: [`${title}: no report`], passedAgain: [] };
  const failing = [...new Set([...failedOf(report.tests), ...report.files].map(({ file }) => file))];
  let ended = report;
  if (runAgain !== undefined && failing.length <= MAX_AGAIN)
    for (const file of failing) ended = withSecond(ended, file, runAgain);
  const failures = [
    ...failedOf(ended.tests).map(({ file, name, message = "" }) => `${file} > ${name}: ${firstLine(message)}`),
    ...ended.files.map(({ file, message }) => `${file}: ${firstLine(message)}`),
    ...ended.errors.map((message) => `${title}: outside of tests: ${firstLine(message)}`),
  ];
  if (!ok && failing.length === 0 && failures.length === 0) failures.push(`${title}: the run failed, and no test did`);
  const passed = ended.tests.filter(({ state }) => state === "passed");
  const cases = passed.flatMap(({ file, name, passedAgain = [] }) =>
    passedAgain.map((caseName) => `${file} > ${name}: ${caseName}`),
  );
  return {
    passed: passed.length,
    failed: failures.length,
    failures,
    passedAgain: [...cases, ...passedSince(report, ended)],
  };
}

const failedOf = (tests: readonly EndedTest[]): readonly EndedTest[] => tests.filter(({ state }) => state === "failed");

/**
 * Replaces results of the report by those of a second run of this file: all of them if the file failed outside of its
 * tests.
 */
function withSecond(first: SuiteReport, file: string, runAgain: RunAgain): SuiteReport {
  const whole = first.files.some((failure) => failure.file === file);
  const names = [...new Set(failedOf(first.tests).flatMap((test) => (test.file === file ? [test.name] : [])))];
  const { ok, report } = runAgain(file, whole ? undefined : names);
  if (report === undefined) return first;
  const ran = report.tests.filter((test) => test.file === file && test.state !== "skipped");
  const instead = new Set(ran.map(({ name }) => name));
  const silent = !ok && failedOf(ran).length + report.files.length + report.errors.length === 0;
  const files: readonly FailedFile[] = silent
    ? [{ file, message: "run again alone, it failed, and no test did" }]
    : report.files;
  return {
    tests: [...first.tests.filter((test) => test.file !== file || !instead.has(test.name)), ...ran],
    files: [...first.files.filter((failure) => failure.file !== file), ...files],
    errors: [...first.errors, ...report.errors],
  };
}

/** Returns the names of the failures that passed later, each with the reason of the first failure. */
function passedSince(first: SuiteReport, last: SuiteReport): string[] {
  const key = ({ file, name }: EndedTest): string => `${file} > ${name}`;
  const still = new Set(failedOf(last.tests).map(key));
  const tests = failedOf(first.tests).filter((test) => !still.has(key(test)));
  const broken = new Set(last.files.map(({ file }) => file));
  const files = first.files.filter(({ file }) => !broken.has(file));
  return [
    ...tests.map((test) => `${key(test)}: ${firstLine(test.message ?? "")}`),
    ...files.map(({ file, message }) => `${file}: ${firstLine(message)}`),
  ];
}

/** Returns the failure; for a property also the seed and the example that reproduce it. */
function firstLine(text: string): string {
  const [first = "", ...more] = text.split("\n", 3);
  if (!/Property failed/.test(first)) return first.slice(0, 300);
  return [first, ...more].join(" ").slice(0, 2_000);
}

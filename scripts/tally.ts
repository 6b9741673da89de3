// What runs of vitest come to: how much has passed and failed, by name, and what passed only when it was run again alone.
import type { EndedTest, FailedFile, SuiteReport } from "./suite-report.ts";

/** How a run of vitest ended. */
export interface SuiteRun {
  /** Whether vitest itself says so. */
  readonly ok: boolean;
  /** None was written: it ended before its time. */
  readonly report: SuiteReport | undefined;
}

/** Runs one file again, with nothing beside it: the tests of these names, or all. */
export type RunAgain = (file: string, names: readonly string[] | undefined) => SuiteRun;

/** What is told at the end. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly failures: readonly string[];
  readonly passedAgain: readonly string[];
}

/** More files than these do not fail by chance. */
const MOST_AGAIN = 5;

/**
 * Counts a run. What failed is run again, file after file, when `runAgain` is given; what passes then counts as passed, and is told by name.
 *
 * @param title of the run
 */
export function tally(title: string, { ok, report }: SuiteRun, runAgain?: RunAgain): Tally {
  if (report === undefined) return { passed: 0, failed: 1, failures: [`${title}: no report`], passedAgain: [] };
  const failing = [...new Set([...failedOf(report.tests), ...report.files].map(({ file }) => file))];
  let ended = report;
  if (runAgain !== undefined && failing.length <= MOST_AGAIN)
    for (const file of failing) ended = withSecond(ended, file, runAgain);
  const failures = [
    ...failedOf(ended.tests).map(({ file, name, message = "" }) => `${file} > ${name}: ${firstLine(message)}`),
    ...ended.files.map(({ file, message }) => `${file}: ${firstLine(message)}`),
    ...ended.errors.map((message) => `${title}: outside of tests: ${firstLine(message)}`),
  ];
  if (!ok && failing.length === 0 && failures.length === 0) failures.push(`${title}: the run failed, and no test did`);
  const passed = ended.tests.filter(({ state }) => state === "passed");
  const asked = passed.flatMap(({ file, name, passedAgain = [] }) =>
    passedAgain.map((one) => `${file} > ${name}: ${one}`),
  );
  return {
    passed: passed.length,
    failed: failures.length,
    failures,
    passedAgain: [...asked, ...passedSince(report, ended)],
  };
}

const failedOf = (tests: readonly EndedTest[]): readonly EndedTest[] => tests.filter(({ state }) => state === "failed");

/** The report with what a second run of this file says instead: of a file that failed outside of its tests all of it. */
function withSecond(first: SuiteReport, file: string, runAgain: RunAgain): SuiteReport {
  const whole = first.files.some((one) => one.file === file);
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
    files: [...first.files.filter((one) => one.file !== file), ...files],
    errors: [...first.errors, ...report.errors],
  };
}

/** What failed at first and does no more, by name, with why it had failed. */
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

/** What failed; of a property also the seed and the example, by which it fails again. */
function firstLine(text: string): string {
  const [first = "", ...more] = text.split("\n", 3);
  if (!/Property failed/.test(first)) return first.slice(0, 300);
  return [first, ...more].join(" ").slice(0, 2_000);
}

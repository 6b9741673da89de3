// A reporter for vitest: one progress line that moves, the slowest files, and the results as JSON in the file PROTOBFF_SUITE_REPORT.
import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Reporter, TestModule } from "vitest/node";

/** One test as it ended, of a file of the repository. */
export interface EndedTest {
  readonly file: string;
  /** With the groups that it is in, as vitest's `-t` matches it. */
  readonly name: string;
  readonly state: "passed" | "failed" | "skipped";
  /** Why it failed. */
  readonly message?: string;
  /** Parts of the test that failed at first, and passed when the test itself ran them again alone. */
  readonly passedAgain?: readonly string[];
}

/** A file that failed outside of its tests: it could not be loaded, or what it does before or after them failed. */
export interface FailedFile {
  readonly file: string;
  readonly message: string;
}

/** A run of vitest. */
export interface SuiteReport {
  readonly tests: readonly EndedTest[];
  readonly files: readonly FailedFile[];
  /** Errors thrown outside of tests. */
  readonly errors: readonly string[];
}

declare module "vitest" {
  interface TaskMeta {
    /** For {@link EndedTest.passedAgain}. */
    passedAgain?: readonly string[];
  }
}

const root = fileURLToPath(new URL("..", import.meta.url));

/** Milliseconds between two progress lines where a line cannot move, as in a log. */
const LOG_EVERY_MS = 60_000;
const SLOWEST = 5;
/** Milliseconds after which a run ends although a process that a test has left holds its output open. */
const LEFT_MS = 60_000;

export default class implements Reporter {
  #files = 0;
  #ended = 0;
  #tests = 0;
  #failed = 0;
  #printedAt = performance.now();
  readonly #durations: (readonly [file: string, ms: number])[] = [];

  onTestRunStart(files: readonly unknown[]): void {
    this.#files = files.length;
  }
  onTestModuleEnd(module: TestModule): void {
    this.#ended++;
    for (const test of module.children.allTests()) {
      this.#tests++;
      if (test.result().state === "failed") this.#failed++;
    }
    const { duration, collectDuration } = module.diagnostic();
    this.#durations.push([relative(root, module.moduleId), duration + collectDuration]);
    const line = `${this.#ended} of ${this.#files} files, ${this.#tests} tests, ${this.#failed} failed`;
    if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${line}`);
    else if (performance.now() - this.#printedAt > LOG_EVERY_MS || this.#ended === this.#files) {
      this.#printedAt = performance.now();
      process.stdout.write(`${line}\n`);
    }
  }
  onTestRunEnd(...[modules, unhandled]: Parameters<NonNullable<Reporter["onTestRunEnd"]>>): void {
    const end = (): void => {
      console.log("a process has outlived its test: the run would wait for it");
      process.exit();
    };
    setTimeout(end, LEFT_MS).unref();
    const tests: EndedTest[] = [];
    const files: FailedFile[] = [];
    for (const module of modules) {
      const file = relative(root, module.moduleId);
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result();
        const { passedAgain } = test.meta();
        tests.push({
          file,
          name: test.fullName,
          state: state === "pending" ? "failed" : state,
          ...(state === "failed" && { message: errors[0]?.message ?? "" }),
          ...(state === "pending" && { message: "it did not end" }),
          ...(passedAgain !== undefined && { passedAgain }),
        });
      }
      const errors = [module, ...module.children.allSuites()].flatMap((suite) => suite.errors());
      if (errors[0] !== undefined) files.push({ file, message: errors[0].message });
    }
    const report: SuiteReport = { tests, files, errors: unhandled.map(({ message }) => message) };
    const path = process.env.PROTOBFF_SUITE_REPORT;
    if (path !== undefined) writeFileSync(path, JSON.stringify(report));
    const slowest = [...this.#durations].sort(([, a], [, b]) => b - a).slice(0, SLOWEST);
    const rows = slowest.map(([file, ms]) => `  ${(ms / 1000).toFixed(1)} s  ${file}`);
    process.stdout.write(`\nslowest files:\n${rows.join("\n")}\n`);
  }
}

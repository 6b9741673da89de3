// What scripts/test.ts wants to know of a run of vitest, as a reporter of vitest's that writes it to the file PROTOBFF_SUITE_REPORT.
import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Reporter } from "vitest/node";

/** One test as it ended, of a file of the repository. */
export interface EndedTest {
  readonly file: string;
  /** With the groups that it is in, as vitest's `-t` matches it. */
  readonly name: string;
  readonly state: "passed" | "failed" | "skipped";
  /** Why it failed. */
  readonly message?: string;
  /** What of it failed at first, and passed when the test itself asked for it again alone. */
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
  /** What was thrown where no test was to blame. */
  readonly errors: readonly string[];
}

declare module "vitest" {
  interface TaskMeta {
    /** For {@link EndedTest.passedAgain}. */
    passedAgain?: readonly string[];
  }
}

const root = fileURLToPath(new URL("..", import.meta.url));

export default class implements Reporter {
  onTestRunEnd(...[modules, unhandled]: Parameters<NonNullable<Reporter["onTestRunEnd"]>>): void {
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
      const errors = [module, ...module.children.allSuites()].flatMap((one) => one.errors());
      if (errors[0] !== undefined) files.push({ file, message: errors[0].message });
    }
    const report: SuiteReport = { tests, files, errors: unhandled.map(({ message }) => message) };
    const path = process.env.PROTOBFF_SUITE_REPORT;
    if (path !== undefined) writeFileSync(path, JSON.stringify(report));
  }
}

// npm test: everything that can be checked with npm alone. `--system` (npm run test:system): the suites that need a system package.
// `--corpora` (npm run test:corpora): the suites over cases from outside; docs/corpora.md lists them.
// Its last line is `N passed, N failed`; what is not a test of vitest's counts as one test each.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = join(root, "node_modules", ".bin");
const system = process.argv.includes("--system");
const corpora = process.argv.includes("--corpora");
let passed = 0;
let failed = 0;
/** What failed, by name: told again at the end, since what a long run prints is cut in the middle. */
const failures: string[] = [];

function run(
  title: string,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): boolean {
  process.stdout.write(`\n> ${title}\n`);
  const { status, error } = spawnSync(join(bin, command), args, {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ...env, PATH: `${bin}:${process.env.PATH ?? ""}` },
  });
  if (error !== undefined) process.stderr.write(`${error.message}\n`);
  return status === 0;
}

function check(title: string, command: string, args: readonly string[]): void {
  if (run(title, command, args)) passed++;
  else {
    failed++;
    failures.push(title);
  }
}

/** Runs vitest; what it counts is added up, and a run that ends without counting is a failure of its own. */
function suites(title: string, args: readonly string[], env: Readonly<Record<string, string>>): void {
  const folder = mkdtempSync(join(tmpdir(), "protobff-test-"));
  const report = join(folder, "report.json");
  try {
    const ok = run(
      title,
      "vitest",
      ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...args],
      env,
    );
    const counted = countsIn(report);
    passed += counted.passed;
    failed += counted.failed;
    failures.push(...counted.failures);
    if (!ok && counted.failed === 0) {
      failed++;
      failures.push(`${title}: the run failed, and no test did`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly failures: readonly string[];
}

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { status: string; fullName: string; failureMessages: readonly string[] }[];
  }[];
}

function countsIn(report: string): Counts {
  try {
    const { numPassedTests, numFailedTests, testResults }: Report = JSON.parse(readFileSync(report, "utf8"));
    const failures = testResults.flatMap(({ name, status, message, assertionResults }) => {
      const tests = assertionResults.filter((test) => test.status === "failed");
      const file = relative(root, name);
      if (tests.length === 0) return status === "failed" ? [`${file}: ${firstLine(message)}`] : [];
      return tests.map((test) => `${file} > ${test.fullName}: ${firstLine(test.failureMessages[0] ?? "")}`);
    });
    return { passed: numPassedTests, failed: numFailedTests, failures };
  } catch {
    return { passed: 0, failed: 1, failures: ["vitest wrote no report"] };
  }
}

/** What failed; of a property also the seed and the example, by which it fails again. */
function firstLine(text: string): string {
  const [first = "", ...more] = text.split("\n", 3);
  if (!/Property failed/.test(first)) return first.slice(0, 300);
  return [first, ...more].join(" ").slice(0, 2_000);
}

if (system) {
  suites("suites that need system packages", [".system.test"], { PROTOBFF_SYSTEM: "1" });
} else if (corpora) {
  suites("cases from outside", [".corpora.test"], { PROTOBFF_CORPORA: "1" });
} else {
  check("formatting and lint", "biome", ["ci", "--error-on-warnings", "."]);
  check("types", "tsc", ["-p", "tsconfig.json"]);
  check("types of the live page", "tsc", ["-p", "runtime/explorer"]);
  check("protos", "buf", ["lint"]);
  check("generated files are up to date", "node", ["scripts/generate.ts", "--check"]);
  check("the live page is up to date", "node", ["scripts/explorer-page.ts", "--check"]);
  check("docs are up to date", "node", ["scripts/docs.ts", "--check"]);
  suites("tests", [], {});
}
for (const failure of failures) process.stdout.write(`\nfailed: ${failure}`);
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;

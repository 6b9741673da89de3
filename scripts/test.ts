// npm test: everything that can be checked with npm alone. `--system` (npm run test:system): the suites that need a system package.
// `--corpora` (npm run test:corpora): the suites over cases from outside; docs/corpora.md lists them.
// Both talk to processes of others, by clocks: what fails is run again alone, and told by name when it passes then.
// Its last line is `N passed, N failed`; what is not a test of vitest's counts as one test each.
import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SuiteReport } from "./suite-report.ts";
import { type SuiteRun, tally } from "./tally.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = join(root, "node_modules", ".bin");
const reporter = fileURLToPath(new URL("suite-report.ts", import.meta.url));
const system = process.argv.includes("--system");
const corpora = process.argv.includes("--corpora");
/** Of all random tests. */
const seed = process.env.PROTOBFF_SEED ?? String(randomInt(2 ** 31));
const command = `PROTOBFF_SEED=${seed} npm ${system ? "run test:system" : corpora ? "run test:corpora" : "test"}`;
/** Hundreds of processes load the same sources: what Node compiles of them is kept for this run, and no longer, since generated code is among it. */
const compiled = mkdtempSync(join(tmpdir(), "protobff-compiled-"));
process.on("exit", () => rmSync(compiled, { recursive: true, force: true }));
let passed = 0;
let failed = 0;
/** What failed, by name: told again at the end, since what a long run prints is cut in the middle. */
const failures: string[] = [];
/** What failed at first, and passed when it was run again alone. */
const passedAgain: string[] = [];

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
    env: {
      NODE_COMPILE_CACHE: compiled,
      ...process.env,
      ...env,
      PROTOBFF_SEED: seed,
      PATH: `${bin}:${process.env.PATH ?? ""}`,
    },
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

function vitest(title: string, args: readonly string[], env: Readonly<Record<string, string>>): SuiteRun {
  const folder = mkdtempSync(join(tmpdir(), "protobff-test-"));
  const path = join(folder, "report.json");
  try {
    const all = ["run", "--reporter=default", `--reporter=${reporter}`, ...args];
    const ok = run(title, "vitest", all, { ...env, PROTOBFF_SUITE_REPORT: path });
    return { ok, report: read(path) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
function read(path: string): SuiteReport | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

interface Suites {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Whether what fails is run again. */
  readonly again?: boolean;
}
/** Runs vitest; what it counts is added up. */
function suites(title: string, { args = [], env = {}, again = false }: Suites = {}): void {
  const alone = (file: string, names: readonly string[] | undefined): SuiteRun => {
    const only = names === undefined ? [] : ["-t", `^(${names.map(escaped).join("|")})$`];
    return vitest(`${file}, again, alone`, [file, ...only], env);
  };
  const counted = tally(title, vitest(title, args, env), again ? alone : undefined);
  passed += counted.passed;
  failed += counted.failed;
  failures.push(...counted.failures);
  passedAgain.push(...counted.passedAgain);
}
function escaped(name: string): string {
  return name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

process.stdout.write(`random tests: ${command} is this run again\n`);
if (system) {
  suites("suites that need system packages", { args: [".system.test"], env: { PROTOBFF_SYSTEM: "1" }, again: true });
} else if (corpora) {
  suites("cases from outside", { args: [".corpora.test"], env: { PROTOBFF_CORPORA: "1" }, again: true });
} else {
  check("formatting and lint", "biome", ["ci", "--error-on-warnings", "."]);
  check("types", "tsc", ["-p", "tsconfig.json"]);
  check("types of the live page", "tsc", ["-p", "runtime/explorer"]);
  check("protos", "buf", ["lint"]);
  check("generated files are up to date", "node", ["scripts/generate.ts", "--check"]);
  check("the live page is up to date", "node", ["scripts/explorer-page.ts", "--check"]);
  check("docs are up to date", "node", ["scripts/docs.ts", "--check"]);
  suites("tests");
}
for (const one of passedAgain) process.stdout.write(`\npassed when run again alone: ${one}`);
for (const failure of failures) process.stdout.write(`\nfailed: ${failure}`);
if (failed + passedAgain.length > 0) process.stdout.write(`\nrun again: ${command}`);
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;

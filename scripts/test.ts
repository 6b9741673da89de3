// Runs tiers of tests (scripts/test-tiers.ts), by default the quick one after the static checks: npm test, npm run
// test:all. Failures in the other tiers, which start processes, run once more, alone, and are listed if they pass then.
// The last line is `N passed, N failed`; a static check counts as one test.
import { execFile, spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { SuiteReport } from "./suite-report.ts";
import { type SuiteRun, tally } from "./tally.ts";
import { TIERS, type Tier } from "./test-tiers.ts";

const USAGE = `usage: node scripts/test.ts [--all | --tier ${TIERS.join(" | --tier ")}] [--changed[=<commit>]]`;
/** The longest first, since they run two at a time. */
const CHECKS: readonly (readonly [title: string, command: string, ...args: string[]])[] = [
  [
    "types",
    "tsc",
    "-p",
    "tsconfig.json",
    "--incremental",
    "--tsBuildInfoFile",
    "node_modules/.cache/types.tsbuildinfo",
  ],
  ["generated files are up to date", "node", "scripts/generate.ts", "--check"],
  ["docs are up to date", "node", "scripts/docs.ts", "--check"],
  ["formatting and lint", "biome", "ci", "--error-on-warnings", "."],
  ["types of the live page", "tsc", "-p", "packages/server/explorer"],
  ["protos", "buf", "lint"],
  ["the live page is up to date", "node", "scripts/explorer-page.ts", "--check"],
];

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = join(root, "node_modules", ".bin");
const reporter = fileURLToPath(new URL("suite-report.ts", import.meta.url));
/** The seed of all random tests. */
const seed = process.env.PROTOBFF_SEED ?? String(randomInt(2 ** 31));
const started = performance.now();
/** Node's compile cache for the processes of this run. It ends with the run, since generated code is in it. */
const compiled = mkdtempSync(join(tmpdir(), "protobff-compiled-"));
process.on("exit", () => rmSync(compiled, { recursive: true, force: true }));
const counts = { passed: 0, failed: 0 };
const failures: string[] = [];
const passedAgain: string[] = [];

const options = (env: Readonly<Record<string, string>>) => ({
  cwd: root,
  env: {
    NODE_COMPILE_CACHE: compiled,
    ...process.env,
    ...env,
    PROTOBFF_SEED: seed,
    PATH: `${bin}:${process.env.PATH ?? ""}`,
  },
});

/** Runs a static check, and returns its output if it fails. */
async function outputOf(command: string, args: readonly string[]): Promise<string | undefined> {
  const quiet = { ...options({ NO_COLOR: "1", FORCE_COLOR: "0" }), maxBuffer: 1 << 28 };
  try {
    await promisify(execFile)(join(bin, command), args, quiet);
    return undefined;
  } catch (thrown) {
    const { stdout, stderr, message } = thrown as Error & { readonly stdout?: string; readonly stderr?: string };
    return `${stdout ?? ""}${stderr ?? ""}` || message;
  }
}

/** Runs the static checks in two lanes: most of them compute on one core. */
async function check(): Promise<void> {
  const waiting = [...CHECKS];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [title, command, ...args] = next;
      const output = await outputOf(command, args);
      process.stdout.write(`${title} … ${output === undefined ? "ok" : `failed\n${output}`}\n`);
      counts[output === undefined ? "passed" : "failed"]++;
      if (output !== undefined) failures.push(title);
    }
  };
  await Promise.all([lane(), lane()]);
}

function vitest(args: readonly string[], tier: Tier): SuiteRun {
  const folder = mkdtempSync(join(tmpdir(), "protobff-test-"));
  const path = join(folder, "report.json");
  try {
    const all = ["run", "--reporter=minimal", `--reporter=${reporter}`, "--passWithNoTests", ...args];
    const env = { PROTOBFF_TIER: tier, PROTOBFF_SUITE_REPORT: path };
    const { status, error } = spawnSync(join(bin, "vitest"), all, { ...options(env), stdio: "inherit" });
    if (error !== undefined) process.stderr.write(`${error.message}\n`);
    return { ok: status === 0, report: read(path) };
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

function runTier(tier: Tier, args: readonly string[]): void {
  process.stdout.write(`\n> ${tier}\n`);
  const alone = (file: string, names: readonly string[] | undefined): SuiteRun => {
    const only = names === undefined ? [] : ["-t", `^(${names.map(escaped).join("|")})$`];
    return vitest([file, ...only], tier);
  };
  const counted = tally(tier, vitest(args, tier), tier === "quick" ? undefined : alone);
  counts.passed += counted.passed;
  counts.failed += counted.failed;
  failures.push(...counted.failures);
  passedAgain.push(...counted.passedAgain);
}
function escaped(name: string): string {
  return name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

/** The tiers that the arguments name, and whether only tests that a change touches run; undefined for unknown arguments. */
function parse(args: readonly string[]) {
  const changed = args.find((arg) => /^--changed(=|$)/.test(arg));
  const [first, second, ...rest] = args.filter((arg) => arg !== changed);
  if (rest.length > 0) return undefined;
  if (first === undefined) return { tiers: ["quick"] as const, changed };
  if (first === "--all") return second === undefined ? { tiers: TIERS, changed } : undefined;
  const tier = TIERS.find((candidate) => candidate === second);
  return first === "--tier" && tier !== undefined ? { tiers: [tier], changed } : undefined;
}

const parsed = parse(process.argv.slice(2));
if (parsed === undefined) {
  process.stderr.write(`${USAGE}\n`);
  process.exitCode = 2;
} else {
  const command = `PROTOBFF_SEED=${seed} node scripts/test.ts ${process.argv.slice(2).join(" ")}`.trim();
  process.stdout.write(`seed of random tests: ${seed}\n`);
  for (const tier of parsed.tiers) {
    if (tier === "quick") await check();
    runTier(tier, parsed.changed === undefined ? [] : [parsed.changed]);
  }
  for (const name of passedAgain) process.stdout.write(`\npassed when run again alone: ${name}`);
  for (const failure of failures) process.stdout.write(`\nfailed: ${failure}`);
  if (failures.length + passedAgain.length > 0) process.stdout.write(`\nrun again: ${command}`);
  process.stdout.write(`\n${Math.round((performance.now() - started) / 1000)} s\n`);
  process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
  process.exitCode = counts.failed === 0 ? 0 : 1;
}

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import type { PathCounters } from "./probe.ts";

/** Options of a scenario's run. */
export interface RunOptions {
  /** Print one JSON object as the last line. */
  readonly json: boolean;
  /** Few requests, one round: shows that everything works, and no figure worth keeping. */
  readonly quick: boolean;
  /** Keep the result for docs/performance.md. */
  readonly record: boolean;
  /** Names of the variants to measure; all of them if absent. Read by closed loops. */
  readonly only?: readonly string[];
}

/**
 * Figures of one variant; a figure that a scenario does not measure is absent. Medians over the rounds, unless the name
 * states otherwise.
 */
export interface VariantResult {
  readonly name: string;
  /** CPU of all threads of the server's process, in microseconds. */
  readonly cpu_us_per_request?: number;
  /** The least of the rounds. */
  readonly cpu_us_min?: number;
  readonly requests_per_second?: number;
  readonly p50_ms?: number;
  readonly p95_ms?: number;
  readonly p99_ms?: number;
  /** Right after the load. */
  readonly rss_mb?: number;
  /** The most of any round, since the process was started. */
  readonly max_rss_mb?: number;
  /** CPU of the first 2,500 requests after a checked one, in microseconds per request. */
  readonly cold_cpu_us_per_request?: number;
  /** `cold_cpu_us_per_request` divided by `cpu_us_per_request`. */
  readonly cold_ratio?: number;
  /**
   * `cold_cpu_us_per_request` divided by the CPU of the same number, sent in the same order when all is warm. Requests
   * one after the other cost more, however warm a process is.
   */
  readonly cold_order_ratio?: number;
  /** Bytes of objects allocated, in 1,024s; in Node without buffers outside of the heap. */
  readonly garbage_kb_per_request?: number;
  /** Number of objects; a combined allocation of V8 counts as one. */
  readonly allocations_per_request?: number;
  /** In Node how long the thread of JavaScript stood still for collections, in Go the CPU of the collector. */
  readonly gc_us_per_request?: number;
  readonly upstream_calls_per_request?: number;
  /** `cpu_us_per_request` by that of connect-node in this run. */
  readonly ratio_to_connect_node?: number;
  readonly ratio_to_grpc_js?: number;
  readonly ratio_to_grpc_go?: number;
  readonly ratio_to_grpc_federation?: number;
  /** `cpu_us_per_request` by that of Envoy, which forwards the upstream calls of one request. */
  readonly ratio_to_envoy?: number;
  readonly ratio_to_nginx?: number;
  /** The measure of `cpu_us_per_request`, by a client on node:http2 with identical requests. */
  readonly same_ids_cpu_us_per_request?: number;
  /** The same client, with a different x-request-id and traceparent in each request. */
  readonly fresh_ids_cpu_us_per_request?: number;
  /** `fresh_ids_cpu_us_per_request` divided by that of connect-node in this run. */
  readonly fresh_ids_ratio_to_connect_node?: number;
  /**
   * Deviation of the mean length of replies from the checked one's, as a share of it: some were degraded. Absent if
   * none was.
   */
  readonly reply_length_off?: number;
  /** Uses of each fast path, as the server counted them. */
  readonly fast_paths?: PathCounters;
  /** Versions of what is not among the machine's packages. */
  readonly built_of?: string;
  /** Figures that only this scenario has. */
  readonly [extra: string]: unknown;
}

export interface ScenarioResult {
  readonly scenario: string;
  readonly variants: readonly VariantResult[];
  /** Peers that this run does without, and why. */
  readonly left_out: readonly LeftOut[];
  /** Violations of figures that must hold on every machine; empty if all hold. */
  readonly failures: readonly string[];
  readonly quick: boolean;
  readonly rounds: number;
  readonly recorded_at: string;
  readonly machine: Machine;
}

export interface LeftOut {
  readonly name: string;
  readonly reason: string;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memory_gb: number;
  readonly node: string;
  readonly packages: Readonly<Record<string, string>>;
  /** Commit of the repository, with `+` if the tree has uncommitted changes beyond records and pages. */
  readonly commit: string;
}

/** Adds what is the same for all scenarios. */
export function scenarioResult(
  { quick }: RunOptions,
  measured: Omit<ScenarioResult, "quick" | "recorded_at" | "machine">,
): ScenarioResult {
  return { ...measured, quick, recorded_at: new Date().toISOString(), machine: thisMachine() };
}

const PACKAGES = ["@connectrpc/connect", "@connectrpc/connect-node", "@bufbuild/protobuf", "@grpc/grpc-js"];
const root = fileURLToPath(new URL("../..", import.meta.url));

function thisMachine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model ?? "unknown",
    cores: processors.length,
    memory_gb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    packages: Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
    commit: commit(),
  };
}

function versionOf(name: string): string {
  return (JSON.parse(readFileSync(`${root}/node_modules/${name}/package.json`, "utf8")) as { version: string }).version;
}

function commit(): string {
  try {
    const git = (...args: string[]) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
    const changes = git("status", "--porcelain", "--", ".", ":!bench/results", ":!docs", ":!README.md");
    return git("rev-parse", "--short", "HEAD") + (changes === "" ? "" : "+");
  } catch {
    return "unknown"; // an unpacked archive
  }
}

/** Reports whether the scenario has a record of this commit. */
export function isRecorded(scenario: string): boolean {
  const result = recorded(scenario);
  return result?.quick === false && result.machine.commit === commit();
}
/** Returns what is recorded of a scenario. */
export function recorded(scenario: string): ScenarioResult | undefined {
  const file = fileOf(scenario);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as ScenarioResult) : undefined;
}
const fileOf = (scenario: string): string => `${root}/bench/results/${scenario}.json`;

/** Prints a table and, if requested, the JSON line; keeps the result if requested; a failure sets the exit code 1. */
export function report(result: ScenarioResult, options: RunOptions): void {
  console.log(`\n${result.scenario}${result.quick ? " (quick: no figure is worth keeping)" : ""}\n`);
  for (const line of table(result.variants)) console.log(line);
  for (const { name, reason } of result.left_out) console.log(`\nwithout ${name}: ${reason}`);
  for (const failure of result.failures) console.log(`\nFAILED: ${failure}`);
  if (result.failures.length > 0) process.exitCode = 1;
  if (options.record) {
    mkdirSync(`${root}/bench/results`, { recursive: true });
    writeFileSync(fileOf(result.scenario), `${JSON.stringify(result, undefined, 2)}\n`);
  }
  if (options.json) console.log(JSON.stringify(result));
}

function table(variants: readonly VariantResult[]): string[] {
  const keys = [...new Set(variants.flatMap((variant) => Object.keys(variant)))];
  const rows = [keys, ...variants.map((variant) => keys.map((key) => cell(variant[key])))];
  const widths = keys.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

export function cell(value: unknown): string {
  switch (typeof value) {
    case "undefined":
      return "";
    case "number":
      if (Number.isInteger(value)) return String(value);
      if (Math.abs(value) >= 100) return value.toFixed(0);
      return value.toFixed(Math.abs(value) >= 1 ? 2 : 3);
    case "object":
      return JSON.stringify(value);
    default:
      return String(value);
  }
}

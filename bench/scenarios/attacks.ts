// Compares a normal client's latency while a server is attacked with its latency when the server is quiet: own HTTP/2
// and node's. The attacks are those of test/proofs/corpora/attacks/*.corpora.test.ts, which describe themselves.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Figures } from "../../test/proofs/corpora/attacks/rig/beside-quiet.ts";
import { type RunOptions, type ScenarioResult, scenarioResult, type VariantResult } from "../rig/result.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const MS = 3_000;
const QUICK_MS = 500;
/** Leaves out the tests with the framing of node towards upstreams: only the framing towards clients varies here. */
const NOT_TWICE = "^(?!.*BFF_HTTP2=node)";
/**
 * For work on one attack: BFF_HTTP2_SERVER selects one HTTP/2 implementation, ATTACKS a part of the attacks' names.
 * Default: all.
 */
const { BFF_HTTP2_SERVER: ONLY, ATTACKS = "" } = process.env;
const FRAMINGS = (["own", "node"] as const).filter((framing) => ONLY === undefined || framing === ONLY);

export async function runAttacks(options: RunOptions): Promise<ScenarioResult> {
  if (options.record && ATTACKS !== "") throw new Error("what is recorded are all attacks: leave ATTACKS unset");
  const placed = placement();
  const folder = mkdtempSync(join(tmpdir(), "protobff-attacks-"));
  try {
    const failures: string[] = [];
    const byAttack = new Map<string, Partial<Record<"own" | "node", Figures>>>();
    for (const framing of FRAMINGS) {
      const file = join(folder, framing);
      if (!attack(framing, file, placed.env, options.quick ? QUICK_MS : MS))
        failures.push(`a suite of attacks, BFF_HTTP2_SERVER=${framing}`);
      for (const figures of figuresIn(file))
        byAttack.set(figures.attack, { ...byAttack.get(figures.attack), [framing]: figures });
    }
    const variants = [...byAttack].map(([name, both]) => variant(name, both.own, both.node));
    return scenarioResult(options, { scenario: "attacks", variants, left_out: placed.leftOut, failures, rounds: 1 });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Placement {
  readonly env: Readonly<Record<string, string>>;
  readonly leftOut: ScenarioResult["left_out"];
}

/** The BFF alone on the first processor; attacker, upstream and normal client on the others, the attacker where the other two have nothing to do. */
function placement(): Placement {
  const [others, bff] = [`taskset -c 1-${availableParallelism() - 1}`, "taskset -c 0"];
  const works = (words: string) => spawnSync("sh", ["-c", `${words} true`]).status === 0;
  if (availableParallelism() < 2 || !works(others) || !works(bff)) {
    return {
      env: {},
      leftOut: [{ name: "a processor of the BFF's own", reason: "taskset, or a second processor, is missing" }],
    };
  }
  const env = { ATTACK_BFF: bff, ATTACK_ATTACKER: others };
  const [normal, idle] = ["chrt -o 0", "chrt -i 0"];
  if (works(`${idle} ${normal}`)) {
    const sorted = { ATTACK_BFF: `${normal} ${bff}`, ATTACK_OTHERS: normal, ATTACK_ATTACKER: `${others} ${idle}` };
    return { env: sorted, leftOut: [] };
  }
  const reason = "chrt is missing, or may not be used: it takes root, or CAP_SYS_NICE";
  return { env, leftOut: [{ name: "an attacker who takes no time of the normal client", reason }] };
}

/** @returns whether all of the suites' own expectations were met, too */
function attack(framing: string, file: string, placed: Placement["env"], ms: number): boolean {
  const command = [placed.ATTACK_ATTACKER ?? "", "node", join("node_modules", "vitest", "vitest.mjs"), "run"];
  const suites = ["test/proofs/corpora/attacks/", "-t", `'${NOT_TWICE}.*${ATTACKS}'`];
  const { status } = spawnSync("sh", ["-c", [...command, ...suites].join(" ")], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...process.env,
      ...placed,
      PROTOBFF_TIER: "corpora",
      BFF_HTTP2_SERVER: framing,
      ATTACK_FIGURES: file,
      ATTACK_MS: String(ms),
      FUZZ_MS: String(ms),
    },
  });
  return status === 0;
}

function figuresIn(file: string): readonly Figures[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Figures);
}

function variant(name: string, figures: Figures | undefined, node: Figures | undefined): VariantResult {
  return { name: name.replace(/^BFF_HTTP2=own > /, ""), ...columns("own", figures), ...columns("node", node) };
}

function columns(framing: string, figures: Figures | undefined): Readonly<Record<string, unknown>> {
  if (figures === undefined) return {};
  const { quietMs, during, ratios, lastedMs, bffMs, upstreamMs, ended } = figures;
  const part = (ms: number) => Math.round((100 * ms) / lastedMs);
  return {
    [`${framing}_p99_ms_quiet`]: quietMs,
    [`${framing}_p99_ms`]: during.both.p99,
    [`${framing}_ratio_to_quiet`]: during.both.p99 / quietMs,
    [`${framing}_tries`]: ratios.length,
    [`${framing}_alone_p99_ms`]: during.alone.p99,
    [`${framing}_bff_percent`]: part(bffMs),
    [`${framing}_upstream_percent`]: part(upstreamMs),
    ...(Object.keys(during.both.bad).length > 0 && { [`${framing}_bad`]: during.both.bad }),
    ...(ended !== undefined && { [`${framing}_ended`]: ended }),
  };
}

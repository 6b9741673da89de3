// npm run checks:mutate [-- --sample <count> --seed <number> | -- --only <part of a path or a code>]: switches off
// every place of the compiler that reports, one at a time, and counts the goldens that notice. Ends with exit code 1 if
// no golden notices one, unless test/proofs/mutation/silent.ts gives the reason.
import { parseArgs } from "node:util";
import { reportSites, withSiteOff } from "./instrument-compiler.ts";
import { SILENT } from "./silent.ts";
import type { Site } from "./sites.ts";

// The hooks only see modules that are loaded after them.
const { diagnosticGoldens } = await import("./goldens.ts");

const { values } = parseArgs({
  options: { sample: { type: "string" }, seed: { type: "string", default: "1" }, only: { type: "string" } },
});
const { only = "" } = values;
const partly = values.sample !== undefined || only !== "";
const goldens = diagnosticGoldens();
const all = [...reportSites()].sort((a, b) => (a.code + a.name < b.code + b.name ? -1 : 1));
const sites =
  values.sample === undefined
    ? all.filter(({ name }) => name.includes(only))
    : sampleOf(
        all.filter(({ name }) => !(name in SILENT)),
        Number(values.sample),
        Number(values.seed),
      );

/** Which sites a golden comes through, found when it is first needed: the others cannot change it. */
const passedBy = new Map<(typeof goldens)[number], ReadonlySet<string>>();

function notices(golden: (typeof goldens)[number], site: Site): boolean {
  let passed = passedBy.get(golden);
  if (passed === undefined) {
    const plain = withSiteOff(undefined, golden.render);
    if (plain.result !== golden.expected) throw new Error(`${golden.name} is not what it was: run the tests first`);
    passed = plain.passed;
    passedBy.set(golden, passed);
  }
  if (!passed.has(site.name)) return false;
  try {
    return withSiteOff(site, golden.render).result !== golden.expected;
  } catch {
    // Code behind a dropped diagnostic may throw any error; the golden has noticed the change.
    return true;
  }
}

const silent: string[] = [];
const explained: string[] = [];
const stale = !partly ? Object.keys(SILENT).filter((name) => !all.some((site) => site.name === name)) : [];
let noticed = 0;
for (const site of sites) {
  // Goldens of the site's own code are enough for a sample.
  const codeGoldens = goldens.filter(({ name }) => name.startsWith(`${site.code}-`));
  let by = (partly ? codeGoldens : goldens).filter((golden) => notices(golden, site));
  if (by.length === 0 && partly) by = goldens.filter((golden) => notices(golden, site));
  if (by.length > 0) noticed++;
  else (site.name in SILENT ? explained : silent).push(site.name);
  if (by.length > 0 && site.name in SILENT) stale.push(site.name);
  const first = by[0]?.name ?? (SILENT[site.name] === undefined ? "SURVIVED" : `silent: ${SILENT[site.name]}`);
  console.log(`${String(by.length).padStart(4)}  ${site.name}:${site.line}  ${first}`);
}
for (const name of stale) console.log(`test/proofs/mutation/silent.ts: "${name}" is noticed, or gone: remove it`);
for (const name of silent) console.log(`survived: ${name}`);
console.log(
  `${sites.length} report sites, ${noticed} noticed, ${explained.length} silent for a reason, ${silent.length} survived`,
);
process.exitCode = silent.length + stale.length > 0 ? 1 : 0;

function sampleOf(from: readonly Site[], count: number, seed: number): readonly Site[] {
  // mulberry32, so that a seed gives the same sites everywhere
  let state = seed;
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return from
    .map((site) => ({ site, order: random() }))
    .sort((a, b) => a.order - b.order)
    .slice(0, count)
    .map(({ site }) => site);
}

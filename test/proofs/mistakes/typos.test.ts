// Random typos in the options of valid BFFs: each has a diagnostic at its place, and `protobff check --fix` restores the
// original of nearly all. PROTOBFF_TYPOS sets their number.
// Holds docs/cli.md#check
import { expect, test } from "vitest";
import { fixed } from "../../../cli/src/check/fixed.ts";
import { fileOf } from "../../../cli/src/lsp/program/program.ts";
import { writtenFaults } from "../../../cli/src/lsp/written/written-faults.ts";
import { optionsRegistry } from "../../../cli/src/project/options-registry.ts";
import { requestFor } from "../../support/request.ts";
import { seedOf } from "../../support/seed/seed.ts";
import { BASES, SHARED } from "../fuzz/bases.ts";
import { pick, randomFrom } from "../fuzz/random.ts";
import { sitesOf, type Typo, typoAt } from "./typos.ts";

const CASES = Number(process.env.PROTOBFF_TYPOS ?? 150);
const seed = Number(seedOf());
const faultsOf = (name: string, text: string, known: Iterable<string>) =>
  writtenFaults(fileOf(name, `file:///${name}`, text), optionsRegistry(), known);

test("valid BFFs have no faults of that kind", () => {
  const found = BASES.flatMap(({ name, protos }) =>
    Object.entries(protos).flatMap(([file, text]) =>
      faultsOf(file, text, Object.keys({ ...SHARED, ...protos })).map(({ message }) => `${name}/${file}: ${message}`),
    ),
  );
  expect(found).toEqual([]);
});

test(`${CASES} typos have a diagnostic at their place, and nearly all have the right edit`, {
  timeout: 300_000,
}, () => {
  const random = randomFrom(seed);
  const [astray, unlike]: [string[], string[]] = [[], []];
  const kinds = new Map<string, number>();
  for (let left = CASES; left > 0; ) {
    const base = pick(BASES, random);
    const [file = "", text = ""] = pick(Object.entries(base?.protos ?? {}), random) ?? [];
    const site = pick(sitesOf(text), random);
    const typo = site && typoAt(text, site, random);
    if (base === undefined || typo === undefined || typo.text === text.slice(typo.from, typo.to)) continue;
    const protos = { ...base.protos, [file]: fixed(text, [typo]).text };
    const known = Object.keys({ ...SHARED, ...protos });
    const faults = faultsOf(file, protos[file] ?? "", known);
    if (faults.length === 0 && builds(protos)) continue;
    left--;
    kinds.set(typo.what, (kinds.get(typo.what) ?? 0) + 1);
    const shown = `${typo.what} in ${base.name}/${file}: ${text.slice(Math.max(0, typo.from - 40), typo.to + 20)} → ${typo.text}\n  ${faults.map(({ message, hint }) => `${message} (${hint})`).join("\n  ")}`;
    if (typo.what !== "no import" && !faults.some(({ from, to }) => isAt(text, typo, from, to))) astray.push(shown);
    let now = protos[file] ?? "";
    for (let round = 0; round < 3; round++) {
      const edits = faultsOf(file, now, known).flatMap(({ edit }) => edit ?? []);
      now = fixed(now, edits).text;
    }
    if (now.replaceAll(/\s+/g, " ").trim() !== text.replaceAll(/\s+/g, " ").trim()) unlike.push(shown);
  }
  console.log(
    `seed ${seed}: ${JSON.stringify(Object.fromEntries(kinds))}, ${astray.length} elsewhere, ${unlike.length} not restored`,
  );

  // Files without a fault of this kind keep the words of buf, which has refused these.
  expect(astray.length, `again: PROTOBFF_SEED=${seed}\n${astray.join("\n")}`).toBeLessThanOrEqual(CASES / 100);
  expect(unlike.length, unlike.join("\n")).toBeLessThanOrEqual(CASES / 10);
  expect(kinds.size).toBeGreaterThan(8);
});

/** The place is on a line of the typo; an unclosed text may begin before it. */
function isAt(text: string, typo: Typo, from: number, to: number): boolean {
  const start = text.lastIndexOf("\n", typo.from - 1);
  const line = text.indexOf("\n", typo.from + typo.text.length);
  return to >= start && from <= (line === -1 ? text.length : line) + 1;
}

function builds(protos: Readonly<Record<string, string>>): boolean {
  try {
    requestFor({ ...SHARED, ...protos }, Object.keys(protos));
    return true;
  } catch {
    return false;
  }
}

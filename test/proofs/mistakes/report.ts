// npm run fuzz -- mistakes: counts, and what was found.
import { isDeepStrictEqual } from "node:util";
import { type EditOutcome, type Finding, type Kind, type Run, runMistakes, shown } from "./run.ts";

/** Findings that no compiler may have. The others are listed for a reader: an option may act far from its place. */
export const FAULTS: readonly Kind[] = ["crash", "place", "circle", "endless"];

const countsOf = (all: readonly string[]): Readonly<Record<string, number>> =>
  Object.fromEntries([...Map.groupBy(all, (key) => key)].map(([key, found]) => [key, found.length] as const).sort());

export function countsIn(outcomes: readonly EditOutcome[]) {
  const withHints = outcomes.filter(({ followed }) => followed.length > 0);
  return {
    edits: outcomes.length,
    kinds: countsOf(outcomes.map(({ of }) => of.edit.what)),
    refusedByBuf: outcomes.filter(({ refused }) => refused).length,
    reported: outcomes.filter(({ diagnostics }) => diagnostics.length > 0).length,
    diagnostics: outcomes.flatMap(({ diagnostics }) => diagnostics).length,
    followed: withHints.length,
    ended: withHints.filter(({ left }) => left.length === 0).length,
    findings: countsOf(outcomes.flatMap(({ findings }) => findings.map(({ kind }) => kind))),
    textHints: countsOf(
      outcomes.flatMap(({ left }) => left.filter(({ hint }) => hint !== undefined).map(({ code }) => code)),
    ),
  };
}

/** Describes a finding, with the edit and how to repeat it. */
export function described(
  { of, diagnostics, followed, left }: EditOutcome,
  { kind, text }: Finding,
  seed: number,
): string {
  const { edit, base, file } = of;
  const before = base.protos[file] ?? "";
  const changes = edit.changes.map(({ from, to, text: by }) => {
    const line = before.slice(0, from).split("\n").length;
    return `  ${file}:${line}: "${before.slice(from, to).trimEnd()}" → "${by.trimEnd()}"`;
  });
  const lines = (title: string, all: readonly string[]) => (all.length === 0 ? [] : [title, ...all]);
  return [
    `${kind}: ${edit.what} ${edit.field} in ${base.name}: npm run fuzz -- mistakes --seed ${seed} --only ${of.index}`,
    ...changes,
    text,
    ...lines("of", diagnostics.map(shown)),
    ...lines("hints followed", followed),
    ...(isDeepStrictEqual(left, diagnostics) ? [] : lines("left", left.map(shown))),
  ].join("\n");
}

/** Prints the findings and counts; false if there is a fault. */
export async function reportMistakes(options: Run): Promise<boolean> {
  const { sources, outcomes, changed } = runMistakes(options, (all) => console.log(`${all.length} edits`));
  for (const outcome of outcomes)
    for (const finding of outcome.findings) console.log(`\n${described(outcome, finding, options.seed)}`);
  for (const name of changed) console.log(`\n${name}: other diagnostics after its edits are reverted`);
  const edited = new Set(outcomes.map(({ of }) => of.edit.field));
  const never = [...sources.unused, ...[...sources.places.keys()].filter((field) => !edited.has(field))];
  const { bases, places } = sources;
  console.log(
    `\n${JSON.stringify({ bffs: bases.length, options: places.size, never, ...countsIn(outcomes) }, null, 1)}`,
  );
  return changed.length === 0 && !outcomes.some(({ findings }) => findings.some(({ kind }) => FAULTS.includes(kind)));
}

// Runs many edits through the compiler, a hundred in one run of buf.
import type { Diagnostic } from "../../../plugin/src/diagnostic/diagnostic.ts";
import { together } from "../../support/together.ts";
import { SHARED } from "../fuzz/bases.ts";
import { randomFrom } from "../fuzz/random.ts";
import { type Base, type Case, caseOf, type Sources, sourcesOf } from "./cases.ts";
import { type Compiled, compiled, newIn, type Protos } from "./compiled.ts";
import { followHints } from "./hints.ts";
import { farFrom } from "./judge.ts";

const BATCH = 100;
/** Rounds of hints that are edits, after which no diagnostic of the edit may have one. */
const ROUNDS = 2;

export type Kind = "crash" | "place" | "elsewhere" | "consequence" | "silent" | "circle" | "endless" | "misled";

export interface Finding {
  readonly kind: Kind;
  readonly text: string;
}

/** Findings about an edit. */
export interface EditOutcome {
  readonly of: Case;
  /** True if buf refuses the edited text. */
  refused: boolean;
  /** Diagnostics that the edit causes. */
  diagnostics: readonly Diagnostic[];
  readonly findings: Finding[];
  /** Edits of hints that were followed, by round. */
  readonly followed: string[];
  /** Diagnostics after the rounds. */
  left: readonly Diagnostic[];
}

interface Open {
  readonly outcome: EditOutcome;
  readonly protos: Protos;
  readonly result: Compiled | undefined;
  readonly seen: readonly string[];
}

/** Returns a compilation; a refusal or a throw is added to the findings. */
function tried(outcome: EditOutcome, protos: Protos): Compiled | undefined {
  const { of, findings, followed } = outcome;
  try {
    const result = compiled(protos, of.base.parameter, of.base.unused);
    if (typeof result !== "string") return result;
    if (followed.length > 0) findings.push({ kind: "misled", text: `buf refuses the hint: ${result}` });
    else outcome.refused = true;
  } catch (error) {
    findings.push({ kind: "crash", text: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
  return undefined;
}

function first(of: Case): Open {
  const outcome: EditOutcome = { of, refused: false, diagnostics: [], findings: [], followed: [], left: [] };
  const result = tried(outcome, of.protos);
  const open: Open = { outcome, protos: of.protos, result, seen: [textOf(of.base.protos), textOf(of.protos)] };
  if (result === undefined) return open;
  const { diagnostics } = result;
  outcome.diagnostics = newIn(diagnostics, of.base.compiled.diagnostics);
  outcome.left = outcome.diagnostics;
  const add = (kind: Kind, wrong: readonly Diagnostic[]): void => {
    if (wrong.length > 0) outcome.findings.push({ kind, text: wrong.map(shown).join("\n") });
  };
  const { elsewhere, consequences } = farFrom(of, outcome.diagnostics);
  add("elsewhere", elsewhere);
  add("consequence", consequences);
  add(
    "place",
    outcome.diagnostics.filter(({ at, message }) => at.line < 1 || at.column < 1 || message === ""),
  );
  if (outcome.diagnostics.length === 0 && !result.hasErrors && isSilent(outcome, result))
    outcome.findings.push({ kind: "silent", text: "" });
  return open;
}
function isSilent({ of, findings }: EditOutcome, result: Compiled): boolean {
  try {
    return result.output() === of.base.output();
  } catch (error) {
    findings.push({ kind: "crash", text: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    return false;
  }
}

/** One round of hints. */
function next({ outcome, protos, result, seen }: Open, round: number, seed: number): readonly Open[] {
  const { of, followed, findings } = outcome;
  if (result === undefined) return [];
  const step = followHints(protos, result.program, outcome.left, randomFrom(seed ^ (of.index * 8 + round)));
  if (step === undefined) return [];
  if (round > ROUNDS) {
    findings.push({ kind: "endless", text: step.titles.join("; ") });
    return [];
  }
  followed.push(step.titles.join("; "));
  const text = textOf(step.protos);
  const at = seen.indexOf(text);
  if (at === 0) outcome.left = [];
  else if (at > 0) findings.push({ kind: "circle", text: `back to round ${at}` });
  return at === -1 ? [{ outcome, protos: step.protos, result, seen: [...seen, text] }] : [];
}

/** Compiles the text after a round of hints. */
function again(open: Open): Open {
  const { outcome, protos, seen } = open;
  const result = tried(outcome, protos);
  outcome.left = newIn(result?.diagnostics ?? [], outcome.of.base.compiled.diagnostics);
  return { outcome, protos, result, seen };
}

const textOf = (protos: Protos): string => Object.values(protos).join("\n");
export const shown = ({ code, severity, message, at, hint }: Diagnostic): string =>
  `${at.file}:${at.line}:${at.column}: ${severity} ${code}: ${message}${hint === undefined ? "" : ` (hint: ${hint})`}`;

/** Compiles one batch of cases, and follows their hints. */
function judgeBatch(cases: readonly Case[], seed: number): readonly EditOutcome[] {
  const build = (all: readonly { readonly protos: Protos }[]): void =>
    together(
      SHARED,
      all.map(({ protos }) => protos),
    );
  build(cases);
  const all = cases.map(first);
  let open: readonly Open[] = all;
  for (let round = 1; open.length > 0; round++) {
    open = open.flatMap((entry) => next(entry, round, seed));
    build(open);
    open = open.map(again);
  }
  for (const { outcome } of all) {
    const fresh = newIn(outcome.left, outcome.diagnostics);
    if (fresh.length > 0) outcome.findings.push({ kind: "misled", text: fresh.map(shown).join("\n") });
  }
  return all.map(({ outcome }) => outcome);
}

export interface Run {
  readonly seed: number;
  readonly cases: number;
  readonly only: number | undefined;
  /** 3 for a third of the valid BFFs; default: all. */
  readonly share?: number;
}

/** Edits valid BFFs, and compares the diagnostics with the contract. */
export function runMistakes(
  { seed, cases: count, only, share }: Run,
  progress: (outcomes: readonly EditOutcome[]) => void = () => {},
): { readonly sources: Sources; readonly outcomes: readonly EditOutcome[]; readonly changed: readonly string[] } {
  const sources = sourcesOf(seed, share);
  const numbers = only === undefined ? [...Array(count).keys()] : [only];
  const outcomes: EditOutcome[] = [];
  for (let from = 0; from < numbers.length; from += BATCH) {
    const cases = numbers.slice(from, from + BATCH).flatMap((index) => caseOf(sources, seed, index) ?? []);
    outcomes.push(...judgeBatch(cases, seed));
    progress(outcomes);
  }
  const bases = new Set(outcomes.map(({ of }) => of.base));
  return { sources, outcomes, changed: [...bases].filter(isChanged).map(({ name }) => name) };
}

/** Reports whether a BFF without its edits has other diagnostics than before them. */
function isChanged({ protos, parameter, unused, compiled: before }: Base): boolean {
  const after = compiled(protos, parameter, unused);
  return typeof after === "string" || after.diagnostics.map(shown).join() !== before.diagnostics.map(shown).join();
}

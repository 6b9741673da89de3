// Prints the report of a run, and reads the names of failing cases that are known.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Conformance, Outcome } from "./conformance.ts";

export const KINDS = ["values", "types", "errors"] as const;
export type Failing = Readonly<Record<(typeof KINDS)[number], readonly string[]>>;

export const FAILING_FILE = fileURLToPath(new URL("failing.json", import.meta.url));

/** Cases that may fail. The file only ever shrinks. */
export function knownFailing(): Failing {
  return JSON.parse(readFileSync(FAILING_FILE, "utf8"));
}

export function failingOf(run: Conformance): Failing {
  const names = (outcomes: readonly Outcome[]) => failed(outcomes).map(({ name }) => name);
  return { values: names(run.values), types: names(run.types), errors: names(run.errors) };
}

function failed(outcomes: readonly Outcome[]): readonly Outcome[] {
  return outcomes.filter(({ fault }) => fault !== undefined);
}

/** Per suite and in total `values: N of 2344` and so on, then every failing case with what was wanted. */
export function report(run: Conformance): string {
  const suites = [...new Set(KINDS.flatMap((kind) => run[kind].map(({ suite }) => suite)))].sort();
  const lines = suites.map((suite) => {
    const counts = KINDS.flatMap((kind) => {
      const outcomes = run[kind].filter((outcome) => outcome.suite === suite);
      return outcomes.length === 0
        ? []
        : [`${kind}: ${outcomes.length - failed(outcomes).length} of ${outcomes.length}`];
    });
    return `${suite.padEnd(16)} ${counts.join(", ")}`;
  });
  const totals = KINDS.map((kind) => `${kind}: ${run[kind].length - failed(run[kind]).length} of ${run[kind].length}`);
  const faults = KINDS.flatMap((kind) =>
    failed(run[kind]).map(({ name, expression, fault }) => `${kind} ${name}\n    ${oneLine(expression)}\n    ${fault}`),
  );
  return [...lines, "", ...totals, ...(faults.length === 0 ? [] : ["", "failing:", ...faults])].join("\n");
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, " ").trim();
}

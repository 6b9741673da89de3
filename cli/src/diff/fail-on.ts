// `--fail-on=breaking,critical-path+20%,exposure`: which findings fail a run.
import { type Finding, KINDS, type Kind } from "./finding.ts";

/** A kind of finding that is worse; with per cent, only one that has grown by more. */
export interface FailOn {
  readonly kind: Kind | "worse";
  readonly percent: number | undefined;
}
const COUNTED: ReadonlySet<string> = new Set(["calls", "critical-path"]);

/** Returns the list, or the fault of the text as a sentence. */
export function parseFailOn(text: string): readonly FailOn[] | string {
  const found: FailOn[] = [];
  for (const word of text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")) {
    const [, name = "", percent] = /^([a-z-]+?)(?:\+(\d+(?:\.\d+)?)%?)?$/.exec(word) ?? [];
    const kind = name === "worse" ? name : (Object.keys(KINDS) as Kind[]).find((key) => key === name);
    if (kind === undefined)
      return `--fail-on has ${JSON.stringify(word)}: write some of worse, ${Object.keys(KINDS).join(", ")}`;
    if (percent !== undefined && !COUNTED.has(kind))
      return `--fail-on has ${JSON.stringify(word)}: only ${[...COUNTED].join(" and ")} can have a number; write ${kind}`;
    found.push({ kind, percent: percent === undefined ? undefined : Number(percent) });
  }
  return found;
}

/** Returns the findings that fail the run: those of the named kinds that are worse. */
export function failing(findings: readonly Finding[], on: readonly FailOn[]): readonly Finding[] {
  return findings.filter(
    ({ kind, level, percent = 0 }) =>
      level === "worse" &&
      on.some(
        (failOn) =>
          (failOn.kind === kind || failOn.kind === "worse") &&
          (failOn.percent === undefined || percent > failOn.percent),
      ),
  );
}

// Compares the bounds of environment variables.
import { amountOf, type FileReport, type LimitReport, type VariableReport } from "protoc-gen-bff/compiler";
import { changesOf, type Finding, type FoundChange, type Kind, type Phrase, phrase } from "./finding.ts";

/** A narrower bound is worse: a server does not start with a value outside. */
export function compareVariables(before: readonly FileReport[], after: readonly FileReport[]): readonly Finding[] {
  const [had, has] = [variablesOf(before), variablesOf(after)];
  return [...new Set([...had.keys(), ...has.keys()])].flatMap((key): readonly Finding[] => {
    const [from, to] = [had.get(key), has.get(key)];
    const name = (from ?? to)?.name;
    if (name === undefined || boundsText(from) === boundsText(to)) return [];
    return [
      {
        kind: "values",
        level: isNarrower(from, to) ? "worse" : "different",
        where: [`env.${name}`],
        message: phrase`has other bounds`,
        before: [{ code: boundsText(from) }],
        after: [{ code: boundsText(to) }],
      },
    ];
  });
}

/** Files that are served together may declare different bounds for one variable. */
function variablesOf(reports: readonly FileReport[]): ReadonlyMap<string, VariableReport> {
  const byName = Map.groupBy(
    reports.flatMap(({ variables = [] }) => variables),
    ({ name }) => name,
  );
  const distinct = [...byName].flatMap(([name, all]) => {
    const others = new Map(all.map((variable) => [boundsText(variable), variable]));
    return [...others.values()].map((variable, i) => [`${name} ${i}`, variable] as const);
  });
  return new Map(distinct);
}

function isNarrower(from: VariableReport | undefined, to: VariableReport | undefined): boolean {
  if (to === undefined) return false;
  const [low, high] = [amount(to, to.min), amount(to, to.max)];
  const [oldLow, oldHigh] = [amount(to, from?.min), amount(to, from?.max)];
  const higher = low !== undefined && (oldLow === undefined || low > oldLow);
  return higher || (high !== undefined && (oldHigh === undefined || high < oldHigh));
}
const amount = ({ type }: VariableReport, text: string | undefined): number | bigint | undefined =>
  text === undefined ? undefined : amountOf(text, type);

function boundsText(variable: VariableReport | undefined): string {
  if (variable === undefined) return "none";
  const { min, max } = variable;
  return [min === undefined ? [] : [`at least ${min}`], max === undefined ? [] : [`at most ${max}`]].flat().join(", ");
}

/** Compares the variables that numbers of options come from, with their bounds and defaults. */
export function otherVariables(
  kind: Kind,
  message: Phrase,
  before: LimitReport["variables"],
  after: LimitReport["variables"],
): readonly FoundChange[] {
  return changesOf(kind).between("different", message, [{ code: numbersText(before) }], [{ code: numbersText(after) }]);
}

function numbersText(variables: LimitReport["variables"] = {}): string {
  const all = Object.entries(variables).map(([number, { env, min, max, default: preset }]) => {
    const unset = preset === undefined ? "" : `, by default ${preset}`;
    return `${number}: env.${env} (${min} to ${max}${unset})`;
  });
  return all.length === 0 ? "none" : all.join("; ");
}

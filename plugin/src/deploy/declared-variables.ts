// Variables that `env` of files and services declares.
import type { IrEnvVar } from "../ir/ir.ts";
import type { PlanServer } from "../plan/model/plan.ts";
import type { EnvVar } from "../resolve/model/model.ts";
import type { DeployVariable } from "./variable.ts";

/** Names of variables with values that must not be in a ConfigMap. */
const SECRET = /(^|_)(SECRET|PASSWORD|PASSWD|PASSPHRASE|TOKEN|CREDENTIALS?|(API|PRIVATE|SIGNING|ACCESS)_?KEY)S?$/i;

/** Returns each variable once; if services declare it differently, it has no common default. */
export function declaredVariables({ env, serviceEnv }: PlanServer): readonly DeployVariable[] {
  const all = Map.groupBy([...env, ...[...serviceEnv.values()].flat()], ({ ir }) => ir.name.value);
  return [...all.values()].map((declared) => variableOf(declared));
}

function variableOf(declared: readonly EnvVar[]): DeployVariable {
  const [first, ...others] = declared.map(({ ir }) => ir);
  if (first === undefined) throw new Error("a variable is declared somewhere");
  const { of, item } = first.shape ?? { of: "one", item: "string" };
  const defaults = [...new Set(declared.map(({ ir }) => ir.default?.value))];
  const alternates = [...new Set(declared.flatMap(({ ir }) => ir.alternates.map(({ value }) => value)))];
  const [byDefault] = defaults.length === 1 ? defaults : [];
  return {
    name: first.name.value,
    // Set under this name, the others would never be read.
    ...(alternates.length === 0 ? { default: byDefault } : { example: byDefault }),
    required: defaults.includes(undefined),
    kind: SECRET.test(first.name.value) ? "secret" : undefined,
    emptyCounts: of !== "one" || item === "string",
    about: [
      of === "one" ? `${article(item)} ${item}` : `a ${of} of ${item}`,
      ...new Set(declared.map(({ ir }) => boundsText(ir)).filter((text) => text !== "")),
      ...alternates.map((other) => `or ${other}`),
      ...(others.length > 0 && defaults.length > 1 ? ["each service has a separate default"] : []),
      `${first.at.file}:${first.at.line}`,
    ].join(", "),
  };
}
/** `from 1 to 500`, `at least 1`, or nothing. */
function boundsText({ min, max }: IrEnvVar): string {
  if (min !== undefined && max !== undefined) return `from ${min.value} to ${max.value}`;
  if (min !== undefined) return `at least ${min.value}`;
  return max === undefined ? "" : `at most ${max.value}`;
}
const article = (noun: string): string => (/^[aeiou]/.test(noun) && noun !== "uint" ? "an" : "a");

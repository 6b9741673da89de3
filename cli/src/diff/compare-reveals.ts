// Compares the places at which sensitive values may leave, and whether caches may contain them.
import type { CallReport, FileReport } from "protoc-gen-bff/compiler";
import { type Finding, phrase } from "./finding.ts";

/** Reports each place that is new, gone, or has another reason. */
export function compareReveals(before: readonly FileReport[], after: readonly FileReport[]): readonly Finding[] {
  const [from, to] = [revealsOf(before), revealsOf(after)];
  return [...new Set([...from.keys(), ...to.keys()])].flatMap((place): readonly Finding[] => {
    const [had, has] = [from.get(place), to.get(place)];
    if (had === has) return [];
    const [kind, where] = ["exposure", [place]] as const;
    if (has === undefined) return [{ kind, where, level: "better", message: ["no longer reveals a sensitive value"] }];
    if (had === undefined)
      return [{ kind, where, level: "worse", message: phrase`now reveals a sensitive value: ${has}` }];
    const message = ["reveals a sensitive value for another reason"];
    return [{ kind, where, level: "different", message, before: phrase`${had}`, after: phrase`${has}` }];
  });
}

const revealsOf = (reports: readonly FileReport[]): ReadonlyMap<string, string> =>
  new Map(reports.flatMap(({ reveals = [] }) => reveals.map(({ place, reason }) => [place, reason] as const)));

type Cache = Pick<NonNullable<CallReport["cache"]>, "sensitive">;

/** @param answers of a call or an RPC, as the subject of a sentence */
export function sealing(
  answers: string,
  { sensitive: was }: Cache,
  { sensitive: is }: Cache,
): readonly Omit<Finding, "where">[] {
  if (was === is) return [];
  return is === true
    ? [
        {
          kind: "cache",
          level: "better",
          message: [`${answers} may contain sensitive values, and are sealed in Redis`],
        },
      ]
    : [{ kind: "cache", level: "worse", message: [`${answers} are no longer sealed in Redis`] }];
}

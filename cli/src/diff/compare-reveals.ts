// Compares the places at which sensitive values may leave, and whether caches may contain them.
import type { CallReport, FileReport } from "protoc-gen-bff/compiler";
import { changesOf, type Finding, type FoundChange, phrase } from "./finding.ts";

/** Reports each place that is new, gone, or has another reason. */
export function compareReveals(before: readonly FileReport[], after: readonly FileReport[]): readonly Finding[] {
  const [from, to] = [revealsOf(before), revealsOf(after)];
  return [...new Set([...from.keys(), ...to.keys()])].flatMap((place): readonly Finding[] => {
    const [had, has] = [from.get(place), to.get(place)];
    if (had === has) return [];
    const exposure = changesOf("exposure");
    const of = (difference: FoundChange): readonly Finding[] => [{ ...difference, where: [place] }];
    if (has === undefined) return of(exposure.of("better", "no longer reveals a sensitive value"));
    if (had === undefined) return of(exposure.of("worse", phrase`now reveals a sensitive value: ${has}`));
    const message = "reveals a sensitive value for another reason";
    return of(exposure.of("different", message, phrase`${had}`, phrase`${has}`));
  });
}

const revealsOf = (reports: readonly FileReport[]): ReadonlyMap<string, string> =>
  new Map(reports.flatMap(({ reveals = [] }) => reveals.map(({ place, reason }) => [place, reason] as const)));

type Cache = Pick<NonNullable<CallReport["cache"]>, "sensitive">;

/** @param answers of a call or an RPC, as the subject of a sentence */
export function sealing(answers: string, { sensitive: was }: Cache, { sensitive: is }: Cache): readonly FoundChange[] {
  if (was === is) return [];
  const caches = changesOf("cache");
  return is === true
    ? [caches.of("better", `${answers} may contain sensitive values, and are sealed in Redis`)]
    : [caches.of("worse", `${answers} are no longer sealed in Redis`)];
}

import type { Diagnostic } from "../diagnostic/diagnostic.ts";
import { isError, type Severities, withSeverity } from "../diagnostic/severity.ts";
import type { Drift } from "./drift.ts";

/**
 * Returns the diagnostics of a run with changes of upstreams among them. A change that is an error replaces the errors
 * that it explains, and warnings at its place. A change that is a warning replaces nothing.
 */
export function mergeDrifts(
  found: readonly Diagnostic[],
  drifts: readonly Drift[],
  severities: Severities,
): readonly Diagnostic[] {
  const changes = drifts.flatMap(({ diagnostic, explains }) => {
    const adjusted = withSeverity(diagnostic, severities);
    return adjusted === undefined ? [] : [{ diagnostic: adjusted, explains }];
  });
  const errors = changes.filter(({ diagnostic }) => isError(diagnostic));
  const explained = new Set(errors.flatMap(({ explains }) => explains));
  const changed = new Set(errors.map(({ diagnostic }) => placeOf(diagnostic)));
  const follows = (diagnostic: Diagnostic): boolean =>
    explained.has(diagnostic) || (!isError(diagnostic) && changed.has(placeOf(diagnostic)));
  return [...found.filter((diagnostic) => !follows(diagnostic)), ...changes.map(({ diagnostic }) => diagnostic)];
}

const placeOf = ({ at }: Diagnostic): string => `${at.file}:${at.line}:${at.column}`;

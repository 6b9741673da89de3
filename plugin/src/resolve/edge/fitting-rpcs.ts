import type { Diagnostic } from "../../diagnostic/diagnostic.ts";
import type { Around } from "../packages/request-scope.ts";

/** Something that a package declares for all of its RPCs. */
interface Fitting<T> {
  /** By the RPCs that have the values it reads. */
  readonly found: ReadonlyMap<Around, T>;
  /** Diagnostics of each other RPC. */
  readonly faults: readonly (readonly Diagnostic[])[];
}

/**
 * Resolves a declaration of a package for every RPC that has the values it reads.
 *
 * @param differs false: RPCs do not differ in these values, so that one fault is enough
 * @param resolve returns undefined after a diagnostic
 */
export function fittingRpcs<T>(
  all: Iterable<Around>,
  differs: (around: Around) => boolean,
  resolve: (around: Around) => T | undefined,
): Fitting<T> {
  const found = new Map<Around, T>();
  const faults: (readonly Diagnostic[])[] = [];
  for (const around of all) {
    const diagnostics: Diagnostic[] = [];
    const value = resolve({ ...around, report: (diagnostic) => diagnostics.push(diagnostic) });
    if (value !== undefined) found.set(around, value);
    if (diagnostics.length === 0) continue;
    faults.push(diagnostics);
    if (!differs(around)) break;
  }
  return { found, faults };
}

import type { Diagnostic, Text } from "../../diagnostic/diagnostic.ts";
import type { RpcContext } from "../packages/rpc-context.ts";
import { freeNames } from "../scope/free-names.ts";

/** Something that a package declares for all of its RPCs. */
interface Fitting<T> {
  /** By the RPCs that have the values it reads. */
  readonly found: ReadonlyMap<RpcContext, T>;
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
  all: Iterable<RpcContext>,
  differs: (rpc: RpcContext) => boolean,
  resolve: (rpc: RpcContext) => T | undefined,
): Fitting<T> {
  const found = new Map<RpcContext, T>();
  const faults: (readonly Diagnostic[])[] = [];
  let isIncomplete = false;
  for (const rpc of all) {
    const diagnostics: Diagnostic[] = [];
    const value = resolve({ ...rpc, report: (diagnostic) => diagnostics.push(diagnostic) });
    if (value !== undefined) found.set(rpc, value);
    isIncomplete ||= value === undefined && diagnostics.length === 0;
    if (diagnostics.length === 0) continue;
    faults.push(diagnostics);
    if (!differs(rpc)) break;
  }
  // With an error elsewhere, the others may not be the RPCs that have the values.
  return { found, faults: isIncomplete && found.size === 0 ? [] : faults };
}

/** Returns true if texts read one of these names. */
export function reads({ run, file }: RpcContext, texts: readonly Text[], names: readonly string[]): boolean {
  const all = texts.map(({ value }) => freeNames(value, run.ir.registry, file.desc.proto.package).names);
  return all.some((free) => names.some((name) => free.has(name)));
}

// Faults of subsets, which are in declarations of the composed message or of an rpc.

import { type Diagnostic, fault, type Origin, type Report } from "../../diagnostic/diagnostic.ts";
import type { IrMessage } from "../../ir/ir.ts";
import type { Args } from "../model/model.ts";
import { type ComposePlace, howToGive } from "../scope/args.ts";

/** Adds the alias to a fault in declarations of the composed message, which may have none for other callers. */
export function withAlias({ desc, subset }: IrMessage, diagnostic: Diagnostic): Diagnostic {
  if (subset === undefined) return diagnostic;
  const alias = { at: subset.alias.at, message: `"${desc.typeName}" has this part of "${subset.of.desc.typeName}"` };
  return {
    ...diagnostic,
    related: [...(diagnostic.related ?? []), alias],
    derived: OF_KEPT_STEPS.has(diagnostic.code),
  };
}
/** Faults that depend on the steps that a subset keeps. Without the method of a call, these are not known. */
const OF_KEPT_STEPS: ReadonlySet<string> = new Set(["BFF338", "BFF401"]);

/**
 * Reports arguments that kept steps read, and that are no fields of the requests. Without the report the fault would
 * seem to be in the composed message. Returns their names.
 */
export function missingFields(
  { desc, at, subset }: IrMessage,
  { message }: Args,
  {
    places,
    used,
    readOf,
  }: {
    readonly places: readonly ComposePlace[];
    readonly used: ReadonlySet<string>;
    readonly readOf: (name: string) => Origin | undefined;
  },
  report: Report,
): ReadonlySet<string> {
  const names = new Set(message?.fields.map(({ name }) => name));
  const missing = subset === undefined || message === undefined ? [] : [...used].filter((name) => !names.has(name));
  const [place] = places;
  for (const name of place === undefined ? [] : missing)
    fault(report, "BFF338", place?.at ?? at, {
      message: `${place?.what} composes "${desc.name}" without the argument "${name}"`,
      ...(place && howToGive(place, name, used)),
      related: [{ at: readOf(name) ?? at, message: `"${subset?.of.desc.name}" reads it here` }],
    });
  return new Set(missing);
}

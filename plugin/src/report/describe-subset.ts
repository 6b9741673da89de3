import type { Composed } from "../resolve/model/model.ts";

export interface SubsetReport {
  /** The composed message of which it is a part; present only for an alias of a composed message. */
  readonly subset?: {
    readonly of: string;
    /** Steps that its fields do not need; a step without a name is `step 2`. Omitted if it needs all. */
    readonly without?: readonly string[];
  };
}

export function subsetReport({ ir: { subset, steps } }: Composed): SubsetReport {
  if (subset === undefined) return {};
  const kept = new Set(steps.map(({ index }) => index));
  const left = subset.of.steps.filter(({ index }) => !kept.has(index));
  const without = left.map(({ name, index }) => name?.value ?? `step ${index + 1}`);
  return { subset: { of: subset.of.desc.typeName, ...(without.length > 0 && { without }) } };
}

/** Returns `of web.v1.Dashboard, without usage, unread`, or none for a message that is no part of another. */
export function subsetText(message: Composed): readonly string[] {
  const { subset } = subsetReport(message);
  if (subset === undefined) return [];
  return [`of ${subset.of}${subset.without === undefined ? "" : `, without ${subset.without.join(", ")}`}`];
}

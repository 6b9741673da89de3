// Events that purge tags.
import type { PlanFile, PlanPurge } from "../plan/model/plan.ts";

interface PurgeReport {
  readonly subject: string;
  readonly jetstream: string;
  readonly type: string;
  readonly tags: readonly string[];
}
/** Present only if events purge tags of the package. */
export interface PurgesOfFile {
  readonly purges?: readonly PurgeReport[];
}

function purgeReport({ of: { ir, type, tags } }: PlanPurge): PurgeReport {
  const { subject, jetstream } = ir;
  const texts = tags.map(({ text }) => text.value);
  return { subject: subject.value, jetstream: jetstream.value, type: type.typeName, tags: texts };
}

export const purgesReport = ({ purges }: PlanFile): PurgesOfFile =>
  purges.length === 0 ? {} : { purges: purges.map(purgeReport) };

/** Returns the block of events, with the tags that each purges. */
export function purgeBlock({ purges }: PlanFile): string[] {
  if (purges.length === 0) return [];
  const rows = purges
    .map(purgeReport)
    .map(({ subject, jetstream, type, tags }) => `  ${type} at ${subject} of ${jetstream}: ${tags.join(", ")}`);
  return [["events that purge", ...rows].join("\n")];
}

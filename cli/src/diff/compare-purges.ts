import type { FileReport } from "protoc-gen-bff/compiler";
import { type Finding, phrase } from "./finding.ts";

/** Compares the events that purge tags. */
export function comparePurges(before: readonly FileReport[], after: readonly FileReport[]): readonly Finding[] {
  const [had, has] = [purgesOf(before), purgesOf(after)];
  const base = { kind: "cache", level: "different" } as const;
  return [
    ...[...had]
      .filter(([key]) => !has.has(key))
      .map(
        ([, { subject, tag }]): Finding => ({
          ...base,
          level: "worse",
          where: [subject],
          message: phrase`events no longer purge ${tag}`,
        }),
      ),
    ...[...has]
      .filter(([key]) => !had.has(key))
      .map(
        ([, { subject, tag }]): Finding => ({ ...base, where: [subject], message: phrase`events now purge ${tag}` }),
      ),
  ];
}

/** Each tag with its events. */
function purgesOf(reports: readonly FileReport[]) {
  return new Map(
    reports
      .flatMap(({ purges = [] }) => purges)
      .flatMap(({ subject, jetstream, type, tags }) =>
        tags.map((tag) => [JSON.stringify([subject, jetstream, type, tag]), { subject, tag }] as const),
      ),
  );
}

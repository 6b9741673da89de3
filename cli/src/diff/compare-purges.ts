import type { FileReport } from "protoc-gen-bff/compiler";
import { changesOf, type Finding, phrase } from "./finding.ts";

/** Compares the events that purge tags. */
export function comparePurges(before: readonly FileReport[], after: readonly FileReport[]): readonly Finding[] {
  const [had, has] = [purgesOf(before), purgesOf(after)];
  const caches = changesOf("cache");
  const lost = [...had].filter(([key]) => !has.has(key));
  const gained = [...has].filter(([key]) => !had.has(key));
  return [
    ...lost.map(([, { subject, tag }]) => ({
      ...caches.of("worse", phrase`events no longer purge ${tag}`),
      where: [subject],
    })),
    ...gained.map(([, { subject, tag }]) => ({
      ...caches.of("different", phrase`events now purge ${tag}`),
      where: [subject],
    })),
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

// Fields in which the answers of mirrors are compared: those that a file reads of the methods that it calls.
import type { DescField, DescMessage, DescMethod } from "@bufbuild/protobuf";
import type { Entry, PlanUpstream } from "../model/calls.ts";
import type { ComparedFields } from "../model/codec.ts";
import type { Projection } from "./projection.ts";

/**
 * Returns the compared fields of each method whose calls are copied.
 *
 * @param clients calls of resolvers, which may read every field
 */
export function comparedFields(
  entries: readonly Entry[],
  clients: readonly Entry[],
  upstreams: readonly PlanUpstream[],
  { reads }: Pick<Projection, "reads">,
): ReadonlyMap<DescMethod, ComparedFields> {
  const ignored = new Set(
    upstreams.flatMap(({ branches }) => branches.flatMap(({ ignore }) => ignore.map(({ field }) => field))),
  );
  const isRead = (field: DescField): boolean => reads.get(field.parent)?.has(field) ?? true;
  const copied = (all: readonly Entry[], counts: (field: DescField) => boolean) =>
    all
      .filter(({ policy }) => policy.copied)
      .map(({ method }) => [method, fieldsOf(method.output, ignored, counts)] as const);
  return new Map([...copied(entries, isRead), ...copied(clients, () => true)]);
}

function fieldsOf(
  root: DescMessage,
  ignored: ReadonlySet<DescField>,
  counts: (field: DescField) => boolean,
): ComparedFields {
  const reached = new Set([root]);
  const parts = new Map<DescMessage, readonly DescField[]>();
  const leftOut = new Set<DescField>();
  for (const desc of reached) {
    const read = desc.fields.filter(counts);
    const fields = read.filter((field) => !ignored.has(field));
    for (const field of read) if (ignored.has(field)) leftOut.add(field);
    if (fields.length < desc.fields.length) parts.set(desc, fields);
    for (const { message } of fields) if (message !== undefined) reached.add(message);
  }
  return { parts, ignored: leftOut };
}

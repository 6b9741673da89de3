// Codecs of a file, and the fields in which its mirrors are compared.
import type { DescField, DescMessage, DescMethod } from "@bufbuild/protobuf";
import type { BffFile, Block, Composed, Model, Opening } from "../../resolve/model/model.ts";
import type { Entry, PlanClient, PlanTopic, PlanUpstream } from "../model/calls.ts";
import type { ComparedFields, PlanCodec } from "../model/codec.ts";
import type { PlanFile } from "../model/plan.ts";
import { planCodec } from "./plan-codec.ts";
import { type Projection, projectionOf } from "./projection.ts";

/** Planned parts of a file. */
interface Parts {
  readonly reached: readonly (Composed | Opening)[];
  readonly entries: readonly Entry[];
  /** Entries of topics. */
  readonly called: readonly Entry[];
  readonly clients: readonly PlanClient[];
  readonly topics: readonly PlanTopic[];
  readonly upstreams: readonly PlanUpstream[];
}

/** Only services send or receive messages. */
export function planCodecs(file: BffFile, parts: Parts, model: Model): Pick<PlanFile, "codec" | "compared"> {
  const { entries, called, clients, topics, upstreams } = parts;
  const rpcs = file.services.flatMap(({ methods }) => methods.map(({ desc }) => desc));
  if (rpcs.length === 0) return { codec: undefined, compared: new Map() };
  const projection = projectionIn(file, rpcs, parts, model);
  return {
    codec: codecOf([...entries, ...called], rpcs, topics, projection),
    compared: comparedFields(entries, clients, upstreams, projection),
  };
}

function projectionIn(
  file: BffFile,
  rpcs: readonly DescMethod[],
  { reached, topics }: Parts,
  model: Model,
): Projection {
  const isOfFile = ({ file: { desc } }: Block): boolean => desc.name === file.desc.name;
  return projectionOf({
    file: file.desc,
    principals: [
      ...reached.flatMap(({ callers }) => callers?.types ?? []),
      ...file.services.flatMap(({ methods }) => methods.flatMap(({ callers }) => callers?.types ?? [])),
    ],
    localBlocks: [
      ...file.messages,
      ...file.services.flatMap((service) => service.let ?? []),
      ...file.services.flatMap(({ methods }) =>
        methods.flatMap(({ permit, limits, headers, tags, stream }) =>
          [permit, limits, headers, tags, stream].filter((block) => block !== undefined),
        ),
      ),
      ...topics.map(({ of }) => of),
      ...reached.filter((block) => block.kind === "opening" && isOfFile(block)),
    ],
    others: reached.filter((block) => !isOfFile(block)),
    conversions: model.conversions.messages.filter(({ owner }) => owner.file.name === file.desc.name),
    rpcs,
  });
}

function codecOf(
  entries: readonly Entry[],
  rpcs: readonly DescMethod[],
  topics: readonly PlanTopic[],
  projection: Projection,
): PlanCodec | undefined {
  const codec = planCodec(
    entries.map(({ method }) => method),
    rpcs,
    projection,
    topics.flatMap(({ of: { event } }) => (event.type.kind === "message" ? [event.type.desc] : [])),
  );
  return codec.encodes.length + codec.decodes.length === 0 ? undefined : codec;
}

// Fields in which the answers of mirrors are compared: those that a file reads of the methods that it calls.

/**
 * Returns the compared fields of each method whose calls are copied.
 *
 * @param clients calls of resolvers, which may read every field
 */
function comparedFields(
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

// Deferred parts: a stream whose first message is complete but for parts that come later, each as protobuf merges.
import {
  create,
  type DescField,
  type DescMessage,
  isMessage,
  type Message,
  type MessageShape,
} from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";

/**
 * Merges a stream of parts and yields the merged message after each part. Each yield is a new object that shares its
 * unchanged values with the previous one, so that a page redraws only the changes.
 *
 * @example
 * for await (const page of merged(RunPageSchema, client.openRun({ runId: "42" }))) render(page);
 */
export async function* merged<Desc extends DescMessage>(
  desc: Desc,
  parts: AsyncIterable<MessageShape<Desc>>,
): AsyncGenerator<MessageShape<Desc>, void> {
  let whole: MessageShape<Desc> | undefined;
  for await (const part of parts) {
    whole = whole === undefined ? part : mergedWith(desc, whole, part);
    yield whole;
  }
}

/**
 * Merges two messages, as protobuf does (Protocol Buffers, "Encoding", "Last One Wins"). Set fields of `part` replace,
 * messages are merged, lists are appended, entries of maps replace. Neither message is changed.
 *
 * @example
 * const page = mergedWith(RunPageSchema, first, second);
 */
export function mergedWith<Desc extends DescMessage>(
  desc: Desc,
  whole: MessageShape<Desc>,
  part: MessageShape<Desc>,
): MessageShape<Desc> {
  const result = create(desc) as Message & Record<string, unknown>;
  const [before, after] = [whole as Message & Record<string, unknown>, part as Message & Record<string, unknown>];
  for (const member of desc.members) {
    const name = member.localName;
    if (member.kind === "oneof")
      result[name] = mergedOneof(member.fields, before[name] as Chosen, after[name] as Chosen);
    else {
      const value = mergedField(member, explicitValue(before, name), explicitValue(after, name));
      if (value !== undefined) result[name] = value;
    }
  }
  const unknown = [...(whole.$unknown ?? []), ...(part.$unknown ?? [])];
  if (unknown.length > 0) result.$unknown = unknown;
  return result as MessageShape<Desc>;
}

/**
 * Returns a field that is set on the message itself: in proto2 and editions the prototype holds the defaults of fields
 * with presence.
 */
const explicitValue = (message: Readonly<Record<string, unknown>>, name: string): unknown =>
  Object.hasOwn(message, name) ? message[name] : undefined;

function mergedField(field: DescField, before: unknown, after: unknown): unknown {
  switch (field.fieldKind) {
    case "list": {
      const [first, more] = [before as unknown[], after as unknown[]];
      return more.length === 0 ? first : [...first, ...more];
    }
    case "map":
      return Object.keys(after as object).length === 0 ? before : { ...(before as object), ...(after as object) };
    case "message":
      return mergedMessage(field.message, before, after);
    default:
      return isSet(field, after) ? after : before;
  }
}

function mergedMessage(desc: DescMessage, before: unknown, after: unknown): unknown {
  if (after === undefined) return before;
  if (before === undefined) return after;
  if (isMessage(before) && isMessage(after)) return mergedWith(desc, before, after);
  // As protobuf-es has them: a google.protobuf.Struct is a plain object, a wrapper is its value.
  if (desc.typeName === STRUCT) return { ...(before as object), ...(after as object) };
  return isZero(after) ? before : after;
}
const STRUCT = "google.protobuf.Struct";

interface Chosen {
  readonly case: string | undefined;
  readonly value?: unknown;
}
function mergedOneof(fields: readonly DescField[], before: Chosen, after: Chosen): Chosen {
  if (after.case === undefined) return before;
  const field = fields.find((candidate) => candidate.localName === after.case);
  if (after.case !== before.case || field?.fieldKind !== "message") return after;
  return { case: after.case, value: mergedMessage(field.message, before.value, after.value) };
}

/** Without presence a field's zero value is never sent, and replaces nothing. */
function isSet(field: DescField, value: unknown): boolean {
  if (value === undefined) return false;
  return field.presence !== FeatureSet_FieldPresence.IMPLICIT || !isZero(value);
}
function isZero(value: unknown): boolean {
  if (value instanceof Uint8Array) return value.length === 0;
  return Object.is(value, 0) || value === "" || value === false || value === 0n;
}

/** A response that lists the deferred parts that have arrived. */
export interface Arriving {
  readonly parts: readonly { readonly name: string }[];
}

/**
 * Returns true if a deferred part of a message has arrived.
 *
 * @param name the path of its field, such as "card.maker"
 * @param _of the message's constant in `<name>_parts.ts`, such as `PAGE_PARTS`: with it only names of its parts compile
 * @example
 * if (arrived(page, "card.maker", PAGE_PARTS)) show(page.card?.maker);
 */
export function arrived<const Names extends readonly string[]>(
  { parts }: Arriving,
  name: NoInfer<Names[number]>,
  _of?: Names,
): boolean {
  return parts.some((part) => part.name === name);
}

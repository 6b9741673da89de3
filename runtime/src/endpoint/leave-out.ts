// Values that a client's protocol cannot carry. The field with such a value is left out and becomes a degradation; all
// other fields are sent.
import {
  clearExtension,
  clone,
  create,
  type DescExtension,
  type DescField,
  type DescMessage,
  type Message,
  type Registry,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { DegradationSchema, Degradation_Effect as Effect } from "@protobff/messages/bff/v1/degradation_pb.js";
import { bothDegraded, type Degraded, degradedFields, type Place, type TouchedField } from "../compose/degrade.ts";
import { invalid } from "../failure.ts";
import { extensionsIn, isMessageSet, readHeld } from "../json/extensions.ts";
import { messagesIn } from "../json/messages-in.ts";
import { jsonOf, jsonWriter } from "../json/write-json.ts";
import { isForbiddenIn } from "../wire/answer-values.ts";
import { faultOfValue, isChecked } from "../wire/forbidden-values.ts";
import { holdsField } from "../wire/holds-field.ts";

/** Returns why a message of a well-known type, or of an extension, cannot be sent; undefined if it can. */
type FaultOf = (desc: DescMessage, message: Message) => string | undefined;

/** Receives the fields that a message was sent without, before it is sent. Called at most once. */
export type LeftOut = (fields: Degraded) => void;

/**
 * Returns the function that writes an RPC's messages as JSON. Fields that JSON cannot represent are left out.
 *
 * @throws a `Failure` for a message that has no JSON even so
 * @example
 * const write = answerWriter(method.output, registry);
 * const text = write(response, ({ header }) => console.warn(`left out: ${header}`));
 */
export function answerWriter(desc: DescMessage, registry: Registry): (message: Message, leftOut?: LeftOut) => string {
  const write = jsonWriter(desc, registry);
  return (message, leftOut) => written({ desc, registry, write }, message, leftOut);
}

/** Messages of a type, and the function that writes them as JSON. */
interface WrittenType<T> {
  readonly desc: DescMessage;
  readonly registry: Registry;
  readonly write: (message: Message) => T;
}
/** Returns what is written for the message, or for the message without the fields that JSON cannot represent. */
export function written<T>({ desc, registry, write }: WrittenType<T>, message: Message, leftOut?: LeftOut): T {
  try {
    return write(message);
  } catch (thrown) {
    const sent = sendable(desc, message, (inner, value) => faultInJson(inner, value, registry), registry);
    if (sent === undefined) throw invalid("", String(thrown), thrown);
    let text: T;
    try {
      text = write(sent.message);
    } catch (again) {
      throw invalid("", String(again), again);
    }
    leftOut?.(sent.fields);
    return text;
  }
}
function faultInJson(desc: DescMessage, message: Message, registry: Registry): string | undefined {
  try {
    jsonOf(desc, message, registry);
    return undefined;
  } catch (thrown) {
    return textOf(thrown);
  }
}
const textOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

/** A message without the fields that cannot be sent, and these fields. */
interface Sendable<M> {
  readonly message: M;
  readonly fields: Degraded;
}

/** A response, and its degradations. */
interface Composed<M> {
  readonly response: M;
  readonly found: Degraded | undefined;
}
/** Returns a composed response without the values that their own type forbids. */
export function withoutForbidden<M extends Message>(desc: DescMessage, composed: Composed<M>): Composed<M> {
  const { response, found } = composed;
  const sent = isForbiddenIn(desc, response) ? sendable(desc, response, faultOfValue, undefined) : undefined;
  if (sent === undefined) return composed;
  const { message, fields } = sent;
  return { response: message, found: bothDegraded(found, fields) };
}

/** @param registry of extensions; undefined: extensions are passed on unread */
function sendable<M extends Message>(
  desc: DescMessage,
  message: M,
  faultOf: FaultOf,
  registry: Registry | undefined,
): Sendable<M> | undefined {
  const copy: Message = clone(desc, message);
  const found: TouchedField[] = [];
  clean({ desc, path: "", folded: "", order: [] }, reflect(desc, copy), { faultOf, registry, found });
  if (found.length === 0) return undefined;
  const fields = degradedFields(found);
  const field = desc.fields.find(({ message: of }) => of?.typeName === DegradationSchema.typeName);
  if (field?.fieldKind === "list")
    (copy as unknown as Record<string, Message[]>)[field.localName]?.push(...fields.entries);
  return { message: copy as M, fields };
}

interface Cleaning {
  readonly faultOf: FaultOf;
  readonly registry: Registry | undefined;
  readonly found: TouchedField[];
}

/** Removes what cannot be sent from a message, and reports it. */
function clean(at: Place, message: ReflectMessage, cleaning: Cleaning): void {
  for (const field of at.desc.fields) {
    const desc = field.message;
    if (desc === undefined || !message.isSet(field) || !(isValue(desc) || mayHold(desc))) continue;
    const faults = [...messagesIn(message, field)].map(([path, inner], i) => {
      if (isValue(desc)) return cleaning.faultOf(desc, inner.message);
      const folded = field.fieldKind === "message" ? field.name : `${field.name}[*]`;
      const order = field.fieldKind === "message" ? [field.number] : [field.number, i];
      const inside = { path: `${at.path}${path}.`, folded: `${at.folded}${folded}.`, order: [...at.order, ...order] };
      clean({ desc, ...inside }, inner, cleaning);
      return undefined;
    });
    const fault = faults.find((text) => text !== undefined);
    if (fault === undefined) continue;
    remove(message, field, (i) => faults[i] !== undefined);
    report(at, field, fault, cleaning);
  }
  cleanExtensions(at, message, cleaning);
}
const isValue = (desc: DescMessage): boolean => isChecked(desc) || isMessageSet(desc);
const mayHold = (desc: DescMessage): boolean =>
  desc.proto.extensionRange.length > 0 ||
  holdsField(desc, ({ message: of }) => of !== undefined && (isValue(of) || of.proto.extensionRange.length > 0));

function remove(message: ReflectMessage, field: DescField, isFaulty: (i: number) => boolean): void {
  if (field.fieldKind === "list") {
    const list = message.get(field);
    const kept = [...list].filter((_, i) => !isFaulty(i));
    list.clear();
    for (const item of kept) list.add(item);
  } else if (field.fieldKind === "map") {
    const map = message.get(field);
    [...map.keys()].forEach((key, i) => {
      if (isFaulty(i)) map.delete(key);
    });
  } else message.clear(field);
}

function cleanExtensions(at: Place, { message }: ReflectMessage, cleaning: Cleaning): void {
  const { registry } = cleaning;
  for (const extension of registry === undefined ? [] : extensionsIn(at.desc, message, registry)) {
    const fault = faultOfExtension(message, extension, cleaning);
    if (fault === undefined) continue;
    clearExtension(message, extension);
    report(at, { name: `[${extension.typeName}]`, number: extension.number }, fault, cleaning);
  }
}
function faultOfExtension(message: Message, extension: DescExtension, { faultOf }: Cleaning): string | undefined {
  try {
    const held = readHeld(message, extension);
    for (const [, { desc, message: value }] of held === undefined ? [] : messagesIn(held.holder, held.field)) {
      const fault = faultOf(desc, value);
      if (fault !== undefined) return fault;
    }
    return undefined;
  } catch (thrown) {
    return textOf(thrown);
  }
}

function report(
  { path, folded, order }: Place,
  field: Pick<DescField, "name" | "number"> & { readonly fieldKind?: DescField["fieldKind"] },
  fault: string,
  { found }: Cleaning,
): void {
  const at = `${path}${field.name}`;
  const failure = invalid("", `${at}: ${fault}`);
  const isIncomplete = field.fieldKind === "list" || field.fieldKind === "map";
  const effect = isIncomplete ? Effect.INCOMPLETE : Effect.MISSING;
  const entry = create(DegradationSchema, { path: at, effect, reason: failure.reason });
  found.push({ entry, failure, folded: `${folded}${field.name}`, order: [...order, field.number] });
}

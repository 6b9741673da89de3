// Values that their own type forbids, in answers of upstreams. Binary protocols could pass them on, and JSON could not:
// they are a failure of the call that received them, whatever the client's protocol.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { checkedBy } from "./codec.ts";
import { faultOfValue, holdsChecked, isChecked, jsonFault } from "./forbidden-values.ts";
import { opaqueBytes } from "./opaque-message.ts";
import { readMessage } from "./reader.ts";
import { checkValuesWith } from "./skip.ts";

checkValuesWith((desc, bytes) => faultOfValue(desc, readMessage(desc, bytes)) !== undefined);

/** A field of a message that is of such a type, or holds one. */
interface Place {
  readonly name: string;
  readonly check: Checker;
  /** Property of the message. */
  readonly key: string;
  /** Case of the oneof that is the property; undefined if the field is in none. */
  readonly inCase: string | undefined;
  readonly isMany: boolean;
}
/** @throws an Error with `name`, the name of the field that holds the value */
type Checker = (value: unknown, name: string) => void;
const checkers = new WeakMap<DescMessage, Checker>();

function placeOf(field: DescField): Place[] {
  const { message: type, name, oneof, localName, fieldKind, parent } = field;
  if (type === undefined || !holdsChecked(type)) return [];
  const isJson = type.typeName === "google.protobuf.Struct" && parent.typeName !== "google.protobuf.Value";
  const check: Checker = isJson ? (json) => fail(jsonFault(json), name) : checkerOf(type);
  const isMany = fieldKind === "list" || fieldKind === "map";
  return [{ name, check, key: oneof?.localName ?? localName, inCase: oneof && localName, isMany }];
}

function checkerOf(desc: DescMessage): Checker {
  const known = checkers.get(desc);
  if (known !== undefined) return known;
  let places: readonly Place[] | undefined; // found later, because a type may hold itself
  const checker: Checker = (value, name) => {
    const message = value as Readonly<Record<string, unknown>>;
    // A message that is passed on was checked with its bytes. Most have no class, which is found out sooner.
    if (Object.getPrototypeOf(message) !== Object.prototype && opaqueBytes(message) !== undefined) return;
    places ??= isChecked(desc) ? [] : desc.fields.flatMap(placeOf);
    for (const place of places) checkPlace(place, message);
    fail(faultOfValue(desc, message), name);
  };
  checkers.set(desc, checker);
  return checker;
}
/** Reports whether a message holds a value that its own type forbids. Bytes that were checked do not count. */
export function isForbiddenIn(schema: DescMessage, message: object): boolean {
  if (!holdsChecked(schema)) return false;
  try {
    checkerOf(schema)(message, schema.name);
    return false;
  } catch {
    return true;
  }
}

/**
 * Returns a decoder that also fails for values that their own type forbids. It checks what the decoder returns, so
 * fields that are not read do not count. Types without such values have the same decoder.
 *
 * @throws an Error with the field's name, and no value
 */
export function checkedDecoder<T>(schema: DescMessage, decode: (bytes: Uint8Array) => T): (bytes: Uint8Array) => T {
  if (!holdsChecked(schema)) return decode;
  const check = checkerOf(schema);
  const checked = (bytes: Uint8Array): T => {
    const message = decode(bytes);
    if (message !== undefined) check(message, schema.name);
    return message;
  };
  return checkedBy(schema, decode, (message) => check(message, schema.name)) ?? checked;
}

function fail(fault: string | undefined, name: string): void {
  if (fault !== undefined) throw new Error(`${name}: ${fault}`);
}

function checkPlace({ name, check, key, inCase, isMany }: Place, message: Readonly<Record<string, unknown>>): void {
  let value = message[key];
  if (inCase !== undefined) {
    const set = value as { readonly case?: string; readonly value?: unknown } | undefined;
    value = set?.case === inCase ? set.value : undefined;
  }
  if (value === undefined) return;
  if (!isMany) check(value, name);
  else if (Array.isArray(value)) for (const item of value) check(item, name);
  else for (const item of Object.values(value as object)) check(item, name);
}

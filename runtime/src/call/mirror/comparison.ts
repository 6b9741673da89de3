// Compares two answers in the fields that a composition reads.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { type ReflectList, type ReflectMap, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import type { Difference } from "../../observer-calls.ts";
import { readMessage } from "../../wire/reader.ts";

/**
 * Fields to compare, by the full name of their message. Messages that are not in it are compared whole.
 *
 * @example
 * const reads: ComparedFields = { "catalog.v1.Item": ["id", "price"] };
 */
export type ComparedFields = Readonly<Record<string, readonly string[]>>;

/** Maximum number of differences of one pair. */
const MOST = 100;
const MAX_TEXT_CHARACTERS = 200;

/** How the answers of a method are compared. */
export interface ComparedAnswers {
  readonly output: DescMessage;
  readonly reads: ComparedFields;
}

/**
 * Returns the differences of two answers, one per path and at most 100. Lists are compared in order, maps by key. `NaN`
 * equals `NaN`.
 *
 * @throws Error for bytes that are no message
 */
export function differencesOf(
  { output, reads }: ComparedAnswers,
  served: Uint8Array,
  copy: Uint8Array,
): readonly Difference[] {
  if (Buffer.compare(served, copy) === 0) return [];
  const walk = new Walk(reads);
  walk.messages(reflected(output, served), reflected(output, copy), "");
  return [...walk.found.values()];
}

const reflected = (desc: DescMessage, bytes: Uint8Array): ReflectMessage => reflect(desc, readMessage(desc, bytes));

/** One comparison. */
class Walk {
  readonly found = new Map<string, Difference>();
  readonly #reads: ComparedFields;

  constructor(reads: ComparedFields) {
    this.#reads = reads;
  }
  messages(served: ReflectMessage, copy: ReflectMessage, prefix: string): void {
    const names = this.#reads[served.desc.typeName];
    for (const field of served.desc.fields) {
      if (names !== undefined && !names.includes(field.name)) continue;
      const path = `${prefix}${field.name}`;
      if (field.fieldKind === "list") this.#lists(served.get(field), copy.get(field), path);
      else if (field.fieldKind === "map") this.#maps(served.get(field), copy.get(field), path);
      else this.#values(valueIn(served, field), valueIn(copy, field), path);
    }
  }
  #lists(served: ReflectList, copy: ReflectList, path: string): void {
    if (served.size !== copy.size) this.#add(path, `${served.size} items`, `${copy.size} items`);
    const most = Math.min(served.size, copy.size);
    for (let i = 0; i < most; i++) this.#values(served.get(i), copy.get(i), `${path}[*]`);
  }
  #maps(served: ReflectMap, copy: ReflectMap, path: string): void {
    for (const [key, value] of served) this.#values(value, copy.get(key), `${path}[*]`);
    for (const [key, value] of copy) if (!served.has(key)) this.#values(undefined, value, `${path}[*]`);
  }
  #values(served: unknown, copy: unknown, path: string): void {
    if (this.found.size >= MOST) return;
    if (isMessage(served) && isMessage(copy)) this.messages(served, copy, `${path}.`);
    else if (!isSame(served, copy)) this.#add(path, shown(served), shown(copy));
  }
  #add(path: string, served: string | undefined, copy: string | undefined): void {
    if (!this.found.has(path)) this.found.set(path, { path, served, copy });
  }
}

/** Returns the value of a field; undefined: it is not set, and its presence counts. */
function valueIn(message: ReflectMessage, field: DescField): unknown {
  const counts = field.presence !== FeatureSet_FieldPresence.IMPLICIT;
  return counts && !message.isSet(field) ? undefined : message.get(field);
}

const isMessage = (value: unknown): value is ReflectMessage =>
  typeof value === "object" && value !== null && "desc" in value && "fields" in value;

function isSame(served: unknown, copy: unknown): boolean {
  if (served instanceof Uint8Array && copy instanceof Uint8Array) return Buffer.compare(served, copy) === 0;
  return served === copy || (Number.isNaN(served) && Number.isNaN(copy));
}

function shown(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (isMessage(value)) return `a ${value.desc.typeName}`;
  const text = value instanceof Uint8Array ? Buffer.from(value).toString("base64") : String(value);
  return text.slice(0, MAX_TEXT_CHARACTERS);
}

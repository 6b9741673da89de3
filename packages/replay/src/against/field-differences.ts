// Fields of two messages of one type that differ.
import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";

/** A field that has two values. */
interface FieldDifference {
  /** `Item.price` */
  readonly field: string;
  /** `items[1].price` */
  readonly at: string;
  /** The values as JSON, cut. Undefined: absent. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Maximum depth, and maximum number of differences of one pair. */
const DEEPEST = 100;
const MOST = 1_000;
const MAX_CHARACTERS = 60;

/**
 * Compares messages field by field. Lists are compared by position, maps by key.
 *
 * @param old the type that the first message was written with, which names fields that the type has lost: else they are
 *   named by their numbers
 * @example
 * fieldDifferences(PageSchema, before, after); // [{ field: "Item.price", at: "items[1].price", before: "4", after: "5" }]
 */
export function fieldDifferences(
  desc: DescMessage,
  before: Message,
  after: Message,
  old?: DescMessage,
): readonly FieldDifference[] {
  const found: FieldDifference[] = [];
  compare(reflect(desc, before), reflect(desc, after), { path: "", depth: 0, found, old });
  return found;
}

interface Comparison {
  readonly path: string;
  readonly depth: number;
  readonly found: FieldDifference[];
  readonly old: DescMessage | undefined;
}

function compare(before: ReflectMessage, after: ReflectMessage, { path, depth, found, old }: Comparison): void {
  const { desc } = before;
  const fieldOf = (number: number) => old?.fields.find((field) => field.number === number);
  for (const [number, present] of Object.entries(numbers(before)))
    if (numbers(after)[Number(number)] !== present) {
      const name = fieldOf(Number(number))?.name ?? `#${number}`;
      found.push({ field: `${desc.name}.${name}`, at: `${path}${name}`, before: "set", after: undefined });
    }
  for (const field of before.fields) {
    if (found.length >= MOST || depth > DEEPEST) return;
    const at = `${path}${field.name}`;
    const differs = (place: string, a: unknown, b: unknown): void => {
      if (isMessage(a) && isMessage(b))
        compare(a, b, { path: `${place}.`, depth: depth + 1, found, old: fieldOf(field.number)?.message });
      else if (shown(a) !== shown(b))
        found.push({ field: `${desc.name}.${field.name}`, at: place, before: cut(a), after: cut(b) });
    };
    for (const [place, a, b] of pairs(field, before, after)) differs(`${at}${place}`, a, b);
  }
}

/** Pairs of values with their places within the field. */
function* pairs(
  field: DescField,
  before: ReflectMessage,
  after: ReflectMessage,
): Generator<[string, unknown, unknown]> {
  if (field.fieldKind === "list") {
    const [a, b] = [[...before.get(field)], [...after.get(field)]];
    for (let i = 0; i < Math.max(a.length, b.length); i++) yield [`[${i}]`, a[i], b[i]];
  } else if (field.fieldKind === "map") {
    const [a, b] = [new Map(before.get(field)), new Map(after.get(field))];
    for (const key of new Set([...a.keys(), ...b.keys()]))
      yield [`[${JSON.stringify(String(key))}]`, a.get(key), b.get(key)];
  } else yield ["", presentIn(field, before), presentIn(field, after)];
}
const presentIn = (field: DescField, message: ReflectMessage): unknown =>
  message.isSet(field) ? message.get(field) : undefined;

const isMessage = (value: unknown): value is ReflectMessage =>
  typeof value === "object" && value !== null && "desc" in value && "fields" in value;

/** How often each unknown field is there. */
function numbers({ message }: ReflectMessage): Readonly<Record<number, number>> {
  const counted: Record<number, number> = {};
  for (const { no } of message.$unknown ?? []) counted[no] = (counted[no] ?? 0) + 1;
  return counted;
}

/** A value as text: two are equal if and only if their texts are. */
function shown(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (isMessage(value))
    return `{${value.fields
      .filter((field) => value.isSet(field))
      .map(({ name }) => name)
      .join(", ")}}`;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
function cut(value: unknown): string | undefined {
  const text = shown(value);
  return text === undefined || text.length <= MAX_CHARACTERS ? text : `${text.slice(0, MAX_CHARACTERS)}…`;
}

function valuesOf(field: DescField, message: ReflectMessage): Iterable<unknown> {
  if (field.fieldKind === "list") return message.get(field);
  return field.fieldKind === "map" ? message.get(field).values() : [message.get(field)];
}

/** Names a field that a message sets and its type has lost, at any depth. */
export function lostField(desc: DescMessage, message: Message): string | undefined {
  const of = reflect(desc, message);
  const [number] = Object.keys(numbers(of));
  if (number !== undefined) return `${desc.name}.#${number}`;
  for (const field of of.fields) {
    if (!of.isSet(field)) continue;
    for (const value of valuesOf(field, of)) {
      const lost = isMessage(value) ? lostField(value.desc, value.message) : undefined;
      if (lost !== undefined) return lost;
    }
  }
  return undefined;
}

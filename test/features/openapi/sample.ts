// Random values of a JSON Schema, as far as the compiler writes them: what a client might make of a document that it has never seen a server of.

export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly description?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly format?: string;
  readonly pattern?: string;
  readonly examples?: readonly unknown[];
  readonly contentEncoding?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly items?: Schema | true;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | true;
  readonly minProperties?: number;
}
export type Schemas = Readonly<Record<string, Schema>>;
/** A whole number from 0 to below. */
export type Random = (below: number) => number;

const DEEPEST = 4;
const INT32 = 2 ** 31;
const WORDS = ["", "a", "Ada", "shelves/1/books/2", "ä ö/ü?&#%+=", "日本語🙂", "0", "x".repeat(70), '"\\', "null"];
const FORMATS: Readonly<Record<string, readonly string[]>> = {
  "date-time": [
    "2026-02-28T23:59:59Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999Z",
    "2026-03-01T00:00:00.5+02:00",
  ],
  email: ["ada@example.com"],
  hostname: ["api.example.com"],
  uri: ["https://example.com/a?b#c"],
  "uri-reference": ["../a?b"],
  uuid: ["6ba7b810-9dad-11d1-80b4-00c04fd430c8"],
  ipv4: ["192.0.2.1"],
  ipv6: ["2001:db8::1"],
  int64: ["0", "-9223372036854775808", "9223372036854775807", "12"],
  uint64: ["0", "18446744073709551615", "12"],
};

/**
 * Returns a sample of a schema; `schemas` has the components by name. Text for a pattern is guessed: validate the value
 * against the schema before you send it.
 */
export function sample(schema: Schema | true, schemas: Schemas, random: Random, depth = 0): unknown {
  const pick = <T>(from: readonly T[]): T => from[random(from.length)] as T;
  if (schema === true) return pick([null, 1.5, "any", [true], { a: {} }]);
  if (schema.$ref !== undefined) {
    const { $ref, ...beside } = schema;
    const name = $ref.slice("#/components/schemas/".length);
    return sample({ ...schemas[name], ...beside }, schemas, random, depth);
  }
  if ("const" in schema) return schema.const;
  if (schema.enum !== undefined) return pick(schema.enum);
  if (schema.anyOf !== undefined) {
    const { anyOf, ...beside } = schema;
    return sample({ ...beside, ...pick(anyOf) }, schemas, random, depth);
  }
  switch (schema.type) {
    case undefined:
      return sample(true, schemas, random, depth);
    case "null":
      return null;
    case "boolean":
      return random(2) === 0;
    case "integer":
    case "number":
      return numberOf(schema, random);
    case "string":
      return textOf(schema, random);
    case "array": {
      const { items = true, minItems = 0, maxItems = 3 } = schema;
      const length = Math.min(maxItems, minItems + random(depth < DEEPEST ? 3 : 1));
      const all = Array.from({ length }, () => sample(items, schemas, random, depth + 1));
      if (schema.uniqueItems !== true) return all;
      return [...new Map(all.map((value) => [JSON.stringify(value), value])).values()];
    }
    default:
      return objectOf(schema, schemas, random, depth);
  }
}

function objectOf(schema: Schema, schemas: Schemas, random: Random, depth: number): Record<string, unknown> {
  const { properties = {}, required = [], additionalProperties, minProperties = 0, description = "" } = schema;
  // The description has rules that no schema can express.
  const groups = [...description.matchAll(/At most one of (.*)\./g)].map(([, names = ""]) =>
    [...names.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name),
  );
  const found: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(properties)) {
    const taken = groups.some((group) => group.includes(name) && group.some((other) => other in found));
    const isSet = required.includes(name) || (!taken && depth < DEEPEST && random(3) > 0);
    if (isSet) found[name] = sample(property, schemas, random, depth + 1);
  }
  if (typeof additionalProperties === "object")
    for (let i = minProperties + random(2); i > 0; i--)
      found[KEYS[random(KEYS.length)] ?? ""] = sample(additionalProperties, schemas, random, depth + 1);
  return found;
}
/** Keys of maps may be texts, numbers or booleans; the schema does not distinguish them. */
const KEYS = ["1", "2", "7"];

function numberOf(schema: Schema, random: Random): number {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, type } = schema;
  const step = type === "integer" ? 1 : 0.25;
  const low = minimum ?? (exclusiveMinimum === undefined ? -INT32 : exclusiveMinimum + step);
  const high = maximum ?? (exclusiveMaximum === undefined ? INT32 - 1 : exclusiveMaximum - step);
  const all = [low, high, 0, 1, -1, 7, low + step].filter((candidate) => candidate >= low && candidate <= high);
  return all[random(all.length)] ?? low;
}

function textOf(schema: Schema, random: Random): string {
  const { format, contentEncoding, pattern, minLength = 0, maxLength = Number.POSITIVE_INFINITY, examples } = schema;
  if (contentEncoding === "base64") return Buffer.from(WORDS[random(WORDS.length)] ?? "").toString("base64");
  const known = (format === undefined ? examples : FORMATS[format]) as readonly string[] | undefined;
  const all = known ?? WORDS.flatMap((word) => [word, fitted(word, minLength, maxLength)]);
  const matching = pattern === undefined ? all : all.filter((candidate) => new RegExp(pattern, "u").test(candidate));
  const fits = matching.filter((candidate) => [...candidate].length >= minLength && [...candidate].length <= maxLength);
  return fits[random(fits.length)] ?? fitted("abc", minLength, maxLength);
}
const fitted = (word: string, least: number, most: number): string =>
  [...word.padEnd(least, "x")].slice(0, Math.min(most, 100)).join("");

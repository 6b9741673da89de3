// What is counted in a message's bytes is what protobuf-es makes of them, for messages of any schema; and no bytes at all hold more of it
// than was counted. Of JSON the same, held against JSON.parse.
import {
  create,
  createFileRegistry,
  type DescField,
  type DescMessage,
  type FileRegistry,
  fromBinary,
  type JsonValue,
  type Message,
  type MessageInitShape,
  ScalarType,
  toBinary,
  type UnknownField,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import {
  type DescriptorProtoSchema,
  Edition,
  FeatureSet_FieldPresence,
  FeatureSet_MessageEncoding,
  FeatureSet_RepeatedFieldEncoding,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  type FieldDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { countBinary } from "../../../runtime/src/routes/count-binary.ts";
import { ANY_NAME, countJson } from "../../../runtime/src/routes/count-json.ts";
import { ELEMENT } from "../../../runtime/src/routes/element.ts";
import { readMessage } from "../../../runtime/src/wire/reader.ts";
import { randomMessage, seeded } from "../../bffs/second/random-message.ts";
import { hasReadableKeys } from "../../support/json-keys.ts";

const RUNS = Number(process.env.ELEMENTS_RUNS ?? 300);

// ---- schemas ----

type FieldProto = Exclude<MessageInitShape<typeof FieldDescriptorProtoSchema>, Message>;
const { MESSAGE, ENUM, STRING, INT32, BOOL, INT64 } = FieldDescriptorProto_Type;
const SCALARS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 15, 16, 17, 18] as FieldDescriptorProto_Type[];
const MESSAGES = 3;
interface FieldChoice {
  readonly number: number;
  readonly type: number;
  readonly shape: "single" | "packed" | "loose" | "map";
  readonly target: number;
  readonly group: boolean;
  readonly key: FieldDescriptorProto_Type;
}
const fieldChoice: fc.Arbitrary<FieldChoice> = fc.record({
  number: fc.oneof(fc.integer({ min: 1, max: 80 }), fc.constantFrom(1000, 2_000_000)),
  type: fc.integer({ min: 0, max: SCALARS.length + 4 }),
  shape: fc.constantFrom("single", "packed", "loose", "map"),
  target: fc.integer({ min: 0, max: MESSAGES - 1 }),
  group: fc.boolean(),
  key: fc.constantFrom(STRING, INT32, BOOL, INT64),
});
const schemas = fc
  .array(fc.uniqueArray(fieldChoice, { selector: ({ number }) => number, maxLength: 8 }), {
    minLength: MESSAGES,
    maxLength: MESSAGES,
  })
  .map(registryOf);

function registryOf(messages: readonly (readonly FieldChoice[])[]): FileRegistry {
  const file = {
    name: "random.proto",
    package: "random",
    syntax: "editions",
    edition: Edition.EDITION_2023,
    enumType: [
      {
        name: "Color",
        value: [
          { name: "NONE", number: 0 },
          { name: "RED", number: 1 },
        ],
      },
    ],
    messageType: messages.map((fields, i) => messageOf(`M${i}`, fields)),
  };
  return createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }));
}
function messageOf(name: string, fields: readonly FieldChoice[]): MessageInitShape<typeof DescriptorProtoSchema> {
  const entries = fields.filter(({ shape }) => shape === "map").map((field) => entryOf(field));
  return { name, field: fields.map((field) => fieldOf(name, field)), nestedType: entries };
}
function typeOf({ type, target }: FieldChoice): FieldProto {
  const scalar = SCALARS[type];
  if (scalar !== undefined) return { type: scalar };
  return type === SCALARS.length
    ? { type: ENUM, typeName: ".random.Color" }
    : { type: MESSAGE, typeName: `.random.M${target}` };
}
function entryOf(field: FieldChoice): MessageInitShape<typeof DescriptorProtoSchema> {
  const label = FieldDescriptorProto_Label.OPTIONAL;
  return {
    name: `F${field.number}Entry`,
    options: { mapEntry: true },
    field: [
      { name: "key", number: 1, label, type: field.key },
      { name: "value", number: 2, label, ...typeOf(field) },
    ],
  };
}
function fieldOf(message: string, field: FieldChoice): FieldProto {
  const common = { name: `f${field.number}`, number: field.number };
  const { OPTIONAL, REPEATED } = FieldDescriptorProto_Label;
  if (field.shape === "map") {
    return { ...common, label: REPEATED, type: MESSAGE, typeName: `.random.${message}.F${field.number}Entry` };
  }
  const type = typeOf(field);
  const packable = type.type !== MESSAGE && type.type !== STRING && type.type !== 12;
  const features = {
    ...(field.shape === "single" &&
      type.type !== MESSAGE && {
        fieldPresence: field.group ? FeatureSet_FieldPresence.IMPLICIT : FeatureSet_FieldPresence.EXPLICIT,
      }),
    ...(type.type === MESSAGE && field.group && { messageEncoding: FeatureSet_MessageEncoding.DELIMITED }),
    ...(field.shape !== "single" &&
      packable && {
        repeatedFieldEncoding:
          field.shape === "packed"
            ? FeatureSet_RepeatedFieldEncoding.PACKED
            : FeatureSet_RepeatedFieldEncoding.EXPANDED,
      }),
  };
  return { ...common, label: field.shape === "single" ? OPTIONAL : REPEATED, ...type, options: { features } };
}

// ---- the same count over what protobuf-es made ----

/** @param asSent whether what may be packed was packed if its field says so; else it counts as packed */
function counted(message: ReflectMessage, asSent: boolean): number {
  let count = (message.getUnknown() ?? []).reduce((sum, field) => sum + countedUnknown(field), 0);
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    if (field.fieldKind === "message") count += ELEMENT + counted(message.get(field), asSent);
    else if (field.fieldKind === "list") {
      const list = message.get(field);
      for (const item of list) {
        if (asSent ? field.packed : isPackable(field)) count += 1;
        else count += ELEMENT + (field.listKind === "message" ? counted(item as ReflectMessage, asSent) : 0);
      }
    } else if (field.fieldKind === "map") {
      for (const value of message.get(field).values())
        count += ELEMENT + (field.mapKind === "message" ? counted(value as ReflectMessage, asSent) : 0);
    }
  }
  return count;
}
const isPackable = (field: DescField & { fieldKind: "list" }): boolean =>
  field.listKind === "enum" ||
  (field.listKind === "scalar" && field.scalar !== ScalarType.STRING && field.scalar !== ScalarType.BYTES);
/** A group's fields count on their own; of those only that there are some is known here. */
const countedUnknown = (_: UnknownField): number => ELEMENT;

const scan = (desc: DescMessage, bytes: Uint8Array): number => countBinary(desc, bytes, Number.MAX_SAFE_INTEGER);
const root = (registry: FileRegistry): DescMessage => {
  const desc = registry.getMessage("random.M0");
  if (desc === undefined) throw new Error("no M0");
  return desc;
};
const random = (desc: DescMessage, seed: number): Uint8Array =>
  toBinary(desc, randomMessage(desc, seeded(seed), 1).message as Message);

/** Bytes changed, cut and repeated at random. */
const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom("set", "cut", "again")), { maxLength: 6 });
function damaged(bytes: Uint8Array, changes: readonly (readonly [number, number, string])[]): Uint8Array {
  let all = Buffer.from(bytes);
  for (const [place, value, how] of changes) {
    const at = all.length === 0 ? 0 : place % all.length;
    if (how === "set" && all.length > 0) all[at] = value;
    else if (how === "cut") all = all.subarray(0, Math.max(at, all.length - 1));
    else all = Buffer.concat([all, all.subarray(at, at + value)]);
  }
  return new Uint8Array(all);
}
function decoded(desc: DescMessage, bytes: Uint8Array): Message | undefined {
  try {
    return readMessage(desc, bytes);
  } catch {
    return undefined;
  }
}

describe("a message's bytes", () => {
  test("hold as many elements as protobuf-es decodes", () => {
    fc.assert(
      fc.property(schemas, fc.nat(), (registry, seed) => {
        const desc = root(registry);
        const bytes = random(desc, seed);
        expect(scan(desc, bytes)).toBe(counted(reflect(desc, fromBinary(desc, bytes)), true));
      }),
      { numRuns: RUNS },
    );
  });

  test("never hold more elements than counted, even if damaged or of another schema", () => {
    let readable = 0;
    fc.assert(
      fc.property(schemas, schemas, fc.nat(), damage, (sent, read, seed, changes) => {
        const desc = root(read);
        for (const bytes of [damaged(random(root(sent), seed), []), damaged(random(desc, seed), changes)]) {
          const message = decoded(desc, bytes);
          if (message === undefined) continue;
          readable++;
          expect(scan(desc, bytes)).toBeGreaterThanOrEqual(counted(reflect(desc, message), false));
        }
      }),
      { numRuns: RUNS },
    );
    expect(readable).toBeGreaterThan(RUNS / 10);
  });

  test("end the count if they are no message", () => {
    fc.assert(
      fc.property(schemas, fc.uint8Array({ maxLength: 200 }), (registry, bytes) => {
        const desc = root(registry);
        const message = decoded(desc, bytes);
        const count = scan(desc, bytes);
        if (message !== undefined) expect(count).toBeGreaterThanOrEqual(counted(reflect(desc, message), false));
      }),
      { numRuns: RUNS },
    );
  });
});

// ---- JSON ----

function members(value: JsonValue): number {
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce((sum: number, member) => sum + ELEMENT + members(member), 0);
}
const json = (text: string, masks: readonly string[] = []): number =>
  countJson(Buffer.from(text), new Set(masks), Number.MAX_SAFE_INTEGER) / ELEMENT;

describe("a JSON text", () => {
  test("holds as many elements as JSON.parse returns", () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 6 }).filter(hasReadableKeys),
        fc.constantFrom(undefined, 1, "\t\n"),
        (value, indent) => {
          const text = JSON.stringify(value, null, indent);
          expect(json(text) * ELEMENT).toBe(members(JSON.parse(text) as JsonValue));
        },
      ),
      { numRuns: 3 * RUNS },
    );
  });

  test.each([
    ['{"a":"\\"}],[{"}', 1],
    ['["\\\\",1]', 2],
    ['{"a":1,"a":2}', 2],
    ["[[[[", 3],
    ["", 0],
    ['"', 0],
  ])("%s: %d", (text, count) => {
    expect(json(text)).toBe(count);
  });

  test("has a higher cost for a large object than for a list of the same length", () => {
    const text = (count: number) => `{${Array.from({ length: count }, (_, i) => `"k${i}":0`).join()}}`;
    expect(json(text(1000))).toBe(1000);
    expect(json(text(3000))).toBe(1000 + 3 * 2000);
    expect(json(`[${text(900)},${text(900)}]`)).toBe(2 + 1800);
  });

  test("has a cost for a number in a string that grows with the square of its digits", () => {
    expect(json(`{"n":"${"9".repeat(2999)}"}`)).toBe(1);
    const million = json(`{"n":"${"9".repeat(1_000_000)}"}`);
    expect(million).toBeGreaterThan(100_000);
    expect(json(`{"n":" -${"\\u0039".repeat(1_000_000)}\\n"}`)).toBe(million);
    expect(json(`{"n":"${"９9".repeat(500_000)}"}`)).toBeGreaterThan(10_000);
    expect(json(`{"n":"${"9".repeat(999_999)}x"}`)).toBe(1);
    expect(json(`{"n":"${"漢".repeat(1_000_000)}"}`)).toBe(1);
  });

  test("has a cost for a field mask that grows with its length", () => {
    const text = `{"updateMask":"${"a,".repeat(2000)}a","text":"${"a,".repeat(2000)}"}`;
    expect(json(text)).toBe(2);
    expect(json(text, ["updateMask", "update_mask"])).toBe(2 + 801);
    expect(json(text.replace("updateMask", "update\\u004dask"), ["updateMask"])).toBe(2 + 801);
    expect(json(text, [ANY_NAME])).toBe(2 + 801 + 800);
  });
});

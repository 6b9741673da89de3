// Samples keep the rules of buf.validate: told field by field, and held against @bufbuild/protovalidate over random ones.

import { create, createFileRegistry, type DescMessage, toJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createValidator } from "@bufbuild/protovalidate";
import { expect, test } from "vitest";
import { isSure, sample } from "../../../runtime/src/samples/sample.ts";
import { seeded } from "../../bffs/second/random-message.ts";
import { requestFor } from "../../support/request.ts";
import { seedOf } from "../../support/seed/seed.ts";
import { rulesFor, SCALARS, TYPES } from "./random-protos.ts";
import { standardRules } from "./random-standard.ts";

const SEED = seedOf("PROTOBFF_VALIDATION_SEED");
const HEAD = `syntax = "proto3";
package val.v1;
import "buf/validate/validate.proto";
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";

enum Kind {
  KIND_UNSPECIFIED = 0;
  KIND_ONE = 1;
  KIND_TWO = 2;
}
message Bare {
  int32 n = 1;
}
message Part {
  int32 n = 1 [(buf.validate.field).int32.gt = 7];
}
`;

function registryOf(messages: string) {
  const { protoFile } = requestFor({ "val/v1/val.proto": `${HEAD}${messages}` }, ["val/v1/val.proto"]);
  return createFileRegistry(create(FileDescriptorSetSchema, { file: protoFile }));
}
const KEPT: readonly (readonly [string, object])[] = [
  ["string id = 1 [(buf.validate.field).string.uuid = true];", { id: "00000000-0000-4000-8000-000000000001" }],
  ["string id = 1 [(buf.validate.field).string = { email: true max_len: 8 }];", { id: "a@b.co" }],
  ["string id = 1 [(buf.validate.field).string = { min_len: 6 prefix: 'x-' }];", { id: "x-id-1" }],
  ["string id = 1 [(buf.validate.field).string = { len: 8 }];", { id: "aaaaid-1" }],
  ["string id = 1 [(buf.validate.field).string.max_len = 2];", { id: "-1" }],
  ["string id = 1 [(buf.validate.field).string = { in: ['eur', 'usd'] not_in: ['eur'] }];", { id: "usd" }],
  ["string id = 1 [(buf.validate.field).string = { pattern: '^[A-Z]{3}/[0-9]+$' }];", { id: "AAA/1" }],
  ["string id = 1 [(buf.validate.field).string = { pattern: '^[a-z_]+-[0-9]$' }];", { id: "id-1" }],
  ["string id = 1 [(buf.validate.field).string = { example: 'p-77' min_len: 2 }];", { id: "p-77" }],
  ["bytes id = 1 [(buf.validate.field).bytes.len = 2];", { id: "LTE=" }],
  ["int32 n = 1 [(buf.validate.field).int32 = { gt: 5 lt: 8 }];", { n: 6 }],
  ["sint64 n = 1 [(buf.validate.field).sint64.lte = -7];", { n: "-7" }],
  ["uint32 n = 1 [(buf.validate.field).uint32.const = 4294967295];", { n: 4_294_967_295 }],
  ["double n = 1 [(buf.validate.field).double = { gt: 0 lt: 0.5 }];", { n: 0.25 }],
  ["float n = 1 [(buf.validate.field).float.const = 0.1];", { n: Math.fround(0.1) }],
  ["bool ok = 1 [(buf.validate.field).bool.const = false];", {}],
  ["Kind kind = 1 [(buf.validate.field).enum = { defined_only: true not_in: [1] }];", { kind: "KIND_TWO" }],
  [
    "repeated string ids = 1 [(buf.validate.field).repeated = { min_items: 3 unique: true }];",
    { ids: ["ids-1", "ids-2", "ids-3"] },
  ],
  ["repeated Part parts = 1 [(buf.validate.field).repeated.min_items = 2];", { parts: [{ n: 8 }, { n: 8 }] }],
  [
    "map<string, int32> of = 1 [(buf.validate.field).map = { min_pairs: 2 values: { int32: { gt: 3 } } }];",
    { of: { "key-1": 4, "key-2": 4 } },
  ],
  ["google.protobuf.Timestamp at = 1 [(buf.validate.field).timestamp.gt_now = true];", { at: "2100-01-01T00:00:00Z" }],
  [
    "google.protobuf.Timestamp at = 1 [(buf.validate.field).timestamp.lte = { seconds: 5 nanos: 5 }];",
    { at: "1970-01-01T00:00:05.000000005Z" },
  ],
  [
    "google.protobuf.Duration for = 1 [(buf.validate.field).duration = { gt: { seconds: 1 } lt: { seconds: 2 } }];",
    { for: "1.500s" },
  ],
  ["google.protobuf.StringValue id = 1 [(buf.validate.field).string.ip = true];", { id: "192.0.2.1" }],
  [
    "oneof of { option (buf.validate.oneof).required = true; string a = 1; int32 b = 2 [(buf.validate.field).required = true]; }",
    { b: 1 },
  ],
  [
    "google.protobuf.FieldMask of = 1 [(buf.validate.field).field_mask.const = { paths: ['a', 'b.c'] }];",
    { of: "a,b.c" },
  ],
  ["google.protobuf.FieldMask of = 1 [(buf.validate.field).field_mask.in = 'a'];", { of: "" }],
  [
    "option (buf.validate.message).oneof = { fields: ['a', 'b'] required: true }; string a = 1; string b = 2;",
    { a: "a-1" },
  ],
];
const LEFT = [
  "string id = 1 [(buf.validate.field).cel_expression = 'this != \"\"'];",
  "option (buf.validate.message).cel_expression = 'this.id != \"\"'; string id = 1;",
  "string id = 1 [(buf.validate.field).string = { min_len: 20000 }];",
  "string id = 1 [(buf.validate.field).string = { const: 'a' not_in: ['a'] }];",
  "google.protobuf.Any any = 1 [(buf.validate.field).any.in = 'x/y'];",
  "google.protobuf.Timestamp at = 1 [(buf.validate.field).timestamp.within.seconds = 5];",
  "repeated string ids = 1 [(buf.validate.field).repeated.min_items = 1000000];",
];
const cases = registryOf(
  [...KEPT.map(([fields]) => fields), ...LEFT].map((fields, i) => `message M${i} { ${fields} }`).join("\n"),
);
function messageAt(i: number): DescMessage {
  const desc = cases.getMessage(`val.v1.M${i}`);
  if (desc === undefined) throw new Error(`no M${i}`);
  return desc;
}

test.each(KEPT.map((entry, i) => [...entry, i] as const))("%s", (_, expected, i) => {
  expect(toJson(messageAt(i), sample(messageAt(i)))).toEqual(expected);
  expect(isSure(messageAt(i))).toBe(true);
});
test.each(LEFT.map((fields, i) => [fields, KEPT.length + i] as const))(
  "samples stay small and uncertain for rules that are not evaluated: %s",
  (_, i) => {
    expect(isSure(messageAt(i))).toBe(false);
    expect(JSON.stringify(toJson(messageAt(i), sample(messageAt(i)))).length).toBeLessThan(2_000);
  },
);

test(`samples that are certain satisfy their random rules, seed ${SEED}`, () => {
  const random = seeded("samples", SEED);
  const types = TYPES.flatMap((type) => rulesFor(type) ?? []).length;
  const fields = Array.from({ length: 600 }, (_, i) => {
    const type = TYPES.filter((candidate) => rulesFor(candidate) !== undefined)[i % types] ?? "string";
    const rules = standardRules(rulesFor(type) ?? "string", random).replaceAll(
      /\[val\.v1\.\w+\]: (\[[^\]]*\]|\{[^}]*\}|\S+)/g,
      "",
    );
    const fieldRules = `${rulesFor(type)}: { ${rules} }`;
    const required = random() < 0.2 ? "required: true " : "";
    if (random() < 0.7) return `${type} f = 1 [(buf.validate.field) = { ${required}${fieldRules} }];`;
    const unique = (SCALARS as readonly string[]).includes(type);
    const many = standardRules("repeated", random, unique).replaceAll(/\[val\.v1\.\w+\]: \S+/g, "");
    return `repeated ${type} f = 1 [(buf.validate.field) = { ${required}repeated: { ${many} items: { ${fieldRules} } } }];`;
  });
  const registry = registryOf(fields.map((field, i) => `message M${i} { ${field} }`).join("\n"));
  const validator = createValidator({ registry });
  const wrong: string[] = [];
  let [valid, sure] = [0, 0];
  for (const [i, field] of fields.entries()) {
    const desc = registry.getMessage(`val.v1.M${i}`);
    if (desc === undefined) throw new Error(`no M${i}`);
    const result = validator.validate(desc, sample(desc));
    if (result.kind === "valid") valid++;
    if (isSure(desc)) sure++;
    if (isSure(desc) && result.kind === "invalid") wrong.push(`${field} ${result.error.message}`);
  }
  expect(wrong).toEqual([]);
  console.log(`${valid} of ${fields.length} samples keep their random rules, ${sure} are said to`);
  // The rest contradict themselves: `{ const: "a" len: 3 }`.
  expect(valid).toBeGreaterThan(400);
});

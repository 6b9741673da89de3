// Rules in CEL against @bufbuild/protovalidate: all of validate.proto's own, with random constants and values.
import { celFromScalar } from "@bufbuild/cel";
import {
  create,
  createRegistry,
  type DescField,
  type DescMessage,
  getOption,
  hasOption,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { DurationSchema, TimestampSchema, timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  FieldRulesSchema,
  file_buf_validate_validate,
  predefined,
} from "@protobff/messages/buf/validate/validate_pb.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type FieldType, messageType, scalarType } from "../../../cel/index.ts";
import { compiled, runner, theirRunner } from "../testing/run-rule.ts";

const registry = createRegistry(file_buf_validate_validate, TimestampSchema, DurationSchema);

const TEXTS = [
  "",
  "a",
  "ab",
  "a@b.c",
  "::1",
  "1.2.3.4/8",
  "http://a/b",
  "é",
  "x-y",
  "^a+$",
  "00000000-0000-0000-0000-000000000000",
];

function values(scalar: ScalarType): fc.Arbitrary<unknown> {
  const near = fc.integer({ min: -3, max: 3 });
  const above = fc.integer({ min: 0, max: 4 });
  switch (scalar) {
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.STRING:
      return fc.constantFrom(...TEXTS);
    case ScalarType.BYTES:
      return fc.constantFrom(...TEXTS, "abcd", "0123456789abcdef").map((text) => new TextEncoder().encode(text));
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return fc.oneof(
        near, // -0 is written as cel-go does, "-0".
        fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 0.5),
      );
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return near.map(BigInt);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return above.map(BigInt);
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return above;
    default:
      return near;
  }
}

function messages(desc: DescMessage): fc.Arbitrary<Message> {
  const small = fc.integer({ min: -2, max: 2 });
  if (desc.typeName === TimestampSchema.typeName) {
    return small.map((days) => timestampFromMs(Date.now() + days * 86_400_000 + 1000));
  }
  return fc
    .tuple(small, fc.constantFrom(0, 1, 500_000_000))
    .map(([seconds, nanos]) =>
      create(DurationSchema, { seconds: BigInt(seconds), nanos: seconds < 0 ? -nanos : nanos }),
    );
}

function fieldValues(field: DescField): fc.Arbitrary<unknown> {
  const arbitrary =
    field.message !== undefined
      ? messages(field.message)
      : field.scalar !== undefined
        ? values(field.scalar)
        : fc.constantFrom(0, 1, 2);
  return field.fieldKind === "list" ? fc.array(arbitrary, { maxLength: 3 }) : arbitrary;
}

const THIS: ReadonlyMap<string, readonly [FieldType, fc.Arbitrary<unknown>]> = new Map(
  FieldRulesSchema.fields.flatMap((field): [string, [FieldType, fc.Arbitrary<unknown>]][] => {
    const scalar = ScalarType[field.name.toUpperCase() as keyof typeof ScalarType];
    if (scalar !== undefined) return [[field.name, [scalarType(scalar), values(scalar)]]];
    const desc = { timestamp: TimestampSchema, duration: DurationSchema }[field.name];
    return desc === undefined ? [] : [[field.name, [messageType(desc), messages(desc)]]];
  }),
);

const ruleFields = FieldRulesSchema.fields.flatMap((rules) => {
  const [type, values] = THIS.get(rules.name) ?? [];
  const desc = rules.message;
  if (desc === undefined || type === undefined || values === undefined) return [];
  return desc.fields
    .filter((field) => hasOption(field, predefined))
    .map((field) => ({ rules, desc, field, type, values }));
});

test("rules exist for every type", () => expect(ruleFields.length).toBeGreaterThan(160));

test.each(ruleFields.map((ruleField) => [`${ruleField.rules.name}.${ruleField.field.name}`, ruleField] as const))(
  "%s gives the result of protovalidate",
  (_, { desc, field, type, values }) => {
    const set = desc.fields.filter(
      (member) => member === field || ["lt", "lte", "gt", "gte", "strict"].includes(member.name),
    );
    const made = fc
      .tuple(...set.map((member) => (member === field ? fieldValues(member) : fc.option(fieldValues(member)))))
      .map((all) => {
        const message = create(desc);
        for (const [i, member] of set.entries()) {
          const value = all[i];
          if (value === null || (member !== field && member.oneof === field.oneof && field.oneof !== undefined))
            continue;
          if (member.oneof === undefined) Object.assign(message, { [member.localName]: value });
          else Object.assign(message, { [member.oneof.localName]: { case: member.localName, value } });
        }
        return { message, value: all[set.indexOf(field)] };
      });
    let ran = 0;
    fc.assert(
      fc.property(made, fc.array(values, { minLength: 3, maxLength: 6 }), ({ message, value }, inputs) => {
        for (const { expression } of getOption(field, predefined).cel) {
          const site = { this: type, registry, constants: { extension: field, value, desc, rules: message } };
          const { rule, diagnostics } = compiled(expression, site);
          // A malformed pattern is reported when code is generated.
          if (rule === undefined || diagnostics.length > 0)
            throw new Error(`${expression}: ${JSON.stringify(diagnostics)}`);
          const ours = runner(rule, registry);
          const theirs = theirRunner(expression, registry, { rules: message, rule: value });
          for (const input of inputs) {
            ran++;
            const reflected =
              type.type.kind === "message"
                ? reflect(type.type.desc, input as Message)
                : type.proto.kind === "scalar"
                  ? celFromScalar(type.proto.scalar, input as never)
                  : input;
            expect([expression, input, ours(input)]).toEqual([expression, input, theirs(reflected)]);
          }
        }
      }),
      { numRuns: 12 },
    );
    expect(ran).toBeGreaterThan(0);
  },
);

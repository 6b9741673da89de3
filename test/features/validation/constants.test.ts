// What the compiler says of constants that calls send (BFF548), held against @bufbuild/protovalidate over random rules.
import { create, createFileRegistry } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createValidator } from "@bufbuild/protovalidate";
import { expect, test } from "vitest";
import { brokenRule } from "../../../plugin/src/resolve/rules/constant-rules.ts";
import { pick, seeded } from "../../bffs/second/random-message.ts";
import { requestFor } from "../../support/request.ts";
import { seedOf } from "../../support/seed/seed.ts";
import { isFloating, standardRules } from "./random-standard.ts";

const SEED = seedOf("PROTOBFF_VALIDATION_SEED");
const KINDS = ["string", "bool", "int32", "uint64", "sint64", "fixed32", "sfixed64", "double", "float"] as const;
const TEXTS = ["", "a", "ab", "abc", "x-ab-y", "\u{1f600}", "é".repeat(5)];
const NUMBERS = [0, 1, 2, 3, 5, 7, 10, 100, 2 ** 31 - 1];

test(`constants that are reported break their random rules, seed ${SEED}`, () => {
  const random = seeded("constants", SEED);
  const fields = Array.from({ length: 300 }, (_, i) => {
    const kind = KINDS[i % KINDS.length] ?? "string";
    const rules = standardRules(kind, random).replaceAll(/\[val\.v1\.\w+\]: (\[[^\]]*\]|\{[^}]*\}|\S+)/g, "");
    const zero = random() < 0.2 ? "ignore: IGNORE_IF_ZERO_VALUE " : "";
    const fieldRules = `${zero}${kind}: { ${rules} }`;
    const list = random() < 0.3;
    const text = list
      ? `repeated ${kind} f = 1 [(buf.validate.field).repeated.items = { ${fieldRules} }];`
      : `${kind} f = 1 [(buf.validate.field) = { ${fieldRules} }];`;
    return { kind, list, text };
  });
  const proto = `syntax = "proto3"; package val.v1; import "buf/validate/validate.proto";
    ${fields.map(({ text }, i) => `message M${i} { ${text} }`).join("\n")}`;
  const { protoFile } = requestFor({ "val/v1/val.proto": proto }, ["val/v1/val.proto"]);
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: protoFile }));
  const validator = createValidator({ registry });
  const wrong: string[] = [];
  let [broken, invalid] = [0, 0];
  for (const [i, { kind, list, text }] of fields.entries()) {
    const desc = registry.getMessage(`val.v1.M${i}`);
    const [field] = desc?.fields ?? [];
    if (desc === undefined || field === undefined) throw new Error(`no M${i}`);
    for (let n = 0; n < 6; n++) {
      // As expressions have them: integers are bigints.
      const small = pick(random, NUMBERS);
      const large = isFloating(kind) ? small / 2 : BigInt(small);
      const constant = kind === "string" ? pick(random, TEXTS) : kind === "bool" ? random() < 0.5 : large;
      const held = typeof constant === "bigint" && !/64$/.test(kind) ? Number(constant) : constant;
      const result = validator.validate(desc, create(desc, { f: list ? [held] : held }));
      const rule = brokenRule(field, constant, list)?.rule.id;
      if (result.kind === "invalid") invalid++;
      if (rule !== undefined) broken++;
      if (rule !== undefined && result.kind !== "invalid") wrong.push(`${text} ${String(constant)}: ${rule}`);
    }
  }
  expect(wrong).toEqual([]);
  console.log(`${broken} of ${invalid} constants that break random rules are told`);
  expect(broken).toBeGreaterThan(invalid / 2);
});

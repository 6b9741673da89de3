// Whatever steps, arguments, variables, fields and resolvers are called, emitted code keeps them apart and type-checks; what TypeScript
// could not keep apart is a diagnostic. Random names out of a pool in which nearly all collide with one another or with what is emitted.
import { expect, test } from "vitest";
import { compile } from "../../../plugin/src/compile.ts";
import { pick, type Random, seeded } from "../../bffs/second/random-message.ts";
import { SHARED } from "../../proofs/fuzz/bases.ts";
import type { Case } from "../../proofs/fuzz/cases.ts";
import { requestsFor } from "../../proofs/fuzz/descriptors.ts";
import { type Generated, typeErrors } from "../../proofs/fuzz/type-check.ts";

const POOL = [
  ...["x_y", "xY", "x__y", "x_y_", "_x_y", "XY", "X_Y", "xy", "x_Y", "x1", "x_1", "_1", "_", "_x", "x_", "x"],
  ...[
    "item",
    "item_step",
    "itemStep",
    "item_",
    "Item",
    "page",
    "Page",
    "card",
    "compose_card",
    "composeCard",
    "getItem",
    "get_item",
  ],
  ...[
    "cx",
    "app",
    "from",
    "before",
    "shared",
    "resolvers",
    "clients",
    "steps",
    "signal",
    "value",
    "key",
    "items",
    "index",
    "cards",
  ],
  ...[
    "constructor",
    "to_string",
    "toString",
    "to_locale_string",
    "has_own_property",
    "is_prototype_of",
    "value_of",
    "then",
    "create",
    "defined",
    "Code",
    "Map",
    "undefined",
    "this",
    "await",
    "yield",
  ],
];
const CASES = 40;

function names(random: Random, most: number, same: (name: string) => string = (name) => name): string[] {
  const found = new Map<string, string>();
  const count = 2 + Math.floor(random() * (most - 1));
  for (let i = 0; i < count; i++) {
    const name = pick(random, POOL);
    if (!found.has(same(name))) found.set(same(name), name);
  }
  return [...found.values()];
}
/** buf refuses two fields whose JSON names are the same, whatever their case. */
const jsonName = (name: string): string => name.replaceAll("_", "").toLowerCase();

function caseOf(index: number): Case {
  const random = seeded("names", index);
  const folder = `f${index}`;
  const [local = [], service = []] = [names(random, 9), names(random, 3)];
  const steps = local.filter((name) => !service.includes(name));
  const variable = (): string =>
    pick(
      random,
      POOL.filter((name) => ![...steps, ...service].includes(name)),
    );
  // Now and then two that are the same to TypeScript.
  const args = names(random, 6, random() < 0.2 ? undefined : jsonName);
  const argsOf = (value: string): string => args.map((name) => `{ name: "${name}" by: "${value}" }`).join(", ");
  const source = (name: string): readonly [step: string, read: string] => {
    const each = variable();
    const item = `{ method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } }`;
    const composed = (value: string) => `compose: { message: "Card" args: [${argsOf(value)}] }`;
    return pick(random, [
      [`{ name: "${name}" by: "'a'" }`, `${name} == 'b'`],
      [`{ name: "${name}" call: ${item} }`, `${name}.name == ''`],
      [`{ name: "${name}" supplementary: true call: ${item} }`, `ok(${name}) && ${name}.name == ''`],
      [`{ name: "${name}" supplementary: true ${composed("args.id")} }`, `ok(${name}) && ${name}.there`],
      [`{ name: "${name}" each: { var: "${each}" in: "args.ids" max: 9 ${composed(each)} } }`, `size(${name}) == 0`],
      [
        `{ name: "${name}" each: { var: "${each}" in: "args.ids" key: "${each}" by: "${each} + '!'" } }`,
        `'a' in ${name}`,
      ],
      [`{ name: "${name}" switch: { case: { if: "args.id == ''" by: "1" } default: "2" } }`, `${name} == 1`],
    ] as const);
  };
  // protobuf-es itself has no property for `_`, and one that is no identifier for `_1`.
  const fields = names(random, 6, jsonName)
    .filter((name) => /^_*[A-Za-z]/.test(name))
    .map(
      (name, i) =>
        `  optional string ${name} = ${i + 1} [(bff.v1.field)${pick(random, ['.by = "args.id"', ".resolver = true"])}];`,
    );
  const members = names(random, 4, jsonName).map(
    (name, i) => `    string m${i}_${name} = ${i + 10} [(bff.v1.field) = { by: "args.id" if: "args.id == '${i}'" }];`,
  );
  const made = steps.map(source);
  const reads = [...made.map(([, read]) => read), ...service.map((name) => `${name} == ''`)].join(" || ");
  const proto = `syntax = "proto3";
package ${folder}.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
option (bff.v1.file) = { env: [${names(random, 5)
    .map((name) => `{ name: "${name}" type: "string" default: "a" }`)
    .join(", ")}] };
service AppService {
  option (bff.v1.service) = { let: [${service.map((name) => `{ name: "${name}" by: "headers['x-a']" }`).join(", ")}] };
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { string id = 1; repeated string ids = 2; }
message Page {
  option (bff.v1.message) = { let: [
    ${made.map(([step]) => step).join(",\n    ")}
  ] };
${fields.join("\n")}
  oneof choice {
${members.join("\n")}
  }
  bool all = 20 [(bff.v1.field).by = "${reads}"];
  repeated bff.v1.Degradation degraded = 99;
}
message Card {
  string text = 1 [(bff.v1.field).by = "${args.map((name) => `args.${name}`).join(" + ")}"];
  bool there = 2 [(bff.v1.field).by = "${args.map((name) => `ok(args.${name})`).join(" && ")}"];
}
`;
  const file = `${folder}/v1/app.proto`;
  return { index, base: { name: "names", protos: {} }, folder, file, mutations: [], protos: { [file]: proto } };
}

test("names in generated code do not collide", { timeout: 120_000 }, async () => {
  const all = Array.from({ length: CASES }, (_, index) => caseOf(index));
  const { requests, rejected } = await requestsFor(all);
  expect([...rejected].map(({ protos }) => protos)).toEqual([]);
  const outputs: Generated[] = [];
  const codes = new Map<string, number>();
  for (const [testCase, request] of requests) {
    const texts = { ...SHARED, ...testCase.protos };
    const parameter = "import_extension=ts,server=true,plan=json";
    const { response, diagnostics } = compile({ ...request, parameter }, (name) => texts[name], {
      text: undefined,
      ci: false,
    });
    const errors = diagnostics.filter(({ severity }) => severity === "error");
    for (const { code } of errors) codes.set(code, (codes.get(code) ?? 0) + 1);
    // What may be told: TypeScript could not keep the arguments apart.
    expect(errors.filter(({ code }) => code !== "BFF241").map(({ code, message }) => `${code} ${message}`)).toEqual([]);
    if (errors.length > 0) continue;
    const files = response.file.filter(({ name }) => name.endsWith(".ts"));
    outputs.push({
      of: testCase,
      request,
      files: Object.fromEntries(files.map(({ name, content }) => [name, content])),
    });
  }
  const { errors, checked } = await typeErrors(outputs, new Set());
  expect([...errors].map(([{ index }, error]) => `case ${index}: ${error} ${shown(outputs, index, error)}`)).toEqual(
    [],
  );
  expect(checked).toBeGreaterThan(CASES / 2);
  expect(codes.get("BFF241")).toBeGreaterThan(0);
});

function shown(all: readonly Generated[], index: number, error: string): string {
  const line = Number(/\((\d+),/.exec(error)?.[1]);
  const files = all.find(({ of }) => of.index === index)?.files ?? {};
  const [, text = ""] = Object.entries(files).find(([name]) => error.startsWith(name)) ?? [];
  return text.split("\n")[line - 1]?.trim() ?? "";
}

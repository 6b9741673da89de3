// The comments of proto/bff/v1/options.proto: each option has a sentence and an example, and the BFFs of
// test/pages/options, which contain all examples, generate without a diagnostic.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { file_bff_v1_options } from "@protobff/messages/options.js";
import { expect, test } from "vitest";
import { compile } from "../../plugin/src/compile.ts";
import { renderDiagnostics } from "../../plugin/src/diagnostic/render.ts";
import { optionTypes } from "../../scripts/options-reference.ts";
import { textsBelow } from "../support/golden.ts";
import { requestFor } from "../support/request.ts";

const root = resolve(import.meta.dirname, "../..");
const types = optionTypes(readFileSync(join(root, "proto/bff/v1/options.proto"), "utf8"));
const messages = types.filter(({ kind }) => kind === "message");
const examples = messages.flatMap(({ name, members }) =>
  members.map((member) => ({ message: name, option: member.name, example: member.comment.example ?? "" })),
);

test("the reference has every message, option, enum and value, in the order of the descriptor", () => {
  const found = (kind: "message" | "enum") =>
    types.filter((type) => type.kind === kind).map(({ name, members }) => [name, members.map((member) => member.name)]);
  const { messages, enums } = file_bff_v1_options;
  expect(found("message")).toEqual(messages.map(({ name, fields }) => [name, fields.map((field) => field.name)]));
  expect(found("enum")).toEqual(enums.map(({ name, values }) => [name, values.map((value) => value.name)]));
});

test("each entry of the reference has a description in sentences of at most 25 words", () => {
  const texts = types.flatMap(({ name, comment, members }) => [
    [name, comment.text] as const,
    ...members.map((member) => [`${name}.${member.name}`, member.comment.text] as const),
  ]);
  expect(texts.filter(([, text]) => !/^[A-Z`].*\.$/.test(text))).toEqual([]);
  const sentences = texts.flatMap(([, text]) => text.split(/(?<=[.;:]) /));
  expect(sentences.filter((sentence) => sentence.split(" ").length > 25)).toEqual([]);
});

test("the example of an option sets that option, and its message accepts the example", () => {
  expect(examples.filter(({ option, example }) => !example.startsWith(`${option}: `))).toEqual([]);
  const extensions = messages.map(({ name }, i) => `  optional bff.v1.${name} of_${name} = ${70_000 + i};`);
  const options = examples.map(
    ({ message, example }, i) => `message E${i} { option (of_${message}) = { ${example} }; }`,
  );
  const text = `syntax = "proto2";
package examples;
import "bff/v1/options.proto";
import "google/protobuf/descriptor.proto";
extend google.protobuf.MessageOptions {
${extensions.join("\n")}
}
${options.join("\n")}
`;
  expect(requestFor({ "examples/examples.proto": text }).fileToGenerate).toHaveLength(1);
});

const protos = textsBelow(join(root, "test/pages/options"));
const targets = Object.keys(protos).filter((name) => protos[name]?.includes('import "bff/v1/options.proto"'));

/** Without the blanks outside of its strings. */
const dense = (text: string): string => text.replace(/"[^"]*"|\s+/g, (part) => (part.startsWith('"') ? part : ""));

test("the BFFs of test/pages/options contain every example", () => {
  const all = targets.map((name) => dense(protos[name] ?? "")).join("\n");
  expect(examples.filter(({ example }) => !all.includes(dense(example)))).toEqual([]);
});

test("the BFFs of test/pages/options generate without a diagnostic", () => {
  const sources = (name: string) => protos[name];
  const request = { ...requestFor(protos, targets), parameter: "import_extension=ts,server=true" };
  const { response, diagnostics } = compile(request, sources);
  expect(renderDiagnostics(diagnostics, sources, "text")).toBe("");
  expect(response.file.length).toBeGreaterThan(targets.length);
});

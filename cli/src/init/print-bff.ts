// The new BFF as a .proto file, in the form that `buf format` gives.
import { type DescField, type DescOneof, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence as Presence } from "@bufbuild/protobuf/wkt";
import type { BatchProposal } from "./batches.ts";
import { nameOf } from "./choose-rpcs.ts";
import type { CopiedEnum, CopiedMessage, CopiedValue } from "./copies.ts";
import { NameScope, snakeCase } from "./names.ts";
import type { BegunBff, BegunStep, BegunStream, RequestField, ResponseField } from "./plan-bff.ts";
import { carriedComment, type PrivateField } from "./private-fields.ts";

/** Timeout of each upstream call, in milliseconds. The times of calls that wait for each other add up. */
const CALL_MS = 500;
const LEAST_MS = 2_000;

/** The live page lists the fields until this comment is deleted. */
const UNREVIEWED = [
  "// protobff:unreviewed",
  "// `protobff` chose what this answers, and what the messages in it hold, by names and comments alone.",
  "// Delete the fields that clients must not have, and then this comment.",
];

export function printBff(bff: BegunBff): string {
  const { rpc, messages, imports } = printRpc(bff);
  const service = block(`service ${bff.service}`, ["option (bff.v1.service) = {};", ...rpc]);
  const blocks = [
    [...head(bff, imports), ""],
    [...service, ""],
  ].map((lines) => lines.join("\n"));
  return `${blocks.join("\n")}\n${messages}`;
}

/** An rpc for a service, with its messages and their imports. */
export interface PrintedRpc {
  readonly rpc: readonly string[];
  readonly messages: string;
  readonly imports: readonly string[];
}

/** @param options further options of the rpc, in the braces of `bff.v1.method` */
export function printRpc(bff: BegunBff, options: readonly string[] = []): PrintedRpc {
  // Types are named while fields are printed, so that imports are collected last.
  const request = block(`message ${bff.request}`, requestFields(bff));
  const response = [...UNREVIEWED, ...block(`message ${bff.response}`, [...responseRule(bff), ...responseFields(bff)])];
  const messages = bff.copies.messages().map((copy) => printCopy(bff, copy));
  const enums = bff.copies.enums().map((copy) => printEnum(bff, copy));
  const blocks = [request, response, ...messages, ...enums].map((lines) => lines.join("\n"));
  const wellKnown = [...bff.copies.wellKnown].map(({ file }) => `${file.name}.proto`);
  const imports = ["bff/v1/degradation.proto", "bff/v1/options.proto", ...wellKnown];
  return { rpc: rpcLines(bff, options), messages: `${blocks.join("\n\n")}\n`, imports };
}

function head(bff: BegunBff, imports: readonly string[]): string[] {
  const files = new Set(imports);
  return [
    "// Begun by `protobff init`, and yours from now on: change whatever you like.",
    'syntax = "proto3";',
    "",
    `package ${bff.package};`,
    "",
    ...[...files].toSorted().map((name) => `import "${name}";`),
    "",
    "option (bff.v1.file) = {",
    `  upstream: {timeout: "${CALL_MS}ms"}`,
    "};",
  ];
}

function rpcLines(bff: BegunBff, options: readonly string[]): string[] {
  const inRow = bff.steps.filter(({ kind }) => kind === "writes").length + 1;
  const joined = bff.steps.some((step) => step.joined) ? 1 : 0;
  const ms = Math.max(LEAST_MS, (inRow + joined + 1) * CALL_MS);
  const all = [
    `timeout: "${ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`}"`,
    ...options,
    ...(bff.stream === undefined ? [] : streamLines(bff.stream)),
  ];
  const rule =
    all.length === 1
      ? [`option (bff.v1.method) = {${all[0]}};`]
      : ["option (bff.v1.method) = {", ...indented(all), "};"];
  const returned = bff.stream === undefined ? bff.response : `stream ${bff.response}`;
  return block(`rpc ${bff.rpc}(${bff.request}) returns (${returned})`, [
    ...(bff.readOnly ? ["option idempotency_level = NO_SIDE_EFFECTS;"] : []),
    ...rule,
  ]);
}

function streamLines({ method, item, set }: BegunStream): string[] {
  const call = [`method: "${nameOf(method)}"`, ...setLines(set)];
  return ["stream: {", `  var: "${item}"`, "  call: {", ...indented(indented(call)), "  }", "}"];
}

function requestFields(bff: BegunBff): string[] {
  let number = 0;
  const lines = ({ name, field }: RequestField): string[] => [
    ...carriedComment(field),
    `${bff.copies.typeOf(field)} ${name} = ${++number};`,
  ];
  return inOneofs(
    bff.requestFields,
    ({ oneof }) => oneof,
    (name) => name,
    lines,
  );
}

function responseRule(bff: BegunBff): string[] {
  if (bff.stream !== undefined) return notesOf(bff.stream);
  const steps = [...guards(bff), ...bff.steps.map(printStep)];
  const list = steps.flatMap((lines, i) =>
    i === steps.length - 1 ? lines : [...lines.slice(0, -1), `${lines.at(-1)},`],
  );
  return ["option (bff.v1.message) = {", "  let: [", ...indented(indented(list)), "  ]", "};"];
}

/** Refuses a write without its ids, before anything is sent. An rpc that creates may have no id yet. */
function guards({ steps, requestFields }: BegunBff): string[][] {
  const ids = steps.flatMap(({ kind, method, set }) => {
    if (kind !== "writes" || set === "nothing") return [];
    const names = set === "spread" ? method.input.fields.map(({ name }) => name) : set.map(({ name }) => name);
    const pattern = /^(Create|Add|Insert|New|Put|Register|Save|Upsert)/i.test(method.name) ? /_id$/ : /(^|_)id$/;
    return names.filter((name) => pattern.test(name));
  });
  return requestFields
    .filter(({ name, field }) => ids.includes(name) && isText(field))
    .map(({ name }) => [
      "{",
      "  guard: {",
      `    if: "args.${name} == ''"`,
      "    fail: {",
      "      code: INVALID_ARGUMENT",
      `      message: "${name} is missing"`,
      "    }",
      "  }",
      "}",
    ]);
}

const isText = ({ fieldKind, scalar, presence }: DescField): boolean =>
  fieldKind === "scalar" && scalar === ScalarType.STRING && presence === Presence.IMPLICIT;

/** Prints a step whose calls for one id each join to one. */
function printBatch({ method, readOnly }: BegunStep, { name, by, keys, items, key }: BatchProposal): string[] {
  const id = typeof by === "string" ? by : `one.${by.id}`;
  const call = [
    "call: {",
    `  method: "${nameOf(method)}"`,
    ...(readOnly ? ["  read_only: true"] : []),
    "  batch: {",
    ...[`name: "${keys}"`, `by: "${id}"`, `items: "${items}"`, `key: "${key}"`].map((line) => `    ${line}`),
    "  }",
    "}",
  ];
  const source =
    typeof by === "string" ? call : ["each: {", '  var: "one"', `  in: "${by.in}"`, ...indented(call), "}"];
  return ["{", `  name: "${name}"`, "  supplementary: true", ...indented(source), "}"];
}

/** A proposed batch, in a comment: the step works once the author uncomments it. */
function proposedBatch(step: BegunStep): string[] {
  const { method, batch } = step;
  if (batch === undefined) return [];
  const lines = printBatch(step, batch);
  return [
    `// ${method.name} takes many ids: calls for one id each join to one. As a step, with the field "${batch.name}" below:`,
    ...[...lines.slice(0, -1), "},"].map((line) => `// ${line}`),
  ];
}

function setLines(set: BegunStep["set"]): string[] {
  if (set === "spread") return ['set: {spread: "args"}'];
  if (set === "nothing") return [];
  const entries = set.map(({ upstream, name, ifSet }) => [
    "{",
    `  name: "${upstream}"`,
    `  by: "args.${name}"`,
    ...(ifSet ? [`  if: "has(args.${name})"`] : []),
    "}",
  ]);
  return [
    "set: [",
    ...indented(entries.flatMap((lines, i) => (i < entries.length - 1 ? [...lines.slice(0, -1), "},"] : lines))),
    "]",
  ];
}

/** Comments about fields that the BFF does not have. */
function notesOf(step: Pick<BegunStep, "unset" | "leftOut" | "withheld">): string[] {
  return [
    ...noted("left unset", names(step.unset)),
    ...noted("left unset, since they look private", reasons(step.withheld.request)),
    ...noted("left out of the answer", names(step.leftOut)),
    ...noted("left out of the answer, since they look private", reasons(step.withheld.answer)),
  ];
}

function printStep(step: BegunStep): string[] {
  if (step.joined && step.batch !== undefined) return printBatch(step, step.batch);
  const call = [
    `method: "${nameOf(step.method)}"`,
    ...setLines(step.set),
    ...(step.readOnly ? ["read_only: true"] : []),
  ];
  return [
    ...proposedBatch(step),
    ...notesOf(step),
    "{",
    `  name: "${step.name}"`,
    ...(step.supplementary ? ["  supplementary: true"] : []),
    ...(step.after === undefined ? [] : [`  after: "${step.after}"`]),
    "  call: {",
    ...indented(indented(call)),
    "  }",
    "}",
  ];
}

function responseFields(bff: BegunBff): string[] {
  let number = 0;
  const lines = bff.responseFields.flatMap((field) => {
    number++;
    const { type } = field;
    return [
      ...(type !== "bool" && type.kind === "field" ? carriedComment(type) : []),
      `${responseType(bff, field)} ${field.name} = ${number} [(bff.v1.field).by = "${field.by}"];`,
    ];
  });
  const degraded = number < DEGRADED ? DEGRADED : number + 1;
  const batches = bff.steps.flatMap(({ batch, joined }) => {
    if (batch === undefined || joined) return [];
    number += number + 1 === degraded ? 2 : 1;
    const repeated = typeof batch.by === "string" ? "" : "repeated ";
    return [
      `// ${repeated}${bff.copies.nameOf(batch.item)} ${batch.name} = ${number} [(bff.v1.field).by = "${batch.name}"];`,
    ];
  });
  return [...lines, ...batches, `repeated bff.v1.Degradation degraded = ${degraded};`];
}

/** Room before it, so that it can stay the last one. */
const DEGRADED = 15;

function responseType({ copies }: BegunBff, { type, mayBeAbsent, repeated }: ResponseField): string {
  if (type === "bool") return "bool";
  if (type.kind === "message") return `${repeated === true ? "repeated " : ""}${copies.nameOf(type)}`;
  if (type.oneof === undefined) return copies.typeOf(type, mayBeAbsent);
  // Outside its oneof the member is a separate field.
  const plain = copies.typeOf(type);
  return type.message === undefined ? `optional ${plain}` : plain;
}

function printCopy({ copies }: BegunBff, { desc, name, fields, leftOut, withheld }: CopiedMessage): string[] {
  const scope = new NameScope();
  const lines = (field: DescField): string[] => {
    const plain = scope.take(snakeCase(field.name));
    const alias = plain === field.name ? "" : ` [(bff.v1.field).alias = "${field.name}"]`;
    return [...carriedComment(field), `${copies.typeOf(field)} ${plain} = ${field.number}${alias};`];
  };
  const members = inOneofs<DescField, DescOneof>(
    fields,
    ({ oneof }) => oneof,
    (oneof) => scope.take(snakeCase(oneof.name)),
    lines,
  );
  const notes = [
    ...noted("left out", names(leftOut)),
    ...noted("left out, since they look private", reasons(withheld)),
  ];
  return [
    ...carriedComment(desc),
    ...block(`message ${name}`, [
      `option (bff.v1.message).alias = "${desc.typeName}";`,
      ...notes,
      // A note is not the comment of the field below it.
      ...(notes.length > 0 && members.length > 0 ? [""] : []),
      ...members,
    ]),
  ];
}

function printEnum({ copies }: BegunBff, copy: CopiedEnum): string[] {
  const values = copies.valuesOf(copy);
  const zero = values.find(({ number }) => number === 0);
  const rest = values.filter((value) => value !== zero);
  const lines = ({ name, upstream, number, desc }: CopiedValue): string[] => [
    ...carriedComment(desc),
    // Values with equal names need no alias.
    `${name} = ${number}${name === upstream ? "" : ` [(bff.v1.enum_value).alias = "${upstream}"]`};`,
  ];
  return [
    ...carriedComment(copy.desc),
    ...block(`enum ${copy.name}`, [
      `option (bff.v1.enum).alias = "${copy.desc.typeName}";`,
      ...(zero === undefined ? madeUp(copies.unspecified(copy)) : zeroLines(zero)),
      ...rest.flatMap(lines),
    ]),
  ];
}

/** buf's linter does not recognize that the upstream's zero value keeps its meaning. */
const LINT = "// buf:lint:ignore ENUM_ZERO_VALUE_SUFFIX";

function zeroLines({ name, upstream, number, desc }: CopiedValue): string[] {
  const above = [...carriedComment(desc), ...(name.endsWith("_UNSPECIFIED") ? [] : [LINT])];
  if (name === upstream) return [...above, `${name} = ${number} [(bff.v1.enum_value).default = true];`];
  return [
    ...above,
    `${name} = ${number} [`,
    "  (bff.v1.enum_value).default = true,",
    `  (bff.v1.enum_value).alias = "${upstream}"`,
    "];",
  ];
}

/** The upstream has no zero, and this language wants one: nothing there means it. */
function madeUp(name: string): string[] {
  return [`${name} = 0 [`, "  (bff.v1.enum_value).default = true,", "  (bff.v1.enum_value).no_alias = true", "];"];
}

/** Groups fields in their order; those of a oneof are at the place of its first field. */
function inOneofs<F, O>(
  fields: readonly F[],
  oneofOf: (field: F) => O | undefined,
  nameOfOneof: (oneof: O) => string,
  lines: (field: F) => readonly string[],
): string[] {
  const done = new Set<O>();
  return fields.flatMap((field) => {
    const oneof = oneofOf(field);
    if (oneof === undefined) return lines(field);
    if (done.has(oneof)) return [];
    done.add(oneof);
    const members = fields.filter((other) => oneofOf(other) === oneof);
    return block(`oneof ${nameOfOneof(oneof)}`, members.flatMap(lines));
  });
}

const WIDTH = 100;

/** A comment about fields of the upstream, wrapped. */
function noted(what: string, all: readonly string[]): string[] {
  if (all.length === 0) return [];
  const lines: string[] = [];
  let line = `// ${what}:`;
  for (const name of all) {
    if (line.length + name.length + 2 > WIDTH) {
      lines.push(line);
      line = "//";
    }
    line += ` ${name},`;
  }
  return [...lines, line.replace(/,$/, "")];
}

const names = (fields: readonly DescField[]): string[] => fields.map(({ name }) => name);
const reasons = (all: readonly PrivateField[]): string[] => all.map(({ field, reason }) => `${field.name} (${reason})`);

function block(head: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [`${head} {}`] : [`${head} {`, ...indented(lines), "}"];
}
export const indented = (lines: readonly string[]): string[] => lines.map((line) => (line === "" ? "" : `  ${line}`));

// The new BFF as a .proto file, in the form that `buf format` gives.
import type { DescField, DescOneof } from "@bufbuild/protobuf";
import { nameOf } from "./choose-rpcs.ts";
import type { CopiedEnum, CopiedMessage, CopiedValue } from "./copies.ts";
import { NameScope, snakeCase } from "./names.ts";
import type { BegunBff, BegunStep, RequestField, ResponseField } from "./plan-bff.ts";
import { carriedComment, type PrivateField } from "./private-fields.ts";

/** Timeout of each upstream call, in milliseconds. The times of calls that wait for each other add up. */
const CALL_MS = 500;
const LEAST_MS = 2_000;

/** The live page lists the fields until this comment is deleted. */
const UNREVIEWED = [
  "// protobff:unreviewed",
  "// `protobff init` chose what this answers, and what the messages in it hold, by names and comments alone.",
  "// Delete the fields that clients must not have, and then this comment.",
];

export function printBff(bff: BegunBff): string {
  // Types are named while fields are printed, so that the head is printed last.
  const request = block(`message ${bff.request}`, requestFields(bff));
  const response = [...UNREVIEWED, ...block(`message ${bff.response}`, [...responseRule(bff), ...responseFields(bff)])];
  const messages = bff.copies.messages().map((copy) => printCopy(bff, copy));
  const enums = bff.copies.enums().map((copy) => printEnum(bff, copy));
  const blocks = [head(bff), ...service(bff), request, response, ...messages, ...enums];
  return `${blocks.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function head(bff: BegunBff): string[] {
  const files = new Set(["bff/v1/degradation.proto", "bff/v1/options.proto"]);
  for (const { file } of bff.copies.wellKnown) files.add(`${file.name}.proto`);
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

function service(bff: BegunBff): string[][] {
  const inRow = bff.steps.filter(({ kind }) => kind === "writes").length + 1;
  const ms = Math.max(LEAST_MS, (inRow + 1) * CALL_MS);
  return [
    block(`service ${bff.service}`, [
      "option (bff.v1.service) = {};",
      ...block(`rpc ${bff.rpc}(${bff.request}) returns (${bff.response})`, [
        ...(bff.readOnly ? ["option idempotency_level = NO_SIDE_EFFECTS;"] : []),
        `option (bff.v1.method) = {timeout: "${ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`}"};`,
      ]),
    ]),
  ];
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
  const steps = bff.steps.map(printStep);
  const list = steps.flatMap((lines, i) =>
    i === steps.length - 1 ? lines : [...lines.slice(0, -1), `${lines.at(-1)},`],
  );
  return ["option (bff.v1.message) = {", "  let: [", ...indented(indented(list)), "  ]", "};"];
}

/** Prints a batch, whose ids share one call: a step inside a comment, which works once the author uncomments it. */
function printBatch({ method, batch, readOnly }: BegunStep): string[] {
  if (batch === undefined) return [];
  const { name, by, keys, items, key } = batch;
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
  const step = ["{", `  name: "${name}"`, "  supplementary: true", ...indented(source), "},"];
  return [
    `// ${method.name} takes many ids: calls for one id each join to one. As a step, with the field "${name}" below:`,
    ...step.map((line) => `// ${line}`),
  ];
}

function printStep(step: BegunStep): string[] {
  const { method, set } = step;
  const call = [`method: "${nameOf(method)}"`];
  if (set === "spread") call.push('set: {spread: "args"}');
  else if (set !== "nothing") {
    const entries = set.map(({ upstream, name, ifSet }) => [
      "{",
      `  name: "${upstream}"`,
      `  by: "args.${name}"`,
      ...(ifSet ? [`  if: "has(args.${name})"`] : []),
      "}",
    ]);
    call.push(
      "set: [",
      ...indented(entries.flatMap((lines, i) => (i < entries.length - 1 ? [...lines.slice(0, -1), "},"] : lines))),
      "]",
    );
  }
  if (step.readOnly) call.push("read_only: true");
  return [
    ...printBatch(step),
    ...noted("left unset", names(step.unset)),
    ...noted("left unset, since they look private", reasons(step.withheld.request)),
    ...noted("left out of the answer", names(step.leftOut)),
    ...noted("left out of the answer, since they look private", reasons(step.withheld.answer)),
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
  const batches = bff.steps.flatMap(({ batch }) => {
    if (batch === undefined) return [];
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

function responseType({ copies }: BegunBff, { type, mayBeAbsent }: ResponseField): string {
  if (type === "bool") return "bool";
  if (type.kind === "message") return copies.nameOf(type);
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
const indented = (lines: readonly string[]): string[] => lines.map((line) => (line === "" ? "" : `  ${line}`));

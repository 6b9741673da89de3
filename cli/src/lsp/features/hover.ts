import type { DescMethod } from "@bufbuild/protobuf";
import {
  type Call,
  callsOf,
  governing,
  leavesFor,
  type Origin,
  overloadsOf,
  type Sourced,
  type Step,
  signature,
  typeNameOfEnums,
} from "protoc-gen-bff/internal/language";
import type { Hover } from "vscode-languageserver";
import { describeField, describeVariable } from "../expressions/offers.ts";
import { foundAt } from "../program/found.ts";
import type { Program, SourceFile } from "../program/program.ts";
import { fullNameOf, type Meant, writtenName } from "../program/symbols.ts";
import { absenceOf } from "./absence.ts";
import { commentOf, typeOfOption } from "./completion.ts";

/** Returns the description of the thing at an offset. */
export function hover(program: Program, file: SourceFile, offset: number): Hover | undefined {
  const found = foundAt(program, file, offset);
  if (found === undefined) return undefined;
  const range = { start: file.document.positionAt(found.from), end: file.document.positionAt(found.to) };
  const value = found.kind === "meant" ? describe(found.meant, program) : textOf(found);
  return value === "" ? undefined : { range, contents: { kind: "markdown", value } };
}

type Other = Exclude<NonNullable<ReturnType<typeof foundAt>>, { readonly kind: "meant" }>;

function textOf(found: Other): string {
  if (found.kind === "option")
    return parts(code(`${found.field.name}: ${typeOfOption(found.field)}`), commentOf(found.field));
  const name = found.name.slice(found.name.lastIndexOf(".") + 1);
  const overloads = [...overloadsOf(found.name), ...overloadsOf(name)];
  return overloads.length === 0 ? "" : code([...new Set(overloads.map(signature))].join("\n"));
}

function describe(meant: Meant, program: Program): string {
  switch (meant.kind) {
    case "step":
      return parts(...stepParts(meant.step, program));
    case "variable":
      return code(`${writtenName(meant.variable)}: ${describeVariable(meant.variable)}`);
    case "declared": {
      const { desc } = meant;
      const ofField = desc.kind === "field" ? `: ${describeField(desc)}` : "";
      const type = desc.kind === "rpc" ? rpcType(desc) : ofField;
      const lines = desc.kind === "rpc" ? policiesOf(desc, program) : [];
      return parts(code(`${desc.kind.replace("_", " ")} ${fullNameOf(desc)}${type}`), commentOf(desc), ...lines);
    }
  }
}

const rpcType = ({ input, output }: DescMethod): string => `(${input.typeName}) ${output.typeName}`;

function stepParts(step: Step, program: Program): readonly string[] {
  const type = step.variable === undefined ? "" : `: ${typeNameOfEnums(step.variable.type)}`;
  const reasons = absenceOf(step, program);
  const waits = waitsOf(step);
  const calls = callsOf(step.source);
  return [
    code(`step ${step.name ?? ""}${type}`),
    step.absent ? list("May be absent:", reasons) : "Always has a value.",
    waits.length === 0 ? "" : `Waits for ${waits.map((name) => `\`${name}\``).join(", ")}.`,
    ...calls.map((call) => callText(call, step, program)),
  ];
}

function callText(call: Call, step: Step, program: Program): string {
  const lines = policyLines(call, packageOf(step, program), program);
  return list(`Calls \`${call.method.parent.typeName}/${call.method.name}\`:`, lines);
}

/** Package of the file that declares a step. */
function packageOf({ ir }: Step, { files }: Program): string {
  return files(ir.at.file)?.parsed.package ?? "";
}

/** Policies of the calls of an rpc, each once. */
function policiesOf(method: DescMethod, program: Program): readonly string[] {
  const steps = program.analysis.model.messages.flatMap((message) => message.steps);
  const lines = steps.flatMap((step) =>
    callsOf(step.source)
      .filter((call) => call.method.name === method.name && call.method.parent.typeName === method.parent.typeName)
      .map((call) => list("Policy of its calls:", policyLines(call, packageOf(step, program), program))),
  );
  return [...new Set(lines)].slice(0, 4);
}

/** Names of the steps that a step waits for. */
export function waitsOf({ reads, after }: Step): readonly string[] {
  return [...new Set([...reads, ...after].flatMap(({ name }) => name ?? []))];
}

const code = (text: string): string => `\`\`\`cel\n${text}\n\`\`\``;
const list = (head: string, items: readonly string[]): string =>
  items.length === 0 ? head : [head, "", ...items.map((item) => `- ${item}`)].join("\n");
const parts = (...all: readonly string[]): string => all.filter((part) => part !== "").join("\n\n");

/** Settings of an upstream that are no part of a call's policy. */
const OF_UPSTREAM = /^(balance|breaker|protocol|retry_budget)\b/;

/**
 * Returns the declared leaves of a call's merged policy, each with the place of its value.
 *
 * @param caller the package of the call
 */
function policyLines({ policy, method }: Call, caller: string, { analysis }: Program): readonly string[] {
  const ofUpstream = leavesFor(governing(analysis.ir, caller).entries, method).filter(({ name }) =>
    OF_UPSTREAM.test(name),
  );
  return [
    ...[...leavesOf(policy, [])].map(({ path, value, at }) => line(path.join("."), value, at)),
    ...ofUpstream.map(({ name, value, unit, at }) => line(name, `${String(value)}${unit ? ` ${unit}` : ""}`, at)),
  ];
}
const line = (name: string, value: string, at: Origin): string =>
  `\`${name}\` ${value}, from ${at.file}:${at.line}:${at.column}`;

interface Leaf {
  readonly path: readonly string[];
  readonly value: string;
  readonly at: Origin;
}

const TIMES: ReadonlySet<string> = new Set(["timeout", "initial", "max", "delay", "ttl", "stale"]);

function* leavesOf(value: unknown, path: readonly string[]): Generator<Leaf> {
  if (typeof value !== "object" || value === null || path.length > 3) return;
  if (isSourced(value)) {
    const unit =
      typeof value.value === "number" && TIMES.has(path.at(-1) ?? "") && path[0] !== "hedge.max" ? " ms" : "";
    yield { path, value: `${String(value.value)}${unit}`, at: value.at };
    return;
  }
  if ("text" in value && typeof value.text === "object" && value.text !== null && isSourced(value.text)) {
    yield { path, value: `\`${String(value.text.value)}\``, at: value.text.at };
    return;
  }
  if (Array.isArray(value)) {
    const [first] = value;
    if (isSourced(first)) yield { path, value: value.map((item) => String(item.value)).join(", "), at: first.at };
    return;
  }
  for (const [key, inner] of Object.entries(value)) yield* leavesOf(inner, [...path, key]);
}

function isSourced(value: unknown): value is Sourced<unknown> {
  return typeof value === "object" && value !== null && "at" in value && "value" in value;
}

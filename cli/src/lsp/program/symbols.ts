// The things that names in options and expressions mean.
import type { AnyDesc, DescEnumValue, DescField } from "@bufbuild/protobuf";
import {
  childrenOf,
  type Expression,
  type Node,
  type Origin,
  type Step,
  type Variable,
} from "protoc-gen-bff/internal/language";
import type { Program } from "./program.ts";

export type Declared = Exclude<AnyDesc, { readonly kind: "file" | "extension" | "oneof" }>;

export type Meant =
  | { readonly kind: "step"; readonly step: Step }
  /** `declaredAt`: the name in the macro that declares it. */
  | { readonly kind: "variable"; readonly variable: Variable; readonly declaredAt?: Origin | undefined }
  | { readonly kind: "declared"; readonly desc: Declared };

/** Equal for two names of one thing. */
export function keyOf(meant: Meant): string {
  switch (meant.kind) {
    case "step": {
      // The step of a service has one declaration and a step for each message that reads it.
      const { at } = meant.step.ir;
      return `step ${at.file}:${at.line}:${at.column}`;
    }
    case "variable":
      return `variable ${numberOf(meant.variable)}`;
    case "declared":
      return `${meant.desc.kind} ${fullNameOf(meant.desc)}`;
  }
}

const numbers = new WeakMap<Variable, number>();
let count = 0;
/** Two scopes with one variable share the object. */
function numberOf(variable: Variable): number {
  const number = numbers.get(variable) ?? ++count;
  numbers.set(variable, number);
  return number;
}

/** Name of a variable as expressions write it. */
export function writtenName({ role, name }: Variable): string {
  const group = GROUPS[role];
  return group === undefined || name.startsWith(`${group}.`) ? name : `${group}.${name}`;
}
const GROUPS: Readonly<Partial<Record<Variable["role"], string>>> = { arg: "args", var: "env" };

/** Name in the descriptors; fields, rpcs and enum values follow their parent's name and a dot. */
export function fullNameOf(desc: Declared): string {
  if (desc.kind === "field" || desc.kind === "rpc") return `${desc.parent.typeName}.${desc.name}`;
  return desc.kind === "enum_value" ? `${desc.parent.typeName}.${desc.name}` : desc.typeName;
}

/** A name in an expression. */
interface Mention {
  readonly meant: Meant;
  readonly at: Origin;
}

/** Returns the names in a checked expression, variables of macros included. */
export function mentionsIn({ root, reads }: Expression, program: Program): readonly Mention[] {
  return [
    ...reads.map(({ variable, at }) => ({ meant: meantBy(variable, program), at: lastPart(at, variable.name) })),
    ...declaredIn(root),
  ];
}

export function meantBy(variable: Variable, program: Program): Meant {
  const step = program.stepOf(variable);
  return step === undefined ? { kind: "variable", variable } : { kind: "step", step };
}

function* declaredIn(node: Node, declared = new Map<Variable, Origin>()): Generator<Mention> {
  const desc = declaredBy(node);
  if (desc !== undefined) yield { meant: { kind: "declared", desc }, at: lastPart(node.at, desc.name) };
  if (node.kind === "name" && node.variable.role === "local") {
    const { variable } = node;
    yield { meant: { kind: "variable", variable, declaredAt: declared.get(variable) }, at: node.at };
  }
  if (node.kind === "macro")
    for (const [i, at] of (node.declaredAt ?? []).entries()) {
      const variable = node.vars[i];
      if (variable === undefined) continue;
      declared.set(variable, at);
      yield { meant: { kind: "variable", variable, declaredAt: at }, at };
    }
  for (const child of childrenOf(node)) yield* declaredIn(child, declared);
}

function declaredBy(node: Node): DescField | DescEnumValue | undefined {
  if (node.kind === "select" && typeof node.field !== "string") return node.field;
  return node.kind === "enum" ? node.value : undefined;
}

/** The last part of a dotted name. */
function lastPart(at: Origin, name: string): Origin {
  const { length } = name.slice(name.lastIndexOf(".") + 1);
  const isOneLine = at.line === at.endLine && at.endColumn - at.column >= length;
  return isOneLine ? { ...at, column: at.endColumn - length } : at;
}

import type { Registry } from "@bufbuild/protobuf";
import type { Report, Text } from "../../diagnostic/diagnostic.ts";
import { parseExpression } from "../syntax/parse.ts";
import { type Complain, complainInto } from "../syntax/reporter.ts";
import { LANGUAGE, type Language } from "../types/functions/language.ts";
import { holdsError, NO_VALUE } from "../types/model/error-type.ts";
import { presenceOf } from "../types/model/field-type.ts";
import type { Expression, Node, Scope, Variable } from "../types/model/type.ts";
import { readOfItems } from "./absence/missing-fields.ts";
import { type CelPlace, Checker } from "./checker.ts";
import { checkConstants } from "./constant.ts";
import { checkAst } from "./dispatch.ts";
import { settle } from "./settle.ts";

const NOTHING: ReadonlySet<Variable> = new Set();

/**
 * Parses and type-checks one expression. Returns undefined after at least one diagnostic. Types follow the CEL spec
 * ("Gradual Type Checking"), and absence follows language.md ("Absence").
 */
export function checkExpression(
  text: Text,
  scope: Scope,
  registry: Registry,
  report: Report,
  language: Language = LANGUAGE,
): Expression | undefined {
  return checkParsed(text, scope, registry, language, complainInto(text, report));
}

/** Does the same as `checkExpression`, and reports faults as spans of the text. */
export function checkParsed(
  text: Text,
  scope: Scope,
  registry: Registry,
  language: Language,
  complain: Complain,
): Expression | undefined {
  const parsed = parseExpression(text.value, language);
  if ("faults" in parsed) {
    for (const fault of parsed.faults) complain(fault.code, fault, fault.message, fault.hint);
    return undefined;
  }
  const checker = new Checker({ text, scope, registry, language, complain, checkAst });
  const around: CelPlace = { locals: new Map(), known: scope.known ?? NOTHING, gone: scope.gone ?? NOTHING };
  const checked = checker.check(parsed.ast, around);
  if (checked === undefined || checker.vain) return undefined;
  const { reads } = checker;
  const unsafe = new Set(reads.filter((read) => !read.safe).map((read) => read.variable));
  const root = settle(checked, checker, unsafe);
  const items = readOfItems(checker, root);
  if (items !== undefined) reads.push(items);
  if (language.soundLiterals && !checkConstants(root, checker)) return undefined;
  if (holdsError(root.type)) return checker.complain("BFF306", parsed.ast, ...NO_VALUE);
  return {
    text,
    root,
    type: root.type,
    proto: root.proto,
    reads,
    unsafe: items === undefined ? [...unsafe] : [...unsafe, items.variable],
    safe: around.known.intersection(new Set(reads.map((read) => read.variable))),
    fails: root.fails,
    path: isPath(root),
    mayBeUnset: isPath(root) && mayBeUnset(root),
    constant: root.kind === "constant" && !(root.value instanceof Uint8Array) ? root.value : undefined,
  };
}

function isPath(node: Node): boolean {
  return (
    node.kind === "name" ||
    (node.kind === "select" && !node.test && !node.optional && typeof node.field !== "string" && isPath(node.of))
  );
}

function mayBeUnset(node: Node): boolean {
  if (node.kind === "name") return node.variable.unset !== undefined;
  if (node.kind !== "select" || typeof node.field === "string") return false;
  return presenceOf(node.field) !== "implicit" || mayBeUnset(node.of);
}

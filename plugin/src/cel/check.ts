import type { Registry } from "@bufbuild/protobuf";
import type { Report } from "../diagnostic/diagnostic.ts";
import type { Text } from "../origin.ts";
import type { Span } from "./ast.ts";
import { Checker, type Place } from "./checker.ts";
import { childrenOf } from "./children.ts";
import type { Expression, Node } from "./expression.ts";
import { presenceOf } from "./field-type.ts";
import { parseExpression } from "./parse.ts";
import { type Complain, complainInto } from "./reporter.ts";
import type { Scope } from "./type.ts";

const TOP: Place = { locals: new Map(), known: new Set() };

/**
 * Parses and type-checks one expression. Undefined after at least one diagnostic. Types follow the CEL spec ("Gradual Type Checking");
 * what may be absent follows language.md ("Absence").
 */
export function checkExpression(text: Text, scope: Scope, registry: Registry, report: Report): Expression | undefined {
  const complain = complainInto(text, report);
  const parsed = parseExpression(text.value);
  if ("fault" in parsed) {
    return complain(parsed.fault.code, parsed.fault, parsed.fault.message, parsed.fault.hint);
  }
  const checker = new Checker(text, scope, registry, complain);
  const root = checker.check(parsed.ast, TOP);
  if (root === undefined || refuseAny(root, complain, parsed.ast)) return undefined;
  const reads = checker.reads;
  const unsafe = new Set(reads.filter((read) => read.kind === "value" && !read.safe).map((read) => read.variable));
  return {
    text,
    root,
    type: root.type,
    proto: root.proto,
    reads,
    unsafe: [...unsafe],
    fails: root.fails,
    path: isPath(root),
    mayBeUnset: isPath(root) && mayBeUnset(root),
    constant: root.kind === "constant" && !(root.value instanceof Uint8Array) ? root.value : undefined,
  };
}

/** A google.protobuf.Any may be passed on as it is; what is in it is only known at run time. True after a diagnostic. */
function refuseAny(root: Node, complain: Complain, at: Span): boolean {
  if (!childrenOf(root).some(holdsAny)) return false;
  complain("BFF307", at, "looking into a google.protobuf.Any is not supported yet", "It can be bound as it is.");
  return true;
}

function holdsAny(node: Node): boolean {
  return (
    (node.proto?.kind === "message" && node.proto.desc.typeName === "google.protobuf.Any") ||
    childrenOf(node).some(holdsAny)
  );
}

function isPath(node: Node): boolean {
  return (
    node.kind === "name" || (node.kind === "select" && !node.test && typeof node.field !== "string" && isPath(node.of))
  );
}

function mayBeUnset(node: Node): boolean {
  if (node.kind !== "select" || typeof node.field === "string") return false;
  return presenceOf(node.field) !== "implicit" || mayBeUnset(node.of);
}

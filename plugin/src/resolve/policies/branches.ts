// The branches of an upstream: which requests go to another address.

import { typeName, type Variable } from "../../cel/index.ts";
import { fault } from "../../diagnostic/diagnostic.ts";
import type { Ir } from "../../ir/ir.ts";
import type { IrBranch, IrPolicy } from "../../ir/step.ts";
import type { Branch } from "../model/call.ts";
import { lookupField } from "../names/lookup.ts";
import { check, checkCondition, type MessageScope, where, withoutMessage } from "../scope/scope.ts";
import { nearest } from "./entries.ts";

/** Resolves the branches of the nearest level that has any. */
export function branchesOf(scope: MessageScope, policies: readonly IrPolicy[], ir: Ir): readonly Branch[] {
  const nearestBranches = nearest(policies, ({ branches }) => (branches.length > 0 ? branches : undefined)) ?? [];
  if (nearestBranches.length === 0) return [];
  const inside = ofRequests(scope);
  return nearestBranches.map((branch) => {
    const condition = branch.if && checkCondition(inside, branch.if, "`if` of a branch");
    const by = branch.by && checkBy(where(inside, condition), branch.by);
    const ignored = branch.ignore.flatMap((text) => {
      const field = lookupField(ir, text, scope.report);
      return field === undefined ? [] : [{ field, at: text.at }];
    });
    return { ir: branch, if: condition, by, ignored };
  });
}

function checkBy(scope: MessageScope, text: NonNullable<IrBranch["by"]>): Branch["by"] {
  const found = check(scope, text);
  if (found === undefined || found.type.kind === "string") return found;
  const convertible = ["int", "uint", "double", "bool", "bytes", "timestamp", "duration"].includes(found.type.kind);
  fault(scope.report, "BFF270", text.at, {
    message: `\`by\` of a branch is ${typeName(found.type)}, not string`,
    hint: convertible ? `write string(${text.value})` : "write text, such as principal.subject",
  });
  return undefined;
}

/**
 * Returns the scope of values that belong to the request and not to one of its calls: `headers`, `env`, `now`, `peer`
 * and `principal`. `principal` is present, because a branch that reads it is skipped for anonymous requests.
 */
function ofRequests(scope: MessageScope): MessageScope {
  const outside = withoutMessage(scope);
  const principal = outside.builtins.get("principal");
  const known: ReadonlySet<Variable> = principal === undefined ? new Set() : new Set([principal]);
  return { ...outside, steps: new Map(), known };
}

// Functions that belong to certain places, or take certain operands.

import { childrenOf, type Node } from "../../cel/index.ts";
import { fault, type Report } from "../../diagnostic/diagnostic.ts";
import { checkPageFunction } from "./page-functions.ts";

/** Place of an expression. */
interface ExpressionPlace {
  /** True in the message that a unary rpc answers with. */
  readonly pages: boolean;
  /** True for the whole `in` of an `each`. */
  readonly scatters: boolean;
}

/** Reports special functions in the wrong place, or with wrong operands. Returns true if there are none. */
export function checkSpecialCalls(root: Node, { pages, scatters }: ExpressionPlace, report: Report): boolean {
  const sound = [
    checkPageFunction(root, pages, report),
    checkConstantFirst(root, report),
    scatters || checkNoScatter(root, report),
  ].every(Boolean);
  const inside = { pages, scatters: false };
  return childrenOf(root).reduce((all, child) => checkSpecialCalls(child, inside, report) && all, sound);
}

/** Functions whose first operand is a constant, with an example. */
const CONSTANT_FIRST: Readonly<Record<string, string>> = {
  share_of: "share.of('moved', principal.tenant)",
  shard_names: "shard.names('search.v1.SearchService')",
};

function checkConstantFirst(node: Node, report: Report): boolean {
  const example = node.kind === "call" ? CONSTANT_FIRST[node.overload] : undefined;
  const [first] = node.kind === "call" ? node.args : [];
  if (example === undefined || first === undefined || first.kind === "constant") return true;
  fault(report, "BFF327", first.at, {
    message: `the first operand of \`${example.slice(0, example.indexOf("("))}\` is computed`,
    hint: `write a constant, as in ${example}`,
  });
  return false;
}

function checkNoScatter(node: Node, report: Report): boolean {
  if (node.kind !== "call" || node.overload !== "shard_names") return true;
  fault(report, "BFF273", node.at, {
    message: "`shard.names` is only for the `in` of an `each`, as it is",
    hint: 'write `each: { var: "s" in: "shard.names(\'…\')" call: { … shard: { name: "s" } } }`',
  });
  return false;
}

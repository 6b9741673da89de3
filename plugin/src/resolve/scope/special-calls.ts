// Functions that belong to certain places, or take certain operands.

import { childrenOf, type Node } from "../../cel/index.ts";
import { fault, type Report } from "../../diagnostic/diagnostic.ts";
import { fieldOfArgs, type PageCall, pageCallOf } from "../model/page-calls.ts";

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

/**
 * Reports faults of one call of `page.size`, `page.open` or `page.seal`. Returns true if there are none.
 *
 * @param allowed true in the message that a unary rpc answers with
 */
function checkPageFunction(node: Node, allowed: boolean, report: Report): boolean {
  const call = pageCallOf(node);
  return call === undefined || (allowed ? checkOperands(call, report) : refuse(call, report));
}

function refuse({ fn, at }: PageCall, report: Report): boolean {
  fault(report, "BFF322", at, {
    message: `\`${fn}\` is only for the message that a unary rpc answers with`,
    hint: "call it in that message, and pass the result on as an argument",
  });
  return false;
}

function checkOperands({ fn, at, args: [first, usual, most] }: PageCall, report: Report): boolean {
  if (fn !== "page.seal" && first !== undefined && fieldOfArgs(first) === undefined) {
    fault(report, "BFF323", first.at, {
      message: `\`${fn}\` takes a field of the request as it is`,
      hint: "name the field alone, as in args.page_size or args.page_token",
    });
    return false;
  }
  if (fn !== "page.size" || (isPositive(usual) && isPositive(most) && usual.value <= most.value)) return true;
  fault(report, "BFF323", at, {
    message: "`page.size` takes two constants with 0 < usual <= most",
    hint: "write the usual size and the largest one, as in page.size(args.page_size, 20, 100)",
  });
  return false;
}

/** The constants are exact as a `number`, since the largest page is a list in memory. */
function isPositive(node: Node | undefined): node is Node & { readonly kind: "constant"; readonly value: bigint } {
  if (node?.kind !== "constant" || typeof node.value !== "bigint") return false;
  return node.value > 0n && node.value < 2n ** 31n;
}

import type { Node } from "../../cel/index.ts";
import { fault, type Report } from "../../diagnostic/diagnostic.ts";
import { fieldOfArgs, type PageCall, pageCallOf } from "../model/page-calls.ts";

/**
 * Reports faults of one call of `page.size`, `page.open` or `page.seal`. Returns true if there are none.
 *
 * @param allowed true in the message that a unary rpc answers with
 */
export function checkPageFunction(node: Node, allowed: boolean, report: Report): boolean {
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

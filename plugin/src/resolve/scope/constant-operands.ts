import { childrenOf, type Node } from "../../cel/index.ts";
import type { Report } from "../../diagnostic/diagnostic.ts";

/** Functions whose first operand is a constant, with an example. */
const CONSTANT_FIRST: Readonly<Record<string, string>> = {
  share_of: "share.of('moved', principal.tenant)",
};

/** Reports computed operands that must be constants. Returns true if there are none. */
export function checkConstantOperands(root: Node, report: Report): boolean {
  const example = root.kind === "call" ? CONSTANT_FIRST[root.overload] : undefined;
  const [first] = root.kind === "call" ? root.args : [];
  const isComputed = example !== undefined && first !== undefined && first.kind !== "constant";
  if (isComputed)
    report({
      code: "BFF327",
      severity: "error",
      message: `the first operand of \`${example.slice(0, example.indexOf("("))}\` is computed`,
      at: first.at,
      hint: `write a constant, as in ${example}`,
    });
  return childrenOf(root).reduce((all, child) => checkConstantOperands(child, report) && all, !isComputed);
}

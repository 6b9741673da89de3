// `slice` with constant bounds: it fails on a list that is shorter.
import { getOption, hasOption } from "@bufbuild/protobuf";
import { field as validateField } from "@protobff/messages/buf/validate/validate_pb.js";
import { childrenOf, type Node } from "../../cel/index.ts";
import { caution } from "../../diagnostic/diagnostic.ts";
import { type Check, namedExpressions } from "../check.ts";

export const shortLists: Check = {
  rules: {
    BFF355:
      "`slice` with constant bounds is for lists of a known length. On a shorter list it fails; `take` returns what there is.",
  },
  run(model, report) {
    for (const { result, of, before } of namedExpressions(model)) {
      // A condition or a guard over a length may exclude short lists.
      const roots = of.map(({ root }) => root);
      if ([...roots, ...before.map(({ root }) => root)].some(readsSize)) continue;
      for (const node of roots.flatMap(slicesIn)) {
        const [list, from, to] = node.args;
        const [start, end] = [from, to].map((bound) => (bound?.kind === "constant" ? bound.value : undefined));
        if (list === undefined || typeof end !== "bigint" || end <= leastLength(list)) continue;
        caution(report, "BFF355", node.at, {
          message: `${result} fails if the list has fewer than ${end} elements`,
          hint: start === 0n ? `write \`take(${end})\`` : `write \`size(…) >= ${end} ? … : []\` around it`,
        });
      }
    }
  },
};

type Slice = Node & { readonly kind: "call" };
function slicesIn(node: Node): readonly Slice[] {
  const inside = childrenOf(node).flatMap(slicesIn);
  return node.kind === "call" && node.overload === "list_slice" ? [...inside, node] : inside;
}
const readsSize = (node: Node): boolean =>
  (node.kind === "call" && node.overload.startsWith("size_")) || childrenOf(node).some(readsSize);

/** Returns the length that a list certainly has. */
function leastLength(list: Node): number {
  if (list.kind === "list") return list.elements.length;
  const field = list.kind === "select" && typeof list.field !== "string" ? list.field : undefined;
  if (field === undefined || !hasOption(field, validateField)) return 0;
  const { type } = getOption(field, validateField);
  return type.case === "repeated" ? Number(type.value.minItems) : 0;
}

// Copies that hold themselves: a field with `by: "source"` whose message is copied from the same value again.

import { childrenOf, type Node } from "../../cel/index.ts";
import { fault, type Report } from "../../diagnostic/diagnostic.ts";
import { reachable } from "../../graph/graph.ts";
import type { ConvertedTarget, MessageConversion } from "../../model/conversion.ts";
import { conversionsIn } from "./inner-conversions.ts";

type Computed = Extract<ConvertedTarget, { kind: "computed" }>;

/** Reports fields whose conversion would never end. A path below `source` ends, because messages have a finite depth. */
export function checkEndlessCopies(conversions: Iterable<MessageConversion>, report: Report): void {
  const reported = new Set<MessageConversion>();
  for (const conversion of conversions) {
    if (reported.has(conversion)) continue;
    for (const target of wholeCopies(conversion)) {
      const inner = reachable(conversionsOf(target), (of) => wholeCopies(of).flatMap(conversionsOf));
      if (!inner.includes(conversion)) continue;
      for (const other of inner) reported.add(other);
      fault(report, "BFF431", target.bound.expression.text.at, {
        message: `"${target.to.name}" copies \`source\` into "${conversion.to.name}" again, so the copy holds itself without end`,
        hint: `copy a field of \`source\`, or leave out "${target.to.name}"`,
      });
    }
  }
}

/** Fields whose values contain `source` itself. */
const wholeCopies = ({ targets }: MessageConversion): readonly Computed[] =>
  targets.filter((target) => target.kind === "computed").filter(({ bound }) => passesSource(bound.expression.root));

const conversionsOf = ({ bound }: Computed): readonly MessageConversion[] => conversionsIn(bound.conversion);

function passesSource(node: Node): boolean {
  if (node.kind === "name") return node.variable.role === "item" && node.variable.name === "source";
  if (node.kind === "select" && node.of.kind === "name") return false;
  return childrenOf(node).some(passesSource);
}

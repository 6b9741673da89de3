import type { Expression, Node } from "../../cel/index.ts";
import { childrenOf, isError } from "../../cel/index.ts";
import { caution, type Origin } from "../../diagnostic/diagnostic.ts";
import { blocksOf, callsIn, expressionsIn, failExpressions } from "../../resolve/model/blocks.ts";
import type { Check } from "../check.ts";

const OF_STEP = "write another text, or pass on a detail that is meant for clients with `failure(step).detail(…)`";

/**
 * Reports error texts of upstreams in responses. An upstream writes them for its operators: they contain names of
 * hosts, tables and users.
 */
export const errorExposure: Check = {
  rules: {
    BFF804:
      "Clients do not receive the error text of an upstream. The text is written for other readers, and may contain hosts, tables or users.",
  },
  run(model, report) {
    const seen = new Set<string>();
    const warn = (
      at: Origin,
      hint = "write another text, or pass on a detail that is meant for clients with `error.detail(…)`",
    ): void => {
      const place = `${at.file}:${at.line}:${at.column}`;
      if (seen.has(place)) return;
      seen.add(place);
      caution(report, "BFF804", at, { message: "clients receive the error text of the upstream", hint });
    };
    for (const block of blocksOf(model)) {
      const sent = callsIn(block).flatMap((call) =>
        call.onError.flatMap(({ then }): Expression[] => (then.kind === "fail" ? failExpressions(then.fail) : [])),
      );
      for (const { at, variable } of sent.flatMap((expression) => expression.reads))
        if (variable.name === "error.message") warn(at);
      for (const { then } of callsIn(block).flatMap(({ onError }) => onError))
        if (then.kind === "fail" && then.fail.asIs !== undefined && then.fail.message === undefined)
          warn(then.fail.asIs, "add a `message` beside it, or keep it if the upstream writes its errors for clients");
      // A condition decides by the text and does not show it.
      const values = expressionsIn(block).filter(({ type }) => type.kind !== "bool");
      for (const { root } of values) for (const at of messagesRead(root)) warn(at, OF_STEP);
    }
  },
};

/**
 * Returns true if a value contains text that an upstream wrote into its error. A condition decides by the text and does
 * not show it.
 */
export function showsMessage({ type, reads, root }: Expression): boolean {
  if (type.kind === "bool") return false;
  return reads.some(({ variable }) => variable.name === "error.message") || messagesRead(root).length > 0;
}
/** Returns true if the expression passes on a detail of an upstream's error. */
export function showsDetails({ root }: Expression): boolean {
  return detailsIn(root);
}
const detailsIn = (node: Node): boolean =>
  (node.kind === "call" && node.overload === "error_detail") || childrenOf(node).some(detailsIn);

/** Returns the places that read the message of a step's failure. */
function messagesRead(node: Node): Origin[] {
  const of = node.kind === "select" && node.field === "message" ? node.of.type : undefined;
  const here = of !== undefined && isError(of.kind === "optional" ? of.of : of) ? [node.at] : [];
  return [...here, ...childrenOf(node).flatMap(messagesRead)];
}

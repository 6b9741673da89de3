import type { Expression } from "../cel/index.ts";
import type { Report } from "../diagnostic/diagnostic.ts";
import { blocksOf, callsIn } from "../resolve/model/blocks.ts";
import type { Model } from "../resolve/model/model.ts";
import { failExpressions } from "../resolve/model/source-parts.ts";

/** What an upstream writes into an error is for its own people: names of hosts, of tables, of users. */
export function checkErrorExposure(model: Model, report: Report): void {
  const seen = new Set<string>();
  for (const call of blocksOf(model).flatMap(callsIn)) {
    const sent = call.onError.flatMap(({ then }): Expression[] =>
      then.kind === "fail" ? failExpressions(then.fail) : [],
    );
    for (const { at, variable } of sent.flatMap((expression) => expression.reads)) {
      const place = `${at.file}:${at.line}:${at.column}`;
      if (variable.name !== "error.message" || seen.has(place)) continue;
      seen.add(place);
      report({
        code: "BFF804",
        severity: "warning",
        message: "clients get to see what the upstream wrote into its error",
        at,
        hint: "write a text of your own, or pass on a detail that is meant for clients with `error.detail(…)`",
      });
    }
  }
}

import { type DescField, ScalarType } from "@bufbuild/protobuf";
import { type Cost, expressionCosts as costsOf } from "../../resolve/model/costs/expression-costs.ts";
import type { Check } from "../check.ts";

export const expressionCosts: Check = {
  rules: {
    BFF711:
      "Nested macros of an expression take fewer than a million steps for one request. More steps delay all other requests of the process.",
    BFF712:
      "Nested macros over lists and texts of a request take fewer than a thousand million steps. `BFF_MAX_STEPS` would refuse large requests.",
  },
  run(model, report) {
    for (const [{ text }, cost] of costsOf(model)) {
      const isError = cost.client >= REFUSED_STEPS;
      if (!isError && cost.all < MAX_STEPS) continue;
      report({
        code: isError ? "BFF712" : "BFF711",
        severity: isError ? "error" : "warning",
        message: `nested macros take up to ${(isError ? cost.client : cost.all).toLocaleString("en-US")} steps for one request`,
        at: text.at,
        hint: hintFor(cost),
      });
    }
  },
};

const MAX_STEPS = 1_000_000;
const REFUSED_STEPS = 1_000_000_000;

/** Proposes bounds with which the product is below the limit. */
function hintFor({ lists }: Cost): string {
  const ofRequest = lists.filter(({ field }) => field !== undefined);
  const bounded = ofRequest.length > 0 ? ofRequest : lists.filter(({ all }) => all > 1);
  const others = lists.filter((list) => !bounded.includes(list)).reduce((product, { all }) => product * all, 1);
  const most = Math.floor(((MAX_STEPS - 1) / others) ** (1 / bounded.length));
  const fields = [...new Set(bounded.flatMap(({ field }) => field ?? []))];
  if (fields.length === 0 || most < 1) return `cut the lists with \`.take(${Math.max(1, most)})\` before the macros`;
  const rules = fields.flatMap((field) => {
    const rule = ruleOf(field);
    return rule === undefined ? [] : [`[(buf.validate.field).${rule} = ${most}] at "${field.name}"`];
  });
  return `write ${rules.length < fields.length ? `\`max_elements: ${most}\` at the rpc` : rules.join(" and ")}`;
}

/** Returns the rule for the size of a field; undefined for messages. */
function ruleOf({ fieldKind, scalar }: DescField): string | undefined {
  if (fieldKind === "map") return "map.max_pairs";
  if (fieldKind === "list") return "repeated.max_items";
  if (fieldKind !== "scalar") return undefined;
  return `${scalar === ScalarType.BYTES ? "bytes" : "string"}.max_len`;
}

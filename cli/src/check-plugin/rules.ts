// Rules and categories that the plugin declares to buf. This file does not import the compiler, so that listing rules
// is fast.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Category, CategorySchema } from "../gen/buf/plugin/check/v1/category_pb.ts";
import { type Rule, RuleSchema, RuleType } from "../gen/buf/plugin/check/v1/rule_pb.ts";

/**
 * Groups of rules, by the first digit of their codes. A request to a plugin may name at most 250 rules, so there is no
 * rule for each code.
 */
const GROUPS: Readonly<Record<string, string>> = {
  1: "the declarations of a BFF",
  2: "the references of a BFF to other declarations",
  3: "expressions and types",
  4: "the structure of compositions",
  5: "side effects and policies",
  6: "values that may be absent",
  7: "the upstream calls of requests",
  8: "caching",
  9: "drift of upstreams",
};

/** In `use:` and `except:` of buf.yaml. */
export const CATEGORIES: readonly Category[] = [
  create(CategorySchema, { id: "BFF_ERROR", purpose: "Checks the rules that protoc-gen-bff enforces as errors." }),
  create(CategorySchema, { id: "BFF_WARNING", purpose: "Checks the rules that protoc-gen-bff reports as warnings." }),
];

type Severity = "error" | "warning";

/**
 * Returns the rule of a diagnostic, from its code and its current severity: options of the plugin may turn a warning
 * into an error.
 */
export function ruleOf({ code, severity }: { readonly code: string; readonly severity: Severity }): string {
  return `BFF_${code.charAt(3)}XX_${severity.toUpperCase()}`;
}

/** All rules. The rules for errors are on by default. */
export const RULES: readonly Rule[] = Object.entries(GROUPS).flatMap(([digit, what]) => {
  const rule = (severity: Severity, more: MessageInitShape<typeof RuleSchema>): Rule =>
    create(RuleSchema, {
      id: ruleOf({ code: `BFF${digit}`, severity }),
      categoryIds: [`BFF_${severity.toUpperCase()}`],
      type: RuleType.LINT,
      ...more,
    });
  return [
    rule("error", { default: true, purpose: `Checks ${what}, as the errors BFF${digit}xx.` }),
    rule("warning", { purpose: `Checks ${what}, as the warnings BFF${digit}xx.` }),
  ];
});

// Diagnostics for faults in rules of buf.validate, at the place of the rule.

import type { DescField, DescMessage, Message, Registry } from "@bufbuild/protobuf";
import { didYouMean, fault, type Origin, type Place, type Report } from "../../diagnostic/diagnostic.ts";
import type { RuleCheck } from "../../model/rules.ts";
import { contradictionsIn } from "./contradictions.ts";
import { kindOf } from "./rule-kinds.ts";

export class RuleFaults {
  readonly #report: Report;
  readonly #registry: Registry;
  constructor(registry: Registry, report: Report) {
    this.#registry = registry;
    this.#report = report;
  }
  #fault(code: "BFF250" | "BFF251" | "BFF252" | "BFF253" | "BFF254", at: Origin, message: string, hint: string): void {
    fault(this.#report, code, at, { message, hint });
  }

  /** Rules for values of another type. */
  misfit(field: DescField, rules: string, kind: string | undefined, at: Origin): void {
    this.#fault("BFF250", at, `rules of \`${rules}\` do not fit "${field.name}"`, fittingRules(field, rules, kind));
  }
  emptyGroup(desc: DescMessage, at: Origin): void {
    this.#fault(
      "BFF254",
      at,
      `this rule names no field of "${desc.name}"`,
      'name its fields, as in `fields: ["a", "b"]`',
    );
  }
  noSuchField(desc: DescMessage, name: string, at: Origin): void {
    const near = didYouMean(
      name,
      desc.fields.map((field) => field.name),
    );
    this.#fault(
      "BFF254",
      at,
      `"${desc.name}" has no field "${name}"`,
      near === undefined ? "name fields of the message" : `write "${near}"`,
    );
  }
  twice(name: string, at: Origin): void {
    this.#fault("BFF254", at, `"${name}" is listed twice`, "name each field once");
  }
  /** Rules that a newer or an older validate.proto has, and ours has not. */
  unknown(rules: Message, desc: DescMessage, place: Place): void {
    for (const { no } of rules.$unknown ?? []) {
      if (this.#registry.getExtensionFor(desc, no) !== undefined) continue;
      const theirs = this.#registry.getMessage(desc.typeName)?.fields.find(({ number }) => number === no);
      const name = theirs?.name ?? String(no);
      const what = `the rule "${name}" of ${desc.typeName} is unknown to this version`;
      this.#fault("BFF253", place.field(name).at, what, "leave it out, or write it in CEL");
    }
  }
  /** Reports rules that no value satisfies. */
  contradictions(checks: readonly RuleCheck[]): void {
    for (const { code, check, with: other, message, hint } of contradictionsIn(checks)) {
      const related = other === undefined ? [] : [{ at: other.at, message: "the other rule" }];
      fault(this.#report, code, check.at, { message, hint, related });
    }
  }
}

/** The path of the rules for each element of a list, or each value of a map. */
const ELEMENT_RULES: ReadonlyMap<string, string> = new Map([
  ["repeated", "repeated.items"],
  ["map", "map.values"],
]);

/** The hint for rules that do not fit a field. */
function fittingRules(field: DescField, rules: string, kind: string | undefined): string {
  if (kind === undefined) return "leave them out; rules in CEL fit any field";
  const inside = ELEMENT_RULES.get(kind);
  if (inside !== undefined && kindOf(field, "value") === rules)
    return `write \`${inside}.${rules}\`, which applies to each`;
  return `write rules of \`${kind}\`, which fit "${field.name}"`;
}

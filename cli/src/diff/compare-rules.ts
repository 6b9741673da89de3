// Compares the rules that refuse requests, rule by rule.
import type { RuleReport, RulesReport } from "protoc-gen-bff/compiler";
import { shortName } from "./composition.ts";
import { changesOf, type FoundChange, list, type Phrase, phrase } from "./finding.ts";

const refusals = changesOf("refusals");

/**
 * Compares rules. A removed or changed rule may admit requests that were refused; a new rule refuses requests that
 * clients may send.
 */
export function compareRules(before: RulesReport | undefined, after: RulesReport | undefined): readonly FoundChange[] {
  const [from, to] = [byValue(before), byValue(after)];
  const messages = [...(before?.messages ?? []), ...(after?.messages ?? [])];
  return [...new Set([...from.keys(), ...to.keys()])].flatMap((of) => {
    const message = messages.find((message) => of === message || of.startsWith(`${message}.`)) ?? "";
    return compareValue(`${shortName(message)}${of.slice(message.length)}`, from.get(of) ?? [], to.get(of) ?? []);
  });
}

/** Each rule of a value as a line, without those that are on both sides. */
function compareValue(name: string, from: readonly RuleReport[], to: readonly RuleReport[]): readonly FoundChange[] {
  const [had, has] = [from.map(written), to.map(written)];
  const lost = from.filter((_, i) => !has.includes(had[i] ?? ""));
  const gained = to.filter((_, i) => !had.includes(has[i] ?? ""));
  return [
    ...lost.map((old) => {
      const now = gained.find(({ rule }) => rule === old.rule);
      if (now === undefined)
        return refusals.of("worse", phrase`${name} is no longer checked by ${old.rule}`, textOf(old));
      return refusals.of("worse", phrase`${name} is checked differently by ${old.rule}`, textOf(old), textOf(now));
    }),
    ...gained
      .filter(({ rule }) => !lost.some((old) => old.rule === rule))
      .map((now) => {
        const message = phrase`${name} is now checked by ${now.rule}: requests that passed may be refused`;
        return refusals.of("different", message, undefined, textOf(now));
      }),
  ];
}

const byValue = (report: RulesReport | undefined): ReadonlyMap<string, readonly RuleReport[]> =>
  Map.groupBy(report?.entries ?? [], ({ of }) => of);
const written = (rule: RuleReport): string => JSON.stringify(rule);

function textOf({ rule, message, cel, is, unless_zero: unless }: RuleReport): Phrase {
  return [
    ...list([message ?? (cel === undefined ? rule : ""), cel ?? ""].filter((text) => text !== "")),
    ...(is === undefined ? [] : phrase` of ${is}`),
    ...(unless === true ? [", unless it is zero"] : []),
  ];
}

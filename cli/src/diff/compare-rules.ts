// Compares the rules that refuse requests, rule by rule.
import type { RuleReport, RulesReport } from "protoc-gen-bff/compiler";
import { shortName } from "./composition.ts";
import { type Finding, list, type Said, say } from "./finding.ts";

type Told = Omit<Finding, "where">;

/**
 * Compares rules. A removed or changed rule may admit requests that were refused; a new rule refuses requests that
 * clients may send.
 */
export function compareRules(before: RulesReport | undefined, after: RulesReport | undefined): readonly Told[] {
  const [from, to] = [byValue(before), byValue(after)];
  const messages = [...(before?.messages ?? []), ...(after?.messages ?? [])];
  return [...new Set([...from.keys(), ...to.keys()])].flatMap((of) => {
    const message = messages.find((message) => of === message || of.startsWith(`${message}.`)) ?? "";
    return compareValue(`${shortName(message)}${of.slice(message.length)}`, from.get(of) ?? [], to.get(of) ?? []);
  });
}

/** Each rule of a value as a line, without those that are on both sides. */
function compareValue(name: string, from: readonly RuleReport[], to: readonly RuleReport[]): readonly Told[] {
  const [had, has] = [from.map(written), to.map(written)];
  const lost = from.filter((_, i) => !has.includes(had[i] ?? ""));
  const gained = to.filter((_, i) => !had.includes(has[i] ?? ""));
  return [
    ...lost.map(({ rule, ...one }): Told => {
      const now = gained.find((other) => other.rule === rule);
      if (now === undefined)
        return {
          kind: "refusals",
          level: "worse",
          says: say`${name} is no longer checked by ${rule}`,
          before: textOf({ rule, ...one }),
        };
      return {
        kind: "refusals",
        level: "worse",
        says: say`${name} is checked differently by ${rule}`,
        before: textOf({ rule, ...one }),
        after: textOf(now),
      };
    }),
    ...gained
      .filter((one) => !lost.some(({ rule }) => rule === one.rule))
      .map(
        (rule): Told => ({
          kind: "refusals",
          level: "different",
          says: say`${name} is now checked by ${rule.rule}: requests that passed may be refused`,
          after: textOf(rule),
        }),
      ),
  ];
}

const byValue = (report: RulesReport | undefined): ReadonlyMap<string, readonly RuleReport[]> =>
  Map.groupBy(report?.said ?? [], ({ of }) => of);
const written = (rule: RuleReport): string => JSON.stringify(rule);

function textOf({ rule, says, cel, is, unless_zero: unless }: RuleReport): Said {
  return [
    ...list([says ?? (cel === undefined ? rule : ""), cel ?? ""].filter((text) => text !== "")),
    ...(is === undefined ? [] : say` of ${is}`),
    ...(unless === true ? [", unless it is zero"] : []),
  ];
}

// Rules that no value satisfies, and malformed patterns.
import { isPattern } from "../../cel/index.ts";
import type { RuleCheck, Scalar, Test } from "../../model/rules.ts";
import { compareTimes } from "./ranges.ts";
import { keeps } from "./static-test.ts";

/** A fault of a check beside the other checks of the same value. */
interface Contradiction {
  readonly code: "BFF251" | "BFF252";
  readonly check: RuleCheck;
  /** The other rule. */
  readonly with: RuleCheck | undefined;
  readonly message: string;
  readonly hint: string;
}

export function contradictionsIn(checks: readonly RuleCheck[]): readonly Contradiction[] {
  const patterns = checks.flatMap((check): Contradiction[] => {
    const { test } = check;
    if (test.kind !== "pattern" || isPattern(test.pattern)) return [];
    const message = `${JSON.stringify(test.pattern)} is not a pattern of RE2`;
    const hint =
      "write a pattern as in https://github.com/google/re2/wiki/Syntax, which has no look-around and no back-references";
    return [{ code: "BFF252", check, with: undefined, message, hint }];
  });
  if (patterns.length > 0) return patterns;
  const found = emptyRange(checks) ?? crossedSizes(checks) ?? unmatchedValues(checks) ?? nowAndNever(checks);
  return found === undefined ? [] : [found];
}

const clash = (check: RuleCheck, other: RuleCheck | undefined, message: string, hint: string): Contradiction => ({
  code: "BFF251",
  check,
  with: other === check ? undefined : other,
  message,
  hint,
});

/** `gt: 5, lt: 5`; NaN is greater and less than nothing. */
function emptyRange(checks: readonly RuleCheck[]): Contradiction | undefined {
  for (const check of checks) {
    const { test } = check;
    if (test.kind !== "range" && test.kind !== "timeRange") continue;
    if (test.kind === "range" && [test.low, test.high].some((bound) => Number.isNaN(bound?.value)))
      return clash(check, undefined, "no value is less or greater than NaN", "write a number");
    if (!isEmptyRange(test)) continue;
    const hint =
      "write bounds with a value between them; with the lower bound above the upper bound, all values outside of them are allowed";
    return clash(check, undefined, `no value ${check.rule.message}`.replace("no value must be", "no value is"), hint);
  }
  return undefined;
}

function isEmptyRange(test: Test & { readonly kind: "range" | "timeRange" }): boolean {
  const { low, high } = test;
  if (low === undefined || high === undefined) return false;
  const open = !low.inclusive || !high.inclusive;
  if (test.kind === "timeRange") return open && compareTimes(test.low?.value ?? ZERO, test.high?.value ?? ZERO) === 0;
  const { value: from } = test.low ?? { value: 0 };
  const { value: to } = test.high ?? { value: 0 };
  if (open && from === to) return true;
  // Between two integers there is none.
  return !test.nan && !low.inclusive && !high.inclusive && BigInt(to) - BigInt(from) === 1n;
}
const ZERO = { seconds: 0n, nanos: 0 };

/** `min_len: 5, max_len: 3`. */
function crossedSizes(checks: readonly RuleCheck[]): Contradiction | undefined {
  const sizes = checks.flatMap(({ rule, at, test }) => (test.kind === "size" ? [{ rule, at, test }] : []));
  for (const size of sizes) {
    if (size.test.is === "most") continue;
    for (const other of sizes) {
      if (other === size || other.test.unit !== size.test.unit) continue;
      const { is, count } = other.test;
      const above = is !== "least" && size.test.count > count;
      const below = size.test.is === "exact" && is === "least" && size.test.count < count;
      if (!above && !below) continue;
      const message = `no value satisfies both rules: it ${size.rule.message}, and ${other.rule.message}`;
      return clash(size, other, message, `change \`${nameOf(size)}\` or \`${nameOf(other)}\``);
    }
  }
  return undefined;
}

/** `const: "a", in: ["b"]`, `in: [1, 2], gt: 5`. */
function unmatchedValues(checks: readonly RuleCheck[]): Contradiction | undefined {
  const valueCheck =
    checks.find(({ test }) => test.kind === "equal") ?? checks.find(({ test }) => test.kind === "in" && !test.not);
  if (valueCheck === undefined) return undefined;
  const values = valuesOf(valueCheck.test);
  const others = checks.filter((check) => check !== valueCheck);
  const against = others.find((other) => values.every((value) => !keeps(other.test, value)));
  if (against === undefined) {
    if (values.some((value) => others.every((other) => keeps(other.test, value)))) return undefined;
    const message = `no value of \`${nameOf(valueCheck)}\` satisfies the other rules`;
    return clash(
      valueCheck,
      undefined,
      message,
      `leave out the other rules, which \`${nameOf(valueCheck)}\` already implies`,
    );
  }
  const message = `no value of \`${nameOf(valueCheck)}\` satisfies \`${nameOf(against)}\`: it ${against.rule.message}`;
  return clash(valueCheck, against, message, `change \`${nameOf(valueCheck)}\` or \`${nameOf(against)}\``);
}

/** The values that a rule names. */
function valuesOf(test: Test): readonly Scalar[] {
  if (test.kind === "equal") return [test.value];
  return test.kind === "in" ? test.values : [];
}

function nowAndNever(checks: readonly RuleCheck[]): Contradiction | undefined {
  const before = checks.find(({ test }) => test.kind === "now" && test.is === "before");
  const after = checks.find(({ test }) => test.kind === "now" && test.is === "after");
  if (before === undefined || after === undefined) return undefined;
  return clash(before, after, "no time is both before and after now", "leave one of the rules out");
}

/** `min_len` */
const nameOf = ({ rule }: RuleCheck): string => rule.path.at(-1)?.[0] ?? rule.id;

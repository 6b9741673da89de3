// Compares the permits of an RPC: finds callers that are newly permitted.
import type { FailReport, PermitReport } from "protoc-gen-bff/compiler";
import type { Finding, Level, Phrase } from "./finding.ts";
import { list, phrase } from "./finding.ts";

type Difference = Omit<Finding, "where">;

/**
 * Compares permits. A change that admits one more caller is worse; a change that refuses one is different, because
 * clients may depend on it.
 */
export function comparePermits(
  before: PermitReport | undefined,
  after: PermitReport | undefined,
): readonly Difference[] {
  const difference = (level: Level, message: Phrase): Difference => ({ kind: "permits", level, message });
  if (before === undefined || after === undefined) {
    if (after !== undefined) return [difference("different", ["callers now need a permit: ", ...whom(after)])];
    return before === undefined || before.public === true
      ? []
      : [difference("worse", ["the permit is removed; before, it allowed ", ...whom(before)])];
  }
  if (before.public !== after.public)
    return after.public === true
      ? [difference("worse", ["all callers are now allowed; before, the permit allowed ", ...whom(before)])]
      : [difference("different", ["callers must now be identified: ", ...whom(after)])];
  return [
    ...sources(before, after, difference),
    ...scopes(before, after, difference),
    ...roles(before, after, difference),
    ...conditions(before, after, difference),
    ...refusals(before, after),
  ];
}

type MakeDifference = (level: Level, message: Phrase) => Difference;

function sources(
  { sources: from }: PermitReport,
  { sources: to }: PermitReport,
  difference: MakeDifference,
): readonly Difference[] {
  if (to === undefined)
    return from === undefined
      ? []
      : [difference("worse", phrase`callers of any source are allowed; before, only of ${list(from)}`)];
  const more = from === undefined ? [] : to.filter((source) => !from.includes(source));
  const fewer = from === undefined ? [] : from.filter((source) => !to.includes(source));
  return [
    ...(more.length === 0 ? [] : [difference("worse", phrase`callers of ${list(more)} are now also allowed`)]),
    ...(from === undefined
      ? [difference("different", phrase`only callers of ${list(to)} are allowed; before, callers of any source were`)]
      : []),
    ...(fewer.length === 0 ? [] : [difference("different", phrase`callers of ${list(fewer)} may no longer call`)]),
  ];
}

function scopes(
  { scopes: from = [] }: PermitReport,
  { scopes: to = [] }: PermitReport,
  difference: MakeDifference,
): readonly Difference[] {
  const lost = from.filter((scope) => !to.includes(scope));
  const gained = to.filter((scope) => !from.includes(scope));
  return [
    ...(lost.length === 0 ? [] : [difference("worse", phrase`scope ${list(lost)} is no longer needed`)]),
    ...(gained.length === 0 ? [] : [difference("different", phrase`scope ${list(gained)} is now needed`)]),
  ];
}

/** Compares lists of roles. A caller needs any one role of each list, so a list implies every list that contains it. */
function roles(
  { roles: from = [] }: PermitReport,
  { roles: to = [] }: PermitReport,
  difference: MakeDifference,
): readonly Difference[] {
  const isImplied = (list: readonly string[], by: PermitReport["roles"] = []): boolean =>
    by.some((other) => other.every((role) => list.includes(role)));
  const lost = from.filter((list) => !isImplied(list, to));
  const gained = to.filter((list) => !isImplied(list, from));
  const all = (lists: PermitReport["roles"] = []): Phrase =>
    lists.length === 0 ? ["no role"] : lists.flatMap((list, i) => [...(i === 0 ? [] : [" and "]), ...any(list)]);
  if (lost.length > 0)
    return [{ ...difference("worse", ["fewer or other roles are needed"]), before: all(from), after: all(to) }];
  return gained.map((list) => difference("different", ["role ", ...any(list), " is now needed"]));
}
const any = (roles: readonly string[]): Phrase => roles.flatMap((code, i) => [...(i === 0 ? [] : [" or "]), { code }]);

function conditions(
  { if: from = [] }: PermitReport,
  { if: to = [] }: PermitReport,
  difference: MakeDifference,
): readonly Difference[] {
  const lost = from.filter((condition) => !to.includes(condition));
  const gained = to.filter((condition) => !from.includes(condition));
  if (lost.length === 0)
    return gained.map((condition) => difference("different", phrase`callers must now satisfy ${condition}`));
  if (gained.length === 0)
    return lost.map((condition) => difference("worse", phrase`callers need no longer satisfy ${condition}`));
  return [
    {
      ...difference("worse", ["the conditions for callers have changed, and may admit others"]),
      before: list(lost),
      after: list(gained),
    },
  ];
}

/** Compares the refusals of the conditions that both sides have. */
function refusals(before: PermitReport, after: PermitReport): readonly Difference[] {
  return (after.if ?? []).flatMap((condition, i): readonly Difference[] => {
    const known = before.if?.indexOf(condition) ?? -1;
    const [from, to] = [before.fails?.[known], after.fails?.[i]];
    if (known < 0 || JSON.stringify(from) === JSON.stringify(to)) return [];
    const shown = { before: refusal(from), after: refusal(to) };
    const gained = (to?.shows ?? []).filter((part) => !from?.shows?.includes(part));
    if (gained.length > 0)
      return [
        {
          kind: "exposure",
          level: "worse",
          ...shown,
          message: phrase`callers refused by ${condition} now see ${list(gained)} of an upstream's error`,
        },
      ];
    if (from?.code === "NOT_FOUND" && to?.code !== "NOT_FOUND")
      return [
        {
          kind: "exposure",
          level: "worse",
          ...shown,
          message: phrase`callers refused by ${condition} can now detect that it exists`,
        },
      ];
    return [
      {
        kind: "refusals",
        level: "different",
        ...shown,
        message: phrase`callers refused by ${condition} get another error`,
      },
    ];
  });
}
function refusal(fail: FailReport | undefined): Phrase {
  const { code, message } = fail ?? {};
  return [...codeText(code ?? "PERMISSION_DENIED"), ...(message === undefined ? [] : phrase`: ${message}`)];
}
const codeText = (code: string): Phrase => [{ code }];

function whom({
  public: open,
  sources: any,
  scopes: all = [],
  roles: lists = [],
  if: conditions = [],
}: PermitReport): Phrase {
  if (open === true) return ["all callers"];
  return [
    ...(any === undefined ? ["callers of any source"] : ["callers of ", ...list(any)]),
    ...(all.length === 0 ? [] : [" with scope ", ...list(all)]),
    ...lists.flatMap(
      (list): Phrase => [" with role ", ...list.flatMap((code, i) => [...(i === 0 ? [] : [" or "]), { code }])],
    ),
    ...conditions.flatMap((code): Phrase => [" that satisfy ", { code }]),
  ];
}

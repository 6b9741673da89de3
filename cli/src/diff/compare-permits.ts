// Compares the permits of an RPC: finds callers that are newly permitted.
import type { FailReport, PermitReport } from "protoc-gen-bff/compiler";
import { changesOf, type FoundChange, list, type Phrase, phrase, same, without } from "./finding.ts";

const permits = changesOf("permits");

/**
 * Compares permits. A change that admits one more caller is worse; a change that refuses one is different, because
 * clients may depend on it.
 */
export function comparePermits(
  before: PermitReport | undefined,
  after: PermitReport | undefined,
): readonly FoundChange[] {
  if (before === undefined)
    return after === undefined ? [] : [permits.of("different", ["callers now need a permit: ", ...whom(after)])];
  if (after === undefined) {
    const message = ["the permit is removed; before, it allowed ", ...whom(before)];
    return permits.when(before.public !== true, "worse", message);
  }
  if (before.public !== after.public)
    return after.public === true
      ? [permits.of("worse", ["all callers are now allowed; before, the permit allowed ", ...whom(before)])]
      : [permits.of("different", ["callers must now be identified: ", ...whom(after)])];
  return [
    ...sources(before, after),
    ...scopes(before, after),
    ...roles(before, after),
    ...conditions(before, after),
    ...refusals(before, after),
  ];
}

function sources({ sources: from }: PermitReport, { sources: to }: PermitReport): readonly FoundChange[] {
  if (from === undefined || to === undefined) {
    if (from !== undefined)
      return [permits.of("worse", phrase`callers of any source are allowed; before, only of ${list(from)}`)];
    if (to === undefined) return [];
    const message = phrase`only callers of ${list(to)} are allowed; before, callers of any source were`;
    return [permits.of("different", message)];
  }
  return [
    ...permits.names("worse", without(to, from), (names) => phrase`callers of ${names} are now also allowed`),
    ...permits.names("different", without(from, to), (names) => phrase`callers of ${names} may no longer call`),
  ];
}

function scopes({ scopes: from }: PermitReport, { scopes: to }: PermitReport): readonly FoundChange[] {
  return [
    ...permits.names("worse", without(from, to), (names) => phrase`scope ${names} is no longer needed`),
    ...permits.names("different", without(to, from), (names) => phrase`scope ${names} is now needed`),
  ];
}

/** Compares lists of roles. A caller needs any one role of each list, so a list implies every list that contains it. */
function roles({ roles: from = [] }: PermitReport, { roles: to = [] }: PermitReport): readonly FoundChange[] {
  const isImplied = (list: readonly string[], by: PermitReport["roles"] = []): boolean =>
    by.some((other) => other.every((role) => list.includes(role)));
  const lost = from.filter((list) => !isImplied(list, to));
  const gained = to.filter((list) => !isImplied(list, from));
  const all = (lists: PermitReport["roles"] = []): Phrase =>
    lists.length === 0 ? ["no role"] : lists.flatMap((list, i) => [...(i === 0 ? [] : [" and "]), ...any(list)]);
  if (lost.length > 0) return [permits.of("worse", "fewer or other roles are needed", all(from), all(to))];
  return gained.map((list) => permits.of("different", ["role ", ...any(list), " is now needed"]));
}
const any = (roles: readonly string[]): Phrase => roles.flatMap((code, i) => [...(i === 0 ? [] : [" or "]), { code }]);

function conditions({ if: from }: PermitReport, { if: to }: PermitReport): readonly FoundChange[] {
  const [lost, gained] = [without(from, to), without(to, from)];
  if (lost.length === 0)
    return gained.map((condition) => permits.of("different", phrase`callers must now satisfy ${condition}`));
  if (gained.length === 0)
    return lost.map((condition) => permits.of("worse", phrase`callers need no longer satisfy ${condition}`));
  const message = "the conditions for callers have changed, and may admit others";
  return [permits.of("worse", message, list(lost), list(gained))];
}

/** Compares the refusals of the conditions that both sides have. */
function refusals(before: PermitReport, after: PermitReport): readonly FoundChange[] {
  return (after.if ?? []).flatMap((condition, i): readonly FoundChange[] => {
    const known = before.if?.indexOf(condition) ?? -1;
    const [from, to] = [before.fails?.[known], after.fails?.[i]];
    if (known < 0 || same(from, to)) return [];
    const shown = [refusal(from), refusal(to)] as const;
    const exposure = changesOf("exposure");
    const gained = without(to?.shows, from?.shows);
    if (gained.length > 0) {
      const message = phrase`callers refused by ${condition} now see ${list(gained)} of an upstream's error`;
      return [exposure.of("worse", message, ...shown)];
    }
    if (from?.code === "NOT_FOUND" && to?.code !== "NOT_FOUND")
      return [exposure.of("worse", phrase`callers refused by ${condition} can now detect that it exists`, ...shown)];
    const message = phrase`callers refused by ${condition} get another error`;
    return [changesOf("refusals").of("different", message, ...shown)];
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

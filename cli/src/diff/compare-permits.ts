// Compares the permits of an RPC: finds callers that are newly permitted.
import type { FailReport, PermitReport } from "protoc-gen-bff/compiler";
import type { Finding, Level, Said } from "./finding.ts";
import { list, say } from "./finding.ts";

type Told = Omit<Finding, "where">;

/**
 * Compares permits. A change that admits one more caller is worse; a change that refuses one is different, because
 * clients may depend on it.
 */
export function comparePermits(before: PermitReport | undefined, after: PermitReport | undefined): readonly Told[] {
  const told = (level: Level, says: Said): Told => ({ kind: "permits", level, says });
  if (before === undefined || after === undefined) {
    if (after !== undefined) return [told("different", ["callers now need a permit: ", ...whom(after)])];
    return before === undefined || before.public === true
      ? []
      : [told("worse", ["the permit is removed; before, it allowed ", ...whom(before)])];
  }
  if (before.public !== after.public)
    return after.public === true
      ? [told("worse", ["all callers are now allowed; before, the permit allowed ", ...whom(before)])]
      : [told("different", ["callers must now be identified: ", ...whom(after)])];
  return [
    ...sources(before, after, told),
    ...scopes(before, after, told),
    ...roles(before, after, told),
    ...conditions(before, after, told),
    ...refusals(before, after),
  ];
}

type Tell = (level: Level, says: Said) => Told;

function sources({ sources: from }: PermitReport, { sources: to }: PermitReport, told: Tell): readonly Told[] {
  if (to === undefined)
    return from === undefined
      ? []
      : [told("worse", say`callers of any source are allowed; before, only of ${list(from)}`)];
  const more = from === undefined ? [] : to.filter((one) => !from.includes(one));
  const fewer = from === undefined ? [] : from.filter((one) => !to.includes(one));
  return [
    ...(more.length === 0 ? [] : [told("worse", say`callers of ${list(more)} are now also allowed`)]),
    ...(from === undefined
      ? [told("different", say`only callers of ${list(to)} are allowed; before, callers of any source were`)]
      : []),
    ...(fewer.length === 0 ? [] : [told("different", say`callers of ${list(fewer)} may no longer call`)]),
  ];
}

function scopes({ scopes: from = [] }: PermitReport, { scopes: to = [] }: PermitReport, told: Tell): readonly Told[] {
  const lost = from.filter((one) => !to.includes(one));
  const gained = to.filter((one) => !from.includes(one));
  return [
    ...(lost.length === 0 ? [] : [told("worse", say`scope ${list(lost)} is no longer needed`)]),
    ...(gained.length === 0 ? [] : [told("different", say`scope ${list(gained)} is now needed`)]),
  ];
}

/** Compares lists of roles. A caller needs any one role of each list, so a list implies every list that contains it. */
function roles({ roles: from = [] }: PermitReport, { roles: to = [] }: PermitReport, told: Tell): readonly Told[] {
  const asked = (list: readonly string[], by: PermitReport["roles"] = []): boolean =>
    by.some((other) => other.every((role) => list.includes(role)));
  const lost = from.filter((list) => !asked(list, to));
  const gained = to.filter((list) => !asked(list, from));
  const all = (lists: PermitReport["roles"] = []): Said =>
    lists.length === 0 ? ["no role"] : lists.flatMap((list, i) => [...(i === 0 ? [] : [" and "]), ...any(list)]);
  if (lost.length > 0)
    return [{ ...told("worse", ["fewer or other roles are needed"]), before: all(from), after: all(to) }];
  return gained.map((list) => told("different", ["role ", ...any(list), " is now needed"]));
}
const any = (roles: readonly string[]): Said => roles.flatMap((code, i) => [...(i === 0 ? [] : [" or "]), { code }]);

function conditions({ if: from = [] }: PermitReport, { if: to = [] }: PermitReport, told: Tell): readonly Told[] {
  const lost = from.filter((one) => !to.includes(one));
  const gained = to.filter((one) => !from.includes(one));
  if (lost.length === 0) return gained.map((one) => told("different", say`callers must now satisfy ${one}`));
  if (gained.length === 0) return lost.map((one) => told("worse", say`callers need no longer satisfy ${one}`));
  return [
    {
      ...told("worse", ["the conditions for callers have changed, and may admit others"]),
      before: list(lost),
      after: list(gained),
    },
  ];
}

/** Compares the refusals of the conditions that both sides have. */
function refusals(before: PermitReport, after: PermitReport): readonly Told[] {
  return (after.if ?? []).flatMap((condition, i): readonly Told[] => {
    const known = before.if?.indexOf(condition) ?? -1;
    const [from, to] = [before.fails?.[known], after.fails?.[i]];
    if (known < 0 || JSON.stringify(from) === JSON.stringify(to)) return [];
    const shown = { before: refusal(from), after: refusal(to) };
    const gained = (to?.shows ?? []).filter((one) => !from?.shows?.includes(one));
    if (gained.length > 0)
      return [
        {
          kind: "exposure",
          level: "worse",
          ...shown,
          says: say`callers refused by ${condition} now see ${list(gained)} of an upstream's error`,
        },
      ];
    if (from?.code === "NOT_FOUND" && to?.code !== "NOT_FOUND")
      return [
        {
          kind: "exposure",
          level: "worse",
          ...shown,
          says: say`callers refused by ${condition} can now detect that it exists`,
        },
      ];
    return [
      {
        kind: "refusals",
        level: "different",
        ...shown,
        says: say`callers refused by ${condition} get another error`,
      },
    ];
  });
}
function refusal(fail: FailReport | undefined): Said {
  const { code, message } = fail ?? {};
  return [...one(code ?? "PERMISSION_DENIED"), ...(message === undefined ? [] : say`: ${message}`)];
}
const one = (code: string): Said => [{ code }];

function whom({ public: open, sources: any, scopes: all = [], roles: lists = [], if: asked = [] }: PermitReport): Said {
  if (open === true) return ["all callers"];
  return [
    ...(any === undefined ? ["callers of any source"] : ["callers of ", ...list(any)]),
    ...(all.length === 0 ? [] : [" with scope ", ...list(all)]),
    ...lists.flatMap(
      (list): Said => [" with role ", ...list.flatMap((code, i) => [...(i === 0 ? [] : [" or "]), { code }])],
    ),
    ...asked.flatMap((code): Said => [" that satisfy ", { code }]),
  ];
}

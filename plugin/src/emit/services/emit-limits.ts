// Limits: a constant for each counter, and the charges of an rpc.

import { type Expression, emitAs, emitValue, type Names } from "../../cel/index.ts";
import type { PlanLimits, PlanLimitUse, PlanRateLimit } from "../../plan/model/limits.ts";
import type { PlanFile, PlanMethod } from "../../plan/model/plan.ts";
import { type FileNames, typeOfRequest } from "../names/file-names.ts";
import { block, group, type Line, type Lines } from "../text/lines.ts";
import { amount } from "../values/amount.ts";
import { absentAs, applies, lambda, requestNames, STREAM_ITEM } from "../values/lambda.ts";

/** The name of the export of every file with limits. */
export const LIMITS = "LIMITS";

/** `const USER_LIMIT: RateLimit = { … };`, and all of them. */
export function emitRateLimits({ limits }: PlanFile, names: FileNames): Lines {
  if (limits.length === 0) return [];
  const type = names.runtimeType("RateLimit");
  return [
    ["// ---- limits ----"],
    [],
    ...limits.map((limit): Line => [`const ${limit.constant}: `, type, ` = ${rateLimit(limit)};`, place(limit, names)]),
    ["/** Limits that the server counts. */"],
    [`export const ${LIMITS}: readonly `, type, `[] = [${limits.map(({ constant }) => constant).join(", ")}];`],
    [],
  ];
}

function place({ at, rate, per, burst }: PlanRateLimit, names: FileNames): string {
  const varies = [rate, per, burst].some((number) => typeof number === "object" && number.env !== undefined);
  return ` // ${names.place(at).replace(/:\d+$/, "")}${varies ? "; the largest numbers of its variables" : ""}`;
}

function rateLimit({ name, package: of, rate, per, burst, local, closed, dryRun, lease }: PlanRateLimit): string {
  const parts = [
    `name: ${JSON.stringify(name)}`,
    `package: ${JSON.stringify(of)}`,
    `rate: ${group(rate.value)}`,
    `per: ${typeof per === "string" ? JSON.stringify(per) : group(per.value)}`,
    `burst: ${group(burst.value)}`,
    ...(local ? ["local: true"] : []),
    ...(closed ? ["closed: true"] : []),
    ...(dryRun ? ["dryRun: true"] : []),
    ...(lease === undefined ? [] : [`lease: ${group(lease)}`]),
  ];
  return `{ ${parts.join(", ")} }`;
}

/** `USER_LIMIT`, or `{ ...USER_LIMIT, rate: optionNumber(…) }` if variables have its numbers. */
function limitPrint({ constant, rate, per, burst }: PlanRateLimit, names: FileNames): Line {
  const numbers = { rate, per: typeof per === "string" ? undefined : per, burst };
  const read = Object.entries(numbers).flatMap(
    ([name, number]): Line => (number?.env === undefined ? [] : [`, ${name}: `, ...amount(number, names, "deps.env")]),
  );
  return read.length === 0 ? [constant] : [`{ ...${constant}`, ...read, " }"];
}

/** `limits: { counters: deps.limits, early: […], late: […] },` */
export function limitsProperty({ method, limits, tool }: PlanMethod, names: FileNames): Lines {
  if (limits === undefined) return [];
  const cx: Line = method.callers === undefined ? ["cx"] : ["cx: ", ...typeOfRequest(["App"], method.callers, names)];
  const list = (name: "early" | "late", parameter: Line): Lines => {
    const uses = limits[name];
    if (uses.length === 0) return [];
    const all = uses.flatMap((use) => emitUse(use, { early: name === "early", tool }, parameter, limits, names));
    return block([`${name}: [`], all, ["],"]);
  };
  return block(
    ["limits: {"],
    [["counters: deps.limits,"], ...list("early", ["cx"]), ...list("late", cx), ...usageLines(limits, cx, names)],
    ["},"],
  );
}

/** `usage: { events: deps.usage, subject: "usage.shop", fields: [["tenant", (cx) => cx.principal.tenant]] },` */
function usageLines({ usage, functions }: PlanLimits, cx: Line, names: FileNames): Lines {
  if (usage === undefined) return [];
  const within = requestNames(names, functions);
  const fields = usage.fields.map(({ name, by, proto }): Line => {
    const code = emitAs(emitValue(by, within), proto, within);
    if (code === undefined) throw new Error(`no value for the field ${name} of usage events`);
    const value = lambda(cx, ["args"], absentAs("undefined", by, within, code.print));
    return [`[${JSON.stringify(name)}, `, ...value, "],", ` // ${names.place(by.text.at)}`];
  });
  const { subject } = usage.ir;
  return block(
    ["usage: {"],
    [
      ["events: deps.usage,"],
      ...(subject === undefined ? [] : [[`subject: ${JSON.stringify(subject.value)},`]]),
      ...(fields.length === 0 ? [["fields: [],"]] : block(["fields: ["], fields, ["],"])),
    ],
    ["},"],
  );
}

function emitUse(
  { use, limit }: PlanLimitUse,
  { early, tool }: { readonly early: boolean; readonly tool: PlanMethod["tool"] },
  cx: Line,
  limits: PlanLimits,
  names: FileNames,
): Lines {
  const within = requestNames(names, limits.functions);
  const others = early ? [] : ["args"];
  // Requests for tools are counted before they name an rpc.
  const arrives = early && tool !== undefined && use.of === "file";
  const { key, if: condition, cost, settle, settledItem } = use;
  const ofItem: Names = {
    ...within,
    variable: (variable) => (variable === settledItem ? STREAM_ITEM : within.variable(variable)),
  };
  const item = settledItem?.type;
  const typed = item?.kind === "message" ? { name: STREAM_ITEM, type: [names.shape(item.desc)] } : undefined;
  // A test of the caller always holds in rpcs that are not public.
  const applying = condition && applies(condition, within);
  const parts: Line[] = [
    ["limit: ", ...limitPrint(limit, names), ...(arrives ? [', of: "file"'] : [])],
    ...(applying === undefined || applying.join("") === "true" ? [] : [["if: ", ...lambda(cx, others, applying)]]),
    ["key: ", ...lambda(cx, others, keyPrint(key, within))],
    ...(cost === undefined ? [] : [["cost: ", ...lambda(cx, others, costPrint(cost, within))]]),
    ...(settle === undefined
      ? []
      : [
          [
            typed === undefined ? "settle: " : "settleItem: ",
            ...lambda(cx, [...others, typed ?? "result"], costPrint(settle, ofItem)),
          ],
        ]),
  ];
  const at = ` // ${names.place(use.ir.at)}`;
  if (parts.length === 2)
    return [["{ ", ...parts.flatMap((part, i): Line => (i === 0 ? part : [", ", ...part])), " },", at]];
  return block(
    ["{", at],
    parts.map((part) => [...part, ","]),
    ["},"],
  );
}

/** Requests without a principal are not counted. */
function keyPrint(key: Expression, names: Names): Line {
  const { print } = emitValue(key, names);
  return absentAs("undefined", key, names, key.type.kind === "string" ? print : ["String(", ...print, ")"]);
}
/** The cost is evaluated only after the key and the condition, which have already handled absent values. */
const costPrint = (cost: Expression, names: Names): Line => absentAs("0", cost, names, emitValue(cost, names).print);

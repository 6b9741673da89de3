// Limits: a constant for each counter, and what an rpc charges them.
import { type Expression, emitValue, type Names } from "../cel/index.ts";
import { lowerCamel, NameScope } from "../plan/names.ts";
import type { PlanFile, PlanMethod } from "../plan/plan.ts";
import type { PlanLimits, PlanLimitUse, PlanRateLimit } from "../plan/plan-limits.ts";
import { appNames } from "./app-names.ts";
import { group } from "./emit-policies.ts";
import type { FileNames } from "./file-names.ts";
import { block, type Line, type Lines, mentions } from "./lines.ts";
import { typeOfRequest } from "./request-type.ts";

/** What every file exports that has limits. */
export const LIMITS = "LIMITS";

/** `const USER_LIMIT: RateLimit = { … };`, and all of them. */
export function emitRateLimits({ limits }: PlanFile, names: FileNames): Lines {
  if (limits.length === 0) return [];
  const type = names.runtimeType("RateLimit");
  return [
    ["// ---- limits ----"],
    [],
    ...limits.map((limit): Line => [`const ${limit.constant}: `, type, ` = ${rateLimit(limit)};`, place(limit, names)]),
    ["/** What a server counts. */"],
    [`export const ${LIMITS}: readonly `, type, `[] = [${limits.map(({ constant }) => constant).join(", ")}];`],
    [],
  ];
}

const place = ({ at }: PlanRateLimit, names: FileNames): string => ` // ${names.place(at).replace(/:\d+$/, "")}`;

function rateLimit({ name, package: of, rate, per, burst, local, closed }: PlanRateLimit): string {
  const parts = [
    `name: ${JSON.stringify(name)}`,
    `package: ${JSON.stringify(of)}`,
    `rate: ${group(rate)}`,
    `per: ${typeof per === "string" ? JSON.stringify(per) : group(per)}`,
    `burst: ${group(burst)}`,
    ...(local ? ["local: true"] : []),
    ...(closed ? ["closed: true"] : []),
  ];
  return `{ ${parts.join(", ")} }`;
}

/** `limits: { counters: deps.limits, early: […], late: […] },` */
export function limitsProperty({ method, limits }: PlanMethod, names: FileNames): Lines {
  if (limits === undefined) return [];
  const cx: Line = method.callers === undefined ? ["cx"] : ["cx: ", ...typeOfRequest(["App"], method.callers, names)];
  const list = (name: "early" | "late", parameter: Line): Lines => {
    const uses = limits[name];
    if (uses.length === 0) return [];
    const all = uses.flatMap((use) => emitUse(use, name === "early", parameter, limits, names));
    return block([`${name}: [`], all, ["],"]);
  };
  return block(["limits: {"], [["counters: deps.limits,"], ...list("early", ["cx"]), ...list("late", cx)], ["},"]);
}

function emitUse({ use, limit }: PlanLimitUse, early: boolean, cx: Line, limits: PlanLimits, names: FileNames): Lines {
  const within = requestNames(names, limits.functions);
  const others = early ? [] : ["args"];
  const { key, if: condition, cost, settle } = use;
  const parts: Line[] = [
    [`limit: ${limit.constant}`],
    ...(condition === undefined ? [] : [["if: ", ...lambda(cx, others, applies(condition, within))]]),
    ["key: ", ...lambda(cx, others, keyPrint(key, within))],
    ...(cost === undefined ? [] : [["cost: ", ...lambda(cx, others, costPrint(cost, within))]]),
    ...(settle === undefined ? [] : [["settle: ", ...lambda(cx, [...others, "result"], costPrint(settle, within))]]),
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

/** A parameter with its type, where TypeScript is to take that from here. */
export interface Typed {
  readonly name: string;
  readonly type: Line;
}

/** `(cx, args) => …`: of the parameters at the end only those that are read, and others with `_` before. */
export function lambda(cx: Line, others: readonly (string | Typed)[], body: Line): Line {
  const reads = (name: string): boolean => mentions([body], name);
  const nameOf = (one: string | Typed): string => (typeof one === "string" ? one : one.name);
  const last = others.findLastIndex((one) => reads(nameOf(one)));
  const [first, ...type] = cx;
  const known = reads("cx") ? [first] : last < 0 && type.length === 0 ? [] : [`_${String(first)}`];
  const parameters: Line[] = [
    ...(known.length === 0 ? [] : [[...known.map((part) => part ?? ""), ...type]]),
    ...others.slice(0, last + 1).map((one): Line => {
      const name = nameOf(one);
      return [reads(name) ? name : `_${name}`, ...(typeof one === "string" ? [] : [": ", ...one.type])];
    }),
  ];
  return ["(", ...parameters.flatMap((one, i): Line => (i === 0 ? one : [", ", ...one])), ") => ", ...body];
}

/** Without a principal nobody is counted. */
function keyPrint(key: Expression, names: Names): Line {
  const { print } = emitValue(key, names);
  return absentAs("undefined", key, names, key.type.kind === "string" ? print : ["String(", ...print, ")"]);
}
/** It is asked only where key and condition have been, so that what is absent here has been seen there. */
const costPrint = (cost: Expression, names: Names): Line => absentAs("0", cost, names, emitValue(cost, names).print);

export function absentAs(value: string, { unsafe, given }: Expression, names: Names, print: Line): Line {
  // What the condition has made sure of TypeScript does not see here.
  const missing = [...unsafe, ...given].flatMap(
    (variable, i): Line => [...(i === 0 ? [] : [" || "]), names.variable(variable), " === undefined"],
  );
  return missing.length === 0 ? print : [...missing, ` ? ${value} : `, ...print];
}
export function applies(condition: Expression, names: Names): Line {
  const { print, precedence } = emitValue(condition, names);
  const there = condition.unsafe.flatMap((variable): Line => [names.variable(variable), " !== undefined && "]);
  if (there.length === 0) return print;
  return precedence === "atom" ? [...there, ...print] : [...there, "(", ...print, ")"];
}

/** Names where a request stands under `cx`, as itself or as it arrives. */
export function requestNames(names: FileNames, functions: NameScope): Names {
  const within = appNames(names);
  const taken = new NameScope(functions, ["result", "deps", "app"]);
  return {
    ...within,
    variable: (variable) => {
      const name = within.variable(variable);
      return variable.role === "var" || variable.role === "env" ? ["cx.app.", name] : name;
    },
    own: (fn) => `cx.app.functions.${names.own(fn)}`,
    local: (name) => {
      let free = lowerCamel(name);
      while (taken.has(free)) free += "_";
      return free;
    },
  };
}

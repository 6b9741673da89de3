import type { RateLimit } from "@protobff/messages/options.js";
import { caution, fault, type Report, type Sourced, type Text } from "../../diagnostic/diagnostic.ts";
import type { CalendarUnit, IrRateLimit } from "../../ir/edge.ts";
import type { Amount } from "../../ir/step.ts";
import { lowest } from "../../text/amount.ts";
import type { Place } from "../source/place.ts";
import { children, countVariable, type Declared, durationOrEnv, expression, sourced, text } from "../values/values.ts";

/** Reads the rate limits of a package, of a service or of an rpc. A limit with a missing part is left out. */
export function readLimits(
  { rateLimit: values }: { readonly rateLimit: readonly RateLimit[] },
  place: Place,
  report: Report,
): readonly IrRateLimit[] {
  return children(values, place, "rate_limit").flatMap((declared) => readLimit(declared, report) ?? []);
}

function readLimit(declared: Declared<RateLimit>, report: Report): IrRateLimit | undefined {
  const { value, place } = declared;
  const name = nameOf(declared, report);
  const key = expression(value.key, place, "key", report);
  const rate = countVariable(value.rateEnv, place, "rate_env", value.rate, report) ?? whole(declared, "rate", report);
  const per = perOf(declared, report);
  const burst =
    countVariable(value.burstEnv, place, "burst_env", value.burst, report) ?? whole(declared, "burst", report);
  const lease = whole(declared, "lease", report);
  const cost = expression(value.cost, place, "cost", report);
  const settle = expression(value.settle, place, "settle", report);
  const condition = expression(value.if, place, "if", report);
  checkComplete(declared, report);
  checkTogether(declared, settle, report);
  if (name === undefined || key === undefined || rate === undefined || per === undefined) return undefined;
  if ((value.burst ?? value.burstEnv) !== undefined && burst === undefined) return undefined;
  if (typeof per.value === "string" && burst !== undefined) {
    const hint = `leave out \`burst\`, or write a rolling duration such as "${per.value === "day" ? "1d" : "30d"}" in \`per\``;
    const message = `a limit per ${per.value} has no \`burst\`: its whole \`rate\` may be used at once`;
    return fault(report, "BFF176", burst.at, { message, hint });
  }
  if (lease !== undefined && !isLeasable(declared, lease, burst ?? rate, report)) return undefined;
  if (!isCounted({ rate, per, burst }, report)) return undefined;
  return {
    kind: "rate_limit",
    at: place.at,
    name,
    key,
    rate,
    per,
    burst,
    cost,
    settle,
    if: condition,
    local: value.local === true,
    closed: value.closed === true,
    dryRun: value.dryRun === true,
    lease,
    sources: {
      local: sourced(value.local, place, "local"),
      closed: sourced(value.closed, place, "closed"),
      dryRun: sourced(value.dryRun, place, "dry_run"),
    },
  };
}

function checkComplete({ value, place }: Declared<RateLimit>, report: Report): void {
  const missing = REQUIRED.filter(
    ([field]) => value[field] === undefined && !(field === "rate" && value.rateEnv !== undefined),
  );
  if (missing.length === 0) return;
  const [[, instead] = ["", ""]] = missing;
  const names = missing
    .map(([field]) => `"${field}"`)
    .join(", ")
    .replace(/, ([^,]*)$/, " and $1");
  fault(report, "BFF174", place.at, {
    message: `this limit has no ${names}`,
    hint:
      missing.length === 1
        ? `add ${instead}`
        : 'write all four, as in `{ name: "user" key: "principal.subject" rate: 600 per: "1m" }`',
  });
}

/** Options that need, or exclude, each other. */
function checkTogether({ value, place }: Declared<RateLimit>, settle: Text | undefined, report: Report): void {
  if (settle !== undefined && value.cost === undefined) {
    fault(report, "BFF177", settle.at, {
      message: "`settle` corrects a `cost`, and this limit has no `cost`",
      hint: "add `cost`, the charge before the response: `settle` then sets how much of the charge is kept",
    });
  }
  if (value.dryRun === true && value.closed === true) {
    fault(report, "BFF177", place.field("closed").at, {
      message: "`closed` refuses callers, and this limit is in a dry run",
      hint: "leave out `closed` until you leave out `dry_run`",
    });
  }
  if (value.local === true && value.closed === true) {
    caution(report, "BFF177", place.field("closed").at, {
      message: "`closed` is for unreachable counters, and the counters of a `local` limit are in the process",
      hint: "leave out `closed` or `local`",
    });
  }
}

/** Options of which a limit with leases has none, and why. */
const UNLEASED = [
  ["settle", "the actual cost of a request may be above the leased units"],
  ["local", "a process that counts alone charges nothing in advance"],
  ["dry_run", "a dry run refuses nobody"],
] as const;

function isLeasable(
  { value, place }: Declared<RateLimit>,
  lease: Sourced<number>,
  burst: Amount,
  report: Report,
): boolean {
  const { settle, local, dryRun: dry_run, per } = value;
  const other = UNLEASED.find(([name]) => ({ settle, local, dry_run })[name]);
  if (other !== undefined) {
    const [name, why] = other;
    const hint = `leave out \`lease\` or \`${name}\``;
    fault(report, "BFF177", place.field("lease").at, { message: `a limit has \`lease\` or \`${name}\`: ${why}`, hint });
    return false;
  }
  if (per === "day" || per === "month") {
    const message = `a limit per ${per} has no \`lease\`: units of a lease return within seconds, which may be in the next ${per}`;
    fault(report, "BFF177", lease.at, {
      message,
      hint: 'leave out `lease`, or write a duration such as "1d" in `per`',
    });
    return false;
  }
  return isWithinBurst(lease, burst, report);
}

/** Returns true if a lease is at most a tenth of the smallest burst, or if the burst is not resolved yet. */
export function isWithinBurst(lease: Sourced<number>, burst: Amount, report: Report): boolean {
  const most = Math.floor(lowest(burst) / 10);
  if (lease.value <= most || Number.isNaN(most)) return true;
  const hint = most === 0 ? "leave out `lease`" : `write at most ${most}`;
  const message = `"lease" is ${lease.value}, above a tenth of the burst of ${lowest(burst)}: processes would hold units that others need`;
  fault(report, "BFF177", lease.at, { message, hint });
  return false;
}

const REQUIRED = [
  ["name", 'a `name` for clients, logs and metrics, as in `name: "user"`'],
  ["key", 'a `key`, whose values have separate counters, as in `key: "principal.subject"`'],
  ["rate", "a `rate`, the number allowed in `per`, as in `rate: 600`"],
  ["per", 'a `per`: a duration such as `"1m"`, or `"day"` or `"month"`'],
] as const;

/**
 * Form of a name, which appears in headers, between quotes (RFC 9651, "Strings"), in names of metrics, and in keys of
 * Redis.
 */
const NAME = /^[a-z][a-z0-9_-]{0,62}$/;

function nameOf({ value, place }: Declared<RateLimit>, report: Report): Text | undefined {
  const name = text(value.name, place, "name");
  if (name === undefined || NAME.test(name.value)) return name;
  const like = name.value
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, "_")
    .replace(/^[^a-z]+|_+$/g, "");
  return fault(report, "BFF174", name.at, {
    message: `${JSON.stringify(name.value)} is not a valid name of a limit`,
    hint: NAME.test(like)
      ? `write "${like}"`
      : "write at most 63 lower-case letters, digits, underscores and dashes, with a letter first",
  });
}

function whole(
  { value, place }: Declared<RateLimit>,
  field: "rate" | "burst" | "lease",
  report: Report,
): Sourced<number> | undefined {
  const setting = value[field];
  if (setting === undefined) return undefined;
  const { at } = place.field(field);
  if (setting === 0n) return fault(report, "BFF105", at, { message: `"${field}" is 0`, hint: ZERO[field] });
  if (setting <= BigInt(MOST)) return { value: Number(setting), at };
  return fault(report, "BFF175", at, {
    message: `"${field}" is ${setting}, but a limit counts to at most ${MOST}`,
    hint: `write at most ${MOST}`,
  });
}
const MOST = 1_000_000_000_000;
const ZERO = {
  rate: "write the number allowed in `per`",
  burst: "leave it out: the default is `rate`",
  lease: "leave it out: each request is then charged by itself",
};

/** Longest period of a rolling limit, in days: a year is long enough for any known use. */
const MAX_DAYS = 366;
const UNITS: Readonly<Record<string, string>> = {
  second: '"1s"',
  minute: '"1m"',
  hour: '"1h"',
  week: '"7d" for a rolling week',
  year: '"365d" for a rolling year',
};

function perOf({ value: { per }, place }: Declared<RateLimit>, report: Report): IrRateLimit["per"] | undefined {
  const { at } = place.field("per");
  if (per === "day" || per === "month") return { value: per satisfies CalendarUnit, at };
  const instead = per === undefined ? undefined : UNITS[per.trim().toLowerCase().replace(/s$/, "")];
  if (instead === undefined) return durationOrEnv(per, place, "per", report, MAX_DAYS);
  return fault(report, "BFF176", at, {
    message: `${JSON.stringify(per)} is not a period of a limit`,
    hint: `write ${instead}; "day" and "month" are those of the calendar`,
  });
}

/**
 * Returns true if every count is an integer that a double can represent. Charges are counted in parts of a
 * microsecond's share, as in the runtime's counters (runtime/src/limits/rate-limit.ts). Variables may have any number up
 * to their largest, and each may share no divisor with `per`.
 */
export function isCounted(
  { rate, per, burst: declared }: Pick<IrRateLimit, "rate" | "per" | "burst">,
  report: Report,
): boolean {
  const burst = declared ?? rate;
  if (typeof per.value === "string" || [rate, per, burst].some(({ value }) => Number.isNaN(value))) return true;
  const micros = Math.round(per.value * 1000);
  if (micros < 1) {
    fault(report, "BFF175", rate.at, { message: '"per" is less than a microsecond', hint: "write a longer `per`" });
    return false;
  }
  const varies = rate.env !== undefined || per.env !== undefined;
  const divisor = varies ? 1 : commonDivisor(rate.value, micros);
  if (burst.value * (micros / divisor) <= Number.MAX_SAFE_INTEGER / 4) return true;
  fault(report, "BFF175", burst.at, {
    message: `a burst of ${burst.value} with a rate of ${rate.value} in this \`per\` cannot be counted exactly`,
    hint: "write smaller numbers, or a `rate` that divides the milliseconds of `per`",
  });
  return false;
}

function commonDivisor(a: number, b: number): number {
  let [more, less] = [a, b];
  while (less > 0) [more, less] = [less, more % less];
  return more;
}

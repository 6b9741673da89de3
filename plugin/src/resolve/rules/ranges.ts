// `lt`, `lte`, `gt`, `gte`, alone and together, of numbers and of times.
import type { Bound, RuleCheck, Time } from "../../model/rules.ts";
import type { RuleSettings } from "./rule-settings.ts";
import { numberText, timeText } from "./rule-text.ts";

interface Side<T> extends Bound<T> {
  /** `gte` */
  readonly name: string;
}

function side<T>(
  names: readonly [open: string, closed: string],
  read: (name: string) => T | undefined,
): Side<T> | undefined {
  for (const name of names) {
    const value = read(name);
    if (value !== undefined) return { name, value, inclusive: name === names[1] };
  }
  return undefined;
}

interface RangeText {
  readonly id: string;
  readonly message: string;
  /** The rule that is named. */
  readonly name: string;
}
/** Returns the rule id and message of validate.proto for a range, by its bounds. */
function rangeText<T>(
  low: Side<T> | undefined,
  high: Side<T> | undefined,
  reversed: boolean,
  text: (value: T) => string,
): RangeText | undefined {
  const above = low && `greater than ${low.inclusive ? "or equal to " : ""}${text(low.value)}`;
  const below = high && `less than ${high.inclusive ? "or equal to " : ""}${text(high.value)}`;
  if (low !== undefined && high !== undefined) {
    const id = `${low.name}_${high.name}${reversed ? "_exclusive" : ""}`;
    return { id, message: `must be ${above} ${reversed ? "or" : "and"} ${below}`, name: low.name };
  }
  const only = low ?? high;
  return only && { id: only.name, message: `must be ${above ?? below}`, name: only.name };
}

/** Returns the range checks of numbers. */
export function rangeChecks(kind: string, settings: RuleSettings): readonly RuleCheck[] {
  const low = side(["gt", "gte"], (name) => settings.number(name));
  const high = side(["lt", "lte"], (name) => settings.number(name));
  const reversed = low !== undefined && high !== undefined && high.value < low.value;
  const text = (value: number | bigint): string => (typeof value === "number" ? numberText(value) : String(value));
  const range = rangeText(low, high, reversed, text);
  if (range === undefined) return [];
  const nan = kind === "float" || kind === "double";
  const rule = { id: `${kind}.${range.id}`, message: range.message, path: settings.steps(range.name) };
  return [{ rule, at: settings.place.field(range.name).at, test: { kind: "range", low, high, nan } }];
}

export function compareTimes(a: Time, b: Time): number {
  if (a.seconds === b.seconds) return a.nanos - b.nanos;
  return a.seconds < b.seconds ? -1 : 1;
}

/** All rules of `google.protobuf.Duration` and `Timestamp`. */
export function timeChecks(kind: "duration" | "timestamp", settings: RuleSettings): readonly RuleCheck[] {
  const text = (value: Time): string => timeText(kind, value);
  const found: RuleCheck[] = [];
  const add = (name: string, id: string, message: string, test: RuleCheck["test"]): void => {
    found.push({
      rule: { id: `${kind}.${id}`, message, path: settings.steps(name) },
      at: settings.place.field(name).at,
      test,
    });
  };
  const constant = settings.time("const");
  if (constant !== undefined)
    add("const", "const", `must equal ${text(constant)}`, { kind: "equalTime", value: constant });
  const low = side(["gt", "gte"], (name) => settings.time(name));
  const high = side(["lt", "lte"], (name) => settings.time(name));
  const reversed = low !== undefined && high !== undefined && compareTimes(high.value, low.value) < 0;
  const range = rangeText(low, high, reversed, text);
  if (range !== undefined) add(range.name, range.id, range.message, { kind: "timeRange", low, high });
  if (settings.flag("lt_now") === true) add("lt_now", "lt_now", "must be less than now", { kind: "now", is: "before" });
  if (settings.flag("gt_now") === true)
    add("gt_now", "gt_now", "must be greater than now", { kind: "now", is: "after" });
  const within = settings.time("within");
  if (within !== undefined)
    add("within", "within", `must be within ${timeText("duration", within)} of now`, { kind: "within", of: within });
  for (const name of ["in", "not_in"]) {
    const values = settings.times(name);
    if (values.length === 0) continue;
    const not = name === "not_in";
    const message = `must ${not ? "not " : ""}be in list [${values.map(text).join(", ")}]`;
    add(name, name, message, { kind: "inTimes", values, not });
  }
  return found;
}

// Functions of texts and lists in expressions whose arguments may be out of range.
import { EvaluationError, isListValue, UNKNOWN, type Value } from "./values.ts";

type Function = (args: readonly Value[]) => Value;

const isText = (value: Value | undefined): value is string => typeof value === "string";
/** Positions count code points. */
function part(all: readonly string[], from: Value | undefined, to: Value | undefined): string {
  const [low, high] = [from, to].map((one) => (typeof one === "bigint" ? Number(one) : Number.NaN));
  if (low === undefined || high === undefined || !(low >= 0 && low <= high && high <= all.length))
    throw new EvaluationError("out of range");
  return all.slice(low, high).join("");
}

const substring: Function = ([text, from, to]) => {
  if (!isText(text) || typeof from !== "bigint") return UNKNOWN;
  const all = [...text];
  return part(all, from, to ?? BigInt(all.length));
};
const charAt: Function = ([text, at]) => {
  if (!isText(text) || typeof at !== "bigint") return UNKNOWN;
  const all = [...text];
  return at === BigInt(all.length) ? "" : part(all, at, at + 1n);
};
const replace: Function = ([text, what, by, times]) => {
  if (!isText(text) || !isText(what) || !isText(by) || what === "" || times !== undefined) return UNKNOWN;
  return text.replaceAll(what, () => by);
};
const join: Function = ([all, between = ""]) => {
  if (all === undefined || !isListValue(all) || !isText(between)) return UNKNOWN;
  return all.every(isText) ? all.join(between) : UNKNOWN;
};
/** Of whole numbers and texts alone. */
const format: Function = ([text, given]) => {
  if (!isText(text) || given === undefined || !isListValue(given) || /%(?![ds%])/.test(text)) return UNKNOWN;
  const left = [...given];
  let open = false;
  const made = text.replace(/%([ds%])/g, (_, verb: string) => {
    if (verb === "%") return "%";
    const one = left.shift();
    const fits = verb === "d" ? typeof one === "bigint" : isText(one);
    if (!fits) open = true;
    return String(one);
  });
  return open || left.length > 0 ? UNKNOWN : made;
};
const slice: Function = ([all, from, to]) => {
  if (all === undefined || !isListValue(all) || typeof from !== "bigint" || typeof to !== "bigint") return UNKNOWN;
  if (from < 0n || from > to || to > BigInt(all.length)) throw new EvaluationError("out of range");
  return all.slice(Number(from), Number(to));
};
const total =
  (fit: (sum: bigint) => bigint): Function =>
  ([all]) => {
    if (all === undefined || !isListValue(all)) return UNKNOWN;
    let sum = 0n;
    for (const one of all) {
      if (typeof one !== "bigint") return UNKNOWN;
      sum += one;
    }
    const kept = fit(sum);
    if (kept !== sum) throw new EvaluationError("out of range");
    return sum;
  };

/** By the names of their overloads. */
export const TEXTS: readonly [string, Function][] = [
  ["substring", substring],
  ["char_at", charAt],
  ["replace", replace],
  ["join", join],
  ["format", format],
  ["list_slice", slice],
  ["sum_int64", total((sum) => BigInt.asIntN(64, sum))],
  ["sum_uint64", total((sum) => BigInt.asUintN(64, sum))],
];

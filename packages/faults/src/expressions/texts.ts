// Functions of texts and lists in expressions whose arguments may be out of range.
import { EvaluationError, isListValue, UNKNOWN, type Value } from "../values/values.ts";

type Function = (args: readonly Value[]) => Value;

/** The longest text that the runtime makes. */
const MAX_TEXT_CHARACTERS = 1024 * 1024;

const isText = (value: Value | undefined): value is string => typeof value === "string";
/** Positions count code points. */
function part(all: readonly string[], from: Value | undefined, to: Value | undefined): string {
  const [low, high] = [from, to].map((limit) => (typeof limit === "bigint" ? Number(limit) : Number.NaN));
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
function count(value: Value | undefined): number | undefined {
  if (value === undefined) return -1;
  return typeof value === "bigint" ? Number(value) : undefined;
}
/** The first `times` occurrences; all when that is negative. */
const replace: Function = ([text, part, by, times]) => {
  const most = count(times);
  if (!isText(text) || !isText(part) || !isText(by) || most === undefined) return UNKNOWN;
  const pieces = part === "" ? ["", ...text, ""] : text.split(part);
  const replaced = most < 0 ? pieces.length - 1 : Math.min(most, pieces.length - 1);
  const made = [pieces.slice(0, replaced + 1).join(by), ...pieces.slice(replaced + 1)].join(part);
  return made.length > MAX_TEXT_CHARACTERS ? UNKNOWN : made;
};
/** Divides a text into at most `limit` parts; all parts if `limit` is negative. */
const split: Function = ([text, separator, limit]) => {
  const most = count(limit);
  if (!isText(text) || !isText(separator) || most === undefined) return UNKNOWN;
  const parts = separator === "" ? [...text] : text.split(separator);
  if (most === 0) return [];
  return most < 0 || parts.length <= most
    ? parts
    : [...parts.slice(0, most - 1), parts.slice(most - 1).join(separator)];
};
/** Returns the position of a part: -1 if it is missing. Throws EvaluationError for a start outside of the text. */
const position =
  (find: (text: string, searched: string, start: number) => number, begin: (text: string) => number): Function =>
  ([text, searched, from]) => {
    if (!isText(text) || !isText(searched) || (from !== undefined && typeof from !== "bigint")) return UNKNOWN;
    const start = from === undefined ? begin(text) : part([...text], 0n, from).length;
    const found = find(text, searched, start);
    return found === -1 ? -1n : BigInt([...text.slice(0, found)].length);
  };
const repeat: Function = ([text, times]) => {
  if (!isText(text) || typeof times !== "bigint") return UNKNOWN;
  if (times < 0n || text.length * Number(times) > MAX_TEXT_CHARACTERS) throw new EvaluationError("out of range");
  return text === "" ? "" : text.repeat(Number(times));
};
const reverse: Function = ([text]) => (isText(text) ? [...text].reverse().join("") : UNKNOWN);
/** Removes Unicode white space at both ends. */
const trim: Function = ([text]) =>
  isText(text) ? text.replace(/^[\p{White_Space}]+|[\p{White_Space}]+$/gu, "") : UNKNOWN;

const ESCAPES: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  '"': '\\"',
};
const quote: Function = ([text]) =>
  isText(text) ? `"${Array.from(text.toWellFormed(), (letter) => ESCAPES[letter] ?? letter).join("")}"` : UNKNOWN;
const encodeUrl: Function = ([text]) => {
  const code = (letter: string): string => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`;
  return isText(text) ? encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, code) : UNKNOWN;
};
const decodeUrl: Function = ([text]) => {
  try {
    return isText(text) ? decodeURIComponent(text) : UNKNOWN;
  } catch {
    throw new EvaluationError("not percent-encoded");
  }
};
function doubleText(value: number): string {
  if (value === Infinity) return "+Inf";
  if (Object.is(value, -0)) return "-0";
  return value === -Infinity ? "-Inf" : String(value);
}
const ofDouble: Function = ([a]) => (typeof a === "number" ? doubleText(a) : UNKNOWN);
const join: Function = ([all, between = ""]) => {
  if (all === undefined || !isListValue(all) || !isText(between)) return UNKNOWN;
  return all.every(isText) ? all.join(between) : UNKNOWN;
};
/** Formats whole numbers and texts only. */
const format: Function = ([text, values]) => {
  if (!isText(text) || values === undefined || !isListValue(values) || /%(?![ds%])/.test(text)) return UNKNOWN;
  const left = [...values];
  let open = false;
  const made = text.replace(/%([ds%])/g, (_, verb: string) => {
    if (verb === "%") return "%";
    const next = left.shift();
    const fits = verb === "d" ? typeof next === "bigint" : isText(next);
    if (!fits) open = true;
    return String(next);
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
    for (const addend of all) {
      if (typeof addend !== "bigint") return UNKNOWN;
      sum += addend;
    }
    const kept = fit(sum);
    if (kept !== sum) throw new EvaluationError("out of range");
    return sum;
  };

/** Functions by the names of their overloads. */
export const TEXTS: readonly [string, Function][] = [
  ["substring", substring],
  ["char_at", charAt],
  [
    "index_of",
    position(
      (text, searched, start) => text.indexOf(searched, start),
      () => 0,
    ),
  ],
  [
    "last_index_of",
    position(
      (text, searched, start) => text.lastIndexOf(searched, start),
      (text) => text.length,
    ),
  ],
  ["replace", replace],
  ["split", split],
  ["repeat", repeat],
  ["reverse_string", reverse],
  ["trim", trim],
  ["quote", quote],
  ["url_encode", encodeUrl],
  ["url_decode", decodeUrl],
  ["double_to_string", ofDouble],
  ["join", join],
  ["format", format],
  ["list_slice", slice],
  ["sum_int64", total((sum) => BigInt.asIntN(64, sum))],
  ["sum_uint64", total((sum) => BigInt.asUintN(64, sum))],
];

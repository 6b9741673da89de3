// Patterns that JavaScript's own RegExp also matches in linear time. They are anchored at the start, and are a sequence
// of characters and classes. A repetition has no character in common with its possible followers. The next character
// thus decides, and backtracking over a repetition finds nothing. Most patterns that check a field are of this kind.
// RegExp is many times as fast as RE2 in JavaScript.

/** A set of characters: ASCII one by one, all others together. */
interface Chars {
  readonly ascii: readonly boolean[];
  readonly others: boolean;
}

interface Item {
  readonly chars: Chars;
  readonly least: number;
  readonly most: number;
}

const ASCII = 128;
/** RE2 refuses more. */
const MAX_REPEATS = 1000;

/** The pattern as a RegExp when it is of this kind; undefined otherwise. It means the same as in RE2. */
export function deterministic(pattern: string): RegExp | undefined {
  const body = /^\^([\x20-\x7e]*?)(\$?)$/.exec(pattern);
  if (body === null) return undefined;
  const [, text = "", end = ""] = body;
  // An escaped dollar is no end.
  if (end !== "" && /(^|[^\\])(\\\\)*\\$/.test(text)) return undefined;
  const items = itemsOf(text);
  if (items === undefined || !items.every((item, index) => decides(item, items.slice(index + 1)))) return undefined;
  return new RegExp(`^${items.map(printed).join("")}${end}`, "u");
}

/** True if the next character decides whether a repetition continues. */
function decides(item: Item, following: readonly Item[]): boolean {
  if (item.least === item.most) return true;
  for (const next of following) {
    if (overlap(item.chars, next.chars)) return false;
    if (next.least > 0) return true;
  }
  return true;
}

function overlap(a: Chars, b: Chars): boolean {
  return (a.others && b.others) || a.ascii.some((has, code) => has && b.ascii[code]);
}

function itemsOf(text: string): Item[] | undefined {
  const items: Item[] = [];
  let rest = text;
  while (rest !== "") {
    const [whole, atom = "", repeat = ""] =
      /^(\[\^?(?:\\.|[^\]\\[])+\]|\\.|[^\\[\](){}*+?|^$])(\*|\+|\?|\{\d{1,4}(?:,\d{0,4})?\})?/.exec(rest) ?? [];
    const chars = charsOf(atom);
    const times = timesOf(repeat);
    if (whole === undefined || chars === undefined || times === undefined) return undefined;
    items.push({ chars, ...times });
    rest = rest.slice(whole.length);
    // Lazy and doubled repetitions are left to RE2.
    if (repeat !== "" && /^[*+?{]/.test(rest)) return undefined;
  }
  return items;
}

function timesOf(repeat: string): { readonly least: number; readonly most: number } | undefined {
  switch (repeat) {
    case "":
      return { least: 1, most: 1 };
    case "*":
      return { least: 0, most: Infinity };
    case "+":
      return { least: 1, most: Infinity };
    case "?":
      return { least: 0, most: 1 };
  }
  const [, low = "", comma, high = ""] = /^\{(\d+)(,)?(\d*)\}$/.exec(repeat) ?? [];
  const least = Number(low);
  const bound = high === "" ? Infinity : Number(high);
  const most = comma === undefined ? least : bound;
  const sound = least <= most && least <= MAX_REPEATS && (most <= MAX_REPEATS || most === Infinity);
  return sound ? { least, most } : undefined;
}

/** Returns the characters that an atom matches; undefined for atoms that are left to RE2. */
function charsOf(atom: string): Chars | undefined {
  if (atom === ".") return charsWhere((code) => code !== 0x0a, true);
  if (!atom.startsWith("[")) return single(atom);
  const negated = atom.startsWith("[^");
  const parts = atom.slice(negated ? 2 : 1, -1).match(/\\.|./g) ?? [];
  const ascii = new Array<boolean>(ASCII).fill(false);
  for (let index = 0; index < parts.length; index++) {
    const low = parts[index] ?? "";
    const chars = single(low);
    if (chars === undefined) return undefined;
    const high = parts[index + 1] === "-" ? parts[index + 2] : undefined;
    if (high === undefined) {
      for (const [code, has] of chars.ascii.entries()) if (has) ascii[code] = true;
      continue;
    }
    const [from, to] = [codeOf(low), codeOf(high)];
    if (from === undefined || to === undefined || from > to) return undefined;
    ascii.fill(true, from, to + 1);
    index += 2;
  }
  return negated ? { ascii: ascii.map((has) => !has), others: true } : { ascii, others: false };
}

function single(part: string): Chars | undefined {
  if (part === "\\d") return charsWhere((code) => code >= 0x30 && code <= 0x39, false);
  if (part === "\\w") return charsWhere((code) => /\w/.test(String.fromCharCode(code)), false);
  const expected = codeOf(part);
  return expected === undefined ? undefined : charsWhere((code) => code === expected, false);
}

/** Returns the code of a part that is one character: the character itself, or escaped punctuation. */
function codeOf(part: string): number | undefined {
  if (part.length === 1) return part.charCodeAt(0);
  return /^\\[!-/:-@[-`{-~]$/.test(part) ? part.charCodeAt(1) : undefined;
}

function charsWhere(has: (code: number) => boolean, others: boolean): Chars {
  return { ascii: Array.from({ length: ASCII }, (_, code) => has(code)), others };
}

function printed({ chars, least, most }: Item): string {
  // A class that includes all other characters is printed as a negated one.
  const listed = chars.ascii.flatMap((has, code) => (has === chars.others ? [] : [code]));
  const codes = listed.map((code) => `\\x${code.toString(16).padStart(2, "0")}`).join("");
  const repeat = most === Infinity ? `{${least},}` : `{${least},${most}}`;
  return `[${chars.others ? "^" : ""}${codes}]${repeat}`;
}

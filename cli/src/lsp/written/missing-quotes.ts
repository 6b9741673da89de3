// Finds the place of quotes that are missing, by trying places of the line.
import { isClosed, type Token, tokensOf } from "../syntax/tokens.ts";
import type { WrittenFault } from "./written-values.ts";

/** Returns the number of faults of a text, and less for a text with more names. */
export type CountFaults = (text: string) => number;

/** Maximum number of places that are tried, and of the characters of their file: each is read once for each place. */
const MAX_PLACES = 300;
const MAX_CHARACTERS = 100_000;
/** More than the characters of a text count against the names of a file. */
const LONGEST = 1e10;

/** Returns true for a text without its end, and for a character that only texts have. */
export const isOpen = (token: Token): boolean => (token.kind === "string" ? !isClosed(token) : token.text === "\\");

/** Returns the fault of the first text without an end, with the place that leaves the fewest faults. */
export function missingQuote(text: string, countFaults: CountFaults): WrittenFault | undefined {
  const open = tokensOf(text).find(isOpen);
  if (open === undefined || text.length > MAX_CHARACTERS) return undefined;
  const quote = open.kind === "string" ? open.text.charAt(0) : '"';
  const start = text.lastIndexOf("\n", open.from) + 1;
  const places = placesIn(text, start, open.to);
  const withQuote = (at: number): Token | undefined =>
    tokensOf(inserted(text, at, quote)).find(({ from, to }) => from <= at && at < to);
  // Among equals, the shortest text is most probably meant.
  const at = best(countFaults(text), places, (place) => {
    const { from = 0, to = 0 } = withQuote(place) ?? {};
    return countFaults(inserted(text, place, quote)) + (to - from) / LONGEST;
  });
  if (at === undefined) return { ...open, ...faultOf(quote) };
  const whole = withQuote(at) ?? open;
  const edit = { from: at, to: at, text: quote };
  return { from: whole.from, to: Math.max(whole.from + 1, whole.to - 1), ...faultOf(quote), edit };
}

const faultOf = (quote: string) => ({
  message: "a quote is missing on this line",
  hint: `write ${quote} around the text`,
});

/** Returns the end of a value that has no quotes: the place for the second one that leaves the fewest faults. */
export function endOfBare(text: string, value: Pick<Token, "from" | "to">, countFaults: CountFaults): number {
  if (text.length > MAX_CHARACTERS) return value.to;
  const line = text.indexOf("\n", value.from);
  const places = placesIn(text, value.to, line === -1 ? text.length : line);
  const withBoth = (at: number): number => countFaults(inserted(inserted(text, at, '"'), value.from, '"'));
  return best(countFaults(text), places, withBoth) ?? value.to;
}

/** Places beside white space and punctuation. */
function placesIn(text: string, start: number, end: number): readonly number[] {
  const places: number[] = [];
  for (let at = start; at <= end && places.length < MAX_PLACES; at++)
    if (!/\w/.test(text.charAt(at)) || !/\w/.test(text.charAt(at - 1))) places.push(at);
  return places;
}

/** Returns the first of the places with the fewest faults; undefined: no place has fewer than there are. */
function best(faults: number, places: readonly number[], countFaults: (place: number) => number): number | undefined {
  let [least, found]: [number, number | undefined] = [faults, undefined];
  for (const place of places) {
    const left = countFaults(place);
    if (left < least) [least, found] = [left, place];
  }
  return found;
}

const inserted = (text: string, at: number, by: string): string => text.slice(0, at) + by + text.slice(at);

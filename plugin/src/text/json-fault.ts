/**
 * Returns the index of the first character after which a text can no longer become JSON; the text's length if its end is
 * missing. Node's messages contain an index for some faults only.
 *
 * @param text that `JSON.parse` refuses
 *
 * @example
 * jsonFaultAt('{"a": nope}'); // 7
 */
export function jsonFaultAt(text: string): number {
  let [fits, fails] = [0, text.length];
  if (canContinue(text)) return text.length;
  while (fails - fits > 1) {
    const middle = (fits + fails) >>> 1;
    if (canContinue(text.slice(0, middle))) fits = middle;
    else fails = middle;
  }
  return fits;
}

/** Returns true if a text begins some JSON. */
function canContinue(start: string): boolean {
  try {
    JSON.parse(start);
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : "";
    const position = /at position (\d+)/.exec(message);
    return /^Unterminated string|^Unexpected end/.test(message) || Number(position?.[1] ?? -1) >= start.length;
  }
}

// What grows is bounded, so that no request makes a BFF's memory its own.
import { ExpressionError } from "./error.ts";

/** The longest text that an expression may make longer: 1 MiB of UTF-16 code units. */
export const MOST_TEXT = 1024 * 1024;

/** More elements than any answer holds. */
export const MOST_ELEMENTS = 10_000_000;

/** Throws ExpressionError for a text of `length` that is too long. */
export function checkText(length: number): void {
  if (length > MOST_TEXT) throw new ExpressionError(`a text of more than ${MOST_TEXT} characters`);
}

/** Throws ExpressionError for a value that is, or holds, too long a text or too many elements. */
export function checkSize(value: unknown): void {
  let elements = 0;
  const visit = (part: unknown): void => {
    if (typeof part === "string") checkText(part.length);
    if (typeof part !== "object" || part === null) return;
    if (part instanceof Uint8Array) {
      checkText(part.length);
      return;
    }
    const held = Array.isArray(part) ? part : part instanceof Map ? part.values() : Object.values(part);
    const count = Array.isArray(part) ? part.length : part instanceof Map ? part.size : 1;
    elements += count;
    if (elements > MOST_ELEMENTS) throw new ExpressionError(`more than ${MOST_ELEMENTS} elements`);
    // Numbers and the like take no look at each of them.
    for (const item of held) if (typeof item === "object" || typeof item === "string") visit(item);
  };
  visit(value);
}

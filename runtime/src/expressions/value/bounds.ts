// Bounds of growing values, so that no request exhausts a BFF's memory.
import { ExpressionError } from "./error.ts";
import { spend } from "./meter.ts";

/** The longest text that an expression may make longer: 1 MiB of UTF-16 code units. */
export const MAX_TEXT_CHARACTERS = 1024 * 1024;

/** More elements than any answer holds. */
export const MAX_ELEMENTS = 10_000_000;

/** Throws ExpressionError for a text of `length` that is too long. */
export function checkText(length: number): void {
  if (length > MAX_TEXT_CHARACTERS) throw new ExpressionError(`a text of more than ${MAX_TEXT_CHARACTERS} characters`);
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
    elements += sizeOf(part);
    spend(sizeOf(part));
    if (elements > MAX_ELEMENTS) throw new ExpressionError(`more than ${MAX_ELEMENTS} elements`);
    // Numbers and the like take no look at each of them.
    for (const item of itemsOf(part)) if (typeof item === "object" || typeof item === "string") visit(item);
  };
  visit(value);
}

function itemsOf(container: object): Iterable<unknown> {
  if (Array.isArray(container)) return container;
  return container instanceof Map ? container.values() : Object.values(container);
}

/** Returns the number of elements; a message has one. */
function sizeOf(container: object): number {
  if (Array.isArray(container)) return container.length;
  return container instanceof Map ? container.size : 1;
}

import { DOT, HYPHEN, isLetterOrDigit, isMailboxCharacter } from "./characters.ts";

/**
 * Reports whether a text is an email address by the HTML standard (https://html.spec.whatwg.org/#valid-e-mail-address),
 * as buf.validate's `isEmail`. The standard is looser than RFC 5322 for common mistypings, and lacks its quoted forms.
 * Linear in the length of the text.
 *
 * @example
 * isEmail("ada@example.com"); // true
 */
export function isEmail(text: string): boolean {
  const sign = text.indexOf("@");
  if (sign < 1) return false;
  for (let at = 0; at < sign; at++) if (!isMailboxCharacter(text.charCodeAt(at))) return false;
  let start = sign + 1;
  for (let at = start; ; at++) {
    const code = at === text.length ? DOT : text.charCodeAt(at);
    if (code === DOT) {
      const length = at - start;
      if (length === 0 || length > 63) return false;
      if (text.charCodeAt(start) === HYPHEN || text.charCodeAt(at - 1) === HYPHEN) return false;
      if (at === text.length) return true;
      start = at + 1;
    } else if (code !== HYPHEN && !isLetterOrDigit(code)) return false;
  }
}

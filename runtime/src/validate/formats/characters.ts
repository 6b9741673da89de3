// Classes of ASCII characters, by their codes. Characters outside ASCII are in none of them.

const DIGIT = 1;
const HEX = 2;
const LETTER = 4;
/** Characters that the HTML standard allows before the `@` of an email address. */
const MAILBOX = 8;
/** RFC 3986: unreserved and sub-delims. */
export const PLAIN = 16;
/** The others that a part of a URI may have: single characters. */
export const WITH_COLON = 32;
export const WITH_AT = 64;
export const WITH_SLASH = 128;
export const WITH_QUESTION = 256;

const classes = new Uint16Array(128);
function put(flag: number, characters: string): void {
  for (const character of characters) classes[character.charCodeAt(0)] = (classes[character.charCodeAt(0)] ?? 0) | flag;
}
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const DIGITS = "0123456789";
put(DIGIT, DIGITS);
put(HEX, `${DIGITS}ABCDEFabcdef`);
put(LETTER, LETTERS);
put(MAILBOX, `${LETTERS}${DIGITS}.!#$%&'*+/=?^_\`{|}~-`);
put(PLAIN, `${LETTERS}${DIGITS}-._~!$&'()*+,;=`);
put(WITH_COLON, ":");
put(WITH_AT, "@");
put(WITH_SLASH, "/");
put(WITH_QUESTION, "?");

/** Reports whether a character is in any of the classes. */
export const is = (code: number, flags: number): boolean => code < 128 && ((classes[code] ?? 0) & flags) !== 0;

// `charCodeAt` past the end is NaN, which is in no class.
export const isDigit = (code: number): boolean => code >= 48 && code <= 57;
export const isHex = (code: number): boolean => is(code, HEX);
export const isLetter = (code: number): boolean => is(code, LETTER);
export const isLetterOrDigit = (code: number): boolean => is(code, LETTER | DIGIT);
export const isUriCharacter = (code: number): boolean => is(code, PLAIN);
export const isMailboxCharacter = (code: number): boolean => is(code, MAILBOX);

export const HYPHEN = 45;
export const DOT = 46;
export const SLASH = 47;
export const COLON = 58;
export const QUESTION = 63;
export const AT = 64;
export const OPEN = 91;
export const PERCENT = 37;
export const HASH = 35;

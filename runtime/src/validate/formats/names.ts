// Formats with a regular expression that can match in one way only: linear in the length of the text.

const UUID = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;
const TUUID = /^[0-9a-fA-F]{32}$/;
const ULID = /^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$/;
const FQN = /^[A-Za-z_][A-Za-z_0-9]*(?:\.[A-Za-z_][A-Za-z_0-9]*)*$/;
const DOT_FQN = /^(?:\.[A-Za-z_][A-Za-z_0-9]*)+$/;
// With a comma, which RFC 9110 leaves out: validate.proto has "+-.", a range.
const HEADER_NAME = /^:?[0-9a-zA-Z!#$%&'*+,\-.^_|~`]+$/;
const LOOSE_HEADER_NAME = /^[^\0\n\r]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it refuses
const HEADER_VALUE = /^[^\0-\x08\n-\x1f\x7f]*$/;
const LOOSE_HEADER_VALUE = /^[^\0\n\r]*$/;

/**
 * Reports whether a text is a UUID of any version (RFC 9562, section 4).
 *
 * @example
 * isUuid("6ba7b810-9dad-11d1-80b4-00c04fd430c8"); // true
 */
export const isUuid = (text: string): boolean => UUID.test(text);
/**
 * Reports whether a text is a UUID without its hyphens.
 *
 * @example
 * isTuuid("6ba7b8109dad11d180b400c04fd430c8"); // true
 */
export const isTuuid = (text: string): boolean => TUUID.test(text);
/**
 * Reports whether a text is a ULID (https://github.com/ulid/spec).
 *
 * @example
 * isUlid("01ARZ3NDEKTSV4RRFFQ69G5FAV"); // true
 */
export const isUlid = (text: string): boolean => ULID.test(text);
/**
 * Reports whether a text is a full name of protobuf.
 *
 * @example
 * isProtobufFqn("google.protobuf.Timestamp"); // true
 */
export const isProtobufFqn = (text: string): boolean => FQN.test(text);
/**
 * Reports whether a text is a full name of protobuf with a dot before it.
 *
 * @example
 * isProtobufDotFqn(".google.protobuf.Timestamp"); // true
 */
export const isProtobufDotFqn = (text: string): boolean => DOT_FQN.test(text);
/**
 * Reports whether a text is the name of a header (RFC 9110, section 5.1) or a pseudo-header of HTTP/2. If not `strict`:
 * anything without a line break or a NUL.
 *
 * @example
 * isHeaderName("x-api-key", true); // true
 */
export const isHeaderName = (text: string, strict: boolean): boolean =>
  (strict ? HEADER_NAME : LOOSE_HEADER_NAME).test(text);
/**
 * Reports whether a text is the value of a header (RFC 9110, section 5.5). If not `strict`: anything without a line
 * break or a NUL.
 *
 * @example
 * isHeaderValue("a\tb", true); // true
 */
export const isHeaderValue = (text: string, strict: boolean): boolean =>
  (strict ? HEADER_VALUE : LOOSE_HEADER_VALUE).test(text);

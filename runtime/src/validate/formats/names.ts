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

/** RFC 9562, section 4, of any version. */
export const isUuid = (text: string): boolean => UUID.test(text);
/** A UUID without its hyphens. */
export const isTuuid = (text: string): boolean => TUUID.test(text);
/** https://github.com/ulid/spec */
export const isUlid = (text: string): boolean => ULID.test(text);
/** A full name of protobuf: "google.protobuf.Timestamp". */
export const isProtobufFqn = (text: string): boolean => FQN.test(text);
/** The same with a dot before it. */
export const isProtobufDotFqn = (text: string): boolean => DOT_FQN.test(text);
/** RFC 9110, section 5.1, and the names of HTTP/2's pseudo-headers; loosely anything without a line break or a NUL. */
export const isHeaderName = (text: string, strict: boolean): boolean =>
  (strict ? HEADER_NAME : LOOSE_HEADER_NAME).test(text);
/** RFC 9110, section 5.5; loosely anything without a line break or a NUL. */
export const isHeaderValue = (text: string, strict: boolean): boolean =>
  (strict ? HEADER_VALUE : LOOSE_HEADER_VALUE).test(text);

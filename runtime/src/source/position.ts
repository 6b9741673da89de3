/** Type of the values that are positions of items. */
export type PositionKind = "int" | "uint" | "string";
/** The values of a kind in TypeScript. */
export type PositionValue<K extends PositionKind> = K extends "string" ? string : bigint;

const VERSION = 1;
const KINDS: Readonly<Record<PositionKind, number>> = { int: 1, uint: 2, string: 3 };
/** No token is made of more, in bytes of UTF-8, and none that is longer is read. */
const POSITION_BYTES = 1_024;
const TOKEN = /^[A-Za-z0-9_-]+$/;
const INT = /^(0|-?[1-9]\d{0,18})$/;
const UINT = /^(0|[1-9]\d{0,19})$/;

/**
 * Returns the token of a position: base64url of a version, the kind and the value as text.
 *
 * @throws RangeError for a text of more than 1,024 bytes
 */
export function tokenOf(kind: PositionKind, value: bigint | string): string {
  const text = Buffer.from(String(value));
  if (text.length > POSITION_BYTES) throw new RangeError(`a position of ${text.length} bytes`);
  return Buffer.concat([Buffer.from([VERSION, KINDS[kind]]), text]).toString("base64url");
}

/** Returns the position in a token; undefined for a token that is not ours, or of another kind or version. */
export function positionOf<K extends PositionKind>(kind: K, token: string): PositionValue<K> | undefined;
export function positionOf(kind: PositionKind, token: string): bigint | string | undefined {
  if (token.length > 2 * POSITION_BYTES || !TOKEN.test(token)) return undefined;
  const bytes = Buffer.from(token, "base64url");
  if (bytes[0] !== VERSION || bytes[1] !== KINDS[kind]) return undefined;
  const text = bytes.toString("utf8", 2);
  // A token in another encoding is not ours: leftover bits, or bytes that are no UTF-8.
  if (text.length > POSITION_BYTES || tokenOf(kind, text) !== token) return undefined;
  if (kind === "string") return text;
  if (!(kind === "int" ? INT : UINT).test(text)) return undefined;
  const value = BigInt(text);
  const fits = kind === "int" ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);
  return fits === value ? value : undefined;
}

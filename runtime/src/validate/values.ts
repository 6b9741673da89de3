// Operations on values for generated checks, beyond those of TypeScript. Linear in the value.
import { clientFault } from "../failure.ts";

/**
 * Reports whether a text has fewer characters (code points) than `than`.
 *
 * @example
 * shorter("a😀", 3); // true
 */
export function shorter(text: string, than: number): boolean {
  // A code point takes one or two UTF-16 code units.
  if (text.length < than) return true;
  return text.length < 2 * than && codePoints(text) < than;
}
/**
 * Reports whether a text has more characters (code points) than `than`.
 *
 * @example
 * longer("a😀", 2); // false
 */
export function longer(text: string, than: number): boolean {
  if (text.length <= than) return false;
  return text.length > 2 * than || codePoints(text) > than;
}
/**
 * Returns the number of characters (code points) of a text; half a surrogate pair is one.
 *
 * @example
 * codePoints("a😀"); // 2
 */
export function codePoints(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    if ((text.charCodeAt(i) & 0xfc00) !== 0xd800 || (text.charCodeAt(i + 1) & 0xfc00) !== 0xdc00) continue;
    count--;
    i++;
  }
  return count;
}
/**
 * Returns the size of a text in UTF-8, in bytes.
 *
 * @example
 * utf8Bytes("é"); // 2
 */
export const utf8Bytes = (text: string): number => Buffer.byteLength(text, "utf8");

/**
 * Reports whether two byte sequences are equal.
 *
 * @example
 * sameBytes(Uint8Array.of(1), Uint8Array.of(1)); // true
 */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
/**
 * Reports whether bytes equal one of a list.
 *
 * @example
 * isOneOfBytes(args.magic, [Uint8Array.of(0x1f, 0x8b)]);
 */
export function isOneOfBytes(bytes: Uint8Array, list: readonly Uint8Array[]): boolean {
  return list.some((item) => sameBytes(bytes, item));
}
/**
 * Decodes bytes, which a pattern is applied to.
 *
 * @throws Failure INVALID_ARGUMENT if bytes for a pattern are no UTF-8
 * @example
 * utf8Text(Uint8Array.of(97, 98)); // "ab"
 */
export function utf8Text(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw clientFault("must be valid UTF-8 to apply regexp");
  }
}
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reports whether a google.protobuf.FieldMask has these paths in this order.
 *
 * @example
 * samePaths(args.mask.paths, ["name", "size"]);
 */
export function samePaths(paths: readonly string[], others: readonly string[]): boolean {
  return paths.length === others.length && paths.every((path, i) => path === others[i]);
}
/**
 * Reports whether each path is one of `all`, or below one.
 *
 * @example
 * pathsWithin(["size.width"], ["name", "size"]); // true
 */
export function pathsWithin(paths: readonly string[], all: readonly string[]): boolean {
  return paths.every((path) => isBelow(path, all));
}
/**
 * Reports whether no path is one of `all`, or below one.
 *
 * @example
 * pathsOutside(["size.width"], ["size"]); // false
 */
export function pathsOutside(paths: readonly string[], all: readonly string[]): boolean {
  return !paths.some((path) => isBelow(path, all));
}
const isBelow = (path: string, all: readonly string[]): boolean =>
  all.some((item) => path === item || (path.startsWith(item) && path[item.length] === "."));

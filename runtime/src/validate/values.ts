// Operations on values for generated checks, beyond those of TypeScript. Linear in the value.
import { clientFault } from "../failure.ts";

/** Reports whether a text has fewer characters (code points) than that. */
export function shorter(text: string, than: number): boolean {
  // A code point takes one or two UTF-16 code units.
  if (text.length < than) return true;
  return text.length < 2 * than && codePoints(text) < than;
}
/** Reports whether a text has more characters (code points) than that. */
export function longer(text: string, than: number): boolean {
  if (text.length <= than) return false;
  return text.length > 2 * than || codePoints(text) > than;
}
/** The characters of a text; half a surrogate pair is one. */
export function codePoints(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    if ((text.charCodeAt(i) & 0xfc00) !== 0xd800 || (text.charCodeAt(i + 1) & 0xfc00) !== 0xdc00) continue;
    count--;
    i++;
  }
  return count;
}
/** The bytes of a text as UTF-8. */
export const utf8Bytes = (text: string): number => Buffer.byteLength(text, "utf8");

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
export function isOneOfBytes(bytes: Uint8Array, list: readonly Uint8Array[]): boolean {
  return list.some((item) => sameBytes(bytes, item));
}
/** @throws Failure INVALID_ARGUMENT if bytes for a pattern are no UTF-8 */
export function utf8Text(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw clientFault("must be valid UTF-8 to apply regexp");
  }
}
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reports whether a google.protobuf.FieldMask has these paths in this order. */
export function samePaths(paths: readonly string[], others: readonly string[]): boolean {
  return paths.length === others.length && paths.every((path, i) => path === others[i]);
}
/** Reports whether each path is one of those, or below one. */
export function pathsWithin(paths: readonly string[], all: readonly string[]): boolean {
  return paths.every((path) => isBelow(path, all));
}
/** Reports whether no path is one of those, or below one. */
export function pathsOutside(paths: readonly string[], all: readonly string[]): boolean {
  return !paths.some((path) => isBelow(path, all));
}
const isBelow = (path: string, all: readonly string[]): boolean =>
  all.some((item) => path === item || (path.startsWith(item) && path[item.length] === "."));

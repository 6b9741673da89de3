// Addresses of IPv4 (dotted decimal) and IPv6 (RFC 4291, section 2.2, with a zone as in RFC 4007), and prefixes of them. Linear in the
// length of the text.
import { COLON, DOT, isDigit, isHex } from "./characters.ts";

/**
 * Reports whether a text is an address of IPv4 or IPv6, as buf.validate's `isIp`. `version` 4 or 6 selects one of them,
 * 0 both; with any other version nothing is an address.
 *
 * @example
 * isIp("::1", 4); // false
 */
export function isIp(text: string, version: number | bigint = 0): boolean {
  const ipVersion = Number(version);
  if (ipVersion === 4) return readIpv4(text, 0, text.length) !== undefined;
  if (ipVersion === 6) return isIpv6(text);
  return ipVersion === 0 && (readIpv4(text, 0, text.length) !== undefined || isIpv6(text));
}

/**
 * Reports whether a text is an address with the length of a prefix, "10.1.0.0/16", as buf.validate's `isIpPrefix`.
 * `strict`: all bits behind the prefix are zero. `version` as for `isIp`; a zone is not allowed.
 *
 * @example
 * isIpPrefix("10.1.2.0/16", 4, true); // false
 */
export function isIpPrefix(text: string, version: number | bigint = 0, strict = false): boolean {
  const ipVersion = Number(version);
  const slash = text.indexOf("/");
  if (slash === -1) return false;
  const matches = (bits: number, groups: readonly number[] | undefined, each: number): boolean => {
    const length = groups === undefined ? undefined : readLength(text, slash + 1, bits);
    return groups !== undefined && length !== undefined && (!strict || isZeroFrom(groups, length, each));
  };
  if (ipVersion === 4) return matches(32, readIpv4(text, 0, slash), 8);
  if (ipVersion === 6) return matches(128, readIpv6(text, 0, slash), 16);
  return ipVersion === 0 && (isIpPrefix(text, 4, strict) || isIpPrefix(text, 6, strict));
}

/**
 * Reports whether a text is an address of either version with the length of a prefix.
 *
 * @example
 * isAnyIpPrefix("fe80::/10", true); // true
 */
export function isAnyIpPrefix(text: string, strict: boolean): boolean {
  return isIpPrefix(text, 0, strict);
}

export function isIpv6(text: string): boolean {
  const zone = text.indexOf("%");
  if (zone === text.length - 1 && zone !== -1) return false;
  return isIpv6At(text, 0, zone === -1 ? text.length : zone);
}

/** Reports whether an address extends from one index to another. */
export function isIpv6At(text: string, from: number, to: number): boolean {
  return scanIpv6(text, from, to, undefined) !== NONE;
}

/** Its eight groups of 16 bits; undefined when there is something else. */
function readIpv6(text: string, from: number, to: number): readonly number[] | undefined {
  const groups: number[] = [];
  const gap = scanIpv6(text, from, to, groups);
  if (gap === NONE) return undefined;
  return gap === WHOLE ? groups : groups.toSpliced(gap, 0, ...new Array<number>(8 - groups.length).fill(0));
}

const NONE = -2;
const WHOLE = -1;

/**
 * Returns the number of groups before `::`; WHOLE if there is no `::`, NONE if there is no address. `groups` receives
 * the written groups.
 */
function scanIpv6(text: string, from: number, to: number, groups: number[] | undefined): number {
  let count = 0;
  let gap = WHOLE;
  let at = from;
  if (isGap(text, at, to)) {
    gap = 0;
    at += 2;
  }
  while (at < to) {
    if (count === 8) return NONE;
    const start = at;
    while (at < to && at - start < 5 && isHex(text.charCodeAt(at))) at++;
    if (at === start || at - start > 4) return NONE;
    if (at < to && text.charCodeAt(at) === DOT) {
      // The last 32 bits as an address of IPv4.
      const last = readIpv4(text, start, to);
      if (last === undefined) return NONE;
      const [a = 0, b = 0, c = 0, d = 0] = last;
      groups?.push(a * 256 + b, c * 256 + d);
      count += 2;
      break;
    }
    groups?.push(Number.parseInt(text.slice(start, at), 16));
    count++;
    if (at === to) break;
    if (text.charCodeAt(at) !== COLON) return NONE;
    if (isGap(text, at, to)) {
      if (gap !== WHOLE) return NONE;
      gap = count;
      at += 2;
    } else if (++at === to) return NONE;
  }
  // `::` replaces at least one group.
  return (gap === WHOLE ? count === 8 : count < 8) ? gap : NONE;
}

function isGap(text: string, at: number, to: number): boolean {
  return at + 1 < to && text.charCodeAt(at) === COLON && text.charCodeAt(at + 1) === COLON;
}

/** The four numbers; undefined when there is something else. */
function readIpv4(text: string, from: number, to: number): readonly number[] | undefined {
  const octets: number[] = [];
  let at = from;
  for (;;) {
    const start = at;
    let value = 0;
    while (at < to && at - start < 4 && isDigit(text.charCodeAt(at))) value = value * 10 + text.charCodeAt(at++) - 48;
    const length = at - start;
    if (length === 0 || length > 3 || value > 255 || (length > 1 && text[start] === "0")) return undefined;
    octets.push(value);
    if (octets.length === 4) return at === to ? octets : undefined;
    if (at === to || text.charCodeAt(at++) !== DOT) return undefined;
  }
}

/** A number without leading zeros up to the end of the text. */
function readLength(text: string, from: number, most: number): number | undefined {
  const length = text.length - from;
  if (length < 1 || length > 3 || (length > 1 && text[from] === "0")) return undefined;
  let value = 0;
  for (let at = from; at < text.length; at++) {
    if (!isDigit(text.charCodeAt(at))) return undefined;
    value = value * 10 + text.charCodeAt(at) - 48;
  }
  return value > most ? undefined : value;
}

/** Reports whether all bits from an index on are zero; a group has `each` of them. */
function isZeroFrom(groups: readonly number[], bit: number, each: number): boolean {
  return groups.every((group, i) => {
    const kept = Math.min(Math.max(bit - i * each, 0), each);
    return (group & (2 ** (each - kept) - 1)) === 0;
  });
}

// URIs by the grammar of RFC 3986, appendix A, with zones as in RFC 6874. Every function reads from an index and
// returns the index where its rule ends, or -1. Each character is read a fixed number of times.
import {
  AT,
  COLON,
  DOT,
  HASH,
  is,
  isDigit,
  isHex,
  isLetter,
  isUriCharacter,
  OPEN,
  PERCENT,
  PLAIN,
  QUESTION,
  SLASH,
  WITH_AT,
  WITH_COLON,
  WITH_QUESTION,
  WITH_SLASH,
} from "./characters.ts";
import { isIpv6At } from "./ip.ts";

/**
 * Reports whether a text is a URI, with its scheme, as buf.validate's `isUri`.
 *
 * @example
 * isUri("urn:isbn:0451450523"); // true
 */
export function isUri(text: string): boolean {
  const colon = readScheme(text);
  return colon !== -1 && isRest(text, colon + 1, true);
}

/**
 * Reports whether a text is a URI or a relative reference, such as "./a?b", as buf.validate's `isUriRef`.
 *
 * @example
 * isUriRef("./a?b"); // true
 */
export function isUriRef(text: string): boolean {
  return isUri(text) || isRest(text, 0, false);
}

/** Returns the index of the colon behind a scheme. */
function readScheme(text: string): number {
  if (!isLetter(text.charCodeAt(0))) return -1;
  for (let at = 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === COLON) return at;
    // "+", "-" and "."
    if (!isLetter(code) && !isDigit(code) && code !== 43 && code !== 45 && code !== DOT) return -1;
  }
  return -1;
}

/** hier-part or relative-part, then query and fragment. `colons`: whether the first segment may have a colon. */
function isRest(text: string, from: number, colons: boolean): boolean {
  let at = from;
  if (text.startsWith("//", at)) {
    at = readAuthority(text, at + 2);
    if (at === -1) return false;
  } else if (!colons) {
    at = readPart(text, at, PLAIN | WITH_AT);
    if (text.charCodeAt(at) === COLON) return false;
  }
  at = readPart(text, at, PATH);
  if (text.charCodeAt(at) === QUESTION) at = readPart(text, at + 1, PATH | WITH_QUESTION);
  if (text.charCodeAt(at) === HASH) at = readPart(text, at + 1, PATH | WITH_QUESTION);
  return at === text.length;
}

/** `[ userinfo "@" ] host [ ":" port ]`, up to what ends an authority. */
function readAuthority(text: string, from: number): number {
  let at = from;
  const user = readPart(text, at, PLAIN | WITH_COLON);
  if (text.charCodeAt(user) === AT) at = user + 1;
  const host = at;
  at = text.charCodeAt(at) === OPEN ? readLiteral(text, at) : readPart(text, at, PLAIN);
  if (at === -1 || !isUtf8(text.slice(host, at))) return -1;
  if (text.charCodeAt(at) === COLON) {
    at++;
    while (isDigit(text.charCodeAt(at))) at++;
  }
  const code = text.charCodeAt(at);
  return at === text.length || code === SLASH || code === QUESTION || code === HASH ? at : -1;
}

/** `"[" ( IPv6address / IPv6addrz / IPvFuture ) "]"` */
function readLiteral(text: string, from: number): number {
  const close = text.indexOf("]", from);
  if (close === -1) return -1;
  const inner = from + 1;
  // RFC 5234: a letter in a grammar matches both cases.
  if ((text.charCodeAt(inner) | 32) === 118) return readFuture(text, inner + 1) === close ? close + 1 : -1;
  const percent = text.indexOf("%", inner);
  const zoned = percent !== -1 && percent < close;
  if (zoned) {
    const zone = percent + 3;
    const isZone = (at: number): boolean => isUriCharacter(text.charCodeAt(at)) && !isSubDelimiter(text.charCodeAt(at));
    let at = zone;
    while (at < close && (isZone(at) || isEscape(text, at))) at += text.charCodeAt(at) === PERCENT ? 3 : 1;
    if (!text.startsWith("%25", percent) || at !== close || close === zone) return -1;
  }
  return isIpv6At(text, inner, zoned ? percent : close) ? close + 1 : -1;
}

/** `1*HEXDIG "." 1*( unreserved / sub-delims / ":" )` */
function readFuture(text: string, from: number): number {
  let at = from;
  while (isHex(text.charCodeAt(at))) at++;
  if (at === from || text.charCodeAt(at) !== DOT) return -1;
  const start = ++at;
  while (isUriCharacter(text.charCodeAt(at)) || text.charCodeAt(at) === COLON) at++;
  return at === start ? -1 : at;
}

/** Segments with the slashes between them. */
const PATH = PLAIN | WITH_COLON | WITH_AT | WITH_SLASH;

/** As far as characters of these classes, and escapes, go. */
function readPart(text: string, from: number, classes: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (is(code, classes)) at++;
    else if (code === PERCENT && isEscape(text, at)) at += 3;
    else return at;
  }
}

function isEscape(text: string, at: number): boolean {
  return text.charCodeAt(at) === PERCENT && isHex(text.charCodeAt(at + 1)) && isHex(text.charCodeAt(at + 2));
}

function isSubDelimiter(code: number): boolean {
  return "!$&'()*+,;=".includes(String.fromCharCode(code));
}

/** RFC 3986, section 3.2.2: escaped bytes in a host are UTF-8. */
function isUtf8(host: string): boolean {
  if (!host.includes("%")) return true;
  try {
    decodeURIComponent(host);
    return true;
  } catch {
    return false;
  }
}

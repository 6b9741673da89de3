/** More than this no browser sends, in characters: what is longer holds no cookie. */
const MOST_CHARACTERS = 64 << 10;

/**
 * The values of all cookies of a name (RFC 6265, 4.2.1 and 5.4), in order; quotes around one are no part of it.
 *
 * @param headers every value of the header `cookie`: HTTP/2 may send one for each (RFC 9113, 8.2.3)
 */
export function cookieValues(headers: readonly string[], name: string): readonly string[] {
  const values: string[] = [];
  let left = MOST_CHARACTERS;
  for (const header of headers) {
    left -= header.length;
    if (left < 0) return [];
    for (let at = 0; at < header.length; ) {
      const found = header.indexOf(";", at);
      const end = found < 0 ? header.length : found;
      const equals = header.indexOf("=", at);
      if (equals >= 0 && equals < end && header.slice(at, equals).trim() === name)
        values.push(unquoted(header.slice(equals + 1, end).trim()));
      at = end + 1;
    }
  }
  return values;
}

function unquoted(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

/** What makes a browser forget a cookie that was set for all paths of this host. */
export function forgotten(name: string): string {
  return `${name}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax`;
}

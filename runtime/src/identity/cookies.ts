/** Maximum size of a cookie header, in characters. Browsers send no more, so a longer header contains no cookie. */
const MAX_CHARACTERS = 64 << 10;

/**
 * Returns the values of all cookies of a name (RFC 6265, 4.2.1 and 5.4), in order and without quotes around them.
 *
 * @param headers every value of the header `cookie`: HTTP/2 may send one for each (RFC 9113, 8.2.3)
 * @example
 * cookieValues(["a=1; b=2", "a=3"], "a"); // ["1", "3"]
 */
export function cookieValues(headers: readonly string[], name: string): readonly string[] {
  const values: string[] = [];
  let left = MAX_CHARACTERS;
  for (const header of headers) {
    left -= header.length;
    if (left < 0) return [];
    for (let at = 0; at < header.length; ) {
      const found = header.indexOf(";", at);
      const end = found < 0 ? header.length : found;
      const pair = header.slice(at, end);
      const equals = pair.indexOf("=");
      if (equals >= 0 && trimmed(pair.slice(0, equals)) === name)
        values.push(unquoted(trimmed(pair.slice(equals + 1))));
      at = end + 1;
    }
  }
  return values;
}

/**
 * Returns the text without spaces and tabs around it. Other whitespace stays: a no-break space makes another name, for
 * browsers as well. Browsers let another host of the site set a cookie of such a name. They do not if the name begins
 * with `__Host-` (RFC 6265bis, 4.1.3.2).
 */
function trimmed(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text, from)) from++;
  while (to > from && isBlank(text, to - 1)) to--;
  return text.slice(from, to);
}
const isBlank = (text: string, at: number): boolean => text[at] === " " || text[at] === "\t";

function unquoted(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

/** Returns a `set-cookie` value that makes a browser forget a cookie that was set for all paths of this host. */
export function forgotten(name: string): string {
  return `${name}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax`;
}

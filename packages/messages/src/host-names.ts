/** Labels in lower case (RFC 1123, 2.1), possibly below a wildcard. A last label that begins with a digit would be an IP address. */
const HOST = /^(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Reports whether a text is a host name in lower case, or `*.` before such a name, without scheme, port and path.
 *
 * @example
 * isHostName("*.shop.example"); // true
 * isHostName("shop.example:443"); // false
 */
export function isHostName(text: string): boolean {
  return text.length <= 253 && HOST.test(text);
}

// Names of hosts, and hosts with ports. Linear in the length of the text.
import { DOT, HYPHEN, isDigit, isLetterOrDigit } from "./characters.ts";
import { isIp } from "./ip.ts";

/**
 * Reports whether a text is a name of a host (RFC 1034, section 3.5, as amended by RFC 1123), as buf.validate's
 * `isHostname`. It has labels of up to 63 letters, digits and inner hyphens with dots between them, and at most 253
 * characters. The last label does not consist of digits alone; a dot may follow it.
 *
 * @example
 * isHostname("example.com."); // true
 */
export function isHostname(text: string): boolean {
  const end = text.charCodeAt(text.length - 1) === DOT ? text.length - 1 : text.length;
  if (end === 0 || end > 253) return false;
  let start = 0;
  let digits = true;
  for (let at = 0; ; at++) {
    const code = at === end ? DOT : text.charCodeAt(at);
    if (code === DOT) {
      const length = at - start;
      if (length === 0 || length > 63 || text.charCodeAt(at - 1) === HYPHEN) return false;
      if (at === end) return !digits;
      start = at + 1;
      digits = true;
    } else if (code === HYPHEN) {
      if (at === start) return false;
      digits = false;
    } else {
      if (!isLetterOrDigit(code)) return false;
      if (!isDigit(code)) digits = false;
    }
  }
}

/**
 * Reports whether a text is a name of a host or an address.
 *
 * @example
 * isAddress("10.1.2.3"); // true
 */
export function isAddress(text: string): boolean {
  return isHostname(text) || isIp(text);
}

/**
 * Reports whether a text is a host and a port from 0 to 65535 behind a colon, as buf.validate's `isHostAndPort`:
 * "example.com:8080", "10.1.2.3:80", "[::1]:443". Without `portRequired` the port may be left out.
 *
 * @example
 * isHostAndPort("[::1]:443", true); // true
 */
export function isHostAndPort(text: string, portRequired: boolean): boolean {
  const colon = text.lastIndexOf(":");
  if (text.startsWith("[")) {
    const end = text.lastIndexOf("]");
    if (end === text.length - 1) return !portRequired && isIp(text.slice(1, end), 6);
    return end + 1 === colon && isIp(text.slice(1, end), 6) && isPort(text.slice(colon + 1));
  }
  const isHost = (host: string): boolean => isHostname(host) || isIp(host, 4);
  if (colon === -1) return !portRequired && isHost(text);
  return isHost(text.slice(0, colon)) && isPort(text.slice(colon + 1));
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9][0-9]{0,4})$/.test(text) && Number(text) <= 65535;
}

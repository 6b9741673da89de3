import { hash } from "node:crypto";

/**
 * Returns the position of a value, from 0 (included) to 1 (excluded). It is the first 48 bits of SHA-256 over the
 * decision's name, a NUL byte and the value in UTF-8. It is the same in every process, release and language; another
 * name results in another number. A position below a share is below any larger share, too.
 *
 * @example
 * shareOf("canary", "alice") < 0.05; // false
 */
export function shareOf(name: string, value: string): number {
  return Number.parseInt(hash("sha256", `${name}\0${value}`).slice(0, 12), 16) / 2 ** 48;
}

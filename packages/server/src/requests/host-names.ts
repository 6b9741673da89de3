import { isHostName } from "@protobff/messages/host-names.js";

/** Labels in place of `*.`: not empty, and no `*`. Underscores are no part of host names, but some clients have them. */
const LABELS = /^(?:[a-z0-9_-]{1,63}\.)+$/;
/** Maximum length of a host name (RFC 1035, 2.3.4), in characters. */
const MAX_CHARACTERS = 253;

/** Host names that a service answers on: exact names, and `*.` for one or more labels before a name. */
export class HostNames {
  readonly #exact = new Set<string>();
  readonly #suffixes: string[] = [];

  /** @throws TypeError for a malformed name */
  constructor(names: readonly string[]) {
    for (const name of names) {
      if (!isHostName(name)) throw new TypeError(`${JSON.stringify(name)} is no host name in lower case`);
      if (name.startsWith("*.")) this.#suffixes.push(name.slice(2));
      else this.#exact.add(name);
    }
  }
  /** Compares the name without port and final dot. */
  admits(authority: string | undefined): boolean {
    if (authority === undefined) return false;
    const name = authority.toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
    if (this.#exact.has(name)) return true;
    if (name.length > MAX_CHARACTERS) return false;
    return this.#suffixes.some(
      (suffix) => name.endsWith(suffix) && LABELS.test(name.slice(0, name.length - suffix.length)),
    );
  }
}

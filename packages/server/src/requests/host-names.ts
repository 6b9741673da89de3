import { isHostName } from "@protobff/messages/host-names.js";

/** Host names that a service answers on: exact names, and `*.` for one or more labels before a name. */
export class HostNames {
  readonly #exact = new Set<string>();
  readonly #suffixes: string[] = [];

  /** @throws TypeError for a malformed name */
  constructor(names: readonly string[]) {
    for (const name of names) {
      if (!isHostName(name)) throw new TypeError(`${JSON.stringify(name)} is no host name in lower case`);
      if (name.startsWith("*.")) this.#suffixes.push(name.slice(1));
      else this.#exact.add(name);
    }
  }
  /** Compares the name without port and final dot. `*.` never matches an empty label. */
  admits(authority: string | undefined): boolean {
    if (authority === undefined) return false;
    const name = authority.toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
    return (
      this.#exact.has(name) || this.#suffixes.some((suffix) => name.length > suffix.length && name.endsWith(suffix))
    );
  }
}

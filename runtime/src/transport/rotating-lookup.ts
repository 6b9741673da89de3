import type { LookupFunction } from "node:net";

/**
 * Resolves a name anew for each connection, which begins with the next of its addresses; the others are tried after it, by
 * node:net.
 */
export function rotating(lookup: LookupFunction): LookupFunction {
  let turn = 0;
  return (host, options, done) => {
    lookup(host, { ...options, all: true }, (error, found, family) => {
      if (error !== null || typeof found === "string") {
        done(error, found, family);
        return;
      }
      const first = turn++ % Math.max(1, found.length);
      const addresses = [...found.slice(first), ...found.slice(0, first)];
      const [next] = addresses;
      if (options.all === true || next === undefined) done(null, addresses);
      else done(null, next.address, next.family);
    });
  };
}

/** By name, in lower case. */
export type Trailers = Readonly<Record<string, string | readonly string[]>>;

/** Names and values in turn; several values of one name become a list. */
export function trailersOf(pairs: readonly string[]): Trailers {
  const all: Record<string, string | string[]> = {};
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const name = (pairs[i] ?? "").toLowerCase();
    const value = pairs[i + 1] ?? "";
    const before = all[name];
    all[name] = before === undefined ? value : [before, value].flat();
  }
  return all;
}

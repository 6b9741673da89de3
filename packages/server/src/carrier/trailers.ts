/** Trailers by name, in lower case. */
export type Trailers = Readonly<Record<string, string | readonly string[]>>;

/** Trailers of most gRPC answers. */
export const OK_TRAILERS: Trailers = { "grpc-status": "0" };
const OK_PAIRS: readonly string[] = ["grpc-status", "0"];

/** Names and values in turn. */
export function pairsOf(trailers: Trailers): readonly string[] {
  if (trailers === OK_TRAILERS) return OK_PAIRS;
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(trailers))
    if (typeof value === "string") pairs.push(name, value);
    else for (const item of value) pairs.push(name, item);
  return pairs;
}

/** Returns trailers from names and values in turn; several values of one name become a list. */
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

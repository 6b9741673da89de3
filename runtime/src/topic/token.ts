import type { Place } from "./log.ts";

/** What a token says. */
export interface TokenPlace {
  readonly epoch: string;
  readonly place: Place;
  /** Whether the item is the last of its key, where places are texts: nobody can look it up. */
  readonly isLast?: true;
}

const VERSION = "1";
/** Longer ones are none of ours: a place is a number, or a field of an item. */
const MAX_TOKEN_CHARACTERS = 2_048;
const BIGGEST = 2n ** 64n;

/** An opaque text for clients, in the alphabet of headers and URLs: base64url of version, epoch and place. */
export function tokenOf(epoch: string, place: Place, isLast = false): string {
  const text = typeof place === "bigint" ? `n${place}` : `${isLast ? "T" : "t"}${place}`;
  return Buffer.from(`${VERSION}\n${epoch}\n${text}`).toString("base64url");
}

/** Undefined for whatever is none of ours. Who holds a token may have made it: it says where to go on, and nothing of what may be seen. */
export function readToken(token: string): TokenPlace | undefined {
  if (token.length > MAX_TOKEN_CHARACTERS || !/^[A-Za-z0-9_-]+$/.test(token)) return undefined;
  const match = TOKEN.exec(Buffer.from(token, "base64url").toString());
  const [, version, epoch, kind, place] = match ?? [];
  if (version !== VERSION || epoch === undefined || place === undefined) return undefined;
  if (kind === "T") return { epoch, place, isLast: true };
  if (kind === "t") return { epoch, place };
  if (!/^-?\d{1,20}$/.test(place)) return undefined;
  const number = BigInt(place);
  return number < BIGGEST && number > -BIGGEST ? { epoch, place: number } : undefined;
}
const TOKEN = /^(\w+)\n([^\n]*)\n([ntT])(.*)$/s;

import type { Place } from "./log.ts";

/** Contents of a token. */
interface TokenPlace {
  readonly epoch: string;
  readonly place: Place;
  /** True if the item is the last of its key, for places that are texts. Such an item cannot be looked up. */
  readonly isLast?: true;
}

const VERSION = "1";
/**
 * Maximum length of a token, in characters. A place is a number, or a field of an item, so longer tokens are not ours.
 */
const MAX_TOKEN_CHARACTERS = 2_048;
const BIGGEST = 2n ** 64n;

/** Returns an opaque text for clients, in the alphabet of headers and URLs: base64url of version, epoch and place. */
export function tokenOf(epoch: string, place: Place, isLast = false): string {
  const text = typeof place === "bigint" ? `n${place}` : `${isLast ? "T" : "t"}${place}`;
  return Buffer.from(`${VERSION}\n${epoch}\n${text}`).toString("base64url");
}

/**
 * Reads a token. Returns undefined for any other text. A client can forge a token, so it only sets the place to resume
 * from, and grants no access.
 */
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

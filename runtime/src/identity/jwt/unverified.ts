/** What a token says of itself, before anybody has verified it. It may only be used to refuse, and to choose who verifies. */
export interface Unverified {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** The compact form of RFC 7515 section 7.1, without padding, spaces, or anything else that decoders look over. */
const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+$/;

/** The longest token that is looked at, in characters. */
export const MAX_TOKEN = 8192;

let latest: { readonly token: string; readonly read: Unverified | undefined } = { token: "", read: undefined };

/** Undefined for what is no token at all. Sources that share a place ask for the same one in turn: the latest is remembered. */
export function unverified(token: string): Unverified | undefined {
  if (token !== latest.token) latest = { token, read: read(token) };
  return latest.read;
}

function read(token: string): Unverified | undefined {
  if (token.length > MAX_TOKEN) return undefined;
  const [, first, second] = COMPACT.exec(token) ?? [];
  const header = first === undefined ? undefined : json(first);
  const claims = header === undefined || second === undefined ? undefined : json(second);
  return header === undefined || claims === undefined ? undefined : { header, claims };
}

function json(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(payloadText(part));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** The text of a part of a token. */
export function payloadText(part: string): string {
  return Buffer.from(part, "base64url").toString();
}

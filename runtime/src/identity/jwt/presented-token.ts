import { hash } from "node:crypto";

/** Header and claims of a token before verification. Use them only to refuse it, or to choose the verifying source. */
export interface UnverifiedToken {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

const COMPACT = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/;

/**
 * Returns the parts of a token in the compact form of RFC 7515 section 7.1. The parts are base64url without padding,
 * line breaks, or other spellings of the same bytes (RFC 4648 section 3.5). Returns undefined for any other text.
 */
export function partsOf(text: string): readonly [header: string, payload: string, signature: string] | undefined {
  const [, header = "", payload = "", signature = ""] = COMPACT.exec(text) ?? [];
  return isSpelt(header) && isSpelt(payload) && isSpelt(signature) ? [header, payload, signature] : undefined;
}

/** Reports whether a part is canonical: the unused bits of its last character are zero. */
function isSpelt(part: string): boolean {
  const last = part.at(-1) ?? "";
  const over = part.length % 4;
  if (over === 0) return part !== "";
  return over === 3 ? "AEIMQUYcgkosw048".includes(last) : over === 2 && "AQgw".includes(last);
}

/** Maximum length of a token, in characters. */
export const MAX_TOKEN = 8192;

/** A text that may be a token. Its digest and claims are computed on first access. */
export class PresentedToken {
  readonly text: string;
  #digest: string | undefined;
  #unverified: UnverifiedToken | undefined;
  #read = false;

  constructor(text: string) {
    this.text = text;
  }

  /** SHA-256 of the token, the key of caches. */
  get digest(): string {
    this.#digest ??= hash("sha256", this.text, "base64url");
    return this.#digest;
  }
  /** Header and claims; undefined if the text is no token. */
  get unverified(): UnverifiedToken | undefined {
    if (!this.#read) this.#unverified = read(this.text);
    this.#read = true;
    return this.#unverified;
  }
}

let latest = new PresentedToken("");

/**
 * Returns the token for a text, and remembers the latest. Sources that share a place read the same text in turn, and
 * one of them reads it again.
 */
export function presentedToken(text: string): PresentedToken {
  if (text !== latest.text) latest = new PresentedToken(text);
  return latest;
}

function read(token: string): UnverifiedToken | undefined {
  const parts = partsOf(token);
  const header = parts === undefined ? undefined : json(parts[0]);
  const claims = parts === undefined || header === undefined ? undefined : json(parts[1]);
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

/** Decodes the text of a part of a token. */
export function payloadText(part: string): string {
  return Buffer.from(part, "base64url").toString();
}

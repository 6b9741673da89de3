import { hash } from "node:crypto";

/** Header and claims of a token before verification. Use them only to refuse it, or to choose the verifying source. */
export interface UnverifiedToken {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

const COMPACT = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/;

/**
 * The parts of a token in the compact form of RFC 7515 section 7.1: base64url without padding, line breaks, or other spellings of the same bytes
 * (RFC 4648 section 3.5). Undefined for any other text.
 */
export function partsOf(text: string): readonly [header: string, payload: string, signature: string] | undefined {
  const [, header = "", payload = "", signature = ""] = COMPACT.exec(text) ?? [];
  return isSpelt(header) && isSpelt(payload) && isSpelt(signature) ? [header, payload, signature] : undefined;
}

/** Bits of the last character that stand for nothing are zero. */
function isSpelt(part: string): boolean {
  const last = part.at(-1) ?? "";
  const over = part.length % 4;
  if (over === 0) return part !== "";
  return over === 3 ? "AEIMQUYcgkosw048".includes(last) : over === 2 && "AQgw".includes(last);
}

/** The longest token that is looked at, in characters. */
export const MAX_TOKEN = 8192;

/** A text that may be a token. Nothing of it is computed before somebody asks. */
export class PresentedToken {
  readonly text: string;
  #digest: string | undefined;
  #said: UnverifiedToken | undefined;
  #read = false;

  constructor(text: string) {
    this.text = text;
  }

  /** SHA-256, under which it is remembered. */
  get digest(): string {
    this.#digest ??= hash("sha256", this.text, "base64url");
    return this.#digest;
  }
  /** Undefined where it is no token at all. */
  get said(): UnverifiedToken | undefined {
    if (!this.#read) this.#said = read(this.text);
    this.#read = true;
    return this.#said;
  }
}

let latest = new PresentedToken("");

/** Sources that share a place are asked about the same text in turn, and then one of them again: the latest is remembered. */
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

/** The text of a part of a token. */
export function payloadText(part: string): string {
  return Buffer.from(part, "base64url").toString();
}

import { hash } from "node:crypto";

/** What a token says of itself, before anybody has verified it. It may only be used to refuse, and to choose who verifies. */
export interface Unverified {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** The compact form of RFC 7515 section 7.1, without padding, spaces, or anything else that decoders look over. */
export const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+$/;

/** The longest token that is looked at, in characters. */
export const MAX_TOKEN = 8192;

/** A text that may be a token. Nothing of it is computed before somebody asks. */
export class PresentedToken {
  readonly text: string;
  #digest: string | undefined;
  #said: Unverified | undefined;
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
  get said(): Unverified | undefined {
    if (!this.#read) this.#said = read(this.text);
    this.#read = true;
    return this.#said;
  }
}

let latest = new PresentedToken("");

/** Sources that share a place are asked about the same text in turn, and then one of them again: the latest is remembered. */
export function presented(text: string): PresentedToken {
  if (text !== latest.text) latest = new PresentedToken(text);
  return latest;
}

function read(token: string): Unverified | undefined {
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

// Who may look, and who may do something. That a request's Host is an address of this machine has been checked where this port listens on it
// alone, so that no page whose name leads here gets so far.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

const COOKIE = "bff_explorer";
/** A page of ours says this word in what it posts: no other page can read it, nor send the header without being asked for leave. */
export const WORD_HEADER = "x-bff-explorer";

export class Access {
  readonly #token: Buffer | undefined;
  /** What a browser has once it has shown the token: as good as it until this process ends, and of no use for anything else. */
  readonly #session = randomBytes(32).toString("base64url");
  /** What the page puts in `WORD_HEADER`. */
  readonly word = randomBytes(32).toString("base64url");

  /** @param token undefined: who can reach this port may look */
  constructor(token: string | undefined) {
    this.#token = token === undefined ? undefined : digest(token);
  }

  /** Whether it has shown the token, where there is one. */
  mayLook({ headers }: IncomingMessage): boolean {
    if (this.#token === undefined) return true;
    const bearer = /^bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
    if (bearer !== undefined && this.shows(bearer)) return true;
    const cookie = new RegExp(`(?:^|; *)${COOKIE}=([^;]*)`).exec(headers.cookie ?? "")?.[1];
    return cookie !== undefined && timingSafeEqual(digest(cookie), digest(this.#session));
  }

  /** Whether this is the token. */
  shows(token: string): boolean {
    return this.#token !== undefined && timingSafeEqual(digest(token), this.#token);
  }

  /** The cookie of who has shown the token. Pages of others cannot have it sent, nor scripts read it. */
  get cookie(): string {
    return `${COOKIE}=${this.#session}; Path=/; HttpOnly; SameSite=Strict`;
  }

  /** Whether it comes from a page of ours: what changes anything has to. */
  isOurs(request: IncomingMessage): boolean {
    const word = request.headers[WORD_HEADER];
    if (typeof word !== "string" || !timingSafeEqual(digest(word), digest(this.word))) return false;
    return isSameOrigin(request);
  }
}

/** What browsers say of who asks; who is no browser says nothing. */
export function isSameOrigin({ headers }: IncomingMessage): boolean {
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") return false;
  const { origin } = headers;
  return origin === undefined || URL.parse(origin)?.host === headers.host?.toLowerCase();
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

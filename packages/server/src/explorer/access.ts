// Access control of the explorer: viewing and changing. The admin port, if it listens on this machine alone, has
// already checked that a request's Host is an address of this machine. So no page whose name resolves to it gets this
// far.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

const COOKIE = "bff_explorer";
/**
 * Header with the page's secret word on every POST of our page. Other pages cannot read the word, and cannot send the
 * header without a CORS preflight.
 */
const WORD_HEADER = "x-bff-explorer";

export class Access {
  readonly #token: Buffer | undefined;
  /**
   * Cookie value of a browser that has shown the token. It grants the same access until this process ends, and nothing
   * else.
   */
  readonly #session = randomBytes(32).toString("base64url");
  /** Value of `WORD_HEADER` in the page's requests. */
  readonly word = randomBytes(32).toString("base64url");

  /** @param token undefined: everyone who can reach this port may view */
  constructor(token: string | undefined) {
    this.#token = token === undefined ? undefined : digest(token);
  }

  /** Returns true if there is no token, or if the request shows the token or the session's cookie. */
  mayLook({ headers }: IncomingMessage): boolean {
    if (this.#token === undefined) return true;
    const bearer = /^bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
    if (bearer !== undefined && this.shows(bearer)) return true;
    const cookie = new RegExp(`(?:^|; *)${COOKIE}=([^;]*)`).exec(headers.cookie ?? "")?.[1];
    return cookie !== undefined && timingSafeEqual(digest(cookie), digest(this.#session));
  }

  /** Returns true if this is the token. */
  shows(token: string): boolean {
    return this.#token !== undefined && timingSafeEqual(digest(token), this.#token);
  }

  /**
   * The cookie of a browser that has shown the token. Other sites' pages cannot send it, and scripts cannot read it.
   */
  get cookie(): string {
    return `${COOKIE}=${this.#session}; Path=/; HttpOnly; SameSite=Strict`;
  }

  /** Returns true if the request is from our page: every change requires that. */
  isOurs(request: IncomingMessage): boolean {
    const word = request.headers[WORD_HEADER];
    if (typeof word !== "string" || !timingSafeEqual(digest(word), digest(this.word))) return false;
    return isSameOrigin(request);
  }
}

/** Returns false if the browser's headers name another origin. Clients that are no browsers send no such headers. */
export function isSameOrigin({ headers }: IncomingMessage): boolean {
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") return false;
  const { origin } = headers;
  return origin === undefined || URL.parse(origin)?.host === headers.host?.toLowerCase();
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

import { randomBytes } from "node:crypto";
import type { Clock } from "@protobff/runtime/internal/clock";
import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import { Failure } from "@protobff/runtime/internal/failure";
import { countsAmbient } from "@protobff/runtime/internal/identity/ambient";
import { cookieValues, forgotten } from "@protobff/runtime/internal/identity/cookies";
import type { Incoming } from "@protobff/runtime/internal/identity/incoming-request";
import type { RouteAnswer, RouteRequest, Routes } from "@protobff/runtime/internal/identity/routes";
import type { Sealer } from "@protobff/runtime/internal/sealing/sealer";
import type { LoginSecrets, Provider, Tokens } from "./provider.ts";
import type { Session, Sessions } from "./sessions.ts";

/** Audit event of a session's routes. */
export type LoginEvent =
  | { readonly event: "login" | "logout"; readonly session: Session }
  | { readonly event: "login-failed"; readonly reason: string; readonly claim?: string | undefined };

interface LoginOptions {
  /** `https://app.example`: what browsers see, without a slash at the end. */
  readonly publicUrl: string;
  /** Path at which browsers begin a login. */
  readonly loginPath: string;
  /** The name of the session's cookie. */
  readonly cookie: string;
  /** Lifetime of the cookie in the browser, in milliseconds. */
  readonly absoluteMs: number;
  readonly sessions: Sessions;
  readonly provider: Provider;
  readonly sealer: Sealer;
  readonly clock: Clock;
  /** The principal of a session, in ProtoJSON. */
  readonly json: (session: Session) => unknown;
  readonly audit: (event: LoginEvent, address: string) => void;
  readonly fault: ServerFault;
  /** Receives what keeps sessions from being read or ended. */
  readonly away: (error: unknown) => void;
}

/** State of a login until the browser returns from the provider. It is sealed in a cookie. */
interface Pending extends LoginSecrets {
  readonly returnTo: string;
  /** Unix milliseconds. */
  readonly until: number;
}

/** Time limit for a login, in milliseconds. */
const LOGIN_MS = 600_000;
/**
 * Maximum number of a browser's concurrent logins. Beyond it the oldest one is dropped, because the cookies would fill
 * the browser's requests.
 */
const MAX_LOGINS = 4;
const MAX_RETURN_CHARACTERS = 2_048;
/** Maximum size of all login cookies together, in characters: many proxies accept 8 KiB of headers. */
const MAX_LOGIN_CHARACTERS = 4_096;
/** Maximum number of cookies that one answer clears, and of sessions that one request ends. */
const MAX_FORGOTTEN = 32;
const MAX_IDS = 8;
/** Maximum number of concurrent code exchanges. Beyond it the browser must try again. */
const MAX_TRADING = 100;
const BUSY = Symbol("busy");
const SECRET_BYTES = 32;
/** Number of the state's characters in the name of its cookie. */
const STATE_IN_NAME = 12;

/**
 * `/auth/login`, `/auth/callback`, `/auth/logout` and `/auth/me`: the browser's side of a session (OAuth 2.0 for Browser-Based
 * Applications, "Backend For Frontend"). The browser gets a cookie with a random id and never a token.
 */
export class LoginRoutes {
  readonly #options: LoginOptions;
  /** Number of logins that have returned and wait for their tokens. */
  #trading = 0;

  constructor(options: LoginOptions) {
    this.#options = options;
  }
  get routes(): Routes {
    return new Map([
      ["/auth/login", only("GET", (request) => this.#login(request))],
      ["/auth/callback", only("GET", (request) => this.#callback(request))],
      ["/auth/logout", only("POST", (request) => this.#logout(request))],
      ["/auth/me", only("GET", (request) => this.#me(request))],
    ]);
  }

  async #login({ query, headers }: RouteRequest): Promise<RouteAnswer> {
    const { sealer, provider, clock, fault } = this.#options;
    const returnTo = asciiOf(query.get("return_to") ?? "/");
    if (!isLocalPath(returnTo)) return text(400, "return_to has to be a path of this site, such as /inbox");
    const secrets = { state: secret(), nonce: secret(), verifier: secret() };
    let to: URL;
    try {
      to = await provider.login(secrets);
    } catch (error) {
      fault("logins cannot begin", error);
      return text(503, "the login is not available now; try again in a moment", ["retry-after", "5"]);
    }
    const pending: Pending = { ...secrets, returnTo, until: clock.date().getTime() + LOGIN_MS };
    const sealed = sealer.seal(JSON.stringify(pending), purposeOf(secrets.state)).toString("base64url");
    const cookies = setCookie(this.#nameOf(secrets.state), `${pending.until}.${sealed}`, LOGIN_MS);
    return { status: 302, headers: ["location", to.href, ...cookies, ...this.#forgotten(headers)] };
  }

  async #callback({ query, headers }: RouteRequest): Promise<RouteAnswer> {
    const { sessions, cookie, absoluteMs, loginPath, audit } = this.#options;
    const { address } = headers.peer;
    const state = query.get("state") ?? "";
    const pending = this.#pending(headers, state);
    if (pending === undefined) {
      if (await this.#hasSession(headers)) return { status: 303, headers: ["location", "/"] };
      audit({ event: "login-failed", reason: "no such login is under way in this browser" }, address);
      return text(400, `this login has expired, or was begun elsewhere; begin again at ${loginPath}`);
    }
    const over = forget(this.#nameOf(state));
    let begun: Awaited<ReturnType<Sessions["begin"]>>;
    try {
      const tokens = await this.#traded(query, pending);
      // The browser's earlier session, which may be another user's or planted, is not carried over.
      for (const id of this.#ids(headers)) await sessions.end(id);
      begun = await sessions.begin(tokens);
    } catch (thrown) {
      if (thrown === BUSY) return text(503, "too many are logging in; try again in a moment", ["retry-after", "5"]);
      audit({ event: "login-failed", ...reasonOf(thrown) }, address);
      return text(401, `the login has failed; begin again at ${loginPath}`, over);
    }
    audit({ event: "login", session: begun.session }, address);
    return {
      status: 303,
      headers: ["location", pending.returnTo, ...setCookie(cookie, begun.id, absoluteMs), ...over],
    };
  }

  async #logout({ headers }: RouteRequest): Promise<RouteAnswer> {
    const { sessions, cookie, audit, away } = this.#options;
    if (!countsAmbient(headers)) return text(403, "a logout takes the header x-csrf: 1, or a request of the same site");
    const cleared = forget(cookie);
    let there: URL | undefined;
    try {
      for (const id of this.#ids(headers)) {
        const session = await sessions.end(id);
        if (session === undefined) continue;
        audit({ event: "logout", session }, headers.peer.address);
        there ??= await this.#logoutPage(session);
      }
    } catch (error) {
      away(error);
      return text(503, "the logout is not available now; try again in a moment", ["retry-after", "5"]);
    }
    // A form's answer is where the browser goes; a script has to send it there itself.
    if (headers.get("sec-fetch-mode") === "navigate")
      return { status: 303, headers: ["location", there?.href ?? "/", ...cleared] };
    return json(200, { logout_url: there?.href ?? null }, cleared);
  }

  async #logoutPage({ tokens }: Session): Promise<URL | undefined> {
    const { provider, publicUrl, fault } = this.#options;
    try {
      return await provider.logout(tokens.idToken, `${publicUrl}/`);
    } catch (error) {
      fault("a logout ends no session at the provider, whose logout page is unknown", error);
      return undefined;
    }
  }

  async #me({ headers }: RouteRequest): Promise<RouteAnswer> {
    const { sessions, cookie, away } = this.#options;
    const vary = ["vary", "cookie, x-csrf, sec-fetch-site"];
    const [id, ...more] = cookieValues(headers.all("cookie"), cookie);
    if (id === undefined || more.length > 0 || !countsAmbient(headers)) return json(401, { principal: null }, vary);
    let session: Session | undefined;
    try {
      session = await sessions.find(id);
    } catch (error) {
      away(error);
      return text(503, "sessions are not available now; try again in a moment", ["retry-after", "5", ...vary]);
    }
    if (session === undefined) return json(401, { principal: null }, [...vary, ...forget(cookie)]);
    return json(200, { principal: this.#options.json(session) }, vary);
  }

  /**
   * Each exchange holds a connection to the provider: the repeated request of one browser must not occupy all of them.
   */
  async #traded(query: URLSearchParams, pending: Pending): Promise<Tokens> {
    if (this.#trading >= MAX_TRADING) throw BUSY;
    this.#trading++;
    try {
      return await this.#options.provider.callback(query, pending);
    } finally {
      this.#trading--;
    }
  }
  /** Returns the ids of a browser's sessions: one, unless others were planted. */
  #ids(headers: Incoming): readonly string[] {
    return cookieValues(headers.all("cookie"), this.#options.cookie).slice(0, MAX_IDS);
  }

  /** A browser that reloads its callback has a session, and no login. */
  async #hasSession(headers: Incoming): Promise<boolean> {
    const [id, ...more] = this.#ids(headers);
    if (id === undefined || more.length > 0) return false;
    return (await this.#options.sessions.look(id).catch(this.#options.away)) !== undefined;
  }
  #pending(headers: Incoming, state: string): Pending | undefined {
    const [value, ...more] = cookieValues(headers.all("cookie"), this.#nameOf(state));
    if (value === undefined || more.length > 0) return undefined;
    const sealed = value.slice(value.indexOf(".") + 1);
    const opened = this.#options.sealer.open(Buffer.from(sealed, "base64url"), purposeOf(state));
    if (opened === undefined) return undefined;
    const pending = JSON.parse(opened) as Pending;
    return pending.until > this.#options.clock.date().getTime() ? pending : undefined;
  }
  #nameOf(state: string): string {
    return `__Host-login-${state.replaceAll(/[^A-Za-z0-9_-]/g, "").slice(0, STATE_IN_NAME)}`;
  }
  /**
   * Clears the cookies of the oldest logins if a browser has too many of them. The time in a cookie's value is not
   * sealed: without a state only it is known, and it decides nothing else.
   */
  #forgotten(headers: Incoming): string[] {
    const all = headers
      .all("cookie")
      .join(";")
      .matchAll(/(?:^|;)[ \t]*(__Host-login-[\w-]*)=(?:(\d{1,15})\.)?[^;]*/g);
    const logins = [...all]
      .map(([found, name = "", until = "0"]) => ({ name, until: Number(until), length: found.length }))
      .sort((a, b) => a.until - b.until);
    let characters = logins.reduce((sum, { length }) => sum + length, 0);
    let kept = logins.length;
    const names = new Set<string>();
    for (const { name, length } of logins) {
      if (kept < MAX_LOGINS && characters < MAX_LOGIN_CHARACTERS) break;
      names.add(name);
      kept--;
      characters -= length;
    }
    return [...names].slice(0, MAX_FORGOTTEN).flatMap(forget);
  }
}

/**
 * Returns true for a path of this origin. Browsers treat `//host` and `/\host` as other hosts (RFC 3986, 4.2; WHATWG
 * URL).
 */
function isLocalPath(path: string): boolean {
  return path.length <= MAX_RETURN_CHARACTERS && /^\/(?![/\\])[^\\\p{Cc}]*$/u.test(path);
}

/** Encodes a path for a header (RFC 3986, 2.1). URL's parser would remove `/./` in front of `/host`. */
function asciiOf(path: string): string {
  return path.replaceAll(/[^\p{Cc}\x21-\x7e]+/gu, encodeURIComponent);
}

/** Names what went wrong at the provider, without anything of what it wrote. */
function reasonOf(thrown: unknown): { readonly reason: string; readonly claim?: string | undefined } {
  if (thrown instanceof Failure) return { reason: thrown.message, claim: thrown.credential?.claim };
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  return { reason: /^\w{1,60}$/.test(code) ? code : "the provider's answer makes no login" };
}

function only(method: string, serve: (request: RouteRequest) => Promise<RouteAnswer>) {
  return async (request: RouteRequest): Promise<RouteAnswer> =>
    request.method === method ? serve(request) : text(405, `this takes ${method}`, ["allow", method]);
}
function text(status: number, words: string, headers: readonly string[] = []): RouteAnswer {
  return { status, headers: ["content-type", "text/plain; charset=utf-8", ...headers], body: `${words}\n` };
}
function json(status: number, value: unknown, headers: readonly string[] = []): RouteAnswer {
  return { status, headers: ["content-type", "application/json", ...headers], body: JSON.stringify(value) };
}
/** The header that sets a cookie for this host alone (RFC 6265bis, 4.1.3.2), which no script can read: name and value. */
function setCookie(name: string, value: string, lifeMs: number): string[] {
  const seconds = Math.floor(lifeMs / 1_000);
  return ["set-cookie", `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; Secure; SameSite=Lax`];
}
const forget = (name: string): string[] => ["set-cookie", forgotten(name)];
const secret = (): string => randomBytes(SECRET_BYTES).toString("base64url");
const purposeOf = (state: string): string => `login ${state}`;

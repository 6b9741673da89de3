// Logins at the issuer of `dev`: the authorization code flow with PKCE (OpenID Connect Core 1.0, 3.1; RFC 7636). The
// user of the browser chooses a principal.
import { createHash, randomBytes } from "node:crypto";
import type { Way } from "./caller-needs.ts";
import type { Principal } from "./principals.ts";

type LoginWay = Extract<Way, { readonly kind: "login" }>;

/** Login of a browser on its way back to a server. */
interface Login {
  readonly way: LoginWay;
  readonly principal: Principal;
  readonly nonce: string | undefined;
  readonly challenge: string;
  readonly until: number;
}

/** Principal and client of new tokens. */
interface LoggedIn {
  readonly way: LoginWay;
  readonly principal: Principal;
  readonly nonce: string | undefined;
  readonly refreshToken: string;
}

const CODE_LIFE_MS = 60_000;
const MOST = 1_000;

/** An error of RFC 6749, 5.2. */
export class LoginError extends Error {}

export class Logins {
  readonly #codes = new Map<string, Login>();
  readonly #refreshes = new Map<string, Pick<Login, "way" | "principal">>();
  readonly #now: () => number;

  /** @param now in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * Returns the way of the requesting client.
   *
   * @throws Error that describes the fault in the query
   */
  wayFor(query: URLSearchParams, ways: readonly Way[]): LoginWay {
    const loginWays = ways.filter((way) => way.kind === "login");
    const [id, back] = [query.get("client_id"), query.get("redirect_uri")];
    const found = loginWays.find((way) => way.clientId === id && way.redirectUri === back);
    if (found === undefined) throw new Error(`no server of this dev has the client ${id} with the way back ${back}`);
    if (query.get("response_type") !== "code") throw new Error("response_type has to be code");
    if (query.get("code_challenge_method") !== "S256" || (query.get("code_challenge") ?? "") === "")
      throw new Error("there has to be a code_challenge with the method S256");
    return found;
  }

  /** Returns the URL to which the browser returns after the choice of a principal. */
  back(query: URLSearchParams, way: LoginWay, principal: Principal): string {
    const code = randomBytes(16).toString("base64url");
    kept(this.#codes).set(code, {
      way,
      principal,
      nonce: query.get("nonce") ?? undefined,
      challenge: query.get("code_challenge") ?? "",
      until: this.#now() + CODE_LIFE_MS,
    });
    const url = new URL(way.redirectUri);
    url.searchParams.set("code", code);
    const state = query.get("state");
    if (state !== null) url.searchParams.set("state", state);
    return url.href;
  }

  /** Throws a `Refused`. @param authorization the header of that name */
  trade(form: URLSearchParams, authorization: string | undefined): LoggedIn {
    const { way, principal, nonce } = this.#granted(form);
    const { id, secret } = clientIn(form, authorization);
    if (id !== way.clientId || secret !== way.clientSecret) throw new LoginError("invalid_client");
    const refreshToken = randomBytes(16).toString("base64url");
    kept(this.#refreshes).set(refreshToken, { way, principal });
    return { way, principal, nonce, refreshToken };
  }

  /** Each is good once. */
  #granted(form: URLSearchParams): Pick<Login, "way" | "principal" | "nonce"> {
    switch (form.get("grant_type")) {
      case "authorization_code": {
        const found = taken(this.#codes, form.get("code"));
        const challenge = createHash("sha256")
          .update(form.get("code_verifier") ?? "")
          .digest("base64url");
        const isGood = found !== undefined && found.challenge === challenge && this.#now() < found.until;
        if (!isGood || form.get("redirect_uri") !== found.way.redirectUri) throw new LoginError("invalid_grant");
        return found;
      }
      case "refresh_token": {
        const found = taken(this.#refreshes, form.get("refresh_token"));
        if (found === undefined) throw new LoginError("invalid_grant");
        return { ...found, nonce: undefined };
      }
      default:
        throw new LoginError("unsupported_grant_type");
    }
  }
}

/** Removes the oldest entry of a full map. */
function kept<T>(map: Map<string, T>): Map<string, T> {
  const [oldest] = map.keys();
  if (map.size >= MOST && oldest !== undefined) map.delete(oldest);
  return map;
}
function taken<T>(map: Map<string, T>, key: string | null): T | undefined {
  const found = map.get(key ?? "");
  map.delete(key ?? "");
  return found;
}

/** Returns the client from client_secret_basic or client_secret_post (RFC 6749, 2.3.1). */
function clientIn(form: URLSearchParams, authorization = ""): { readonly id: string; readonly secret: string } {
  const basic = /^basic +(\S+)$/i.exec(authorization)?.[1];
  if (basic === undefined) return { id: form.get("client_id") ?? "", secret: form.get("client_secret") ?? "" };
  const [id = "", secret = ""] = Buffer.from(basic, "base64").toString().split(":");
  const decoded = (text: string): string => new URLSearchParams(`a=${text}`).get("a") ?? "";
  return { id: decoded(id), secret: decoded(secret) };
}

// Token issuer of `dev`: an OpenID provider on loopback that accepts any claimed identity. It exists only in this
// package, so that no server can start with it in production.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Served } from "./caller-needs.ts";
import { type Credential, Credentials, Unknown } from "./credentials.ts";
import { LoginError, Logins } from "./logins.ts";
import type { Principal } from "./principals.ts";
import { SigningKeys } from "./signing-keys.ts";

const MAX_BODY_BYTES = 16 << 10;
const MAX_CONNECTIONS = 64;
/** Headers of every response: each is for the requesting client alone, and no page of another origin reads it. */
const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
};

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly location?: string;
}

export class Issuer {
  /** `http://127.0.0.1:<port>`; also the claim `iss`. */
  readonly url: string;
  readonly #server: Server;
  readonly #keys = new SigningKeys();
  readonly #logins = new Logins();
  readonly #served = new Map<string, Served>();
  readonly #credentials: Credentials;

  /** Starts one on a free port. @param cwd where principals.json may be */
  static async start(cwd: string): Promise<Issuer> {
    const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 });
    server.maxConnections = MAX_CONNECTIONS;
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Issuer(server, cwd);
  }

  private constructor(server: Server, cwd: string) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.#credentials = new Credentials(cwd, this.url, this.#keys);
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      this.#answer(request).then(
        (answer) => respond(response, request, answer),
        (error) => respond(response, request, refusal(error)),
      );
    });
  }

  /** Issues for a server from now on; resolves when the keys for it are published. */
  async serve(name: string, served: Served): Promise<void> {
    for (const way of served.ways) {
      if (way.kind === "token") await this.#keys.prepare(way.algorithm);
      if (way.kind === "login") await this.#keys.prepare(LOGIN_ALGORITHM);
    }
    this.#served.set(name, served);
  }

  /** Fault in principals.json; undefined: none. */
  get fault(): string | undefined {
    return this.#credentials.fault;
  }

  /** Returns the URL of a server's credentials as JSON, for its live page. */
  credentialsAt(name: string): string {
    return `${this.url}/credentials?${new URLSearchParams({ for: name })}`;
  }
  tokenAt(name: string, source?: string): string {
    return `${this.url}/token?${new URLSearchParams({ for: name, ...(source !== undefined && { source }) })}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const { pathname, searchParams } = new URL(request.url ?? "/", this.url);
    const { port } = new URL(this.url);
    // Another host name that leads here belongs to a foreign page (DNS rebinding).
    if (![`127.0.0.1:${port}`, `localhost:${port}`].includes(request.headers.host ?? ""))
      return text(421, `this is ${this.url} alone`);
    const route = `${request.method} ${pathname}`;
    // Redirects to a login lead here from another port, as may the discovery by a client in a browser.
    if (!NAVIGATED.has(route) && !isSameOrigin(request, this.url))
      return text(403, "no page of another origin gets a token here");
    switch (route) {
      case "GET /":
        return html(homePage(this.url, this.#served, this.#credentials.fault));
      case "GET /.well-known/openid-configuration":
        return json(this.#description());
      case "GET /keys":
        return json({ keys: await this.#keys.published() });
      case "GET /token":
        return text(200, await this.#credentials.token(searchParams, this.#served));
      case "GET /credentials":
        return json((await this.#credentials.all(this.#named(searchParams))) satisfies readonly Credential[]);
      case "GET /authorize":
        return this.#authorize(searchParams);
      case "POST /token":
        return this.#trade(new URLSearchParams(await bodyOf(request)), request.headers.authorization);
      case "GET /logout":
        return this.#logout(searchParams);
      default:
        return text(404, `there is nothing here; ${this.url}/ lists its paths`);
    }
  }

  #named(query: URLSearchParams): Served {
    const found = this.#served.get(query.get("for") ?? "");
    if (found === undefined)
      throw new Unknown(
        `there is no server ${JSON.stringify(query.get("for"))}; for= is one of ${[...this.#served.keys()].join(", ")}`,
      );
    return found;
  }

  /** OpenID Connect Discovery 1.0, section 3. */
  #description(): object {
    const { url } = this;
    return {
      issuer: url,
      authorization_endpoint: `${url}/authorize`,
      token_endpoint: `${url}/token`,
      end_session_endpoint: `${url}/logout`,
      jwks_uri: `${url}/keys`,
      response_types_supported: ["code"],
      grant_types_supported: ["authorization_code", "refresh_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: [LOGIN_ALGORITHM],
      code_challenge_methods_supported: ["S256"],
      token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
    };
  }

  #authorize(query: URLSearchParams): Answer {
    const way = this.#logins.wayFor(
      query,
      [...this.#served.values()].flatMap(({ ways }) => ways),
    );
    const principals = this.#credentials.principals(way.source);
    const chosen = principals.find(({ name }) => name === query.get("as"));
    if (chosen === undefined) return html(loginPage(query, principals));
    return { ...text(302, ""), location: this.#logins.back(query, way, chosen) };
  }

  async #trade(form: URLSearchParams, authorization: string | undefined): Promise<Answer> {
    const { way, principal, nonce, refreshToken } = this.#logins.trade(form, authorization);
    const sign = (more: object): Promise<string> => this.#signFor(principal, way.clientId, more);
    return json({
      access_token: await sign({}),
      id_token: await sign(nonce === undefined ? {} : { nonce }),
      refresh_token: refreshToken,
      token_type: "Bearer",
      expires_in: LOGIN_LIFE_S,
    });
  }
  #signFor(principal: Principal, audience: string, more: object): Promise<string> {
    return this.#credentials.sign({ ...principal, audience, algorithm: LOGIN_ALGORITHM, lifeS: LOGIN_LIFE_S, more });
  }

  /** OpenID Connect RP-Initiated Logout 1.0. The issuer keeps no sessions, so it only redirects back. */
  #logout(query: URLSearchParams): Answer {
    const back = query.get("post_logout_redirect_uri");
    const known = [...this.#served.values()].flatMap(({ ways }) =>
      ways.flatMap((way) => (way.kind === "login" ? [way.redirectUri] : [])),
    );
    const isKnown = back !== null && known.some((uri) => new URL(uri).origin === URL.parse(back)?.origin);
    return back !== null && isKnown ? { ...text(302, ""), location: back } : text(200, "logged out");
  }
}

const LOGIN_ALGORITHM = "ES256";
const LOGIN_LIFE_S = 3_600;
/** Routes to which pages of other origins lead, and whose responses contain no token. */
const NAVIGATED: ReadonlySet<string> = new Set(["GET /authorize", "GET /logout"]);

/** Returns false if a browser sends the request for a page of another origin. */
function isSameOrigin({ headers }: IncomingMessage, url: string): boolean {
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") return false;
  return headers.origin === undefined || headers.origin === url;
}

const text = (status: number, body: string): Answer => ({ status, type: "text/plain; charset=utf-8", body });
const html = (body: string): Answer => ({ status: 200, type: "text/html; charset=utf-8", body });
const json = (value: unknown): Answer => ({ status: 200, type: "application/json", body: JSON.stringify(value) });

function refusal(error: unknown): Answer {
  if (error instanceof LoginError)
    return { ...json({ error: error.message }), status: error.message === "invalid_client" ? 401 : 400 };
  return text(error instanceof Unknown ? 404 : 400, error instanceof Error ? error.message : String(error));
}

function respond(response: ServerResponse, request: IncomingMessage, { status, type, body, location }: Answer): void {
  if (!request.complete) response.setHeader("connection", "close");
  const headers = { ...HEADERS, "content-type": type, ...(location !== undefined && { location }) };
  response.writeHead(status, headers).end(body === "" || type !== "text/plain; charset=utf-8" ? body : `${body}\n`);
}

/** @throws Error for one that is too long */
async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request.setEncoding("utf8") as AsyncIterable<string>) {
    body += chunk;
    if (body.length > MAX_BODY_BYTES) throw new Error(`a form may have ${MAX_BODY_BYTES} bytes`);
  }
  return body;
}

// Pages of `dev`'s issuer: HTML without scripts.

/** Returns the page on which the user chooses a principal. */
function loginPage(query: URLSearchParams, principals: readonly Principal[]): string {
  const link = ({ name }: Principal): string => `/authorize?${new URLSearchParams([...query, ["as", name]])}`;
  const items = principals.map(
    (principal) => `<li><a href="${escaped(link(principal))}">${escaped(principal.name)}</a> ${shown(principal)}</li>`,
  );
  return page("Log in as", `<ul>${items.join("")}</ul>`);
}

/** Returns the home page, which lists the credentials of each server. */
function homePage(url: string, served: ReadonlyMap<string, Served>, fault: string | undefined): string {
  const parts = [...served].map(([name, { ways }]) => {
    const items = ways.flatMap((way) => {
      if (way.kind !== "token") return [];
      const query = new URLSearchParams({ for: name, source: way.source.name });
      return [`<li><a href="/token?${escaped(String(query))}">a token for ${escaped(way.source.name)}</a></li>`];
    });
    return `<h2>${escaped(name)}</h2><ul>${items.join("")}</ul>`;
  });
  const wrong = fault === undefined ? "" : `<p>${escaped(fault)}</p>`;
  return page(`The issuer of protobff dev, ${escaped(url)}`, wrong + parts.join(""));
}

function page(title: string, body: string): string {
  const style = "body{font:16px/1.5 system-ui;max-width:50em;margin:2em auto;padding:0 1em}code{word-break:break-word}";
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><style>${style}</style><h1>${title}</h1>${body}</html>`;
}

const shown = ({ claims }: Principal): string => `<code>${escaped(JSON.stringify(claims))}</code>`;

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

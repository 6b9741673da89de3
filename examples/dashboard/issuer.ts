// A small OpenID provider on loopback, for the demo and the benchmark: it signs tokens, and logs in the account picked
// from a list.
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";

/** A person who may log in: the name and the claims of the tokens, without the subject. */
export interface Account {
  readonly name: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

export interface IssuerOptions {
  /** By subject. */
  readonly accounts: Readonly<Record<string, Account>>;
  /** The one client, and where browsers are sent back to. */
  readonly client?: { readonly id: string; readonly redirectUri: () => string };
}

export interface Issuer {
  /** `http://127.0.0.1:<port>`; also the issuer (`iss`) of its tokens. */
  readonly url: string;
  /** An access token, signed with ES256. `expiresIn`: seconds, 10 minutes when left out; negative for one that has expired. */
  token(subject: string, audience: string, expiresIn?: number): Promise<string>;
  close(): Promise<void>;
}

interface Login {
  readonly subject: string;
  readonly nonce: string | undefined;
  readonly challenge: string | undefined;
}

const LIFE_S = 600;
const MAX_BYTES = 16 << 10;

/** Starts it on a free port. */
export async function startIssuer({ accounts, client }: IssuerOptions): Promise<Issuer> {
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const key = { ...(await exportJWK(publicKey)), kid: "demo", alg: "ES256", use: "sig" };
  const logins = new Map<string, Login>();
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const sign = (subject: string, audience: string, life = LIFE_S, more: JWTPayload = {}): Promise<string> => {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ ...accounts[subject]?.claims, ...more })
      .setProtectedHeader({ alg: "ES256", kid: key.kid, typ: "JWT" })
      .setIssuer(url)
      .setSubject(subject)
      .setAudience(audience)
      .setIssuedAt(now)
      .setExpirationTime(now + life)
      .sign(privateKey);
  };

  /** OpenID Connect Discovery 1.0, section 3. */
  const description = {
    issuer: url,
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    jwks_uri: `${url}/keys`,
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["ES256"],
    code_challenge_methods_supported: ["S256"],
    token_endpoint_auth_methods_supported: ["client_secret_basic"],
  };

  /** A list to pick from; with a `subject` the way back, with a code. */
  const authorize = (query: URLSearchParams, response: ServerResponse): void => {
    const back = client?.redirectUri();
    if (client === undefined || query.get("client_id") !== client.id || query.get("redirect_uri") !== back) {
      respond(response, 400, "text/plain", "another client, or another way back");
      return;
    }
    const subject = query.get("subject");
    if (subject === null || accounts[subject] === undefined) {
      const link = (id: string) => `/authorize?${new URLSearchParams([...query, ["subject", id]])}`;
      const links = Object.entries(accounts).map(
        ([id, { name }]) => `<p><a href="${link(id).replaceAll("&", "&amp;")}">${name}</a></p>`,
      );
      respond(response, 200, "text/html; charset=utf-8", `<!doctype html><title>Log in</title>${links.join("\n")}`);
      return;
    }
    const code = randomBytes(16).toString("base64url");
    const text = (name: string) => query.get(name) ?? undefined;
    logins.set(code, { subject, nonce: text("nonce"), challenge: text("code_challenge") });
    const parameters = new URLSearchParams({ code, state: query.get("state") ?? "" });
    response.writeHead(302, { location: `${back}?${parameters}` }).end();
  };

  /**
   * Exchanges a code for tokens, once, if the client presents the verifier of its challenge (RFC 7636, section 4.6).
   */
  const trade = async (form: URLSearchParams, response: ServerResponse): Promise<void> => {
    const code = form.get("code") ?? "";
    const login = logins.get(code);
    logins.delete(code);
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    if (login === undefined || client === undefined || login.challenge !== challenge) {
      respond(response, 400, "application/json", JSON.stringify({ error: "invalid_grant" }));
      return;
    }
    const { subject, nonce } = login;
    const tokens = {
      access_token: await sign(subject, client.id),
      id_token: await sign(subject, client.id, LIFE_S, { nonce }),
      token_type: "Bearer",
      expires_in: LIFE_S,
    };
    respond(response, 200, "application/json", JSON.stringify(tokens));
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? "/", url);
    if (pathname === "/.well-known/openid-configuration")
      respond(response, 200, "application/json", JSON.stringify(description));
    else if (pathname === "/keys") respond(response, 200, "application/json", JSON.stringify({ keys: [key] }));
    else if (pathname === "/authorize") authorize(searchParams, response);
    else if (pathname === "/token" && request.method === "POST")
      await trade(new URLSearchParams(await bodyOf(request)), response);
    else respond(response, 404, "text/plain", "nothing here");
  };
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    serve(request, response).catch(() => response.destroy());
  });

  return {
    url,
    token: (subject, audience, expiresIn) => sign(subject, audience, expiresIn),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function respond(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "content-type": type, "cache-control": "max-age=600" }).end(body);
}

/** @throws for one that is too long for a form of ours */
async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk as string;
    if (text.length > MAX_BYTES) throw new Error("too long");
  }
  return text;
}

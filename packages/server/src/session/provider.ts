import type { Clock } from "@protobff/runtime/internal/clock";
import type * as Oidc from "openid-client";
import { boundedFetch, FETCH_MS } from "./bounded-fetch.ts";

/** The provider's tokens of a user who has logged in. */
export interface Tokens {
  /** The payload of the ID token. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly idToken: string;
  readonly access: string;
  /** Unix seconds; undefined if the provider returns no lifetime. */
  readonly accessUntil: number | undefined;
  readonly refresh: string | undefined;
}

/** Secrets of one login, from its beginning to its return. */
export interface LoginSecrets {
  readonly state: string;
  readonly nonce: string;
  /** Code verifier of PKCE (RFC 7636). */
  readonly verifier: string;
}

interface ProviderOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
}

/** Reason of a failed refresh: the provider has revoked the token. */
export type RefreshFault = "ended";

/** Pause after a failed discovery, in milliseconds. */
const PAUSE_MS = 1_000;
/** Refusals of a refresh token, after which it will never work again (RFC 6749, 5.2). */
const FINAL = new Set(["invalid_grant", "invalid_client", "unauthorized_client", "invalid_scope"]);

/**
 * The OpenID provider: authorization code with PKCE (OpenID Connect Core 1.0, RFC 7636), by openid-client. Its metadata
 * is fetched on first use, and again after a failure. ID tokens must be signed, although they arrive directly.
 */
export class Provider {
  readonly #options: ProviderOptions;
  readonly #clock: Clock;
  #oidc: typeof Oidc | undefined;
  #known: Promise<Oidc.Configuration> | undefined;
  #failedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ProviderOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }
  /** Returns the address of the login page for the browser. Rejects if the provider is unreachable. */
  async login({ state, nonce, verifier }: LoginSecrets): Promise<URL> {
    const [oidc, config] = await this.#configuration();
    return oidc.buildAuthorizationUrl(config, {
      redirect_uri: this.#options.redirectUri,
      response_type: "code",
      scope: this.#options.scopes.join(" "),
      state,
      nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
    });
  }
  /**
   * Trades the code for tokens. Rejects with whatever is wrong.
   *
   * @param query of the address that the browser has come back to
   */
  async callback(query: URLSearchParams, { state, nonce, verifier }: LoginSecrets): Promise<Tokens> {
    const [oidc, config] = await this.#configuration();
    const address = new URL(this.#options.redirectUri);
    address.search = query.toString();
    const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
    const answer = await oidc.authorizationCodeGrant(config, address, checks);
    const claims = answer.claims();
    if (claims === undefined || answer.id_token === undefined) throw new Error("no ID token");
    return this.#tokens(answer, claims, answer.id_token, undefined);
  }
  /** New tokens for an old session. Rejects with a `RefreshFault`, or with any other error, as if it is unreachable. */
  async refresh(before: Tokens): Promise<Tokens> {
    try {
      const [oidc, config] = await this.#configuration();
      const answer = await oidc.refreshTokenGrant(config, before.refresh ?? "");
      const claims = answer.claims() ?? before.claims;
      if (claims.sub !== before.claims.sub) throw "ended" satisfies RefreshFault; // somebody else's (OpenID Connect Core, 12.2)
      return this.#tokens(answer, claims, answer.id_token ?? before.idToken, before.refresh);
    } catch (thrown) {
      if (thrown === "ended") throw thrown;
      const error = thrown instanceof Object && "error" in thrown ? thrown.error : undefined;
      throw FINAL.has(String(error)) ? ("ended" satisfies RefreshFault) : thrown;
    }
  }
  /**
   * Returns the address of the provider's logout page (OpenID Connect RP-Initiated Logout 1.0); undefined if it has
   * none.
   */
  async logout(idToken: string, returnTo: string): Promise<URL | undefined> {
    const [oidc, config] = await this.#configuration();
    if (config.serverMetadata().end_session_endpoint === undefined) return undefined;
    return oidc.buildEndSessionUrl(config, { id_token_hint: idToken, post_logout_redirect_uri: returnTo });
  }
  /** Returns the address of its keys. Rejects if the provider is unreachable. */
  async keys(): Promise<string> {
    const [, config] = await this.#configuration();
    const { jwks_uri } = config.serverMetadata();
    if (jwks_uri === undefined) throw new Error("the provider declares no `jwks_uri`");
    return jwks_uri;
  }

  async #configuration(): Promise<[typeof Oidc, Oidc.Configuration]> {
    this.#oidc ??= await import("openid-client"); // nobody else pays for loading it
    const oidc = this.#oidc;
    if (this.#known === undefined) {
      if (this.#clock.now() - this.#failedAt < PAUSE_MS)
        throw new Error("the provider could not be reached a moment ago");
      this.#known = this.#discover(oidc);
      this.#known.catch(() => {
        this.#known = undefined;
        this.#failedAt = this.#clock.now();
      });
    }
    return [oidc, await this.#known];
  }
  #discover(oidc: typeof Oidc): Promise<Oidc.Configuration> {
    const { issuer, clientId, clientSecret } = this.#options;
    // Plain HTTP is for loopback alone, which the configuration has made sure of.
    const insecure = issuer.startsWith("http:") ? [oidc.allowInsecureRequests] : [];
    const [basic, post] = [oidc.ClientSecretBasic(clientSecret), oidc.ClientSecretPost(clientSecret)];
    const authenticate: Oidc.ClientAuth = (server, ...rest) => {
      const methods = server.token_endpoint_auth_methods_supported ?? [BASIC]; // as OpenID Connect Discovery 1.0 has it, section 3
      return (methods.includes(BASIC) ? basic : post)(server, ...rest);
    };
    return oidc.discovery(new URL(issuer), clientId, undefined, authenticate, {
      [oidc.customFetch]: boundedFetch,
      timeout: FETCH_MS / 1_000,
      execute: [...insecure, oidc.enableNonRepudiationChecks],
    });
  }
  #tokens(
    answer: Oidc.TokenEndpointResponse,
    claims: Readonly<Record<string, unknown>>,
    idToken: string,
    refresh: string | undefined,
  ): Tokens {
    const { access_token: access, expires_in: seconds, refresh_token } = answer;
    const now = Math.floor(this.#clock.date().getTime() / 1_000);
    const accessUntil = seconds === undefined ? undefined : now + seconds;
    return { claims, idToken, access, accessUntil, refresh: refresh_token ?? refresh };
  }
}
const BASIC = "client_secret_basic";

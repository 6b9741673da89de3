// An OpenID provider that nobody here wrote: oidc-provider, certified by the OpenID Foundation. Whoever comes is logged in at once.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import Provider from "oidc-provider";

export interface OpenidProviderOptions {
  /** Where the BFF is, as browsers see it. */
  readonly publicUrl: () => string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly authentication?: "client_secret_basic" | "client_secret_post";
  /** Seconds. */
  readonly accessLifeS?: number;
  readonly claims?: Readonly<Record<string, unknown>>;
  /** The name in the provider's own address: browsers take `localhost` and `127.0.0.1` for two sites. */
  readonly host?: "127.0.0.1" | "localhost";
}

export interface OpenidProvider {
  readonly issuer: string;
  /** Who logs in next. */
  account: string;
  /** What it is in the middle of: answering, hanging, or answering 503. */
  mode: "up" | "hangs" | "down";
  /** Requests to its token endpoint, by grant. */
  readonly grants: string[];
  /** Takes back every grant of an account: a refresh is refused from now on. */
  revoke(account: string): Promise<void>;
  close(): Promise<void>;
}

/** Listens on a free port of loopback. */
export async function startOpenidProvider(options: OpenidProviderOptions): Promise<OpenidProvider> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `http://${options.host ?? "127.0.0.1"}:${(server.address() as AddressInfo).port}`;
  const provider = providerAt(issuer, options);
  const callback = provider.callback();
  const hanging = new Set<ServerResponse>();
  const grants = new Map<string, Set<string>>();
  provider.on("server_error", (_, error) => console.error(error));
  const running: OpenidProvider = {
    issuer,
    account: "ada",
    mode: "up",
    grants: [],
    async revoke(account) {
      for (const id of grants.get(account) ?? []) await (await provider.Grant.find(id))?.destroy();
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  provider.on("access_token.saved", ({ accountId, grantId }) => {
    if (accountId === undefined || grantId === undefined) return;
    grants.set(accountId, (grants.get(accountId) ?? new Set()).add(grantId));
  });
  provider.on("grant.success", ({ oidc }) => running.grants.push(String(oidc.params?.grant_type)));
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    if (running.mode === "hangs") hanging.add(response);
    else if (running.mode === "down") response.writeHead(503).end();
    else if (request.url?.startsWith("/interaction/")) void interact(provider, running.account, request, response);
    else void callback(request, response);
  });
  return running;
}

async function interact(provider: Provider, accountId: string, request: IncomingMessage, response: ServerResponse) {
  await provider.interactionFinished(request, response, { login: { accountId } });
}

function providerAt(issuer: string, options: OpenidProviderOptions): Provider {
  const {
    clientId = "web",
    clientSecret = "a secret of the client's",
    authentication = "client_secret_basic",
  } = options;
  const url = options.publicUrl();
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        token_endpoint_auth_method: authentication,
        redirect_uris: [`${url}/auth/callback`],
        post_logout_redirect_uris: [`${url}/`],
        grant_types: ["authorization_code", "refresh_token"],
        backchannel_logout_uri: `${url}/auth/backchannel-logout`,
        backchannel_logout_session_required: true,
      },
    ],
    features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
    clientAuthMethods: [authentication],
    conformIdTokenClaims: false,
    claims: { openid: ["sub", "sid", ...Object.keys(options.claims ?? {})] },
    findAccount: (_, id) => ({ accountId: id, claims: async () => ({ ...options.claims, sub: id }) }),
    issueRefreshToken: async () => true,
    rotateRefreshToken: true,
    ttl: {
      AccessToken: options.accessLifeS ?? 600,
      Interaction: 600,
      Session: 3_600,
      Grant: 3_600,
      RefreshToken: 3_600,
      IdToken: 600,
    },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    // Its own refuses addresses of this machine.
    fetch: (url, { dispatcher: _, ...rest }: RequestInit & { dispatcher?: unknown } = {}) => fetch(url, rest),
    pkce: { required: () => true },
    cookies: { keys: ["a key of the test's"] },
    async loadExistingGrant({ oidc }) {
      const grant = new provider.Grant({
        clientId: oidc.client?.clientId ?? "",
        accountId: oidc.session?.accountId ?? "",
      });
      grant.addOIDCScope("openid offline_access");
      await grant.save();
      return grant;
    },
  });
  // Loopback without TLS.
  provider.proxy = true;
  return provider;
}

// Sessions of browsers and the login of agents inside another program, at the root and below a path.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { DescService } from "@bufbuild/protobuf";
import { type CallOptions, Code, createClient } from "@connectrpc/connect";
import type { Bff, OpenBffOptions } from "@protobff/server/embed";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type OpenidProvider, startOpenidProvider } from "../../../packages/server/src/testing/openid-provider.ts";
import { GeneratedProject } from "../../support/generated-project.ts";
import { startIssuer, tokenOf } from "../identity/token-issuer.ts";
import { LoginBrowser } from "./login-browser.ts";
import { SHOP, UPSTREAMS } from "./shop.ts";

const SITE = "https://app.example";
const PAY = "/shop.v1.ShopService/PayOrder";
const OWN_PAGE = { "sec-fetch-site": "same-origin", origin: SITE };
const OTHER_PAGE = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };
const IDENTITY = `option (bff.v1.file) = {
  env: [{ name: "PROVIDER" type: "string" }, { name: "ISSUER" type: "string" }]
  identity: {
    type: "Caller"
    source: [
      { name: "browser" session: { issuer: "{env.PROVIDER}" client_id: "web" }
        set: { name: "id" by: "credential.subject" } },
      { name: "agent" jwt: { issuer: "{env.ISSUER}" audience: "agents" jwks: "{env.ISSUER}/jwks" algorithm: "ES256" }
        set: { name: "id" by: "credential.subject" } }
    ]
  }
};
message Caller { string id = 1; }
service ShopService {`;

const project = new GeneratedProject("embed-logins", {
  "shop/v1/shop.proto": SHOP.replace("service ShopService {", IDENTITY)
    .replace("option (bff.v1.service) = {};", "option (bff.v1.service) = { permit: {} tool: {} };")
    .replace("headers['x-user']", "principal.id"),
});
const providers = new Map<string, OpenidProvider>();
beforeAll(async () => {
  project.generate();
  for (const base of ["", "/api"]) providers.set(base, await startOpenidProvider({ publicUrl: () => SITE + base }));
});
afterAll(async () => {
  for (const provider of providers.values()) await provider.close();
  project.remove();
});

/** @param issuer of the tokens of agents */
async function openBff(basePath = "", issuer = "http://127.0.0.1:9"): Promise<Bff> {
  const address = await project.upstream(UPSTREAMS);
  const { openBff: open }: { openBff: (options: OpenBffOptions) => Promise<Bff> } = await import(
    join(project.folder, "shop/v1/bff.ts")
  );
  const env = {
    UP_V1_ORDERSERVICE_URL: address,
    UP_V1_ITEMSERVICE_URL: address,
    BFF_LOG: "off",
    PROVIDER: providers.get(basePath)?.issuer ?? "",
    ISSUER: issuer,
    BFF_PUBLIC_URL: SITE,
    BFF_SESSION_KEYS: Buffer.alloc(32, 1).toString("base64"),
    BFF_BROWSER_CLIENT_SECRET: "a secret of the client's",
  };
  const bff = await open({ env, basePath });
  onTestFinished(() => bff.close(0));
  return bff;
}

type Answering = (request: Request) => Promise<Response>;
/** The doors over which browsers come. */
const DOORS: Readonly<Record<string, (bff: Bff) => Promise<Answering>>> = {
  fetch: async (bff) => bff.fetch,
  async node(bff) {
    const server = createServer((request, response) =>
      bff.node(request, response, () => void response.writeHead(200).end("a page of the program")),
    ).listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    return async (request) =>
      fetch(request.url.replace(SITE, `http://127.0.0.1:${port}`), {
        method: request.method,
        headers: request.headers,
        redirect: "manual",
        ...(request.body !== null && { body: await request.text() }),
      });
  },
};
const WAYS = Object.entries(DOORS).flatMap(([door, answering]) =>
  ["", "/api"].map((base) => ({ door, base, answering })),
);

async function loggedIn(answering: Answering, name: string, base = ""): Promise<LoginBrowser> {
  const browser = new LoginBrowser(SITE, answering);
  Object.assign(providers.get(base) ?? {}, { account: name });
  expect(await browser.visit(`${base}/auth/login?return_to=/inbox`)).toBe(`${SITE}/inbox`);
  return browser;
}
const post = (message: object, headers: Readonly<Record<string, string>> = {}): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(message),
});

describe.each(WAYS)("over $door below '$base'", ({ base, answering }) => {
  test("a browser logs in, writes from its own pages alone, and logs out", async () => {
    const browser = await loggedIn(await answering(await openBff(base)), "ada", base);
    const session = browser.set.filter((line) => line.startsWith("__Host-session="));
    expect(session).toEqual([expect.stringMatching(/; Path=\/; Max-Age=36000; HttpOnly; Secure; SameSite=Lax$/)]);
    const pay = async (headers: Readonly<Record<string, string>>): Promise<number> =>
      (await browser.send(base + PAY, post({ id: "1" }, headers))).status;
    expect([await pay({}), await pay(OTHER_PAGE)]).toEqual([401, 401]);
    expect([await pay(OWN_PAGE), await pay({ "x-csrf": "1" })]).toEqual([200, 200]);
    const me = await browser.send(`${base}/auth/me`, { headers: OWN_PAGE });
    expect(await me.json()).toEqual({ principal: { id: "ada" } });
    const logout = (headers: Readonly<Record<string, string>>) =>
      browser.send(`${base}/auth/logout`, { method: "POST", headers });
    expect((await logout(OTHER_PAGE)).status).toBe(403);
    expect(await pay(OWN_PAGE)).toBe(200);
    const { logout_url } = (await (await logout(OWN_PAGE)).json()) as { logout_url: string };
    expect(new URL(logout_url).searchParams.get("post_logout_redirect_uri")).toBe(`${SITE}/`);
    expect([browser.cookie, await pay(OWN_PAGE)]).toEqual(["", 401]);
  });

  test("a login that was not begun names the path to begin at", async () => {
    const answer = await (await answering(await openBff(base)))(new Request(`${SITE}${base}/auth/callback?state=x`));
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining(` at ${base}/auth/login`)]);
  });

  test("an agent finds the login, and its token for the tools counts", async () => {
    const issuer = await startIssuer();
    const answer = await answering(await openBff(base, issuer));
    const list = (headers: Readonly<Record<string, string>>): Promise<Response> => {
      const accept = { accept: "application/json, text/event-stream", "mcp-protocol-version": "2025-06-18" };
      const call = { jsonrpc: "2.0", id: 1, method: "tools/list" };
      return answer(new Request(`${SITE}${base}/mcp`, post(call, { ...accept, ...headers })));
    };
    const refused = await list({});
    expect(refused.status).toBe(401);
    const metadata = /resource_metadata="([^"]+)"/.exec(refused.headers.get("www-authenticate") ?? "")?.[1] ?? "";
    const resource = `${SITE}${base}/mcp`;
    // The address in the challenge, and the one of RFC 9728, 3.1.
    for (const url of [metadata, `${SITE}/.well-known/oauth-protected-resource${base}/mcp`]) {
      const found = await answer(new Request(url));
      expect([found.status, await found.json()]).toEqual([
        200,
        expect.objectContaining({ resource, authorization_servers: [issuer] }),
      ]);
    }
    const statusWith = async (audience: string): Promise<number> => {
      const token = await tokenOf(issuer, { sub: "ann" }, audience);
      return (await list({ authorization: `Bearer ${token}` })).status;
    };
    expect([await statusWith(resource), await statusWith(`${SITE}/elsewhere/mcp`)]).toEqual([200, 401]);
  });

  test("a cookie does not count for tools", async () => {
    const answer = await answering(await openBff(base));
    const browser = await loggedIn(answer, "ada", base);
    const call = post({ jsonrpc: "2.0", id: 1, method: "tools/list" }, { ...OWN_PAGE, accept: "application/json" });
    expect((await browser.send(`${base}/mcp`, call)).status).toBe(401);
  });
});

interface ShopClient {
  getOrderPage(request: object, options?: CallOptions): Promise<{ id: string; user: string }>;
  payOrder(request: object, options?: CallOptions): Promise<object>;
}
async function clientOf(bff: Bff, headers?: Readonly<Record<string, string>>): Promise<ShopClient> {
  const { ShopService } = await import(join(project.folder, "shop/v1/shop_pb.ts"));
  return createClient(ShopService as DescService, bff.transport({ ...(headers && { headers }) })) as never;
}

test("a session counts over a transport in its headers alone", async () => {
  const bff = await openBff();
  const { cookie } = await loggedIn(bff.fetch, "ada");
  const user = async (headers?: Readonly<Record<string, string>>) =>
    (await (await clientOf(bff, headers)).getOrderPage({ id: "1" })).user;
  const unauthenticated = { code: Code.Unauthenticated };
  // A page that a person opens, by a link of another site too, has no `origin`; a form or script has one.
  for (const site of ["none", "same-origin", "cross-site"])
    expect(await user({ cookie, "sec-fetch-site": site })).toBe("ada");
  expect([await user({ cookie }), await user({ cookie, ...OWN_PAGE })]).toEqual(["ada", "ada"]);
  await expect(user({ cookie, ...OTHER_PAGE })).rejects.toMatchObject(unauthenticated);
  await expect(user()).rejects.toMatchObject(unauthenticated);
  expect(await (await clientOf(bff, { cookie, ...OWN_PAGE })).payOrder({ id: "1" })).toMatchObject({ paid: true });
  await expect((await clientOf(bff, { cookie, ...OTHER_PAGE })).payOrder({ id: "1" })).rejects.toMatchObject(
    unauthenticated,
  );
});

test("two sessions' interleaved calls share nothing", { timeout: 180_000 }, async () => {
  const bff = await openBff();
  const sessions = { ada: await loggedIn(bff.fetch, "ada"), bob: await loggedIn(bff.fetch, "bob") };
  const calls = Array.from({ length: 1000 }, async (_, i) => {
    const name = i % 2 === 0 ? "ada" : "bob";
    const id = String(i);
    if (i % 4 < 2) {
      const answer = await (await clientOf(bff, { cookie: sessions[name].cookie })).getOrderPage({ id });
      const seen = [answer.user, answer.id];
      Object.assign(answer, { user: "changed", id: "changed" });
      return seen.join() === [name, id].join();
    }
    const path = "/shop.v1.ShopService/GetOrderPage";
    const answer = await sessions[name].send(path, post({ id }, OWN_PAGE));
    const { user, id: found } = (await answer.json()) as { user: string; id: string };
    return [user, found].join() === [name, id].join() && answer.headers.getSetCookie().length === 0;
  });
  expect((await Promise.all(calls)).filter((own) => !own)).toEqual([]);
});

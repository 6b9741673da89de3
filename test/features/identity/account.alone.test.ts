// The demo's account BFF with the demo's OpenID provider: what `npm run demo -- --keep` invites people to do in a browser.
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AccountBff, AUDIENCE, startAccountBff } from "../../../examples/dashboard/account.ts";
import { addressVariables } from "../../../examples/dashboard/bff-process.ts";
import { fullNames, serviceNames } from "../../../examples/dashboard/services.ts";
import { startUpstreams, type Upstreams } from "../../../examples/dashboard/upstreams.ts";

let upstreams: Upstreams;
let account: AccountBff;
beforeAll(async () => {
  upstreams = await startUpstreams();
  const urls = Object.fromEntries(serviceNames.map((name) => [fullNames[name], upstreams.urls[name]]));
  account = await startAccountBff(addressVariables(urls), () => {});
});
afterAll(async () => {
  await account?.stop();
  await upstreams?.close();
});

/** A browser's jar of cookies, for the BFF alone. */
class Browser {
  readonly #jar = new Map<string, string>();

  async go(url: string, init: RequestInit = {}): Promise<Response> {
    const cookie = [...this.#jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { ...init.headers, ...(url.startsWith(account.url) && { cookie }) };
    const response = await fetch(url, { ...init, redirect: "manual", headers });
    for (const text of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(text) ?? [];
      this.#jar.set(name, value);
    }
    return response;
  }
}
const locationOf = (response: Response): string => response.headers.get("location") ?? "nowhere";
const call = (headers: Readonly<Record<string, string>>): RequestInit => ({
  method: "POST",
  body: "{}",
  headers: { "content-type": "application/json", ...headers },
});

test("a user who picks an account in the browser has a session, which counts only for requests of the page itself", async () => {
  const browser = new Browser();
  const list = await browser.go(locationOf(await browser.go(`${account.url}/auth/login?return_to=/`)));
  const [, link = ""] = /href="([^"]+u-dina)"/.exec(await list.text()) ?? [];
  const back = await browser.go(account.issuer.url + link.replaceAll("&amp;", "&"));
  expect(locationOf(await browser.go(locationOf(back)))).toBe("/");
  const rpc = `${account.url}/account.v1.AccountService/GetAccount`;
  const ofPage = await browser.go(rpc, call({ "x-csrf": "1" }));
  expect(await ofPage.json()).toEqual({ name: "Dina Haddad", unread: 3, workspaces: ["atlas"] });
  expect((await browser.go(rpc, call({}))).status).toBe(401);
});

test("an authorization code is valid once, and only with the verifier of its challenge", async () => {
  const query = new URLSearchParams({ client_id: AUDIENCE, redirect_uri: `${account.url}/auth/callback` });
  query.set("subject", "u-ada");
  query.set("code_challenge", "of something else");
  const back = await fetch(`${account.issuer.url}/authorize?${query}`, { redirect: "manual" });
  const code = new URL(locationOf(back)).searchParams.get("code") ?? "";
  const form = new URLSearchParams({ grant_type: "authorization_code", code, code_verifier: "guessed" });
  const traded = await fetch(`${account.issuer.url}/token`, { method: "POST", body: form });
  expect([traded.status, await traded.json()]).toEqual([400, { error: "invalid_grant" }]);
});

/// <reference lib="dom" />
// A session in a real browser, at a provider that nobody here wrote, and what a page of somebody else's gets.

import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Principal } from "@protobff/messages/bff/v1/identity_pb.js";
import { GATE_PATH, gate } from "@protobff/runtime/internal/testing/gate-rig";
import { freePort } from "@protobff/runtime/internal/testing/ports";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Listening, listen } from "./listen.ts";
import { session } from "./session/session.ts";
import { type OpenidProvider, startOpenidProvider } from "./testing/openid-provider.ts";

let browser: Browser;
let provider: OpenidProvider;
let rig: Awaited<ReturnType<typeof gate>>;
let bff: Listening;
let site: string;
/** Pages of somebody else, on another site: browsers take 127.0.0.1 and localhost for two. */
let foreign: Server;
let elsewhere: string;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
  const port = await freePort();
  site = `http://localhost:${port}`;
  provider = await startOpenidProvider({ publicUrl: () => site });
  rig = await gate({
    sources: [session<Principal>({ name: "browser", issuer: provider.issuer, clientId: "web" })],
    environment: {
      BFF_PUBLIC_URL: site,
      BFF_SESSION_KEYS: Buffer.alloc(32, 1).toString("base64"),
      BFF_BROWSER_CLIENT_SECRET: "a secret of the client's",
    },
  });
  bff = await listen([rig.endpoint], { port, host: "localhost", identity: rig.identity });
  foreign = createServer((_, response) => void response.setHeader("content-type", "text/html").end("<p>somebody else"));
  foreign.listen(0, "127.0.0.1");
  await once(foreign, "listening");
  elsewhere = `http://127.0.0.1:${(foreign.address() as AddressInfo).port}/`;
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await bff?.close(0);
  await rig?.identity.close();
  await provider?.close();
  foreign?.closeAllConnections();
  foreign?.close();
});
beforeEach(async () => {
  context = await browser.newContext();
  page = await context.newPage();
});
afterEach(() => context.close());

/** An rpc by the page's own script: status and body. */
const call = (of: Page, headers: Record<string, string> = {}) =>
  of.evaluate(
    async ([url, more]) => {
      const sent = { "content-type": "application/json", ...more };
      const response = await fetch(url, { method: "POST", body: "{}", headers: sent, credentials: "include" });
      return { status: response.status, body: await response.text() };
    },
    [`${site}${GATE_PATH}`, headers] as const,
  );
const login = () => page.goto(`${site}/auth/login?return_to=/healthz`);

test("a browser logs in, calls, reads its user, and logs out", async () => {
  await page.goto(`${site}/healthz`);
  expect(await call(page)).toMatchObject({ status: 401 });
  await login();
  expect(page.url()).toBe(`${site}/healthz`);
  const answer = await call(page);
  expect(answer).toMatchObject({ status: 200 });
  expect(JSON.parse(JSON.parse(answer.body).fileName)).toMatchObject({ subject: "ada", source: "browser" });
  expect(await page.evaluate(async () => (await fetch("/auth/me")).json())).toMatchObject({
    principal: { subject: "ada" },
  });
  expect(await page.evaluate(() => document.cookie)).toBe("");
  const [cookie] = (await context.cookies(site)).filter(({ name }) => name === "__Host-session");
  expect(cookie).toMatchObject({ httpOnly: true, secure: true, sameSite: "Lax", path: "/" });
  const out = await page.evaluate(async () => (await fetch("/auth/logout", { method: "POST" })).json());
  expect(out.logout_url).toContain(provider.issuer);
  expect(await call(page)).toMatchObject({ status: 401 });
  expect((await context.cookies(site)).filter(({ name }) => name === "__Host-session")).toEqual([]);
});

test("a logout at the provider ends the session without the browser", async () => {
  await login();
  expect(await call(page)).toMatchObject({ status: 200 });
  const { logout_url } = await page.evaluate(async () => (await fetch("/auth/logout", { method: "POST" })).json());
  await login(); // at once, since the provider still knows the browser
  expect(await call(page)).toMatchObject({ status: 200 });
  await page.goto(logout_url);
  await page.locator("button[type=submit][value=yes], button[name=logout], button[autofocus]").first().click();
  await page.goto(`${site}/healthz`);
  await expect.poll(async () => (await call(page)).status, { timeout: 10_000 }).toBe(401);
});

describe("a page of another site", () => {
  test("another site cannot call with the browser's cookie, by script, form or image", async () => {
    await login();
    rig.seen.length = 0;
    const other = await context.newPage();
    await other.goto(elsewhere);
    await expect(call(other)).rejects.toThrow(/Failed to fetch/);
    await expect(call(other, { "x-csrf": "1" })).rejects.toThrow(/Failed to fetch/);
    const get = `${site}${GATE_PATH}?connect=v1&encoding=json&message=%7B%7D`;
    await other.evaluate(async (url) => void (await fetch(url, { mode: "no-cors", credentials: "include" })), get);
    await other.evaluate(
      (url) =>
        new Promise((resolve) => {
          const image = document.createElement("img");
          image.onload = image.onerror = resolve;
          image.src = url;
        }),
      get,
    );
    await other.goto(get).catch(() => {}); // a link: the cookie comes, and counts for nothing
    await other.goto(elsewhere);
    const posted = other.waitForResponse(`${site}${GATE_PATH}`);
    await other.evaluate((url) => {
      const form = document.createElement("form");
      form.method = "POST";
      form.action = url;
      form.enctype = "text/plain";
      form.innerHTML = `<input name='{"a":"' value='"}'>`;
      document.body.append(form);
      form.submit();
    }, `${site}${GATE_PATH}`);
    expect((await posted).status()).toBe(415);
    expect(rig.seen).toEqual([]);
    expect(await call(page)).toMatchObject({ status: 200 });
    expect(rig.seen).toHaveLength(1);
  });
  test("another site can neither log out nor read the user", async () => {
    await login();
    const other = await context.newPage();
    await other.goto(elsewhere);
    await expect(
      other.evaluate(async (url) => (await fetch(`${url}/auth/me`, { credentials: "include" })).text(), site),
    ).rejects.toThrow(/Failed to fetch/);
    await other.evaluate((url) => {
      const form = document.createElement("form");
      form.method = "POST";
      form.action = `${url}/auth/logout`;
      document.body.append(form);
      form.submit();
    }, site);
    await other.waitForURL(`${site}/auth/logout`);
    expect(await call(page)).toMatchObject({ status: 200 });
  });
});

// Sessions against a foreign OpenID provider.

import { create } from "@bufbuild/protobuf";
import { type Principal, PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { systemClock } from "@protobff/runtime/internal/clock";
import { type ConfigFault, EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import { Code } from "@protobff/runtime/internal/failure";
import { incomingOf } from "@protobff/runtime/internal/identity/incoming-request";
import { unauthenticated } from "@protobff/runtime/internal/identity/refusals";
import type { Source } from "@protobff/runtime/internal/identity/source";
import type { AuditEvent } from "@protobff/runtime/internal/observer-requests";
import { ClaimsSchema } from "@protobff/runtime/internal/testing/gen/claims_pb";
import { unlessFailure } from "@protobff/runtime/internal/testing/unless-failure";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type OpenidProvider, startOpenidProvider } from "../testing/openid-provider.ts";
import { pairsOf, TestBrowser } from "../testing/test-browser.ts";
import { type SessionOptions, session } from "./session.ts";

const SITE = "https://app.example";
const ENVIRONMENT = {
  BFF_PUBLIC_URL: SITE,
  BFF_SESSION_KEYS: Buffer.alloc(32, 1).toString("base64"),
  BFF_BROWSER_CLIENT_SECRET: "a secret of the client's",
};
const COOKIE = "app.example __Host-session";

let provider: OpenidProvider;
beforeAll(async () => {
  provider = await startOpenidProvider({ publicUrl: () => SITE, accessLifeS: 31 });
});
afterAll(() => provider.close());

const audited: AuditEvent[] = [];
const faults: string[] = [];
const open: Source[] = [];
async function opened(
  environment: Readonly<Record<string, string>> = ENVIRONMENT,
  options: Partial<SessionOptions<Principal, typeof ClaimsSchema>> = {},
): Promise<Source> {
  const configFaults: ConfigFault[] = [];
  const spec = session({ name: "browser", issuer: provider.issuer, clientId: "web", ...options });
  await spec.configure?.(new EnvReader(environment, configFaults));
  expect(configFaults).toEqual([]);
  const source = await spec.open({
    clock: systemClock,
    type: PrincipalSchema,
    audit: (event) => audited.push(event),
    fault: (message) => faults.push(message),
  });
  open.push(source);
  return source;
}
let source: Source;
let browser: TestBrowser;
beforeEach(async () => {
  audited.length = 0;
  faults.length = 0;
  provider.mode = "up";
  provider.grants.length = 0;
  source = await opened();
  browser = new TestBrowser(SITE, () => source.routes ?? new Map());
});
afterEach(async () => {
  for (const source of open.splice(0)) await source.close();
});
const incoming = incomingOf(new Headers());
const callerIn = async (of = source) => unlessFailure(await of.verify(browser.cookies.get(COOKIE) ?? "", incoming));
const login = (returnTo = "/inbox") => browser.visit(`/auth/login?return_to=${encodeURIComponent(returnTo)}`);

describe("a login", () => {
  test("a login sets an opaque cookie, and returns to the page", async () => {
    expect((await login("/inbox?tab=1#x")).url).toBe(`${SITE}/inbox?tab=1#x`);
    expect(browser.cookies.get(COOKIE)).toMatch(/^[\w-]{43}$/);
    expect([...browser.cookies.keys()].filter((name) => name.startsWith("app.example"))).toEqual([COOKIE]);
    const caller = await callerIn();
    expect(caller).toMatchObject({ credential: { source: "browser", issuer: provider.issuer, subject: "ada" } });
    expect(caller?.token).toMatch(/./);
    expect(audited).toMatchObject([{ event: "login", subject: "ada", source: "browser" }]);
    expect(JSON.stringify(audited, (_, value) => (typeof value === "bigint" ? String(value) : value))).not.toContain(
      browser.cookies.get(COOKIE),
    );
  });
  test("a login sets a cookie for this host only, hidden from scripts", async () => {
    const answers: string[] = [];
    const { get } = browser;
    browser.get = async (...args) => {
      const answer = await get.apply(browser, args);
      answers.push(
        ...pairsOf(answer.headers ?? [])
          .filter(([name]) => name === "set-cookie")
          .map(([, value]) => value),
      );
      return answer;
    };
    await login();
    const sessionCookies = answers.filter((value) => value.startsWith("__Host-session="));
    expect(sessionCookies).toHaveLength(1);
    expect(sessionCookies[0]).toMatch(
      /^__Host-session=[\w-]{43}; Path=\/; Max-Age=36000; HttpOnly; Secure; SameSite=Lax$/,
    );
  });
  test.each([
    "//evil.example",
    "/\\evil.example",
    "https://evil.example",
    "inbox",
    "/a\\b",
    "/a\nb",
    `/${"a".repeat(2_048)}`,
    "",
  ])("a login does not redirect to $#", async (returnTo) => {
    expect((await browser.get(`/auth/login?return_to=${encodeURIComponent(returnTo)}`)).status).toBe(400);
  });
  test("a login creates a new id each time: a planted id is worthless, and the former session ends", async () => {
    await login();
    const first = browser.cookies.get(COOKIE) ?? "";
    await login();
    expect(browser.cookies.get(COOKIE)).not.toBe(first);
    expect(await source.verify(first, incoming)).toBeUndefined();
    const planted = "p".repeat(43);
    browser.cookies.set(COOKIE, planted);
    await login();
    expect(browser.cookies.get(COOKIE)).not.toBe(planted);
    expect(await source.verify(planted, incoming)).toBeUndefined();
  });
  test.each([
    ["/\u65e5\u672c?q=\u00e9#\u{1f600}", "/%E6%97%A5%E6%9C%AC?q=%C3%A9#%F0%9F%98%80"],
    ["/a b%20c", "/a%20b%20c"],
    ["/.//evil.example", "/.//evil.example"],
    ["/%2f/evil.example", "/%2f/evil.example"],
  ])("a login redirects to %j with a valid header", async (returnTo, location) => {
    const led: (string | null)[] = [];
    const { get } = browser;
    browser.get = async (...args) => {
      const answer = await get.apply(browser, args);
      if (answer.status === 303) led.push(new Headers(pairsOf(answer.headers ?? [])).get("location"));
      return answer;
    };
    const { url } = await login(returnTo);
    expect(led.at(-1)).toBe(location);
    expect(new URL(url).origin).toBe(SITE);
  });
  test("a login is valid only in the browser that started it, and once", async () => {
    let back = "";
    const { get } = browser;
    browser.get = async (address, ...rest) => {
      if (address.startsWith(`${SITE}/auth/callback`)) {
        back = address;
        return { status: 200 };
      }
      return get.call(browser, address, ...rest);
    };
    await login();
    const other = new TestBrowser(SITE, () => source.routes ?? new Map());
    expect((await other.get(back)).status).toBe(400);
    browser.get = get;
    expect((await browser.get(back)).status).toBe(303);
    const id = browser.cookies.get(COOKIE);
    expect(await browser.get(back)).toMatchObject({ status: 303, headers: ["location", "/"] });
    expect(browser.cookies.get(COOKIE)).toBe(id);
    browser.cookies.delete(COOKIE);
    expect((await browser.get(back)).status).toBe(400);
    expect(audited.map(({ event }) => event)).toEqual(["login-failed", "login", "login-failed"]);
  });
  test("a login fails with another state, and if the provider refuses", async () => {
    const begun = await browser.get("/auth/login");
    const state = new URL(new Headers(pairsOf(begun.headers ?? [])).get("location") ?? "").searchParams.get("state");
    expect((await browser.get("/auth/callback?code=x&state=another")).status).toBe(400);
    const refused = await browser.get(
      `/auth/callback?error=access_denied&error_description=%3Cscript%3E&state=${state}&iss=${provider.issuer}`,
    );
    expect(refused).toMatchObject({ status: 401, body: expect.not.stringContaining("script") });
    expect(browser.cookies.has(COOKIE)).toBe(false);
  });
  test("a login without a required claim fails, and the audit names the claim", async () => {
    const principal: SessionOptions<Principal, typeof ClaimsSchema>["principal"] = ({ org }) =>
      create(PrincipalSchema, { source: "browser", issuer: "any", subject: org });
    source = await opened(ENVIRONMENT, { claims: ClaimsSchema, principal });
    await login();
    expect(browser.cookies.has(COOKIE)).toBe(false);
    const reason = "bff.v1.Principal.subject is empty";
    expect(audited).toMatchObject([{ event: "login-failed", reason, claim: "https://acme.example/org" }]);
  });
  test("a login is unavailable while the provider is away, which is reported, and available again later", async () => {
    provider.mode = "down";
    expect((await browser.get("/auth/login")).status).toBe(503);
    expect(faults).toContain("logins cannot begin");
    provider.mode = "up";
    await expect.poll(async () => (await browser.get("/auth/login")).status, { timeout: 5_000 }).toBe(302);
  });
  test("the fifth concurrent login ends the oldest one, and the others finish", async () => {
    const callbacks: string[] = [];
    const begin = async (tab: number): Promise<string> => {
      const answer = await browser.get(`/auth/login?return_to=${encodeURIComponent(`/tab/${tab}`)}`);
      const to = new Headers(pairsOf(answer.headers ?? [])).get("location") ?? "";
      return `/auth/callback?code=none&state=${new URL(to).searchParams.get("state")}`;
    };
    for (let tab = 1; tab <= 5; tab++) callbacks.push(await begin(tab));
    const statuses: number[] = [];
    // A code that the provider refuses is 401, and a login that is unknown to the browser 400.
    for (const callback of callbacks) statuses.push((await browser.visit(callback)).status);
    expect(statuses).toEqual([400, 401, 401, 401, 401]);
  });
  test("a reloaded callback leads to the site if the browser has a session", async () => {
    const at = { callback: "" };
    const answer = await browser.get("/auth/login");
    let url = new Headers(pairsOf(answer.headers ?? [])).get("location") ?? "";
    for (let hop = 0; at.callback === "" && hop < 10; hop++) {
      url = new URL(new Headers(pairsOf((await browser.get(url)).headers ?? [])).get("location") ?? "", url).href;
      if (url.startsWith(`${SITE}/auth/callback`)) at.callback = url;
    }
    expect((await browser.visit(at.callback)).status).toBe(200);
    expect(await browser.visit(at.callback)).toMatchObject({ url: `${SITE}/`, status: 200 });
    browser.cookies.delete(COOKIE);
    expect((await browser.visit(at.callback)).status).toBe(400);
  });
  test("abandoned logins do not fill the browser's cookies", async () => {
    for (let i = 0; i < 12; i++) await browser.get("/auth/login");
    expect(browser.cookies.size).toBeLessThanOrEqual(5);
    const long = `/auth/login?return_to=/${"a".repeat(2_000)}`;
    for (let i = 0; i < 12; i++) {
      await browser.get(long);
      expect(browser.cookieHeader("app.example").length).toBeLessThan(7_500);
    }
  });
  test("an answer deletes a limited number of cookies, and a request ends a limited number of sessions", async () => {
    const many = Array.from({ length: 500 }, (_, i) => `__Host-login-${i}=x`).join("; ");
    const answer = await browser.get("/auth/login", { cookie: many });
    expect(pairsOf(answer.headers ?? []).filter(([name]) => name === "set-cookie").length).toBeLessThanOrEqual(33);
    await login();
    const id = browser.cookies.get(COOKIE) ?? "";
    const planted = [...Array<string>(200).fill("p".repeat(43)), id].map((text) => `__Host-session=${text}`).join("; ");
    expect((await browser.get("/auth/logout", { cookie: planted, "x-csrf": "1" }, "POST")).status).toBe(200);
    expect(await source.verify(id, incoming)).toBeDefined();
  });
  test("a limited number of callbacks waits for a hanging provider, and the others are refused with a retry", async () => {
    const begun = await browser.get("/auth/login");
    const state = new URL(new Headers(pairsOf(begun.headers ?? [])).get("location") ?? "").searchParams.get("state");
    provider.mode = "hangs";
    const back = `/auth/callback?code=x&state=${state}&iss=${encodeURIComponent(provider.issuer)}`;
    const all = await Promise.all(Array.from({ length: 1000 }, () => browser.get(back)));
    const statuses = all.map(({ status }) => status);
    expect([401, 503].map((number) => statuses.filter((status) => status === number).length)).toEqual([100, 900]);
    provider.mode = "up";
    expect((await login()).status).toBe(200);
  }, 20_000);
});

describe("a session", () => {
  test("a session is one object until it changes", async () => {
    await login();
    expect(await callerIn()).toBe(await callerIn());
  });
  test("a session whose claims form no principal is unauthenticated, and a logout ends it", async () => {
    let allowed = true;
    const principal: SessionOptions<Principal, typeof ClaimsSchema>["principal"] = () => {
      if (!allowed) throw unauthenticated("bff.v1.Principal.subject is empty");
      return create(PrincipalSchema, { source: "browser", issuer: "any", subject: "ada" });
    };
    source = await opened(ENVIRONMENT, { claims: ClaimsSchema, principal });
    await login();
    allowed = false;
    await expect(callerIn()).rejects.toMatchObject({ code: Code.UNAUTHENTICATED });
    expect((await browser.get("/auth/logout", { "x-csrf": "1" }, "POST")).status).toBe(200);
    expect(await callerIn()).toBeUndefined();
  });
  test("a session of another deployment's key is refused", async () => {
    await login();
    const id = browser.cookies.get(COOKIE) ?? "";
    const other = await opened({ ...ENVIRONMENT, BFF_SESSION_KEYS: Buffer.alloc(32, 2).toString("base64") });
    expect(await other.verify(id, incoming)).toBeUndefined();
  });
  test.each(["", "x", "'; DROP", "a".repeat(44), "a".repeat(100_000)])(
    "an unknown session is refused, $#",
    async (id) => {
      expect(await source.verify(id, incoming)).toBeUndefined();
    },
  );
  test("a session shows its user only to pages of its origin", async () => {
    await login();
    expect(await browser.get("/auth/me", { "x-csrf": "1" })).toMatchObject({ status: 200 });
    expect(await browser.get("/auth/me", { "sec-fetch-site": "same-origin" })).toMatchObject({ status: 200 });
    for (const site of ["cross-site", "same-site", "none"])
      expect(await browser.get("/auth/me", { "sec-fetch-site": site })).toMatchObject({ status: 401 });
    const { body } = await browser.get("/auth/me", { "x-csrf": "1" });
    expect(JSON.parse(String(body))).toMatchObject({ principal: { subject: "ada", source: "browser" } });
  });
  test("a session ends only by a logout from pages of its origin", async () => {
    await login();
    const id = browser.cookies.get(COOKIE) ?? "";
    expect((await browser.get("/auth/logout", { "x-csrf": "1" })).status).toBe(405);
    expect((await browser.get("/auth/logout", { "sec-fetch-site": "cross-site" }, "POST")).status).toBe(403);
    expect(await source.verify(id, incoming)).toBeDefined();
    const out = await browser.get("/auth/logout", { "x-csrf": "1" }, "POST");
    expect(JSON.parse(String(out.body)).logout_url).toContain(`${provider.issuer}/session/end?`);
    expect(await source.verify(id, incoming)).toBeUndefined();
    expect(browser.cookies.has(COOKIE)).toBe(false);
    expect(audited.at(-1)).toMatchObject({ event: "logout", subject: "ada" });
  });
});

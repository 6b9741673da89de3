// Answers over Connect's GET, as real clients get them.

import { execFile } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { create, toBinary } from "@bufbuild/protobuf";
import { SourceContextSchema } from "@bufbuild/protobuf/wkt";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { Code, refusal } from "@protobff/runtime/internal/failure";
import { routes } from "@protobff/runtime/internal/routes/routes";
import { BEARER, GATE_PATH, type GateOptions, gate, sourceOf } from "@protobff/runtime/internal/testing/gate-rig";
import { afterEach, expect, test } from "vitest";
import { listen } from "../listen.ts";

const HTTP = { maxAgeMs: 30_000, vary: ["authorization"] };
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const message = (fileName: string): string =>
  Buffer.from(toBinary(SourceContextSchema, create(SourceContextSchema, { fileName }))).toString("base64url");
const pathOf = (fileName = ""): string =>
  `${GATE_PATH}?connect=v1&encoding=proto&base64=1&message=${message(fileName)}`;

async function served(options: Partial<GateOptions> = {}, more: Parameters<typeof listen>[1] = {}) {
  const made = await gate({ sources: [sourceOf("user", BEARER)], permit: {}, http: HTTP, ...options });
  const { url, close } = await listen([made.endpoint], { ...more, identity: made.identity });
  closing.push(() => close(0), made.identity.close.bind(made.identity));
  const get = async (who: string, headers: Record<string, string> = {}, names = "") => {
    const answer = await fetch(url + pathOf(names), { headers: { authorization: `Bearer user-${who}`, ...headers } });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
  return { ...made, url, get };
}

test("an answer has a tag, and a client with this tag gets no body", async () => {
  const { get, seen } = await served();
  const first = await get("ada");
  expect([first.status, first.headers.get("cache-control")]).toEqual([200, "private, max-age=30"]);
  expect(first.headers.get("vary")).toBe("authorization, accept-encoding");
  const etag = first.headers.get("etag") ?? "";
  const second = await get("ada", { "if-none-match": etag });
  expect([second.status, second.text]).toEqual([304, ""]);
  // RFC 9110, 15.4.5
  for (const name of ["cache-control", "etag", "vary"]) expect(second.headers.get(name)).toBe(first.headers.get(name));
  for (const name of ["content-type", "content-length", "content-encoding"])
    expect(second.headers.get(name)).toBeNull();
  // Whoever calls is judged, and the answer composed, before anybody is told that he has it.
  expect(seen.length).toBe(2);
  const other = await get("eve", { "if-none-match": etag });
  expect([other.status, other.text.includes("eve"), other.headers.get("etag") === etag]).toEqual([200, true, false]);
});

test.each([
  ["HTTP/1.1", []],
  ["HTTP/2", ["--http2-prior-knowledge"]],
])("HEAD over %s is answered like GET, without the body", async (_, how) => {
  const { url, get, seen } = await served();
  const etag = (await get("ada")).headers.get("etag") ?? "";
  const curl = async (...more: readonly string[]) => {
    const args = ["-s", "-i", ...how, ...more, "-H", "authorization: Bearer user-ada", url + pathOf()];
    const { stdout } = await promisify(execFile)("curl", args, { encoding: "latin1" });
    const [head = "", ...body] = stdout.split("\r\n\r\n");
    const lines = head.split("\r\n").filter((line) => !/^(date|connection|keep-alive|x-request-id):/i.test(line));
    return { lines: lines.sort(), body: body.join("\r\n\r\n") };
  };
  const request = await curl();
  expect(request.body.length).toBeGreaterThan(0);
  expect(await curl("--head")).toEqual({ lines: request.lines, body: "" });
  expect((await curl("--head", "-H", `if-none-match: ${etag}`)).lines.join()).toContain(" 304");
  // It is composed, for only then it is known what GET would answer.
  expect(seen.length).toBe(4);
});

test("HEAD is refused like GET", async () => {
  const { url } = await served();
  const refused = await fetch(url + pathOf(), { method: "HEAD", headers: { authorization: "Bearer user-bad" } });
  expect([refused.status, refused.headers.get("cache-control")]).toEqual([401, "no-store"]);
  expect(refused.headers.get("www-authenticate")).toBe("Bearer");
});

test("an unauthorized caller is refused, whatever tag it has", async () => {
  const { get } = await served({ permit: { scopes: ["read"] } });
  const good = await get("ada+read");
  expect(good.status).toBe(200);
  for (const who of ["ada", "bad"]) {
    const refused = await get(who, { "if-none-match": "*" });
    expect([refused.status, refused.headers.get("cache-control"), refused.headers.get("etag")]).toEqual([
      who === "bad" ? 401 : 403,
      "no-store",
      null,
    ]);
  }
});

test("the tag is that of the uncompressed answer, and the answer is still compressed", async () => {
  const { url, get } = await served();
  const names = Array.from({ length: 200 }, (_, i) => `x-header-${i}`).join();
  const plain = await get("ada", { "accept-encoding": "identity" }, names);
  expect(plain.headers.get("content-encoding")).toBeNull();
  for (const encoding of ["gzip", "br"]) {
    const headers = { authorization: "Bearer user-ada", "accept-encoding": encoding };
    const answer = await fetch(url + pathOf(names), { headers });
    expect(answer.headers.get("content-encoding")).toBe(encoding);
    expect(answer.headers.get("etag")).toBe(plain.headers.get("etag"));
    expect(await answer.text()).toBe(plain.text);
  }
});

test("the BFF's expressions see the original headers", async () => {
  const { get, seen } = await served();
  await get("ada", { "accept-encoding": "br" }, "accept-encoding");
  expect(seen[0]?.headers).toEqual({ "accept-encoding": "br" });
});

test("failures are not cacheable", async () => {
  const compose = async () => {
    throw refusal(Code.NOT_FOUND, "not here");
  };
  const { get } = await served({ compose });
  const answer = await get("ada");
  expect([answer.status, answer.headers.get("cache-control"), answer.headers.get("etag")]).toEqual([
    404,
    "no-store",
    null,
  ]);
});

test("an answer with a cookie is not cacheable", async () => {
  const cookie = { ...sourceOf("user", { kind: "cookie", name: "sid" } as const) };
  const { url } = await served({ sources: [cookie], permit: { public: true } });
  const headers = { cookie: "sid=user-ended", "x-csrf": "1" };
  const answer = await fetch(url + pathOf(), { headers });
  expect([answer.status, answer.headers.get("set-cookie") !== null, answer.headers.get("cache-control")]).toEqual([
    200,
    true,
    "no-store",
  ]);
});

test("a stale answer is not cacheable", async () => {
  const cache = { ttlMs: 1, staleMs: 60_000, plan: "1", principal: "whole" } as const;
  const { get } = await served({ cache });
  expect((await get("ada")).headers.get("cache-control")).toBe("private, max-age=30");
  await expect.poll(async () => (await get("ada")).headers.get("cache-control")).toBe("no-store");
});

test("RPCs without a cache policy are not cacheable; POST has no cache headers", async () => {
  const { get } = await served({ http: undefined });
  const silent = await get("ada");
  expect([silent.headers.get("cache-control"), silent.headers.get("etag")]).toEqual(["no-store", null]);
  const { url } = await served();
  const headers = { authorization: "Bearer user-ada", "content-type": "application/json" };
  const posted = await fetch(url + GATE_PATH, { method: "POST", headers, body: "{}" });
  expect([posted.status, posted.headers.get("cache-control"), posted.headers.get("etag")]).toEqual([200, null, null]);
});

test("answers readable by other origins vary by `origin`, even without that header", async () => {
  for (const corsOrigins of [["https://app.example"], ["*"]]) {
    const { get } = await served({}, { corsOrigins });
    for (const headers of [{}, { origin: "https://app.example" }]) {
      const answer = await get("ada", headers);
      expect(answer.headers.get("vary")).toBe("authorization, accept-encoding, origin");
      const same = await get("ada", { ...headers, "if-none-match": "*" });
      expect(same.status).toBe(304);
      for (const name of ["vary", "access-control-allow-origin", "access-control-expose-headers"])
        expect(same.headers.get(name)).toBe(answer.headers.get(name));
    }
  }
});

test("a custom server sends the same headers", async () => {
  const made = await gate({ sources: [sourceOf("user", BEARER)], permit: {}, http: HTTP });
  closing.push(made.identity.close.bind(made.identity));
  const server = createServer(connectNodeAdapter({ routes: routes([made.endpoint]) }));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(async () => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${pathOf()}`;
  const headers = { authorization: "Bearer user-ada" };
  const answer = await fetch(url, { headers });
  expect(answer.headers.get("cache-control")).toBe("private, max-age=30");
  const again = await fetch(url, { headers: { ...headers, "if-none-match": answer.headers.get("etag") ?? "" } });
  expect([again.status, await again.text()]).toEqual([304, ""]);
  const refused = await fetch(url);
  expect([refused.status, refused.headers.get("cache-control")]).toEqual([401, "no-store"]);
  server.closeAllConnections();
});

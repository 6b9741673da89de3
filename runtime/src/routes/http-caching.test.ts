import { expect, test } from "vitest";
import { cachedAnswer } from "./http-caching.ts";

const BODY = new TextEncoder().encode("{}");
const POLICY = { maxAgeMs: 30_000, vary: ["accept-language"] };
const defaults = { policy: POLICY, body: BODY, ifNoneMatch: null, once: false, vary: ["accept-encoding"] };
const sent = (more: Partial<Parameters<typeof cachedAnswer>[0]> = {}) => {
  const { status, headers } = cachedAnswer({ ...defaults, ...more });
  const all = Object.fromEntries(headers.flatMap((name, i) => (i % 2 === 0 ? [[name, headers[i + 1]]] : [])));
  return { status, ...all } as { readonly status: number; readonly [name: string]: string | number };
};
const TAG = String(sent().etag);

test("an answer declares its lifetime, its audience and its headers", () => {
  expect(TAG).toMatch(/^W\/"[\w-]{22}"$/);
  expect(sent()).toEqual({
    status: 200,
    "cache-control": "private, max-age=30",
    etag: TAG,
    vary: "accept-language, accept-encoding",
  });
  const control = (policy: Partial<typeof POLICY & { shared: boolean; staleMs: number }>) =>
    sent({ policy: { ...POLICY, ...policy } })["cache-control"];
  expect(control({ shared: true, staleMs: 60_000 })).toBe("public, max-age=30, stale-while-revalidate=60");
  expect(control({ maxAgeMs: 0 })).toBe("private, no-cache");
  expect(control({ maxAgeMs: 0, staleMs: 5_000 })).toBe("private, max-age=0, stale-while-revalidate=5");
  expect(sent({ vary: ["accept-language", "origin"] }).vary).toBe("accept-language, origin");
  expect(sent({ body: new Uint8Array([1]) }).etag).not.toBe(TAG);
});

test.each([
  [TAG, 304],
  [TAG.slice(2), 304], // compared weakly: RFC 9110, 8.8.3.2
  [`"a,b", W/"c" ,${TAG}`, 304],
  [`"a"${TAG}`, 304],
  ["*", 304],
  [" * ", 304],
  ['"*"', 200],
  [TAG.slice(2, -1), 200],
  [TAG.slice(3, -1), 200],
  [`W/ ${TAG.slice(2)}x`, 304],
  ['W/"another"', 200],
  ["", 200],
  ['"'.repeat(30_000), 200],
])("the status for if-none-match: %s", (ifNoneMatch, status) => {
  expect(sent({ ifNoneMatch }).status).toBe(status);
});

test("an answer for one client only, or without a policy, is not cacheable", () => {
  for (const more of [{ once: true }, { policy: undefined }])
    expect(sent({ ...more, ifNoneMatch: "*" })).toEqual({ status: 200, "cache-control": "no-store" });
});

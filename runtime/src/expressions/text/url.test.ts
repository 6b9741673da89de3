import { expect, it } from "vitest";
import { ExpressionError } from "../value/error.ts";
import {
  decodeUrl,
  encodeUrl,
  isUrl,
  urlEscapedPath,
  urlHost,
  urlHostname,
  urlPort,
  urlQuery,
  urlScheme,
} from "./url.ts";

// What Go's net/url says: scheme, host, hostname, port, escaped path, query.
it.each<[string, string, string, string, string, string, object]>([
  ["https://example.org", "https", "example.org", "example.org", "", "", {}],
  ["HTTPS://u:p@Example.org:8080/a/b?c=d#e", "https", "Example.org:8080", "Example.org", "8080", "/a/b", { c: ["d"] }],
  ["http://[::1]:80/", "http", "[::1]:80", "::1", "80", "/", {}],
  ["http://a.b:/", "http", "a.b:", "a.b", "", "/", {}],
  ["http://a.b/x%2Fy%20z", "http", "a.b", "a.b", "", "/x%2Fy%20z", {}],
  ["http://a.b/é(b", "http", "a.b", "a.b", "", "/%C3%A9%28b", {}],
  ["http://a.b?c=1&d&c=2&=&%zz=1&e=%zz&f;g", "http", "a.b", "a.b", "", "", { c: ["1", "2"], d: [""], "": [""] }],
  ["http://a.b/?x+y=z+%C3%A9&/?=?", "http", "a.b", "a.b", "", "/", { "x y": ["z é"], "/?": ["?"] }],
  ["file:///a/b", "file", "", "", "", "/a/b", {}],
])("%s", (text, ...expected) => {
  const parts = [urlScheme, urlHost, urlHostname, urlPort, urlEscapedPath].map((part) => part(text));
  expect([...parts, Object.fromEntries(urlQuery(text))]).toEqual(expected);
});

it.each([
  "",
  "a",
  "/a",
  "//a.b/",
  "a.b/c",
  "mailto:a@b",
  "1a://b",
  "http://a b/",
  "http://a.b:x/",
  "http://a.b/%zz",
  "http://a.b/\u0000",
])("%j is not a URL", (text) => {
  expect(isUrl(text)).toBe(false);
  expect(() => urlHost(text)).toThrow(ExpressionError);
});

// What Python's urllib.parse.quote(text, safe="") says.
it.each([
  ["aZ09-._~", "aZ09-._~"],
  ["!*'();:@&=+$,/?#[]", "%21%2A%27%28%29%3B%3A%40%26%3D%2B%24%2C%2F%3F%23%5B%5D"],
  ["a b\n%", "a%20b%0A%25"],
  ["ü🚀", "%C3%BC%F0%9F%9A%80"],
])("%j is encoded and decoded", (text, encoded) => {
  expect(encodeUrl(text)).toBe(encoded);
  expect(decodeUrl(encoded)).toBe(text);
});

it("a lone surrogate is encoded as the replacement character", () => {
  expect(encodeUrl("\ud83d")).toBe("%EF%BF%BD");
});

it.each(["%", "%2", "%zz", "%FF"])("%s fails to decode", (text) => {
  expect(() => decodeUrl(text)).toThrow(ExpressionError);
});

it("a plus sign is not decoded", () => {
  expect(decodeUrl("a+b")).toBe("a+b");
});

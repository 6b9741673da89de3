import { array, assert, integer, property, record } from "fast-check";
import { describe, expect, test } from "vitest";
import { durationOf, hostGroups } from "./print-routes.ts";
import { httpRules, packed, type RouteRule } from "./route-rules.ts";
import type { ServedRpc, ServedServer } from "./served-server.ts";

const at = { file: "a.proto", line: 1, column: 1, endLine: 1, endColumn: 2 };
const rpc = (
  name: string,
  more: Partial<ServedRpc> & { readonly rest?: readonly (readonly string[])[] } = {},
): ServedRpc => ({
  name,
  at,
  hosts: [],
  timeoutMs: 2_000,
  deprecated: false,
  ...more,
  paths: [name.split("/"), ...(more.rest ?? [])].map((segments) => ({ methods: ["POST"], segments, verb: undefined })),
});
const server = (rpcs: readonly ServedRpc[], hasSession = false, toolPaths: readonly string[] = []): ServedServer => ({
  name: "shop",
  rpcs,
  builtIn: [],
  follows: rpcs.some(({ timeoutMs }) => timeoutMs === undefined),
  hasSession,
  toolPaths,
});
const rulesOf = (rpcs: readonly ServedRpc[], hasSession?: boolean, toolPaths?: readonly string[]) =>
  httpRules(rpcs, server(rpcs, hasSession, toolPaths)).map(({ backend, timeoutMs, matches }) => [
    backend,
    timeoutMs,
    matches.map(({ match: { type, value } }) => `${type} ${value}`),
  ]);

describe("rules", () => {
  test("have one time limit each, a second above the rpc's", () => {
    expect(rulesOf([rpc("a.A/Slow", { timeoutMs: 9_000 }), rpc("a.A/One"), rpc("a.A/Two")])).toEqual([
      ["http", 3_000, ["Exact /a.A/One", "Exact /a.A/Two"]],
      ["http", 10_000, ["Exact /a.A/Slow"]],
    ]);
  });
  test("have no time limit for streams and sessions; WebSockets have another backend", () => {
    expect(rulesOf([rpc("a.A/Follow", { timeoutMs: undefined })], true)).toEqual([
      ["http", Number.POSITIVE_INFINITY, ["Exact /a.A/Follow", "PathPrefix /auth"]],
      ["websocket", Number.POSITIVE_INFINITY, ["Exact /bff.v1/follow"]],
    ]);
  });
  test("have no time limit for tools, which may wait for streams", () => {
    expect(rulesOf([rpc("a.A/One")], false, ["/mcp"])).toEqual([
      ["http", 3_000, ["Exact /a.A/One"]],
      ["http", Number.POSITIVE_INFINITY, ["Exact /mcp"]],
    ]);
  });
  test("never end a request earlier than a match of another rpc would", () => {
    const wide = rpc("a.A/Wide", { timeoutMs: 8_000, rest: [["v1", "**"]] });
    const narrow = rpc("a.A/Narrow", {
      rest: [
        ["v1", "books", "*"],
        ["v1", "list"],
        ["v2", "list"],
      ],
    });
    expect(rulesOf([wide, narrow])).toEqual([
      ["http", 3_000, ["Exact /a.A/Narrow", "Exact /v2/list"]],
      ["http", 9_000, ["Exact /a.A/Wide", "PathPrefix /v1", "PathPrefix /v1/books", "Exact /v1/list"]],
    ]);
  });
  test("two rpcs with one prefix have one match, with the longer limit", () => {
    const get = rpc("a.A/Get", { rest: [["v1", "books", "*"]] });
    const move = rpc("a.A/Move", { timeoutMs: 4_000, rest: [["v1", "books", "*", "shelf"]] });
    const values = httpRules([get, move], server([get, move])).map(({ matches }) =>
      matches.map(({ match }) => match.value),
    );
    expect(values).toEqual([["/a.A/Get"], ["/v1/books", "/a.A/Move"]]);
  });
});

test("routes stay within the limits of Gateway API, and lose no match", () => {
  const rules = array(record({ timeoutMs: integer({ min: 1, max: 9 }), count: integer({ min: 1, max: 300 }) }), {
    maxLength: 40,
  });
  assert(
    property(rules, (all) => {
      let next = 0;
      const before = all.map(
        ({ timeoutMs, count }): RouteRule<number> => ({
          backend: "http",
          timeoutMs,
          matches: Array.from({ length: count }, () => next++),
        }),
      );
      const routes = packed(before);
      expect(routes.flat().flatMap(({ matches, timeoutMs }) => matches.map((match) => [match, timeoutMs]))).toEqual(
        before.flatMap(({ matches, timeoutMs }) => matches.map((match) => [match, timeoutMs])),
      );
      for (const route of routes) {
        expect(route.length).toBeLessThanOrEqual(16);
        expect(Math.max(...route.map(({ matches }) => matches.length))).toBeLessThanOrEqual(64);
        expect(route.reduce((sum, { matches }) => sum + matches.length, 0)).toBeLessThanOrEqual(128);
      }
    }),
  );
});

describe("host names", () => {
  const groups = (...rpcs: readonly ServedRpc[]) =>
    hostGroups(rpcs).map(({ hostnames, notes, rpcs: of }) => [hostnames, notes, of.map(({ name }) => name)]);

  test("have all rpcs that they admit, wildcards included", () => {
    const all = rpc("a.A/All");
    const wild = rpc("a.A/Wild", { hosts: ["*.shop.example"] });
    const exact = rpc("a.A/Exact", { hosts: ["eu.shop.example", "us.shop.example", "shop.example"] });
    expect(groups(all, wild, exact)).toEqual([
      [["*.shop.example"], [], ["a.A/All", "a.A/Wild"]],
      [["eu.shop.example", "us.shop.example"], [], ["a.A/All", "a.A/Wild", "a.A/Exact"]],
      [["shop.example"], [], ["a.A/All", "a.A/Exact"]],
      [[], [], ["a.A/All"]],
    ]);
  });
  test("with holes, or more than 16, are left out with a note", () => {
    const many = Array.from({ length: 17 }, (_, i) => `h${i}.example`);
    expect(groups(rpc("a.A/Open", { hosts: ["{env.HOST}"] }))).toEqual([
      [[], ["Host names that the server reads at its start, for an overlay: {env.HOST}"], ["a.A/Open"]],
    ]);
    expect(groups(rpc("a.A/Many", { hosts: many }))).toEqual([
      [[], ["17 host names are more than the 16 of a route. The server refuses other hosts."], ["a.A/Many"]],
    ]);
    expect(groups(rpc("a.A/Most", { hosts: many.slice(1) }))[0]?.[0]).toHaveLength(16);
  });
});

test.each([
  [1_300, "1s300ms"],
  [3_000, "3s"],
  [500, "500ms"],
  [99_999_000, "99999s"],
  [360_000_500, "100h500ms"],
  [Number.POSITIVE_INFINITY, "0s"],
])("%d ms are %s", (ms, text) => {
  expect(durationOf(ms)).toBe(text);
  expect(text).toMatch(/^([0-9]{1,5}(h|m|s|ms)){1,4}$/);
});

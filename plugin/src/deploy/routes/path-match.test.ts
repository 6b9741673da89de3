import { array, assert, constantFrom, oneof, option, pre, property, record } from "fast-check";
import { expect, test } from "vitest";
import { covers, matchOf, mayTake, type PathMatch } from "./path-match.ts";
import type { ServedPath } from "./served-server.ts";

const path = (segments: readonly string[], verb?: string): ServedPath => ({ methods: ["GET"], segments, verb });

test.each([
  [path(["v1", "books"]), "Exact", "/v1/books"],
  [path(["v1", "books"], "find"), "Exact", "/v1/books:find"],
  [path(["v1", "shelves", "*", "books"]), "PathPrefix", "/v1/shelves"],
  [path(["v1", "*"], "move"), "PathPrefix", "/v1"],
  [path(["v1", "**"]), "PathPrefix", "/v1"],
  [path(["*", "books"]), "PathPrefix", "/"],
  [path(["shop.v1.ShopService", "Get"]), "Exact", "/shop.v1.ShopService/Get"],
  [path(["a b", "é", "x,y;z=1@$&+"]), "Exact", "/a%20b/%C3%A9/x,y;z=1@$&+"],
])("%j has the match %s %s", (of, type, value) => {
  expect(matchOf(of)).toEqual({ type, value });
});

/** How Gateway API matches a path: the whole of it, or its first segments. */
function takes({ type, value }: PathMatch, request: string): boolean {
  if (type === "Exact") return request === value;
  const prefix = value.replace(/\/$/, "");
  return request === prefix || request.startsWith(`${prefix}/`);
}

const word = constantFrom("a", "b", "c");
const segments = array(oneof({ weight: 3, arbitrary: word }, constantFrom("*")), { minLength: 1, maxLength: 4 });
const paths = record({
  all: segments,
  open: constantFrom(true, false),
  verb: option(constantFrom("x", "y"), { nil: undefined }),
}).map(({ all, open, verb }) => path(open ? [...all, "**"] : all, verb));
const matches = record({ type: constantFrom("Exact" as const, "PathPrefix" as const), of: paths, cut: segments }).map(
  ({ type, of, cut }) => ({
    type,
    value: `/${(type === "Exact" ? [...cut.map(plain), plain(of.segments[0] ?? "")] : of.segments.map(plain)).join("/")}${type === "Exact" && of.verb !== undefined ? `:${of.verb}` : ""}`,
  }),
);
function plain(segment: string): string {
  return segment.startsWith("*") ? "b" : segment;
}

test("a match that takes a request may take its path, and a match that covers a path takes all its requests", () => {
  const counted = { taken: 0, covered: 0 };
  const words = array(word, { minLength: 5, maxLength: 5 });
  assert(
    property(paths, matches, words, array(word, { maxLength: 3 }), (of, match, filled, rest) => {
      // `/v1:move` for `/v1/{name=**}:move` has no name.
      pre(of.verb === undefined || rest.length > 0);
      const text = of.segments.flatMap((segment, i) => {
        if (segment === "**") return rest;
        return segment === "*" ? [filled[i] ?? "a"] : [segment];
      });
      const request = `/${text.join("/")}${of.verb === undefined ? "" : `:${of.verb}`}`;
      expect(takes(matchOf(of), request)).toBe(true);
      expect(covers(matchOf(of), of)).toBe(true);
      if (takes(match, request)) {
        counted.taken++;
        expect(mayTake(match, of)).toBe(true);
      }
      if (covers(match, of)) {
        counted.covered++;
        expect(takes(match, request)).toBe(true);
      }
    }),
    { numRuns: 3_000 },
  );
  expect(counted.taken).toBeGreaterThan(30);
  expect(counted.covered).toBeGreaterThan(30);
});

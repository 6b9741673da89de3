import { expect, test } from "vitest";
import { comparePages } from "./compare-pages.ts";

const PAGES = { sizes: [{ field: "page_size", usual: 20, most: 100 }], tokens: ["page_token"] };

test("equal pages, and new ones, are no difference", () => {
  expect([...comparePages(PAGES, PAGES), ...comparePages(undefined, PAGES)]).toEqual([]);
});

test("pages of another size are a difference of the API", () => {
  const after = { ...PAGES, sizes: [{ field: "page_size", usual: 20, most: 50 }] };
  expect(comparePages(PAGES, after)).toMatchObject([
    { kind: "api", level: "different", before: ["20, at most 100"], after: ["20, at most 50"] },
  ]);
});

test("pages without sizes and without tokens are worse for clients", () => {
  expect(comparePages(PAGES, undefined).map(({ level }) => level)).toEqual(["worse", "worse"]);
});

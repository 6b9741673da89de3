// Drafts about HTTP with JSON: paths of REST, and upstreams that are called by paths.
import type { Case, Rule } from "../../../../packages/conformance/src/case.ts";
import type { Plan } from "./plan-faults.ts";

type Rest = NonNullable<Case["rest"]>;
type Row = readonly [method: string, call: string, holds: string, more?: Partial<Rest>];
const search = (query: string, holds: string): Row => ["Search", `GET /v1/search/3?${query}`, holds];
const draft = { name: "ignored", title: "Emma" };

const ROWS: readonly Row[] = [
  ["GetBook", "GET /v1/shelves/1/books/7", "rest.1"],
  ["GetBook", "GET /v1/books/7", "rest.1"],
  ["GetBook", "HEAD /v1/books/7", "rest.13"],
  ["GetBook", "GET /v1/files/a/b/c", "rest.2"],
  ["GetBook", "GET /v1/files", "rest.2"],
  ["GetBook", "GET /v1/files/a", "rest.2"],
  ["GetMine", "GET /v1/books/mine?name=x", "rest.3"],
  ["GetBook", "GET /v1/books/mine2", "rest.3"],
  ["Move", "POST /v1/shelves/1/books/7:move", "rest.2", { body: { otherShelf: "2" } }],
  ["GetBook", "GET /v1/shelves/1/books/7:move", "rest.3"],
  ["GetBook", "GET /v1/books/a%20b%2Fc", "rest.4"],
  ["GetBook", "GET /v1/shelves/a%2Fb/books/c%20d", "rest.4"],
  ["GetBook", "GET /v1/files/a%2Fb/c%20d", "rest.4"],
  ["GetBook", "GET /v1/books/%C3%A4+b", "rest.4"],
  ["GetBook", "GET /v1/b%6Foks/7", "rest.4"],
  ["GetBook", "GET /v1/books/7?from=x%26y", "rest.5"],
  ["GetBook", "GET /v1/books/7?from=a+b", "rest.6"],
  search("tags=a&tags=b", "rest.5"),
  search("tags=", "rest.5"),
  search("span.from_day=5", "rest.5"),
  search("span.fromDay=5&span.to_day=0", "rest.5"),
  search("byName=x", "rest.5"),
  search("by_size=4", "rest.5"),
  search("numbers=1&numbers=9007199254740993", "rest.5"),
  search("color=COLOR_BLUE", "rest.6"),
  search("color=5", "rest.6"),
  search("color=7", "rest.6"),
  search("open=true", "rest.6"),
  search("open=false", "rest.6"),
  search("weight=1.5", "rest.6"),
  search("weight=-2e3", "rest.6"),
  search("weight=NaN", "rest.6"),
  search("data=AQID", "rest.6"),
  search("data=_-8", "rest.6"),
  search("label=hello", "rest.6"),
  search("label=", "rest.6"),
  search("note=", "rest.6"),
  search("nothing=1", "rest.7"),
  search("span.nothing=1", "rest.7"),
  search("page=4", "rest.7"),
  search("note=a&note=b", "rest.7"),
  search("by_name=a&by_size=1", "rest.7"),
  search("color=COLOR_GREEN", "rest.7"),
  search("open=yes", "rest.7"),
  search("weight=heavy", "rest.7"),
  search("numbers=1.5", "rest.7"),
  ["Search", "GET /v1/search/x", "rest.7"],
  ["Search", "GET /v1/search/-4", "rest.6"],
  ["Update", "PATCH /v1/shelves/1/books/7", "rest.8", { body: draft }],
  ["Update", "PATCH /v1/shelves/1/books/7?force=true", "rest.8", { body: { title: "Emma", unknown: 1 } }],
  ["Update", "PATCH /v1/shelves/1/books/7", "rest.8"],
  ["Update", "PATCH /v1/shelves/1/books/7?book.title=x", "rest.7", { body: draft }],
  ["Update", "PATCH /v1/shelves/1/books/7", "rest.8", { text: "{" }],
  ["Update", "PATCH /v1/shelves/1/books/7", "rest.8", { body: { title: 5 } }],
  ["Move", "POST /v1/shelves/1/books/7:move", "rest.8", { body: { name: "other", other_shelf: "2" } }],
  ["Move", "POST /v1/shelves/1/books/7:move?other_shelf=3", "rest.7", { body: {} }],
  ["Update", "PATCH /v1/shelves/1/books/7", "rest.9", { text: "title=x", type: "application/x-www-form-urlencoded" }],
  ["Update", "PATCH /v1/shelves/1/books/7", "rest.9", { body: draft, type: "text/plain" }],
  ["Update", "PATCH /v1/shelves/1/books/7", "rest.8", { body: draft, type: "application/json; charset=utf-8" }],
  ["GetBook", "GET /v1/books/7", "rest.9", { body: {} }],
  ["Titles", "GET /v1/titles/1?tags=a&tags=b", "rest.10"],
  ["Titles", "GET /v1/titles/1", "rest.10"],
  ["GetBook", "GET /v1/nothing", "rest.12"],
  ["GetBook", "GET /v1/books", "rest.12"],
  ["GetBook", "GET /v1/books/", "rest.12"],
  ["GetBook", "GET /v1//books/7", "rest.12"],
  ["GetBook", "GET /v1/shelves/1/books/7/8", "rest.12"],
  ["GetBook", "POST /v1/books/7", "rest.12", { body: {} }],
  ["GetBook", "DELETE /v1/books/mine", "rest.12"],
  ["GetBook", "GET /v1/books/%2e%2E", "rest.12"],
  ["GetBook", "GET /v1/books/%00", "rest.12"],
  ["GetBook", "GET /v1/books/%ff", "rest.12"],
];

const paths: readonly Plan[] = [
  ...ROWS.map(
    ([method, call, holds, more]): Plan => ({
      rpc: `rest.LibraryService/${method}`,
      holds: [holds],
      rest: { call, ...more },
    }),
  ),
  ...Array.from({ length: 16 }, (_, at) => at + 1).map(
    (code): Plan => ({
      rpc: "rest.LibraryService/GetItem",
      holds: ["rest.11"],
      rest: { call: "GET /v1/items/a" },
      upstreams: { "ItemService/Get": [{ fail: { code, message: `made to fail with ${code}` } }] },
    }),
  ),
  ...["a", "b", "z"].flatMap((id) =>
    ["false", "true"].map(
      (soft): Plan => ({
        rpc: "rest.LibraryService/GetItem",
        holds: ["rest.10", "degradation.7"],
        rest: { call: `GET /v1/items/${id}?soft=${soft}` },
      }),
    ),
  ),
  { rpc: "rest.LibraryService/GetBook", holds: ["rest.1"], requests: [{ name: "x" }] },
];

const answers = (...rules: readonly Rule[]) => ({ HTTP: rules });
const BOOK: Rule = { answer: { name: "shelves/1/books/a", title: "Emma", pages: "300", kind: "KIND_BOOK" } };
const books = (method: string, holds: string, rest: Partial<Plan>): Plan => ({
  rpc: `json.BooksService/${method}`,
  holds: [holds],
  upstreams: answers(BOOK),
  ...rest,
});
const found: Rule = { answer: { books: [{ title: "Emma" }, { title: "Persuasion" }] } };
const upstreams: readonly Plan[] = [
  books("GetBook", "json.1", { requests: ["a", "b"].map((id) => ({ id })) }),
  books("GetBook", "json.2", {
    requests: ["a b", "ä", "a+b", "a:b", "a%2Fb", "~x-._", "a'(b)!*"].map((id) => ({ id })),
  }),
  books("GetBook", "json.7", { requests: ["", ".", "..", "a/b", "a\nb"].map((id) => ({ id })) }),
  books("GetNested", "json.3", {
    requests: [{ id: "s" }, { id: "s", text: "Jane Austen" }, { id: "s", text: "a&b=c", flag: true }],
    upstreams: answers(found),
  }),
  books("GetNested", "json.7", { requests: [{ id: "" }, { id: ".." }] }),
  books("GetList", "json.3", {
    requests: [
      { id: "s" },
      { id: "s", n: "5", ids: ["x", "y z"] },
      { id: "s", note: "" },
      { id: "s", note: "n", data: "+/8=", x: 0.5 },
    ],
    upstreams: answers(found),
  }),
  books("PutBook", "json.1", {
    requests: [{ id: "a", text: "Emma" }, { id: "a", n: "300", flag: true }, { id: "b" }],
  }),
  books("MoveBook", "json.1", { requests: [{ id: "a", text: "2" }, { id: "b" }] }),
  books("GetBook", "json.4", {
    request: { id: "a" },
    upstreams: answers({ answer: { title: "T", pages: 5, unknown: { a: [1] } } }),
  }),
  ...["application/json; charset=utf-8", "application/problem+json"].map((type) =>
    books("GetBook", "json.4", { request: { id: "a" }, upstreams: answers({ ...BOOK, http: { type } }) }),
  ),
  ...[201, 204].map((status) =>
    books("GetBook", "json.4", {
      request: { id: "a" },
      upstreams: answers({ ...BOOK, http: { status, ...(status === 204 && { text: "" }) } }),
    }),
  ),
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16].map((code) =>
    books("GetBook", "json.5", {
      request: { id: "a" },
      upstreams: answers({ fail: { code, message: `code ${code}` } }),
    }),
  ),
  ...[400, 401, 402, 403, 404, 408, 409, 410, 412, 416, 418, 429, 499, 500, 501, 502, 503, 504, 505].map((status) =>
    books("GetBook", "json.5", {
      request: { id: "a" },
      upstreams: answers({ http: { status, text: "no", type: "text/plain" } }),
    }),
  ),
  ...[
    { type: "text/html", text: "<p>" },
    { text: "{" },
    { text: "[]" },
    { text: '{"pages":"many"}' },
    { status: 302, text: "" },
  ].map((http) => books("GetBook", "json.6", { request: { id: "a" }, upstreams: answers({ http }) })),
];

export const http: readonly Plan[] = [...paths, ...upstreams];

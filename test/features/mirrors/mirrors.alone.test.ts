// An rpc of a monolith moves from HTTP with JSON to a new gRPC service: first as a mirror, then step by step, then as a whole.

import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { run } from "../../../cli/src/testing/run.ts";
import { shareOf } from "../../../runtime/src/expressions/share.ts";
import { freePort } from "../../../runtime/src/testing/ports.ts";
import { GeneratedProject } from "../../support/generated-project.ts";
import { UPSTREAMS } from "../../support/golden.ts";

const BOOKS = `syntax = "proto3";
package books.v1;
import "google/api/annotations.proto";
service BookService {
  rpc GetBook(GetBookRequest) returns (Book) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (google.api.http) = { get: "/v1/books/{id}" };
  }
  rpc BuyBook(GetBookRequest) returns (Book) {
    option (google.api.http) = { post: "/v1/books/{id}:buy" };
  }
}
message GetBookRequest { string id = 1; }
message Book {
  string title = 1;
  int64 pages = 2;
  Price price = 3;
  repeated string authors = 4;
  map<string, string> shelves = 5;
  optional string note = 6;
  // Differs from answer to answer.
  int64 reads = 7;
  string updated_at = 8;
  // The BFF does not read it.
  string warehouse = 9;
}
message Price { int64 cents = 1; string currency = 2; }
`;
const SHOP = `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
option (bff.v1.file) = {
  env: { name: "MOVED" type: "double" default: "0" }
  upstream: {
    service: "books.v1.BookService"
    protocol: HTTP_JSON
    limit: { concurrent: 50 }
    branch: [
      { name: "moved" if: "share.of('moved', headers['x-tenant']) < env.MOVED" protocol: GRPC },
      { name: "next" mirror: true compare: true ignore: "books.v1.Book.updated_at" protocol: GRPC }
    ]
  }
};
service ShopService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page);
  rpc Buy(GetPageRequest) returns (Bought);
}
message GetPageRequest { string id = 1; }
message Page {
  option (bff.v1.message) = {
    let: { name: "book" call: { method: "books.v1.BookService/GetBook" set: { name: "id" by: "args.id" } } }
  };
  string title = 1 [(bff.v1.field).by = "book.title"];
  int64 pages = 2 [(bff.v1.field).by = "book.pages"];
  int64 cents = 3 [(bff.v1.field).by = "book.price.cents"];
  repeated string authors = 4 [(bff.v1.field).by = "book.authors"];
  map<string, string> shelves = 5 [(bff.v1.field).by = "book.shelves"];
  string note = 6 [(bff.v1.field).by = "book.note"];
  int64 reads = 7 [(bff.v1.field).by = "book.reads"];
  string updated_at = 8 [(bff.v1.field).by = "book.updated_at"];
}
message Bought {
  option (bff.v1.message) = {
    let: { name: "book" call: { method: "books.v1.BookService/BuyBook" set: { name: "id" by: "args.id" } } }
  };
  string title = 1 [(bff.v1.field).by = "book.title"];
}
`;
const project = new GeneratedProject(
  "mirrors",
  { "shop/v1/shop.proto": SHOP },
  { ...UPSTREAMS, "books/v1/books.proto": BOOKS },
);
beforeAll(() => project.generate());
afterAll(() => project.remove());

let reads = 0;
const book = (id: string) => ({
  title: `Book ${id}`,
  pages: 786,
  price: { cents: 1250, currency: "EUR" },
  authors: ["Mika", "Waltari"],
  shelves: { a: "1", b: "2" },
  reads: reads++,
  updatedAt: `version ${reads}`,
  warehouse: "old",
});

/** Listens on loopback until the test ends. */
async function listening(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The monolith: HTTP with JSON. */
async function monolith() {
  const seen: string[] = [];
  const url = await listening((request, response) => {
    seen.push(`${request.method} ${request.url}${request.headers["bff-mirror"] === "1" ? " (copy)" : ""}`);
    response.setHeader("content-type", "application/json");
    const { price, pages, reads, ...others } = book(/books\/([^/:]*)/.exec(request.url ?? "")?.[1] ?? "");
    response.end(JSON.stringify({ ...others, pages: String(pages), reads: String(reads), price }));
  });
  return { url, seen };
}
/** The new service: gRPC. */
async function service(change: (answer: ReturnType<typeof book>) => object = (answer) => answer) {
  const seen: string[] = [];
  const answer = (name: string, { id }: { id: string }) => {
    seen.push(`${name} ${id}`);
    return change(book(id));
  };
  const url = await project.upstream({
    "books.v1.BookService/GetBook": (request: { id: string }) => answer("GetBook", request),
    "books.v1.BookService/BuyBook": (request: { id: string }) => answer("BuyBook", request),
  });
  return { url, seen };
}
const PAGE = {
  title: "Book 1",
  pages: "786",
  cents: "1250",
  authors: ["Mika", "Waltari"],
  shelves: { a: "1", b: "2" },
};

async function served(env: Readonly<Record<string, string>>) {
  const port = await freePort();
  const server = await project.served("shop/v1/server.ts", {}, { BFF_ADMIN_PORT: String(port), ...env });
  const get = (tenant = "", id = "1") =>
    server.post("shop.v1.ShopService/GetPage", { id }, { headers: { "x-tenant": tenant } });
  const admin = `http://127.0.0.1:${port}`;
  const verdict = (...args: string[]) => run(["mirror", admin, ...args], project.folder);
  /** Waits until the copies of all calls have been compared. */
  const compared = async (calls: number): Promise<void> => {
    for (;;) {
      const text = await (await fetch(`${admin}/metrics`)).text();
      const counts = [...text.matchAll(/^bff_mirror_total\{[^}]*\} (\d+)$/gm)].map(([, count]) => Number(count));
      if (counts.reduce((all, count) => all + count, 0) >= calls) return;
    }
  };
  return { ...server, get, verdict, compared };
}
test("compiles as strictly as this repository", () => {
  expect(project.typeChecked()).toBe("");
});

test("a mirror shows what the new service does otherwise, and nothing else", async () => {
  const old = await monolith();
  const next = await service(({ authors, price, ...answer }) => ({
    ...answer,
    pages: 785,
    price: { ...price, cents: 1251, currency: "USD" },
    authors: authors.toReversed(),
    shelves: { a: "1" },
    note: "new",
    warehouse: "new",
  }));
  const env = { BOOKS_V1_BOOKSERVICE_URL: old.url, BOOKS_V1_BOOKSERVICE_NEXT_URL: next.url };
  const { get, post, verdict, compared, log } = await served(env);
  for (let i = 0; i < 100; i++) expect((await get()).body).toMatchObject(PAGE);
  expect((await post("shop.v1.ShopService/Buy", { id: "1" })).status).toBe(200);
  await compared(100);
  // No copy has an effect.
  expect(next.seen.every((call) => call === "GetBook 1")).toBe(true);
  expect(old.seen.filter((line) => line.startsWith("POST"))).toEqual(["POST /v1/books/1:buy"]);
  expect(old.seen.filter((line) => line.endsWith("(copy)"))).toHaveLength(5);
  const { exitCode, stdout } = await verdict("--min", "100");
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^books.v1.BookService mirrored to next: 100 compared, 100 differ, 0 failed, 0 dropped\n/);
  const rows = stdout.split("\n").filter((line) => line.includes("control"));
  expect(rows.toSorted()).toEqual([
    "  GetBook authors[*]: 100 of 100, control 0 of 5",
    "  GetBook note: 100 of 100, control 0 of 5",
    "  GetBook pages: 100 of 100, control 0 of 5",
    "  GetBook price.cents: 100 of 100, control 0 of 5",
    "  GetBook reads: 100 of 100, control 5 of 5, noise",
    "  GetBook shelves[*]: 100 of 100, control 0 of 5",
  ]);
  expect(stdout).toMatch(/\n {2}not yet: answers differ at (?:GetBook [\w[\]*.]+(?:, )?){5}\n$/);
  expect(log()).toContain('mirror next differs in books.v1.BookService/GetBook at pages: "785", and "786" was served');
  expect(log()).not.toContain("currency");
});

test("a mirror that agrees may serve: a share of the tenants moves, then all", async () => {
  const [old, next] = [await monolith(), await service()];
  const urls = { BOOKS_V1_BOOKSERVICE_URL: old.url, BOOKS_V1_BOOKSERVICE_NEXT_URL: next.url };
  const first = await served(urls);
  for (let i = 0; i < 60; i++) await first.get();
  await first.compared(60);
  expect(await first.verdict("--min", "60")).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/ {2}may serve\n$/),
  });
  expect(await first.verdict()).toMatchObject({ exitCode: 1 });
  expect(JSON.parse((await first.verdict("--json", "--min", "60")).stdout)).toMatchObject({
    mirrors: [{ upstream: "books.v1.BookService", branch: "next", counts: { same: 0, differs: 60 } }],
  });
  await first.stop();

  const moved = await service();
  for (const share of [0.3, 1]) {
    const env = { ...urls, BOOKS_V1_BOOKSERVICE_MOVED_URL: moved.url, MOVED: String(share) };
    const { get, stop } = await served(env);
    for (let i = 0; i < 40; i++) {
      const tenant = `tenant-${i}`;
      const [before, after] = [moved.seen.length, old.seen.length];
      expect((await get(tenant)).body).toMatchObject(PAGE);
      const there = shareOf("moved", tenant) < share;
      expect(moved.seen.length > before || old.seen.length > after).toBe(true);
      if (there) expect(moved.seen.length).toBeGreaterThan(before);
    }
    await stop();
  }
});

test.each([
  ["hangs", () => {}],
  ["resets its connections", (request: Parameters<RequestListener>[0]) => request.socket.destroy()],
  [
    "answers without an end",
    (_: unknown, response: Parameters<RequestListener>[1]) => {
      const chunk = Buffer.alloc(65_536, 120);
      const write = (): void => {
        while (!response.destroyed && response.write(chunk));
        response.once("drain", write);
      };
      write();
    },
  ],
] as const)("a mirror that %s fails alone", async (_, answer) => {
  const [old, next] = [await monolith(), await listening(answer as RequestListener)];
  const env = { BOOKS_V1_BOOKSERVICE_URL: old.url, BOOKS_V1_BOOKSERVICE_NEXT_URL: next };
  const { get, stop, verdict } = await served(env);
  for (let i = 0; i < 50; i++) expect(await get()).toMatchObject({ status: 200, body: PAGE });
  expect((await verdict("--min", "1")).exitCode).toBe(1);
  expect(await stop()).toBe(0);
});

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runBuf } from "../project/buf.ts";
import { run } from "../testing/run.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
/** Below the repository, so that what is generated finds the packages that it imports. */
const generated = join(root, "test/.generated");
const PROTO = "proto/shop/v1/shop.proto";
let work = "";

const BOOKS = `syntax = "proto3";
package books.v1;
service BookService {
  rpc GetBook(GetBookRequest) returns (Book);
  rpc ListBooks(ListBooksRequest) returns (ListBooksResponse);
  rpc BatchGetAuthors(BatchGetAuthorsRequest) returns (BatchGetAuthorsResponse);
  rpc OrderBook(OrderBookRequest) returns (Order);
  rpc WatchOrder(WatchOrderRequest) returns (stream OrderEvent);
  rpc SendChanges(stream Book) returns (Order);
}
message GetBookRequest { string id = 1; }
message Book { string id = 1; string title = 2; string author_id = 3; Kind kind = 4; }
enum Kind { KIND_UNSPECIFIED = 0; KIND_NOVEL = 1; }
message ListBooksRequest { int32 page_size = 1; }
message ListBooksResponse { repeated Book books = 1; }
message BatchGetAuthorsRequest { repeated string ids = 1; }
message BatchGetAuthorsResponse { repeated Author authors = 1; }
message Author { string id = 1; string name = 2; }
message OrderBookRequest { string book_id = 1; int32 count = 2; }
message Order { string id = 1; Book book = 2; }
message WatchOrderRequest { string order_id = 1; string event = 2; }
message OrderEvent { string text = 1; google.protobuf.Timestamp at = 2; }
`.replace("package", 'import "google/protobuf/timestamp.proto";\npackage');

const read = (path: string): string => readFileSync(join(work, path), "utf8");
const put = (path: string, text: string): void => {
  mkdirSync(dirname(join(work, path)), { recursive: true });
  writeFileSync(join(work, path), text);
};
const add = (...args: readonly string[]) => run(["add", ...args], work);

beforeEach(async () => {
  mkdirSync(generated, { recursive: true });
  work = mkdtempSync(join(generated, "add-"));
  put("theirs/books/v1/books.proto", BOOKS);
  const args = ["init", ".", "--name", "shop", "--from", "theirs", "--rpc", "GetBook"];
  const begun = await run([...args, "--no-install", "--no-start", "--ci", "none"], work);
  expect(begun).toMatchObject({ exitCode: 0, stderr: "" });
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

/** Adds an rpc. The file is in the form of `buf format`, and generates. */
async function added(...args: readonly string[]): Promise<string> {
  const before = read(PROTO);
  const shown = await add(...args);
  expect(shown).toMatchObject({ exitCode: 0, stderr: "" });
  expect(shown.stdout).toMatch(/\n\+ {3}rpc [\s\S]*\nnothing is written yet: repeat it with --write\n$/);
  expect(shown.stdout).not.toMatch(/^- /m);
  expect(read(PROTO)).toBe(before);
  const { exitCode, stderr, stdout } = await add(...args, "--write");
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(stdout).toMatch(/shop\/v1\/shop\.proto is written\n$/);
  expect(runBuf(["format", "--diff", "--path", "proto/shop"], work).toString()).toBe("");
  runBuf(["lint", "--path", "proto/shop"], work);
  runBuf(["generate"], work);
  return read(PROTO);
}

test("an rpc that reads is added with copies that the package lacks", async () => {
  const text = await added("OrderBook", "--name", "OrderOne");
  expect(text).toContain("rpc OrderOne(OrderOneRequest) returns (OrderOneResponse) {");
  expect(text).toContain(`        guard: {
          if: "args.book_id == ''"
          fail: {
            code: INVALID_ARGUMENT
            message: "book_id is missing"`);
  expect(text.match(/^message Book \{/gm)).toHaveLength(1);
  expect(text.match(/^enum Kind \{/gm)).toHaveLength(1);
  expect(text).toMatch(
    /^message Order \{\n {2}option \(bff\.v1\.message\)\.alias = "books\.v1\.Order";\n[\s\S]*Book book = 2;/m,
  );
});

test("calls for many ids from a list of another answer are joined", async () => {
  const text = await added("ListBooks", "BatchGetAuthors");
  expect(text).toContain(
    "rpc GetPage(GetPageRequest) returns (GetPageResponse) {\n    option idempotency_level = NO_SIDE_EFFECTS;",
  );
  expect(text).toMatch(
    /each: \{\n +var: "one"\n +in: "books\.books"\n +call: \{\n +method: "books\.v1\.BookService\/BatchGetAuthors"/,
  );
  expect(text).toContain('repeated Author authors = 2 [(bff.v1.field).by = "authors"];');
  expect(text).not.toContain("repeated string ids");
});

test("a stream of an upstream is followed", async () => {
  const text = await added("WatchOrder");
  expect(text).toContain("rpc WatchOrder(WatchOrderRequest) returns (stream WatchOrderResponse) {");
  // The request has a field "event".
  expect(text).toContain('var: "item"');
  expect(text).toContain('OrderEvent item = 1 [(bff.v1.field).by = "args.item"];');
  expect(text).toContain('import "google/protobuf/timestamp.proto";');
  await added("books.v1.BookService/WatchOrder");
  expect(read(PROTO)).toContain("rpc WatchOrder2(WatchOrder2Request)");
});

test("an rpc of identified callers gets a permit", async () => {
  const rule =
    'identity: {\n    source: {\n      name: "user"\n      jwt: {\n        issuer: "https://login.example"\n        audience: "shop"\n      }\n    }\n  }';
  const text = read(PROTO)
    .replace('  upstream: {timeout: "500ms"}', `  upstream: {timeout: "500ms"}\n  ${rule}`)
    .replace('import "bff/v1/options', 'import "bff/v1/identity.proto";\nimport "bff/v1/options')
    .replace('{timeout: "2s"}', '{\n      timeout: "2s"\n      permit: {}\n    }');
  put(PROTO, text);
  const { stdout, exitCode } = await add("ListBooks", "--write");
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining("+       permit: {}\n")]);
});

test("each wrong call is refused with the reason, and writes nothing", async () => {
  const before = read(PROTO);
  const refusals: readonly (readonly [readonly string[], number, string])[] = [
    [["GetBok"], 2, "there is no rpc GetBok: did you mean GetBook?"],
    [
      ["SendChanges"],
      2,
      "SendChanges is a stream of requests, which a BFF does not call: name an rpc with one request",
    ],
    [["WatchOrder", "GetBook"], 2, "books.v1.BookService/WatchOrder is a stream: add it alone"],
    [["GetBook", "BookService/GetBook"], 2, "books.v1.BookService/GetBook is named twice: name it once"],
    [["GetBook", "--to", "Other"], 2, "no BFF is called Other, there are:\n  --to shop.v1.ShopService"],
    [["GetBook", "--name", "GetBook"], 2, "shop.v1.ShopService has an rpc GetBook: choose another --name"],
    [["GetBook", "--name", "get book"], 2, '"get book" is no name of an rpc'],
    [
      ["shop.v1.ShopService/GetBook"],
      2,
      "there is no rpc shop.v1.ShopService/GetBook: did you mean books.v1.BookService/GetBook?",
    ],
  ];
  for (const [args, code, message] of refusals) {
    const { exitCode, stderr } = await add(...args, "--write");
    expect([args, exitCode, stderr]).toEqual([args, code, expect.stringContaining(message)]);
  }
  put(PROTO, before.replace('by = "book"', 'by = "bok"'));
  const faulty = await add("ListBooks", "--write");
  expect([faulty.exitCode, faulty.stderr]).toEqual([1, expect.stringContaining("correct them first")]);
  expect(faulty.stdout).toContain("error BFF");
  expect(read(PROTO)).toBe(before.replace('by = "book"', 'by = "bok"'));
});

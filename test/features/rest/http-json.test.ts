// A generated server over two upstreams: one speaks gRPC, one HTTP/JSON, which here is a plain server of node:http.
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { GeneratedProject } from "../../support/generated-project.ts";
import { UPSTREAMS } from "../../support/golden.ts";

const BOOKS = `syntax = "proto3";
package books.v1;
import "google/api/annotations.proto";
import "google/protobuf/timestamp.proto";
service BookService {
  rpc GetBook(GetBookRequest) returns (Book) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (google.api.http) = { get: "/v1/{name=shelves/*/books/*}" };
  }
  rpc BatchGetBooks(BatchGetBooksRequest) returns (BatchGetBooksResponse) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (google.api.http) = { get: "/v1/books:batchGet" };
  }
  rpc RenameBook(Book) returns (Book) {
    option (google.api.http) = { post: "/v1/{name=shelves/*/books/*}:rename" body: "*" };
  }
  rpc ChangeBook(ChangeBookRequest) returns (Book) {
    option (google.api.http) = { patch: "/v1/{book.name=shelves/*/books/*}" body: "book" };
  }
}
message ChangeBookRequest { Book book = 1; }
message GetBookRequest { string name = 1; string language = 2; google.protobuf.Timestamp since = 3; }
message BatchGetBooksRequest { repeated string names = 1; }
message BatchGetBooksResponse { repeated Book books = 1; }
message Book { string name = 1; string title = 2; int64 pages = 3; }
`;
const DESK = `syntax = "proto3";
package desk.v1;
import "bff/v1/options.proto";
import "google/protobuf/timestamp.proto";
option (bff.v1.file) = {
  upstream: { service: "books.v1.BookService" protocol: HTTP_JSON retry: { attempts: 2 on: [UNAVAILABLE] } }
};
service DeskService {
  option (bff.v1.service) = {};
  rpc GetDesk(GetDeskRequest) returns (Desk);
  rpc Rename(RenameRequest) returns (Renamed);
  rpc GetShelf(GetShelfRequest) returns (Shelf);
  rpc GetFirst(GetDeskRequest) returns (First) {
    option (bff.v1.method) = { timeout: "60s" };
  }
  rpc GetLinked(GetLinkedRequest) returns (Linked);
  rpc GetPlace(GetPlaceRequest) returns (Place);
  rpc GetOtherPlace(GetOtherPlaceRequest) returns (Place);
  rpc Change(ChangeRequest) returns (Changed);
}
message GetLinkedRequest { string id = 1; string word = 2; }
message Linked {
  option (bff.v1.message) = { let: [
    { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" }
      metadata: { name: "x-word" by: "'w' + args.word" } } },
    { name: "book" call: { method: "books.v1.BookService/GetBook" set: { name: "name" by: "'shelves/s/books/' + item.name" } } }
  ] };
  string title = 1 [(bff.v1.field).by = "book.title"];
}
message GetPlaceRequest { string shelf = 1; string book = 2; google.protobuf.Timestamp since = 3; }
message GetOtherPlaceRequest { string book = 1; string shelf = 2; google.protobuf.Timestamp since = 4; }
message Place {
  option (bff.v1.message) = { let: { name: "book" call: { method: "books.v1.BookService/GetBook" cache: { ttl: "60s" }
    set: [{ name: "name" by: "'shelves/' + args.shelf + '/books/' + args.book" }, { name: "since" by: "args.since" }]
  } } };
  string title = 1 [(bff.v1.field).by = "book.title"];
}
message NewBook { option (bff.v1.message) = { alias: "books.v1.Book" }; string id = 1 [(bff.v1.field).alias = "name"]; string title = 2; }
message ChangeRequest { NewBook book = 1; }
message Changed {
  option (bff.v1.message) = { let: { name: "book" call: { method: "books.v1.BookService/ChangeBook" set: { name: "book" by: "args.book" } } } };
  string title = 1 [(bff.v1.field).by = "book.title"];
}
message GetShelfRequest { repeated string books = 1; }
message Shelf {
  option (bff.v1.message) = { let: [
    { name: "cards" each: { var: "name" in: "args.books" compose: { message: "Card" args: { name: "name" by: "name" } } } }
  ] };
  repeated Card cards = 1 [(bff.v1.field).by = "cards"];
}
message Card {
  option (bff.v1.message) = { let: { name: "book" supplementary: true call: {
    method: "books.v1.BookService/BatchGetBooks"
    batch: { name: "names" by: "args.name" items: "books" key: "name" }
  } } };
  string name = 1 [(bff.v1.field).by = "args.name"];
  optional string title = 2 [(bff.v1.field).by = "book.title"];
}
message First {
  option (bff.v1.message) = { let: { name: "book" call: {
    method: "books.v1.BookService/GetBook" hedge: { delay: "20ms" } timeout: "30s" retry: { attempts: 1 }
    set: { name: "name" by: "'shelves/s/books/' + args.book" }
  } } };
  string title = 1 [(bff.v1.field).by = "book.title"];
}
message GetDeskRequest { string book = 1; }
message Desk {
  option (bff.v1.message) = { let: [
    { name: "book" supplementary: true call: { method: "books.v1.BookService/GetBook" cache: { ttl: "60s" } set: [
      { name: "name" by: "'shelves/s/books/' + args.book" }, { name: "language" by: "'fi'" }
    ] } },
    { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.book" } } }
  ] };
  optional string title = 1 [(bff.v1.field).by = "book.title"];
  optional int64 pages = 2 [(bff.v1.field).by = "book.pages"];
  string item = 3 [(bff.v1.field).by = "item.name"];
}
message RenameRequest { string name = 1; string title = 2; }
message Renamed {
  option (bff.v1.message) = { let: { name: "book" call: { method: "books.v1.BookService/RenameBook" set: { spread: "args" } } } };
  string title = 1 [(bff.v1.field).by = "book.title"];
}
`;

const project = new GeneratedProject(
  "http-json",
  { "desk/v1/desk.proto": DESK },
  { ...UPSTREAMS, "books/v1/books.proto": BOOKS },
);
beforeAll(() => project.generate());
afterAll(() => project.remove());

interface Seen {
  readonly line: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Listens on loopback until the test is over. */
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

async function books(statuses: number[]): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const url = await listening((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => {
      body += text;
    });
    request.on("end", () => {
      seen.push({ line: `${request.method} ${request.url}`, headers: request.headers, body });
      response.writeHead(statuses.shift() ?? 200, { "content-type": "application/json" });
      response.end(JSON.stringify({ name: "n", title: body === "" ? "Sinuhe" : JSON.parse(body).title, pages: "786" }));
    });
  });
  return { url, seen };
}
const items = { "up.v1.ItemService/GetItem": ({ id }: { id: string }) => ({ name: `item ${id}` }) };

test("a server with an HTTP upstream composes, retries, caches and sends the headers of a request", async () => {
  const { url, seen } = await books([503]);
  const { post } = await project.served("desk/v1/server.ts", items, {
    BOOKS_V1_BOOKSERVICE_URL: url,
    BFF_OTEL: "own",
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1",
  });
  const headers = {
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "x-request-id": "r-1",
  };
  const expected = { status: 200, body: { title: "Sinuhe", pages: "786", item: "item a b" } };
  expect(await post("desk.v1.DeskService/GetDesk", { book: "a b" }, { headers })).toEqual(expected);
  const line = "GET /v1/shelves/s/books/a%20b?language=fi";
  expect(seen.map((request) => request.line)).toEqual([line, line]);
  expect(seen[1]?.headers).toMatchObject({
    "x-request-id": "r-1",
    traceparent: expect.stringMatching(/^00-0af7651916cd43dd8448eb211c80319c-/),
    "grpc-previous-rpc-attempts": "1",
  });
  expect(await post("desk.v1.DeskService/GetDesk", { book: "a b" })).toEqual(expected);
  expect(seen.length).toBe(2);
  const renamed = await post("desk.v1.DeskService/Rename", { name: "shelves/s/books/b", title: "Ä" });
  expect(renamed).toEqual({ status: 200, body: { title: "Ä" } });
  expect(seen[2]).toMatchObject({ line: "POST /v1/shelves/s/books/b:rename", body: '{"title":"Ä"}' });
});

test("a server answers without an HTTP upstream that is down", async () => {
  const { post } = await project.served("desk/v1/server.ts", items, {
    BOOKS_V1_BOOKSERVICE_URL: "http://127.0.0.1:1",
  });
  const answer = await post("desk.v1.DeskService/GetDesk", { book: "b" });
  expect(answer).toEqual({ status: 200, body: { item: "item b" } });
});

/** `GET /v1/books:batchGet?names=a&names=b` */
const namesOf = (url: string | undefined): string[] => new URL(url ?? "", "http://books").searchParams.getAll("names");

test("a batch sends the keys of all items in one request, returns each item's value, and is retried as a whole", async () => {
  const requestLines: string[] = [];
  const statuses = [503, 200, 503, 503];
  const url = await listening(({ method, url: path }, response) => {
    requestLines.push(`${method} ${path}`);
    response.writeHead(statuses.shift() ?? 500, { "content-type": "application/json" });
    // In another order, and of one there is none.
    const found = namesOf(path).filter((name) => name !== "none");
    response.end(JSON.stringify({ books: found.reverse().map((name) => ({ name, title: `title of ${name}` })) }));
  });
  const { post } = await project.served("desk/v1/server.ts", items, { BOOKS_V1_BOOKSERVICE_URL: url });
  const shelf = (...names: string[]) => post("desk.v1.DeskService/GetShelf", { books: names });
  const card = (name: string) => ({ name, title: `title of ${name}` });
  const cards = [card("a b"), { name: "none" }, card("ä"), card("a b")];
  expect(await shelf("a b", "none", "ä", "a b")).toEqual({ status: 200, body: { cards } });
  const line = "GET /v1/books:batchGet?names=a%20b&names=none&names=%C3%A4";
  expect(requestLines).toEqual([line, line]);
  // Without it when that fails, too.
  expect(await shelf("a", "b")).toEqual({ status: 200, body: { cards: [{ name: "a" }, { name: "b" }] } });
  expect(requestLines.length).toBe(4);
});

test("a hedged request takes the first answer, and the other request ends", async () => {
  const held: ServerResponse[] = [];
  const ended = Promise.withResolvers<void>();
  const attempts: (string | undefined)[] = [];
  const url = await listening(({ headers }, response) => {
    attempts.push(headers["grpc-previous-rpc-attempts"]?.toString());
    if (attempts.length === 1) {
      held.push(response);
      response.once("close", () => ended.resolve());
      return;
    }
    response.writeHead(200, { "content-type": "application/json" });
    response.end('{"title":"of the hedge"}');
  });
  const { post } = await project.served("desk/v1/server.ts", items, { BOOKS_V1_BOOKSERVICE_URL: url });
  expect(await post("desk.v1.DeskService/GetFirst", { book: "b" })).toEqual({
    status: 200,
    body: { title: "of the hedge" },
  });
  // The BFF lets go of the one that it no longer wants.
  await ended.promise;
  expect(held[0]?.writableEnded).toBe(false);
  expect(attempts).toEqual([undefined, "1"]);
});

test("an unsendable value is the client's fault only if fields of its request alone form it", async () => {
  const { url, seen } = await books([]);
  const { post } = await project.served(
    "desk/v1/server.ts",
    { "up.v1.ItemService/GetItem": ({ id }: { id: string }) => ({ name: id === "odd" ? "a/b" : "b" }) },
    { BOOKS_V1_BOOKSERVICE_URL: url },
  );
  const refused = (why: string) => ({
    status: 400,
    body: { code: "invalid_argument", message: `the value of ${why}` },
  });
  const call = (rpc: string, request: object) => post(`desk.v1.DeskService/${rpc}`, request);
  const path = "is not accepted here: it results in a path";
  const empty = "with an empty segment";
  expect(await call("GetFirst", { book: "a/b" })).toMatchObject(refused(`book ${path} of another form`));
  expect(await call("GetFirst", {})).toMatchObject(refused(`book ${path} ${empty}`));
  expect(await call("GetFirst", { book: ".." })).toMatchObject(refused(`book ${path} that leads elsewhere`));
  expect(await call("GetFirst", { book: "a\nb" })).toMatchObject(refused(`book ${path} with control characters`));
  expect(await call("Rename", { name: "b", title: "t" })).toMatchObject(refused(`name ${path} of another form`));
  expect(await call("GetPlace", { shelf: "s" })).toMatchObject(refused(`shelf or book ${path} ${empty}`));
  expect(await call("GetOtherPlace", { shelf: "s" })).toMatchObject(refused(`shelf or book ${path} ${empty}`));
  expect(await call("Change", { book: { title: "t" } })).toMatchObject(refused(`book.id ${path} of another form`));
  const header = "is not accepted here: it results in a header with characters that cannot be sent";
  expect(await call("GetLinked", { id: "i", word: "ä" })).toMatchObject(refused(`word ${header}`));
  // JSON has no such date, bytes of protobuf have.
  const body = Buffer.from("0a0173" + "120162" + "1a0a08808080808080808040", "hex");
  const headers = { "content-type": "application/proto" };
  expect(await post("desk.v1.DeskService/GetPlace", {}, { body, headers })).toMatchObject(
    refused("since is not accepted here: it results in a value without a form in JSON"),
  );
  // A response that does without it comes without it.
  expect(await call("GetDesk", { book: "a/b" })).toEqual({ status: 200, body: { item: "b" } });
  expect(await call("GetLinked", { id: "odd", word: "w" })).toMatchObject({
    status: 500,
    body: { code: "internal", message: "internal error" },
  });
  expect(seen).toEqual([]);
  expect(await call("GetLinked", { id: "i", word: "w" })).toEqual({ status: 200, body: { title: "Sinuhe" } });
});

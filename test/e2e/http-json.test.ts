// A generated server over two upstreams: one speaks gRPC, one HTTP/JSON, which here is a plain server of node:http.
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { GeneratedProject } from "../support/generated-project.ts";
import { UPSTREAMS } from "../support/golden.ts";

const BOOKS = `syntax = "proto3";
package books.v1;
import "google/api/annotations.proto";
service BookService {
  rpc GetBook(GetBookRequest) returns (Book) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (google.api.http) = { get: "/v1/{name=shelves/*/books/*}" };
  }
  rpc RenameBook(Book) returns (Book) {
    option (google.api.http) = { post: "/v1/{name=shelves/*/books/*}:rename" body: "*" };
  }
}
message GetBookRequest { string name = 1; string language = 2; }
message Book { string name = 1; string title = 2; int64 pages = 3; }
`;
const DESK = `syntax = "proto3";
package desk.v1;
import "bff/v1/options.proto";
option (bff.v1.file) = {
  upstream: { service: "books.v1.BookService" protocol: HTTP_JSON retry: { attempts: 2 on: [UNAVAILABLE] } }
};
service DeskService {
  option (bff.v1.service) = {};
  rpc GetDesk(GetDeskRequest) returns (Desk);
  rpc Rename(RenameRequest) returns (Renamed);
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
  option (bff.v1.message) = { let: { name: "book" call: { method: "books.v1.BookService/RenameBook" set: [
    { name: "name" by: "args.name" }, { name: "title" by: "args.title" }
  ] } } };
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

async function books(statuses: number[]): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
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
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}
const items = { "up.v1.ItemService/GetItem": ({ id }: { id: string }) => ({ name: `item ${id}` }) };

test("composes both, tries again, remembers, and sends what belongs to a request", async () => {
  const { url, seen } = await books([503]);
  const { post } = await project.served("desk/v1/server.ts", items, {
    ...{ BOOKS_V1_BOOKSERVICE_URL: url, BFF_OTEL: "own", OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" },
  });
  const headers = {
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "x-request-id": "r-1",
  };
  const wanted = { status: 200, body: { title: "Sinuhe", pages: "786", item: "item a b" } };
  expect(await post("desk.v1.DeskService/GetDesk", { book: "a b" }, { headers })).toEqual(wanted);
  const line = "GET /v1/shelves/s/books/a%20b?language=fi";
  expect(seen.map((one) => one.line)).toEqual([line, line]);
  expect(seen[1]?.headers).toMatchObject({
    "x-request-id": "r-1",
    traceparent: expect.stringMatching(/^00-0af7651916cd43dd8448eb211c80319c-/),
    "grpc-previous-rpc-attempts": "1",
  });
  expect(await post("desk.v1.DeskService/GetDesk", { book: "a b" })).toEqual(wanted);
  expect(seen.length).toBe(2);
  const renamed = await post("desk.v1.DeskService/Rename", { name: "shelves/s/books/b", title: "Ä" });
  expect(renamed).toEqual({ status: 200, body: { title: "Ä" } });
  expect(seen[2]).toMatchObject({ line: "POST /v1/shelves/s/books/b:rename", body: '{"title":"Ä"}' });
});

test("answers without it when it is down", async () => {
  const { post } = await project.served("desk/v1/server.ts", items, {
    BOOKS_V1_BOOKSERVICE_URL: "http://127.0.0.1:1",
  });
  const answer = await post("desk.v1.DeskService/GetDesk", { book: "b" });
  expect(answer).toEqual({ status: 200, body: { item: "item b" } });
});

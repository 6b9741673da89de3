// Envoy's `request_mirror_policies` and a mirror of a BFF: how many copies both send, and what clients see of a broken mirror.
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { GeneratedProject } from "../../support/generated-project.ts";
import { UPSTREAMS } from "../../support/golden.ts";
import { envoy, WITHOUT_ENVOY } from "./proxies.ts";

const BOOKS = `syntax = "proto3";
package books.v1;
import "google/api/annotations.proto";
service BookService {
  rpc GetBook(GetBookRequest) returns (Book) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (google.api.http) = { get: "/v1/books/{id}" };
  }
}
message GetBookRequest { string id = 1; }
message Book { string title = 1; }
`;
const SHOP = `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
option (bff.v1.file).upstream = {
  service: "books.v1.BookService"
  protocol: HTTP_JSON
  limit: { concurrent: 50 }
  branch: { name: "next" mirror: true }
};
service ShopService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page);
}
message GetPageRequest { string id = 1; }
message Page {
  option (bff.v1.message) = {
    let: { name: "book" call: { method: "books.v1.BookService/GetBook" set: { name: "id" by: "args.id" } } }
  };
  string title = 1 [(bff.v1.field).by = "book.title"];
}
`;
const project = new GeneratedProject(
  "mirror-counts",
  { "shop/v1/shop.proto": SHOP },
  { ...UPSTREAMS, "books/v1/books.proto": BOOKS },
);
beforeAll(() => project.generate());
afterAll(() => project.remove());

/** A server of HTTP/1.1 that counts its requests, until the test ends. */
async function counting(answer: RequestListener) {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(request.url ?? "");
    answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: (server.address() as AddressInfo).port, seen };
}
const good: RequestListener = (_, response) => {
  response.setHeader("content-type", "application/json");
  response.end('{"title":"Sinuhe"}');
};

function envoyConfig(port: number, main: number, next: number): object {
  const cluster = (name: string, to: number) => ({
    name,
    type: "STATIC",
    load_assignment: {
      cluster_name: name,
      endpoints: [
        { lb_endpoints: [{ endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: to } } } }] },
      ],
    },
  });
  const route = { cluster: "main", request_mirror_policies: [{ cluster: "next" }] };
  const manager = {
    "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    stat_prefix: "mirror",
    route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, route }] }] },
    http_filters: [
      {
        name: "router",
        typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
      },
    ],
  };
  const address = { socket_address: { address: "127.0.0.1", port_value: port } };
  const filters = [{ name: "http", typed_config: manager }];
  return {
    static_resources: {
      listeners: [{ name: "front", address, filter_chains: [{ filters }] }],
      clusters: [cluster("main", main), cluster("next", next)],
    },
  };
}

const REQUESTS = 200;
type Send = (id: string) => Promise<string | undefined>;

/** Sends requests one after the other, and waits until the mirror has as many as are expected. */
async function sent(send: Send, next: { readonly seen: readonly string[] }): Promise<void> {
  for (let i = 0; i < REQUESTS; i++) expect(await send(String(i))).toBe("Sinuhe");
  while (next.seen.length < REQUESTS) await new Promise(setImmediate);
}

describe.skipIf(WITHOUT_ENVOY)("Envoy and a BFF", () => {
  test("copy every request once, to the same path", async () => {
    const [main, next] = [await counting(good), await counting(good)];
    const front = await envoy((port) => envoyConfig(port, main.port, next.port));
    onTestFinished(() => front.stop());
    await sent(async (id) => {
      const answer = await fetch(`http://127.0.0.1:${front.port}/v1/books/${id}`);
      return ((await answer.json()) as { title: string }).title;
    }, next);
    const [ours, copies] = [await counting(good), await counting(good)];
    const { post } = await project.served(
      "shop/v1/server.ts",
      {},
      {
        BOOKS_V1_BOOKSERVICE_URL: `http://127.0.0.1:${ours.port}`,
        BOOKS_V1_BOOKSERVICE_NEXT_URL: `http://127.0.0.1:${copies.port}`,
      },
    );
    await sent(async (id) => {
      const { body } = await post("shop.v1.ShopService/GetPage", { id });
      return (body as { title?: string }).title;
    }, copies);
    expect(copies.seen.toSorted()).toEqual(next.seen.toSorted());
    expect(ours.seen).toEqual(main.seen);
  });
});

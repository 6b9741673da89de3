// Requests against googleapis' own rules, and what google/api/http.proto says that they mean.
import * as http from "node:http";
import { toJson } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import { googleapis } from "./googleapis.ts";
import { type Served, type ServedCall, serveAll } from "./rest-server.ts";

/** The rpc's name and its request in JSON, or the status of HTTP. */
type Row = readonly [request: string, body: unknown, rpc: string | number, request?: object];

const P = "projects/p";
const rows: readonly Row[] = [
  // ---- google.example.library.v1 ----
  ["POST /v1/shelves", { theme: "Music" }, "CreateShelf", { shelf: { theme: "Music" } }],
  ["POST /v1/shelves", undefined, "CreateShelf", {}],
  ["POST /v1/shelves", {}, "CreateShelf", { shelf: {} }],
  ["POST /v1/shelves", null, 400],
  ["POST /v1/shelves?shelf.theme=x", {}, 400],
  ["POST /v1/shelves?theme=x", {}, 400],
  ["GET /v1/shelves/1", undefined, "GetShelf", { name: "shelves/1" }],
  ["GET /v1/shelves/a%20b", undefined, "GetShelf", { name: "shelves/a b" }],
  ["GET /v1/shelves/a+b", undefined, "GetShelf", { name: "shelves/a+b" }],
  ["GET /v1/shelves/a%2Fb", undefined, "GetShelf", { name: "shelves/a%2Fb" }],
  ["GET /v1/shelves/a%2fb", undefined, "GetShelf", { name: "shelves/a%2fb" }],
  ["GET /v1/shelves/a%3Ab%3Fc%23d", undefined, "GetShelf", { name: "shelves/a:b?c#d" }],
  ["GET /v1/shelves/%C3%A9%E2%82%AC", undefined, "GetShelf", { name: "shelves/é€" }],
  ["GET /v1/shelves/%7E~%41", undefined, "GetShelf", { name: "shelves/~~A" }],
  ["GET /v1/%73helves/1", undefined, "GetShelf", { name: "shelves/1" }],
  ["GET /v1/shelves/%", undefined, 400],
  ["GET /v1/shelves/%FF", undefined, 400],
  ["GET /v1/shelves/%C3", undefined, 400],
  ["GET /v1/shelves/%00", undefined, 400],
  ["GET /v1/shelves/a%0Ab", undefined, 400],
  ["GET /v1/shelves/.", undefined, 400],
  ["GET /v1/shelves/..", undefined, 400],
  ["GET /v1/shelves/%2e%2E", undefined, 400],
  ["GET /v1/shelves/...", undefined, "GetShelf", { name: "shelves/..." }],
  ["GET /v1/shelves/", undefined, 404],
  ["GET /v1//shelves/1", undefined, 404],
  ["GET /v1/shelves//books", undefined, 404],
  ["GET /v2/shelves/1", undefined, 404],
  ["GET /V1/shelves/1", undefined, 404],
  ["GET /v1/shelves/1/", undefined, 404],
  ["GET /v1/shelves", undefined, "ListShelves", {}],
  ["GET /v1/shelves?page_size=5", undefined, "ListShelves", { pageSize: 5 }],
  ["GET /v1/shelves?pageSize=5&page_token=t", undefined, "ListShelves", { pageSize: 5, pageToken: "t" }],
  ["GET /v1/shelves?page_token=a+b%2B%26", undefined, "ListShelves", { pageToken: "a b+&" }],
  ["GET /v1/shelves?page_token=a=b", undefined, "ListShelves", { pageToken: "a=b" }],
  ["GET /v1/shelves?page_token=", undefined, "ListShelves", {}],
  ["GET /v1/shelves?page_token", undefined, "ListShelves", {}],
  ["GET /v1/shelves?", undefined, "ListShelves", {}],
  ["GET /v1/shelves?&&page_size=1&", undefined, "ListShelves", { pageSize: 1 }],
  ["GET /v1/shelves?page_size=1&page_size=2", undefined, 400],
  ["GET /v1/shelves?page_size=1&pageSize=2", undefined, 400],
  ["GET /v1/shelves?page_size=x", undefined, 400],
  ["GET /v1/shelves?page_size=", undefined, 400],
  ["GET /v1/shelves?page_size=1.5", undefined, 400],
  ["GET /v1/shelves?page_size=2147483648", undefined, 400],
  ["GET /v1/shelves?page_size=0x10", undefined, 400],
  ["GET /v1/shelves?page_size=-1", undefined, "ListShelves", { pageSize: -1 }],
  ["GET /v1/shelves?page_size=%31", undefined, "ListShelves", { pageSize: 1 }],
  ["GET /v1/shelves?sort=up", undefined, 400],
  ["GET /v1/shelves?page_token=%FF", undefined, 400],
  ["GET /v1/shelves?page_token.a=1", undefined, 400],
  ["GET /v1/shelves", { page_size: 1 }, 400],
  ["DELETE /v1/shelves/1", undefined, "DeleteShelf", { name: "shelves/1" }],
  [
    "POST /v1/shelves/1:merge",
    { otherShelf: "shelves/2" },
    "MergeShelves",
    { name: "shelves/1", otherShelf: "shelves/2" },
  ],
  [
    "POST /v1/shelves/1:merge",
    { name: "shelves/9", other_shelf: "shelves/2" },
    "MergeShelves",
    { name: "shelves/1", otherShelf: "shelves/2" },
  ],
  ["POST /v1/shelves/1%3Amerge", {}, 405],
  ["POST /v1/shelves/1:%6Derge", {}, "MergeShelves", { name: "shelves/1" }],
  ["POST /v1/shelves/a:b:merge", {}, "MergeShelves", { name: "shelves/a:b" }],
  ["POST /v1/shelves/:merge", {}, 405],
  ["POST /v1/shelves/1:merge?other_shelf=x", {}, 400],
  ["GET /v1/shelves/1:merge", undefined, "GetShelf", { name: "shelves/1:merge" }],
  ["GET /v1/shelves/1:other", undefined, "GetShelf", { name: "shelves/1:other" }],
  ["PUT /v1/shelves/1", {}, 405],
  [
    "POST /v1/shelves/1/books",
    { title: "T", read: true },
    "CreateBook",
    { parent: "shelves/1", book: { title: "T", read: true } },
  ],
  ["POST /v1/shelves/1/books", { title: 1 }, 400],
  ["POST /v1/shelves/1/books", [], 400],
  ["POST /v1/shelves/1/books", "T", 400],
  ["POST /v1/shelves/1/books", { unknown: 1 }, "CreateBook", { parent: "shelves/1", book: {} }],
  ["POST /v1/shelves/1/books?parent=shelves/2", {}, 400],
  ["GET /v1/shelves/1/books/2", undefined, "GetBook", { name: "shelves/1/books/2" }],
  ["GET /v1/shelves/1/books/2/3", undefined, 404],
  ["GET /v1/shelves/1/books", undefined, "ListBooks", { parent: "shelves/1" }],
  ["GET /v1/shelves/1/books?page_size=3", undefined, "ListBooks", { parent: "shelves/1", pageSize: 3 }],
  ["GET /v1/shelves/books/books/books", undefined, "GetBook", { name: "shelves/books/books/books" }],
  [
    "PATCH /v1/shelves/1/books/2?update_mask=title,author",
    { title: "T" },
    "UpdateBook",
    { book: { name: "shelves/1/books/2", title: "T" }, updateMask: "title,author" },
  ],
  [
    "PATCH /v1/shelves/1/books/2?updateMask=title",
    { name: "shelves/7/books/7", title: "T" },
    "UpdateBook",
    { book: { name: "shelves/1/books/2", title: "T" }, updateMask: "title" },
  ],
  ["PATCH /v1/shelves/1/books/2?book.title=T", {}, 400],
  ["PATCH /v1/shelves/1/books/2", undefined, "UpdateBook", { book: { name: "shelves/1/books/2" } }],
  [
    "POST /v1/shelves/1/books/2:move",
    { otherShelfName: "shelves/3" },
    "MoveBook",
    { name: "shelves/1/books/2", otherShelfName: "shelves/3" },
  ],
  // ---- google.pubsub.v1 ----
  [`PUT /v1/${P}/topics/t`, { labels: { a: "b" } }, "CreateTopic", { name: `${P}/topics/t`, labels: { a: "b" } }],
  [`PUT /v1/${P}/topics/t`, undefined, "CreateTopic", { name: `${P}/topics/t` }],
  [
    `PATCH /v1/${P}/topics/t`,
    { topic: { labels: { a: "b" } }, updateMask: "labels" },
    "UpdateTopic",
    { topic: { name: `${P}/topics/t`, labels: { a: "b" } }, updateMask: "labels" },
  ],
  [
    `POST /v1/${P}/topics/t:publish`,
    { messages: [{ data: "aGk=", attributes: { k: "v" } }] },
    "Publish",
    { topic: `${P}/topics/t`, messages: [{ data: "aGk=", attributes: { k: "v" } }] },
  ],
  [
    `POST /v1/${P}/topics/t:publish`,
    { messages: [{ data: "a-_h" }] },
    "Publish",
    { topic: `${P}/topics/t`, messages: [{ data: "a+/h" }] },
  ],
  [`GET /v1/${P}/topics/t`, undefined, "GetTopic", { topic: `${P}/topics/t` }],
  [`GET /v1/${P}/topics?page_size=2`, undefined, "ListTopics", { project: P, pageSize: 2 }],
  [`GET /v1/${P}/topics/t/subscriptions`, undefined, "ListTopicSubscriptions", { topic: `${P}/topics/t` }],
  [
    `GET /v1/${P}/topics/t/snapshots?pageToken=x`,
    undefined,
    "ListTopicSnapshots",
    { topic: `${P}/topics/t`, pageToken: "x" },
  ],
  [`DELETE /v1/${P}/topics/t`, undefined, "DeleteTopic", { topic: `${P}/topics/t` }],
  [`POST /v1/${P}/subscriptions/s:detach`, undefined, "DetachSubscription", { subscription: `${P}/subscriptions/s` }],
  [`POST /v1/${P}/subscriptions/s:detach`, {}, 400],
  [
    `PUT /v1/${P}/subscriptions/s`,
    { topic: `${P}/topics/t`, ackDeadlineSeconds: 10, messageRetentionDuration: "600s" },
    "CreateSubscription",
    { name: `${P}/subscriptions/s`, topic: `${P}/topics/t`, ackDeadlineSeconds: 10, messageRetentionDuration: "600s" },
  ],
  [
    `PATCH /v1/${P}/subscriptions/s`,
    { subscription: { ackDeadlineSeconds: "20" }, update_mask: "ackDeadlineSeconds" },
    "UpdateSubscription",
    { subscription: { name: `${P}/subscriptions/s`, ackDeadlineSeconds: 20 }, updateMask: "ackDeadlineSeconds" },
  ],
  [
    `POST /v1/${P}/subscriptions/s:acknowledge`,
    { ackIds: ["a", "b"] },
    "Acknowledge",
    { subscription: `${P}/subscriptions/s`, ackIds: ["a", "b"] },
  ],
  [
    `POST /v1/${P}/subscriptions/s:pull`,
    { maxMessages: 3 },
    "Pull",
    { subscription: `${P}/subscriptions/s`, maxMessages: 3 },
  ],
  [`POST /v1/${P}/subscriptions/s:Pull`, {}, 405],
  [
    `POST /v1/${P}/subscriptions/s:seek`,
    { time: "2026-11-21T06:00:00Z" },
    "Seek",
    { subscription: `${P}/subscriptions/s`, time: "2026-11-21T06:00:00Z" },
  ],
  [`POST /v1/${P}/subscriptions/s:seek`, { snapshot: "x", time: "2026-11-21T06:00:00Z" }, 400],
  [
    `POST /v1/${P}/subscriptions/s:modifyPushConfig`,
    { pushConfig: { pushEndpoint: "https://a.b" } },
    "ModifyPushConfig",
    { subscription: `${P}/subscriptions/s`, pushConfig: { pushEndpoint: "https://a.b" } },
  ],
  [`DELETE /v1/${P}/snapshots/x`, undefined, "DeleteSnapshot", { snapshot: `${P}/snapshots/x` }],
  // ---- google.cloud.secretmanager.v1 ----
  [
    `GET /v1/${P}/secrets?filter=name:a&pageSize=1`,
    undefined,
    "ListSecrets",
    { parent: P, filter: "name:a", pageSize: 1 },
  ],
  [`GET /v1/${P}/locations/l/secrets`, undefined, "ListSecrets", { parent: `${P}/locations/l` }],
  [
    `POST /v1/${P}/secrets?secretId=s`,
    { replication: { automatic: {} } },
    "CreateSecret",
    { parent: P, secretId: "s", secret: { replication: { automatic: {} } } },
  ],
  [
    `POST /v1/${P}/locations/l/secrets?secret_id=s`,
    {},
    "CreateSecret",
    { parent: `${P}/locations/l`, secretId: "s", secret: {} },
  ],
  [
    `POST /v1/${P}/secrets/s:addVersion`,
    { payload: { data: "eA==", dataCrc32c: "5" } },
    "AddSecretVersion",
    { parent: `${P}/secrets/s`, payload: { data: "eA==", dataCrc32c: "5" } },
  ],
  [`GET /v1/${P}/secrets/s`, undefined, "GetSecret", { name: `${P}/secrets/s` }],
  [`GET /v1/${P}/locations/l/secrets/s`, undefined, "GetSecret", { name: `${P}/locations/l/secrets/s` }],
  [
    `PATCH /v1/${P}/secrets/s?updateMask=labels`,
    { labels: {} },
    "UpdateSecret",
    { secret: { name: `${P}/secrets/s` }, updateMask: "labels" },
  ],
  [`DELETE /v1/${P}/secrets/s?etag=%22x%22`, undefined, "DeleteSecret", { name: `${P}/secrets/s`, etag: '"x"' }],
  [`GET /v1/${P}/secrets/s/versions`, undefined, "ListSecretVersions", { parent: `${P}/secrets/s` }],
  [
    `GET /v1/${P}/secrets/s/versions/latest:access`,
    undefined,
    "AccessSecretVersion",
    { name: `${P}/secrets/s/versions/latest` },
  ],
  [`GET /v1/${P}/secrets/s/versions/latest`, undefined, "GetSecretVersion", { name: `${P}/secrets/s/versions/latest` }],
  [
    `POST /v1/${P}/locations/l/secrets/s/versions/1:destroy`,
    { etag: "e" },
    "DestroySecretVersion",
    { name: `${P}/locations/l/secrets/s/versions/1`, etag: "e" },
  ],
  [
    `GET /v1/${P}/secrets/s:getIamPolicy?options.requestedPolicyVersion=3`,
    undefined,
    "GetIamPolicy",
    { resource: `${P}/secrets/s`, options: { requestedPolicyVersion: 3 } },
  ],
  [
    `GET /v1/${P}/secrets/s:getIamPolicy?options.requested_policy_version=3`,
    undefined,
    "GetIamPolicy",
    { resource: `${P}/secrets/s`, options: { requestedPolicyVersion: 3 } },
  ],
  [`GET /v1/${P}/secrets/s:getIamPolicy?options=3`, undefined, 400],
  [`GET /v1/${P}/secrets/s:getIamPolicy?options.x=3`, undefined, 400],
  // ---- google.logging.v2 ----
  ["GET /v2/projects/p/sinks", undefined, "ListSinks", { parent: P }],
  ["GET /v2/folders/1/sinks", undefined, "ListSinks", { parent: "folders/1" }],
  ["GET /v2/galaxies/1/sinks", undefined, "ListSinks", { parent: "galaxies/1" }],
  ["GET /v2/sinks", undefined, 404],
  [
    "GET /v2/organizations/1/locations/l/buckets/b",
    undefined,
    "GetBucket",
    { name: "organizations/1/locations/l/buckets/b" },
  ],
  [
    "POST /v2/projects/p/locations/l/buckets:createAsync?bucket_id=b",
    { locked: true },
    "CreateBucketAsync",
    { parent: "projects/p/locations/l", bucketId: "b", bucket: { locked: true } },
  ],
  [
    "POST /v2/projects/p/locations/l/buckets?bucketId=b",
    { retentionDays: 3 },
    "CreateBucket",
    { parent: "projects/p/locations/l", bucketId: "b", bucket: { retentionDays: 3 } },
  ],
  [
    "PUT /v2/projects/p/sinks/s?uniqueWriterIdentity=true",
    { name: "s" },
    "UpdateSink",
    { sinkName: "projects/p/sinks/s", sink: { name: "s" }, uniqueWriterIdentity: true },
  ],
  [
    "PATCH /v2/projects/p/sinks/s?unique_writer_identity=false&update_mask=filter,destination",
    { filter: "f" },
    "UpdateSink",
    { sinkName: "projects/p/sinks/s", sink: { filter: "f" }, updateMask: "filter,destination" },
  ],
  ["PATCH /v2/galaxies/p/sinks/s", {}, 405],
  ["PUT /v2/projects/p/sinks/s?uniqueWriterIdentity=1", {}, 400],
  ["PUT /v2/projects/p/sinks/s?uniqueWriterIdentity=TRUE", {}, 400],
  ["GET /v2/projects/p/cmekSettings", undefined, "GetCmekSettings", { name: P }],
  ["POST /v2/entries:copy", { name: "n", destination: "d" }, "CopyLogEntries", { name: "n", destination: "d" }],
  ["POST /v2/entries", {}, 404],
  // ---- google.longrunning ----
  ["GET /v1/operations", undefined, "ListOperations", { name: "operations" }],
  ["GET /v1/operations?filter=done%3Dtrue", undefined, "ListOperations", { name: "operations", filter: "done=true" }],
  ["GET /v1/operations/a", undefined, "GetOperation", { name: "operations/a" }],
  ["GET /v1/operations/a/b%2Fc/d%20e", undefined, "GetOperation", { name: "operations/a/b%2Fc/d e" }],
  ["GET /v1/operations/a//b", undefined, 404],
  ["GET /v1/operations/a/../b", undefined, 400],
  ["DELETE /v1/operations/a/b", undefined, "DeleteOperation", { name: "operations/a/b" }],
  // Zero segments (`**`), where nothing nearer takes DELETE.
  ["DELETE /v1/operations", undefined, "DeleteOperation", { name: "operations" }],
  ["POST /v1/operations/a/b:cancel", {}, "CancelOperation", { name: "operations/a/b" }],
  ["POST /v1/operations/a:b/c:cancel", undefined, "CancelOperation", { name: "operations/a:b/c" }],
  ["POST /v1/operations/a:wait", {}, 405],
];

let served: Served;
beforeAll(async () => {
  served = await serveAll(googleapis());
});
afterAll(() => served.server.close(0));

test("the table has more than a hundred rows", () => expect(rows.length).toBeGreaterThan(120));

test.each(
  rows.map((row) => ({
    row,
    name: row
      .slice(0, 3)
      .map((cell) => (typeof cell === "string" ? cell : JSON.stringify(cell)))
      .join(" "),
  })),
)("$name", async ({ row: [line, body, rpc, request] }) => {
  const [method = "", path = ""] = line.split(" ");
  served.last = undefined;
  const { status, json } = await send(method, path, body);
  if (typeof rpc === "number") {
    expect({ status, last: served.last }).toEqual({ status: rpc, last: undefined });
    expect(json).toMatchObject({ code: expect.any(Number), message: expect.any(String) });
    return;
  }
  expect({ status, json }).toEqual({ status: 200, json: {} });
  const last = served.last as ServedCall | undefined;
  expect(last && { rpc: last.method.name, request: toJson(last.method.input, last.request) }).toEqual({ rpc, request });
});

async function send(
  method: string,
  path: string,
  body: unknown,
): Promise<{ status: number | undefined; json: unknown }> {
  const sent = body === undefined ? "" : JSON.stringify(body);
  const headers = sent === "" ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(sent) };
  const request = http.request({ port: served.server.port, method, path, headers, agent: false });
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  request.on("response", resolve).on("error", reject);
  request.end(sent);
  const response = await promise;
  const text = Buffer.concat(await response.toArray()).toString();
  return { status: response.statusCode, json: JSON.parse(text) };
}

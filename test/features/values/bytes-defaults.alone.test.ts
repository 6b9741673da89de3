// Unset bytes of proto2 with quotes in their default, over the wire: protobuf-es reads them without the quotes.
import { rmSync } from "node:fs";
import * as grpc from "@grpc/grpc-js";
import { GrpcClient } from "@protobff/runtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listen } from "../../../packages/server/src/listen.ts";
import { testedHttp2 } from "../../../runtime/src/testing/tested-http2.ts";
import { endpoints, generate } from "../../proofs/load/generate-bff.ts";

const UP = String.raw`syntax = "proto2";
package up.v1;
service Things { rpc Get(GetRequest) returns (Thing) { option idempotency_level = NO_SIDE_EFFECTS; } }
message GetRequest { optional bytes key = 1; }
message Thing { optional bytes blob = 1 [default = "say \"x\""]; optional Thing inner = 2; extensions 100 to 199; }
extend Thing { optional string note = 100; }
`;
const APP = String.raw`syntax = "proto3";
package app.v1;
import "bff/v1/options.proto";
import "up/v1/up.proto";
service PageService {
  option (bff.v1.service) = {};
  rpc Get(GetPage) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPage {}
message Page {
  option (bff.v1.message) = {
    let: { name: "r" call: { method: "up.v1.Things/Get" set: { name: "key" by: "b'k'" } } }
  };
  bytes read = 1 [(bff.v1.field).by = "r.blob"];
  bytes nested = 2 [(bff.v1.field).by = "r.inner.blob"];
  bool equal = 3 [(bff.v1.field).by = "r.blob == b'say \"x\"'"];
  bool has = 4 [(bff.v1.field).by = "has(r.blob)"];
  Copy copy = 5 [(bff.v1.field).by = "r"];
  up.v1.Thing whole = 6 [(bff.v1.field).by = "r.inner"];
}
message Copy {
  option (bff.v1.message).alias = "up.v1.Thing";
  bytes blob = 1;
}
`;

const bff = {
  name: "bytes-defaults",
  protos: { "up/v1/up.proto": UP, "app/v1/app.proto": APP },
  targets: ["app/v1/app.proto"],
};
let answer = Buffer.alloc(0);
const closing: (() => unknown)[] = [];
let url = "";

beforeAll(async () => {
  const raw = (bytes: Buffer): Buffer => bytes;
  const bytesOf = { requestSerialize: raw, requestDeserialize: raw, responseSerialize: raw, responseDeserialize: raw };
  const upstream = new grpc.Server();
  upstream.addService(
    { get: { path: "/up.v1.Things/Get", requestStream: false, responseStream: false, ...bytesOf } },
    { get: (_: grpc.ServerUnaryCall<Buffer, Buffer>, reply: grpc.sendUnaryData<Buffer>) => reply(null, answer) },
  );
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  upstream.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
    error === null ? resolve(port) : reject(error),
  );
  const client = new GrpcClient(`http://127.0.0.1:${await promise}`, { http2: testedHttp2() });
  const dir = generate(bff, false);
  const server = await listen(await endpoints(bff, dir, client, {}, {}));
  url = server.url;
  closing.push(
    () => rmSync(dir, { recursive: true, force: true }),
    () => upstream.forceShutdown(),
    () => client.close(),
    () => server.close(),
  );
}, 120_000);
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

async function page(): Promise<unknown> {
  const response = await fetch(`${url}/app.v1.PageService/Get`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  return response.json();
}

const DEFAULT = Buffer.from('say "x"').toString("base64");

test("unset bytes are the declared default", async () => {
  expect(await page()).toEqual({ read: DEFAULT, nested: DEFAULT, equal: true, copy: { blob: DEFAULT } });
});

test("set bytes are what was sent, also if they are empty", async () => {
  answer = Buffer.from([0x0a, 1, 0x7a, 0x12, 2, 0x0a, 0]);
  const z = Buffer.from("z").toString("base64");
  expect(await page()).toEqual({ read: z, has: true, copy: { blob: z }, whole: { blob: "" } });
});

test("a message passed whole keeps its extensions, and a copy drops them", async () => {
  const note = [0xa2, 6, 1, 0x6e];
  answer = Buffer.from([0x0a, 1, 0x7a, 0x12, note.length, ...note, ...note]);
  const response = await fetch(`${url}/app.v1.PageService/Get`, {
    method: "POST",
    headers: { "content-type": "application/proto" },
  });
  const sent = Buffer.from(await response.arrayBuffer()).toString("hex");
  expect(sent).toContain(Buffer.from([0x2a, 3, 0x0a, 1, 0x7a, 0x32, note.length, ...note]).toString("hex"));
  expect(await page()).toMatchObject({ whole: { "[up.v1.note]": "n" }, copy: { blob: "eg==" } });
});

// Copies with expressions and fallbacks, over the wire: what clients get of an upstream's answer, and what the upstream gets of a client's request.
import { rmSync } from "node:fs";
import { type DescMessage, fromBinary, fromJson, type JsonValue, toBinary, toJson } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { GrpcClient } from "@protobff/runtime";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listen } from "../../../packages/server/src/listen.ts";
import { testedHttp2 } from "../../../runtime/src/testing/tested-http2.ts";
import { endpoints, generate } from "../../proofs/load/generate-bff.ts";
import { requestFor, schemaOf } from "../../support/request.ts";

const UP = `syntax = "proto3";
package up.v1;
service People { rpc Find(FindRequest) returns (FindResponse) { option idempotency_level = NO_SIDE_EFFECTS; } }
message FindRequest { Where where = 1; int32 limit = 2; oneof page { string cursor = 3; int32 offset = 4; } Sort sort = 5; }
message Where { string city = 1; optional int32 age = 2; Tag tag = 3; }
message Tag { string name = 1; }
enum Sort { SORT_UNSPECIFIED = 0; SORT_NAME = 1; SORT_AGE = 2; }
message FindResponse { repeated Person people = 1; }
message Person { string first = 1; string last = 2; optional string nick = 3; Where home = 4; int32 born = 5; }
`;
const APP = `syntax = "proto3";
package app.v1;
import "bff/v1/options.proto";
import "up/v1/up.proto";
service PeopleService {
  option (bff.v1.service) = {};
  rpc GetFound(Find) returns (Found) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message Find {
  option (bff.v1.message).alias = "up.v1.FindRequest";
  optional string city = 1 [(bff.v1.field).by = "source.where.city"];
  optional int32 age = 2 [(bff.v1.field).by = "source.where.age"];
  optional string tag = 3 [(bff.v1.field).by = "source.where.tag.name"];
  optional int32 limit = 4 [(bff.v1.field).fallback = "20"];
  optional string from = 5 [(bff.v1.field).by = "source.cursor"];
  optional Sort order = 6 [(bff.v1.field) = { by: "source.sort" fallback: "Sort.SORT_AGE" }];
}
enum Sort {
  option (bff.v1.enum).alias = "up.v1.Sort";
  SORT_UNSPECIFIED = 0 [(bff.v1.enum_value).default = true];
  SORT_NAME = 1;
  SORT_AGE = 2;
}
message Found {
  option (bff.v1.message) = { let: { name: "found" call: { method: "up.v1.People/Find" request: "args" } } };
  repeated Person people = 1 [(bff.v1.field).by = "found.people"];
}
message Person {
  option (bff.v1.message).alias = "up.v1.Person";
  string name = 1 [(bff.v1.field).by = "source.first + ' ' + source.last"];
  optional string nick = 2 [(bff.v1.field).fallback = "'-'"];
  optional string city = 3 [(bff.v1.field).by = "source.home.city"];
  int32 decade = 4 [(bff.v1.field).by = "100 / source.born"];
}
`;

const bff = {
  name: "copies",
  protos: { "up/v1/up.proto": UP, "app/v1/app.proto": APP },
  targets: ["app/v1/app.proto"],
};
const { registry } = schemaOf(requestFor(bff.protos));
const schema = (name: string): DescMessage => registry.getMessage(name)!;
const requests: JsonValue[] = [];
let answer: JsonValue = {};
const closing: (() => unknown)[] = [];
let url = "";

beforeAll(async () => {
  const raw = (bytes: Buffer): Buffer => bytes;
  const bytesOf = { requestSerialize: raw, requestDeserialize: raw, responseSerialize: raw, responseDeserialize: raw };
  const upstream = new grpc.Server();
  upstream.addService(
    { find: { path: "/up.v1.People/Find", requestStream: false, responseStream: false, ...bytesOf } },
    {
      find: (call: grpc.ServerUnaryCall<Buffer, Buffer>, reply: grpc.sendUnaryData<Buffer>) => {
        requests.push(toJson(schema("up.v1.FindRequest"), fromBinary(schema("up.v1.FindRequest"), call.request)));
        const { typeName } = schema("up.v1.FindResponse");
        reply(null, Buffer.from(toBinary(schema(typeName), fromJson(schema(typeName), answer))));
      },
    },
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

async function find(request: object): Promise<unknown> {
  const response = await fetch(`${url}/app.v1.PeopleService/GetFound`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  return response.json();
}
const sent = async (request: object): Promise<JsonValue | undefined> => {
  answer = {};
  await find(request);
  return requests.at(-1);
};

describe("a request that is written back from a copy", () => {
  test("sets paths, and creates messages only if a field in them is set", async () => {
    expect(await sent({ city: "Oulu", age: 0, tag: "x", limit: 5, order: "SORT_NAME" })).toEqual({
      where: { city: "Oulu", age: 0, tag: { name: "x" } },
      limit: 5,
      sort: "SORT_NAME",
    });
    expect(await sent({ tag: "x", from: "c" })).toEqual({
      where: { tag: { name: "x" } },
      limit: 20,
      cursor: "c",
      sort: "SORT_AGE",
    });
  });
  test("has only the fallbacks if the copy is empty", async () => {
    expect(await sent({})).toEqual({ limit: 20, sort: "SORT_AGE" });
  });
});

describe("the copies in an answer", () => {
  test("have values of expressions and fallbacks, and lack fields whose path is unset", async () => {
    answer = {
      people: [
        { first: "Ada", last: "Lovelace", born: 10 },
        { first: "Alan", last: "Turing", nick: "", home: { city: "London" }, born: 5 },
      ],
    };
    expect(await find({})).toEqual({
      people: [
        { name: "Ada Lovelace", nick: "-", decade: 10 },
        { name: "Alan Turing", nick: "", city: "London", decade: 20 },
      ],
    });
  });
  test("fail the response if an expression fails", async () => {
    answer = { people: [{ first: "A", last: "B" }] };
    expect(await find({})).toMatchObject({ code: "internal", message: "internal error" });
  });
});

// Headers and trailers of upstreams' answers in expressions: a generated BFF over servers of other makes, by both of our HTTP/2s.
// Holds docs/runtime.md#headers
import { Code, ConnectError } from "@connectrpc/connect";
import * as grpc from "@grpc/grpc-js";
import { GrpcClient } from "@protobff/runtime";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Stubbed, type StubbedBff, type Stubs, stubbed } from "../../support/stubbed-bff.ts";

const UPSTREAM = `syntax = "proto3";
package up.v1;
service Things { rpc Get(Id) returns (Thing) { option idempotency_level = NO_SIDE_EFFECTS; } }
service Viewers { rpc Get(Id) returns (Viewer) { option idempotency_level = NO_SIDE_EFFECTS; } }
message Id { string id = 1; }
message Thing { string id = 1; }
message Viewer { string name = 1; }
`;
const BFF = `syntax = "proto3";
package app.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
option (bff.v1.file) = {
  upstream: { service: "up.v1.Things" metadata: { name: "x-shard" by: "header(viewer, 'x-shard')" } }
};
service App {
  option (bff.v1.service) = { let: { name: "viewer" call: { method: "up.v1.Viewers/Get" } } };
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { string id = 1; string other = 2; }
message Page {
  option (bff.v1.message) = {
    let: [
      { name: "thing" call: { method: "up.v1.Things/Get" set: { name: "id" by: "args.id" } } },
      { name: "equal" call: { method: "up.v1.Things/Get" set: { name: "id" by: "args.id" } } },
      { name: "other" supplementary: true call: { method: "up.v1.Things/Get" set: { name: "id" by: "args.other" } } },
      { guard: { if: "header(thing, 'x-state') == 'gone'" fail: { code: NOT_FOUND message: "gone since {trailer(thing, 'x-since')}" } } }
    ]
  };
  string version = 1 [(bff.v1.field).by = "header(thing, 'X-Version')"];
  string cost = 2 [(bff.v1.field).by = "trailer(thing, 'x-cost')"];
  repeated string list = 3 [(bff.v1.field).by = "header(thing, 'x-list').split(', ')"];
  string absent = 4 [(bff.v1.field).by = "header(thing, 'x-cost') + trailer(thing, 'x-version') + header(thing, 'x-none')"];
  optional string other = 5 [(bff.v1.field).by = "header(other, 'x-version')"];
  string safe = 6 [(bff.v1.field).by = "ok(other) ? trailer(other, 'x-cost') : 'none'"];
  string equal = 7 [(bff.v1.field).by = "trailer(equal, 'x-cost')"];
  string shard = 8 [(bff.v1.field).by = "header(thing, 'x-seen')"];
  repeated bff.v1.Degradation degraded = 15;
}
`;

let made: Stubbed;
beforeAll(async () => {
  const protos = { "up/v1/up.proto": UPSTREAM, "app/v1/app.proto": BFF };
  made = await stubbed({ name: "received", protos, targets: ["app/v1/app.proto"] });
});
afterAll(() => made.remove());

type Pairs = readonly (readonly [name: string, value: string])[];
interface UpstreamMetadata {
  readonly headers: Pairs;
  readonly trailers: Pairs;
  readonly fails?: true;
}
/** What upstreams say beside the answer about a thing. */
function metadataOf(id: string, shard: string): UpstreamMetadata {
  const headers: Pairs = [
    ["x-version", `${id}-1`],
    ["x-list", "b"],
    ["x-list", "c"],
    ["x-seen", shard],
  ];
  const trailers: Pairs = [["x-cost", `${id}-2`]];
  if (id === "gone") return { headers: [["x-state", "gone"]], trailers: [["x-since", "2020"]] };
  if (id === "large") return { headers: [["x-version", "v".repeat(70_000)]], trailers };
  if (id === "large-trailer") return { headers, trailers: [["x-cost", "v".repeat(70_000)]] };
  if (id === "fails") return { headers, trailers, fails: true };
  return { headers, trailers };
}
const VIEWER: Pairs = [["x-shard", "s-1"]];

/** By Connect's server for Node. */
const STUBS: Stubs = {
  "up.v1.Viewers/Get": (_, { responseHeader }) => {
    for (const [name, value] of VIEWER) responseHeader.append(name, value);
    return {};
  },
  "up.v1.Things/Get": ({ id }, { requestHeader, responseHeader, responseTrailer }) => {
    const { headers, trailers, fails } = metadataOf(String(id), requestHeader.get("x-shard") ?? "");
    for (const [name, value] of headers) responseHeader.append(name, value);
    for (const [name, value] of trailers) responseTrailer.append(name, value);
    if (fails) throw new ConnectError("made to fail", Code.NotFound);
    return {};
  },
};

/** By @grpc/grpc-js, which knows messages as bytes here. */
async function grpcJs(): Promise<string> {
  const bytes = (value: Buffer): Buffer => value;
  const method = (path: string) => ({
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  });
  const metadata = (pairs: Pairs): grpc.Metadata => {
    const all = new grpc.Metadata();
    for (const [name, value] of pairs) all.add(name, value);
    return all;
  };
  const server = new grpc.Server();
  server.addService({ get: method("/up.v1.Viewers/Get") } as grpc.ServiceDefinition, {
    get: ((call, reply) => {
      call.sendMetadata(metadata(VIEWER));
      reply(null, Buffer.alloc(0));
    }) as grpc.handleUnaryCall<Buffer, Buffer>,
  });
  server.addService({ get: method("/up.v1.Things/Get") } as grpc.ServiceDefinition, {
    get: ((call, reply) => {
      // A field of number 1 with a text shorter than 128 bytes.
      const { headers, trailers, fails } = metadataOf(
        call.request.toString("utf8", 2),
        String(call.metadata.get("x-shard")),
      );
      call.sendMetadata(metadata(headers));
      if (fails) reply({ code: grpc.status.NOT_FOUND, metadata: metadata(trailers) });
      else reply(null, Buffer.alloc(0), metadata(trailers));
    }) as grpc.handleUnaryCall<Buffer, Buffer>,
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  onTestFinished(() => server.forceShutdown());
  return `http://127.0.0.1:${port}`;
}

const SERVERS: Readonly<Record<string, (stubs: string) => string | Promise<string>>> = {
  Connect: (stubs) => stubs,
  "@grpc/grpc-js": grpcJs,
};

describe.each(["own", "node"] as const)("over %s HTTP/2", (http2) => {
  describe.each(Object.keys(SERVERS))("to a server of %s", (name) => {
    async function served(): Promise<StubbedBff> {
      const url = await SERVERS[name]?.("");
      const connect = (stubs: string) => new GrpcClient(url === "" || url === undefined ? stubs : url, { http2 });
      const bff = await made.serve({ stubs: STUBS, connect });
      onTestFinished(() => bff.close());
      return bff;
    }
    const page = (id: string) => ({
      version: `${id}-1`,
      cost: `${id}-2`,
      list: ["b", "c"],
      equal: `${id}-2`,
      shard: "s-1",
    });
    const send = async (bff: StubbedBff, id: string, other: string) => bff.send("app.v1.App/GetPage", { id, other });

    test("headers and trailers are read from the answer of each step", async () => {
      const { body } = await send(await served(), "a", "b");
      expect(body).toEqual({ ...page("a"), other: "b-1", safe: "b-2" });
    });

    test("a failed step has no headers or trailers, even if the failure had some", async () => {
      const { body } = await send(await served(), "a", "fails");
      expect(body).toMatchObject({ ...page("a"), safe: "none" });
      expect(body).not.toHaveProperty("other");
      expect(body.degraded).toMatchObject([
        { path: "other", effect: "EFFECT_MISSING", reason: "REASON_REJECTED" },
        { path: "safe", effect: "EFFECT_REPLACED", reason: "REASON_REJECTED" },
      ]);
    });

    test("a guard reads headers and trailers", async () => {
      const { body } = await send(await served(), "gone", "b");
      expect(body).toMatchObject({ code: "not_found", message: "gone since 2020" });
    });

    test.each(["large", "large-trailer"])(
      "headers and trailers above the limit fail their call, and no other: %s",
      async (large) => {
        const bff = await served();
        const all = await Promise.all([send(bff, "a", large), send(bff, "a", "b")]);
        expect(all.map(({ body }) => body.other)).toEqual([undefined, "b-1"]);
        expect(all.map(({ body }) => body.version)).toEqual(["a-1", "a-1"]);
        expect((await send(bff, "c", "b")).body).toMatchObject(page("c"));
      },
    );
  });
});

// What an upstream of another hand (grpc-js) says when it fails, as clients of a BFF see it: handed on as it is, and read by `failure(step)`.
// Holds docs/runtime.md#failures

import { rmSync } from "node:fs";
import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { Code as ConnectCode, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { GrpcClient } from "@protobff/runtime";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listen } from "../../../packages/server/src/listen.ts";
import { isDeclared } from "../../../packages/server/src/testing/declared-error.ts";
import { testedHttp2 } from "../../../runtime/src/testing/tested-http2.ts";
import { endpoints, generate } from "../../proofs/load/generate-bff.ts";
import { requestFor, schemaOf } from "../../support/request.ts";

const UP = `syntax = "proto3";
package up.v1;
service Things { rpc Get(GetRequest) returns (Thing) { option idempotency_level = NO_SIDE_EFFECTS; } }
message GetRequest { string id = 1; }
message Thing { string name = 1; }
message Note { string text = 1; }
`;
const APP = `syntax = "proto3";
package app.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "up/v1/up.proto";
service PageService {
  option (bff.v1.service) = {};
  rpc GetWhole(Asked) returns (Whole) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc GetPart(Asked) returns (Part) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message Asked { string id = 1; }
message Whole {
  option (bff.v1.message) = {
    let: { name: "thing"
           call: { method: "up.v1.Things/Get" set: { name: "id" by: "args.id" }
                   on_error: [ { on: ABORTED fail: { as_is: true message: "try again" } },
                               { on: OUT_OF_RANGE fail: { as_is: true details: ["error.detail(up.v1.Note)", "[up.v1.Note{text: args.id}]"] } },
                               { on: ANY fail: { as_is: true } } ] } }
  };
  string name = 1 [(bff.v1.field).by = "thing.name"];
}
message Part {
  option (bff.v1.message) = {
    let: { name: "thing" supplementary: true
           call: { method: "up.v1.Things/Get" set: { name: "id" by: "args.id" } } }
  };
  optional string name = 1 [(bff.v1.field).by = "thing.name"];
  int32 code = 2 [(bff.v1.field).by = "failure(thing).?code.orValue(0)"];
  bff.v1.Degradation.Reason reason = 3 [(bff.v1.field).by = "failure(thing).?reason.orValue(bff.v1.Degradation.Reason.REASON_UNSPECIFIED)"];
  optional string note = 4 [(bff.v1.field).by = "failure(thing).detail(up.v1.Note).optMap(n, n.text)"];
  repeated bff.v1.Degradation degraded = 15;
}
`;

interface UpstreamStatus {
  readonly code: number;
  readonly text: string;
  readonly details: readonly (readonly [type: string, value: Uint8Array])[];
}
const note = new BinaryWriter().tag(1, WireType.LengthDelimited).string("call us").finish();
const unknown = Uint8Array.of(255, 0, 1, 2, 254);
/** By the id that is asked for. */
const STATUSES: Readonly<Record<string, UpstreamStatus>> = {
  plain: { code: 5, text: "no thing “x”", details: [] },
  detailed: {
    code: 9,
    text: "not yet",
    details: [
      ["up.v1.Note", note],
      ["nobody.v1.Knows", unknown],
    ],
  },
  changed: { code: 10, text: "deadlock on row 7", details: [["nobody.v1.Knows", unknown]] },
  other: {
    code: 11,
    text: "beyond",
    details: [
      ["up.v1.Note", note],
      ["nobody.v1.Knows", unknown],
    ],
  },
  long: { code: 3, text: "ä".repeat(600), details: [] },
  // 5,000 bytes fit, 5,000 more do not, and the last ones do.
  large: {
    code: 3,
    text: "large",
    details: [
      ["a.v1.First", new Uint8Array(5000)],
      ["a.v1.Second", new Uint8Array(5000)],
      ["a.v1.Third", unknown],
    ],
  },
  late: { code: 4, text: "too slow for the upstream itself", details: [["nobody.v1.Knows", unknown]] },
  refused: { code: 7, text: "not yours", details: [["up.v1.Note", note]] },
};

/** google.rpc.Status */
function status({ code, text, details }: UpstreamStatus): Buffer {
  const writer = new BinaryWriter().tag(1, WireType.Varint).int32(code).tag(2, WireType.LengthDelimited).string(text);
  for (const [type, value] of details) {
    const any = create(AnySchema, { typeUrl: `type.googleapis.com/${type}`, value: new Uint8Array(value) });
    writer.tag(3, WireType.LengthDelimited).bytes(toBinary(AnySchema, any));
  }
  return Buffer.from(writer.finish());
}

const raw = (bytes: Buffer): Buffer => bytes;
const bytesOf = { requestSerialize: raw, requestDeserialize: raw, responseSerialize: raw, responseDeserialize: raw };
const method = (path: string) => ({ path, requestStream: false, responseStream: false, ...bytesOf }) as const;

const bff = {
  name: "statuses",
  protos: { "up/v1/up.proto": UP, "app/v1/app.proto": APP },
  targets: ["app/v1/app.proto"],
};
const { registry } = schemaOf(requestFor(bff.protos));
const service = registry.getService("app.v1.PageService")!;
const closing: (() => unknown)[] = [];
let url = "";
let dir = "";

beforeAll(async () => {
  const upstream = new grpc.Server();
  upstream.addService(
    { get: method("/up.v1.Things/Get") },
    {
      get: (call: grpc.ServerUnaryCall<Buffer, Buffer>, reply: grpc.sendUnaryData<Buffer>) => {
        const failure = STATUSES[call.request.subarray(2).toString()];
        if (failure === undefined) return reply(null, Buffer.from([10, 1, 65]));
        const metadata = new grpc.Metadata();
        if (failure.details.length > 0) metadata.set("grpc-status-details-bin", status(failure));
        reply({ code: failure.code, details: failure.text, metadata });
      },
    },
  );
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  upstream.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
    error === null ? resolve(port) : reject(error),
  );
  const client = new GrpcClient(`http://127.0.0.1:${await promise}`, { http2: testedHttp2() });
  dir = generate(bff, false);
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

/** What grpc-js gets: code, text, and the bytes of the details. */
async function overGrpc(id: string): Promise<{ code: number; text: string; status: Buffer | undefined }> {
  const client = new grpc.Client(new URL(url).host, grpc.credentials.createInsecure());
  const { promise, resolve, reject } = Promise.withResolvers<grpc.ServiceError>();
  const request = Buffer.from([10, id.length, ...Buffer.from(id)]);
  client.makeUnaryRequest("/app.v1.PageService/GetWhole", raw, raw, request, (error) =>
    error === null ? reject(new Error("answered")) : resolve(error),
  );
  const { code, details, metadata } = await promise;
  client.close();
  const [bytes] = metadata.get("grpc-status-details-bin");
  return { code, text: details, status: typeof bytes === "object" ? bytes : undefined };
}
/** What Connect's client gets, in JSON or in binary. */
async function overConnect(id: string, useBinaryFormat: boolean): Promise<ConnectError> {
  const transport = createConnectTransport({ baseUrl: url, httpVersion: "1.1", useBinaryFormat });
  const response = (createClient(service, transport) as Record<string, (request: object) => Promise<unknown>>)
    .getWhole!({
    id,
  });
  return response.then(
    () => {
      throw new Error("answered");
    },
    (error: unknown) => ConnectError.from(error),
  );
}
const received = ({ details }: ConnectError) =>
  details.flatMap((detail) =>
    "type" in detail && isDeclared(detail.type) ? [[detail.type, Buffer.from(detail.value)] as const] : [],
  );

describe("a status that is passed on", () => {
  test.each(["plain", "detailed", "late", "refused"])(
    "has the upstream's code, text and details, byte by byte: %s",
    async (id) => {
      const expected = STATUSES[id]!;
      const { code, text, status: bytes } = await overGrpc(id);
      expect({ code, text }).toEqual({ code: expected.code, text: expected.text });
      // The details of every error follow.
      const whole = status(expected);
      expect(bytes?.subarray(0, whole.length)).toEqual(whole);
      for (const binary of [true, false]) {
        const error = await overConnect(id, binary);
        expect({ code: error.code, text: error.rawMessage }).toEqual({ code: expected.code, text: expected.text });
        expect(received(error)).toEqual(expected.details.map(([type, value]) => [type, Buffer.from(value)]));
      }
    },
  );

  test("has the text or the details of the rule if the rule sets them", async () => {
    const changed = await overConnect("changed", true);
    expect([changed.code, changed.rawMessage]).toEqual([ConnectCode.Aborted, "try again"]);
    expect(received(changed)).toEqual([["nobody.v1.Knows", Buffer.from(unknown)]]);
    const other = await overConnect("other", true);
    expect([other.code, other.rawMessage]).toEqual([ConnectCode.OutOfRange, "beyond"]);
    const otherNote = new BinaryWriter().tag(1, WireType.LengthDelimited).string("other").finish();
    expect(received(other)).toEqual([
      ["up.v1.Note", Buffer.from(note)],
      ["up.v1.Note", Buffer.from(otherNote)],
    ]);
  });

  test("is cut at 1 KiB of text and 8 KiB of details", async () => {
    const long = await overConnect("long", false);
    expect(long.rawMessage).toBe(`${"ä".repeat(510)}…`);
    expect((await overGrpc("long")).text).toBe(long.rawMessage);
    const large = received(await overConnect("large", true));
    expect(large.map(([type]) => type)).toEqual(["a.v1.First", "a.v1.Third"]);
    expect((await overGrpc("large")).status?.length).toBeLessThan(8 * 1024);
  });

  test("has the fixed text if the BFF causes the failure", async () => {
    const away = new GrpcClient("http://127.0.0.1:1", { http2: testedHttp2() });
    const server = await listen(await endpoints(bff, dir, away, {}, {}));
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ id: "x" });
    const response = await fetch(`${server.url}/app.v1.PageService/GetWhole`, { method: "POST", headers, body });
    expect(await response.json()).toMatchObject({ code: "unavailable", message: "unavailable" });
    await server.close();
    await away.close();
  });
});

test("fields read failure(step)", async () => {
  const send = async (id: string) => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${url}/app.v1.PageService/GetPart`, {
      method: "POST",
      headers,
      body: JSON.stringify({ id }),
    });
    const { degraded: _, ...part } = (await response.json()) as Record<string, unknown>;
    return part;
  };
  expect(await send("fine")).toEqual({ name: "A" });
  expect(await send("refused")).toEqual({ code: 7, reason: "REASON_REJECTED", note: "call us" });
  expect(await send("late")).toEqual({ code: 4, reason: "REASON_TIMEOUT" });
});

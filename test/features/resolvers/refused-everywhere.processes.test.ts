// What resolvers read and refuse, as clients of other hands see it: grpc-js, and connect-web as pages in a browser run it, over Connect (POST
// and GET) and gRPC-Web. The upstream is grpc-js's, and holds its calls until the test answers them.

import { rmSync } from "node:fs";
import { create, type DescMessage, type DescMethodUnary, fromBinary, toBinary, toJson } from "@bufbuild/protobuf";
import { type Client, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import * as grpc from "@grpc/grpc-js";
import { StatusSchema } from "@protobff/messages/google/rpc/status_pb.js";
import { Code, GrpcClient } from "@protobff/runtime";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { listen } from "../../../packages/server/src/listen.ts";
import { isDeclared } from "../../../packages/server/src/testing/declared-error.ts";
import { testedHttp2 } from "../../../runtime/src/testing/tested-http2.ts";
import { endpoints, generate } from "../../proofs/load/generate-bff.ts";
import { requestFor, schemaOf } from "../../support/request.ts";
import { type Arrival, type Gates, startGates } from "../../support/upstreams/gates-grpc-js.ts";

const UP = `syntax = "proto3";
package up.v1;
service Users { rpc Get(Ref) returns (User) { option idempotency_level = NO_SIDE_EFFECTS; } }
service Orders { rpc Get(Ref) returns (Order) { option idempotency_level = NO_SIDE_EFFECTS; } }
message Ref { string id = 1; }
message User { string name = 1; }
message Order { int32 count = 1; }
`;
const APP = `syntax = "proto3";
package app.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
service ShopService {
  option (bff.v1.service) = {
    let: [
      { name: "viewer" call: { method: "up.v1.Users/Get" set: { name: "id" by: "headers['x-user']" } } },
      { name: "account" call: { method: "up.v1.Orders/Get" set: { name: "id" by: "'account'" } } },
      { guard: { if: "account.count < 0" fail: { code: PERMISSION_DENIED message: "said by the guard" } } }
    ]
  };
  rpc GetPage(GetPageRequest) returns (Page) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).timeout = "30s";
  }
}
message GetPageRequest { string id = 1; }
message Page {
  option (bff.v1.message) = {
    let: { name: "order" supplementary: true call: { method: "up.v1.Orders/Get" set: { name: "id" by: "args.id" } } }
  };
  optional string greeting = 1 [(bff.v1.field) = { resolver: true reads: { step: ["viewer"] } }];
  optional int32 count = 2 [(bff.v1.field).by = "order.count"];
  repeated bff.v1.Degradation degraded = 15;
}
`;
const bff = {
  name: "refused",
  protos: { "up/v1/up.proto": UP, "app/v1/app.proto": APP },
  targets: ["app/v1/app.proto"],
};
const method = schemaOf(requestFor(bff.protos)).registry.getService("app.v1.ShopService")!
  .methods[0] as DescMethodUnary;

interface ResolverInput {
  readonly args: { readonly id: string };
  readonly steps: { readonly viewer: { readonly name: string } };
  readonly signal: AbortSignal;
  readonly refuse: (code: number, message?: string) => never;
}
let resolve: (input: ResolverInput) => unknown;
let gates: Gates;
let url = "";
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  gates = await startGates({ "up/v1/up.proto": UP }, ({ id }) => String(id));
  const client = new GrpcClient(gates.url, { http2: testedHttp2() });
  const dir = generate(bff, false);
  const resolvers = { pageGreeting: (input: ResolverInput) => resolve(input) };
  const server = await listen(await endpoints(bff, dir, client, {}, {}, resolvers));
  url = server.url;
  closing.push(
    () => rmSync(dir, { recursive: true, force: true }),
    () => gates.close(),
    () => client.close(),
    () => server.close(),
  );
}, 120_000);
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});
afterEach(() => gates.clear());

/** What a client has of an answer: the message as JSON, or the status. */
type Seen = { readonly page: unknown } | { readonly code: number; readonly text: string; readonly details: number };

async function overGrpcJs(id: string): Promise<Seen> {
  const client = new grpc.Client(new URL(url).host, grpc.credentials.createInsecure());
  const write = (message: Record<string, unknown>): Buffer =>
    Buffer.from(toBinary(method.input, create(method.input, message)));
  const read = (bytes: Buffer): unknown => toJson(method.output, fromBinary(method.output as DescMessage, bytes));
  const metadata = new grpc.Metadata();
  metadata.set("x-user", "ada");
  const { promise, resolve: done } = Promise.withResolvers<Seen>();
  client.makeUnaryRequest("/app.v1.ShopService/GetPage", write, read, { id }, metadata, (error, page) =>
    done(error === null ? { page } : { code: error.code, text: error.details, details: declaredIn(error) }),
  );
  const seen = await promise;
  client.close();
  return seen;
}
/** Number of details that the author declares. */
function declaredIn({ metadata }: grpc.ServiceError): number {
  const [bytes] = metadata.get("grpc-status-details-bin");
  const { details } = fromBinary(StatusSchema, bytes as Buffer);
  return details.filter(({ typeUrl }) => isDeclared(typeUrl.slice(typeUrl.lastIndexOf("/") + 1))).length;
}
const overConnectWeb =
  (transport: () => Transport) =>
  async (id: string): Promise<Seen> => {
    const client = createClient(method.parent, transport()) as Client<never> as unknown as {
      getPage(request: object, options: object): Promise<never>;
    };
    try {
      return { page: toJson(method.output, await client.getPage({ id }, { headers: { "x-user": "ada" } })) };
    } catch (thrown) {
      const { code, rawMessage, details } = ConnectError.from(thrown);
      const declared = details.filter((detail) => "type" in detail && isDeclared(detail.type));
      return { code, text: rawMessage, details: declared.length };
    }
  };
const CLIENTS: readonly (readonly [name: string, send: (id: string) => Promise<Seen>])[] = [
  ["grpc-js", overGrpcJs],
  ["connect-web in JSON", overConnectWeb(() => createConnectTransport({ baseUrl: url }))],
  ["connect-web in binary", overConnectWeb(() => createConnectTransport({ baseUrl: url, useBinaryFormat: true }))],
  ["connect-web over GET", overConnectWeb(() => createConnectTransport({ baseUrl: url, useHttpGet: true }))],
  ["connect-web over gRPC-Web", overConnectWeb(() => createGrpcWebTransport({ baseUrl: url }))],
];
const arrivalOf = (id: string): Promise<Arrival> => gates.take(({ request }) => request.id === id);
/** The service's own calls are answered, and its guard lets the request pass. */
async function passed(): Promise<void> {
  for (const id of ["account", "ada"]) (await arrivalOf(id)).answer({});
}

describe.each(CLIENTS)("%s", (_, send) => {
  test("a resolver receives the steps that it reads, and does not wait for others", async () => {
    const run = Promise.withResolvers<readonly string[]>();
    resolve = ({ steps }) => {
      run.resolve(Object.keys(steps));
      return `Hello ${steps.viewer.name}`;
    };
    const answer = send("a");
    const held = await Promise.all([arrivalOf("a"), arrivalOf("account")]);
    (await arrivalOf("ada")).answer({ name: "Ada" });
    expect(await run.promise).toEqual(["viewer"]);
    for (const arrival of held) arrival.answer({ count: 3 });
    expect(await answer).toEqual({ page: { greeting: "Hello Ada", count: 3 } });
  });

  test("a resolver's refusal is the answer, even for an optional field, and cancels calls in flight", async () => {
    let aborted = (): boolean => false;
    const text = "not for “Ada” – 50 % off\nis over";
    resolve = ({ refuse, signal }) => {
      aborted = () => signal.aborted;
      refuse(Code.FAILED_PRECONDITION, text);
    };
    const answer = send("b");
    const order = await arrivalOf("b");
    await passed();
    expect(await answer).toEqual({ code: 9, text, details: 0 });
    await gates.logged("x Get b");
    expect([order.cancelled, aborted()]).toEqual([true, true]);
  });

  test("a pending guard takes precedence over a resolver's refusal", async () => {
    const run = Promise.withResolvers<void>();
    resolve = ({ refuse }) => {
      run.resolve();
      refuse(Code.NOT_FOUND, "said by the resolver");
    };
    const answer = send("c");
    (await arrivalOf("ada")).answer({});
    await run.promise;
    (await arrivalOf("account")).answer({ count: -1 });
    expect(await answer).toEqual({ code: 7, text: "said by the guard", details: 0 });
  });

  test("a refusal counts even if its function catches it; one without a text has the text of its code", async () => {
    resolve = ({ refuse }) => {
      try {
        return refuse(Code.UNAUTHENTICATED);
      } catch {
        return "swallowed";
      }
    };
    const answer = send("d");
    await passed();
    expect(await answer).toEqual({ code: 16, text: "unauthenticated", details: 0 });
  });

  test.each([
    ["OK", Code.OK],
    ["a number that is no status", 17],
  ])("a refusal with %s is a fault of the resolver, and its field is missing", async (_name, code) => {
    resolve = ({ refuse }) => refuse(code as number, "no");
    const answer = send("e");
    await passed();
    (await arrivalOf("e")).answer({ count: 2 });
    expect(await answer).toEqual({
      page: { count: 2, degraded: [{ path: "greeting", effect: "EFFECT_MISSING", reason: "REASON_INVALID" }] },
    });
  });

  test.each([
    ["half of a character", "half \ud83d of it"],
    ["control characters", "zero \u0000, bell \u0007, return \r\n"],
    ["1 MB of the client's own text", `no page ${"ä".repeat(500_000)}`],
  ])("a text with %s arrives as a status", async (_name, text) => {
    resolve = ({ refuse }) => refuse(Code.NOT_FOUND, text);
    const answer = send("f");
    await passed();
    const seen = await answer;
    expect(seen).toMatchObject({ code: 5, details: 0 });
    const shown = "text" in seen ? seen.text : "";
    expect([shown.length <= 1024, text.startsWith(shown.slice(0, 5))]).toEqual([true, true]);
  });
});

// What becomes of bytes on their way through a generated BFF, and which numbers hold where the protos say nothing.
// Holds docs/runtime.md#deadlines
// Holds docs/runtime.md#retries
// Holds docs/runtime.md#breakers
// Holds docs/runtime.md#bytes
import { rmSync } from "node:fs";
import {
  type DescMessage,
  type DescMethodUnary,
  fromJson,
  type JsonValue,
  type Message,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import type { UnaryClient } from "@protobff/runtime";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { listen } from "../../../packages/server/src/listen.ts";
import type { Ir } from "../../../plugin/src/ir/ir.ts";
import type { Protos } from "../../proofs/load/bff.ts";
import { generate, instanceOf, modulesOf } from "../../proofs/load/generate-bff.ts";
import { irOf } from "../../proofs/load/load.ts";
import { compileCase } from "../../support/golden.ts";
import { requestFor } from "../../support/request.ts";

const UP = `syntax = "proto3";
package up.v1;
service ItemService {
  rpc GetItem(GetItemRequest) returns (Item) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetItemRequest { string id = 1; }
message Item { string id = 1; int64 big = 2; uint64 bigger = 3; optional int32 maybe = 4; }
`;
const BFF = (file: string) => `syntax = "proto3";
package app.v1;
import "bff/v1/options.proto";
import "up/v1/up.proto";
${file}
service AppService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { string id = 1; }
message Page {
  option (bff.v1.message) = {
    let: { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { spread: "args" } } }
  };
  up.v1.Item same = 1 [(bff.v1.field).by = "item"];
  Copy copy = 2 [(bff.v1.field).by = "item"];
}
message Copy {
  option (bff.v1.message).alias = "up.v1.Item";
  string id = 1;
  int64 big = 2;
  uint64 bigger = 3;
  optional int32 maybe = 4;
}
`;
const bff: Protos = {
  name: "bytes",
  protos: { "up/v1/up.proto": UP, "app/v1/app.proto": BFF("") },
  targets: ["app/v1/app.proto"],
};

describe("through a BFF", () => {
  let ir: Ir;
  let dir: string;
  beforeAll(() => {
    ir = irOf(bff, true);
    dir = generate(bff, true);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  /** What a client gets when the upstream answers with these bytes. */
  async function got(bytes: Uint8Array): Promise<{ readonly page: Message; readonly json: JsonValue }> {
    const client: UnaryClient = {
      send(_path, _frame, _timeoutMs, _headers, _attempt, reply) {
        queueMicrotask(() => reply.replied(bytes));
        return { cancel() {} };
      },
    };
    const { endpoints } = instanceOf(await modulesOf(bff, dir), client, {}, {});
    const server = await listen(endpoints);
    const sessionManager = new Http2SessionManager(server.url);
    onTestFinished(async () => {
      sessionManager.abort();
      await server.close();
    });
    const transport = createGrpcTransport({ baseUrl: server.url, sessionManager });
    const method = ir.registry.getService("app.v1.AppService")?.methods[0] as DescMethodUnary;
    const { message } = await transport.unary(method, undefined, undefined, undefined, { id: "a" } as never);
    return { page: message, json: toJson(method.output, message) };
  }
  const item = (json: JsonValue): Uint8Array => {
    const desc = ir.registry.getMessage("up.v1.Item") as DescMessage;
    return toBinary(desc, fromJson(desc, json));
  };
  interface Page {
    readonly same?: Message;
    readonly copy?: Message;
  }

  test("unknown fields survive in messages of the upstream's type, and not in copies", async () => {
    const more = new BinaryWriter().tag(99, WireType.LengthDelimited).string("news").finish();
    const { page } = await got(Buffer.concat([item({ id: "a" }), more]));
    const { same, copy } = page as Message & Page;
    expect(same?.$unknown?.map(({ no }) => no)).toEqual([99]);
    expect(copy?.$unknown).toBe(undefined);
  });
  test("int64 keeps its 64 bits, and presence survives", async () => {
    const whole = { id: "a", big: "-9223372036854775808", bigger: "18446744073709551615", maybe: 0 };
    expect((await got(item(whole))).json).toEqual({ same: whole, copy: whole });
    expect((await got(item({ id: "a" }))).json).toEqual({ same: { id: "a" }, copy: { id: "a" } });
  });
});

test("defaults in generated code are those on the runtime's page", () => {
  const policies = `option (bff.v1.file) = { upstream: {
    retry: {} hedge: { delay: "20ms" } breaker: { slow: "300ms" } cache: { ttl: "5s" } limit: {} } };`;
  const protos = { ...bff.protos, "app/v1/app.proto": BFF(policies) };
  const { response } = compileCase(requestFor(protos, bff.targets), protos, "import_extension=ts");
  const text = response.file.find(({ name }) => name.endsWith("_bff.ts"))?.content ?? response.error;
  for (const part of [
    "timeoutMs: 2_000,",
    "retry: { attempts: 3, on: [Code.UNAVAILABLE], initialMs: 20, maxMs: 200, multiplier: 2 }",
    "hedge: { delayMs: 20, max: 1 }",
    "errorRate: 0.5, windowMs: 10_000, minimum: 20, openMs: 5_000, probes: 1, slowMs: 300, slowRate: 0.5",
    "limit: { concurrent: 100, queued: 1_000 }",
  ])
    expect(text).toContain(part);
  // no limit of the response beside the runtime's own 10 at a time, and nothing served past its ttl
  expect(text).not.toMatch(/concurrent: \d+,$|staleMs/m);
});

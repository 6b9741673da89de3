// Requests that break rules of buf.validate, as clients that nobody here has written see them refused, over every protocol.
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { type Violation, ViolationsSchema } from "@protobff/messages/buf/validate/validate_pb.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GeneratedProject } from "../../support/generated-project.ts";
import { requestFor, schemaOf } from "../../support/request.ts";

const PROTOS = {
  "shop/v1/shop.proto": `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
import "buf/validate/validate.proto";
service ShopService {
  option (bff.v1.service) = {};
  rpc Find(FindRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc FindAnything(FindRequest) returns (Page) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).validate = false;
  }
}
message FindRequest {
  string id = 1 [(buf.validate.field).string = { min_len: 2, max_len: 8, pattern: "^[a-z]+$" }];
  repeated string tags = 2 [(buf.validate.field).repeated = { unique: true, items: { string: { min_len: 1 } } }];
  map<string, int32> sizes = 3 [(buf.validate.field).map = {
    keys: { string: { max_len: 4 } }
    values: { int32: { gt: 0 } }
  }];
  FindRequest other = 4;
}
message Page {
  option (bff.v1.message) = {
    let: { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } } }
  };
  string name = 1 [(bff.v1.field).by = "item.name"];
}
`,
};

const project = new GeneratedProject("validation", PROTOS);
beforeAll(() => project.generate());
afterAll(() => project.remove());

async function served() {
  let calls = 0;
  const server = await project.served("shop/v1/server.ts", {
    "up.v1.ItemService/GetItem": () => {
      calls++;
      return { name: "found" };
    },
  });
  const { registry } = schemaOf(requestFor(PROTOS));
  const service = registry.getService("shop.v1.ShopService");
  if (service === undefined) throw new Error("no service");
  const options = { baseUrl: server.url };
  const transports: Readonly<Record<string, Transport>> = {
    "Connect, JSON": createConnectTransport({ ...options, httpVersion: "1.1", useBinaryFormat: false }),
    "Connect, binary": createConnectTransport({ ...options, httpVersion: "2", useBinaryFormat: true }),
    gRPC: createGrpcTransport(options),
    "gRPC-Web": createGrpcWebTransport({ ...options, httpVersion: "1.1" }),
  };
  const find = async (over: string, request: object, rpc = "find"): Promise<unknown> => {
    const transport = transports[over];
    if (transport === undefined) throw new Error(over);
    const client = createClient(service, transport) as unknown as Record<string, (request: object) => Promise<unknown>>;
    return client[rpc]?.(request);
  };
  const refused = async (over: string, request: object): Promise<ConnectError> => {
    try {
      await find(over, request);
    } catch (error) {
      return ConnectError.from(error);
    }
    throw new Error("not refused");
  };
  return { ...server, find, refused, calls: () => calls };
}

const violationsOf = (error: ConnectError): readonly Violation[] =>
  error.findDetails(ViolationsSchema).flatMap(({ violations }) => violations);

describe("rules of buf.validate", () => {
  test("compile strictly", () => expect(project.typeChecked()).toBe(""));

  test("report rule and field in every protocol, and no upstream is called", async () => {
    const { find, refused, calls } = await served();
    for (const over of ["Connect, JSON", "Connect, binary", "gRPC", "gRPC-Web"]) {
      const before = calls();
      const error = await refused(over, { id: "abc", tags: ["a", ""], sizes: { small: 0 } });
      expect(error.code, over).toBe(Code.InvalidArgument);
      expect(error.rawMessage).toBe(
        'tags[1]: must be at least 1 characters; sizes["small"] (key): must be at most 4 characters; sizes["small"]: must be greater than 0',
      );
      const [first, key] = violationsOf(error);
      expect(first).toMatchObject({
        ruleId: "string.min_len",
        field: { elements: [{ fieldNumber: 2, fieldName: "tags", subscript: { case: "index", value: 1n } }] },
        rule: {
          elements: [
            { fieldName: "repeated" },
            { fieldName: "items" },
            { fieldName: "string" },
            { fieldName: "min_len" },
          ],
        },
      });
      expect(key).toMatchObject({ ruleId: "string.max_len", forKey: true });
      expect(calls()).toBe(before);
      expect(await find(over, { id: "abc", tags: ["a", "b"], sizes: { m: 1 } })).toMatchObject({ name: "found" });
      expect(await find(over, { id: "", tags: ["", ""] }, "findAnything")).toMatchObject({ name: "found" });
      expect(calls()).toBe(before + 2);
    }
  });

  test("report thousands of violations in an answer that clients accept, and other requests are answered", async () => {
    const { find, refused } = await served();
    const hostile = { id: "abc", tags: Array.from({ length: 5_000 }, () => "") };
    const keys = {
      id: "abc",
      sizes: Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`${i}${"k".repeat(2_000)}`, 0])),
    };
    for (const over of ["Connect, JSON", "gRPC"]) {
      const error = await refused(over, hostile);
      expect(error.rawMessage).toMatch(/; and \d+ or more others$/);
      expect(violationsOf(error).length).toBeGreaterThan(8);
      const long = await refused(over, keys);
      expect(long.code, over).toBe(Code.InvalidArgument);
      for (const found of [error, long]) {
        expect(violationsOf(found).length).toBeLessThanOrEqual(32);
        expect(
          toBinary(ViolationsSchema, create(ViolationsSchema, { violations: [...violationsOf(found)] })).length,
        ).toBeLessThan(8_192);
        expect(found.rawMessage.length).toBeLessThanOrEqual(1_024);
      }
      expect(await find(over, { id: "abc" })).toMatchObject({ name: "found" });
    }
  });

  test("report the whole path through nested messages", async () => {
    const { refused } = await served();
    let request: object = { id: "X" };
    for (let i = 0; i < 30; i++) request = { id: "abc", other: request };
    const error = await refused("gRPC", request);
    const paths = violationsOf(error).map(({ field }) => field?.elements.map(({ fieldName }) => fieldName));
    expect(paths).toEqual([
      [...Array.from({ length: 30 }, () => "other"), "id"],
      [...Array.from({ length: 30 }, () => "other"), "id"],
    ]);
    expect(error.rawMessage).toMatch(/^(other\.){30}id: must be at least 2 characters; /);
  });

  test("report map keys with unprintable characters", async () => {
    const { post } = await served();
    const { status, body } = await post("shop.v1.ShopService/Find", { id: "abc", sizes: { 'a"b\n\u0000long': 1 } });
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: "invalid_argument" });
    expect(body.message).toBe('sizes["a\\"b\\n\\u0000long"] (key): must be at most 4 characters');
  });
});

import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { GrpcConnection } from "@protobff/runtime/internal/transport/grpc/grpc-connection";
import type { Reply } from "@protobff/runtime/internal/transport/unary-client";
import { PREFIX_BYTES } from "@protobff/runtime/internal/wire/frame";
import { readMessage } from "@protobff/runtime/internal/wire/reader";
import { describe, expect, test } from "vitest";
import { FakeClock } from "../../../../runtime/src/testing/fake-clock.ts";
import { requestFor, schemaOf } from "../../../../test/support/request.ts";
import {
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
} from "../gen/grpc/reflection/v1/reflection_pb.ts";
import { LIMITS, readFiles } from "./reflected-files.ts";
import { UpstreamCheck } from "./upstream-check.ts";

const SERVICE = "catalog.v1.CatalogService";
const PROTO = `syntax = "proto3";
package catalog.v1;
import "money/v1/money.proto";
service CatalogService {
  rpc GetProduct(GetProductRequest) returns (Product) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetProductRequest { string id = 1; }
message Product { string name = 1; money.v1.Money price = 2; Size size = 3; }
enum Size { SIZE_UNSPECIFIED = 0; SIZE_LARGE = 1; }
`;
const MONEY = `syntax = "proto3"; package money.v1; message Money { int64 cents = 1; }`;
const schema = (catalog = PROTO, money = MONEY) =>
  schemaOf(requestFor({ "catalog/v1/catalog.proto": catalog, "money/v1/money.proto": money }));
const filesOf = (...protos: Parameters<typeof schema>): readonly FileDescriptorProto[] =>
  [...schema(...protos).registry.files].map(({ proto }) => proto);
const built = schema().registry.getService(SERVICE)!;
const USES = {
  methods: {
    [`${SERVICE}/GetProduct`]: {
      sets: ["catalog.v1.GetProductRequest.id"],
      reliesOn: ["order", "retry"],
      vouched: false,
    },
  },
  elements: [
    "catalog.v1.GetProductRequest.id",
    "catalog.v1.Product",
    "catalog.v1.Product.name",
    "catalog.v1.Product.price",
    "catalog.v1.Size.SIZE_LARGE",
    "money.v1.Money.cents",
  ],
} as const;

type Answers = (
  question: string,
  service: string,
) => readonly Uint8Array[] | { readonly code: number } | "hang" | Uint8Array;

/** Answers as a server with these files does, which sends each file alone. */
const reflecting =
  (files: readonly FileDescriptorProto[]): Answers =>
  (question) => {
    const found = files.find(({ name, service }) => name === question || (question === SERVICE && service.length > 0));
    return found === undefined ? { code: 5 } : [toBinary(FileDescriptorProtoSchema, found)];
  };

class FakeConnection implements GrpcConnection {
  readonly address: string;
  ended = false;
  readonly queries: string[] = [];
  answers: Answers;

  constructor(address: string, answers: Answers) {
    this.address = address;
    this.answers = answers;
  }
  send(path: string, frame: Uint8Array, _: number, maxReplyBytes: number, reply: Reply) {
    const { messageRequest } = readMessage(ServerReflectionRequestSchema, frame.subarray(PREFIX_BYTES));
    const question = String(messageRequest.value);
    this.queries.push(`${path.split(".")[2]} ${question}`);
    const answer = this.answers(question, path);
    if (answer !== "hang") queueMicrotask(() => replied(answer, maxReplyBytes, reply));
    return { cancel: () => {}, address: this.address };
  }
}
function replied(answer: Exclude<ReturnType<Answers>, "hang">, maxReplyBytes: number, reply: Reply): void {
  if ("code" in answer && answer.code !== 5) {
    reply.faulted({ kind: "status", code: answer.code as never, message: "no" });
    return;
  }
  const messageResponse =
    "code" in answer
      ? { case: "errorResponse" as const, value: { errorCode: answer.code, errorMessage: "unknown" } }
      : { case: "fileDescriptorResponse" as const, value: { fileDescriptorProto: answer as Uint8Array[] } };
  const bytes =
    answer instanceof Uint8Array
      ? answer
      : toBinary(ServerReflectionResponseSchema, create(ServerReflectionResponseSchema, { messageResponse }));
  if (bytes.length > maxReplyBytes)
    reply.faulted({ kind: "invalid", code: 13, message: `a reply of ${bytes.length} bytes` });
  else reply.replied(bytes);
}

function checked() {
  const clock = new FakeClock();
  const lines: string[] = [];
  const check = new UpstreamCheck({
    service: built,
    name: SERVICE,
    uses: USES,
    clock,
    fault: (line) => lines.push(line),
  });
  /** Opens a connection. */
  const connect = (address: string, answers: Answers): FakeConnection => {
    const connection = new FakeConnection(address, answers);
    check.connected(connection);
    return connection;
  };
  /** Advances the clock, until the checks that are due have ended. */
  const pass = async (ms: number): Promise<void> => {
    await clock.advance(ms);
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  return { check, clock, lines, connect, pass };
}

describe("a check", () => {
  test("follows a connection after a second, once a minute for new ones, else every five", async () => {
    const { check, connect, pass, lines } = checked();
    const first = connect("a:1", reflecting(filesOf()));
    await pass(900);
    expect(check.state).toEqual({ state: "unchecked" });
    await pass(200);
    expect(check.state).toEqual({ state: "same" });
    expect(first.queries).toEqual([`v1 ${SERVICE}`, "v1 money/v1/money.proto"]);
    const second = connect("b:1", reflecting(filesOf(PROTO.replace("string name = 1;", ""))));
    await pass(58_000);
    expect(second.queries).toEqual([]);
    await pass(2_000);
    expect(check.state).toMatchObject({
      state: "drift",
      drifts: [{ element: "catalog.v1.Product.name", kind: "removed" }],
    });
    expect(lines).toEqual([`upstream ${SERVICE} at b:1: field "catalog.v1.Product.name" is removed`]);
    const queries = first.queries.length;
    await pass(290_000);
    expect(first.queries).toHaveLength(queries);
    await pass(20_000);
    expect(first.queries.length).toBeGreaterThan(queries);
    expect(lines).toHaveLength(1);
    second.ended = true;
    expect(check.state).toEqual({ state: "same" });
  });

  test("reports each kind of drift", async () => {
    const kinds: readonly (readonly [catalog: string, kind: string])[] = [
      [PROTO.replace("string name = 1;", "string title = 1;"), "renamed"],
      [PROTO.replace("string name = 1;", "string name = 4;"), "number"],
      [PROTO.replace("string name = 1;", "bytes name = 1;"), "type"],
      [PROTO.replace("string name = 1;", "repeated string name = 1;"), "cardinality"],
      [PROTO.replace("string name = 1;", "optional string name = 1;"), "presence"],
      [PROTO.replace("returns (Product)", "returns (stream Product)"), "streaming"],
      [PROTO.replace("NO_SIDE_EFFECTS", "IDEMPOTENT"), "idempotency"],
      [PROTO.replace("SIZE_LARGE = 1;", "SIZE_HUGE = 2;"), "removed"],
    ];
    for (const [catalog, kind] of kinds) {
      const { check, connect, pass } = checked();
      connect("a:1", reflecting(filesOf(catalog)));
      await pass(1_100);
      expect(check.state, catalog).toMatchObject({ state: "drift", drifts: [{ kind }] });
    }
  });

  test("does not report what is not used, or what is only added", async () => {
    const { check, connect, pass } = checked();
    const more = PROTO.replace("Size size = 3;", "Size other = 3; string more = 9;").replace(
      "SIZE_LARGE = 1;",
      "SIZE_LARGE = 1; SIZE_S = 2;",
    );
    connect("a:1", reflecting(filesOf(more, MONEY.replace("cents = 1;", "cents = 1; string currency = 2;"))));
    await pass(1_100);
    expect(check.state).toEqual({ state: "same" });
  });

  test("uses v1alpha where v1 is missing, and ends at an address after three refusals", async () => {
    const { check, connect, pass, lines } = checked();
    const files = reflecting(filesOf());
    connect("a:1", (question, path) => (path.includes("v1alpha") ? files(question, path) : { code: 12 }));
    const refusing = connect("b:1", () => ({ code: 16 }));
    for (let i = 0; i < 10; i++) await pass(300_000);
    expect(refusing.queries).toHaveLength(3);
    expect(check.state).toMatchObject({ state: "unknown", reason: "its reflection answers UNAUTHENTICATED: no" });
    expect(lines).toHaveLength(1);
  });

  test.each<readonly [string, Answers, string]>([
    ["garbage", () => Buffer.from("garbage"), "sends no valid message"],
    ["files of garbage", () => [Buffer.from("garbage")], "sends a file that is no descriptor"],
    ["100 MB", () => Buffer.alloc(100 << 20), "answers more than allowed"],
    ["another service", () => ({ code: 5 }), `does not know ${SERVICE}`],
    ["files that never end", (question) => [endless(question)], "more than 1000 files"],
    ["many types", () => [manyTypes()], "more than 10000 types"],
    ["another file", () => [file({ name: "a", messageType: [{ name: "M" }] })], `does not describe ${SERVICE}`],
    ["files that contradict each other", () => [file({ name: "a", package: "catalog.v1", ...BROKEN })], "nowhere.v1.N"],
  ])("survives an upstream with %s, at the cost of one line", async (_, answers, reason) => {
    const { check, connect, pass, lines } = checked();
    connect("a:1", answers);
    for (let i = 0; i < 40; i++) await pass(1_100);
    expect(check.state.state).toBe("unknown");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(reason);
    expect(lines[0]!.length).toBeLessThan(400);
  });

  test("keeps its result while an upstream fails, and ends with its server", async () => {
    const { check, connect, pass, clock } = checked();
    const connection = connect("a:1", reflecting(filesOf(PROTO.replace("string name = 1;", ""))));
    await pass(1_100);
    connection.answers = () => ({ code: 14 });
    await pass(301_000);
    expect(check.state.state).toBe("drift");
    check.close();
    expect(clock.running).toBe(0);
  });
});

test("a question without an answer ends in time", async () => {
  const connection = new FakeConnection("a:1", () => "hang");
  await expect(readFiles(connection, SERVICE, () => undefined, { ...LIMITS, ms: 10 })).rejects.toThrow(
    "DEADLINE_EXCEEDED: no answer within 10 ms",
  );
});

const file = (init: MessageInitShape<typeof FileDescriptorProtoSchema>): Uint8Array =>
  toBinary(FileDescriptorProtoSchema, create(FileDescriptorProtoSchema, init));
const METHOD = { name: "GetProduct", inputType: ".nowhere.v1.N", outputType: ".nowhere.v1.N" };
const BROKEN = { service: [{ name: "CatalogService", method: [METHOD] }] };
/** A file that imports another one, for each name. */
function endless(name: string): Uint8Array {
  const number = Number(/\d+/.exec(name)?.[0] ?? 0) + 1;
  return toBinary(
    FileDescriptorProtoSchema,
    create(FileDescriptorProtoSchema, { name: number === 1 ? "f1" : name, dependency: [`f${number + 1}`] }),
  );
}
function manyTypes(): Uint8Array {
  const messageType = Array.from({ length: 10_001 }, (_, i) => ({ name: `M${i}` }));
  return toBinary(FileDescriptorProtoSchema, create(FileDescriptorProtoSchema, { name: "many", messageType }));
}

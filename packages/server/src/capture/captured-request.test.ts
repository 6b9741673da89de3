import { toBinary } from "@bufbuild/protobuf";
import { type StringValue, StringValueSchema } from "@bufbuild/protobuf/wkt";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import type { Follower, Following, StreamEndpoint } from "@protobff/runtime/internal/stream/stream-endpoint";
import { expect, test } from "vitest";
import { capturedRpc, type Keeper } from "./captured-request.ts";
import { capturedStream } from "./captured-stream.ts";

const stringValue = (value: string): StringValue => ({ $typeName: "google.protobuf.StringValue", value });
const bytesOf = (value: string): Uint8Array => toBinary(StringValueSchema, stringValue(value));

function remembering() {
  const method = { input: StringValueSchema, output: StringValueSchema } as unknown as Endpoint["method"];
  return capturedRpc({ method } as Endpoint, {} as Keeper, new Map()).codec;
}

test("requests of one part of a connection keep the bytes that they were read from", () => {
  const codec = remembering();
  const bytes = ["a", "refused", "b"].map(bytesOf);
  const [a, refused, b] = bytes.map((read) => codec.decode(read));
  if (a === undefined || refused === undefined || b === undefined) throw new Error("not read");
  expect(codec.bytesOf(a)).toBe(bytes[0]);
  expect(codec.bytesOf(b)).toBe(bytes[2]);
  expect(codec.bytesOf(refused)).toBeUndefined();
  expect(codec.bytesOf(stringValue("b"))).toBeUndefined();
});

test("long messages, and more than sixteen that do not begin, are not kept", () => {
  const codec = remembering();
  expect(codec.bytesOf(codec.decode(bytesOf("x".repeat(5_000))))).toBeUndefined();
  const read = Array.from({ length: 20 }, (_, i) => codec.decode(bytesOf(`${i}`)));
  expect(read.map((message) => codec.bytesOf(message)).filter((bytes) => bytes !== undefined)).toHaveLength(16);
});

test.each([undefined, "its later messages follow purges"])(
  "a capture of a stream has its reason: %s",
  (incomparable) => {
    const parent = { typeName: "test.v1.Test" };
    const method = { parent, name: "Follow", input: StringValueSchema, output: StringValueSchema };
    const written: unknown[] = [];
    const keeper = { begins: () => "keep", keeps: () => true, write: ({ of }: { of: object }) => written.push(of) };
    const follow: StreamEndpoint["follow"] = (_args, _headers, _clientMs, _resume, follower) => {
      follower.ended(undefined);
      return {} as Following;
    };
    const inner = { method, follow, incomparable } as unknown as StreamEndpoint;
    const captured = capturedStream(inner, keeper as unknown as Keeper, new Map());
    captured.follow(stringValue("a"), new Headers(), undefined, undefined, { ended() {} } as unknown as Follower);
    expect(written).toMatchObject([{ incomparable }]);
  },
);

// Holds docs/runtime.md#caching
import { create, createFileRegistry, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { typeDigest } from "../cache/type-digest.ts";
import { FakeClient } from "../testing/fake-client.ts";
import { file_test, ThingSchema, Upstream as UpstreamService } from "../testing/gen/test_pb.ts";
import { frame } from "../wire/frame.ts";
import { callKey } from "./call-key.ts";
import type { Metadata } from "./headers.ts";
import { Upstream } from "./upstream.ts";

const upstream = new Upstream("test.v1.Upstream", new FakeClient(), {});
const { get, batchGet } = UpstreamService.method;
const rpc = upstream.unary(get, {});
const of = (bytes: number[], headers?: Record<string, string>, as = rpc as typeof rpc, metadata?: Metadata) =>
  callKey(as, { frame: frame(new Uint8Array(bytes)), headers, metadata, retryIf: undefined });

describe("the identity of a call", () => {
  test("the identity of a call does not depend on the order of headers, on forwarded trace ids, or on the object", () => {
    const id = of([1, 2], { a: "1", b: "2" });
    expect(of([1, 2], { b: "2", a: "1" })).toBe(id);
    const traced = {
      traceparent: "x",
      b3: "x",
      "x-b3-spanid": "x",
      "x-request-id": "x",
    };
    expect(of([1, 2], { ...traced, a: "1", b: "2" })).toBe(id);
    expect(of([1, 2], { a: "1", b: "2" }, upstream.unary(get, { timeoutMs: 1 }))).toBe(id);
  });
  test.each(["traceparent", "b3", "x-b3-spanid", "x-request-id"])(
    "the identity of a call depends on %s of an expression",
    (name) => {
      const made = (value: string, metadata: Metadata) => of([1], { [name]: value }, rpc, metadata);
      expect(made("1", { [name.toUpperCase()]: "1" })).not.toBe(made("2", { [name]: "2" }));
      expect(made("1", { [name]: "1" })).not.toBe(made("1", {}));
      // An empty or undefined expression keeps the forwarded value.
      expect(made("1", { [name]: "" })).toBe(made("2", { [name]: undefined }));
    },
  );
  test("the identity of a call changes with bytes, headers and methods", () => {
    const ids = [
      of([]),
      of([1]),
      of([1, 2]),
      of([1], { a: "1" }),
      of([1], { a: "2" }),
      of([1], { a: "" }),
      of([1], { a1: "" }),
      of([1], { a: "1", b: "2" }),
      of([1], { a: '1"],["b","2' }),
      of([1], { "x-b4": "1" }),
      of([1], { baggage: "1" }),
      of([1], { baggage: "2" }),
      of([1], { tracestate: "1" }),
      of([1], undefined, upstream.unary(batchGet, {}) as unknown as typeof rpc),
      of(new Array(20_000).fill(1)),
      of(new Array(20_001).fill(1)),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });
  test("the identity of a call does not reveal its content", () => {
    expect(of([1], { authorization: "Bearer secret" })).toMatch(/^[\w+/]{43}=$/);
  });
});

describe("a type's digest", () => {
  const changed = (change: (text: string) => string) => {
    const bytes = toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: [file_test.proto] }));
    const text = change(Buffer.from(bytes).toString("latin1"));
    const set = fromBinary(FileDescriptorSetSchema, Buffer.from(text, "latin1"));
    return createFileRegistry(set).getMessage("test.v1.BatchGetResponse")!;
  };
  test("a type's digest covers all reachable types, and no others", () => {
    const before = typeDigest(changed((text) => text));
    expect(typeDigest(changed((text) => text))).toBe(before);
    expect(typeDigest(changed((text) => text.replace("spent_cents", "spent_rents")))).toBe(before);
    expect(typeDigest(changed((text) => text.replace("tags", "bags")))).not.toBe(before); // of Thing, inside
    expect(typeDigest(ThingSchema)).not.toBe(before);
  });
});

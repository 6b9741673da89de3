import { create, createRegistry, type DescMethodUnary } from "@bufbuild/protobuf";
import { BatchGetResponseSchema, CardSchema, ThingSchema } from "@protobff/runtime/internal/testing/gen/test_pb";
import { expect, test } from "vitest";
import { transcoder } from "./transcoder.ts";

const BOUNDS = { elements: 100, depth: 10 };
const answered = (output: DescMethodUnary["output"], init: Record<string, unknown>, responseBody?: string): unknown => {
  const rpc = { input: ThingSchema, output } as unknown as DescMethodUnary;
  const rule = { method: "GET", segments: ["v1"], responseBody };
  const { write } = transcoder(rpc, rule, { bounds: BOUNDS as never, registry: createRegistry() });
  return JSON.parse(new TextDecoder().decode(write(create(output, init))));
};

test("the field in `response_body` is encoded as in the whole answer", () => {
  const things = [{ id: "a" }, { count: 3n, tags: ["t"] }, {}];
  const whole = answered(BatchGetResponseSchema, { things });
  expect(answered(BatchGetResponseSchema, { things }, "things")).toEqual((whole as { things: unknown }).things);
  expect(answered(BatchGetResponseSchema, { things }, "things")).toEqual([
    { id: "a" },
    { count: "3", tags: ["t"] },
    {},
  ]);
});

test.each([
  [ThingSchema, "id", ""],
  [ThingSchema, "count", "0"],
  [ThingSchema, "tags", []],
  [BatchGetResponseSchema, "by_id", {}],
  [CardSchema, "owner_name", null],
  [CardSchema, "inner", {}],
] as const)("an unset field of %s is encoded as its default: %s", (output, responseBody, json) => {
  expect(answered(output, {}, responseBody)).toEqual(json);
});

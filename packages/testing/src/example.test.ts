import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { GetRequestSchema, Upstream } from "@protobff/runtime/internal/testing/gen/test_pb";
import { frame } from "@protobff/runtime/internal/wire/frame";
import { expect, test } from "vitest";
import { recordedExamples } from "./example.ts";
import { idle } from "./fake-clock.ts";
import { MockUpstream } from "./mock-upstream.ts";

test("successful answers of a mock become examples, each once", async () => {
  const mock = new MockUpstream(Upstream, {
    get: ({ id }: { readonly id: string }) => {
      if (id === "none") throw new ConnectError("none", Code.NotFound);
      return { id: `of ${id}` };
    },
  });
  for (const id of ["a", "b", "a", "none"]) {
    const bytes = frame(toBinary(GetRequestSchema, create(GetRequestSchema, { id })));
    mock.send("/test.v1.Upstream/Get", bytes, 500, undefined, 1, { replied: () => {}, faulted: () => {} });
  }
  expect(recordedExamples(Upstream, mock.calls)).toEqual([]);
  await idle();
  const shared = { method: "test.v1.Upstream/Get", compare: "shape" };
  expect(recordedExamples(Upstream, mock.calls)).toMatchObject([
    { ...shared, request: { id: "a" }, response: { id: "of a" } },
    { ...shared, request: { id: "b" }, response: { id: "of b" } },
  ]);
});

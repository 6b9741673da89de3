// A project with copies of the messages of bff/v1, as protoc-gen-es writes them without map_imports, beside `@protobff/messages`.
import { join } from "node:path";
import { create, createRegistry, type DescMessage, fromBinary, toBinary } from "@bufbuild/protobuf";
import { anyPack, anyUnpack } from "@bufbuild/protobuf/wkt";
import * as shared from "@protobff/messages/bff/v1/degradation_pb.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GeneratedProject } from "../../support/generated-project.ts";

const project = new GeneratedProject("own-messages", {
  "shop/v1/shop.proto": `syntax = "proto3";
package shop.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "bff/v1/stream.proto";
message Page { repeated bff.v1.Degradation degraded = 1; bff.v1.Part part = 2; }
`,
});
beforeAll(() => project.generate());
afterAll(() => project.remove());

test("messages of a copy and of the package are assignable to each other", () => {
  project.write(
    "both.ts",
    `import { create } from "@bufbuild/protobuf";
import * as shared from "@protobff/messages/bff/v1/degradation_pb.js";
import * as copy from "./bff/v1/degradation_pb.ts";
import type { Page } from "./shop/v1/shop_pb.ts";
export const asCopy: copy.Degradation = create(shared.DegradationSchema, { reason: copy.Degradation_Reason.TIMEOUT });
export const asShared: shared.Degradation = create(copy.DegradationSchema, { reason: shared.Degradation_Reason.TIMEOUT });
export const list: Page["degraded"] = [asCopy, asShared];
`,
  );
  expect(project.typeChecked()).toBe("");
}, 120_000);

test("a copy equals the package on the wire and in a registry", async () => {
  const load = async (path: string) => (await import(join(project.folder, path))) as typeof shared;
  const copy = await load("bff/v1/degradation_pb.ts");
  expect(copy.DegradationSchema).not.toBe(shared.DegradationSchema);
  const degradation = {
    path: "pieces",
    reason: shared.Degradation_Reason.TIMEOUT,
    effect: shared.Degradation_Effect.MISSING,
  };
  const pairs: readonly (readonly [DescMessage, DescMessage])[] = [
    [copy.DegradationSchema, shared.DegradationSchema],
    [shared.DegradationSchema, copy.DegradationSchema],
  ];
  for (const [from, to] of pairs) {
    const there = fromBinary(to, toBinary(from, create(from, degradation)));
    expect(there).toEqual(create(to, degradation));
  }
  const packed = anyPack(shared.DegradationSchema, create(shared.DegradationSchema, degradation));
  const registry = createRegistry(copy.file_bff_v1_degradation);
  expect(anyUnpack(packed, registry)).toEqual(create(copy.DegradationSchema, degradation));
});

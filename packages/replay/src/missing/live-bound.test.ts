import { create, createFileRegistry, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { requestFor } from "../../../../test/support/request.ts";
import type { Declaration } from "../world/collect.ts";
import { openMissing } from "./missing-answers.ts";

const PROTO = `syntax = "proto3";
package up.v1;
service Up { rpc Get(Request) returns (Request) { option idempotency_level = NO_SIDE_EFFECTS; } }
message Request { string id = 1; }
`;
const { protoFile } = requestFor({ "up/v1/up.proto": PROTO }, ["up/v1/up.proto"]);
const service = createFileRegistry(create(FileDescriptorSetSchema, { file: protoFile })).getService("up.v1.Up");
if (service === undefined) throw new Error("no service");
const { input } = service.method.get as NonNullable<typeof service.method.get>;
const declaration = { upstreams: { up: service } } as unknown as Declaration;
const call = (id: string) => ({
  client: "up.canary",
  path: "/up.v1.Up/Get",
  message: toBinary(input, create(input, { id } as Readonly<Record<string, unknown>>)),
});

test("a sample answers a call of a branch, too", async () => {
  const { answer } = await openMissing(declaration, { kind: "sample" });
  const found = await answer?.(call("a"));
  const answered: Message[] = [];
  if (typeof found === "object")
    found.deliver({ replied: (bytes) => answered.push(fromBinary(input, bytes)), faulted: () => {} });
  expect(answered).toMatchObject([{ id: "id-1" }]);
});

test("a run has at most 1,000 live calls, without equal ones", async () => {
  const urls = new Map([["up.v1.Up", "http://127.0.0.1:1"]]);
  const { answer, close } = await openMissing(declaration, { kind: "live", urls });
  const reasons = await Promise.all(Array.from({ length: 1_001 }, (_, i) => answer?.(call(`${i}`))));
  expect(reasons.filter((reason) => `${reason}`.startsWith(", and the live call has failed: "))).toHaveLength(1_000);
  expect(reasons.at(-1)).toBe(", and 1000 live calls have been sent");
  expect(await answer?.(call("7"))).toBe(reasons[7]);
  await close();
});

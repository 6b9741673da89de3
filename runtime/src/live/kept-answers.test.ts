// Holds docs/streams.md#live-answers
import { expect, test } from "vitest";
import { ThingSchema } from "../testing/gen/test_pb.ts";
import { opaqueMessage } from "../wire/opaque-message.ts";
import { KeptAnswers, KeptBytes, type KeptRpc } from "./kept-answers.ts";

test.each([
  ["read", (bytes: Uint8Array) => ({ list: [{ bytes }] })],
  ["passed on unread", (bytes: Uint8Array) => ({ list: [opaqueMessage(ThingSchema, bytes, () => ({}))] })],
])("messages that are %s count with their bytes", (_name, answerOf) => {
  const pool = new KeptBytes();
  const rpc = {} as KeptRpc;
  const kept = new KeptAnswers([rpc], pool, undefined);
  kept.begin("all");
  kept.keep(rpc as never, "a", answerOf(new Uint8Array(5_000)), undefined);
  kept.end(true);
  expect(pool.used).toBeGreaterThan(5_000);
  expect(pool.used).toBeLessThan(6_000);
  kept.release();
  expect(pool.used).toBe(0);
});

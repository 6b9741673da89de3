import { create } from "@bufbuild/protobuf";
import { type Thing, ThingSchema } from "@protobff/runtime/internal/testing/gen/test_pb";
import { Topic } from "@protobff/runtime/internal/topic/topic";
import { expect, test } from "vitest";
import { TestBed } from "./bed.ts";

test("a topic without a call exists on mocks, too, and delivers published items", async () => {
  const bed = new TestBed({});
  const notices = new Topic<Thing>(
    { name: "notices", subject: "notices.{key}", jetstream: "NOTICES", decode: () => create(ThingSchema), keep: 8 },
    bed.topics,
  );
  bed.publish("notices", "a", create(ThingSchema, { id: "one" }));
  const got = await new Promise<Thing>((resolve, reject) => {
    const source = notices.follow("a", undefined, false, { item: resolve, ended: reject, failed: reject });
    source.next();
  });
  expect(got.id).toBe("one");
});

// Holds docs/runtime.md#caching
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import type { AnswerMetadata } from "../admission/answer-metadata.ts";
import { endpoint } from "../endpoint/endpoint.ts";
import { front, page } from "../testing/front.ts";
import { Front, type Page, ShowRequestSchema } from "../testing/gen/test_pb.ts";
import { Cache } from "./cache.ts";
import { cdnTags } from "./cdn-tags.ts";
import { Purges } from "./purges.ts";
import { MAX_TAG_BYTES, MAX_TAGS } from "./tags.ts";

/** An rpc whose answers have the tag `page:<title>`. */
function tagged(purged?: "spare" | "counted") {
  const purges = new Purges();
  const { app, client, clock } = front();
  const { run } = endpoint(Front.method.show, app, {
    timeoutMs: 2_000,
    clock,
    http: { maxAgeMs: 30_000, vary: [], shared: true, tag: true },
    cache: {
      answers: new Cache({ clock, purges }),
      ttlMs: 60_000,
      plan: "1",
      purged,
      tags: (_cx, _args, { title }: Page) => [["page:", title === "0" ? undefined : title]],
    },
    compose: async (cx) => page({ title: `${(await cx.call(cx.app.get, { id: "a" })).count}` }),
  });
  const get = () =>
    new Promise<AnswerMetadata | undefined>((resolve, reject) => {
      run(create(ShowRequestSchema, { id: "a" }), new Headers(), undefined, (_, _degraded, of) => resolve(of), reject);
    });
  return { get, purges, client };
}

test("an answer from the cache has the tags of the composed one", async () => {
  const { get, client } = tagged();
  client.answer = (sent) => sent.thing({ count: 1n });
  for (let i = 0; i < 2; i++) expect(await get()).toMatchObject({ cdn: ["cache-tag", "page:1"] });
  expect(client.sent.length).toBe(1);
});
test("no cache keeps an answer whose tag was purged while it was composed", async () => {
  const { get, purges, client } = tagged();
  client.answer = undefined;
  const first = get();
  purges.purge(["page:1"]);
  client.of("a").thing({ count: 1n });
  expect(await first).toMatchObject({ stale: true });
  expect(await first).not.toHaveProperty("cdn");
});
test("no cache keeps an answer with a tag without a value", async () => {
  const { get, client } = tagged();
  client.answer = (sent) => sent.thing({ count: 0n });
  expect(await get()).toMatchObject({ stale: true });
});
test("the limits of tags keep the header below 16 KiB", () => {
  const longest = Array.from({ length: MAX_TAGS }, (_, i) => [`${i}`.padStart(MAX_TAG_BYTES, "x")]);
  const [name = "", value = ""] = cdnTags("surrogate-key", () => longest) ?? [];
  expect(value.split(" ")).toHaveLength(MAX_TAGS);
  expect(name.length + value.length).toBeLessThan(16 << 10);
});

// Holds docs/runtime.md#topics
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import type { CallContext } from "../call/context.ts";
import { Code } from "../failure.ts";
import { callSource } from "../source/call-source.ts";
import type { Items } from "../source/source.ts";
import { idle } from "../testing/fake-clock.ts";
import { front, page } from "../testing/front.ts";
import { type Thing, ThingSchema } from "../testing/gen/test_pb.ts";
import { GET, thing } from "../testing/stream-source.ts";
import { Topic, Topics } from "./topic.ts";

/** A topic over a call of an upstream with so many streams, and as many for the call itself. */
function called(streams: number, ofCall?: number) {
  const rig = front({ policy: { streams } });
  const rpc = rig.upstream.stream(GET, { streams: ofCall });
  const open = callSource(rpc, (_cx: CallContext, id: string) => ({ id }));
  const topic = new Topic<Thing>(
    { name: "run", keep: 4, decode: () => create(ThingSchema), call: { method: rpc.method, open } },
    new Topics({ clock: rig.clock }),
  );
  const sent = rig.client.streams;
  async function latest(key: string): Promise<string> {
    const { length } = sent;
    const { answer } = rig.send(async (cx) => page({ title: String((await cx.latest(topic, key))?.id) }));
    await idle();
    if (sent.length > length) sent.at(-1)?.item(thing(key));
    await rig.clock.advance(20);
    const { page: answered, failure } = await answer;
    return answered?.title ?? `${failure?.clientCode}`;
  }
  function follow(key: string) {
    const ids: string[] = [];
    const items: Items<Thing> = {
      item: ({ id }) => {
        ids.push(id);
        source.next();
      },
      ended: () => ids.push("ended"),
      failed: ({ clientCode }) => ids.push(`${clientCode}`),
    };
    const source = topic.follow(key, undefined, false, items);
    source.next();
    return { ids, cancel: () => source.cancel() };
  }
  return { ...rig, topic, sent, latest, follow };
}

test.each([
  ["the upstream", 3, undefined],
  ["the call", 10, 3],
])("new keys always get a stream of %s, because unread streams give way", async (_, ofAll, ofCall) => {
  const { latest, follow, sent, topic, upstream } = called(ofAll, ofCall);
  const reader = follow("read");
  await idle();
  sent[0]?.item(thing("first"));
  await idle();
  for (let i = 0; i < 20; i++) expect(await latest(`new-${i}`)).toBe(`new-${i}`);
  expect([topic.state.keys, upstream.streams.state.taken]).toEqual([3, 3]);
  const other = follow("other");
  await idle();
  sent.at(-1)?.item(thing("hello"));
  await idle();
  sent[0]?.item(thing("second"));
  await idle();
  expect([reader.ids, other.ids]).toEqual([["first", "second"], ["hello"]]);
  expect(sent.filter(({ cancelled }) => !cancelled)).toHaveLength(3);
});
test("streams with a reader, even a returning one, do not give way", async () => {
  const { latest, follow, sent, clock, upstream } = called(2);
  const [first, second] = [follow("a"), follow("b")];
  await idle();
  expect(await latest("c")).toBe(`${Code.RESOURCE_EXHAUSTED}`);
  first.cancel();
  const again = follow("a");
  await idle();
  expect(await latest("c")).toBe(`${Code.RESOURCE_EXHAUSTED}`);
  expect([sent.length, again.ids, second.ids]).toEqual([2, [], []]);
  again.cancel();
  expect(await latest("c")).toBe("c");
  second.cancel();
  await clock.advance(60_000);
  expect([upstream.streams.state.taken, clock.running]).toEqual([0, 0]);
});
test("the stream that is idle for longest gives way first", async () => {
  const { latest, follow, sent } = called(3);
  for (const key of ["a", "b", "c"]) await latest(key);
  follow("a").cancel(); // behind the others now
  await idle();
  await latest("d");
  expect(sent.map(({ cancelled }) => cancelled)).toEqual([false, true, false, false]);
});

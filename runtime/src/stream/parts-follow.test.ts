import { create, mergeFromBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { merged } from "../../../client/src/merge-parts.ts";
import { Code } from "../failure.ts";
import type { Observer } from "../observer.ts";
import type { ResponseEvent, StreamOpenEvent } from "../observer-requests.ts";
import { byId } from "../testing/fake-client.ts";
import { idle } from "../testing/fake-clock.ts";
import { type Inner, InnerSchema, type Whole, WholeSchema } from "../testing/gen/parts_pb.ts";
import { noUnhandledRejections } from "../testing/no-unhandled.ts";
import { type Cx, compose, facts, inner, PartsFollower, partsRig, whole } from "../testing/parts-rig.ts";

noUnhandledRejections();

describe("messages", () => {
  test("the first message has everything that is not deferred; parts and the end follow", async () => {
    const { follow, client, clock } = partsRig();
    const { follower } = follow(compose);
    await idle();
    expect(follower.events).toEqual([]);
    client.of("title").thing();
    await idle();
    expect(follower.events).toEqual(["opened", "item"]);
    expect(follower.messages[0]).toMatchObject({ title: "title", facts: [], parts: [], degraded: [] });
    client.of("cents").thing();
    await idle();
    client.of("facts").thing();
    await idle();
    expect(follower.events).toEqual(["opened", "item", "item", "item", "ended"]);
    expect(follower.messages[1]).toEqual(whole({ cents: 7, parts: [{ name: "cents" }] }));
    expect(follower.messages[2]).toEqual(whole({ facts: ["facts"], parts: [{ name: "facts" }] }));
    expect(clock.running).toBe(0);
  });

  test("parts that are already complete are in the first message", async () => {
    const { follow, client } = partsRig();
    const { follower } = follow(compose);
    client.of("cents").thing();
    client.of("facts").thing();
    await idle();
    client.of("title").thing();
    await follower.over;
    expect(follower.events).toEqual(["opened", "item", "ended"]);
    expect(follower.messages[0]).toMatchObject({ title: "title", facts: ["facts"], cents: 7 });
    expect(follower.names).toEqual([["cents", "facts"]]);
  });

  test("parts of one turn, or of a pause in reading, share a message; sent messages are not changed", async () => {
    const { follow, client, clock } = partsRig();
    const { follower, following } = follow(compose, { follower: Object.assign(new PartsFollower(), { reads: false }) });
    client.of("title").thing();
    await idle();
    client.of("cents").thing();
    await idle();
    client.of("facts").thing();
    await idle();
    expect(follower.messages).toHaveLength(1);
    expect(follower.messages[0]).toEqual(whole({ title: "title" }));
    follower.read(following);
    expect(follower.names).toEqual([[], ["cents", "facts"]]);
    await follower.over;
    expect(follower.events.at(-1)).toBe("ended");
    expect(clock.running).toBe(0);
  });

  test("a part of a nested message contains its path, and a part inside a part follows it or joins it", async () => {
    const { follow, client, send } = partsRig();
    const nested = async (cx: Cx): Promise<Whole> => {
      const owner = inner({ name: "owner" });
      const flag = cx.late.tryCall(cx.app.get, { id: "flag" });
      cx.part(owner, ["flag"], async () => ((await flag) === undefined ? {} : { flag: true }));
      const step = cx.late.tryStep(async () => {
        const made = inner({ name: (await cx.late.send(cx.app.get, { id: "made" })).id });
        const tags = cx.late.tryCall(cx.app.get, { id: "tags" });
        cx.part(made, ["tags"], async () => ({ tags: [(await tags)?.id ?? ""] }));
        return made;
      });
      const page = whole({ title: "t" });
      page.inner = owner;
      cx.part(page, ["picked"], async () => {
        const value = await step;
        return { choice: value === undefined ? { case: undefined } : { case: "picked" as const, value } };
      });
      return page;
    };
    const { follower } = follow(nested);
    await idle();
    client.of("made").thing();
    await idle();
    client.of("flag").thing();
    await idle();
    client.of("tags").thing();
    await follower.over;
    expect(follower.messages).toEqual([
      whole({ title: "t", inner: { name: "owner" } }),
      whole({ choice: { case: "picked", value: { name: "made" } }, parts: [{ name: "picked" }] }),
      whole({ inner: { flag: true }, parts: [{ name: "inner.flag" }] }),
      whole({ choice: { case: "picked", value: { tags: ["tags"] } }, parts: [{ name: "picked.tags" }] }),
    ]);
    client.answer = byId({});
    const { answer } = await send(nested);
    expect((await last(follower)).choice).toEqual(answer?.choice);
    const other = follow(nested);
    await other.follower.over;
    expect((await last(other.follower)).choice).toEqual(answer?.choice);
  });

  test("parts of messages in lists are awaited, because lists do not merge", async () => {
    const { follow, client } = partsRig();
    const { follower } = follow(async (cx) => {
      const items = ["1", "2"].map((name) => inner({ name }));
      for (const item of items) {
        const step = cx.late.tryCall(cx.app.get, { id: item.name });
        cx.part(item, ["tags"], async () => ({ tags: [(await step)?.id ?? ""] }));
      }
      return { ...whole(), list: items };
    });
    await idle();
    client.of("1").thing();
    await idle();
    expect(follower.events).toEqual([]);
    client.of("2").thing();
    await follower.over;
    expect(follower.messages.map(({ list }) => list.map(({ tags }) => tags))).toEqual([[["1"], ["2"]]]);
    expect(follower.names).toEqual([["list[0].tags", "list[1].tags"]]);
  });

  test("a response message from `respond` omits values derived from missing fields", async () => {
    const { follow, client } = partsRig();
    const { follower } = follow(compose as never, {
      respond: {
        schema: WholeSchema,
        as: (from) =>
          create(WholeSchema, {
            ...(from as Whole),
            title: `as ${(from as Whole).title}`,
            cents: (from as Whole).cents ?? 0,
          }),
      },
    });
    client.of("title").thing();
    await idle();
    client.of("facts").thing();
    await idle();
    client.of("cents").fault(Code.NOT_FOUND);
    await follower.over;
    expect(follower.messages).toMatchObject([
      { title: "as title", facts: [], cents: 0 },
      { title: "", facts: ["facts"] },
      { title: "", facts: [], cents: 0 },
    ]);
    expect(follower.messages[1]?.cents).toBe(undefined);
  });

  test("a part without a field in the response message is not sent", async () => {
    const { follow, client } = partsRig();
    const late = async (cx: Cx) => {
      const page = inner({ name: "n" });
      const step = cx.late.tryCall(cx.app.get, { id: "tags" });
      cx.part(page, ["tags"], async () => ({ tags: [(await step)?.id ?? ""] }));
      return page;
    };
    const { follower } = follow(late as never, {
      respond: { schema: InnerSchema, as: (from) => whole({ title: (from as Inner).name }) },
    });
    await idle();
    client.of("tags").thing();
    await follower.over;
    expect(follower.events).toEqual(["opened", "item", "ended"]);
    expect(follower.messages).toEqual([whole({ title: "n" })]);
  });
});

describe("ends", () => {
  test("a client that disconnects stops all calls except sent side effects", async () => {
    const { follow, client, clock } = partsRig();
    const { follower, following } = follow(async (cx) => {
      const page = whole();
      facts(cx, page);
      const effect = cx.late.tryStep(() => cx.late.effect(cx.app.get, { id: "effect" }));
      cx.part(page, ["cents"], async () => ((await effect) === undefined ? {} : { cents: 1 }));
      return page;
    });
    await idle();
    expect(follower.events).toEqual(["opened", "item"]);
    following.cancel();
    expect(client.of("facts").cancelled).toBe(true);
    expect(client.of("effect").cancelled).toBe(false);
    client.of("effect").thing();
    await idle();
    expect(follower.events).toHaveLength(2);
    expect(clock.running).toBe(0);
  });

  test("the end waits for deferred side effects, the first message for all others", async () => {
    const { follow, client } = partsRig();
    const { follower } = follow(async (cx) => {
      const page = whole();
      cx.holds(cx.tryStep(() => cx.effect(cx.app.get, { id: "early" })));
      cx.late.holds(cx.late.tryStep(() => cx.late.effect(cx.app.get, { id: "late" })));
      return page;
    });
    await idle();
    expect(follower.events).toEqual([]);
    client.of("early").thing();
    await idle();
    expect(follower.events).toEqual(["opened", "item"]);
    client.of("late").thing();
    await follower.over;
    expect(follower.events.at(-1)).toBe("ended");
  });

  test("a server that drains lets the stream finish", async () => {
    const { follow, client } = partsRig();
    const { follower, following } = follow(compose);
    client.of("title").thing();
    await idle();
    following.drain();
    client.of("facts").thing();
    client.of("cents").thing();
    await follower.over;
    expect(follower.events).toEqual(["opened", "item", "item", "ended"]);
  });

  test("observers receive the opening, the incomplete messages, and the end", async () => {
    const responses: ResponseEvent[] = [];
    const opens: StreamOpenEvent[] = [];
    const lacking: string[][] = [];
    const requests = new Set<object>();
    const observer: Observer = {
      response: (event) => void responses.push(event),
      streamOpen: (event) => void opens.push(event),
      streamDegraded: ({ degraded, request }) => {
        lacking.push(degraded.map(({ path }) => path));
        requests.add(request);
      },
      call: ({ request }) => void requests.add(request),
    };
    const { follow, client } = partsRig({}, {}, observer);
    client.answer = byId({ facts: "INTERNAL" });
    const { follower } = follow(compose);
    await follower.over;
    expect(lacking).toEqual([["facts"]]);
    expect(opens).toHaveLength(1);
    expect(responses).toMatchObject([{ outcome: { ok: true }, stream: { end: "ended", items: 1, degraded: 1 } }]);
    for (const { request } of [...opens, ...responses]) requests.add(request);
    expect(requests.size).toBe(1);
  });
});

/** What they come to, three ways, which are the same. */
async function last(follower: PartsFollower): Promise<Whole> {
  const appended = create(WholeSchema);
  for (const bytes of follower.bytes) mergeFromBinary(WholeSchema, appended, bytes);
  let found = whole();
  const messages = follower.messages;
  for await (const message of merged(
    WholeSchema,
    (async function* () {
      yield* messages;
    })(),
  ))
    found = message;
  expect(found).toEqual(appended);
  return found;
}

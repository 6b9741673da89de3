import { describe, expect, test } from "vitest";
import { Code, Reason } from "../failure.ts";
import { byId } from "../testing/fake-client.ts";
import { idle } from "../testing/fake-clock.ts";
import type { Whole } from "../testing/gen/parts_pb.ts";
import { noUnhandledRejections } from "../testing/no-unhandled.ts";
import { type Cx, compose, facts, inner, PartsFollower, partsRig, whole } from "../testing/parts-rig.ts";

noUnhandledRejections();

describe("failures", () => {
  test("a failed part is delivered with its cause", async () => {
    const { follow, client } = partsRig();
    client.answer = byId({ facts: "UNAVAILABLE", cents: "hang" });
    const { follower } = follow(compose);
    await idle();
    client.of("cents").fault(Code.NOT_FOUND);
    await follower.over;
    expect(follower.events).toEqual(["opened", "item", "item", "ended"]);
    expect(follower.names).toEqual([["facts"], ["cents"]]);
    expect(follower.messages.map(({ degraded }) => degraded.map(({ path, reason }) => [path, reason]))).toEqual([
      [["facts", Reason.UNAVAILABLE]],
      [["cents", Reason.REJECTED]],
    ]);
  });

  test("a failure before the first message is the status, and stops deferred steps", async () => {
    const { follow, client, clock } = partsRig();
    const { follower } = follow(compose);
    client.of("title").fault(Code.NOT_FOUND);
    await follower.over;
    expect(follower.events).toEqual([`failed ${Code.INTERNAL}`]);
    expect(client.underWay).toEqual([]);
    expect(clock.running).toBe(0);
  });

  test("the stream waits for guards", async () => {
    const { follow, client } = partsRig();
    const { follower } = follow(async (cx) => {
      const guarding = cx.tryCall(cx.app.get, { id: "guard" });
      cx.guard(async () => {
        await guarding;
        throw cx.refuse(Code.PERMISSION_DENIED);
      });
      const page = whole();
      facts(cx, page);
      return page;
    });
    client.of("facts").thing();
    await idle();
    expect(follower.events).toEqual([]);
    client.of("guard").thing();
    await follower.over;
    expect(follower.events).toEqual([`failed ${Code.PERMISSION_DENIED}`]);
  });

  test("a fallback that throws fails the stream, even after the first message", async () => {
    const failing = async (cx: Cx): Promise<Whole> => {
      const page = whole({ title: "t" });
      const step = cx.late.orElse(cx.late.tryCall(cx.app.get, { id: "facts" }), (): undefined => {
        throw new RangeError("a fault of an expression");
      });
      cx.part(page, ["facts"], async () => ({ facts: [(await step)?.id ?? ""] }));
      return page;
    };
    const { follow, send, client, clock } = partsRig();
    const { follower } = follow(failing);
    await idle();
    client.of("facts").fault(Code.NOT_FOUND);
    await follower.over;
    expect(follower.events).toEqual(["opened", "item", `failed ${Code.INTERNAL}`]);
    client.answer = byId({ facts: "NOT_FOUND" });
    expect((await send(failing)).failure).toMatchObject({ clientCode: Code.INTERNAL });
    expect(clock.running).toBe(0);
  });

  test("the failure of a composed message stops its deferred steps", async () => {
    const { follow, client } = partsRig();
    const { follower } = follow(async (cx) => {
      const step = cx.tryStep(() =>
        cx.sub(async (cx) => {
          const made = inner();
          const tags = cx.late.tryCall(cx.app.get, { id: "tags" });
          const name = cx.call(cx.app.get, { id: "name" });
          made.name = (await name).id;
          cx.part(made, ["tags"], async () => ({ tags: [(await tags)?.id ?? ""] }));
          return made;
        }),
      );
      const page = whole({ title: "t" });
      const made = await step;
      if (made !== undefined) page.inner = made;
      return page;
    });
    client.of("name").fault(Code.INTERNAL);
    await follower.over;
    expect(follower.events).toEqual(["opened", "item", "ended"]);
    expect(client.of("tags").cancelled).toBe(true);
  });
});

describe("time", () => {
  test("the first message has timeout and parts have parts_timeout; late parts are missing, and the status is OK", async () => {
    const { follow, client, clock } = partsRig();
    const { follower } = follow(
      async (cx) => {
        const slow = cx.tryCall(cx.app.get, { id: "slow" });
        const page = whole({ title: "t" });
        facts(cx, page);
        if ((await slow) === undefined) cx.touched(page, "title", true, slow);
        return page;
      },
      { partsTimeoutMs: 5_000 },
    );
    expect(client.of("slow").timeoutMs).toBe(1_800);
    expect(client.of("facts").timeoutMs).toBe(4_800);
    await clock.advance(1_799);
    expect(follower.events).toEqual([]);
    await clock.advance(1);
    expect(follower.events).toEqual(["opened", "item"]);
    expect(follower.messages[0]?.degraded.map(({ path, reason }) => [path, reason])).toEqual([
      ["title", Reason.TIMEOUT],
    ]);
    await clock.advance(2_999);
    expect(follower.events).toHaveLength(2);
    await clock.advance(1);
    expect(follower.events).toEqual(["opened", "item", "item", "ended"]);
    expect(follower.names).toEqual([[], ["facts"]]);
    expect(follower.messages[1]?.degraded.map(({ path, reason }) => [path, reason])).toEqual([
      ["facts", Reason.TIMEOUT],
    ]);
    expect(clock.running).toBe(0);
  });

  test("the client's deadline limits both", async () => {
    const { follow, clock } = partsRig();
    const { follower } = follow(
      async (cx) => {
        const page = whole({ title: "t" });
        facts(cx, page);
        return page;
      },
      { clientMs: 1_000 },
    );
    await clock.advance(899);
    expect(follower.events).toEqual(["opened", "item"]);
    await clock.advance(1);
    expect(follower.events).toEqual(["opened", "item", "item", "ended"]);
  });

  test("parts never have less time than the rest; their default is 10 s", async () => {
    const { follow, client } = partsRig();
    const page = async (cx: Cx): Promise<Whole> => {
      const page = whole();
      facts(cx, page);
      return page;
    };
    follow(page).following.cancel();
    expect(client.of("facts").timeoutMs).toBe(9_800);
    follow(page, { partsTimeoutMs: 500 }).following.cancel();
    expect(client.of("facts").timeoutMs).toBe(1_800);
  });

  test("coalesced calls and batches of both phases keep separate deadlines", async () => {
    const { follow, client, clock } = partsRig({ coalesce: true } as never);
    const both = (cx: Cx): Promise<unknown>[] => [
      cx.tryCall(cx.app.get, { id: "same" }),
      cx.tryLoad(cx.app.byId, "key"),
    ];
    const { follower } = follow(async (cx) => {
      const early = both(cx);
      const late = both(cx.late);
      const page = whole();
      cx.part(page, ["facts"], async () => ({
        facts: (await Promise.all(late)).map((found) => String(found !== undefined)),
      }));
      page.title = (await Promise.all(early)).map((found) => String(found !== undefined)).join();
      return page;
    });
    await idle();
    expect(client.sent).toHaveLength(2);
    await clock.advance(1_800);
    expect(follower.messages[0]?.title).toBe("false,false");
    expect(client.underWay).toHaveLength(2);
    const [get, batch] = client.sent;
    get?.thing();
    batch?.things({ things: [{ id: "key" }] });
    await follower.over;
    expect(follower.messages[1]?.facts).toEqual(["true", "true"]);
  });

  test("a call that no step awaits any longer has timed out", async () => {
    const { follow, client, clock } = partsRig({ coalesce: true } as never);
    const { follower } = follow(async (cx) => {
      const early = cx.tryCall(cx.app.get, { id: "same" });
      const page = whole();
      page.title = String((await early) !== undefined);
      return page;
    });
    await clock.advance(1_800);
    await follower.over;
    expect(follower.messages[0]?.title).toBe("false");
    expect(client.underWay).toEqual([]);
  });

  test("a follower that does not read is abandoned", async () => {
    const { follow, client, clock } = partsRig();
    const { follower } = follow(compose, { follower: Object.assign(new PartsFollower(), { reads: false }) });
    client.answer = byId({});
    client.of("title").thing();
    await clock.advance(9_999);
    expect(follower.events).toEqual(["opened", "item"]);
    await clock.advance(1);
    expect(follower.events).toEqual(["opened", "item", `failed ${Code.RESOURCE_EXHAUSTED}`]);
    expect(clock.running).toBe(0);
  });
});

// What Connect's own adapter serves: requests that a server of ours leaves to it, and servers of one's own.
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { idle } from "../testing/fake-clock.ts";
import { SHOW, streamRig } from "../testing/follow-rig.ts";
import type { Page } from "../testing/gen/test_pb.ts";
import { noUnhandledRejections } from "../testing/no-unhandled.ts";

noUnhandledRejections();

/** The only rpc of a service, over a router of Connect's. */
function served(options?: Parameters<ReturnType<typeof streamRig>["endpoint"]>[0]) {
  const rig = streamRig();
  const transport = createRouterTransport((router) => rig.endpoint(options).route(router));
  const service = { ...SHOW.parent, methods: [SHOW], method: { show: SHOW } };
  const { show } = createClient(service, transport) as unknown as {
    show(request: object, options?: object): AsyncIterable<Page>;
  };
  return { ...rig, show };
}

describe("a stream over Connect's adapter", () => {
  test("messages arrive one by one, with OK at the end", async () => {
    const { show, source } = served();
    const messages = show({}, { headers: { "bff-resume": "7" } })[Symbol.asyncIterator]();
    const first = messages.next();
    await idle();
    expect(source().resume).toBe("7");
    source().give(1);
    source().give(2);
    expect((await first).value).toMatchObject({ title: "1" });
    expect((await messages.next()).value).toMatchObject({ title: "2" });
    source().items.ended();
    expect(await messages.next()).toMatchObject({ done: true });
  });
  test("a slow reader limits demand on the source to the items composed ahead", async () => {
    const { show, source } = served({ ahead: 2 });
    const messages = show({})[Symbol.asyncIterator]();
    const first = messages.next();
    await idle();
    for (let item = 1; item <= 20 && source().credit > 0; item++) {
      source().give(item);
      await idle();
    }
    expect((await first).value).toMatchObject({ title: "1" });
    expect(source().demand).toBeLessThan(8);
  });
  test("a failure follows the messages before it, with the last token", async () => {
    const { show, source, clock } = served({ maxAgeMs: 1_000 });
    const messages = show({})[Symbol.asyncIterator]();
    const first = messages.next();
    await idle();
    source().give(1);
    await first;
    const next = messages.next().catch((error: unknown) => ConnectError.from(error));
    await idle();
    await clock.advance(2_000);
    const error = (await next) as ConnectError;
    expect(error.code).toBe(Code.Unavailable);
    expect(error.metadata.get("bff-resume")).toBe("1");
  });
  test("a client that disconnects ends the stream and its source", async () => {
    const { show, source, clock } = served();
    const gone = new AbortController();
    const next = show({}, { signal: gone.signal })
      [Symbol.asyncIterator]()
      .next()
      .catch((error: unknown) => error);
    await idle();
    gone.abort();
    expect(ConnectError.from(await next).code).toBe(Code.Canceled);
    await idle();
    expect(source().cancelled).toBe(true);
    expect(clock.running).toBe(0);
  });
});

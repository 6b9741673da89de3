import { create, fromBinary, type Message } from "@bufbuild/protobuf";
import { createClient, createRouterTransport, type Interceptor } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import type { AnswerMetadata } from "../admission/answer-metadata.ts";
import { Cache } from "../cache/cache.ts";
import { Code, type Failure } from "../failure.ts";
import type { HeaderEvent } from "../observer-requests.ts";
import { FakeClock, idle } from "../testing/fake-clock.ts";
import { SHOW, streamRig } from "../testing/follow-rig.ts";
import { front, page } from "../testing/front.ts";
import { Front, type Page, PageSchema, ShowRequestSchema } from "../testing/gen/test_pb.ts";
import { noUnhandledRejections } from "../testing/no-unhandled.ts";
import { PREFIX_BYTES } from "../wire/frame.ts";
import { endpoint } from "./endpoint.ts";
import type { EndpointOptions } from "./endpoint-options.ts";

noUnhandledRejections();

type App = ReturnType<typeof front>["app"];
type Options = EndpointOptions<App, typeof ShowRequestSchema, typeof PageSchema>;
type Headers_ = NonNullable<Options["headers"]>;

interface Got {
  readonly page?: Page;
  readonly failure?: Failure;
  readonly metadata?: AnswerMetadata | undefined;
}

/** An RPC whose title is the number of the upstream's answer. */
function served(headers: Headers_, options: Partial<Options> = {}, clock = new FakeClock()) {
  const all = front();
  const leftOut: HeaderEvent[] = [];
  clock.chance = 0;
  let count = 0;
  all.client.answer = (sent) => sent.thing({ count: BigInt(++count) });
  const rpc = endpoint(Front.method.show, all.app, {
    timeoutMs: 2_000,
    compose: async (cx, { id }) => page({ title: String((await cx.call(cx.app.get, { id })).count) }),
    clock,
    observer: { headerLeftOut: (event) => leftOut.push(event) },
    headers,
    ...options,
  });
  const get = (id = "a", incoming: Record<string, string> = {}): Promise<Got> =>
    new Promise((resolve) => {
      rpc.run(
        create(ShowRequestSchema, { id }),
        new Headers(incoming),
        undefined,
        (message: Message, _, metadata) => resolve({ page: message as Page, metadata }),
        (failure, metadata) => resolve({ failure, metadata }),
      );
    });
  return { ...all, clock, rpc, get, leftOut };
}

const fixed = (value: string | undefined): Headers_ => [["x-value", () => value]];

describe("a header of an answer", () => {
  test.each([
    ["printable ASCII", " !~", "!~"],
    ["1 KiB", "x".repeat(1_024), "x".repeat(1_024)],
    ["spaces at both ends", "  a b ", "a b"],
  ])("a value with %s is sent", async (_, value, sent) => {
    const { get, leftOut } = served(fixed(value));
    expect((await get()).metadata).toEqual({ headers: [], trailers: [], declared: ["x-value", sent] });
    expect(leftOut).toEqual([]);
  });
  test.each([undefined, "", " "])("a header without a value (%j) is left out silently", async (value) => {
    const { get, leftOut } = served(fixed(value));
    expect((await get()).metadata).toBeUndefined();
    expect(leftOut).toEqual([]);
  });
  test.each([
    ["length", "x".repeat(1_025)],
    ["characters", "é"],
    ["characters", "a\r\nset-cookie: b=c"],
    ["characters", "a\tb"],
    ["characters", "a\n"],
    ["characters", "a\u007fb"],
  ] as const)("a value of unfit %s is left out and reported", async (why, value) => {
    const { get, leftOut } = served([...fixed(value), ["x-other", () => "1"]]);
    expect((await get()).metadata?.declared).toEqual(["x-other", "1"]);
    expect(leftOut).toMatchObject([{ method: "test.v1.Front/Show", name: "x-value", why, failure: undefined }]);
    expect(JSON.stringify(leftOut[0], (key, of) => (key === "request" ? undefined : of))).not.toContain("set-cookie");
  });
  test("an expression that throws leaves its header out, is reported, and does not fail the answer", async () => {
    const { get, leftOut } = served([
      [
        "x-value",
        () => {
          throw new Error("no such key");
        },
      ],
      ["x-title", (_cx, { id }, { title }) => `${id} ${title}`],
    ]);
    expect(await get()).toMatchObject({ page: { title: "1" }, metadata: { declared: ["x-title", "a 1"] } });
    expect(leftOut).toMatchObject([{ name: "x-value", why: "failed", failure: { message: "Error: no such key" } }]);
  });
  test("a failure has no headers", async () => {
    const { get, client } = served(fixed("1"));
    client.answer = (sent) => sent.fault(Code.NOT_FOUND);
    expect(await get()).toMatchObject({ failure: { clientCode: Code.INTERNAL } });
    expect((await get()).metadata).toBeUndefined();
  });
});

describe("headers of a cached answer", () => {
  const numbered: Headers_ = [
    ["x-title", (_cx, _args, { title }) => title],
    ["x-language", (cx) => cx.header("accept-language")],
  ];
  const caching = { ttlMs: 1_000, staleMs: 10_000, plan: "1", headers: ["accept-language"] };

  test("the composition's headers are sent to requests that join it and to later ones", async () => {
    const { get, client, clock, leftOut } = served(numbered, { cache: caching });
    const all = await Promise.all([get("a"), get("a")]);
    all.push(await get("a"));
    await clock.advance(2_000);
    all.push(await get("a")); // stale
    for (const { metadata } of all) expect(metadata?.declared).toEqual(["x-title", "1"]);
    expect(all.map(({ metadata }) => metadata?.stale)).toEqual([undefined, undefined, undefined, true]);
    await idle();
    expect((await get("a")).metadata?.declared).toEqual(["x-title", "2"]);
    expect([client.sent.length, leftOut.length]).toEqual([2, 0]);
  });
  test("requests with different keys have different headers", async () => {
    const { get, client } = served(numbered, { cache: caching });
    const languages = ["de", "fr", "de", "fr"];
    const all = await Promise.all(languages.map((language) => get("a", { "accept-language": language })));
    expect(all.map(({ metadata }) => metadata?.declared?.at(-1))).toEqual(languages);
    expect(client.sent).toHaveLength(2);
  });
  test("headers do not change the bytes of the message", async () => {
    const { get, rpc } = served(numbered, { cache: caching });
    await get("a");
    const { page: second } = await get("a");
    const bytes = rpc.codec?.encode(second as Page) ?? Buffer.alloc(0);
    expect(fromBinary(PageSchema, bytes.subarray(PREFIX_BYTES))).toMatchObject({ title: "1" });
    expect(bytes.readUInt32BE(1)).toBe(bytes.length - PREFIX_BYTES);
  });

  /** Bytes of a second level, as one process has written them and as another one reads them. */
  async function other(change: (bytes: Buffer) => Uint8Array) {
    const clock = new FakeClock();
    const kept = new Map<string, Uint8Array>();
    const second = {
      get: async (key: string) => {
        const bytes = kept.get(key);
        return bytes && { bytes: change(Buffer.from(bytes)), ageMs: 0 };
      },
      set: async (key: string, bytes: Uint8Array) => void kept.set(key, bytes),
    };
    const open = () => served(numbered, { cache: { ...caching, answers: new Cache({ clock, second }) } }, clock);
    await open().get("a", { "accept-language": "de" });
    const reader = open();
    await reader.get("b");
    const { metadata } = await reader.get("a", { "accept-language": "de" });
    return { declared: metadata?.declared, calls: reader.client.sent.length };
  }
  test("the second level keeps headers, too", async () => {
    expect(await other((bytes) => bytes)).toEqual({ declared: ["x-title", "1", "x-language", "de"], calls: 1 });
  });
  test.each([
    ["another name", (text: string) => text.replace("x-title", "x-admin")],
    ["a line break", (text: string) => text.replace('"de"', JSON.stringify("d\r\nset-cookie: a=b"))],
    ["a number", (text: string) => text.replace('"de"', "7")],
    ["no JSON", (text: string) => text.slice(0, -1)],
  ])("%s in the second level is a miss", async (_, change) => {
    const found = await other((bytes) => {
      const end = PREFIX_BYTES + bytes.readUInt32BE(1);
      return Buffer.concat([bytes.subarray(0, end), Buffer.from(change(bytes.subarray(end).toString()))]);
    });
    expect(found).toEqual({ declared: ["x-title", "2", "x-language", "de"], calls: 2 });
  });
});

describe("headers of a stream", () => {
  /** The stream over Connect's adapter, with the headers of its answer. */
  function followed() {
    const rig = streamRig();
    let headers: Headers | undefined;
    const seeing: Interceptor = (next) => async (request) => {
      const response = await next(request);
      headers = response.header;
      return response;
    };
    const rpc = rig.endpoint({ headers: [["x-id", (_cx, { id }) => `id ${id}`]] });
    const transport = createRouterTransport((router) => rpc.route(router), { transport: { interceptors: [seeing] } });
    const service = { ...SHOW.parent, methods: [SHOW], method: { show: SHOW } };
    const { show } = createClient(service, transport) as unknown as {
      show(request: object): AsyncIterable<Page>;
    };
    return { ...rig, next: () => show({ id: "7" })[Symbol.asyncIterator]().next(), sent: () => headers?.get("x-id") };
  }
  test("headers are sent with the first message", async () => {
    const { next, source, sent } = followed();
    const first = next();
    await idle();
    source().give(1);
    expect(await first).toMatchObject({ value: { title: "1" } });
    expect(sent()).toBe("id 7");
  });
  test("a failure before the first message has no headers", async () => {
    const { next, source, sent } = followed();
    const first = next().catch((error: unknown) => error);
    await idle();
    source().items.item(1, { token: "1", reset: false });
    source().items.failed(await failureOf());
    await first;
    expect(sent()).toBe("id 7");
    const other = followed();
    const failed = other.next().catch((error: unknown) => error);
    await idle();
    other.source().items.failed(await failureOf());
    expect(await failed).toBeInstanceOf(Error);
    expect(other.sent() ?? null).toBeNull();
  });
  const failureOf = async (): Promise<Failure> => {
    const { get, client } = served([]);
    client.answer = (sent) => sent.fault(Code.UNAVAILABLE);
    const { failure } = await get();
    if (failure === undefined) throw new Error("no failure");
    return failure;
  };
});

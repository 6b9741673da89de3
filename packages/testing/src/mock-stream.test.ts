import type { DescService } from "@bufbuild/protobuf";
import { Code as ConnectCode, ConnectError } from "@connectrpc/connect";
import { Upstream } from "@protobff/runtime/internal/call/upstream";
import { Code } from "@protobff/runtime/internal/failure";
import { callSource } from "@protobff/runtime/internal/source/call-source";
import { streamEndpoint } from "@protobff/runtime/internal/stream/endpoint";
import { type Thing, Upstream as UpstreamService } from "@protobff/runtime/internal/testing/gen/test_pb";
import { noUnhandledRejections } from "@protobff/runtime/internal/testing/no-unhandled";
import { GET } from "@protobff/runtime/internal/testing/stream-source";
import { StreamService } from "@protobff/runtime/internal/testing/test-streams";
import { describe, expect, test } from "vitest";
import { TestBed } from "./bed.ts";
import type { MockHandler } from "./mock-rpc.ts";
import { MockUpstream } from "./mock-upstream.ts";

noUnhandledRejections();

const SERVICE = { ...UpstreamService, methods: [GET, UpstreamService.method.batchGet] } as unknown as DescService;

/** A BFF of one stream over one mock: an item `id count` for each thing. */
function bff(get?: MockHandler) {
  const bed = new TestBed({});
  const mock = new MockUpstream(SERVICE, { get }, { clock: bed.clock, thrown: bed.thrown });
  const upstream = new Upstream("test.v1.Upstream", mock, {}, bed.upstreams);
  const rpc = upstream.stream(GET, {});
  const endpoint = streamEndpoint(
    StreamService.method.follow,
    {},
    {
      timeoutMs: 2_000,
      maxAgeMs: 1_800_000,
      ahead: 4,
      overflow: "wait",
      source: callSource(
        rpc,
        (_cx, { fileName }: { fileName: string }, _opened: undefined, from: bigint | undefined) => ({
          id: `${fileName} ${from ?? ""}`,
        }),
        { kind: "int", of: (item: Thing) => item.count },
      ),
      compose: async (_cx, _args, { id, count }: Thing) => ({
        $typeName: "google.protobuf.SourceContext" as const,
        fileName: `${id} ${count}`,
      }),
    },
  );
  return { mock, bed, follow: bed.stream([endpoint], StreamService.method.follow) };
}
const named = (items: readonly { fileName: string }[]): string[] => items.map(({ fileName }) => fileName);
const things = (...counts: number[]) => counts.map((count) => ({ id: "t", count: BigInt(count), tags: [] }));

describe("a mock's stream", () => {
  test("a mock's stream gives three different samples, then its end", async () => {
    const { follow, mock } = bff();
    expect(named(await follow({ fileName: "run" }).all())).toEqual(["id-1 1", "id-1 2", "id-1 3"]);
    expect(mock.calls).toMatchObject([
      { method: "test.v1.Upstream/Get", request: { id: "run " }, answer: { items: 3 } },
    ]);
    expect(mock.callsOf("get").length).toBe(1);
  });
  test("a mock's stream gives the items of a list", async () => {
    expect(named(await bff(things(4, 5)).follow({}).all())).toEqual(["t 4", "t 5"]);
    expect(await bff([]).follow({}).all()).toEqual([]);
  });
  test("a mock's stream gives the items of a function, each on demand", async () => {
    let made = 0;
    const { follow } = bff(function* (request: { id: string }, sample: Thing) {
      for (;;) yield { ...sample, id: request.id, count: BigInt(++made) };
    } as unknown as MockHandler);
    const stream = follow({ fileName: "run" });
    for (const count of [1, 2, 3]) expect((await stream.next())?.fileName).toBe(`run  ${count}`);
    stream.cancel();
    expect(await stream.next()).toBeUndefined();
    expect(made).toBeLessThan(10);
  });
  test("a function may be asynchronous, and throw a status", async () => {
    const { follow } = bff(async function* () {
      yield* things(1);
      throw new ConnectError("no more", ConnectCode.NotFound);
    } as MockHandler);
    const stream = follow({});
    expect((await stream.next())?.fileName).toBe("t 1");
    await expect(stream.next()).rejects.toMatchObject({ code: ConnectCode.Internal }); // as upstreams' words are
  });
  test("a function that throws another error fails the test", async () => {
    const { follow } = bff((() => {
      throw new Error("a slip");
    }) as MockHandler);
    await expect(follow({}).next()).rejects.toThrow("the mock of test.v1.Upstream/Get has thrown: Error: a slip");
  });
  test("a mock's stream continues behind a token", async () => {
    const { follow, mock } = bff(things(1, 2));
    const first = follow({});
    await first.next();
    await follow({}, { resume: first.token }).all();
    expect(mock.calls.map(({ request }) => (request as unknown as { id: string }).id)).toEqual([" ", " 1"]);
  });
  test("a status after a number of items ends the stream, with the token", async () => {
    const { follow, mock } = bff(things(1, 2, 3));
    mock.behaviour = { kind: "status", code: Code.NOT_FOUND, afterItems: 2 };
    const stream = follow({});
    expect([await stream.next(), await stream.next()]).toHaveLength(2);
    const error = await stream.next().catch((error) => error);
    expect(error).toMatchObject({ code: ConnectCode.Internal });
    expect(error.metadata.get("bff-resume")).toBe(stream.token);
    expect(mock.calls[0]?.answer.items).toBe(2);
  });
  test("a lost connection is opened again behind the last item", async () => {
    const { follow, mock } = bff(((request: { id: string }) =>
      request.id === " " ? things(1, 2) : things(3)) as unknown as MockHandler);
    mock.behaviour = { kind: "broken", afterItems: 2 };
    const stream = follow({});
    await stream.next();
    await stream.next();
    mock.behaviour = { kind: "answer" };
    expect(named(await stream.all())).toEqual(["t 3"]);
  });
  test("a mock's stream can hang, be refused, be too large, or be garbage", async () => {
    const hangs = bff(things(1, 2));
    hangs.mock.behaviour = { kind: "hang", afterItems: 1 };
    const stream = hangs.follow({});
    await stream.next();
    await expect(stream.next()).rejects.toMatchObject({ code: ConnectCode.Unavailable }); // max_age
    for (const [kind, code] of [
      ["refused", ConnectCode.Unavailable],
      ["garbage", ConnectCode.Internal],
      ["oversize", ConnectCode.Internal],
    ] as const) {
      const other = bff(things(1, 2));
      other.mock.behaviour = kind === "refused" ? { kind } : { kind, afterItems: 1 };
      const error = await other
        .follow({})
        .all()
        .catch((error) => error);
      expect([kind, error.code]).toEqual([kind, code]);
      expect(other.mock.calls[0]?.answer.items).toBe(kind === "refused" ? undefined : 1);
    }
  });
  test("an endless stream repeats its items, at the pace of its clock", async () => {
    const { follow, mock, bed } = bff(things(1, 2));
    mock.behaviour = { kind: "answer", endless: true, everyMs: 250, afterMs: 1_000 };
    const from = bed.clock.now();
    const stream = follow({});
    const items = [];
    for (let i = 0; i < 9; i++) items.push((await stream.next())?.fileName);
    expect(items).toEqual(["t 1", "t 2", "t 1", "t 2", "t 1", "t 2", "t 1", "t 2", "t 1"]);
    expect(bed.clock.now() - from).toBeGreaterThanOrEqual(3_000);
    bed.close();
    expect(await stream.next()).toBeUndefined();
  });
  test("a stream of an unknown method is UNIMPLEMENTED", async () => {
    const { bed, mock } = bff();
    const faults: object[] = [];
    const end = new Promise<void>((resolve) =>
      mock
        .open("/test.v1.Upstream/BatchGet", new Uint8Array(5), 0, undefined, {
          item: () => {},
          ended: () => {},
          faulted: (fault) => {
            faults.push(fault);
            resolve();
          },
        })
        .take(1),
    );
    await end;
    expect(faults).toMatchObject([{ kind: "status", code: Code.UNIMPLEMENTED }]);
    expect(() => bed.stream([], StreamService.method.follow)).toThrow("nothing serves");
    expect(() => new MockUpstream(SERVICE, { watch: [] })).toThrow(
      "has no method watch that takes one message; it has get, batchGet",
    );
  });
});

import { create, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { Code as ConnectCode, ConnectError } from "@connectrpc/connect";
import { Code, type Fault } from "@protobff/runtime/internal/failure";
import { GetRequestSchema, ThingSchema, Upstream } from "@protobff/runtime/internal/testing/gen/test_pb";
import { frame } from "@protobff/runtime/internal/wire/frame";
import { statusDetails } from "@protobff/runtime/internal/wire/status-detail";
import { describe, expect, test } from "vitest";
import { FakeClock, idle } from "./fake-clock.ts";
import { MockUpstream } from "./mock-upstream.ts";

const GET = "test.v1.Upstream/Get";

/** Sends a request; what has come of it. */
function send(mock: MockUpstream, id: string, path = `/${GET}`) {
  const bytes = frame(toBinary(GetRequestSchema, create(GetRequestSchema, { id })));
  const seen: { message?: MessageShape<typeof ThingSchema>; bytes?: Uint8Array; fault?: Fault; headers?: unknown } = {};
  const sent = mock.send(path, bytes, 500, { "x-a": "b" }, 1, {
    metadata: (headers) => {
      seen.headers = headers;
    },
    replied: (reply) => {
      seen.bytes = reply;
      try {
        seen.message = fromBinary(ThingSchema, reply);
      } catch {}
    },
    faulted: (fault) => {
      seen.fault = fault;
    },
  });
  bytes.fill(0xff); // they are the sender's again
  expect(seen).toEqual({});
  return { seen, sent };
}

describe("a mock of an upstream", () => {
  test("a mock answers with its handlers, which receive the decoded request", async () => {
    const clock = new FakeClock();
    const mock = new MockUpstream(Upstream, { get: ({ id }: { id: string }) => ({ id: `of ${id}` }) }, { clock });
    const { seen } = send(mock, "a");
    await idle();
    expect(seen.message?.id).toBe("of a");
    expect(mock.calls).toMatchObject([
      { method: GET, request: { id: "a" }, headers: { "x-a": "b" }, timeoutMs: 500, attempt: 1, at: clock.now() },
    ]);
    expect(mock.callsOf("get")).toHaveLength(1);
    mock.forget();
    expect(mock.calls).toEqual([]);
  });
  test("a mock answers with samples, and with values", async () => {
    const plain = send(new MockUpstream(Upstream), "a");
    const fixed = send(new MockUpstream(Upstream, { get: { id: "fixed" } }), "a");
    const spread = send(
      new MockUpstream(Upstream, { get: (_: never, sample: object) => ({ ...sample, id: "x" }) }),
      "a",
    );
    const mock = new MockUpstream(Upstream, {}, { defaults: { get: ({ id }: { id: string }) => ({ id }) } });
    const byDefault = send(mock, "a");
    await idle();
    expect(plain.seen.message?.id).toBe("id-1");
    expect(fixed.seen.message?.id).toBe("fixed");
    expect(spread.seen.message).toEqual({ ...plain.seen.message, id: "x" });
    expect(byDefault.seen.message?.id).toBe("a");
  });
  test("handlers receive the default answer", async () => {
    const handlers = { get: (_: never, usual: { id: string }) => ({ id: `${usual.id}!` }) };
    const mock = new MockUpstream(Upstream, handlers, { defaults: { get: ({ id }: { id: string }) => ({ id }) } });
    const { seen } = send(mock, "a");
    await idle();
    expect(seen.message?.id).toBe("a!");
  });
  test("a behaviour of an unknown kind is an error at once, and not a call without an answer", () => {
    const mock = new MockUpstream(Upstream);
    const wrong = { kind: "error", code: Code.NOT_FOUND } as never;
    const message = /no behaviour has the kind "error"; write one of answer, status, .*kind: "status", code/;
    expect(() => Object.assign(mock, { behaviour: wrong })).toThrow(message);
    expect(() => mock.setBehaviour(GET, wrong)).toThrow(message);
    mock.setBehaviour(GET, () => wrong);
    expect(() => send(mock, "a")).toThrow(message);
  });
  test("a mock follows its behaviour, for all methods or for one", async () => {
    const clock = new FakeClock();
    const mock = new MockUpstream(Upstream, {}, { clock });
    mock.behaviour = { kind: "status", code: Code.NOT_FOUND, message: "gone" };
    const gone = send(mock, "a");
    mock.setBehaviour(GET, { kind: "refused" });
    const refused = send(mock, "b");
    mock.setBehaviour(GET, { kind: "garbage" });
    const garbage = send(mock, "c");
    mock.setBehaviour(GET, { kind: "oversize" });
    const oversize = send(mock, "d");
    mock.setBehaviour(GET, { kind: "hang" });
    const hanging = send(mock, "e");
    mock.setBehaviour(GET, { kind: "answer", afterMs: 30 });
    const slow = send(mock, "f");
    mock.setBehaviour(GET, ({ request }) =>
      JSON.stringify(request).includes('"g"') ? { kind: "refused" } : mock.behaviour,
    );
    const [first, other] = [send(mock, "g"), send(mock, "h")];
    mock.setBehaviour(GET, undefined);
    const again = send(mock, "i");
    await clock.advance(29);
    expect(gone.seen.fault).toMatchObject({ kind: "status", code: Code.NOT_FOUND, upstreamText: "gone" });
    expect(refused.seen.fault).toMatchObject({ kind: "transport", code: Code.UNAVAILABLE });
    expect(first.seen.fault).toMatchObject({ kind: "transport" });
    expect([other.seen.fault, again.seen.fault]).toMatchObject([{ kind: "status" }, { kind: "status" }]);
    expect(garbage.seen.bytes?.length).toBeGreaterThan(0);
    expect(garbage.seen.message).toBeUndefined();
    expect(oversize.seen.fault).toMatchObject({ kind: "invalid" });
    expect(slow.seen).toEqual({});
    await clock.advance(1);
    expect(slow.seen.message?.id).toBe("id-1");
    await clock.advance(1_000_000);
    expect(hanging.seen).toEqual({});
  });
  test("a ConnectError is the status of the answer, with its details", async () => {
    const details = [{ desc: ThingSchema, value: { id: "why" } }];
    const metadata = { "grpc-retry-pushback-ms": "70" };
    const mock = new MockUpstream(Upstream, {
      get: () => {
        throw new ConnectError("too many", ConnectCode.ResourceExhausted, metadata, details);
      },
    });
    const { seen } = send(mock, "a");
    await idle();
    expect(seen.fault).toMatchObject({ code: Code.RESOURCE_EXHAUSTED, upstreamText: "too many", pushbackMs: 70 });
    expect(statusDetails(seen.fault?.details ?? new Uint8Array())).toMatchObject([{ type: "test.v1.Thing" }]);
  });
  test("any other exception of a handler is reported", async () => {
    const thrown: Error[] = [];
    const handlers = { get: () => Promise.reject(new RangeError("oops")) };
    const mock = new MockUpstream(Upstream, handlers, { thrown: (error) => thrown.push(error) });
    const { seen } = send(mock, "a");
    await idle();
    expect(thrown.map(({ message }) => message)).toEqual([`the mock of ${GET} has thrown: RangeError: oops`]);
    expect(seen.fault).toMatchObject({ kind: "status", code: Code.UNKNOWN });
  });
  test("a cancelled call has no outcome", async () => {
    const clock = new FakeClock();
    const mock = new MockUpstream(Upstream, {}, { clock });
    const at = send(mock, "a");
    at.sent.cancel();
    mock.behaviour = { kind: "answer", afterMs: 5 };
    const later = send(mock, "a");
    later.sent.cancel();
    await clock.advance(10);
    expect([at.seen, later.seen, clock.running]).toEqual([{}, {}, 0]);
  });
  test("headers set by a handler are sent with the answer", async () => {
    const mock = new MockUpstream(Upstream, {
      get: (_: never, sample: object, call: { answer: { headers: Record<string, string> } }) => {
        call.answer.headers["x-version"] = "7";
        return sample;
      },
    });
    const { seen } = send(mock, "a");
    await idle();
    expect(seen.headers).toEqual({ "x-version": "7" });
  });
  test("a mock keeps the last 1,000 calls", async () => {
    const mock = new MockUpstream(Upstream);
    for (let i = 0; i < 1_005; i++) send(mock, String(i));
    expect(mock.calls.length).toBe(1_000);
    expect(mock.calls.at(0)).toMatchObject({ request: { id: "5" } });
    expect(mock.calls.at(-1)).toMatchObject({ request: { id: "1004" } });
  });
  test("a mock refuses methods outside of the service", async () => {
    expect(() => new MockUpstream(Upstream, { fetch: {} })).toThrow(
      "no method fetch that takes one message; it has get",
    );
    expect(() => new MockUpstream(Upstream).setBehaviour("get", undefined)).toThrow("there is no method get; write");
    const { seen } = send(new MockUpstream(Upstream), "a", "/test.v1.Upstream/Fetch");
    await idle();
    expect(seen.fault).toMatchObject({ code: Code.UNIMPLEMENTED });
  });
});

describe("time", () => {
  test("time advances until a promise has settled, and no further", async () => {
    const clock = new FakeClock();
    const after = (ms: number) => new Promise<number>((resolve) => clock.setTimeout(resolve, ms, ms));
    const start = clock.now();
    const late = after(1_000_000);
    await expect(Promise.all([clock.until(after(30)), clock.until(after(20).then(() => after(5)))])).resolves.toEqual([
      30, 5,
    ]);
    expect(clock.now() - start).toBe(30);
    expect(clock.running).toBe(1);
    await expect(clock.until(late)).resolves.toBe(1_000_000);
    await expect(clock.until(Promise.reject(new Error("no")))).rejects.toThrow("no");
  });
});

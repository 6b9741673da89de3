// Holds docs/runtime.md#bytes
// Holds docs/runtime.md#upstream-connections
import * as http2 from "node:http2";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Code, type Fault } from "../../failure.ts";
import { GRPC, H2Upstream, type Received, refuse, reply } from "../../testing/h2-upstream.ts";
import { testedHttp2 } from "../../testing/tested-http2.ts";
import { frame } from "../../wire/frame.ts";
import type { OutgoingHeaders } from "../call-headers.ts";
import { GrpcClient, type GrpcClientOptions } from "./grpc-client.ts";
import { grpcTimeout } from "./request-encoder.ts";

const upstream = new H2Upstream();
let client: GrpcClient;
beforeEach(async () => {
  await upstream.start();
  connect();
});
afterEach(async () => {
  await client.close();
  await upstream.stop();
  upstream.received.splice(0);
  upstream.sessions.splice(0);
  upstream.answer = () => {};
});
function connect(options: GrpcClientOptions = {}): void {
  client = new GrpcClient(upstream.url, { http2: testedHttp2(), maxReplyBytes: 1_000, ...options });
}

type Outcome = { message: string } | { fault: Fault };
function send({
  timeoutMs = 1_000,
  headers,
  attempt = 1,
  message = "hello",
}: {
  timeoutMs?: number;
  headers?: OutgoingHeaders;
  attempt?: number;
  message?: string;
} = {}) {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const outcomes: Outcome[] = [];
  const settle = (outcome: Outcome): void => {
    outcomes.push(outcome);
    resolve(outcome);
  };
  const inFlight = client.send("/a.B/C", frame(Buffer.from(message)), timeoutMs, headers, attempt, {
    replied: (bytes) => settle({ message: Buffer.from(bytes).toString() }),
    faulted: (fault) => settle({ fault }),
  });
  return { outcome: promise, outcomes, cancel: () => inFlight.cancel() };
}
const answerWith = async (answer: (received: Received) => void): Promise<Outcome> => {
  upstream.answer = answer;
  return send().outcome;
};

describe("a request", () => {
  test("a request is gRPC on the wire", async () => {
    upstream.answer = (received) => reply(received, received.body);
    await send().outcome; // connected: nothing of the deadline is used by that
    await upstream.next();
    const { outcome } = send({ timeoutMs: 79.9, headers: { "x-id": "1" }, attempt: 3 });
    expect(await outcome).toEqual({ message: "hello" });
    expect((await upstream.next()).headers).toMatchObject({
      ":method": "POST",
      ":path": "/a.B/C",
      ":scheme": "http",
      "content-type": "application/grpc+proto",
      te: "trailers",
      "grpc-timeout": "79m",
      "grpc-previous-rpc-attempts": "2",
      "x-id": "1",
    });
  });
  test("requests share one connection", async () => {
    upstream.answer = (received) => reply(received, received.body);
    await Promise.all(Array.from({ length: 50 }, (_, i) => send({ message: `m${i}` }).outcome));
    expect(upstream.sessions.length).toBe(1);
  });
  test("a cancelled request is reset on the wire, and has no outcome", async () => {
    const { cancel, outcomes } = send();
    const { closed, stream } = await upstream.next();
    cancel();
    expect(await closed).toBe(http2.constants.NGHTTP2_CANCEL);
    expect(stream.destroyed).toBe(true);
    expect(outcomes).toEqual([]);
  });
  test("a request has a deadline of at most eight digits", () => {
    expect([0.2, 1, 1_800.7, 99_999_999, 1e8, 1e15].map(grpcTimeout)).toEqual([
      "1m",
      "1m",
      "1800m",
      "99999999m",
      "100000S",
      "99999999S",
    ]);
  });
});

describe("an answer", () => {
  test("an answer may arrive in pieces of any size, and be empty", async () => {
    const pieces = (received: Received): void => {
      const { stream } = received;
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.respond(GRPC, { waitForTrailers: true });
      const bytes = frame(Buffer.from("in pieces"));
      const next = (i: number): void => {
        if (i === bytes.length) stream.end();
        else stream.write(bytes.subarray(i, i + 1), () => next(i + 1));
      };
      next(0);
    };
    expect(await answerWith(pieces)).toEqual({ message: "in pieces" });
    expect(await answerWith((received) => reply(received, Buffer.alloc(0)))).toEqual({ message: "" });
  });
  test("an answer with a status has code, text, details and pushback", async () => {
    const more = {
      "grpc-message": "caf%C3%A9 100%25",
      "grpc-status-details-bin": "AQID",
      "grpc-retry-pushback-ms": "15",
    };
    const status = {
      kind: "status",
      message: "café 100%",
      upstreamText: "café 100%",
      pushbackMs: 15,
      details: Buffer.from([1, 2, 3]),
    };
    expect(await answerWith((received) => refuse(received, "14", more))).toEqual({
      fault: { ...status, code: Code.UNAVAILABLE },
    });
    const late = (received: Received): void => reply(received, Buffer.from("x"), { "grpc-status": "9", ...more });
    expect(await answerWith(late)).toEqual({ fault: { ...status, code: Code.FAILED_PRECONDITION } });
    expect(await answerWith((received) => refuse(received, "77", { "grpc-retry-pushback-ms": "soon" }))).toMatchObject({
      fault: { kind: "status", code: Code.UNKNOWN, pushbackMs: -1 },
    });
    expect(await answerWith((received) => refuse(received, "2", { "grpc-message": "100%" }))).toMatchObject({
      fault: { message: "100%" },
    });
  });
  // PROTOCOL-HTTP2.md, Status: one or more digits.
  test.each([
    ["00", Code.OK],
    ["0".repeat(5_000), Code.OK],
    ["05", Code.NOT_FOUND],
    ["16", Code.UNAUTHENTICATED],
    ["017", Code.UNKNOWN],
    ["17", Code.UNKNOWN],
    ["9".repeat(400), Code.UNKNOWN],
    ["+1", Code.UNKNOWN],
    ["-0", Code.UNKNOWN],
    ["0x0", Code.UNKNOWN],
    ["0.0", Code.UNKNOWN],
    ["1e0", Code.UNKNOWN],
    ["0, 0", Code.UNKNOWN],
    ["٠", Code.UNKNOWN],
    ["", Code.UNKNOWN],
  ])("the status %.10s has code %i", async (status, code) => {
    const fault = { fault: { kind: "status", code } };
    const last = { "grpc-status": Buffer.from(status).toString("latin1") };
    const late = await answerWith((received) => reply(received, Buffer.from("x"), last));
    expect(late).toMatchObject(code === Code.OK ? { message: "x" } : fault);
    const alone = await answerWith((received) => refuse(received, last["grpc-status"]));
    // A success has a message.
    expect(alone).toMatchObject(code === Code.OK ? { fault: { kind: "invalid", code: Code.UNIMPLEMENTED } } : fault);
    const behindHttp = await answerWith((received) =>
      reply(received, undefined, {}, { ...GRPC, ...last, ":status": 503 }),
    );
    expect(behindHttp).toMatchObject({ fault: { kind: "status", code: code === Code.OK ? Code.UNAVAILABLE : code } });
  });
  test.each<[string, (received: Received) => void, Code?]>([
    ["without trailers", (received) => reply(received, Buffer.from("x"), null)],
    ["without a status", (received) => reply(received, Buffer.from("x"), { other: "1" })],
    ["without a message", (received) => reply(received, undefined), Code.UNIMPLEMENTED],
    [
      "with a bad status in front of a message",
      ({ stream }) => {
        stream.respond({ ...GRPC, "grpc-status": "9" });
        stream.end(frame(Buffer.from("x")));
      },
    ],
    [
      "with its status in front",
      ({ stream }) => {
        stream.respond({ ...GRPC, "grpc-status": "0" });
        stream.end(frame(Buffer.from("x")));
      },
    ],
    ["with status 0 alone", (received) => refuse(received, "0"), Code.UNIMPLEMENTED],
    [
      "of another type",
      (received) =>
        reply(received, Buffer.from("x"), { "grpc-status": "0" }, { ":status": 200, "content-type": "text/html" }),
      Code.UNKNOWN,
    ],
    [
      "of another type with a status",
      ({ stream }) =>
        stream.respond({ ":status": 200, "content-type": "text/html", "grpc-status": "5" }, { endStream: true }),
      Code.UNKNOWN,
    ],
    [
      "of JSON",
      (received) =>
        reply(received, Buffer.from("x"), { "grpc-status": "0" }, { ...GRPC, "content-type": "application/grpc+json" }),
    ],
    ["too large", (received) => reply(received, Buffer.alloc(1_001))],
    [
      "cut short",
      ({ stream }) => {
        stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
        stream.respond(GRPC, { waitForTrailers: true });
        stream.end(frame(Buffer.from("whole")).subarray(0, 8));
      },
    ],
    [
      "of two messages",
      ({ stream }) => {
        stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
        stream.respond(GRPC, { waitForTrailers: true });
        stream.end(Buffer.concat([frame(Buffer.from("a")), frame(Buffer.from("b"))]));
      },
      Code.UNIMPLEMENTED,
    ],
    ...[1, 2, 3, 0x80, 0xff].map((flags): [string, (received: Received) => void] => [
      `with flags ${flags}`,
      ({ stream }) => {
        stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
        stream.respond(GRPC, { waitForTrailers: true });
        const bytes = frame(Buffer.from("a"));
        bytes[0] = flags;
        stream.end(bytes);
      },
    ]),
  ])("%s is invalid", async (_, answer, code = Code.INTERNAL) => {
    expect(await answerWith(answer)).toMatchObject({ fault: { kind: "invalid", code } });
    const { closed } = await upstream.next();
    await closed; // nothing stays open
  });
  test("an oversized answer is refused by its prefix, before it arrives", async () => {
    const outcome = await answerWith(({ stream }) => {
      stream.respond(GRPC);
      stream.write(Buffer.from([0, 0x7f, 0xff, 0xff, 0xff]));
    });
    expect(outcome).toMatchObject({ fault: { kind: "invalid" } });
    expect(await (await upstream.next()).closed).toBe(http2.constants.NGHTTP2_CANCEL);
  });
  test.each([
    [503, Code.UNAVAILABLE],
    [404, Code.UNIMPLEMENTED],
    [401, Code.UNAUTHENTICATED],
    [500, Code.UNKNOWN],
  ])("an answer with HTTP %i has code %i", async (status, code) => {
    const outcome = await answerWith(({ stream }) =>
      stream.respond({ ":status": status, "content-type": "text/html" }, { endStream: true }),
    );
    expect(outcome).toMatchObject({ fault: { kind: "status", code } });
    const denied = await answerWith((received) =>
      reply(received, Buffer.from("x"), { "grpc-status": "0" }, { ...GRPC, ":status": status, "grpc-status": "0" }),
    );
    expect(denied).toMatchObject({ fault: { kind: "status", code } });
  });
});

describe("a stream", () => {
  test.each([
    [http2.constants.NGHTTP2_REFUSED_STREAM, "unprocessed", Code.UNAVAILABLE],
    [http2.constants.NGHTTP2_CANCEL, "transport", Code.CANCELLED],
    [http2.constants.NGHTTP2_INTERNAL_ERROR, "transport", Code.INTERNAL],
    [http2.constants.NGHTTP2_ENHANCE_YOUR_CALM, "transport", Code.RESOURCE_EXHAUSTED],
    [http2.constants.NGHTTP2_NO_ERROR, "invalid", Code.INTERNAL],
  ])("a stream reset with %i is %s, code %i", async (reset, kind, code) => {
    const outcome = await answerWith(({ stream }) => stream.close(reset));
    expect(outcome).toMatchObject({ fault: { kind, code } });
  });
  test("a stream reset in the middle of an answer is a transport fault", async () => {
    const outcome = await answerWith(({ stream }) => {
      stream.respond(GRPC);
      stream.write(Buffer.from([0, 0, 0, 0, 9, 1]), () => stream.destroy(new Error("broken")));
    });
    expect(outcome).toMatchObject({ fault: { kind: "transport", code: Code.INTERNAL } });
  });
  test("a stream lost with its connection is UNAVAILABLE; the next uses another connection", async () => {
    expect(await answerWith(({ stream }) => stream.session?.socket.destroy())).toMatchObject({
      fault: { kind: "transport", code: Code.UNAVAILABLE },
    });
    expect(await answerWith((received) => reply(received, received.body))).toEqual({ message: "hello" });
    expect(upstream.sessions.length).toBe(2);
  });
  test("a stream excluded by GOAWAY is unprocessed; earlier streams finish, and later ones use another connection", async () => {
    const first = send({ message: "first" });
    const held = await upstream.next();
    const second = send({ message: "second" });
    const { stream } = await upstream.next();
    const session = stream.session as http2.ServerHttp2Session;
    session.goaway(http2.constants.NGHTTP2_NO_ERROR, 1);
    expect(await second.outcome).toMatchObject({ fault: { kind: "unprocessed", code: Code.UNAVAILABLE } });
    upstream.answer = (received) => reply(received, received.body);
    expect(await send({ message: "third" }).outcome).toEqual({ message: "third" });
    reply(held, held.body);
    expect(await first.outcome).toEqual({ message: "first" });
    expect(upstream.sessions.length).toBe(2);
  });
});

test("GOAWAY with an error ends all streams; excluded streams are unprocessed", async () => {
  const first = send({ message: "first" });
  await upstream.next();
  const second = send({ message: "second" });
  const { stream } = await upstream.next();
  stream.session?.goaway(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM, 1);
  expect(await second.outcome).toMatchObject({ fault: { kind: "unprocessed", code: Code.UNAVAILABLE } });
  expect(await first.outcome).toMatchObject({ fault: { kind: "transport", code: Code.UNAVAILABLE } });
});

test("a receiver that throws affects no other call, and its exception stays uncaught", async () => {
  const thrown: Error[] = [];
  const both = Promise.withResolvers<void>();
  process.setUncaughtExceptionCaptureCallback((error) => {
    if (thrown.push(error) === 2) both.resolve();
  });
  upstream.answer = () => {};
  const throwing = {
    replied: () => {
      throw new Error("of a reply");
    },
    faulted: () => {
      throw new Error("of a fault");
    },
  };
  client.send("/a.B/C", frame(Buffer.from("1")), 1_000, undefined, 1, throwing);
  client.send("/a.B/C", frame(Buffer.from("2")), 1_000, undefined, 1, throwing);
  const third = send();
  const [first, second, last] = [await upstream.next(), await upstream.next(), await upstream.next()];
  reply(first, first.body);
  reply(last, last.body);
  expect(await third.outcome).toEqual({ message: "hello" });
  const lost = send();
  await upstream.next();
  second.stream.session?.destroy();
  expect(await lost.outcome).toMatchObject({ fault: { code: Code.UNAVAILABLE } });
  await both.promise;
  process.setUncaughtExceptionCaptureCallback(null);
  expect(thrown.map(({ message }) => message)).toEqual(["of a reply", "of a fault"]);
  expect(upstream.sessions.length).toBe(1);
}, 5_000);

describe("a connection", () => {
  test("a failed connection is UNAVAILABLE, and returns with the upstream", async () => {
    await upstream.stop();
    expect(await send().outcome).toMatchObject({ fault: { kind: "transport", code: Code.UNAVAILABLE } });
    await upstream.start();
    upstream.answer = (received) => reply(received, received.body);
    let outcome: Outcome;
    let tries = 0;
    do {
      outcome = await send().outcome;
      await new Promise((resolve) => setTimeout(resolve, 5)); // the backoff is real time here
    } while ("fault" in outcome && ++tries < 200);
    expect(outcome).toEqual({ message: "hello" });
  });
  test("a connection waits between attempts, and calls fail at once meanwhile", async () => {
    await upstream.stop();
    let now = 0;
    connect({
      clock: {
        now: () => now,
        date: () => new Date(),
        random: () => 0.5,
        setTimeout: () => ({}),
        clearTimeout: () => {},
      },
    });
    const refused = async (): Promise<boolean> => {
      const outcome = await send().outcome;
      return "fault" in outcome && outcome.fault.message.startsWith("connect ECONNREFUSED"); // really tried
    };
    expect(await refused()).toBe(true);
    expect(await refused()).toBe(false);
    now = 24;
    expect(await refused()).toBe(false);
    now = 25;
    expect(await refused()).toBe(true);
    now = 25 + 49;
    expect(await refused()).toBe(false);
    now = 25 + 50;
    expect(await refused()).toBe(true);
    await upstream.start();
  });
  test("a closed client sends nothing", async () => {
    await client.close();
    expect(await send().outcome).toMatchObject({ fault: { kind: "transport", code: Code.UNAVAILABLE } });
  });
  test("a client closes after its calls in flight", async () => {
    const { outcome } = send();
    const received = await upstream.next();
    const closed = client.close();
    reply(received, received.body);
    expect(await outcome).toEqual({ message: "hello" });
    await closed;
  });
  test("a stream cancelled during connecting is never sent", async () => {
    const { cancel } = send({ message: "never" });
    cancel();
    upstream.answer = (received) => reply(received, received.body);
    expect(await send({ message: "second" }).outcome).toEqual({ message: "second" });
    expect(upstream.received.map(({ body }) => body.toString())).toEqual(["second"]);
  });
});

import * as http2 from "node:http2";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { AnySchema, anyPack } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { GetRequestSchema, ThingSchema, Upstream as UpstreamService } from "../../testing/gen/test_pb.ts";
import { GRPC, H2Upstream, type Received, refuse, reply } from "../../testing/h2-upstream.ts";
import { testedHttp2 } from "../../testing/tested-http2.ts";
import { frame } from "../../wire/frame.ts";
import { GrpcClient } from "../grpc/grpc-client.ts";
import type { StreamClient } from "../stream-client.ts";
import type { UnaryClient } from "../unary-client.ts";
import { type ConnectTransportOptions, connectTransport } from "./connect-transport.ts";

// Cases beside Connect's conformance suite, which test/proofs/conformance/connect runs.

let upstream: H2Upstream;
let client: GrpcClient;
beforeEach(async () => {
  upstream = await new H2Upstream().start();
  client = new GrpcClient(upstream.url, { http2: testedHttp2() });
});
afterEach(async () => {
  await upstream.stop();
  await client.close();
});

const thing = (received: Received): void => {
  const { id } = fromBinary(GetRequestSchema, received.body);
  reply(
    received,
    toBinary(ThingSchema, create(ThingSchema, { id })),
    { "grpc-status": "0", "t-a": "2" },
    { ...GRPC, "x-a": "1" },
  );
};
const things = (options?: ConnectTransportOptions) => createClient(UpstreamService, connectTransport(client, options));
const failure = (call: Promise<unknown>): Promise<ConnectError> =>
  call.then(
    () => {
      throw new Error("no failure");
    },
    (error) => error,
  );

test("a call is sent and answered with its headers and trailers", async () => {
  upstream.answer = thing;
  const seen: (string | null)[] = [];
  const answer = await things().get(
    { id: "a" },
    {
      headers: { "x-id": "7", "data-bin": "AQI", "grpc-status": "5", te: "gzip" },
      timeoutMs: 3_600_000,
      onHeader: (headers) => seen.push(headers.get("x-a"), headers.get("grpc-status")),
      onTrailer: (trailers) => seen.push(trailers.get("t-a"), trailers.get("grpc-status")),
    },
  );
  expect(answer.id).toBe("a");
  expect(seen).toEqual(["1", null, "2", null]);
  const { headers } = await upstream.next();
  expect(headers).toMatchObject({ "x-id": "7", "data-bin": "AQI", te: "trailers" });
  expect(headers).not.toHaveProperty("grpc-status");
  expect(headers["grpc-timeout"]).toMatch(/^3(600|59\d)\d{3}m$/); // ten seconds for a slow machine
});
test("a call without a deadline has no timeout header", async () => {
  upstream.answer = thing;
  await things().get({ id: "a" });
  await things({ defaultTimeoutMs: 7_000_000 }).get({ id: "b" });
  await things({ defaultTimeoutMs: 7_000_000 }).get({ id: "c" }, { timeoutMs: 0 });
  const timeouts = upstream.received.map(({ headers }) => headers["grpc-timeout"]);
  expect(timeouts).toEqual([undefined, expect.stringMatching(/^(7000|699\d)\d{3}m$/), undefined]);
});

describe("an error", () => {
  test("an error has code, message, details and metadata", async () => {
    const any = toBinary(AnySchema, anyPack(ThingSchema, create(ThingSchema, { id: "gone" })));
    const details = Buffer.from([8, 5, 18, 1, 120, 26, any.length, ...any]).toString("base64");
    upstream.answer = (received) =>
      refuse(received, "5", { "grpc-message": "caf%C3%A9", "grpc-status-details-bin": details, "x-a": "1" });
    const error = await failure(things().get({ id: "a" }));
    expect(error).toMatchObject({ code: Code.NotFound, rawMessage: "café" });
    expect(error.findDetails(ThingSchema)).toMatchObject([{ id: "gone" }]);
    expect(error.metadata.get("x-a")).toBe("1");
  });
  test("malformed bytes are INTERNAL", async () => {
    upstream.answer = (received) => reply(received, Buffer.from([0xff, 0xff, 0xff]));
    expect(await failure(things().get({ id: "a" }))).toMatchObject({ code: Code.Internal });
  });
  test("client and bidi streams, and server streams of a unary client, are UNIMPLEMENTED", async () => {
    for (const [methodKind, of] of [
      ["client_streaming", client],
      ["bidi_streaming", client],
      ["server_streaming", { send: () => ({ cancel: () => {} }) }],
    ] as const) {
      const stream = { ...UpstreamService.method.get, methodKind } as never;
      const call = connectTransport(of).stream(
        stream,
        undefined,
        undefined,
        undefined,
        requestsOf({ id: "a" }) as never,
      );
      expect(await failure(call)).toMatchObject({ code: Code.Unimplemented });
    }
  });
});

describe("the code of a stream cancelled by the upstream", () => {
  const reset = { kind: "transport", code: 1, message: "stream closed with 8" } as const;
  /** Cancels after so many milliseconds, in which no timer here runs. */
  const cancelling = (afterMs: number): UnaryClient & StreamClient => {
    const spin = (): void => {
      for (const from = performance.now(); performance.now() - from < afterMs; );
    };
    return {
      send: (...[, , , , , reply]) => {
        spin();
        queueMicrotask(() => reply.faulted(reset));
        return { cancel: () => {} };
      },
      open: (...[, , , , receiver]) => {
        spin();
        queueMicrotask(() => receiver.faulted(reset));
        return { take: () => {}, cancel: () => {} };
      },
    };
  };
  test.each([
    ["at the deadline is out of time", 30, Code.DeadlineExceeded],
    ["before it is cancelled", 0, Code.Canceled],
  ])("%s", async (_, afterMs, code) => {
    const transport = connectTransport(cancelling(afterMs));
    const timeoutMs = afterMs === 0 ? 60_000 : afterMs;
    expect(await failure(createClient(UpstreamService, transport).get({ id: "a" }, { timeoutMs }))).toMatchObject({
      code,
    });
    const watch = { ...UpstreamService.method.get, methodKind: "server_streaming" } as never;
    const opened = transport.stream(watch, undefined, timeoutMs, undefined, requestsOf({ id: "a" }) as never);
    expect(await failure(opened)).toMatchObject({ code });
  });
});

describe("the end of a call on the wire", () => {
  test("a call is reset at its deadline", async () => {
    const error = await failure(things().get({ id: "a" }, { timeoutMs: 30 }));
    expect(error.code).toBe(Code.DeadlineExceeded);
    expect(await (await upstream.next()).closed).toBe(http2.constants.NGHTTP2_CANCEL);
  });
  test("a call is reset by its signal", async () => {
    const controller = new AbortController();
    const failed = failure(things().get({ id: "a" }, { signal: controller.signal }));
    const { closed } = await upstream.next();
    controller.abort();
    expect((await failed).code).toBe(Code.Canceled);
    expect(await closed).toBe(http2.constants.NGHTTP2_CANCEL);
  });
  test("an aborted call is never sent", async () => {
    const failed = failure(things().get({ id: "a" }, { signal: AbortSignal.abort() }));
    expect((await failed).code).toBe(Code.Canceled);
    upstream.answer = thing;
    await things().get({ id: "b" });
    expect(upstream.received.length).toBe(1);
  });
});

test("an unprocessed call is sent again once", async () => {
  let refusals = 1;
  upstream.answer = (received) => {
    if (refusals-- > 0) received.stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
    else thing(received);
  };
  expect((await things().get({ id: "a" })).id).toBe("a");
  expect(upstream.received.map(({ headers }) => headers["grpc-previous-rpc-attempts"])).toEqual([undefined, undefined]);
  refusals = 2;
  expect(await failure(things().get({ id: "a" }))).toMatchObject({ code: Code.Unavailable });
});

test("interceptors see the call", async () => {
  upstream.answer = thing;
  const seen: string[] = [];
  const interceptor: Interceptor = (next) => async (request) => {
    seen.push(request.url);
    request.header.set("x-id", "9");
    const response = await next(request);
    seen.push(String(response.header.get("x-a")));
    return response;
  };
  await things({ interceptors: [interceptor] }).get({ id: "a" });
  expect(seen).toEqual(["/test.v1.Upstream/Get", "1"]);
  expect((await upstream.next()).headers["x-id"]).toBe("9");
});

describe("a stream", () => {
  const WATCH = { ...UpstreamService.method.get, methodKind: "server_streaming" } as never;
  const open = (signal?: AbortSignal, timeoutMs?: number) =>
    connectTransport(client).stream(WATCH, signal, timeoutMs, { "x-id": "7" }, requestsOf({ id: "a" }) as never);
  const item = (id: string): Buffer => frame(toBinary(ThingSchema, create(ThingSchema, { id })));

  test("a stream gives its items, headers and trailers", async () => {
    upstream.answer = ({ stream }) => {
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0", "t-a": "2" }));
      stream.respond({ ...GRPC, "x-a": "1" }, { waitForTrailers: true });
      stream.end(Buffer.concat([item("a"), item("b")]));
    };
    const response = await open();
    const ids: unknown[] = [];
    for await (const message of response.message as AsyncIterable<{ id: string }>) ids.push(message.id);
    expect(ids).toEqual(["a", "b"]);
    expect([response.header.get("x-a"), response.trailer.get("t-a"), response.trailer.get("grpc-status")]).toEqual([
      "1",
      "2",
      null,
    ]);
    const { headers, body } = await upstream.next();
    expect(headers["x-id"]).toBe("7");
    expect(fromBinary(GetRequestSchema, body).id).toBe("a");
  });
  test("a stream fails behind its items, and at once if refused", async () => {
    upstream.answer = ({ stream }) => {
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "8", "grpc-message": "enough" }));
      stream.respond(GRPC, { waitForTrailers: true });
      stream.end(item("a"));
    };
    const items = (await open()).message[Symbol.asyncIterator]();
    expect((await items.next()).done).toBe(false);
    expect(await failure(items.next())).toMatchObject({ code: Code.ResourceExhausted, rawMessage: "enough" });
    expect(await failure(items.next())).toMatchObject({ code: Code.ResourceExhausted });
    upstream.answer = (received) => refuse(received, "5");
    expect(await failure(open())).toMatchObject({ code: Code.NotFound });
  });
  test("a stream is reset by its signal, at its deadline, and at a malformed item", async () => {
    upstream.answer = ({ stream }) => {
      stream.respond(GRPC);
      stream.write(item("a"));
    };
    const aborter = new AbortController();
    const aborted = (await open(aborter.signal)).message[Symbol.asyncIterator]();
    await aborted.next();
    const waiting = failure(aborted.next());
    aborter.abort();
    expect(await waiting).toMatchObject({ code: Code.Canceled });
    expect(await (await upstream.next()).closed).toBe(http2.constants.NGHTTP2_CANCEL);
    const late = (await open(undefined, 300)).message[Symbol.asyncIterator]();
    await late.next();
    expect(await failure(late.next())).toMatchObject({ code: Code.DeadlineExceeded });
    expect(await (await upstream.next()).closed).toBe(http2.constants.NGHTTP2_CANCEL);
    upstream.answer = ({ stream }) => {
      stream.respond(GRPC);
      stream.write(frame(Buffer.from([0xff, 0xff, 0xff])));
    };
    const odd = (await open()).message[Symbol.asyncIterator]();
    expect(await failure(odd.next())).toMatchObject({ code: Code.Internal });
    expect(await (await upstream.next()).closed).toBe(http2.constants.NGHTTP2_CANCEL);
  });
});

async function* requestsOf(request: object): AsyncGenerator<object> {
  yield request;
}

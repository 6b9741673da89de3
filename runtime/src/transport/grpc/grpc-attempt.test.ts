import * as http2 from "node:http2";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Code, type Fault } from "../../failure.ts";
import { GRPC, H2Upstream, type Received, refuse, reply } from "../../testing/h2-upstream.ts";
import { testedHttp2 } from "../../testing/tested-http2.ts";
import { frame } from "../../wire/frame.ts";
import type { ReceivedHeaders } from "../call-headers.ts";
import { GrpcClient } from "./grpc-client.ts";

// The edges of what an upstream may answer; grpc-client.test.ts has the rest, grpc-fuzz.test.ts everything else.

const upstream = new H2Upstream();
let client: GrpcClient;
beforeEach(async () => {
  await upstream.start();
  client = new GrpcClient(upstream.url, { http2: testedHttp2() });
});
afterEach(async () => {
  await client.close();
  await upstream.stop();
  upstream.received.splice(0);
  upstream.sessions.splice(0);
});

interface Outcome {
  message?: string;
  fault?: Fault;
  headers?: ReceivedHeaders;
  trailers?: ReceivedHeaders;
}
function answered(answer: (received: Received) => void): Promise<Outcome> {
  upstream.answer = answer;
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const outcome: Outcome = {};
  client.send("/a.B/C", frame(Buffer.from("hello")), 10_000, undefined, 1, {
    metadata: (headers, trailers) => Object.assign(outcome, { headers, trailers }),
    replied: (bytes) => resolve({ ...outcome, message: Buffer.from(bytes).toString() }),
    faulted: (fault) => resolve({ ...outcome, fault }),
  });
  return promise;
}
const echo = (received: Received): void => reply(received, received.body);
const many = (count: number, bytes: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, "v".repeat(bytes)]));

describe("headers of a reply", () => {
  test.each([
    ["200 of them", many(200, 1)],
    ["40 KiB of them", many(10, 4_096)],
  ])("headers may be %s, in headers and trailers", async (_, more) => {
    expect(await answered((to) => reply(to, to.body, undefined, { ...GRPC, ...more }))).toMatchObject({
      message: "hello",
    });
    expect(await answered((to) => reply(to, to.body, { "grpc-status": "0", ...more }))).toMatchObject({
      message: "hello",
      trailers: more,
    });
  });
  test.each([
    ["many", many(300, 1)],
    ["large", many(20, 4_096)],
  ])("headers that are too %s fail only their call", async (_, more) => {
    const failed = { fault: { kind: "transport" } };
    // Node's own server gives up the connection when it has to send so much: as always, once more is allowed.
    const next = async (): Promise<Outcome> => {
      const outcome = await answered(echo);
      return outcome.fault?.kind === "unprocessed" ? answered(echo) : outcome;
    };
    expect(await answered((to) => reply(to, to.body, undefined, { ...GRPC, ...more }))).toMatchObject(failed);
    expect(await next()).toMatchObject({ message: "hello" });
    expect(await answered((to) => reply(to, to.body, { "grpc-status": "0", ...more }))).toMatchObject(failed);
    expect(await next()).toMatchObject({ message: "hello" });
  });
  test("headers may follow informational ones", async () => {
    const outcome = await answered((received) => {
      received.stream.additionalHeaders({ ":status": 103, link: "</x>; rel=preload", "grpc-status": "5" });
      received.stream.additionalHeaders({ ":status": 102 });
      echo(received);
    });
    expect(outcome).toMatchObject({ message: "hello" });
    expect(outcome.headers).not.toHaveProperty("link");
  });
  test.each([
    "application/grpc",
    "application/grpc+proto",
    "application/grpc;charset=utf-8",
    "application/grpc+proto ; q=1",
    "Application/GRPC+Proto",
  ])("the content type may be %s", async (type) => {
    expect(
      await answered((to) => reply(to, to.body, { "grpc-status": "0" }, { ...GRPC, "content-type": type })),
    ).toMatchObject({ message: "hello" });
  });
  test.each(["application/grpc+json", "application/grpc-web", "application/grpcx", "application/json", ""])(
    "the content type may not be %j",
    async (type) => {
      expect(
        await answered((to) => reply(to, to.body, { "grpc-status": "0" }, { ...GRPC, "content-type": type })),
      ).toMatchObject({ fault: { kind: "invalid" } });
    },
  );
  test("headers and trailers are returned separately", async () => {
    const outcome = await answered((to) =>
      reply(
        to,
        to.body,
        { "grpc-status": "0", "t-bin": "AQI" },
        { ...GRPC, "x-a": ["1", "2"] as never, "y-bin": "AAE=" },
      ),
    );
    expect(outcome.headers).toMatchObject({ "x-a": "1, 2", "y-bin": "AAE=" });
    expect(outcome.trailers).toMatchObject({ "t-bin": "AQI" });
    const alone = await answered((to) => refuse(to, "5", { "x-a": "1" }));
    expect(alone).toMatchObject({ fault: { code: Code.NOT_FOUND }, headers: { "x-a": "1" }, trailers: {} });
    const late = await answered((to) => reply(to, undefined, { "grpc-status": "5", "t-a": "1" }));
    expect(late).toMatchObject({ fault: { code: Code.NOT_FOUND }, trailers: { "t-a": "1" } });
    const broken = await answered(({ stream }) => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR));
    expect(broken).toMatchObject({ fault: { kind: "transport" }, headers: {}, trailers: {} });
  });
});

describe("a compressed reply", () => {
  const flagged = (flag: number, encoding: string | undefined) => (received: Received) => {
    const { stream } = received;
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.respond({ ...GRPC, ...(encoding && { "grpc-encoding": encoding }) }, { waitForTrailers: true });
    const bytes = frame(received.body);
    bytes[0] = flag;
    stream.end(bytes);
  };
  test.each(["identity", "gzip", undefined])("a compressed reply is invalid (grpc-encoding %s)", async (encoding) => {
    expect(await answered(flagged(1, encoding))).toMatchObject({
      fault: { kind: "invalid", code: Code.INTERNAL, message: "a compressed message" },
    });
  });
  test.each(["identity", "gzip"])("only the flag of a reply marks compression (grpc-encoding %s)", async (encoding) => {
    expect(await answered(flagged(0, encoding))).toMatchObject({ message: "hello" });
  });
});

test.each([
  ["caf%C3%A9%0A%25", "café\n%"],
  ["plain words", "plain words"],
  ["100% of %zz", "100% of %zz"],
  ["%E4%A4", "%E4%A4"],
  ["", ""],
])("the message %j decodes to %j", async (sent, message) => {
  expect(await answered((to) => refuse(to, "5", { "grpc-message": sent }))).toMatchObject({ fault: { message } });
});

test.each(["CAU", "CAU="])("details are base64, padded or not (%s)", async (sent) => {
  const { fault } = await answered((to) => refuse(to, "5", { "grpc-status-details-bin": sent }));
  expect(fault?.details).toEqual(Buffer.from([8, 5]));
});

test("a stream refused after its answer began counts as processed", async () => {
  const outcome = await answered(({ stream }) => {
    stream.respond(GRPC);
    stream.write(Buffer.from([0]), () => stream.close(http2.constants.NGHTTP2_REFUSED_STREAM));
  });
  expect(outcome).toMatchObject({ fault: { kind: "transport", code: Code.UNAVAILABLE } });
});

test("a call that waits for its stream is unsent, and reports that when cancelled", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  upstream.answer = () => resolve();
  const reply = { replied: () => {}, faulted: () => {} };
  const send = () => client.send("/a.B/C", frame(Buffer.from("hello")), 10_000, undefined, 1, reply);
  const early = send(); // the connection is still to be made
  const late = send();
  expect(early.unsent).toBe(true);
  early.cancel();
  expect(early.unsent).toBe(true);
  await promise;
  expect(late.unsent).toBe(false);
  late.cancel();
  expect(late.unsent).toBe(false);
});

// Holds docs/runtime.md#bytes
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Fault } from "../../failure.ts";
import { H2Upstream, type Received, reply } from "../../testing/h2-upstream.ts";
import { testedHttp2 } from "../../testing/tested-http2.ts";
import { frame } from "../../wire/frame.ts";
import { GrpcClient } from "./grpc-client.ts";

// Whatever an upstream does with a stream: one outcome for the call, and the next call is answered.

const MAX = 500;
const upstream = new H2Upstream();
let client: GrpcClient;
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
beforeAll(async () => {
  process.on("unhandledRejection", note).on("uncaughtException", note);
  await upstream.start();
  client = new GrpcClient(upstream.url, { http2: testedHttp2(), maxReplyBytes: MAX });
});
afterAll(async () => {
  await client.close();
  await upstream.stop();
  process.off("unhandledRejection", note).off("uncaughtException", note);
});
afterEach(() => expect(unhandled.splice(0)).toEqual([]));

type Outcome = { message: Uint8Array } | { fault: Fault };
function send(): { outcomes: Outcome[]; first: Promise<Outcome> } {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const outcomes: Outcome[] = [];
  const settle = (outcome: Outcome): void => {
    outcomes.push(outcome);
    resolve(outcome);
  };
  client.send("/a.B/C", frame(Buffer.from("hello")), 5_000, undefined, 1, {
    replied: (message) => settle({ message }),
    faulted: (fault) => settle({ fault }),
  });
  return { outcomes, first: promise };
}
const echo = (received: Received): void => reply(received, received.body);

const someText = fc.string({ unit: fc.constantFrom("0", "1", "9", "-", "a", " ", "%", "é".slice(1)), maxLength: 12 });
const status = fc.oneof(
  { weight: 3, arbitrary: fc.constant("0") },
  { weight: 2, arbitrary: fc.integer({ min: -1, max: 20 }).map(String) },
  { weight: 1, arbitrary: someText },
  { weight: 1, arbitrary: fc.constant(undefined) },
);
const body = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.uint8Array({ maxLength: 30 }).map((message) => new Uint8Array(frame(message))),
  fc.uint8Array({ maxLength: 30 }).map((message) => new Uint8Array(frame(message))),
  // A frame that is almost right.
  fc
    .record({
      message: fc.uint8Array({ maxLength: 30 }),
      flag: fc.constantFrom(0, 0, 0, 1, 255),
      more: fc.constantFrom(0, 0, 0, 1, -1, 100, 1_000, 0x7fffffff),
      tail: fc.oneof(fc.constant(new Uint8Array()), fc.uint8Array({ maxLength: 3 })),
    })
    .map(({ message, flag, more, tail }) => {
      const bytes = Buffer.concat([frame(message), tail]);
      bytes[0] = flag;
      bytes.writeUInt32BE(Math.max(0, message.length + more), 1);
      return new Uint8Array(bytes);
    }),
);
const behaviour = fc.record({
  http: fc.constantFrom(200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 204, 302, 404, 429, 500, 503),
  type: fc.constantFrom(
    "application/grpc",
    "application/grpc",
    "application/grpc+proto",
    "application/grpc+proto",
    "application/grpc+json",
    "text/html",
    "application/grpcx",
    undefined,
  ),
  headerStatus: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: status }),
  trailerStatus: status,
  message: fc.option(someText, { nil: undefined }),
  pushback: fc.option(someText, { nil: undefined }),
  details: fc.option(someText, { nil: undefined }),
  body,
  cut: fc.integer({ min: 1, max: 9 }),
  end: fc.constantFrom(
    "trailers",
    "trailers",
    "trailers",
    "trailers",
    "trailers",
    "bare",
    "reset",
    "destroy",
    "goaway",
    "session",
  ),
  code: fc.integer({ min: 0, max: 14 }),
});
type Behaviour = typeof behaviour extends fc.Arbitrary<infer T> ? T : never;

function behave(received: Received, how: Behaviour): void {
  const { stream } = received;
  const trailers = {
    ...(how.trailerStatus !== undefined && { "grpc-status": how.trailerStatus }),
    ...(how.message !== undefined && { "grpc-message": how.message }),
    ...(how.pushback !== undefined && { "grpc-retry-pushback-ms": how.pushback }),
    ...(how.details !== undefined && { "grpc-status-details-bin": how.details }),
  };
  const withTrailers = how.end === "trailers";
  stream.on("wantTrailers", () => stream.sendTrailers(trailers));
  stream.respond(
    {
      ":status": how.http,
      ...(how.type !== undefined && { "content-type": how.type }),
      ...(how.headerStatus !== undefined && { "grpc-status": how.headerStatus }),
    },
    { waitForTrailers: withTrailers },
  );
  for (let i = 0; i < how.body.length; i += how.cut) stream.write(how.body.subarray(i, i + how.cut));
  if (how.end === "trailers" || how.end === "bare") stream.end();
  else if (how.end === "reset") stream.close(how.code);
  else if (how.end === "destroy") stream.destroy();
  else if (how.end === "goaway") {
    stream.session?.goaway(how.code, stream.id ?? 0);
    stream.end();
  } else stream.session?.destroy();
}

test("every answer has one outcome, and affects no other call", async () => {
  let good = 0;
  await fc.assert(
    fc.asyncProperty(behaviour, async (how) => {
      upstream.answer = (received) => {
        try {
          behave(received, how);
        } catch {
          received.stream.destroy(); // node would not send that
        }
      };
      const { outcomes, first } = send();
      const outcome = await first;
      if ("message" in outcome) {
        good++;
        // Only what is a whole message with an OK status behind it: one or more digits (PROTOCOL-HTTP2.md).
        expect(how.trailerStatus).toMatch(/^0+$/);
        expect(how.http).toBe(200);
        expect(Buffer.compare(frame(outcome.message), how.body)).toBe(0);
        expect(outcome.message.length).toBeLessThanOrEqual(MAX);
      }
      upstream.answer = echo;
      const next = send();
      const second = await next.first;
      if ("fault" in second && second.fault.kind === "unprocessed")
        expect(await send().first).toHaveProperty("message");
      else expect(second).toHaveProperty("message");
      expect(outcomes.length).toBe(1);
      expect(next.outcomes.length).toBe(1);
      upstream.received.splice(0);
      upstream.sessions.splice(0);
    }),
    { numRuns: Number(process.env.FUZZ_RUNS ?? 1_000) },
  );
  expect(good).toBeGreaterThan(3);
}, 120_000);

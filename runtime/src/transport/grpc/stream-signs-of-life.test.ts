import { FakeClock } from "@protobff/testing/fake-clock";
import { expect, onTestFinished, test } from "vitest";
import { Flag, FrameType } from "../../http2/frames.ts";
import { until } from "../../testing/frame-pieces.ts";
import { FrameUpstream, frameOf } from "../../testing/frame-upstream.ts";
import { TestStream } from "../../testing/stream-rig.ts";
import { GrpcClient } from "./grpc-client.ts";

// When a connection with streams is asked for a sign of life: servers of grpc-go let clients ask every five minutes, and no sooner.

/** Five minutes, and a little more. */
const LOOK_MS = 305_000;
const { HEADERS, PING } = FrameType;

test("a connection with a quiet stream is pinged after five minutes of silence, and ends without an answer", async () => {
  const upstream = await new FrameUpstream().start();
  const clock = new FakeClock();
  const client = new GrpcClient(upstream.url, { http2: "own", clock, keepAliveMs: 20_000 });
  onTestFinished(async () => {
    await upstream.stop();
    await client.close();
  });
  const stream = new TestStream(client);
  const peer = await upstream.next();
  await peer.next(HEADERS);
  const pingCount = () => peer.frames.filter(({ type }) => type === PING).length;
  await clock.advance(2 * LOOK_MS - 1);
  expect(pingCount()).toBe(0);
  await clock.advance(1);
  const { payload } = await peer.next(PING);
  const waiting = clock.running;
  peer.send(frameOf(PING, Flag.ACK, 0, payload));
  await until(() => clock.running < waiting); // it has been answered
  await clock.advance(2 * LOOK_MS - 1);
  expect(pingCount()).toBe(1);
  await clock.advance(1);
  await peer.next(PING);
  await clock.advance(5_000);
  expect(await stream.end).toMatchObject({
    fault: { kind: "transport", message: expect.stringContaining("sign of life") },
  });
});

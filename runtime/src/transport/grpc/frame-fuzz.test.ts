// Holds docs/runtime.md#upstream-connections

import fc from "fast-check";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Fault } from "../../failure.ts";
import { FrameType } from "../../http2/frames.ts";
import { inSync, lastOpened, piece, sendCut, TARGET, until } from "../../testing/frame-pieces.ts";
import { answerOf, type FramePeer, FrameUpstream, wordOf } from "../../testing/frame-upstream.ts";
import { frame } from "../../wire/frame.ts";
import { GrpcClient } from "./grpc-client.ts";

// Whatever frames an upstream sends: each call has one outcome, a connection that stays serves its other calls, and after one that does
// not comes another.

const BYSTANDER = 3;

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
beforeAll(() => void process.on("unhandledRejection", note).on("uncaughtException", note));
afterAll(() => void process.off("unhandledRejection", note).off("uncaughtException", note));
afterEach(() => expect(unhandled.splice(0)).toEqual([]));

type Outcome = { message: string } | { fault: Fault };
function send(client: GrpcClient, message: Buffer) {
  const outcomes: Outcome[] = [];
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const settle = (outcome: Outcome): void => {
    outcomes.push(outcome);
    resolve(outcome);
  };
  const inFlight = client.send("/a.B/C", frame(message), 60_000, undefined, 1, {
    replied: (bytes) => settle({ message: Buffer.from(bytes).toString() }),
    faulted: (fault) => settle({ fault }),
  });
  return { outcomes, outcome: promise, cancel: () => inFlight.cancel() };
}

const fuzz = fc.record({
  pieces: fc.array(piece, { maxLength: 10 }),
  repeat: fc.constantFrom(1, 1, 1, 1, 50),
  /** In what portions the bytes leave. */
  cut: fc.oneof(fc.constant(1 << 20), fc.integer({ min: 1, max: 300 })),
  size: fc.constantFrom(5, 5, 5, 100_000),
  end: fc.constantFrom("answer", "answer", "reset", "close", "silence"),
});

test("random frames end at most a connection, and each call once", async () => {
  const seen = { kept: 0, lost: 0, answered: 0 };
  await fc.assert(
    fc.asyncProperty(fuzz, async ({ pieces, repeat, cut, size, end }) => {
      const upstream = await new FrameUpstream().start();
      const client = new GrpcClient(upstream.url, { http2: "own", maxReplyBytes: 100_000 });
      const target = send(client, Buffer.alloc(size));
      const bystander = send(client, Buffer.from("me?"));
      const peer = await upstream.next();
      await until(() => peer.frames.filter(({ type }) => type === FrameType.HEADERS).length === 2);
      const all = Buffer.concat(Array<Buffer[]>(repeat).fill(pieces).flat());
      const last =
        end === "answer"
          ? answerOf(TARGET, frame(Buffer.from("whole")))
          : end === "reset"
            ? wordOf(FrameType.RST_STREAM, TARGET, 2)
            : Buffer.alloc(0);
      const bytes = Buffer.concat([all, last]);
      await sendCut(peer, bytes, cut);
      if (end === "close") peer.socket.end();
      const kept = end !== "close" && (await inSync(peer));
      const hasGoaway = pieces.some((piece) => piece[3] === FrameType.GOAWAY || piece.length < 9);
      if (kept) {
        seen.kept++;
        peer.send(answerOf(BYSTANDER, frame(Buffer.from("you"))));
        const outcome = await bystander.outcome;
        if (!hasGoaway) expect(outcome).toEqual({ message: "you" });
        if (end === "answer" || end === "reset") await target.outcome;
        else if (target.outcomes.length === 0) target.cancel();
      } else {
        seen.lost++;
        peer.socket.destroy();
        await bystander.outcome;
        await target.outcome;
      }
      if (target.outcomes.length > 0 && "message" in (target.outcomes[0] as Outcome)) seen.answered++;

      // Another call is served, here or elsewhere.
      const third = send(client, Buffer.from("next"));
      // A new connection may begin and yet not carry it: room on the old one may come first.
      const carrier = (): FramePeer | undefined =>
        upstream.peers.find((candidate) => lastOpened(candidate) > (candidate === peer ? BYSTANDER : 0));
      await until(() => carrier() !== undefined || third.outcomes.length > 0);
      const used = carrier();
      used?.send(answerOf(lastOpened(used), frame(Buffer.from("there"))));
      expect(await third.outcome).toEqual({ message: "there" });

      for (const { outcomes } of [target, bystander, third]) expect(outcomes.length).toBeLessThanOrEqual(1);
      await client.close();
      await until(() => upstream.peers.every(({ socket }) => socket.destroyed));
      await upstream.stop();
    }),
    { numRuns: Number(process.env.FUZZ_RUNS ?? 500), timeout: 10_000 },
  );
  expect(Math.min(seen.kept, seen.lost, seen.answered)).toBeGreaterThan(10);
}, 120_000);

import fc from "fast-check";
import { expect, test } from "vitest";
import { FrameType } from "../../http2/frames.ts";
import { inSync, lastOpened, piece, sendCut, TARGET, until } from "../../testing/frame-pieces.ts";
import { answerOf, type FramePeer, FrameUpstream } from "../../testing/frame-upstream.ts";
import { noUnhandledRejections } from "../../testing/no-unhandled.ts";
import { TestStream } from "../../testing/stream-rig.ts";
import { frame } from "../../wire/frame.ts";
import { GrpcClient } from "./grpc-client.ts";

// Whatever frames an upstream sends on a connection for streams: each stream gives no more than it was asked for, hears one end and nothing
// behind it, and a connection that stays serves its other streams.

noUnhandledRejections();
const BYSTANDER = 3;

const fuzz = fc.record({
  pieces: fc.array(piece, { maxLength: 12 }),
  repeat: fc.constantFrom(1, 1, 1, 1, 50),
  cut: fc.oneof(fc.constant(1 << 20), fc.integer({ min: 1, max: 300 })),
  /** How many items are asked for, now and then. */
  takes: fc.array(fc.constantFrom(0, 1, 2, 100), { maxLength: 4 }),
  end: fc.constantFrom("answer", "cancel", "close", "silence"),
});

function right({ events, items }: TestStream, demand: number): void {
  expect(items.length).toBeLessThanOrEqual(demand);
  const ends = events.filter((what) => what === "ended" || what === "faulted");
  expect(ends.length).toBeLessThanOrEqual(1);
  if (ends.length === 1) expect(events.at(-1)).toBe(ends[0]);
  expect(events.lastIndexOf("opened")).toBeLessThanOrEqual(0); // once, and first
}

test("random frames end at most a connection, and each stream once", async () => {
  const seen = { kept: 0, lost: 0, items: 0, ended: 0 };
  await fc.assert(
    fc.asyncProperty(fuzz, async ({ pieces, repeat, cut, takes, end }) => {
      const upstream = await new FrameUpstream().start();
      const client = new GrpcClient(upstream.url, { http2: "own", maxReplyBytes: 100_000 });
      const target = new TestStream(client, takes[0] ?? 0);
      const bystander = new TestStream(client);
      const peer = await upstream.next();
      await until(() => peer.frames.filter(({ type }) => type === FrameType.HEADERS).length === 2);
      const all = Buffer.concat(Array<Buffer[]>(repeat).fill(pieces).flat());
      const half = Math.floor(all.length / 2);
      await sendCut(peer, all.subarray(0, half), cut);
      for (const more of takes.slice(1)) target.take(more);
      await sendCut(peer, all.subarray(half), cut);
      if (end === "answer") peer.send(answerOf(TARGET, frame(Buffer.from("last"))));
      if (end === "cancel") target.cancel();
      if (end === "close") peer.socket.end();
      const kept = end !== "close" && (await inSync(peer));
      const hasGoaway = pieces.some((piece) => piece[3] === FrameType.GOAWAY || piece.length < 9);
      if (kept) {
        seen.kept++;
        peer.send(answerOf(BYSTANDER, frame(Buffer.from("you"))));
        const outcome = await bystander.end;
        if (!hasGoaway) expect([bystander.texts, outcome]).toMatchObject([["you"], { trailers: {} }]);
        target.take(1_000);
        if (target.events.every((what) => what !== "ended" && what !== "faulted")) target.cancel();
      } else {
        seen.lost++;
        peer.socket.destroy();
        await bystander.end;
        target.take(1_000);
        if (end !== "cancel") await target.end;
      }
      seen.items += target.items.length;
      if (target.events.includes("ended")) seen.ended++;

      const third = new TestStream(client);
      // A new connection may begin and yet not carry the stream: room on the old one may come first.
      const carrier = (): FramePeer | undefined =>
        upstream.peers.find((candidate) => lastOpened(candidate) > (candidate === peer ? BYSTANDER : 0));
      await until(() => carrier() !== undefined || third.events.length > 0);
      const used = carrier();
      used?.send(answerOf(lastOpened(used), frame(Buffer.from("there"))));
      expect(await third.end).toHaveProperty("trailers");
      expect(third.texts).toEqual(["there"]);

      right(
        target,
        takes.reduce((sum, more) => sum + more, 1_000),
      );
      right(bystander, Number.POSITIVE_INFINITY);
      await client.close();
      await until(() => upstream.peers.every(({ socket }) => socket.destroyed));
      await upstream.stop();
    }),
    { numRuns: Number(process.env.FUZZ_RUNS ?? 300), timeout: 10_000 },
  );
  expect(Math.min(seen.kept, seen.lost, seen.items, seen.ended)).toBeGreaterThan(0);
}, 120_000);

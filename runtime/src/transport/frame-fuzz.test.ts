import fc from "fast-check";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Fault } from "../failure.ts";
import { Flag, FrameType, WINDOW_MAX } from "../http2/frames.ts";
import {
  answerOf,
  blockOf,
  type FramePeer,
  FrameUpstream,
  frameOf,
  GRPC_HEADERS,
  OK_TRAILERS,
  settingsOf,
  wordOf,
} from "../testing/frame-upstream.ts";
import { frame } from "../wire/frame.ts";
import { GrpcClient } from "./grpc-client.ts";

// Whatever frames an upstream sends: each call has one outcome, a connection that stays serves its other calls, and after one that does
// not comes another.

const TARGET = 1;
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

const { END_STREAM, END_HEADERS, PADDED, PRIORITY, ACK } = Flag;
const someBytes = fc.uint8Array({ maxLength: 40 });
const id = fc.oneof(
  { weight: 12, arbitrary: fc.constant(TARGET) },
  { weight: 1, arbitrary: fc.constantFrom(0, 2, 99) },
);
const flags = fc.oneof(
  fc.constantFrom(
    0,
    END_STREAM,
    END_HEADERS,
    END_STREAM | END_HEADERS,
    PADDED,
    PRIORITY,
    PADDED | PRIORITY | END_HEADERS,
  ),
  fc.nat(255),
);
const block = fc.oneof(
  fc.constant(GRPC_HEADERS),
  fc.constant(OK_TRAILERS),
  fc.constant(blockOf([[":status", "103"]])),
  fc.constant(blockOf([[":status", "500"]])),
  fc.constant(Buffer.from([0x20, 0x88])),
  someBytes,
);
const body = fc.oneof(
  someBytes.map((bytes) => frame(bytes)),
  someBytes,
  fc.constant(Buffer.alloc(300)),
  fc.constant(Buffer.alloc(0)),
);
const number = fc.oneof(fc.nat(20), fc.constantFrom(0x7fffffff, 0x80000000, 0xffffffff, 70_000), fc.nat(WINDOW_MAX));
/** Right, nearly right, and wrong. */
const piece: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(frameOf(FrameType.HEADERS, END_HEADERS, TARGET, GRPC_HEADERS)) },
  { weight: 3, arbitrary: fc.constant(frameOf(FrameType.HEADERS, END_HEADERS | END_STREAM, TARGET, OK_TRAILERS)) },
  { weight: 3, arbitrary: body.map((bytes) => frameOf(FrameType.DATA, 0, TARGET, bytes)) },
  {
    weight: 2,
    arbitrary: fc.tuple(flags, id, body).map(([flags, id, body]) => frameOf(FrameType.DATA, flags, id, body)),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(flags, id, block).map(([flags, id, block]) => frameOf(FrameType.HEADERS, flags, id, block)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(flags, id, block)
      .map(([flags, id, block]) => frameOf(FrameType.CONTINUATION, flags, id, block)),
  },
  { weight: 2, arbitrary: fc.tuple(id, fc.nat(20)).map(([id, code]) => wordOf(FrameType.RST_STREAM, id, code)) },
  { weight: 3, arbitrary: fc.tuple(id, number).map(([id, by]) => wordOf(FrameType.WINDOW_UPDATE, id, by)) },
  { weight: 3, arbitrary: fc.array(fc.tuple(fc.nat(8), number), { maxLength: 3 }).map((all) => settingsOf(...all)) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(0, ACK), id)
      .map(([flags, id]) => frameOf(FrameType.PING, flags, id, Buffer.alloc(8))),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(id, fc.nat(14))
      .map(([last, code]) => frameOf(FrameType.GOAWAY, 0, 0, Buffer.from([0, 0, 0, last, 0, 0, 0, code]))),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.nat(20), flags, id, someBytes)
      .map(([type, flags, id, bytes]) => frameOf(type, flags, id, bytes)),
  },
  { weight: 1, arbitrary: someBytes.map((bytes) => Buffer.from(bytes)) }, // no frame at all
);
const fuzz = fc.record({
  pieces: fc.array(piece, { maxLength: 10 }),
  repeat: fc.constantFrom(1, 1, 1, 1, 50),
  /** In what portions the bytes leave. */
  cut: fc.oneof(fc.constant(1 << 20), fc.integer({ min: 1, max: 300 })),
  size: fc.constantFrom(5, 5, 5, 100_000),
  end: fc.constantFrom("answer", "answer", "reset", "close", "silence"),
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
const PROBE = Buffer.from("inSync?!");
/** Whether the connection still understands what is said. */
async function inSync(peer: FramePeer): Promise<boolean> {
  const answers = () => peer.frames.some(({ type, payload }) => type === FrameType.PING && payload.equals(PROBE));
  peer.send(frameOf(FrameType.PING, 0, 0, PROBE));
  let turns = 0;
  // A frame that was begun and never ends leaves the probe inside of it: that is silence, and for PING and deadlines to end.
  await until(() => answers() || peer.socket.destroyed || ++turns > 300);
  return answers();
}

test("any frames end at most a connection, and each call once", async () => {
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
      const portion = Math.max(cut, Math.ceil(bytes.length / 500)); // a turn each
      for (let at = 0; at < bytes.length; at += portion) {
        peer.send(bytes.subarray(at, at + portion));
        if (portion < bytes.length) await new Promise((resolve) => setImmediate(resolve));
      }
      if (end === "close") peer.socket.end();
      const kept = end !== "close" && (await inSync(peer));
      const saidGoodbye = pieces.some((piece) => piece[3] === FrameType.GOAWAY || piece.length < 9);
      if (kept) {
        seen.kept++;
        peer.send(answerOf(BYSTANDER, frame(Buffer.from("you"))));
        const outcome = await bystander.outcome;
        if (!saidGoodbye) expect(outcome).toEqual({ message: "you" });
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
      await until(
        () =>
          upstream.peers.some((peer) => lastOpened(peer) > BYSTANDER) ||
          upstream.peers.length > 1 ||
          third.outcomes.length > 0,
      );
      if (upstream.peers.length > 1) {
        const fresh = upstream.peers[1] as FramePeer;
        await fresh.next(FrameType.HEADERS);
        fresh.send(answerOf(1, frame(Buffer.from("there"))));
      } else peer.send(answerOf(lastOpened(peer), frame(Buffer.from("there"))));
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

function lastOpened(peer: FramePeer): number {
  return Math.max(0, ...peer.frames.flatMap(({ type, stream }) => (type === FrameType.HEADERS ? [stream] : [])));
}

// Holds docs/runtime.md#upstream-connections

import fc from "fast-check";
import { expect, test } from "vitest";
import { Flag, FrameType, Setting } from "../../http2/frames.ts";
import {
  type Frame,
  type FramePeer,
  FrameUpstream,
  frameOf,
  GRPC_HEADERS,
  OK_TRAILERS,
  SETTINGS_ACK,
  settingsOf,
  wordOf,
} from "../../testing/frame-upstream.ts";
import { frame } from "../../wire/frame.ts";
import { GrpcClient } from "./grpc-client.ts";

const { DATA, HEADERS, SETTINGS, WINDOW_UPDATE, RST_STREAM, GOAWAY } = FrameType;
const WINDOW = 65_535;
const OURS = 1 << 20;

type Step =
  | { readonly kind: "initial"; readonly bytes: number }
  | { readonly kind: "connection"; readonly bytes: number }
  | { readonly kind: "stream"; readonly which: number; readonly bytes: number };
interface Script {
  readonly initial: number;
  readonly steps: readonly Step[];
  /** Of requests. */
  readonly sizes: readonly number[];
  /** Of answers: how large, in frames of what sizes, with how much padding. */
  readonly answers: readonly { readonly size: number; readonly cut: number; readonly padding: number }[];
}

const longer = (message: Buffer, more: number): Buffer =>
  Buffer.concat([message, Buffer.alloc(more, message.length > 0 ? message : "-")]);

/** The other end: it allows little by little, and finds fault with every byte that it has not allowed. */
class Miser {
  readonly #script: Script;
  #initial: number;
  /** What it will be when the other end has acknowledged it. */
  #smaller: number | undefined;
  #connection = WINDOW;
  readonly #windows = new Map<number, number>();
  readonly #bodies = new Map<number, Buffer[]>();
  /** What it may send. */
  #theirs = OURS;
  readonly #theirsOf = new Map<number, number>();
  readonly #answers = new Map<number, Buffer[]>();
  #peer: FramePeer | undefined;
  readonly faults: string[] = [];
  #step = 0;
  #requests = 0; // that have not been read to their end
  #acknowledged = true;

  constructor(script: Script) {
    this.#script = script;
    this.#initial = script.initial;
  }
  take(peer: FramePeer, { type, flags, stream, payload }: Frame): void {
    this.#peer = peer;
    if (type === SETTINGS && (flags & Flag.ACK) !== 0) {
      if (this.#smaller !== undefined) this.#change(this.#smaller);
      this.#smaller = undefined;
      this.#acknowledged = true;
    }
    if (type === WINDOW_UPDATE) {
      const bytes = payload.readUInt32BE();
      if (stream !== 0) this.#theirsOf.set(stream, (this.#theirsOf.get(stream) ?? 0) + bytes);
      else if (peer.frames.length > 2) this.#theirs += bytes; // the first is part of the preface
      this.#answer();
    }
    if (type === RST_STREAM || type === GOAWAY) this.faults.push(`type ${type}: ${payload.toString("hex")}`);
    if (type === HEADERS) {
      this.#windows.set(stream, this.#initial);
      this.#theirsOf.set(stream, OURS);
      this.#bodies.set(stream, []);
      this.#requests++;
    }
    if (type !== DATA) return;
    const window = (this.#windows.get(stream) ?? 0) - payload.length;
    this.#windows.set(stream, window);
    this.#connection -= payload.length;
    if (payload.length > 0 && window < 0) this.faults.push(`${-window} bytes too many on ${stream}`);
    if (this.#connection < 0) this.faults.push(`${-this.#connection} bytes too many`);
    this.#bodies.get(stream)?.push(payload);
    if ((flags & Flag.END_STREAM) !== 0) this.#ended(stream);
  }
  #change(initial: number): void {
    for (const [stream, window] of this.#windows) this.#windows.set(stream, window + initial - this.#initial);
    this.#initial = initial;
  }
  /** One thing more. */
  allow(): void {
    const peer = this.#peer;
    const step = this.#script.steps[this.#step % this.#script.steps.length];
    if (peer === undefined || step === undefined || !this.#acknowledged || this.#requests === 0) return;
    this.#step++;
    if (step.kind === "connection") {
      this.#connection += step.bytes;
      peer.send(wordOf(WINDOW_UPDATE, 0, step.bytes));
    } else if (step.kind === "stream") {
      const open = [...this.#windows.keys()];
      const stream = open[step.which % Math.max(1, open.length)];
      if (stream === undefined) return;
      this.#windows.set(stream, (this.#windows.get(stream) ?? 0) + step.bytes);
      peer.send(wordOf(WINDOW_UPDATE, stream, step.bytes));
    } else {
      this.#acknowledged = false;
      if (step.bytes > this.#initial) this.#change(step.bytes);
      else this.#smaller = step.bytes;
      peer.send(settingsOf([Setting.INITIAL_WINDOW_SIZE, step.bytes]));
    }
  }
  /** Answers with the request's bytes, repeated or cut to size. */
  #ended(stream: number): void {
    this.#requests--;
    const request = Buffer.concat(this.#bodies.get(stream) ?? []).subarray(5);
    const { size, cut, padding } = this.#script.answers[((stream - 1) / 2) % this.#script.answers.length] ?? {
      size: 0,
      cut: 1,
      padding: 0,
    };
    const framed = frame(longer(request, size));
    const frames: Buffer[] = [];
    for (let at = 0; at < framed.length; at += cut) {
      const piece = Buffer.concat([Buffer.from([padding]), framed.subarray(at, at + cut), Buffer.alloc(padding)]);
      frames.push(frameOf(DATA, Flag.PADDED, stream, piece));
    }
    this.#answers.set(stream, frames);
    this.#peer?.send(frameOf(HEADERS, Flag.END_HEADERS, stream, GRPC_HEADERS));
    this.#answer();
  }
  #answer(): void {
    for (const [stream, frames] of this.#answers) {
      for (let next = frames[0]; next !== undefined; next = frames[0]) {
        const bytes = next.length - 9;
        const window = this.#theirsOf.get(stream) ?? 0;
        if (bytes > window || bytes > this.#theirs) break;
        this.#theirs -= bytes;
        this.#theirsOf.set(stream, window - bytes);
        this.#peer?.send(next);
        frames.shift();
      }
      if (frames.length > 0) continue;
      this.#answers.delete(stream);
      this.#peer?.send(frameOf(HEADERS, Flag.END_HEADERS | Flag.END_STREAM, stream, OK_TRAILERS));
    }
  }
}

const bytes = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 30_000 }));
const script: fc.Arbitrary<Script> = fc.record({
  initial: fc.oneof(fc.constant(0), bytes),
  steps: fc
    .array(
      fc.oneof(
        bytes.map((bytes) => ({ kind: "initial", bytes }) as const),
        bytes.map((bytes) => ({ kind: "connection", bytes }) as const),
        fc.record({ kind: fc.constant("stream" as const), which: fc.nat(7), bytes }),
      ),
      { maxLength: 8 },
    )
    // Enough that it comes to an end.
    .map((steps) => [
      ...steps,
      ...[0, 1, 2, 3, 4].map((which) => ({ kind: "stream", which, bytes: 20_000 }) as const),
      { kind: "connection", bytes: 40_000 } as const,
    ]),
  sizes: fc.array(fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 200_000 })), {
    minLength: 1,
    maxLength: 5,
  }),
  answers: fc.array(
    fc.record({
      size: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 1_500_000 })),
      cut: fc.oneof(fc.constant(16_000), fc.integer({ min: 300, max: 16_000 })),
      padding: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 })),
    }),
    { minLength: 1, maxLength: 5 },
  ),
});

test("every byte arrives under every window, and none is sent beyond it", async () => {
  let stalls = 0;
  await fc.assert(
    fc.asyncProperty(script, async (script) => {
      const miser = new Miser(script);
      const upstream = await new FrameUpstream(
        (peer, frame) => miser.take(peer, frame),
        Buffer.concat([settingsOf([Setting.INITIAL_WINDOW_SIZE, script.initial]), SETTINGS_ACK]),
      ).start();
      const client = new GrpcClient(upstream.url, { http2: "own" });
      let open = script.sizes.length;
      const ends = script.sizes.map(
        (size, i) =>
          new Promise<void>((resolve, reject) => {
            const message = Buffer.alloc(size, `${i}: some text `);
            const { size: more } = script.answers[i % script.answers.length] ?? { size: 0 };
            client.send("/a.B/C", frame(message), Number.POSITIVE_INFINITY, undefined, 1, {
              replied: (reply) => {
                open--;
                const expected = longer(message, more);
                if (Buffer.compare(reply, expected) === 0) resolve();
                else reject(new Error(`${reply.length} other bytes than ${expected.length}`));
              },
              faulted: (fault) => {
                open--;
                reject(new Error(`${fault.message}; ${miser.faults}`));
              },
            });
          }),
      );
      const all = Promise.allSettled(ends);
      while (open > 0) {
        miser.allow();
        stalls++;
        await new Promise((resolve) => setImmediate(resolve));
      }
      const failed = (await all).filter(({ status }) => status === "rejected");
      await upstream.stop();
      await client.close();
      expect(miser.faults).toEqual([]);
      expect(failed).toEqual([]);
    }),
    { numRuns: Number(process.env.FLOW_RUNS ?? 60) },
  );
  expect(stalls).toBeGreaterThan(60);
}, 120_000);

// Holds docs/runtime.md#topics
import { expect, test } from "vitest";
import { systemClock } from "../clock.ts";
import { JetStreamLog } from "./jetstream-log.ts";
import type { Nats } from "./nats.ts";

test("items dropped between two reads of one page are reported as missed", async () => {
  let kept = [1, 2, 3, 4, 5, 6];
  const reads: number[] = [];
  const getMessage = async (_stream: string, { seq }: { seq: number }) => {
    reads.push(seq);
    if (reads.length === 3) kept = [5, 6]; // 3 is read next, and 2 has been
    const at = kept.find((place) => place >= seq);
    return at === undefined ? null : { seq: at, subject: "runs.a.events", data: Buffer.from(String(at)) };
  };
  const nats = { clock: systemClock, link: { jsm: { direct: { getMessage } } } } as unknown as Nats;
  const decode = (bytes: Uint8Array): number => Number(Buffer.from(bytes).toString());
  const log = new JetStreamLog(nats, { name: "run", subject: "runs.{key}.events", jetstream: "RUNS", decode });
  const happened: unknown[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const source = log.read("a", undefined, {
    accepted() {},
    at() {},
    entry({ item }) {
      happened.push(item);
      if (happened.length < 5) source.next();
      else resolve();
    },
    dry: () => happened.push("dry"),
    lost() {
      happened.push("lost");
      resolve();
    },
    ended: () => happened.push("ended"),
    failed: (failure) => happened.push(failure),
  });
  source.next();
  await promise;
  expect(happened).toEqual([1, "lost"]);
});

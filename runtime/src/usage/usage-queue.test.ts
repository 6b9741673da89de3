// Holds docs/runtime.md#usage-events
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { FakeClock, idle } from "../testing/fake-clock.ts";
import { Usage } from "./usage.ts";
import { MAX_TEXT_CHARACTERS, type UsageEvent, usageJson } from "./usage-event.ts";
import { UsageFile } from "./usage-file.ts";
import { type StoredUsage, UsageQueue, type UsageTarget } from "./usage-queue.ts";

const event = (init: Partial<UsageEvent> = {}): UsageEvent => ({
  time: new Date(0),
  id: "1",
  rpc: "a.v1.A/Get",
  requestId: "r-1",
  source: "user",
  charged: { "a.v1/user": 3 },
  field: {},
  ...init,
});
const stored = (id: number): StoredUsage => ({ id: String(id), subject: "", text: `{"id":"${id}"}` });

/** A destination that fails as often as a test wants. */
class Target implements UsageTarget {
  readonly texts: string[] = [];
  failures = 0;
  /** Ids that it refuses once. */
  readonly refused = new Set<string>();
  hangs = false;
  closed = false;
  async store(events: readonly StoredUsage[]): Promise<readonly StoredUsage[]> {
    if (this.hangs) await new Promise(() => {});
    if (this.failures-- > 0) throw new Error("away");
    const failed = events.filter(({ id }) => this.refused.delete(id));
    this.texts.push(...events.filter((event) => !failed.includes(event)).map(({ id }) => id));
    return failed;
  }
  async close(): Promise<void> {
    this.closed = true;
  }
}
function queue(most?: number) {
  const [target, clock, faults] = [new Target(), new FakeClock(), [] as string[]];
  const events = new UsageQueue(target, { clock, most, fault: (message) => faults.push(message) });
  return { target, clock, faults, events };
}

describe("the queue of usage events", () => {
  test("events wait in order while their destination fails, and are tried again each second", async () => {
    const { target, clock, faults, events } = queue();
    target.failures = 2;
    for (let id = 0; id < 600; id++) events.add(stored(id));
    await idle();
    await clock.advance(1_000);
    expect(target.texts).toEqual([]);
    await clock.advance(1_000);
    expect(target.texts).toEqual(Array.from({ length: 600 }, (_, id) => String(id)));
    expect(new Set(faults)).toEqual(
      new Set(["usage events cannot be stored; they wait, and are tried again and again"]),
    );
    expect(events.lost).toBe(0);
    expect(clock.running).toBe(0);
  });
  test("a refused event is tried again alone", async () => {
    const { target, clock, events } = queue();
    target.refused.add("1");
    for (let id = 0; id < 3; id++) events.add(stored(id));
    await idle();
    expect(target.texts).toEqual(["0", "2"]);
    await clock.advance(1_000);
    expect(target.texts).toEqual(["0", "2", "1"]);
  });
  test("more events than may wait are lost and counted, those on their way included", async () => {
    const { target, faults, events } = queue(10);
    target.hangs = true;
    for (let id = 0; id < 4; id++) events.add(stored(id));
    await idle();
    for (let id = 4; id < 15; id++) events.add(stored(id));
    expect(events.lost).toBe(5);
    expect(faults).toEqual(["usage events are lost: too many wait"]);
  });
  test("the end stores what waits at once, and counts the rest as lost when its time is over", async () => {
    const { target, events } = queue();
    target.failures = 1;
    events.add(stored(1));
    await idle();
    await events.close(1_000);
    expect([target.texts, target.closed, events.lost]).toEqual([["1"], true, 0]);
    const late = queue();
    late.target.hangs = true;
    late.events.add(stored(1));
    await idle();
    const closing = late.events.close(1_000);
    await late.clock.advance(1_000);
    await closing;
    expect([late.events.lost, late.target.closed]).toEqual([1, true]);
    late.events.add(stored(2));
    expect(late.events.lost).toBe(2);
  });
});

test("the file has a line per event, and a torn line does not harm the next one", async () => {
  const folder = mkdtempSync(join(tmpdir(), "usage-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "usage.jsonl");
  const file = new UsageFile(path);
  await file.store([stored(1), stored(2)]);
  rmSync(path);
  const away = new UsageFile(join(folder, "none", "usage.jsonl"));
  await expect(away.store([stored(1)])).rejects.toThrow("ENOENT");
  await file.store([stored(3)]);
  expect(readFileSync(path, "utf8")).toBe('{"id":"3"}\n');
});

test("events are JSON: numbers are exact, texts are bounded, and values that are absent are left out", () => {
  const field = { tenant: "x".repeat(5_000), large: 2n ** 60n, small: 7n, share: 0.5, paid: true };
  expect(JSON.parse(usageJson(event({ requestId: undefined, field })))).toEqual({
    time: "1970-01-01T00:00:00.000Z",
    id: "1",
    rpc: "a.v1.A/Get",
    source: "user",
    charged: { "a.v1/user": 3 },
    field: { tenant: "x".repeat(MAX_TEXT_CHARACTERS), large: "1152921504606846976", small: 7, share: 0.5, paid: true },
  });
});

test("events with a subject go to the stream, or to the file without one", async () => {
  const [stream, file] = [queue(), queue()];
  const both = new Usage({ stream: stream.events, file: file.events });
  both.record(event(), "usage.a");
  both.record(event({ id: "2" }), undefined);
  new Usage({ file: file.events }).record(event({ id: "3" }), "usage.a");
  new Usage({}).record(event({ id: "4" }), undefined);
  await idle();
  expect([stream.target.texts, file.target.texts]).toEqual([["1"], ["2", "3"]]);
});

import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { LivePages, Upstreams } from "./live.ts";
import { Recorder } from "./recorder.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A page that reads the stream, or does not. */
class Response extends EventEmitter {
  readonly written: string[] = [];
  writableNeedDrain = false;
  destroyed = false;
  writeHead(): void {}
  write(text: string): void {
    this.written.push(text);
  }
  end(): void {
    this.emit("close");
  }
  destroy(): void {
    this.destroyed = true;
    this.emit("close");
  }
}

function open() {
  let taken = 0;
  const recorder = new Recorder();
  const pages = new LivePages(recorder, () => ({
    upstreams: [],
    mocks: [{ name: "a", service: "a", behaviour: `${taken}` }],
  }));
  const response = new Response();
  pages.add(response as unknown as ServerResponse);
  const change = () => {
    taken++;
  };
  return { recorder, pages, response, change };
}

it("events are sent once, with occasional keep-alives", () => {
  const { recorder, response, change } = open();
  expect(response.written).toHaveLength(1);
  vi.advanceTimersByTime(5_000);
  expect(response.written).toHaveLength(1);
  change();
  recorder.responseStart({ request: {}, method: "a.S/M", startedAt: 0, header: () => "a\n\nb" });
  vi.advanceTimersByTime(500);
  expect(response.written).toHaveLength(2);
  expect(response.written[1]).toMatch(/^data: \{.*\}\n\n$/); // one line, whatever is in it
  vi.advanceTimersByTime(10_000);
  expect(response.written.slice(2)).toEqual([":\n\n"]);
});

it("no events are queued for a page that does not read, and its connection is closed finally", () => {
  const { pages, response, change } = open();
  response.writableNeedDrain = true;
  for (let i = 0; i < 39; i++) {
    change();
    vi.advanceTimersByTime(500);
  }
  expect([response.written.length, response.destroyed]).toEqual([1, false]);
  vi.advanceTimersByTime(500);
  expect([response.written.length, response.destroyed, pages.hasRoom]).toEqual([1, true, true]);
  expect(vi.getTimerCount()).toBe(0); // nobody looks, and nothing runs
});

it("a slow page continues to receive events", () => {
  const { response, change } = open();
  response.writableNeedDrain = true;
  change();
  vi.advanceTimersByTime(10_000);
  response.writableNeedDrain = false;
  vi.advanceTimersByTime(500);
  expect(response.written).toHaveLength(2);
});

it("a breaker is shown with the time since its change, and an unlimited limit without a bound", () => {
  let now = 1_000;
  const upstreams = new Upstreams(() => now);
  upstreams.upstream({
    service: "a.S",
    state: () => ({
      breakers: [
        { state: "open", probesInMs: 2_300 },
        { method: "a.S/M", state: "closed" },
      ],
      limits: [{ taken: 1, most: Number.POSITIVE_INFINITY, waiting: 0 }],
      streams: [{ taken: 3, most: 1_000, waiting: 0 }],
      addresses: [],
      methods: [],
    }),
  });
  upstreams.breaker({ service: "a.S", from: "closed", to: "open", at: 1_000 });
  now = 3_700;
  expect(upstreams.shown()).toEqual([
    {
      service: "a.S",
      branch: undefined,
      breakers: [
        { method: undefined, state: "open", forMs: 2_000, probesInMs: 3_000 },
        { method: "a.S/M", state: "closed", forMs: undefined },
      ],
      limits: [{ method: undefined, taken: 1, most: null, waiting: 0 }],
      streams: [{ method: undefined, taken: 3, most: 1_000 }],
      addresses: [],
    },
  ]);
});

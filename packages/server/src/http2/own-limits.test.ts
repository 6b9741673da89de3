import { ErrorCode } from "@protobff/runtime/internal/http2";
import { expect, test, vi } from "vitest";
import { FaultThrottle } from "../logs/recurrent-faults.ts";
import { ConnectionBytes, type ConnectionHold } from "../requests/connection-bytes.ts";
import { ResetBudget } from "./reset-budget.ts";
import { StreamNumbers } from "./stream-numbers.ts";

class Connection implements ConnectionHold {
  heldBytes = 0;
  calmed = 0;
  readonly #bytes: () => ConnectionBytes;
  constructor(bytes: () => ConnectionBytes) {
    this.#bytes = bytes;
  }
  calm(): void {
    this.calmed++;
    this.#bytes().set(this, 0);
  }
}

test("a connection above its share ends; if the total is exceeded, the largest connection ends", () => {
  const all: Connection[] = [];
  const bytes: ConnectionBytes = new ConnectionBytes(all, { all: 800, perConnection: 300 });
  for (let i = 0; i < 10; i++) all.push(new Connection(() => bytes));
  const [first, ...others] = all as [Connection, ...Connection[]];
  bytes.set(first, 301);
  expect([first.calmed, bytes.bytes]).toEqual([1, 0]);
  bytes.set(first, 250);
  for (const other of others) bytes.set(other, 61);
  expect(bytes.bytes).toBe(799);
  bytes.set(others[0] as Connection, 63);
  expect([first.calmed, ...others.map(({ calmed }) => calmed)]).toEqual([2, ...others.map(() => 0)]);
  expect(bytes.bytes).toBe(551);
});

test("frames of closed streams are errors only if they cannot have crossed the end", () => {
  const over = new StreamNumbers();
  for (const id of [1, 3, 11]) over.opened(id);
  over.theirs(1);
  over.ours(3);
  expect([1, 3, 5, 9, 11].map((id) => over.wrong(id))).toEqual([
    ErrorCode.STREAM_CLOSED,
    undefined,
    ErrorCode.PROTOCOL_ERROR,
    ErrorCode.PROTOCOL_ERROR,
    undefined,
  ]);
  over.opened(13);
  over.theirReset(13); // of the stream alone
  expect([over.wrong(13), over.isTheirReset(13), over.isTheirReset(1), over.isTheirReset(3)]).toEqual([
    ...[undefined, true, false, false],
  ]);
  over.ours(13);
  expect(over.isTheirReset(13)).toBe(false);
  for (let id = 13; id < 2_000; id += 2) over.theirs(id);
  expect(over.wrong(13)).toBeUndefined(); // forgotten
});

test("resets have a budget, which time and answers refill", () => {
  let at = 1_000;
  const now = vi.spyOn(performance, "now").mockImplementation(() => at);
  const budget = new ResetBudget();
  for (let i = 0; i < 200; i++) expect(budget.reset()).toBe(false);
  expect(budget.reset()).toBe(true);
  budget.answered();
  budget.answered();
  expect(budget.reset()).toBe(false);
  at += 20; // two more
  expect([budget.reset(), budget.reset(), budget.reset()]).toEqual([false, false, true]);
  now.mockRestore();
});

test("faults caused by clients are reported once a minute, with their count", () => {
  let at = 0;
  const now = vi.spyOn(performance, "now").mockImplementation(() => at);
  const lines: string[] = [];
  const throttle = new FaultThrottle((what) => lines.push(what));
  for (let i = 0; i < 5; i++) throttle.report("closed it");
  at += 60_000;
  throttle.report("closed it");
  expect(lines).toEqual(["closed it", "closed it, as were 4 since the last report"]);
  now.mockRestore();
});

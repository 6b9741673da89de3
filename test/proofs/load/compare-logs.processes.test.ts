import { Failure } from "@protobff/runtime";
import { describe, expect, it } from "vitest";
import type { Attempt } from "./bff.ts";
import { compareLogs, logged, type Made, summary } from "./load.ts";

const method = "up.v1.Up/A";
const bytes = Uint8Array.of(1, 2);
const made = (change: Partial<Made> = {}): Made => ({
  requestId: "r1",
  service: "up.v1.Up",
  method,
  message: bytes,
  startedAt: 0,
  endedAt: 1,
  attempts: 1,
  outcome: { ok: true, message: Uint8Array.of(3) },
  ...change,
});
const attempt = (change: Partial<Attempt> = {}): Attempt => ({
  method,
  request: bytes,
  requestId: "r1",
  response: Uint8Array.of(3),
  ...change,
});
const failed: Made["outcome"] = {
  ok: false,
  failure: new Failure({ code: 14, reason: 2, callee: "up.v1.Up", message: "", clientCode: 14 }),
};

describe("the logs of the runtime and the upstreams", () => {
  it("agree if attempts are lost on the way or ids are not passed on", () => {
    expect(compareLogs([made()], [attempt()])).toEqual([]);
    expect(compareLogs([made({ attempts: 3 })], [attempt({ response: undefined }), attempt()])).toEqual([]);
    expect(compareLogs([made()], [attempt({ requestId: "" })])).toEqual([]);
    expect(compareLogs([made({ outcome: failed, attempts: 0 })], [])).toEqual([]);
  });

  it("differ if a call, a body, an id or an outcome differs", () => {
    expect(compareLogs([], [attempt()])).toHaveLength(2);
    expect(compareLogs([made()], [attempt(), attempt({ response: undefined })])).toHaveLength(2);
    expect(compareLogs([made()], [attempt({ requestId: "r2" })])).toHaveLength(1);
    expect(compareLogs([made()], [attempt({ response: Uint8Array.of(4) })])).toHaveLength(1);
    expect(compareLogs([made({ outcome: failed, attempts: 1 })], [attempt(), attempt()])).toHaveLength(2);
    const init = { code: 14, callee: "up.v1.Up", message: "", clientCode: 14 } as const;
    const unknown = new Failure({ ...init, reason: 9 as never });
    expect(compareLogs([made({ outcome: { ok: false, failure: unknown }, attempts: 0 })], [])).toHaveLength(1);
  });
});

it("a call is late if it ends after the first waiting caller may have left", () => {
  const cancelled: Made["outcome"] = {
    ok: false,
    failure: new Failure({ code: 1, reason: 1, callee: "", message: "", clientCode: 1 }),
  };
  const late = (change: Partial<Made>) => logged(made(change))?.late;
  for (const outcome of [made().outcome, failed, cancelled]) {
    expect(late({ outcome, endedAt: 100 })).toBe(false);
    expect(late({ outcome, endedAt: 287 })).toBe(true);
  }
});

it("faults are counted by kind", () => {
  const fault = (number: number) =>
    `load-${number} Get {}\n  up.v1.Up/A {} → {}\nanswer.list[${number}].s: expected "a", got "b"`;
  expect(summary([fault(1), fault(2)], 1)).toBe(`2 × Get: answer.list[].s: expected …, got …\n\n${fault(1)}`);
  expect(summary([])).toBe("");
});

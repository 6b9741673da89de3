// What a soak takes for broken.
import { describe, expect, test } from "vitest";
import type { Held } from "./probe.ts";
import { described, rowsOf, type Sample, type SoakReport } from "./report.ts";

const MIB = 1 << 20;

/** At rest after `round`; what grows, grows evenly. */
function sample(round: number, held: Partial<Held> = {}, more: Partial<Sample> = {}): Sample {
  const all = {
    handles: { TCPServerWrap: 1, TCPSocketWrap: 13 },
    listeners: 69,
    objects: { EventEmitter: 130, Promise: 300 },
    heapBytes: 20 * MIB,
    bufferBytes: MIB / 2,
  };
  return { requests: 10_000 * round, held: { ...all, ...held }, streams: 0, sessions: 13, ...more };
}
function report(sampleOf: (round: number) => Sample, more: Partial<SoakReport> = {}): SoakReport {
  const samples = Array.from({ length: 9 }, (_, i) => sampleOf(i + 1));
  const tally = { requests: 90_000, answers: 50_000, degraded: 20_000, statuses: { Internal: 20_000 } };
  return { ...tally, calls: 500_000, faults: { hang: 7 }, services: 13, samples, exit: "0", ...more };
}
const broken = (of: SoakReport) => rowsOf(of).flatMap(({ what, ok }) => (ok ? [] : what.replace(/,.*/, "")));

describe("a soak", () => {
  test("passes if every value is back at the start, and heap noise is no growth", () => {
    const noisy = report((round) => sample(round, { heapBytes: 20 * MIB + (round % 3) * 400_000 }));
    expect(broken(noisy)).toEqual([]);
    expect(described(noisy, 60)).toContain(
      "90000 requests in 60 s: 50000 answered whole, 20000 degraded; 20000 Internal",
    );
  });
  test.each<[string, (round: number) => Sample]>([
    ["handles: TCPSocketWrap", (round) => sample(round, { handles: { TCPServerWrap: 1, TCPSocketWrap: 12 + round } })],
    ["handles: Immediate", (round) => sample(round, round < 9 ? {} : { handles: { TCPServerWrap: 1, Immediate: 1 } })],
    ["listeners", (round) => sample(round, { listeners: 69 + round })],
    ["living objects: Promise", (round) => sample(round, { objects: { EventEmitter: 130, Promise: 300 * round } })],
    ["connections to upstreams", (round) => sample(round, {}, { sessions: 12 + round })],
    ["calls at upstreams", (round) => sample(round, {}, { streams: round - 1 })],
    // 1.5 MiB per 100,000 requests
    ["heap", (round) => sample(round, { heapBytes: 20 * MIB + round * 0.15 * MIB })],
    ["buffers", (round) => sample(round, { bufferBytes: round * 0.15 * MIB })],
  ])("fails with more %s", (what, sampleOf) => {
    expect(broken(report(sampleOf))).toEqual([what]);
    expect(described(report(sampleOf), 60)).toContain("BROKEN");
  });
  test("fails if the process ends differently, answers too little or has too few samples", () => {
    expect(broken(report(sample, { exit: "1 by itself\nError: no" }))).toEqual(["exit code"]);
    expect(broken(report(sample, { answers: 100, degraded: 100 }))).toEqual(["answered"]);
    expect(broken(report(sample, { samples: [sample(1), sample(2)] }))).toEqual(["samples"]);
  });
});

// Holds docs/cli.md#mirror
import { once } from "node:events";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { run } from "../testing/run.ts";
import { readMetrics } from "./read-metrics.ts";
import { isNoise, verdictsOf } from "./verdict.ts";

const of = 'rpc_method="a.v1.A/Get",upstream="a.v1.A",branch="next"';
const outcomes = (counts: Readonly<Record<string, number>>, name = "bff_mirror_total") =>
  Object.entries(counts).map(([outcome, count]) => `${name}{${of},outcome="${outcome}"} ${count}\n`);
const differs = (path: string, mirror: number, control: number) =>
  [`mirror"} ${mirror}\n`, `control"} ${control}\n`].map(
    (end) => `bff_mirror_differs_total{${of},path="${path}",pair="${end}`,
  );
const verdict = (lines: readonly string[], conditions = { min: 1 }) =>
  verdictsOf(readMetrics(lines.join("")), conditions)[0];

describe("the verdict on a mirror", () => {
  test("adds up the samples of all servers", () => {
    const found = verdict([...outcomes({ same: 10, differs: 1 }), ...outcomes({ same: 20, failed: 1 })]);
    expect(found?.counts).toEqual({ same: 30, differs: 1, failed: 1, dropped: 0, copied: 0 });
  });
  test("counts differences beyond those of the address that serves", () => {
    const found = verdict([
      ...outcomes({ same: 900, differs: 100 }),
      ...outcomes({ same: 45, differs: 5 }, "bff_mirror_control_total"),
      ...differs("clock", 100, 5),
      ...differs('by_name[*].a\\"b', 3, 0),
    ]);
    expect(found?.paths.map(({ path, noise }) => [path, noise])).toEqual([
      ["Get clock", true],
      ['Get by_name[*].a"b', false],
    ]);
    expect(found?.problems).toEqual(['answers differ at Get by_name[*].a"b']);
  });
  test("needs enough calls, answers, and a p99 within the factor", () => {
    const buckets = (side: string, counts: readonly number[]) =>
      ["0.005", "0.01", "+Inf"].map(
        (le, i) => `bff_mirror_duration_seconds_bucket{${of},side="${side}",le="${le}"} ${counts[i]}\n`,
      );
    const lines = [
      ...outcomes({ same: 998, failed: 2 }),
      ...buckets("served", [1000, 1000, 1000]),
      ...buckets("mirror", [900, 1000, 1000]),
    ];
    const found = verdictsOf(readMetrics(lines.join("")), { min: 1000, maxP99: 1.5 })[0];
    expect(found?.p99).toEqual({ served: expect.closeTo(4.95), mirror: expect.closeTo(9.5) });
    expect(found?.problems).toEqual([
      "998 of the 1000 calls are compared",
      "2 copies had no answer",
      "its p99 of 10 ms is above 1.5 times 5 ms",
    ]);
  });
  test("noise follows the thresholds of Diffy", () => {
    // Diffy: a path is reported if its relative and its absolute difference exceed both thresholds.
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(share, share, (mirror, control) => {
        const relative = (100 * Math.abs(mirror - control)) / (mirror + control);
        const isReported = mirror > control && relative > 20 && 100 * (mirror - control) > 0.03;
        expect(isNoise(mirror, control)).toBe(control > 0 && !isReported);
      }),
    );
  });
});

test("dropped copies have their reasons, with what to change", async () => {
  const dropped = (reason: string, count: number) => `bff_mirror_dropped_total{${of},reason="${reason}"} ${count}\n`;
  const text = [...outcomes({ same: 2, dropped: 590 }), dropped("busy", 512), dropped("breaker", 78)].join("");
  const server = http.createServer((_, response) => response.end(text)).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const { stdout } = await run(["mirror", `http://127.0.0.1:${port}`, "--min", "1"], ".");
  expect(stdout.split("\n").slice(0, 3)).toEqual([
    "a.v1.A mirrored to next: 2 compared, 0 differ, 0 failed, 590 dropped",
    "  512 dropped, 10 copies of a process were in flight: lower `share` of the branch, or give the mirror more capacity",
    "  78 dropped, the mirror's breaker was open: make its calls succeed, or change `breaker` of the upstream",
  ]);
});

test("a server that cannot be read is a refusal, and so is one without mirrors", async () => {
  expect(await run(["mirror", "http://127.0.0.1:1"], ".")).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/^the metrics of http:\/\/127\.0\.0\.1:1\/metrics cannot be read: /),
  });
  expect(await run(["mirror", "nowhere"], ".")).toMatchObject({ exitCode: 2 });
  expect(await run(["mirror", "http://127.0.0.1:1", "--min", "x"], ".")).toMatchObject({ exitCode: 2 });
});

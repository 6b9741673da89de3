// The parts of the benchmark that decide what counts: figures are only worth something when these are right.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HomeSchema, HomeService } from "../../../bench/generated/bench/parts/v1/parts_pb.ts";
import { barChart } from "../../../bench/report/bar-chart.ts";
import { idsCost } from "../../../bench/rig/fresh-ids.ts";
import { openLoop } from "../../../bench/rig/open-loop.ts";
import type { PathCounters } from "../../../bench/rig/probe.ts";
import { startServer } from "../../../bench/rig/server-process.ts";
import { median, percentile } from "../../../bench/rig/statistics.ts";
import { items, profile, settings } from "../../../bench/rig/upstream-data.ts";
import { home, unless, unlessWithout } from "../../../bench/scenarios/answers.ts";
import { closedLoops } from "../../../bench/scenarios/closed-loops.ts";

describe("a server under measurement", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "protobff-test-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const script = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const UNTIL_SIGTERM = 'setInterval(() => {}, 1000); process.once("SIGTERM", () => process.exit(0));\n';

  test("reports its usage, and the counts of its fast paths when it stops", async () => {
    const entry = script(
      "counting.mjs",
      `import { channel } from "node:diagnostics_channel";
       channel("protobff.listening").publish({ requests: { fast: 2, all: 3 } });
       console.log("listening on http://127.0.0.1:1");
       ${UNTIL_SIGTERM}`,
    );
    const server = await startServer({ entry });
    expect(server.url).toBe("http://127.0.0.1:1");
    const first = await server.usage();
    const second = await server.collect();
    expect(first.cpuMicros).toBeGreaterThan(0);
    expect(second.cpuMicros).toBeGreaterThanOrEqual(first.cpuMicros);
    expect(second.maxRssBytes).toBeGreaterThan(10 << 20);
    expect(await server.stop()).toEqual({ requests: { fast: 2, all: 3 } });
  });

  test("reports its allocations between two measurements, collected or not", async () => {
    const entry = script(
      "allocating.mjs",
      // One object for each call: those of a loop, which is unrolled, would be allocated four at a time.
      `const list = (length) => (length === 0 ? undefined : { length, next: list(length - 1) });
       process.on("message", (question) => {
         if (question === "usage") for (let i = 0; i < 10_000; i++) globalThis.kept = list(10);
       });
       console.log("listening on http://127.0.0.1:1");
       ${UNTIL_SIGTERM}`,
    );
    const server = await startServer({ entry });
    const OBJECTS = 100_000;
    const TIMES = 20;
    expect(await server.garbage()).toEqual({ heapBytes: 0, gcMicros: 0 });
    // The heap also changes by some hundred KB that V8 gives back or takes meanwhile.
    for (let time = 0; time < TIMES; time++) await server.usage();
    const { heapBytes, gcMicros } = await server.garbage();
    // 24 bytes of every object, and two fields
    expect(heapBytes / OBJECTS / TIMES).toBeGreaterThan(39);
    expect(heapBytes / OBJECTS / TIMES).toBeLessThan(60);
    expect(gcMicros).toBeGreaterThan(0);
    await server.countAllocations();
    await server.usage();
    const objects = (await server.allocations()) / OBJECTS;
    expect(objects).toBeGreaterThan(0.99);
    expect(objects).toBeLessThan(1.2);
    await server.stop();
  });

  test("reports no counts if it has no counters", async () => {
    const entry = script("silent.mjs", `console.log("listening on http://127.0.0.1:1"); ${UNTIL_SIGTERM}`);
    expect(await (await startServer({ entry })).stop()).toEqual({});
  });

  test("rejects with its error if it cannot start", async () => {
    const entry = script("broken.mjs", 'throw new Error("no such upstream");');
    await expect(startServer({ entry })).rejects.toThrow(/ended with 1 before it listened[\s\S]*no such upstream/);
  });
});

describe("an open loop", () => {
  let server: http2.Http2Server;
  let origin: string;
  beforeAll(async () => {
    let count = 0;
    server = http2.createServer();
    server.on("stream", (stream) => {
      stream.on("error", () => {});
      stream.resume();
      count += 1;
      if (count % 4 === 0) return; // never answered
      const status = count % 4 === 1 ? "14" : "0";
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": status }));
      stream.respond({ ":status": 200 }, { waitForTrailers: true });
      stream.end(count % 4 === 2 ? "good" : "bad");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  test("counts each request once: by kind of answer, by status, or as late", async () => {
    const bodies: string[] = [];
    const { kinds, latenciesMs, lagsMs } = await openLoop(
      { origin, path: "/", headers: {}, body: Buffer.alloc(5) },
      {
        perSecond: 1_000,
        requests: 40,
        deadlineMs: 500,
        connections: 2,
        kindOf: (body) => {
          bodies.push(body.toString());
          return `<${body}>`;
        },
      },
    );
    expect(Object.fromEntries(kinds)).toEqual({ "<good>": 10, "<bad>": 10, "status 14": 10, late: 10 });
    expect(bodies.toSorted()).toEqual(["bad", "good"]);
    expect([latenciesMs.length, lagsMs.length]).toEqual([40, 40]);
    expect(latenciesMs).toEqual(latenciesMs.toSorted((a, b) => a - b));
    // A timer may fire a millisecond early.
    expect(latenciesMs.filter((ms) => ms >= 499).length).toBeGreaterThanOrEqual(10);
  });
});

describe("requests with ids", () => {
  const requestIds: string[] = [];
  const server = http2.createServer().on("stream", (stream, headers) => {
    requestIds.push(`${headers["x-request-id"]} ${headers.traceparent}`);
    stream.resume().once("end", () => {
      stream.respond({ ":status": 200 });
      stream.end(headers["x-user"] === "short" ? "four" : "five.");
    });
  });
  let origin = "";
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));
  const usage = { cpuMicros: 0, rssBytes: 0, maxRssBytes: 0 };
  const measured = {
    usage: async () => ({ ...usage, cpuMicros: requestIds.length }),
  } as unknown as Parameters<typeof idsCost>[0];
  const load = { connections: 2, streams: 3, requests: 40 };
  const measure = (user: string) => {
    const headers = { "x-request-id": "always the same", "x-user": user };
    return idsCost(measured, { origin, path: "/", headers, body: Buffer.alloc(5) }, load, 5, 0);
  };

  test("are each sent once: first the warm-up, then equal requests, then all others", async () => {
    expect(await measure("any")).toEqual({ same: 1, fresh: 1 });
    const [warmUp, same, fresh] = [requestIds.slice(0, 20), requestIds.slice(20, 60), requestIds.slice(60)];
    expect([warmUp, same, fresh].map((ids) => [ids.length, new Set(ids).size])).toEqual([
      [20, 20],
      [40, 1],
      [40, 40],
    ]);
    for (const ids of requestIds) expect(ids).toMatch(/^[0-9a-f]{32} 00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });

  test("are rejected if their answers are too short", async () => {
    await expect(measure("short")).rejects.toThrow("replies had 4 bytes on average, the checked one 5");
  });
});

describe("an answer", () => {
  const method = HomeService.method.getHome;
  const without = { path: "settings", upstream: "bench.up.v1.SettingsService" };

  test("is compared with the expected one", () => {
    expect(unless(home)(home(HomeSchema), method)).toBeUndefined();
    expect(unless(home)(create(HomeSchema, { profile, items }), method)).toContain("in place of");
  });

  test("without one part must have all other parts and an entry for the missing part", () => {
    const fault = unlessWithout("settings");
    expect(fault(create(HomeSchema, { profile, items, degraded: [without] }), method)).toBeUndefined();
    expect(fault(create(HomeSchema, { profile, items }), method)).toContain('says that ""');
    expect(fault(create(HomeSchema, { profile, degraded: [without] }), method)).toContain("in place of");
    expect(fault(create(HomeSchema, { profile, items, settings, degraded: [without] }), method)).toContain(
      "in place of",
    );
  });
});

test("a call of fanout on a slow path is a failure", () => {
  const fanout = closedLoops.find(({ name }) => name === "fanout")!;
  const failures = (fast_paths: PathCounters, calls = 3) =>
    fanout.failures?.([{ name: "protobff", upstream_calls_per_request: calls, fast_paths }]);
  expect(failures({ calls: { fast: 3, all: 3 } })).toEqual([]);
  expect(failures({ calls: { fast: 2, all: 3 } })).toEqual(["2 of 3 calls of protobff took the fast path"]);
  expect(failures({}, 4)).toEqual(["protobff makes 4 upstream calls per request in place of 3"]);
});

test("median and percentile return values of the list", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  expect([percentile(hundred, 0.5), percentile(hundred, 0.99), percentile(hundred, 1)]).toEqual([51, 100, 100]);
});

test("the width of a bar is proportional to its value", () => {
  const svg = barChart("a < b", [
    { label: "ours", value: 50, ours: true },
    { label: "theirs", value: 100, ours: false },
  ]);
  const widths = [...svg.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map(([, width]) => Number(width));
  expect(widths).toHaveLength(2);
  expect(widths[1]).toBeCloseTo(2 * (widths[0] ?? 0), 0);
  expect(svg).toContain("a &lt; b");
});

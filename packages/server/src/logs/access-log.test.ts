import { create } from "@bufbuild/protobuf";
import { DegradationSchema } from "@protobff/messages/bff/v1/degradation_pb.js";
import { Code, Failure, Reason } from "@protobff/runtime/internal/failure";
import type { RequestTelemetry, ResponseEvent } from "@protobff/runtime/internal/observer-requests";
import { FakeClock } from "@protobff/runtime/internal/testing/fake-clock";
import { describe, expect, it } from "vitest";
import { AccessLog, type AccessLogOptions } from "./access-log.ts";
import { type LineStream, LineWriter } from "./line-writer.ts";

/** Somebody who takes what is written when the test says so. */
class Reader implements LineStream {
  destroyed = false;
  readonly written: string[] = [];
  readonly #waiting: { readonly text: string; readonly done: (() => void) | undefined }[] = [];
  reads: boolean;

  constructor(reads = true) {
    this.reads = reads;
  }
  get writableLength(): number {
    return this.#waiting.reduce((sum, { text }) => sum + text.length, 0);
  }
  write(text: string, done?: () => void): boolean {
    this.#waiting.push({ text, done });
    if (this.reads) this.read();
    return this.reads;
  }
  read(): void {
    for (const { text, done } of this.#waiting.splice(0)) {
      this.written.push(text);
      done?.();
    }
  }
}

function rig(options: Partial<AccessLogOptions> = {}, reader = new Reader()) {
  const clock = new FakeClock();
  const writer = new LineWriter(reader, (count) => `lost ${count}\n`);
  const log = new AccessLog(writer, { share: 1, format: "text", clock, ...options });
  const headers: Record<string, string> = { "content-type": "application/json", "x-request-id": "r1" };
  const request = (more: Partial<ResponseEvent> = {}, telemetry?: RequestTelemetry, calls = 0): void => {
    const header = (name: string) => headers[name] ?? "";
    const about = { request: {}, header, method: "web.v1.Web/Get", startedAt: 0, telemetry };
    log.responseStart(about);
    for (let i = 0; i < calls; i++) log.callStart({ ...about, call: {}, service: "a.v1.A", method: "a.v1.A/Get" });
    log.response({ ...about, endedAt: 12.3456, outcome: { ok: true, degraded: [], failures: [] }, ...more });
    log.callStart({ ...about, call: {}, service: "a.v1.A", method: "a.v1.A/Get" });
  };
  const lines = async (): Promise<string[]> => {
    await log.flush(1_000);
    return reader.written.join("").split("\n").slice(0, -1);
  };
  return { clock, log, reader, headers, request: request, lines };
}
const NOT_FOUND = {
  code: Code.NOT_FOUND,
  reason: Reason.REJECTED,
  callee: "",
  message: "",
  clientCode: Code.NOT_FOUND,
};

describe("the line of a request", () => {
  it("the line has the request and its outcome", async () => {
    const { request, headers, lines } = rig();
    request(
      { source: "user", trace: { traceId: "4b".repeat(16), spanId: "00f067aa0ba902b7", onCall: () => ({}) } },
      undefined,
      4,
    );
    const degraded = [create(DegradationSchema, { path: "title" })];
    headers["content-type"] = "application/grpc+proto";
    headers["x-request-id"] = "";
    request({ outcome: { ok: true, degraded, failures: [] } }, undefined, 1);
    request({ outcome: { ok: false, failure: new Failure(NOT_FOUND) } });
    expect((await lines()).map((line) => line.replace(/^\S+Z /, ""))).toEqual([
      `web.v1.Web/Get OK 12.346 ms by connect, 4 calls, source user, request r1, trace ${"4b".repeat(16)}`,
      "web.v1.Web/Get OK 12.346 ms by grpc, 1 call, 1 degraded",
      "web.v1.Web/Get NOT_FOUND 12.346 ms by grpc, 0 calls",
    ]);
  });

  it("the line of a stream, written at its end, has the number of items and the reason of the end", async () => {
    const { request, headers, lines } = rig();
    headers["x-request-id"] = "";
    request({ stream: { openedAt: 0, items: 12, degraded: 2, end: "ended" } });
    const outcome = { ok: false, failure: new Failure(NOT_FOUND) } as const;
    request({ outcome, stream: { openedAt: 0, items: 1, degraded: 0, end: "failed" } });
    expect((await lines()).map((line) => line.replace(/^\S+Z /, ""))).toEqual([
      "web.v1.Web/Get OK 12.346 ms by connect, 0 calls, 2 degraded, 12 items, end ended",
      "web.v1.Web/Get NOT_FOUND 12.346 ms by connect, 0 calls, 1 item, end failed",
    ]);
  });

  it("the line is JSON if logs are JSON", async () => {
    const { request, headers, lines } = rig({ format: "json" });
    headers.traceparent = `00-${"4b".repeat(16)}-00f067aa0ba902b7-01`;
    request({ source: "user" }, undefined, 2);
    const [line = ""] = await lines();
    expect(JSON.parse(line)).toEqual({
      time: expect.stringMatching(/Z$/),
      event: "request",
      rpc: "web.v1.Web/Get",
      status: "OK",
      ms: 12.346,
      protocol: "connect",
      calls: 2,
      source: "user",
      request_id: "r1",
      trace_id: "4b".repeat(16),
    });
  });

  it.each([
    ["application/grpc-web+proto", "grpc-web"],
    ["application/grpc-web-text", "grpc-web"],
    ["application/grpc", "grpc"],
    ["application/connect+proto", "connect"],
    ["application/json", "connect"],
    ["", "connect"],
  ])("the protocol of %s is %s", async (type, protocol) => {
    const { request, headers, lines } = rig({ format: "json" });
    headers["content-type"] = type;
    request();
    expect(JSON.parse((await lines())[0] ?? "").protocol).toBe(protocol);
  });

  it("the line has the declared attributes, shortened to one line, and no other data of the caller", async () => {
    const value = `ann\n\u001b[31m${"x".repeat(1_000)}`;
    const telemetry: RequestTelemetry = {
      attributes: () => [
        ["principal.tenant", value],
        ["count", 7n],
        ["tags", Array.from({ length: 100 }, () => "a\nb")],
      ],
    };
    const { request, headers, lines } = rig({ format: "json" });
    headers.authorization = "Bearer secret";
    headers.cookie = "secret";
    const deprecated = { since: "1970-01-01", source: "user", subject: "secret", id: "secret" };
    request({ source: "user", deprecated }, telemetry);
    const [line = ""] = await lines();
    const { attributes } = JSON.parse(line);
    expect(attributes["principal.tenant"]).toMatch(/^ann \[31mx{400,}…$/);
    expect([attributes.count, attributes.tags.length, attributes.tags[0]]).toEqual(["7", 20, "a b"]);
    expect(line).not.toContain("secret");
    const text = rig();
    text.request({}, telemetry);
    const lined = await text.lines();
    expect(lined).toHaveLength(1);
    expect(lined[0]).toContain(', principal.tenant "ann [31mxxx');
  });

  it("lines are written for the configured share", async () => {
    const { request, clock, lines } = rig({ share: 0.25 });
    for (const chance of [0, 0.2, 0.25, 0.9]) {
      clock.chance = chance;
      request();
    }
    expect(await lines()).toHaveLength(2);
  });
});

describe("a reader that does not read", () => {
  it("a slow reader loses lines, which are counted, and uses no memory", async () => {
    const reader = new Reader(false);
    const { request, log, lines } = rig({}, reader);
    for (let i = 0; i < 20_000; i++) {
      request();
      if (i % 100 === 0) void log.flush(0); // one turn
    }
    await log.flush(0);
    expect(reader.writableLength).toBeLessThan((1 << 20) + 50_000);
    reader.reads = true;
    reader.read();
    request();
    const all = await lines();
    const lost = all.filter((line) => line.startsWith("lost ")).map((line) => Number(line.slice(5)));
    expect(lost.length).toBeGreaterThan(0);
    expect(all.length - lost.length + lost.reduce((a, b) => a + b, 0)).toBe(20_001);
  });
  it("a slow reader is not awaited beyond the remaining time", async () => {
    const { request, log } = rig({}, new Reader(false));
    request();
    await log.flush(5);
  });
  it("a closed reader receives nothing", async () => {
    const reader = new Reader();
    reader.destroyed = true;
    const { request, log } = rig({}, reader);
    request();
    await log.flush(1_000);
    expect(reader.written).toEqual([]);
  });
});

// Captures of RPCs that answer with streams, and their replay by the command.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { assertIdentical, readCapture } from "@protobff/replay";
import { expect, test } from "vitest";
import { run } from "../../cli/src/testing/run.ts";
import { type Live, startLive, streamed } from "./live-bff.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const PAGE = { workspaceId: "sandbox", userId: "u-ada" };
const USAGE = "billing.v1.BillingService/GetUsage";

async function captureOf(live: Live) {
  const file = await live.captured();
  const replay = (...args: string[]) => run(["replay", file, "--server", live.server, ...args], root);
  return { file, ...readCapture(file), replay };
}

test("an RPC with deferred parts has the captured messages, in their grouping and order", {
  timeout: 120_000,
}, async () => {
  const live = await startLive();
  const { bff, upstreams, server } = live;
  await streamed(bff.url, "OpenPage", PAGE);
  upstreams.services.billing.fault({ kind: "delay", ms: 100 });
  const frames = await streamed(bff.url, "OpenPage", PAGE);
  expect(frames.slice(1)).toEqual([{ spentCents: "0", parts: [{ name: "spent_cents" }] }, {}]);
  await expect(streamed(bff.url, "OpenPage", PAGE, AbortSignal.timeout(50))).rejects.toThrow(/abort/);
  upstreams.services.notify.fault({ kind: "fail", code: 5 });
  await streamed(bff.url, "OpenPage", PAGE);
  const { file, requests, replay } = await captureOf(live);
  const all = await replay();
  expect([all.exitCode, all.stdout]).toEqual([0, "4 of 4 requests have the captured answer and order of events\n"]);
  expect(requests.map(({ outcome }) => outcome)).toEqual([
    ...Array(2).fill({ stream: "ended" }),
    {},
    { stream: "ended" },
  ]);
  const { stdout } = await replay("--request", "2");
  expect(stdout).toMatch(/⇒ the stream opens\n.*⇒ message {"name":"Sandbox",.*\n(.*\n)+.*⇒ message {"spentCents":"0",/);
  expect(stdout).toMatch(/= the stream ends\nthe replay without changes is identical\n$/);
  const faster = await replay("--request", "2", "--set", `${USAGE}: delay=1ms`);
  expect(faster.stdout.match(/⇒ message .*/)?.[0]).toMatch(/"Sandbox","spentCents":"0"/);
  const other = await replay("--request", "2", "--set", `${USAGE}: answer={"spentCents":"42"}`);
  expect(other.stdout).toMatch(/⇒ message {"spentCents":"42","parts":\[{"name":"spent_cents"}\]}/);

  const path = join(dirname(file), "page.test.ts");
  expect((await replay("--request", "2", "--test", path)).exitCode).toBe(0);
  const written = path.replace(".test.ts", ".jsonl");
  assertIdentical(written, server);
  writeFileSync(written, readFileSync(written, "utf8").replace(/\["message","\w/, '["message","A'));
  expect(() => assertIdentical(written, server)).toThrow(/the replay does \["message",.* in place of \["message",/);
});

test("a stream beyond the bound is captured until there, and a request beside it in full", {
  timeout: 120_000,
}, async () => {
  const live = await startLive({ BFF_CAPTURE_REQUEST_BYTES: "700" });
  const { bff, upstreams } = live;
  await streamed(bff.url, "OpenPage", PAGE);
  upstreams.services.agent.fault({ kind: "fail", code: 5 });
  await streamed(bff.url, "OpenPage", PAGE);
  const { requests, replay } = await captureOf(live);
  expect(requests.map(({ outcome }) => outcome)).toEqual([
    { stream: "cut" },
    { failure: { code: 13, message: "internal error" } },
  ]);
  expect((await replay()).stdout).toBe("2 of 2 requests have the captured answer and order of events\n");
  expect((await replay("--request", "1")).stdout).toMatch(/= the stream is captured until here: it exceeds BFF_CAP/);
});

// Captures of RPCs that answer with streams, and their replay by the command.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Code } from "@connectrpc/connect";
import { assertIdentical, readCapture } from "@protobff/replay";
import { expect, test } from "vitest";
import { run } from "../../../cli/src/testing/run.ts";
import { type Live, leftWhen, startLive, streamed } from "./live-bff.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
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
  upstreams.services.billing.fault({ kind: "delay", ms: 600 });
  const frames = await streamed(bff.url, "OpenPage", PAGE);
  expect(frames.slice(-2)).toEqual([{ spentCents: "0", parts: [{ name: "spent_cents" }] }, {}]);
  upstreams.services.billing.fault({ kind: "hang" });
  const isHanging = () =>
    upstreams.calls.some(({ service, outcome }) => service === "billing" && outcome === "pending");
  await leftWhen((signal) => streamed(bff.url, "OpenPage", PAGE, signal), isHanging);
  upstreams.services.billing.fault(undefined);
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
  expect(stdout).toMatch(/⇒ the stream opens\n.*⇒ message {"name":"Sandbox".*\n(.*\n)+.*⇒ message {"spentCents":"0",/);
  expect(stdout).toMatch(/= the stream ends\nthe replay without changes is identical\n$/);
  const faster = await replay("--request", "2", "--set", `${USAGE}: delay=1ms`);
  expect(faster.stdout.match(/⇒ message .*/)?.[0]).toMatch(/"Sandbox".*"spentCents":"0"/);
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
  const live = await startLive(";request=700");
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
  expect((await replay("--request", "1")).stdout).toMatch(
    /= the stream is captured until here: it exceeds request= of BFF_CAP/,
  );
});

const WATCH = "worker.v1.WorkerService/Watch";
const textsOf = (frames: readonly Record<string, unknown>[]) => frames.slice(0, -1).map(({ text }) => text);

test("a followed stream has the captured messages, through a broken stream and a client that leaves", {
  timeout: 120_000,
}, async () => {
  const live = await startLive();
  const { bff, upstreams, worker } = live;
  const follow = (signal?: AbortSignal) => streamed(bff.url, "FollowRun", { runId: "run-1" }, signal);
  await follow();
  worker.breaks = (afterSeq) => (afterSeq === 0 ? { items: 7, code: Code.Unavailable } : undefined);
  expect(textsOf(await follow())).toEqual([1, 2, 3, 4, 6, 7, 8, 9, 11, 12].map((number) => `event ${number}`));
  worker.breaks = (afterSeq) => ({ items: afterSeq + 2, code: Code.DataLoss });
  expect((await follow()).at(-1)).toHaveProperty("error.code");
  worker.breaks = () => ({ items: 0, code: Code.Unavailable });
  const most = worker.opened + 3;
  await leftWhen(follow, () => worker.opened >= most);
  worker.breaks = () => undefined;
  upstreams.services.user.fault({ kind: "fail", code: 5 });
  await follow();
  const { requests, replay } = await captureOf(live);
  expect((await replay()).stdout).toBe("5 of 5 requests have the captured answer and order of events\n");
  const kinds = new Set(requests.flatMap(({ tape }) => tape).map(([kind]) => kind));
  expect([...kinds]).toEqual(expect.arrayContaining(["open", "take", "received", "broken", "message"]));
  const shown = await replay("--request", "2");
  expect(shown.stdout).toMatch(
    /← worker Watch stream 1 status UNAVAILABLE made to fail\n(.*\n)*.*→ worker Watch stream 2 /,
  );
  const slower = await replay("--request", "1", "--set", `${WATCH}: slower=2s`);
  expect(slower.stdout).toMatch(/ 2\d{3}\.\d ms {2}= the stream ends\ncaptured after /);
  const failing = await replay("--request", "1", "--set", `${WATCH}: status=NOT_FOUND`);
  expect(failing.stdout).toMatch(/= \w+: .*\ncaptured after /);
  const other = await replay("--request", "1", "--set", `${WATCH}: answer={"text":"other"}`);
  expect(other.stdout).toMatch(/⇒ message {"text":"other"/);
});

test("a client that reads late and a server that shuts down are captured", { timeout: 120_000 }, async () => {
  const live = await startLive();
  const { bff, worker } = live;
  worker.text = "x".repeat(20_000);
  await streamed(bff.url, "FollowRun", { runId: "run-1" });
  worker.breaks = () => ({ items: 2 });
  const drained = streamed(bff.url, "FollowRun", { runId: "run-2" });
  await expect.poll(() => worker.opened, { timeout: 30_000 }).toBe(2);
  const { requests, replay } = await captureOf(live);
  expect((await drained).at(-1)).toHaveProperty("error.code", "unavailable");
  const kinds = requests.map(({ tape }) => new Set(tape.map(([kind]) => kind)));
  expect([kinds[0]?.has("ready"), kinds[1]?.has("drain")]).toEqual([true, true]);
  expect((await replay()).stdout).toBe("2 of 2 requests have the captured answer and order of events\n");
  const bigger = await replay("--request", "1", "--set", `${WATCH}: faster=1ms`);
  expect(bigger.stdout).toMatch(/= the stream ends\ncaptured after /);
});

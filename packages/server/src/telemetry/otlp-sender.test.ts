import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { FakeClock } from "@protobff/runtime/internal/testing/fake-clock";
import { expect, it } from "vitest";
import type { PostResult, Target } from "./otlp-post.ts";
import { post } from "./otlp-post.ts";
import { type Batch, Sender, type Sent } from "./otlp-sender.ts";

const CONFIG = { url: "http://127.0.0.1:1/v1/traces", headers: {}, timeoutMs: 10_000, gzip: false, tls: {} };
const batch = (spans = 10): Batch => ({ spans, head: new Uint8Array(), body: Buffer.from("x") });
const taken: PostResult = { kind: "taken", rejected: 0, message: "" };
const again = (afterMs?: number): PostResult => ({ kind: "again", why: "answers 503", afterMs });

/** @param answers in the order of the attempts; the last one for all others */
function rig(...answers: PostResult[]) {
  const clock = new FakeClock();
  const began = clock.now();
  const attempts: { readonly at: number; readonly timeoutMs: number }[] = [];
  const sent: Sent[] = [];
  const how = async ({ timeoutMs }: Target): Promise<PostResult> => {
    attempts.push({ at: clock.now() - began, timeoutMs });
    return answers[Math.min(attempts.length, answers.length) - 1]!;
  };
  const failures: string[] = [];
  const hearer = { sent: (item: Sent) => void sent.push(item), failed: (why: string) => void failures.push(why) };
  return { clock, attempts, sent, failures, sender: new Sender(CONFIG, hearer, clock, how) };
}

it("the sender retries with growing pauses, for a minute", async () => {
  const { clock, attempts, sent, failures, sender } = rig(again());
  clock.chance = 1; // the longest
  sender.send(batch());
  await clock.advance(120_000);
  expect(attempts.map(({ at }) => at / 1000)).toEqual([0, 1, 3, 7, 15, 30, 45]);
  expect(failures).toEqual(attempts.slice(1).map(() => "answers 503"));
  expect(sent).toMatchObject([{ lost: 10, why: "answers 503" }]);
});

it("the sender waits at least half of a pause", async () => {
  const { clock, attempts, sender } = rig(again());
  clock.chance = 0;
  sender.send(batch());
  await clock.advance(4_000);
  expect(attempts.map(({ at }) => at)).toEqual([0, 500, 1_500, 3_500]);
});

it("the sender respects the collector's delay for all batches, except if it is too long", async () => {
  const { clock, attempts, sent, sender } = rig(again(20_000), taken);
  sender.send(batch());
  await clock.advance(1_000);
  sender.send(batch());
  await clock.advance(100_000);
  expect(attempts.map(({ at }) => at)).toEqual([0, 20_000, 20_000]);
  expect(sent.map(({ lost }) => lost)).toEqual([0, 0]);

  const other = rig(again(3_600_000));
  other.sender.send(batch());
  await other.clock.advance(1);
  expect(other.sent).toMatchObject([{ lost: 10 }]);
});

it("the sender returns to short pauses after a success", async () => {
  const { clock, attempts, sender } = rig(again(), again(), taken, again(), taken);
  clock.chance = 1;
  sender.send(batch());
  await clock.advance(10_000);
  sender.send(batch());
  await clock.advance(10_000);
  expect(attempts.map(({ at }) => at)).toEqual([0, 1_000, 3_000, 10_000, 11_000]);
});

it("the sender does not retry permanent failures", async () => {
  const { clock, attempts, sent, sender } = rig({ kind: "lost", why: "answers 400" });
  sender.send(batch());
  await clock.advance(60_000);
  expect(attempts).toHaveLength(1);
  expect(sent).toMatchObject([{ lost: 10, why: "answers 400" }]);
});

it("the sender reports warnings and rejections, and limits rejected spans to the sent ones", async () => {
  const { clock, sent, sender } = rig(
    { kind: "taken", rejected: 0, message: "soon too old" },
    { kind: "taken", rejected: 99, message: "" },
  );
  sender.send(batch());
  sender.send(batch());
  await clock.advance(0);
  expect(sent).toMatchObject([
    { lost: 0, why: "has rejected 0 spans: soon too old" },
    { lost: 10, why: "has rejected 99 spans: " },
  ]);
});

it("the sender retries waiting batches once at the end, within the remaining time", async () => {
  const { clock, attempts, sent, sender } = rig(again(30_000), again());
  sender.send(batch());
  await clock.advance(5_000);
  let closed = false;
  void sender.close(2_000).then(() => {
    closed = true;
  });
  await clock.advance(10_000);
  expect(attempts[1]).toEqual({ at: 5_000, timeoutMs: 2_000 });
  expect(attempts.every(({ at }) => at < 7_000)).toBe(true);
  expect(sent).toMatchObject([{ lost: 10 }]);
  expect(closed).toBe(true);
});

it("the sender closes at once without work", async () => {
  const { sender } = rig(taken);
  await sender.close(10);
});

// ---- one attempt, over HTTP ----

async function answering(status: number, headers: Record<string, string>, use: (url: URL) => Promise<void>) {
  const server: Server = createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(status, headers).end("busy"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  await use(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`));
  server.closeAllConnections();
  server.close();
}
const NOW = Date.UTC(2026, 10, 21, 9, 0, 0);
const attempt = async (url: URL) => {
  const { Agent } = await import("node:http");
  return post({ url, headers: {}, agent: new Agent(), timeoutMs: 5_000 }, [Buffer.from("x")], () => NOW);
};

it.each([
  [429, { "retry-after": "7" }, { kind: "again", afterMs: 7_000 }],
  [503, { "retry-after": "Sat, 21 Nov 2026 09:00:12 GMT" }, { kind: "again", afterMs: 12_000 }],
  [503, { "retry-after": "Sat, 21 Nov 2020 09:00:12 GMT" }, { kind: "again", afterMs: 0 }],
  [502, { "retry-after": "later" }, { kind: "again", afterMs: undefined }],
  [504, {}, { kind: "again", afterMs: undefined }],
  [200, {}, { kind: "taken", rejected: 0 }],
  [204, {}, { kind: "taken", rejected: 0 }],
  [302, { location: "http://127.0.0.1:1/" }, { kind: "lost", why: "answers 302" }],
  [400, { "content-type": "text/plain" }, { kind: "lost", why: "answers 400: busy" }],
  [500, {}, { kind: "lost", why: "answers 500" }],
] as const)("makes of %i %j %j", async (status, headers, posted) => {
  await answering(status, headers, async (url) => {
    expect(await attempt(url)).toMatchObject(posted);
  });
});

it("a message of google.rpc.Status becomes the reason of the loss", async () => {
  const { create, toBinary } = await import("@bufbuild/protobuf");
  const { StatusSchema } = await import("@protobff/messages/google/rpc/status_pb.js");
  const body = toBinary(StatusSchema, create(StatusSchema, { code: 3, message: "no trace id" }));
  const { failureMessage, partialSuccess } = await import("./otlp-answer.ts");
  expect(failureMessage(body, "application/x-protobuf")).toBe("no trace id");
  expect(failureMessage(body.subarray(0, 6), "application/x-protobuf")).toBe("");
  expect(failureMessage(Buffer.from("<html>"), "text/html")).toBe("");
  expect(partialSuccess(Buffer.from("\xff\xff\xff"))).toEqual({ rejected: 0, message: "" });
});

// npm run fuzz -- server: whatever bytes come, there is a status or a closed connection, and nothing is left behind.
import * as net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Listening, listen } from "../../../packages/server/src/listen.ts";
import { kindEndpoint } from "../../../packages/server/src/testing/test-kinds.ts";
import { makeServerCase, type ServerCase } from "./server-cases.ts";

export interface ServerOutcome {
  readonly cases: number;
  /** With a status, a reset stream or GOAWAY; the others' connections were closed. */
  readonly answered: number;
  /** Requests that the server made out, and those that took its fast path. */
  readonly requests: { readonly fast: number; readonly all: number };
  /** Reports of failing cases, each with how to repeat it. */
  readonly failures: readonly string[];
}

const AT_ONCE = 40;
/** Time limit of a case, in milliseconds; no case takes longer, even under load. */
const HANGS_MS = 15_000;
/** Time without data after which a finished client leaves, in milliseconds. */
const QUIET_MS = 30;
const MAX_FAILURES = 10;

export async function fuzzServer(
  { cases, seed, only }: { readonly cases: number; readonly seed: number; readonly only: number | undefined },
  progress: (text: string) => void = () => {},
): Promise<ServerOutcome> {
  const failures: string[] = [];
  const uncaught = (error: unknown) => void failures.push(`uncaught: ${error instanceof Error ? error.stack : error}`);
  process.on("uncaughtException", uncaught).on("unhandledRejection", uncaught);
  await sleep(0);
  const before = resources();
  const kept = { running: 0, cancelled: 0 };
  const options = { maxRequestBytes: 10_000, corsOrigins: ["https://a.example"] };
  const server = await listen([kindEndpoint(false, kept)], options);
  let done = 0;
  let answered = 0;
  let next = only ?? 0;
  const end = only === undefined ? cases : only + 1;
  const worker = async (): Promise<void> => {
    while (next < end && failures.length < MAX_FAILURES) {
      const index = next++;
      const serverCase = makeServerCase(seed, index);
      const outcome = await send(server, serverCase);
      if (typeof outcome === "string") {
        failures.push(`case ${index} (${serverCase.kind}): ${outcome}\nrepeat with --seed ${seed} --only ${index}`);
      } else if (outcome) answered++;
      done++;
      if (done % 500 === 0) progress(`${done} cases, ${answered} answered, ${failures.length} failures`);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    const healthy = await fetch(`${server.url}/healthz`).then(({ ok }) => ok, String);
    if (healthy !== true) failures.push(`afterwards, /healthz: ${healthy}`);
    if (!(await soon(() => kept.running === 0))) failures.push(`${kept.running} requests are never over`);
  } finally {
    const { requests } = server;
    await server.close(0);
    const after = (): boolean => resources() <= before;
    if (!(await soon(after))) failures.push(`resources are left: ${process.getActiveResourcesInfo().join(", ")}`);
    process.off("uncaughtException", uncaught).off("unhandledRejection", uncaught);
    // biome-ignore lint/correctness/noUnsafeFinally: what was thrown is among the failures
    return { cases: done, answered, requests, failures };
  }
}

/** Sockets and servers; timers come and go. */
const resources = (): number => process.getActiveResourcesInfo().filter((name) => /^TCP|HTTP/i.test(name)).length;

async function soon(holds: () => boolean): Promise<boolean> {
  for (const until = performance.now() + HANGS_MS; performance.now() < until; await sleep(5)) if (holds()) return true;
  return holds();
}

/** Returns whether an answer arrived; or the fault. */
async function send(server: Listening, { chunks, answered, leaves }: ServerCase): Promise<boolean | string> {
  const socket = net.connect(server.port, "127.0.0.1").setNoDelay(true);
  let response = Buffer.alloc(0);
  const wake = { up: () => {} };
  socket.on("data", (chunk) => {
    response = Buffer.concat([response, chunk]);
    wake.up();
  });
  socket.on("error", () => {});
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve())).then(() => wake.up());
  for (const chunk of chunks) {
    if (socket.destroyed) break;
    await new Promise((resolve) => socket.write(chunk, resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const limit = answered ? HANGS_MS : QUIET_MS;
  for (const until = performance.now() + limit; !isAnswer(response) && !socket.destroyed; ) {
    const left = until - performance.now();
    if (left <= 0) break;
    await Promise.race([new Promise<void>((resolve) => (wake.up = resolve)), sleep(left, undefined, { ref: true })]);
  }
  const got = isAnswer(response);
  const gone = socket.destroyed || socket.readableEnded;
  if (leaves === "resets") socket.resetAndDestroy();
  else socket.end();
  const expired = new AbortController();
  const inTime = await Promise.race([
    closed.then(() => true),
    sleep(HANGS_MS, false, { signal: expired.signal }).catch(() => true),
  ]);
  expired.abort();
  socket.destroy();
  if (!inTime) return "the connection is not closed";
  return answered && !got && !gone ? "no answer" : got;
}

const [HEADERS, RST_STREAM, GOAWAY] = [1, 3, 7];
function isAnswer(response: Buffer): boolean {
  if (response.length === 0) return false;
  if (response[0] === 0x48) return /^HTTP\/1\.1 \d{3} /.test(response.subarray(0, 13).toString("latin1")); // H
  for (let at = 0; at + 9 <= response.length; at += 9 + response.readUIntBE(at, 3)) {
    if ([HEADERS, RST_STREAM, GOAWAY].includes(response[at + 3] ?? 0)) return true;
  }
  return false;
}

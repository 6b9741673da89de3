// npm run fuzz -- frames: random sequences of frames at the server, right ones and mangled ones, and a normal client beside them.
import * as http2 from "node:http2";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Random, seeded } from "../../bffs/second/random-message.ts";
import type { Memory } from "../../proofs/corpora/attacks/rig/memory.ts";
import { FrameClient } from "./frame-client.ts";
import { mangled, strayed } from "./mangle.ts";
import { type Framing, type UnderTest, underTest } from "./server-under-test.ts";
import { StreamChecker } from "./stream-verdict.ts";
import { type Session, type SessionRequest, validSession } from "./valid-session.ts";
import { type Verdict, verdictOf } from "./verdict.ts";

export interface FramesOptions {
  readonly framing: Framing;
  /** Number of frames that are sent, at least. */
  readonly frames: number;
  readonly seed: number;
  /** This session alone. */
  readonly only: number | undefined;
}
export interface FramesOutcome {
  readonly frames: number;
  readonly sessions: number;
  /** Streams that were right, and had their right answers. */
  readonly answered: number;
  /** Mangled sessions that went on, and those that were ended; with GOAWAY and an error code, with a reset by the system, without a word. */
  readonly kept: number;
  readonly goaways: number;
  readonly cut: number;
  readonly silent: number;
  /** Connections that the server closed without GOAWAY, by its own framing and without an error of the system. */
  readonly unsaid: number;
  /** RST_STREAM in mangled sessions. */
  readonly resets: number;
  readonly bystander: number;
  /** More that is held afterwards, in bytes. */
  readonly heldBytes: number;
  /** Each with how to repeat it. */
  readonly failures: readonly string[];
}

const AT_ONCE = 12;
/** Time limit of a session, in milliseconds; no session takes longer, even under load. */
const HANGS_MS = 20_000;
/**
 * Wait for a silent server, in milliseconds: after a mangled length the later frames are inside of one that does not
 * end.
 */
const QUIET_MS = 300;
const MAX_FAILURES = 10;
const PROBE = fileURLToPath(new URL("../../proofs/corpora/attacks/rig/memory.ts", import.meta.url));

type Counts = { -readonly [Name in keyof Omit<FramesOutcome, "failures" | "heldBytes">]: number };

export async function fuzzFrames(
  { framing, frames, seed, only }: FramesOptions,
  progress: (message: string) => void = () => {},
): Promise<FramesOutcome> {
  const server = await underTest(framing, { BFF_GRACE: "60s", BFF_MAX_FOLLOWERS_PER_CALLER: "20000" }, [
    "--expose-gc",
    `--import=${PROBE}`,
  ]);
  const failures: string[] = [];
  const counts: Counts = {
    frames: 0,
    sessions: 0,
    answered: 0,
    kept: 0,
    goaways: 0,
    cut: 0,
    silent: 0,
    unsaid: 0,
    resets: 0,
    bystander: 0,
  };
  try {
    const before = await warmMemory(server, seed);
    const beside = new Bystander(server.url);
    let next = only ?? 0;
    const worker = async (): Promise<void> => {
      while (failures.length < MAX_FAILURES && (only === undefined ? counts.frames < frames : next === only)) {
        const index = next++;
        const fault = await runSession(server, seed, index, counts);
        counts.sessions++;
        if (server.process.ended !== undefined) {
          failures.push(`session ${index}: the server has ended (${server.process.ended}): ${server.process.log}`);
          return;
        }
        if (fault !== undefined)
          failures.push(`session ${index}: ${fault}\nrepeat with --seed ${seed} --only ${index}`);
        progress(`${counts.frames} frames, ${counts.sessions} sessions, ${failures.length} failures`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    counts.bystander = await beside.end(failures);
    const heldBytes = held(await memoryOf(server)) - held(before);
    failures.push(...(await ending(server)));
    return { ...counts, heldBytes, failures };
  } finally {
    await server.process.kill();
  }
}

/** Returns the memory of a server that has already run most of its code. */
async function warmMemory(server: UnderTest, seed: number): Promise<Memory> {
  const counts: Counts = {
    frames: 0,
    sessions: 0,
    answered: 0,
    kept: 0,
    goaways: 0,
    cut: 0,
    silent: 0,
    unsaid: 0,
    resets: 0,
    bystander: 0,
  };
  for (let i = 0; i < 20; i++) await runSession(server, seed, -1 - i, counts);
  return memoryOf(server);
}
const memoryOf = async (server: UnderTest): Promise<Memory> => (await server.process.query("memory")) as Memory;
const held = ({ heap, buffers, external }: Memory): number => heap + buffers + external;

/** Nothing is under way any more, so that it ends at once: its grace is a minute. */
async function ending({ process: server }: UnderTest): Promise<string[]> {
  const exited = server.exit();
  server.signal("SIGTERM");
  const late = await Promise.race([exited, pause(HANGS_MS, "late", { ref: false })]);
  if (late === "late") return [`it does not end: something is counted that is not there any more`];
  return late === "code 0" ? [] : [`it ends with ${late}: ${server.log}`];
}

/** @returns what is wrong */
async function runSession(server: UnderTest, seed: number, index: number, counts: Counts): Promise<string | undefined> {
  const random = seeded(seed, index);
  const session = validSession(random);
  const right = random() < 0.4;
  const [early, late] = right ? [session.early, session.late] : wrongs(random, session);
  const streams = new StreamChecker(Buffer.concat([...session.early, ...session.late]), session.requests);
  const client = new FrameClient(server.port, right);
  try {
    const patience = setTimeout(() => client.giveUp(), HANGS_MS);
    client.socket.once("close", () => clearTimeout(patience));
    await client.write(random, early, true);
    counts.frames += early.length;
    if (!(await client.until(() => client.settled, right ? HANGS_MS : QUIET_MS)) && right)
      return `no SETTINGS (${client.error ?? "silence"})`;
    await client.write(random, late);
    counts.frames += late.length;
    client.probe();
    const fault = right
      ? await checkRight(client, session.requests, counts)
      : await checkMangled(
          client,
          verdictOf(Buffer.concat([...early, ...late, client.probed]), streams),
          streams,
          counts,
          server.framing,
        );
    return client.wrong.length > 0 ? `${client.wrong.join("; ")}; ${fault ?? ""}` : fault;
  } finally {
    client.socket.destroy();
  }
}

function wrongs(random: Random, { early, late }: Session): [early: readonly Buffer[], late: readonly Buffer[]] {
  const strays = random() < 0.4;
  if (random() < 0.5) return [strays ? strayed(random, [], early) : mangled(random, early), late];
  return [early, strays ? strayed(random, early, late) : mangled(random, late)];
}

async function checkRight(
  client: FrameClient,
  requests: readonly SessionRequest[],
  counts: Counts,
): Promise<string | undefined> {
  const kept = requests.filter(({ reset }) => !reset);
  const isOver = ({ stream }: SessionRequest): boolean => {
    const answer = client.answers.get(stream);
    return answer !== undefined && (answer.ended || answer.resets.length > 0);
  };
  const all = await client.until(() => client.inSync && kept.every(isOver), HANGS_MS);
  const connection = `GOAWAY ${client.goaway ?? "none"}, ${client.error ?? (client.over ? "closed" : "open")}`;
  if (!all) {
    const missing = kept.filter((request) => !isOver(request)).map(({ stream }) => stream);
    return `streams without an end: ${missing.join(", ") || "none"}; PING ${client.inSync ? "answered" : "not answered"}; ${connection}`;
  }
  for (const { stream, status, bytes } of kept) {
    const answer = client.answers.get(stream);
    const grpc = answer?.trailers["grpc-status"] ?? "0";
    if (answer?.status !== status || answer.bytes < bytes || !answer.ended || grpc !== "0")
      return `stream ${stream}: ${JSON.stringify(answer)} in place of ${status} with ${bytes} bytes; ${connection}`;
  }
  if (client.goaway !== undefined) return `GOAWAY ${client.goaway} to who did nothing wrong`;
  counts.answered += kept.length;
  return undefined;
}

async function checkMangled(
  client: FrameClient,
  verdict: Verdict,
  streams: StreamChecker,
  counts: Counts,
  framing: Framing,
): Promise<string | undefined> {
  await client.until(() => client.inSync, QUIET_MS);
  const isOurs = framing === "own";
  const resets = isOurs ? streams.faults(client.answers, client.inSync) : [];
  for (const { resets } of client.answers.values()) counts.resets += resets.length;
  if (resets.length > 0) return `${resets.join("; ")}; GOAWAY ${client.goaway ?? "none"}`;
  if (client.inSync) {
    counts.kept++;
    return isOurs && verdict.must.length > 0 ? `it goes on behind ${verdict.why}` : undefined;
  }
  const unsaid = client.over && client.goaway === undefined && client.error === undefined && isOurs;
  if (unsaid) counts.unsaid++;
  // The client has no more frames: the server must close. nghttp2 in node waits for windows that no peer can open any
  // more.
  if (!client.over) client.socket.end();
  await client.until(() => client.closed, isOurs ? HANGS_MS : QUIET_MS);
  if (!client.over && isOurs) return "the connection is never closed";
  if (client.goaway !== undefined && client.goaway > 0) counts.goaways++;
  else if (client.error !== undefined) counts.cut++;
  else counts.silent++;
  return isOurs ? wrongEnd(client, verdict, unsaid) : undefined;
}
/** Returns an end that the RFC forbids. */
function wrongEnd({ goaway, error, gaveUp }: FrameClient, verdict: Verdict, unsaid: boolean): string | undefined {
  const { must, may, goodbye, why } = verdict;
  if (goodbye || gaveUp || error !== undefined) return undefined; // a reset by the system may have taken what was said last
  if (unsaid) return `it is closed without a word${why && ` at ${why}`}`;
  const codes = [...must, ...may];
  if (must.length > 0 && goaway === undefined) return `no GOAWAY at ${why}`;
  if (goaway === undefined || (goaway === 0 && must.length === 0) || codes.includes(goaway)) return undefined;
  return `GOAWAY ${goaway} in place of ${codes.join(" or ") || "none"}${why && ` at ${why}`}`;
}

/** Repeats a request over a separate connection. */
class Bystander {
  readonly #url: string;
  readonly #loop: Promise<void>;
  readonly #bad: string[] = [];
  #requestCount = 0;
  #over = false;

  constructor(url: string) {
    this.#url = url;
    this.#loop = this.#run();
  }
  async #run(): Promise<void> {
    const session = http2.connect(this.#url).on("error", ({ message }) => this.#bad.push(message));
    while (!this.#over && this.#bad.length === 0) {
      this.#requestCount++;
      const status = await new Promise((resolve) => {
        const stream = session.request({
          ":method": "POST",
          ":path": "/grpc.testing.TestService/UnaryCall",
          "content-type": "application/json",
        });
        let status: unknown = "no answer";
        stream.setTimeout(HANGS_MS, () => stream.close());
        stream.on("response", (headers) => {
          status = headers[":status"];
        });
        stream.on("error", ({ message }) => resolve(message)).on("close", () => resolve(status));
        stream.resume().end('{"responseSize":100}');
      });
      if (status !== 200) this.#bad.push(String(status));
      await pause(10);
    }
    session.close();
  }
  /** @returns the number of requests */
  async end(failures: string[]): Promise<number> {
    this.#over = true;
    await this.#loop;
    if (this.#bad.length > 0) failures.push(`the normal client: ${this.#bad.join("; ")}`);
    return this.#requestCount;
  }
}

import { type ChildProcess, fork, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundle.ts";
import type { Garbage } from "./garbage.ts";
import type { PathCounters, Question, Usage } from "./probe.ts";
import type { Stalls } from "./stalls.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const probe = new URL("./probe.ts", import.meta.url).href;
/** As in the image that our Dockerfile makes: compiled code is kept, and glibc keeps memory for two threads at most. */
const COMPILED = join(root, "node_modules", ".cache", "protobff-bench");
export const AS_DEPLOYED = { NODE_COMPILE_CACHE: COMPILED, MALLOC_ARENA_MAX: "2" };
/** Programs compiled since this program began. */
const compiled = new Set<string>();

const START_MS = 20_000;
const STOP_MS = 5_000;

/** A server under measurement, in a separate process. */
export interface ServerProcess {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly pid: number;
  usage(): Promise<Usage>;
  /** The same, after a collection of garbage. */
  collect(): Promise<Usage>;
  /** Returns the allocations since the first call of this method. */
  garbage(): Promise<Garbage>;
  /** From here on every allocation is counted, which makes the server many times slower. */
  countAllocations(): Promise<void>;
  /** Returns the number of allocations since then; the counting ends. */
  allocations(): Promise<number>;
  /** From here on stalls are counted. Only for servers in Node. */
  countStalls(): Promise<void>;
  stalls(): Promise<Stalls>;
  /** SIGTERM and the end; gives what the server counted of its fast paths, empty for one that counts none. */
  stop(): Promise<PathCounters>;
}

/** Command and environment of a server. */
export interface Launch {
  /** A TypeScript file, from the repository's root. It prints `listening on <url>` when it is ready. */
  readonly entry: string;
  /** `entry` is a program, and answers what probe.ts answers: one for Go is in bench/peers/grpc-go/rig. */
  readonly native?: boolean;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a server on a free port. Throws with what it printed when it ends before it listens, or does not listen within 20 s. */
export async function startServer(launch: Launch): Promise<ServerProcess> {
  const { entry } = launch;
  await compile(launch);
  const child = await forked(launch);
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
  let errors = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-5_000);
  });
  let counters: PathCounters = {};
  try {
    const url = await listening(child, (line) => {
      counters = (JSON.parse(line) as { counters: PathCounters }).counters;
    });
    const queryServer = <Answer>(question: Question) => query<Answer>(child, question);
    return {
      url,
      pid: child.pid ?? 0,
      usage: () => queryServer("usage"),
      collect: () => queryServer("collect"),
      garbage: () => queryServer("garbage"),
      countAllocations: () => queryServer("count allocations"),
      allocations: () => queryServer("allocations"),
      countStalls: () => queryServer("count stalls"),
      stalls: () => queryServer("stalls"),
      stop: async () => {
        await stop(child);
        return counters;
      },
    };
  } catch (reason) {
    await stop(child);
    throw new Error(`${entry}: ${reason instanceof Error ? reason.message : reason}\n${errors}`.trimEnd());
  }
}

/** Loads it, which fills the cache, and lets it fail at its port; what has none to fail at is stopped. */
async function compile(launch: Launch): Promise<void> {
  if (launch.native || compiled.has(launch.entry)) return;
  compiled.add(launch.entry);
  const child = await forked({ ...launch, env: { ...launch.env, PORT: "none" } });
  child.stderr?.resume();
  await listening(child, () => {}).catch(() => {});
  await stop(child);
}

async function forked({ entry, args = [], env = {}, native = false }: Launch): Promise<ChildProcess> {
  const profile = process.env.BENCH_PROFILE;
  const options = {
    cwd: root,
    env: { ...process.env, ...(native ? {} : AS_DEPLOYED), HOST: "127.0.0.1", PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe", "ipc"] satisfies StdioOptions,
  };
  // A program that is not Node also needs the channel of `fork`, which puts its first argument in the place of Node's
  // script.
  if (native) return fork(args[0] ?? "", args.slice(1), { ...options, execPath: entry, execArgv: [] });
  const profiling = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
  // A profile names the files of the source.
  const program = profile === undefined ? await bundle(entry) : entry;
  return fork(program, args, { ...options, execArgv: ["--import", probe, "--expose-gc", ...profiling] });
}

function listening(child: ChildProcess, counted: (line: string) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    if (child.stdout === null) throw new Error("no standard output");
    const timer = setTimeout(() => reject(new Error(`does not listen after ${START_MS} ms`)), START_MS);
    child.once("error", reject);
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`ended with ${code} before it listened`));
    });
    createInterface({ input: child.stdout }).on("line", (line) => {
      const url = /^listening on (https?:\/\/\S+)(?: |$)/.exec(line)?.[1];
      if (url !== undefined) {
        clearTimeout(timer);
        resolve(url);
      } else if (line.startsWith('{"counters":')) {
        counted(line);
      }
    });
  });
}

/** One question at a time. Throws when the process has ended. */
export async function query<Answer>(child: ChildProcess, question: object | string): Promise<Answer> {
  const ended = new AbortController();
  const gone = () => ended.abort(new Error("the process has ended"));
  child.once("exit", gone);
  const answered = once(child, "message", { signal: ended.signal });
  child.send(question);
  try {
    const [answer] = await answered;
    return answer as Answer;
  } finally {
    child.off("exit", gone);
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, "close"); // later than "exit": all that it has printed is read
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await ended;
  clearTimeout(timer);
}

// Measures the time from saving a proto to the first answer that shows it: with `protobff dev`, and with `buf generate`
// and a restart by hand.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type RunOptions, type ScenarioResult, scenarioResult } from "./rig/result.ts";
import { median } from "./rig/statistics.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = join(root, "node_modules", ".bin");
/** The example: the file to save, and the expression in it that each save changes. */
const SAVED = "proto/example/web/v1/web.proto";
const EXPRESSION = /"unread\.count[^"]*"/;
const PATIENCE_MS = 60_000;

export async function runDev(options: RunOptions): Promise<ScenarioResult> {
  const rounds = options.quick ? 1 : 9;
  const [dev, hand] = [await Dev.start(), await ByHand.start()];
  try {
    const times = { dev: [] as number[], hand: [] as number[] };
    // The first is a warm-up. Interleaved, so that what else the machine does falls on both.
    for (let round = 0; round <= rounds; round++) {
      const [devMs, handMs] = [await dev.save(round + 1), await hand.save(round + 1)];
      if (round === 0) continue;
      times.dev.push(devMs);
      times.hand.push(handMs);
    }
    const by = median(times.hand);
    // Both start short-lived processes, which wait for a core on a busy machine. The reader of the times needs the
    // load.
    const [load_average = 0] = loadavg();
    const variants = [
      { name: "protobff dev", wall_ms: median(times.dev), slowest_ms: Math.max(...times.dev) },
      { name: "buf generate and a restart", wall_ms: by, slowest_ms: Math.max(...times.hand) },
    ].map((variant) => ({ ...variant, ratio_to_buf_generate: variant.wall_ms / by, load_average }));
    return scenarioResult(options, { scenario: "dev", variants, left_out: [], failures: [], rounds });
  } finally {
    await Promise.all([dev.end(), hand.end()]);
  }
}

/** A copy of the example, generated. */
class Project {
  readonly folder = mkdtempSync(join(tmpdir(), "protobff-bench-"));

  constructor() {
    for (const path of ["proto", "generated", "buf.yaml", "buf.gen.yaml", "bff.lock.json", "package.json"])
      cpSync(join(root, path), join(this.folder, path), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(this.folder, "node_modules"));
  }

  start(args: readonly string[]): ChildProcess {
    const env = { ...process.env, PATH: `${bin}:${dirname(process.execPath)}:${process.env.PATH}`, PORT: "0" };
    const [command = "", ...rest] = args;
    return spawn(command, rest, { cwd: this.folder, env, stdio: ["ignore", "pipe", "inherit"] });
  }

  /** Writes it so that an answer has this number in it. */
  write(unread: number): void {
    const path = join(this.folder, SAVED);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace(EXPRESSION, `"unread.count + ${unread - 1}"`));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

class Dev {
  readonly #project: Project;
  readonly #process: ChildProcess;
  readonly #url: string;

  private constructor(project: Project, process: ChildProcess, url: string) {
    this.#project = project;
    this.#process = process;
    this.#url = url;
  }
  static async start(): Promise<Dev> {
    const project = new Project();
    const command = project.start([process.execPath, join(root, "cli/bin/protobff.js"), "dev", "web.v1"]);
    return new Dev(project, command, await urlOf(command));
  }

  async save(unread: number): Promise<number> {
    // A process stands ready for the next save by then, as it does between the saves of a person.
    await sleep(1_000);
    const began = performance.now();
    this.#project.write(unread);
    await answered(() => this.#url, unread);
    return performance.now() - began;
  }
  async end(): Promise<void> {
    await ended(this.#process);
    this.#project.remove();
  }
}

class ByHand {
  readonly #project = new Project();
  #server: ChildProcess | undefined;

  static async start(): Promise<ByHand> {
    const hand = new ByHand();
    await hand.#restart();
    return hand;
  }

  async save(unread: number): Promise<number> {
    const began = performance.now();
    this.#project.write(unread);
    const buf = this.#project.start(["buf", "generate"]);
    const [code] = await once(buf, "exit");
    if (code !== 0) throw new Error(`buf generate ended with ${code}`);
    const url = await this.#restart();
    await answered(() => url, unread);
    return performance.now() - began;
  }
  async #restart(): Promise<string> {
    if (this.#server !== undefined) await ended(this.#server);
    this.#server = this.#project.start([process.execPath, "generated/web/v1/server.ts", "--mock"]);
    return urlOf(this.#server);
  }
  async end(): Promise<void> {
    if (this.#server !== undefined) await ended(this.#server);
    this.#project.remove();
  }
}

async function urlOf({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error("it prints nothing");
  for await (const line of createInterface({ input: stdout })) {
    const [, url] = /listen(?:s|ing) on (http:[^\s,]+)/.exec(line) ?? [];
    if (url === undefined) continue;
    stdout.resume();
    return url;
  }
  throw new Error("it ended before it listened");
}

/** Repeats the request until the answer contains the number. */
async function answered(url: () => string, unread: number): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    if ((await fetchUnread(url())) === unread) return;
    await sleep(2);
  }
  throw new Error(`no answer shows ${unread} after ${PATIENCE_MS} ms`);
}
async function fetchUnread(url: string): Promise<unknown> {
  try {
    const response = await fetch(`${url}/web.v1.DashboardService/GetDashboard`, {
      method: "POST",
      headers: { "content-type": "application/json", connection: "close" },
      body: `{"workspaceId": "w", "userId": "u"}`,
    });
    return ((await response.json()) as { readonly unread?: unknown }).unread;
  } catch {
    return undefined; // between two servers
  }
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  await exit;
}

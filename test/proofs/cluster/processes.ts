// The processes of the BFF, each on a port that it keeps, which are killed, stopped for a while, and started again.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { compiled } from "../../../runtime/src/testing/compile-cache.ts";
import type { Passages } from "./passages.ts";

type Environment = Readonly<Record<string, string>>;

/** One process, and those that take its place. */
export class Place {
  readonly port: number;
  readonly adminPort: number;
  /** Its connections to Redis, NATS and PostgreSQL. */
  readonly passages: Passages;
  readonly #entry: string;
  #env: Environment;
  #child: ChildProcess | undefined;
  #isStopped = false;
  /** Last output of its processes. */
  log = "";
  /** Exits without a signal of the test. */
  readonly crashes: string[] = [];

  constructor(entry: string, port: number, adminPort: number, passages: Passages, env: Environment) {
    this.#entry = entry;
    this.passages = passages;
    this.port = port;
    this.adminPort = adminPort;
    this.#env = { ...env, HOST: "127.0.0.1", PORT: `${port}`, BFF_ADMIN_PORT: `${adminPort}` };
  }
  get isRunning(): boolean {
    return this.#child !== undefined && !this.#isStopped;
  }
  async start(): Promise<void> {
    const child = spawn(process.execPath, [this.#entry], {
      env: { ...compiled, PATH: process.env.PATH ?? "", ...this.#env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.log = (this.log + text).slice(-4_000);
    });
    child.once("exit", (code, signal) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      this.crashes.push(`${code ?? signal}: ${this.log}`);
    });
    for await (const line of createInterface({ input: child.stdout })) if (line.includes("listening")) break;
    if (child.exitCode !== null) throw new Error(`it does not start: ${this.log}`);
    child.stdout.resume();
    this.#child = child;
  }
  /** Its next processes have these variables, too. */
  change(env: Environment): void {
    this.#env = { ...this.#env, ...env };
  }
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    this.#isStopped = false;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  stop(): void {
    this.#isStopped = this.#child?.kill("SIGSTOP") === true;
  }
  proceed(): void {
    this.#child?.kill("SIGCONT");
    this.#isStopped = false;
  }
}

/** Starts them, a few at a time; they end with the test. */
export async function startPlaces(places: readonly Place[]): Promise<void> {
  onTestFinished(async () => void (await Promise.all(places.map((place) => place.kill()))));
  for (let i = 0; i < places.length; i += 4) await Promise.all(places.slice(i, i + 4).map((place) => place.start()));
}

export const entryOf = (folder: string): string => join(folder, "town/v1/server.ts");

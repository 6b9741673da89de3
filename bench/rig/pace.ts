// Upstreams and a generator of requests in one process, which needs little of its processor: bench/rig/pace.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { addressVariables } from "../../examples/dashboard/bff-process.ts";
import { type Built, goProgram } from "./go-program.ts";
import { cannedReplies } from "./upstream-data.ts";
import type { Prepared } from "./variant.ts";

export const paceProgram = (): Built => goProgram({ name: "pace", sources: { "": "bench/rig/pace" }, protos: [] });

/** Requests at fixed times, whether or not earlier ones are answered. */
export interface Pace {
  readonly perSecond: number;
  readonly seconds: number;
  readonly connections: number;
}
export interface PaceResult {
  /** From the time at which each request was due, ascending. */
  readonly latenciesMs: readonly number[];
  /** Delays of sending, ascending. */
  readonly lagsMs: readonly number[];
  /** Framed answers in base64, and how many of each; `failed` for another status than OK. */
  readonly answers: Readonly<Record<string, number>>;
}

export class PaceProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;
  /** Resolves with a line in place of an answer. */
  readonly #ended: Promise<[string]>;

  private constructor(program: string) {
    this.#child = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#child.stdout });
    this.#ended = once(this.#child, "exit").then(() => ["null"]);
  }
  /** Starts upstreams of all services at one address. */
  static async start(program: string): Promise<{ readonly pace: PaceProcess; readonly url: string }> {
    const pace = new PaceProcess(program);
    const serve = Object.fromEntries(
      cannedReplies().map(({ method, frame }) => [
        `/${method.parent.typeName}/${method.name}`,
        frame.toString("base64"),
      ]),
    );
    const { url } = (await pace.#order({ serve })) as { url: string };
    return { pace, url };
  }
  get pid(): number {
    return this.#child.pid ?? 0;
  }
  async generate({ origin, path, headers, body }: Prepared, pace: Pace): Promise<PaceResult> {
    const { host } = new URL(origin);
    const all = { ":method": "POST", ":scheme": "http", ":authority": host, ":path": path, ...headers };
    const flat = Object.entries(all).flat();
    const load = { address: host, headers: flat, body: body.toString("base64"), ...pace };
    return (await this.#order({ generate: load })) as PaceResult;
  }
  async #order(order: object): Promise<unknown> {
    const line = once(this.#lines, "line");
    this.#child.stdin.write(`${JSON.stringify(order)}\n`);
    const [text] = (await Promise.race([line, this.#ended])) as [string];
    const reply: unknown = JSON.parse(text);
    if (reply === null) throw new Error("pace has ended");
    return reply;
  }
  async stop(): Promise<void> {
    this.#child.stdin.end();
    await this.#ended;
  }
}

/** Variables with one address for all upstreams. */
export function addressesAt(url: string): Readonly<Record<string, string>> {
  const services = cannedReplies().map(({ method }) => method.parent.typeName);
  return addressVariables(Object.fromEntries(services.map((service) => [service, url])));
}

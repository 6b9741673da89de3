// One process of a server, from its standby to its end.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Order, Report } from "./orders.ts";

const KILL_AFTER_MS = 1_500;
/** Line that a server prints when it is up, as text or in JSON. */
const LISTENING = /^listening on |"event":"listening"/;

interface ChildOptions {
  readonly cwd: string;
  /** A file from where the server is found; it need not be there. */
  readonly from: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** URLs of modules to load at once. */
  readonly preloaded: Iterable<string>;
  /** Receives each line that the process prints, except the one that reports that it listens. */
  readonly print: (line: string) => void;
}

/** A server that has reported that it is up. */
export interface Up {
  readonly url: string;
  /** Its live page. */
  readonly explorer: string | undefined;
  /** Address of its tools for agents. */
  readonly tools: string | undefined;
  /** Upstreams that are mocked. */
  readonly mocked: readonly string[];
}
/** Result of the start. */
type Begun = Up | { readonly ended: string };

export class Child {
  readonly #process: ChildProcess;
  readonly #loaded = new Set<string>();
  readonly #urls = new Set<string>();
  readonly #ended: Promise<string>;
  #listening: (up: Up) => void = () => {};
  #prepared: (report: Report) => void = () => {};
  readonly #exiting = Promise.withResolvers<void>();
  #isStopping = false;

  constructor({ cwd, from, env, preloaded, print }: ChildOptions) {
    // A separate process group: Ctrl-C is for `dev`, which ends its servers itself.
    // With a size given, serve() takes no time at the start to bound it.
    this.#process = spawn(process.execPath, ["--max-semi-space-size=16", program(), from], {
      cwd,
      env,
      detached: true,
      windowsHide: true,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.#ended = new Promise((resolve) => {
      this.#process.once("error", (error) => resolve(`cannot be started: ${error.message}`));
      this.#process.once("close", (code, signal) => resolve(signal ? `ended by ${signal}` : `ended with code ${code}`));
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (line) => {
        const up = upIn(line);
        if (up === undefined) print(line);
        else this.#listening(up);
      });
    }
    this.#process.on("message", (report: Report) => {
      if (report.kind === "exiting") return this.#exiting.resolve();
      if (report.kind !== "loaded") return this.#prepared(report);
      for (const path of report.paths) this.#loaded.add(path);
      for (const url of report.urls) this.#urls.add(url);
    });
    this.#order({ kind: "preload", urls: [...preloaded] });
  }

  /** Resolves to a description of the end when the process has ended. */
  get ended(): Promise<string> {
    return this.#ended;
  }
  /** True if the end was requested. */
  get isStopping(): boolean {
    return this.#isStopping;
  }
  /** URLs of the modules of protobff's packages that it has loaded. */
  get urls(): ReadonlySet<string> {
    return this.#urls;
  }
  hasLoaded(path: string): boolean {
    return this.#loaded.has(path);
  }

  /** Imports modules before the start. Returns their fault; undefined: none. */
  async prepare(
    modules: readonly string[],
  ): Promise<{ readonly message: string; readonly code: string | undefined } | undefined> {
    const report = new Promise<Report>((resolve) => {
      this.#prepared = resolve;
    });
    this.#order({ kind: "prepare", modules });
    const first = await Promise.race([report, this.#ended]);
    if (typeof first === "string") return { message: first, code: undefined };
    return first.kind === "unprepared" ? first : undefined;
  }

  /** Resolves when it listens, or has ended before. */
  async begin(file: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Begun> {
    const listening = new Promise<Up>((resolve) => {
      this.#listening = resolve;
    });
    this.#order({ kind: "begin", file, args, env });
    const first = await Promise.race([listening, this.#ended]);
    return typeof first === "string" ? { ended: first } : first;
  }

  /** Resolves when it has ended; requests in flight have 1.5 s. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#process.kill("SIGTERM");
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), KILL_AFTER_MS);
    void this.#ended.then(() => clearTimeout(timer));
    await this.#ended;
  }
  /** Stops it. Resolves when it has closed the ports of the server, though not yet those of the user's modules. */
  async stopListening(): Promise<void> {
    await Promise.race([this.stop(), this.#exiting.promise]);
  }

  #order(order: Order): void {
    // The process may have ended just now, which `ended` reports.
    if (this.#process.connected) this.#process.send(order, () => {});
  }
}

function upIn(line: string): Up | undefined {
  if (!LISTENING.test(line)) return undefined;
  const after = (pattern: RegExp): string | undefined => pattern.exec(line)?.[1];
  const url = after(/(?:listening on |"url":")([^\s"]+)/);
  if (url === undefined) return undefined;
  const explorer = after(/(?:explorer: |"explorer":")([^\s",)]+)/);
  const tools = after(/(?:tools: |"tools":")([^\s",)]+)/);
  const mocked = after(/(?:mocked: |"mocked":\[)([^)\]]+)/) ?? "";
  return { url, explorer, tools, mocked: mocked.match(/[\w.]+/g) ?? [] };
}

/** From a checkout the sources are run as they are; a published package has them compiled. */
function program(): string {
  const source = new URL("./standby.ts", import.meta.url);
  return fileURLToPath(existsSync(source) ? source : new URL("./standby.js", import.meta.url));
}

// Child processes that report their address, answer messages, and never outlive this process.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../../..", import.meta.url));
const START_MS = 30_000;
const ANSWER_MS = 30_000;
const LOG_CHARACTERS = 20_000;

/** A script of the repository in a separate process. */
export class Process {
  readonly pid: number;
  readonly #child: ChildProcess;
  #printed = "";
  #log = "";

  /**
   * @param args of node, the script and its own among them
   * @param command that node is started by, in front of it: it has to become node, as `nice` does
   */
  constructor(args: readonly string[], env: Readonly<Record<string, string>>, command: readonly string[] = []) {
    const at = args.findIndex((arg) => !arg.startsWith("-"));
    const [execPath = process.execPath, ...before] = [...command, process.execPath];
    const child = fork(args[at] ?? "", args.slice(at + 1), {
      cwd: root,
      execPath,
      execArgv: [...before, ...args.slice(0, at)],
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const kill = () => child.kill("SIGKILL");
    process.once("exit", kill);
    child.once("exit", () => process.off("exit", kill));
    child.on("error", () => {});
    child.stdout?.on("data", (chunk: Buffer) => {
      this.#printed = (this.#printed + chunk.toString()).slice(-LOG_CHARACTERS);
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#log = (this.#log + chunk.toString()).slice(-LOG_CHARACTERS);
    });
    this.#child = child;
    this.pid = child.pid ?? 0;
  }

  /** Returns the end of its standard error. */
  get log(): string {
    return this.#log;
  }
  /** End of the process: "code 1", "SIGABRT"; undefined while it runs. */
  get ended(): string | undefined {
    const { exitCode, signalCode } = this.#child;
    return signalCode ?? (exitCode === null ? undefined : `code ${exitCode}`);
  }
  /** Waits until it prints `listening on <url>`. */
  async url(): Promise<string> {
    const deadline = performance.now() + START_MS;
    for (;;) {
      const url = /^listening on (\S+)\s/m.exec(this.#printed)?.[1];
      if (url !== undefined) return url;
      if (this.ended !== undefined || performance.now() > deadline) {
        await this.kill();
        throw new Error(`does not listen (${this.ended ?? "in time"}): ${this.#log}`);
      }
      await Promise.race([once(this.#child.stdout ?? this.#child, "data"), once(this.#child, "exit")]);
    }
  }
  /** Sends it a message and returns the answer; undefined when it has ended, or does not answer in 30 s. */
  async query(question: string): Promise<unknown> {
    if (this.ended !== undefined || !this.#child.connected) return undefined;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const gone = () => resolve(undefined);
    const timer = setTimeout(gone, ANSWER_MS);
    this.#child.once("message", resolve).once("exit", gone);
    this.#child.send(question, (error) => {
      if (error !== null) gone();
    });
    const answer = await promise;
    clearTimeout(timer);
    this.#child.off("message", resolve).off("exit", gone);
    return answer;
  }
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
  /** Waits for its end; returns the value of `ended`. */
  async exit(): Promise<string> {
    if (this.ended === undefined) await once(this.#child, "exit");
    return this.ended ?? "";
  }
  async kill(): Promise<void> {
    if (this.ended !== undefined || this.#child.pid === undefined) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }
}

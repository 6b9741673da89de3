// One client that follows a run, is killed now and then, and resumes from its last token; it keeps all items that it
// has seen.
import { type FollowTransport, follow } from "@protobff/client";
import { RunService } from "../../../generated/runs/v1/runs_pb.ts";

export class RunFollower {
  readonly runId: string;
  readonly #over: FollowTransport;
  /** Numbers as they came. */
  readonly seen: number[] = [];
  /** Numbers of items that had been seen when some were lost. */
  readonly resets: number[] = [];
  readonly done: Promise<void>;
  #token: string | undefined;
  #killed = new AbortController();

  constructor(runId: string, over: FollowTransport) {
    this.runId = runId;
    this.#over = over;
    this.done = this.#run();
  }
  async #run(): Promise<void> {
    for (;;) {
      const { signal } = this.#killed;
      try {
        await this.#follow(signal);
        return;
      } catch (thrown) {
        if (!signal.aborted) throw thrown;
        this.#killed = new AbortController();
      }
    }
  }
  async #follow(signal: AbortSignal): Promise<void> {
    const options = { over: this.#over, signal, backoff: { initialMs: 50, maxMs: 1_000 } };
    const resume = this.#token === undefined ? {} : { resume: this.#token };
    for await (const { message, token, reset } of follow(
      RunService.method.followRun,
      { runId: this.runId },
      { ...options, ...resume },
    )) {
      if (reset) this.resets.push(this.seen.length);
      this.seen.push(Number(message.text));
      this.#token = token;
    }
  }
  /** As a client does that crashes, and is started again. */
  kill(): void {
    this.#killed.abort();
  }
  /** Returns the fault in the items that it has seen of `events`; undefined: none. */
  fault(events: number): string | undefined {
    const starts = [0, ...this.resets];
    const runs = starts.map((from, i) => this.seen.slice(from, starts[i + 1]));
    for (const [i, run] of runs.entries()) {
      const first = run[0] ?? 1;
      // Behind a reset it begins with the oldest that is kept.
      if (i === 0 && first !== 1) return `begins with ${first}`;
      const wrong = run.findIndex((number, at) => number !== first + at);
      if (wrong >= 0) return `has ${run[wrong]} behind ${run[wrong - 1]}`;
    }
    const last = this.seen.at(-1);
    return last === events ? undefined : `ends with ${last}`;
  }
}

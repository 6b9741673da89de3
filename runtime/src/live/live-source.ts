// One follower of a live answer: it checks the permit before each later message, and leaves out equal ones.
import { hash } from "node:crypto";
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { permitFailure } from "../admission/permit-failure.ts";
import type { Timer } from "../clock.ts";
import type { Request } from "../compose/request.ts";
import { asFailure, type Failure } from "../failure.ts";
import { type Backoff, startBackoff } from "../guard/retry.ts";
import { callerBinding } from "../identity/caller-binding.ts";
import { shallowCopy } from "../selection/field-value.ts";
import type { ItemSource, Items } from "../source/source.ts";
import { type Transitions, transition } from "../states.ts";
import type { ComposedItem } from "../stream/stream-options.ts";
import type { LiveAnswer, LiveReceiver, LiveVersion } from "./live-answer.ts";
import { type LiveParts, LiveRuns, RETRY, reportStale } from "./live-run.ts";

/**
 * Progress of a follower:
 * - `opening`: its first answer is not composed yet.
 * - `open`: later answers follow changes.
 * - `over`: it has left, or its first answer has failed.
 */
type LiveState = "opening" | "open" | "over";
const LIVE_TRANSITIONS: Transitions<LiveState> = {
  opening: ["open", "over"],
  open: ["over"],
  over: [],
};

/** The request of one follower, and the receiver of its answers. */
interface LiveFollower<App, Args, O, Principal> {
  readonly cx: Request<App, Principal>;
  readonly args: Args;
  readonly resume: string | undefined;
  readonly items: Items<ComposedItem<O>>;
}

export class LiveSource<App, I extends DescMessage, O extends DescMessage, C extends DescMessage, Principal>
  implements ItemSource, LiveReceiver<App, MessageShape<I>, MessageShape<O>, Principal>
{
  readonly cx: Request<App, Principal>;
  readonly args: MessageShape<I>;
  readonly #parts: LiveParts<App, I, O, C, Principal>;
  readonly #items: Items<ComposedItem<MessageShape<O>>>;
  readonly #runs: LiveRuns<App, I, O, C, Principal>;
  readonly #answer: LiveAnswer<App, I, O, C, Principal>;
  #state: LiveState = "opening";
  /** Token of the answer that the client has. */
  #token: string | undefined;
  /** Digest of the newest version that it has received. */
  #has: string | undefined;
  #backoff: Backoff | undefined;
  #retry: Timer | undefined;

  constructor(
    parts: LiveParts<App, I, O, C, Principal>,
    answer: LiveAnswer<App, I, O, C, Principal>,
    { cx, args, resume, items }: LiveFollower<App, MessageShape<I>, MessageShape<O>, Principal>,
  ) {
    this.cx = cx;
    this.args = args;
    this.#parts = parts;
    this.#items = items;
    this.#token = resume;
    this.#runs = new LiveRuns(parts);
    this.#answer = answer;
  }
  begin(): this {
    this.#answer.join(this);
    return this;
  }
  get #over(): boolean {
    return this.#state === "over";
  }
  #enter(state: LiveState): void {
    this.#state = transition(LIVE_TRANSITIONS, this.#state, state);
  }

  next(): void {
    this.#answer.wait(this, this.#has);
  }
  cancel(): void {
    if (this.#over) return;
    this.#enter("over");
    if (this.#retry !== undefined) this.#parts.clock.clearTimeout(this.#retry);
    this.#runs.end();
    this.#answer.leave(this);
  }
  failed(failure: Failure): void {
    this.#items.failed(failure);
    this.cancel();
  }
  receive(version: LiveVersion<MessageShape<O>>): void {
    if (this.#state === "opening") {
      this.#enter("open");
      this.#give(version);
    } else if (!this.#over) void this.#giveIfPermitted(version);
  }
  async #giveIfPermitted(version: LiveVersion<MessageShape<O>>): Promise<void> {
    try {
      const refusal = await this.permitted();
      if (this.#over) return;
      this.#backoff = undefined;
      if (refusal === undefined) this.#give(version);
      else this.#items.denied?.(refusal);
    } catch (thrown) {
      if (!this.#over) this.#postpone(asFailure(thrown));
    }
  }
  #give({ response, found, digest }: LiveVersion<MessageShape<O>>): void {
    this.#has = digest;
    const caller = this.cx.exchange.headers.authentication?.caller;
    const token = hash("sha256", `${JSON.stringify(callerBinding(caller))}\n${digest}`, "base64url");
    if (token === this.#token) {
      this.next();
      return;
    }
    const reset = this.#token !== undefined;
    this.#token = token;
    const lacks = found !== undefined && found.entries.length > 0;
    // The stream writes its position into the message, which other followers receive, too.
    const message = this.#parts.options.stamp === undefined ? response : shallowCopy(response);
    this.#items.item({ response: message, found: lacks ? found : undefined }, { token, reset });
  }
  /** The permit has no result: a later version is received after a wait. */
  #postpone(failure: Failure): void {
    const { clock, method, options } = this.#parts;
    reportStale(method, this.cx, failure);
    this.#backoff = this.#backoff?.next(undefined) ?? startBackoff(RETRY, clock);
    const ms = Math.max(options.live.minIntervalMs, this.#backoff.duration);
    this.#retry = clock.setTimeout(next, ms, this as ItemSource);
  }
  /**
   * Checks the permit again.
   *
   * @returns the refusal for the client; undefined: it holds
   * @throws the failure of a check that has no result
   */
  async permitted(): Promise<Failure | undefined> {
    const { check, decide } = this.#parts.options.permit ?? {};
    if (check === undefined && decide === undefined) return undefined;
    try {
      await this.#runs.run(this.cx, async (cx) => {
        await check?.(cx, this.args);
        await decide?.(cx, this.args);
        await cx.exchange.settled();
      });
      return undefined;
    } catch (thrown) {
      const failure = permitFailure(asFailure(thrown));
      if (failure.refusal) return failure;
      throw failure;
    }
  }
}
const next = (source: ItemSource): void => source.next();

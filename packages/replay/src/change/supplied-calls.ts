import type { MissingAnswers, Supplied } from "../missing/missing-answers.ts";
import type { SentAttempt, Stage } from "../tape/stage.ts";

/** A call without an answer. `why` is the end of a sentence, or empty. */
interface UnmatchedCall {
  readonly path: string;
  readonly why: string;
}

/** Calls of one replay that its capture has no answer to. */
export class SuppliedCalls {
  readonly unmatched: UnmatchedCall[] = [];
  /** Kinds of the answers that were delivered. */
  readonly kinds: Supplied["kind"][] = [];
  readonly #stage: Stage;
  readonly #at: (us: number, run: () => void) => void;
  readonly #missing: MissingAnswers | undefined;
  #pending: Promise<void>[] = [];

  constructor(stage: Stage, at: (us: number, run: () => void) => void, missing: MissingAnswers | undefined) {
    [this.#stage, this.#at, this.#missing] = [stage, at, missing];
  }

  /**
   * Receives an attempt without an answer to an equal message.
   *
   * @param usualUs duration of the last captured one of its method
   */
  add(sent: SentAttempt, index: number, usualUs: number): void {
    if (this.#missing === undefined) this.lacks(sent);
    else this.#pending.push(this.#supply(this.#missing, sent, index, usualUs));
  }
  /** Receives an attempt that waits for more than its capture has. */
  lacks({ path }: SentAttempt, why = ""): void {
    this.unmatched.push({ path, why });
  }
  async #supply(missing: MissingAnswers, sent: SentAttempt, index: number, usualUs: number): Promise<void> {
    const found = await missing(sent);
    if (typeof found === "string") return this.lacks(sent, found);
    // Other answers are of today.
    const isUsual = found.kind !== "batch" && usualUs < Number.POSITIVE_INFINITY;
    this.#at(sent.at + (isUsual ? usualUs : found.tookUs), () => {
      if (sent.isOver) return;
      sent.isOver = true;
      this.kinds.push(found.kind);
      this.#stage.log.push({ at: this.#stage.clock.at, kind: "reply", attempt: index });
      found.deliver(sent.reply);
    });
  }

  /** Resolves when the answers of the calls until now are known. No time of the replay passes. */
  async known(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    await Promise.all(pending);
  }
}

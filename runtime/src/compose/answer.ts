import type { CallExtra } from "../call/outgoing-call.ts";
import { asFailure, blamed, Failure, OVER } from "../failure.ts";
import type { Cause, Mark } from "../scope/causes.ts";
import type { Sink } from "../scope/sink.ts";
import type { Exchange } from "./exchange.ts";

/**
 * A compiled `on_error`. Returns a Failure to fail with, undefined to ignore the error, or a value in place of the
 * answer.
 */
export type Rescue<R> = (error: Failure) => R;
/** The values of a compiled `on_error` that replace an answer: its results without `Failure`. */
export type Instead<R> = Exclude<R, Failure>;

/** Options of a call besides its request. */
export interface Extra<R> extends CallExtra {
  readonly rescue?: Rescue<R> | undefined;
  /** Mark of the step that the call belongs to. */
  readonly mark?: Mark | undefined;
}

/** A promise and its ends: `PromiseWithResolvers` would require `lib` es2024 of those who read these types. */
interface Settling<T> {
  readonly promise: Promise<unknown>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: Failure) => void;
}

/** Settles a promise with a call's end, after an `on_error`. */
export class Answer<Res, R> implements Sink<Res> {
  readonly #exchange: Exchange;
  readonly #answer: Settling<Res | Instead<R>>;
  readonly #extra: Extra<R> | undefined;
  readonly #supplementary: boolean;

  constructor(
    exchange: Exchange,
    answer: Settling<Res | Instead<R>>,
    extra: Extra<R> | undefined,
    supplementary: boolean,
  ) {
    this.#exchange = exchange;
    this.#answer = answer;
    this.#extra = extra;
    this.#supplementary = supplementary;
  }
  resolve(value: Res, cause?: Cause): void {
    if (cause !== undefined) {
      const exchange = this.#exchange;
      exchange.note(this.#answer.promise, cause);
      if (typeof value === "object" && value !== null) exchange.note(value, cause); // for a step that returns it
      this.#extra?.mark?.note(cause);
    }
    this.#answer.resolve(value);
  }
  reject(cause: Failure): void {
    const failure = blamed(cause, this.#extra?.clientFields);
    const instead = this.#rescued(failure);
    if (!(instead instanceof Failure)) {
      if (instead !== undefined) {
        this.#exchange.noteFailure(this.#answer.promise, failure);
        this.#extra?.mark?.note({ failure, incomplete: false });
      }
      this.#answer.resolve(instead);
    } else if (this.#supplementary && !instead.refusal) {
      this.#exchange.noteFailure(this.#answer.promise, instead);
      (this.#answer as Settling<Res | Instead<R> | undefined>).resolve(undefined);
    } else {
      this.#answer.promise.catch(() => {}); // no step awaits the promise of a supplementary call
      this.#answer.reject(instead);
    }
  }
  #rescued(failure: Failure): Instead<R> | Failure {
    const rescue = this.#extra?.rescue;
    if (rescue === undefined || failure === OVER) return failure;
    const exchange = this.#exchange;
    exchange.rescuing = true;
    try {
      return rescue(failure) as Instead<R> | Failure;
    } catch (thrown) {
      return asFailure(thrown);
    } finally {
      exchange.rescuing = false;
    }
  }
}

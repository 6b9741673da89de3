import type { Failure } from "./failure.ts";

/** What a failure began: absence, a fallback in place, or (`incomplete`) items left out. */
export interface Cause {
  readonly failure: Failure;
  readonly incomplete: boolean;
}

/** That a field of a composed message rests on something with a cause. */
export interface Touch {
  readonly message: object;
  /** The field's proto name. */
  readonly field: string;
  readonly present: boolean;
  readonly cause: Cause;
}

/**
 * Stands for the promise of a step while the step runs and cannot know its own promise. What is noted on it belongs to that
 * promise; the first note wins.
 */
export class Mark {
  #step: object | undefined;
  #cause: Cause | undefined;
  readonly #note: (of: object, cause: Cause) => void;

  constructor(note: (of: object, cause: Cause) => void) {
    this.#note = note;
  }
  /** Says which promise it stands for. */
  is(step: object): void {
    this.#step = step;
    if (this.#cause !== undefined) this.#note(step, this.#cause);
  }
  note(cause: Cause): void {
    if (this.#cause !== undefined) return;
    this.#cause = cause;
    if (this.#step !== undefined) this.#note(this.#step, cause);
  }
}

/** Everything that failures have touched in one response. Exists only after the first failure. */
export class Causes {
  readonly touches: Touch[] = [];
  readonly #of = new Map<object, Cause>(); // by the promise of a step, or by a list with items left out
  readonly #inside = new Map<object, Cause>(); // by composed message: its first touch

  /** Remembers why a step, or a value, is not what it would be. */
  note(of: object, cause: Cause): void {
    this.#of.set(of, cause);
  }
  of(origin: unknown): Cause | undefined {
    return isObject(origin) ? this.#of.get(origin) : undefined;
  }
  touch(message: object, field: string, present: boolean, cause: Cause): void {
    this.touches.push({ message, field, present, cause });
    if (!this.#inside.has(message)) this.#inside.set(message, cause);
  }
  /** The first cause inside a composed value: a message, or a list or map of messages. */
  within(value: unknown): Cause | undefined {
    if (!isObject(value) || value instanceof Uint8Array || value instanceof Promise) return undefined;
    const here = this.#inside.get(value) ?? this.#of.get(value);
    if (here !== undefined) return { failure: here.failure, incomplete: false };
    for (const part of Object.values(value)) {
      const cause = this.within(part);
      if (cause !== undefined) return cause;
    }
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

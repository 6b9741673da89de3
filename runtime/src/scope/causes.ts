import type { Failure } from "../failure.ts";

/**
 * Effect of a failure on a value: absence, a fallback in place, (`incomplete`) items left out, or an old value in place
 * of a new one.
 */
export interface Cause {
  readonly failure: Failure;
  readonly incomplete: boolean;
  /** Age in milliseconds of a value past its time that could not be renewed. */
  readonly staleMs?: number | undefined;
}

/** Returns the cause to report of two: a failure before staleness, then the first. */
export function worse(first: Cause | undefined, second: Cause): Cause {
  if (first === undefined) return second;
  return first.staleMs !== undefined && second.staleMs === undefined ? second : first;
}

/** A field of a composed message that depends on a value with a cause. */
export interface Touch {
  readonly message: object;
  /** The field's proto name. */
  readonly field: string;
  readonly present: boolean;
  readonly cause: Cause;
}

/** Record of the outcome of steps, by their promises. */
interface Notes {
  note(of: object, cause: Cause): void;
  failed(step: object, failure: Failure): void;
}

/**
 * Placeholder for the promise of a running step, which has no access to that promise. Notes on it belong to the
 * promise. The first note wins, unless it is that of a value past its time.
 *
 * @example
 * const order = cx.step(async (mark) => cx.send(cx.app.getOrder, { id: args.id }, { mark }));
 */
export class Mark {
  #step: object | undefined;
  #cause: Cause | undefined;
  #failure: Failure | undefined;
  readonly #notes: Notes;

  constructor(notes: Notes) {
    this.#notes = notes;
  }
  /** Sets the promise that this mark represents. */
  is(step: object): void {
    this.#step = step;
    if (this.#cause !== undefined) this.#notes.note(step, this.#cause);
    if (this.#failure !== undefined) this.#notes.failed(step, this.#failure);
  }
  /** Records that the step has failed, and continues without its value. */
  failed(failure: Failure): void {
    this.#failure = failure;
    if (this.#step !== undefined) this.#notes.failed(this.#step, failure);
  }
  note(cause: Cause): void {
    if (worse(this.#cause, cause) !== cause) return;
    this.#cause = cause;
    if (this.#step !== undefined) this.#notes.note(this.#step, cause);
  }
}

/** Everything that failures have touched in one response. Exists only after the first failure. */
export class Causes {
  readonly touches: Touch[] = [];
  readonly #of = new Map<object, Cause>(); // by the promise of a step, or by a list with items left out
  readonly #inside = new Map<object, Cause>(); // by composed message: its first touch
  readonly #before: Causes | undefined;

  /** @param before causes that are already known; they do not change */
  constructor(before?: Causes) {
    this.#before = before;
  }

  /** Records why a step or a value differs from the intended one. */
  note(of: object, cause: Cause): void {
    // A failure takes precedence over age, whichever is noted first.
    if (cause.staleMs === undefined || !this.#of.has(of)) this.#of.set(of, cause);
  }
  of(origin: unknown): Cause | undefined {
    return isObject(origin) ? (this.#of.get(origin) ?? this.#before?.of(origin)) : undefined;
  }
  touch(message: object, field: string, present: boolean, cause: Cause): void {
    this.touches.push({ message, field, present, cause });
    this.#inside.set(message, worse(this.#inside.get(message), cause));
  }
  /** Returns the cause to report among those of these steps and values. */
  among(origins: readonly unknown[]): Cause | undefined {
    let found: Cause | undefined;
    for (const origin of origins) {
      const cause = this.of(origin) ?? this.within(origin);
      if (cause !== undefined) found = worse(found, cause);
      if (found !== undefined && found.staleMs === undefined) break;
    }
    return found;
  }
  /** Returns the cause to report inside a composed value: a message, or a list or map of messages. */
  within(value: unknown): Cause | undefined {
    if (!isObject(value) || value instanceof Uint8Array || value instanceof Promise) return undefined;
    const here = this.#here(value);
    let found = here && { ...here, incomplete: false };
    for (const part of Object.values(value)) {
      if (found !== undefined && found.staleMs === undefined) break;
      const cause = this.within(part);
      if (cause !== undefined) found = worse(found, cause);
    }
    return found;
  }
  #here(value: object): Cause | undefined {
    const found = this.#inside.get(value) ?? this.#of.get(value);
    return found === undefined && this.#before !== undefined ? this.#before.#here(value) : found;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

import type { Failure } from "../failure.ts";

/** What a failure began: absence, a fallback in place, (`incomplete`) items left out, or an old value in place of a new one. */
export interface Cause {
  readonly failure: Failure;
  readonly incomplete: boolean;
  /** Of a value past its time, which could not be renewed: how old it is, in milliseconds. */
  readonly staleMs?: number | undefined;
}

/** The one to be told of two: what failed before what is stale, then the first. */
export function worse(first: Cause | undefined, second: Cause): Cause {
  if (first === undefined) return second;
  return first.staleMs !== undefined && second.staleMs === undefined ? second : first;
}

/** That a field of a composed message rests on something with a cause. */
export interface Touch {
  readonly message: object;
  /** The field's proto name. */
  readonly field: string;
  readonly present: boolean;
  readonly cause: Cause;
}

/** Where what becomes of steps is noted, by their promises. */
interface Notes {
  note(of: object, cause: Cause): void;
  failed(step: object, failure: Failure): void;
}

/**
 * Stands for the promise of a step while the step runs and cannot know its own promise. What is noted on it belongs to that
 * promise; the first note wins, but for one of a value past its time.
 */
export class Mark {
  #step: object | undefined;
  #cause: Cause | undefined;
  #failure: Failure | undefined;
  readonly #notes: Notes;

  constructor(notes: Notes) {
    this.#notes = notes;
  }
  /** Says which promise it stands for. */
  is(step: object): void {
    this.#step = step;
    if (this.#cause !== undefined) this.#notes.note(step, this.#cause);
    if (this.#failure !== undefined) this.#notes.failed(step, this.#failure);
  }
  /** The step has failed, and goes on without its own value. */
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

  /** @param before what is known already; nothing of it changes */
  constructor(before?: Causes) {
    this.#before = before;
  }

  /** Remembers why a step, or a value, is not what it would be. */
  note(of: object, cause: Cause): void {
    // A failure says more than age, whichever comes first.
    if (cause.staleMs === undefined || !this.#of.has(of)) this.#of.set(of, cause);
  }
  of(origin: unknown): Cause | undefined {
    return isObject(origin) ? (this.#of.get(origin) ?? this.#before?.of(origin)) : undefined;
  }
  touch(message: object, field: string, present: boolean, cause: Cause): void {
    this.touches.push({ message, field, present, cause });
    this.#inside.set(message, worse(this.#inside.get(message), cause));
  }
  /** The cause to be told of those of these steps and values that have one. */
  among(origins: readonly unknown[]): Cause | undefined {
    let found: Cause | undefined;
    for (const origin of origins) {
      const cause = this.of(origin) ?? this.within(origin);
      if (cause !== undefined) found = worse(found, cause);
      if (found !== undefined && found.staleMs === undefined) break;
    }
    return found;
  }
  /** The cause to be told of those inside a composed value: a message, or a list or map of messages. */
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

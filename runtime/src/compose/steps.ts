// Step functions of `Request`: promises whose failures have causes in the exchange.

import { asFailure, Failure, OVER } from "../failure.ts";
import { Mark, worse } from "../scope/causes.ts";
import type { Scope } from "../scope/scope.ts";
import type { Exchange } from "./exchange.ts";

/** Runs a step that fails its scope by `fail`. */
export function critical<T>(
  exchange: Exchange,
  run: (mark: Mark) => Promise<T>,
  fail: (thrown: unknown) => void,
): Promise<T> {
  const mark = markFor(exchange, run);
  const step = begin(run, mark);
  mark?.is(step);
  step.then((value) => inherit(exchange, step, value), fail);
  return step;
}

/** Runs a step that leaves `undefined` when it fails. */
export function supplementary<T>(
  exchange: Exchange,
  scope: Scope,
  run: (mark: Mark) => Promise<T>,
): Promise<T | undefined> {
  const mark = markFor(exchange, run);
  const step: Promise<T | undefined> = begin(run, mark).then(
    (value) => {
      inherit(exchange, step, value);
      return value;
    },
    (thrown) => {
      const failure = asFailure(thrown);
      if (failure.refusal || scope.holdsBack(failure)) {
        handled(step);
        throw failure;
      }
      exchange.noteFailure(step, failure);
      return undefined;
    },
  );
  mark?.is(step);
  return step;
}
function markFor(exchange: Exchange, { length }: (mark: Mark) => unknown): Mark | undefined {
  return length > 0 ? new Mark(exchange) : undefined;
}
/**
 * Copies causes and failure from the value of a step, or from the step that it represents, to the step. Such causes are
 * items that a list lacks, or an outdated answer.
 */
function inherit(exchange: Exchange, step: Promise<unknown>, from: unknown): void {
  const cause = exchange.causes?.of(from);
  if (cause !== undefined) exchange.note(step, worse(exchange.causes?.of(step), cause));
  const failure = exchange.failureOf(from);
  if (failure !== undefined) exchange.failed(step, failure);
}

/** `orElse` of a request, except for the effect of a throw in it. */
export function filled<T, F>(
  exchange: Exchange,
  step: Promise<T | undefined>,
  value: () => F | Promise<F>,
): Promise<T | F> {
  const result: Promise<T | F> = step.then((present) => {
    inherit(exchange, result, step);
    return present !== undefined ? present : value();
  });
  return result;
}

/** `when` of a request. */
export function when<T>(
  exchange: Exchange,
  possible: boolean | (() => Promise<boolean>),
  start: () => Promise<T>,
): Promise<T> {
  if (possible === true) return start();
  if (possible === false) return Promise.resolve(undefined as T);
  const result: Promise<T> = begin(possible, undefined).then(async (is) => {
    if (!is) return undefined as T;
    const step = start();
    try {
      return await step;
    } finally {
      inherit(exchange, result, step);
    }
  });
  return handled(result);
}

/** `resting` of a request. */
export function resting<T>(
  exchange: Exchange,
  step: Promise<T>,
  origins: (itself: Promise<T>) => readonly unknown[] | Promise<readonly unknown[]>,
): Promise<T> {
  const rest: Promise<T> = step.then(async (value) => {
    inherit(exchange, rest, step);
    const cause = exchange.causes?.among(await origins(step));
    if (cause !== undefined) exchange.note(rest, cause);
    return value;
  });
  return rest;
}

/** `guard` of a request. */
export function guarded(exchange: Exchange, scope: Scope, run: () => Promise<void>, rank: number): Promise<void> {
  if (scope.over) return handled(Promise.reject(OVER));
  scope.guardBegins();
  const guard = begin(run, undefined);
  guard.then(
    () => exchange.guardEnds(scope),
    (thrown) => {
      // A failed step that the guard reads is handled there. Only the guard's message cannot be composed.
      if (thrown instanceof Failure) scope.fail(thrown);
      else exchange.scope.fail(asFailure(thrown), rank);
      exchange.guardEnds(scope);
    },
  );
  return guard;
}

/** Starts a step. A throw before the first `await` rejects like any other. */
export function begin<T>(run: (mark: Mark) => Promise<T>, mark: Mark | undefined): Promise<T> {
  try {
    return run(mark as Mark); // a function without a parameter does not read it
  } catch (thrown) {
    return Promise.reject(thrown);
  }
}
/** Marks a promise's rejection as handled. Code that awaits the promise still receives it. */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.then(undefined, ignore);
  return promise;
}
const ignore = (): void => {};

// The part of `Request` that does not start calls and steps: lists and maps, failing, request properties, and touched
// fields.
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { metadataText } from "../call/response-metadata.ts";
import type { Clock } from "../clock.ts";
import { counted, mostSteps, useMeter } from "../expressions/value/meter.ts";
import { type Code, type Detail, type ErrorInfo, type Failure, refusal } from "../failure.ts";
import type { Peer } from "../identity/incoming-request.ts";
import { type Mark, Reads } from "../scope/causes.ts";
import { Rank } from "../scope/scope.ts";
import type { Selection } from "../selection/selection.ts";
import type { Exchange } from "./exchange.ts";
import { ExpressionBudget } from "./expression-budget.ts";
import { keyed, partial } from "./lists.ts";
import { handled, resting } from "./steps.ts";

/** Status that a client receives for a failure. */
interface Status {
  readonly code: Code;
  readonly message: string;
  readonly details: readonly Detail[];
}

/** The part of a request that starts no work. */
export class RequestFacts<out Principal> {
  /** @internal */
  readonly exchange: Exchange;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
  }

  /** Fields that are composed for this answer. */
  get fields(): Selection {
    return this.exchange.gates.chosen.composed;
  }

  // ---- running steps ----

  /**
   * Returns a step for readers without access to its dependencies. A failure that has touched one of these origins
   * (steps and values) counts as one that has touched the step.
   *
   * @param origins receives the step itself, for the place where it was declared
   */
  resting<T>(
    step: Promise<T>,
    origins: (itself: Promise<T>) => readonly unknown[] | Promise<readonly unknown[]>,
  ): Promise<T> {
    return handled(resting(this.exchange, step, origins));
  }
  /** Resolves when these steps have ended, successfully or not. */
  async ended(...steps: readonly Promise<unknown>[]): Promise<void> {
    await Promise.allSettled(steps);
  }
  /**
   * Resolves when all of these steps have succeeded, and rejects with the first failure. They must succeed before a
   * side effect.
   */
  cleared(...steps: readonly Promise<unknown>[]): Promise<void> {
    return handled(Promise.all(steps).then(() => {}));
  }

  // ---- lists and maps ----

  /** Returns the items that are present. */
  present<T>(items: readonly (T | undefined)[]): T[] {
    return items.filter((item) => item !== undefined);
  }
  /**
   * Returns the items that have a value, in order. Failed items are left out, and the first failure is remembered under
   * the list. Rejects with it if the list has items and none succeeded.
   */
  partial<T>(items: readonly Promise<T | undefined>[], mark?: Mark): Promise<T[]> {
    return handled(partial(this.exchange, items, mark));
  }
  /**
   * Returns a map of these values by these keys.
   *
   * @throws Failure (INVALID) when a key occurs twice
   */
  keyed<K extends string | number | bigint | boolean, T>(keys: readonly K[], values: readonly T[]): Record<string, T> {
    return keyed(keys, values);
  }

  // ---- failing ----

  /**
   * Fails the whole response with this status, at once or when no guard is pending. Throw the returned failure, or
   * return it from a `rescue`. The lowest rank wins. Guards have their place in the declared order; a rescue needs
   * none.
   *
   * @param message undefined: the fixed text of the code
   */
  refuse(code: Code, message?: string, rank?: number, details?: readonly Detail[]): Failure {
    const failure = refusal(code, message, details);
    this.exchange.scope.fail(failure, rank ?? (this.exchange.rescuing ? Rank.RULE : 0));
    return failure;
  }
  /** Fails with the status that an upstream has answered with, except for the given parts. */
  passOn(error: Failure, { code, message, details }: Partial<Status> = {}): Failure {
    const came = error.asItCame;
    return this.refuse(code ?? error.code, message ?? came.message, undefined, details ?? came.details);
  }
  // ---- request properties ----

  /** The caller. Undefined without authentication, which only public RPCs accept. */
  get principal(): Principal {
    return this.exchange.headers.authentication?.caller?.principal as Principal;
  }
  /** Source of the request, as far as it is known. */
  get peer(): Peer {
    return this.exchange.headers.peer;
  }

  /**
   * Returns an incoming header by its lower-case name. "" if absent; several values are joined with ", ". `-bin`
   * headers are never returned.
   */
  header(name: string): string {
    return this.exchange.headers.textToSend(name);
  }
  /**
   * Returns a header of the answer that contained this message, by its lower-case name. "" if absent, or if another
   * value replaces the answer.
   */
  answerHeader(message: object, name: string): string {
    return metadataText(this.exchange.calls.receivedOf(message)?.headers, name);
  }
  /** Returns the same for its trailers. */
  answerTrailer(message: object, name: string): string {
    return metadataText(this.exchange.calls.receivedOf(message)?.trailers, name);
  }
  /** Returns the time, which is the same for the whole request. */
  now(): Timestamp {
    return this.exchange.now();
  }
  /** Returns a random UUID (RFC 9562, version 4), one for each place of an expression and response. */
  randomUuid(place: string): string {
    return this.exchange.random(place, randomUuid);
  }
  /** Returns a random number from 0 to 1, without 1, one for each place of an expression and response. */
  randomDouble(place: string): number {
    return this.exchange.random(place, (clock) => clock.random());
  }
  /** Returns the state of a page token of the request. Empty for an empty token. */
  openPage(token: string): Map<string, string> {
    const state = this.exchange.gates.pages?.open(token);
    // A gate has refused each request with a bad token.
    if (state === undefined) throw new TypeError("a page token that no gate has checked");
    return new Map(state);
  }
  /**
   * Returns the token of the next page, for this state; "" for an empty state.
   *
   * @throws ExpressionError if the token is longer than 4 KiB
   */
  sealPage(state: ReadonlyMap<string, string>): string {
    const { pages } = this.exchange.gates;
    if (pages === undefined) throw new TypeError("a page token of an rpc without pages");
    return pages.seal(state);
  }

  /**
   * Returns a list or a text, and takes a step of the request's budget for each of its elements or characters.
   *
   * @throws Failure (RESOURCE_EXHAUSTED) when no steps are left; the whole response fails with it
   */
  counted<T>(value: T): T {
    const { exchange } = this;
    exchange.steps ??= new ExpressionBudget(exchange.scope, mostSteps());
    useMeter(exchange.steps);
    return counted(value);
  }

  // ---- touched fields ----

  /** True if an optional part of the response has failed. */
  get degraded(): boolean {
    return this.exchange.causes !== undefined;
  }
  /**
   * Returns the failure of a step that has ended, in a response that continues. The failure may have been ignored or
   * replaced by a fallback. A step that was left out has the failure of the step that it lacked.
   */
  failure(step: object): ErrorInfo | undefined {
    return this.exchange.failureOf(step);
  }
  /**
   * Leaves a step out because of these steps. It fails with the failure of the first that has one. Others may be
   * `false`.
   */
  without(mark: Mark, ...steps: readonly (object | false)[]): undefined {
    const failure = steps.map((step) => this.exchange.failureOf(step)).find((found) => found !== undefined);
    if (failure !== undefined) mark.failed(failure);
    return undefined;
  }
  /**
   * Records that a field depends on these steps (promises) and values, if one of them has a cause. The cause is that of
   * the first that failed, or else of the first that is stale.
   *
   * @param field its proto name
   * @param present true if the field still has a value
   * @param origins those that are `false` or undefined (a case that was not taken) are ignored
   */
  touched(message: object, field: string, present: boolean, ...origins: readonly unknown[]): void {
    const { causes } = this.exchange;
    const cause = causes?.among(origins);
    if (cause !== undefined) causes?.touch(message, field, present, cause);
  }
  /**
   * Returns the origin for a value of which only some fields are read.
   *
   * @param paths proto names of fields, separated by dots, also in the items of lists and maps; `?` at the end: only
   * whether there is a value
   */
  reads(value: unknown, ...paths: readonly string[]): object {
    return new Reads(value, paths);
  }
  /**
   * Returns these as one origin of items that a list lacks: the cause of the first that has one. Undefined if none has
   * a cause.
   */
  leftOut(...origins: readonly unknown[]): object | undefined {
    const cause = this.exchange.causes?.among(origins);
    if (cause === undefined) return undefined;
    const token = {};
    this.exchange.note(token, { ...cause, incomplete: cause.staleMs === undefined });
    return token;
  }
}

/** Returns a random UUID (RFC 9562, version 4) from a clock's randomness. It is neither secret nor unguessable. */
export function randomUuid(clock: Clock): string {
  const bytes = Uint8Array.from({ length: 16 }, () => Math.floor(clock.random() * 256));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return Buffer.from(bytes)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

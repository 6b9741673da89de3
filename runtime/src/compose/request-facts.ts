// What a `Request` gives besides what starts calls and steps: lists and maps, failing, what the request says, and what failures have touched.
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { metadataText } from "../call/response-metadata.ts";
import { type Code, type Detail, type ErrorInfo, type Failure, refusal } from "../failure.ts";
import { incomingOf, type Peer } from "../identity/incoming.ts";
import type { Mark } from "../scope/causes.ts";
import { Rank } from "../scope/scope.ts";
import type { Exchange } from "./exchange.ts";
import { keyed, partial } from "./lists.ts";
import { randomUuid } from "./random-uuid.ts";
import { handled, resting } from "./steps.ts";

/** What a client is told of a failure. */
interface Status {
  readonly code: Code;
  readonly message: string;
  readonly details: readonly Detail[];
}

/** The part of a request that starts nothing. */
export class RequestFacts<out Principal> {
  /** @internal */
  readonly exchange: Exchange;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
  }

  // ---- steps that run ----

  /**
   * A step that is read where those that it rests on are not known: a failure that has touched one of these origins (steps
   * and values) counts as one that has touched the step.
   *
   * @param origins gets the step itself, to be put where it was declared
   */
  resting<T>(
    step: Promise<T>,
    origins: (itself: Promise<T>) => readonly unknown[] | Promise<readonly unknown[]>,
  ): Promise<T> {
    return handled(resting(this.exchange, step, origins));
  }
  /** Resolves when these have ended, however they did. */
  async ended(...steps: readonly Promise<unknown>[]): Promise<void> {
    await Promise.allSettled(steps);
  }
  /** Resolves when all of these have succeeded, and rejects with the first failure; what must be so before a side effect. */
  cleared(...steps: readonly Promise<unknown>[]): Promise<void> {
    return handled(Promise.all(steps).then(() => {}));
  }

  // ---- lists and maps ----

  /** Leaves out what is absent. */
  present<T>(items: readonly (T | undefined)[]): T[] {
    return items.filter((item) => item !== undefined);
  }
  /**
   * The items that have a value, in order; those that failed are left out, and the first failure is remembered under the list.
   * Rejects with it when there were items and none succeeded.
   */
  partial<T>(items: readonly Promise<T | undefined>[], mark?: Mark): Promise<T[]> {
    return handled(partial(this.exchange, items, mark));
  }
  /**
   * A map of these values by these keys.
   *
   * @throws Failure (INVALID) when a key comes twice
   */
  keyed<K extends string | number | bigint | boolean, T>(keys: readonly K[], values: readonly T[]): Record<string, T> {
    return keyed(keys, values);
  }

  // ---- failing ----

  /**
   * Fails the whole response with this status, at once or when no guard is pending; throw what it returns, or return it from
   * a `rescue`. The lowest rank wins: guards have their place in the declared order; a rescue needs none.
   *
   * @param message undefined: the fixed text of the code
   */
  refuse(code: Code, message?: string, rank?: number, details?: readonly Detail[]): Failure {
    const failure = refusal(code, message, details);
    this.exchange.scope.fail(failure, rank ?? (this.exchange.rescuing ? Rank.RULE : 0));
    return failure;
  }
  /** The same with the status that an upstream has answered with, as far as nothing else is said. */
  passOn(error: Failure, { code, message, details }: Partial<Status> = {}): Failure {
    const came = error.asItCame;
    return this.refuse(code ?? error.code, message ?? came.message, undefined, details ?? came.details);
  }
  // ---- what the request says ----

  /** Who is calling; undefined where nobody is known, which only public rpcs answer. */
  get principal(): Principal {
    return this.exchange.judged?.caller?.principal as Principal;
  }
  /** Where the request comes from, as far as that is known. */
  get peer(): Peer {
    return this.exchange.judged?.peer ?? incomingOf(this.exchange.headers).peer;
  }

  /** An incoming header by its lower-case name; "" when absent, several values joined with ", ", never a `-bin` one. */
  header(name: string): string {
    return this.exchange.headerToSend(name);
  }
  /** A header of the answer that this message came in, by its lower-case name; "" when absent, and where something stands in for an answer. */
  answerHeader(message: object, name: string): string {
    return metadataText(this.exchange.receivedOf(message)?.headers, name);
  }
  /** The same of its trailers. */
  answerTrailer(message: object, name: string): string {
    return metadataText(this.exchange.receivedOf(message)?.trailers, name);
  }
  /** The time; the same one for the whole request. */
  now(): Timestamp {
    return this.exchange.now();
  }
  /** A random UUID (RFC 9562, version 4), one for each place of an expression and response. */
  randomUuid(place: string): string {
    return this.exchange.random(place, randomUuid);
  }
  /** A random number from 0 to 1, 1 left out, one for each place of an expression and response. */
  randomDouble(place: string): number {
    return this.exchange.random(place, (clock) => clock.random());
  }

  // ---- what failures have touched ----

  /** Whether anything that the response can do without has failed. */
  get degraded(): boolean {
    return this.exchange.causes !== undefined;
  }
  /**
   * What a step that has ended failed with, in a response that goes on: its own failure, also one that was ignored or that a fallback stands
   * in for, or that of a step for want of which it was left out.
   */
  failure(step: object): ErrorInfo | undefined {
    return this.exchange.failureOf(step);
  }
  /** Leaves a step out for want of these: it has failed with the failure of the first that has one. Others may be `false`. */
  without(mark: Mark, ...steps: readonly (object | false)[]): undefined {
    const failure = steps.map((step) => this.exchange.failureOf(step)).find((found) => found !== undefined);
    if (failure !== undefined) mark.failed(failure);
    return undefined;
  }
  /**
   * Records that a field rests on these steps (promises) and values, if one of them has a cause: the first that failed, or
   * else the first that is stale.
   *
   * @param field its proto name
   * @param present whether the field has a value all the same
   * @param origins those that are `false` or undefined (a case that was not taken) count for nothing
   */
  touched(message: object, field: string, present: boolean, ...origins: readonly unknown[]): void {
    const { causes } = this.exchange;
    const cause = causes?.among(origins);
    if (cause !== undefined) causes?.touch(message, field, present, cause);
  }
  /** These as one origin of items that a list lacks: the cause of the first that has one; undefined when none has. */
  leftOut(...origins: readonly unknown[]): object | undefined {
    const cause = this.exchange.causes?.among(origins);
    if (cause === undefined) return undefined;
    const token = {};
    this.exchange.note(token, { ...cause, incomplete: cause.staleMs === undefined });
    return token;
  }
}

import { asFailure, type Failure } from "../failure.ts";
import type { Cause, Mark } from "../scope/causes.ts";
import type { Scope } from "../scope/scope.ts";
import { tooFew } from "./emitted-functions.ts";
import type { Exchange } from "./exchange.ts";
import { noteList } from "./lists.ts";

/** Number of values that a list needs. */
export interface Quorum {
  /** Fewer values fail the list. Default: 0, except that a list fails if all of its items fail. */
  readonly min?: number;
  /** After this many values the remaining items are cancelled. Default: all items. */
  readonly enough?: number;
}

/** A request, or a part of one, that starts parts in separate scopes. */
interface Parent<Part> {
  readonly exchange: Exchange;
  sub<T>(run: (part: Part) => Promise<T>): Promise<T>;
}

/** `quorum` of a request. */
export function quorum<Item, T, Part extends { readonly scope: Scope }>(
  parent: Parent<Part>,
  items: readonly Item[],
  { min = 0, enough = items.length }: Quorum,
  run: (item: Item, part: Part) => Promise<T | undefined>,
  mark: Mark | undefined,
): Promise<T[]> {
  if (items.length < min) return Promise.reject(tooFew(items.length, min));
  if (items.length === 0) return Promise.resolve([]);
  const { exchange } = parent;
  const { promise: list, resolve, reject } = Promise.withResolvers<T[]>();
  const running = new Map<number, Scope>();
  const values: (T | undefined)[] = items.map(() => undefined);
  const failures: (Failure | undefined)[] = [];
  let left = items.length;
  let present = 0;
  let failed = 0;
  let stale: Cause | undefined;

  // Items that have ended keep their scopes: calls that no value reads, and deferred steps, continue.
  const cancelRest = (): void => {
    left = 0;
    for (const scope of running.values()) scope.cancel();
  };
  const ended = (i: number, value: T | undefined, failure: Failure | undefined): void => {
    if (left === 0) return;
    running.delete(i);
    left--;
    values[i] = value;
    failures[i] = failure;
    if (value !== undefined) present++;
    if (failure !== undefined) failed++;
    if (present + left < min || failed === items.length) {
      cancelRest();
      reject(failures.find((each) => each !== undefined) ?? tooFew(present, min));
    } else if (present >= enough || left === 0) {
      cancelRest();
      const first = present < enough ? failures.find((each) => each !== undefined) : undefined;
      const found = values.filter((each) => each !== undefined);
      noteList(exchange, first === undefined ? stale : { failure: first, incomplete: true }, found, list, mark);
      resolve(found);
    }
  };
  for (const [i, item] of items.entries()) {
    let answer: Promise<T | undefined> | undefined;
    const start = (part: Part): Promise<T | undefined> => {
      running.set(i, part.scope);
      answer = run(item, part);
      return answer;
    };
    const succeeded = (value: T | undefined): void => {
      const cause = exchange.causes?.of(answer);
      if (value !== undefined) stale ??= cause;
      ended(i, value, value === undefined ? cause?.failure : undefined);
    };
    parent.sub(start).then(succeeded, (thrown) => ended(i, undefined, asFailure(thrown)));
  }
  return list;
}

import { asFailure, type Failure, invalid } from "../failure.ts";
import type { Cause, Mark } from "../scope/causes.ts";
import { recordOf } from "../wire/record.ts";
import type { Exchange } from "./exchange.ts";

/** `partial` of a request. */
export function partial<T>(
  exchange: Exchange,
  items: readonly Promise<T | undefined>[],
  mark: Mark | undefined,
): Promise<T[]> {
  const list: Promise<T[]> = Promise.allSettled(items).then((ended) => {
    const values: T[] = [];
    let succeeded = 0;
    let first: Failure | undefined;
    let stale: Cause | undefined;
    for (const [i, item] of ended.entries()) {
      const cause = exchange.causes?.of(items[i]);
      const failure = failureOf(item, cause);
      if (failure !== undefined) first ??= failure;
      else succeeded++;
      if (item.status === "fulfilled" && item.value !== undefined) values.push(item.value);
      stale ??= cause;
    }
    if (first !== undefined && succeeded === 0) throw first;
    const cause = first !== undefined ? { failure: first, incomplete: true } : stale;
    noteList(exchange, cause, values, list, mark);
    return values;
  });
  return list;
}

/** Records a cause for the values of a list, for its promise, and for the step that it belongs to. */
export function noteList(
  exchange: Exchange,
  cause: Cause | undefined,
  values: object,
  list: Promise<unknown>,
  mark: Mark | undefined,
): void {
  if (cause === undefined) return;
  exchange.note(values, cause);
  exchange.note(list, cause);
  mark?.note(cause);
}

function failureOf(item: PromiseSettledResult<unknown>, cause: Cause | undefined): Failure | undefined {
  if (item.status === "rejected") return asFailure(item.reason);
  return item.value === undefined ? cause?.failure : undefined;
}

/** `keyed` of a request. */
export function keyed<K extends string | number | bigint | boolean, T>(
  keys: readonly K[],
  values: readonly T[],
): Record<string, T> {
  const map = new Map<string, T>();
  for (const [i, key] of keys.entries()) {
    const name = String(key);
    if (map.has(name)) throw invalid("", `duplicate key ${JSON.stringify(name)}`);
    map.set(name, values[i] as T);
  }
  return recordOf(map);
}

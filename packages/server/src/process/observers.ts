import type { Observer } from "@protobff/runtime/internal/observer";
import type { Trace } from "@protobff/runtime/internal/observer-requests";

/** Returns an observer that calls all of them. Events that none of them handles are not made. */
export function joinObservers(observers: readonly Observer[]): Observer | undefined {
  if (observers.length < 2) return observers[0];
  return {
    ...forEvent(observers, "rpc"),
    ...forEvent(observers, "upstream"),
    ...forEvent(observers, "topic"),
    ...firstTrace(observers),
    ...forEvent(observers, "callStart"),
    ...forEvent(observers, "call"),
    ...forEvent(observers, "attempt"),
    ...forEvent(observers, "cache"),
    ...forEvent(observers, "joined"),
    ...forEvent(observers, "mirrored"),
    ...forEvent(observers, "limited"),
    ...forEvent(observers, "headerLeftOut"),
    ...forEvent(observers, "metered"),
    ...forEvent(observers, "shareRefused"),
    ...forEvent(observers, "shed"),
    ...forEvent(observers, "shedding"),
    ...forEvent(observers, "resolver"),
    ...forEvent(observers, "streamOpen"),
    ...forEvent(observers, "streamDegraded"),
    ...forEvent(observers, "response"),
    ...forEvent(observers, "breaker"),
    ...forEvent(observers, "ejection"),
    ...forEvent(observers, "budgetRefused"),
    ...forEvent(observers, "audit"),
    ...forEvent(observers, "certificate"),
  };
}

function forEvent<Name extends keyof Observer>(
  observers: readonly Observer[],
  name: Name,
): Pick<Observer, Name> | undefined {
  const all = observers.flatMap((observer) => observer[name]?.bind(observer) ?? []);
  if (all.length === 0) return undefined;
  const notify = (event: never): void => {
    for (const listener of all) (listener as (event: never) => void)(event);
  };
  return { [name]: notify } as Pick<Observer, Name>;
}

function firstTrace(observers: readonly Observer[]): Pick<Observer, "responseStart"> {
  const all = observers.flatMap((observer) => observer.responseStart?.bind(observer) ?? []);
  if (all.length === 0) return {};
  return {
    responseStart: (event) => {
      let trace: Trace | undefined;
      for (const listener of all) {
        const found = listener(event);
        trace ??= found;
      }
      return trace;
    },
  };
}

/**
 * Wraps any observer in an object of one shape. With `silent`, the observer has the same members and does nothing, so
 * that code compiled with it stays valid for the real observer.
 */
export function withOneShape(observer: Observer, silent: boolean): Observer {
  const names = new Set<string>();
  for (
    let at: object | null = observer;
    at !== Object.prototype && at !== null;
    at = Object.getPrototypeOf(at) as object
  )
    for (const name of Object.getOwnPropertyNames(at)) names.add(name);
  names.delete("constructor");
  return Object.fromEntries(
    [...names].flatMap((name) => {
      const listener: unknown = Reflect.get(observer, name);
      if (typeof listener !== "function") return [];
      return [[name, silent ? () => undefined : (event: unknown) => listener.call(observer, event) as unknown]];
    }),
  );
}

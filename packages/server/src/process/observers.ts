import type { Observer } from "@protobff/runtime/internal/observer";
import type { Trace } from "@protobff/runtime/internal/observer-requests";

/** Returns an observer that calls all of them. Events that none of them handles are not made. */
export function joinObservers(observers: readonly Observer[]): Observer | undefined {
  if (observers.length < 2) return observers[0];
  return {
    ...told(observers, "upstream"),
    ...told(observers, "topic"),
    ...firstTrace(observers),
    ...told(observers, "callStart"),
    ...told(observers, "call"),
    ...told(observers, "attempt"),
    ...told(observers, "cache"),
    ...told(observers, "joined"),
    ...told(observers, "limited"),
    ...told(observers, "resolver"),
    ...told(observers, "streamOpen"),
    ...told(observers, "streamDegraded"),
    ...told(observers, "response"),
    ...told(observers, "breaker"),
    ...told(observers, "ejection"),
    ...told(observers, "audit"),
    ...told(observers, "certificate"),
  };
}

function told<Name extends keyof Observer>(
  observers: readonly Observer[],
  name: Name,
): Pick<Observer, Name> | undefined {
  const all = observers.flatMap((observer) => observer[name]?.bind(observer) ?? []);
  if (all.length === 0) return undefined;
  const tell = (event: never): void => {
    for (const one of all) (one as (event: never) => void)(event);
  };
  return { [name]: tell } as Pick<Observer, Name>;
}

function firstTrace(observers: readonly Observer[]): Pick<Observer, "responseStart"> {
  const all = observers.flatMap((observer) => observer.responseStart?.bind(observer) ?? []);
  if (all.length === 0) return {};
  return {
    responseStart: (event) => {
      let trace: Trace | undefined;
      for (const one of all) {
        const own = one(event);
        trace ??= own;
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
      const tell: unknown = Reflect.get(observer, name);
      if (typeof tell !== "function") return [];
      return [[name, silent ? () => undefined : (event: unknown) => tell.call(observer, event) as unknown]];
    }),
  );
}

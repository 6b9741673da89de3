// Intercepts the decisions of guards, which depend on other requests. A capture records them, and a replay repeats them.
import { Breaker, type Ticket } from "@protobff/runtime/internal/guard/breaker";
import { HedgeBudget, Throttle } from "@protobff/runtime/internal/guard/budgets";
import type { Places, UrgentWaiter } from "@protobff/runtime/internal/guard/limit";
import { StreamPlaces } from "@protobff/runtime/internal/guard/stream-places";
import type { CallTap, Guard } from "@protobff/runtime/internal/transport/unary-client";

/** Decides in place of guards. */
export interface Decider {
  /** @param real returns the guard's own decision */
  allows(guard: string, real: () => boolean): boolean;
  /** @param real enters the guard's own queue */
  enters(guard: string, waiter: UrgentWaiter, real: Places["enter"]): ReturnType<Places["enter"]>;
}

/** Returns a tap that calls `guard` with a name for each guard, which is the same in each process of the same code. */
export function tapOf(client: string, clock: CallTap["clock"], decider: Decider): CallTap {
  const guards: Record<string, number> = {};
  const nameOf = (guard: Guard): string => {
    const kind = kindOf(guard);
    guards[kind] = (guards[kind] ?? 0) + 1;
    return `${client} ${kind} ${guards[kind]}`;
  };
  return { clock, guard: (guard) => intercept(guard, nameOf(guard), decider) };
}

function kindOf(guard: Guard): string {
  if (guard instanceof Breaker) return "breaker";
  if (guard instanceof Throttle) return "retries";
  if (guard instanceof HedgeBudget) return "hedges";
  return guard instanceof StreamPlaces ? "streams" : "places";
}

/** Replaces the deciding methods of this guard. */
function intercept(guard: Guard, name: string, decider: Decider): void {
  if (guard instanceof Breaker) interceptBreaker(guard, name, decider);
  else if (guard instanceof Throttle) getter(guard, "allows", (real) => () => decider.allows(name, real));
  else if (guard instanceof HedgeBudget) {
    const take = guard.take.bind(guard);
    guard.take = () => decider.allows(name, take);
  } else if (guard instanceof StreamPlaces) {
    const take = guard.take.bind(guard);
    guard.take = () => decider.allows(name, take);
  } else interceptPlaces(guard, name, decider);
}

/** The ticket of no period, for an attempt that the capture admitted and the breaker of the replay refuses. */
const UNCOUNTED: Ticket = 0;

function interceptBreaker(breaker: Breaker, name: string, decider: Decider): void {
  let isAdmitting = false;
  getter(breaker, "refuses", (real) => {
    const passes = (): boolean => !real();
    // `admit` reads the getter, too: together they are one decision.
    return () => (isAdmitting ? real() : !decider.allows(name, passes));
  });
  const admit = breaker.admit.bind(breaker);
  let ticket: ReturnType<Breaker["admit"]>;
  const admits = (): boolean => {
    isAdmitting = true;
    ticket = admit();
    isAdmitting = false;
    return ticket !== undefined;
  };
  breaker.admit = () => {
    ticket = undefined;
    if (!decider.allows(name, admits)) return undefined;
    return ticket !== undefined || admits() ? ticket : UNCOUNTED;
  };
}

function interceptPlaces(places: Places, name: string, decider: Decider): void {
  const enter = places.enter.bind(places);
  places.enter = (waiter) => decider.enters(name, waiter, enter);
  getter(places, "state", (real) => () => {
    const state = real();
    const isFree = state.taken < state.most && state.waiting === 0;
    const mayEnter = decider.allows(name, () => isFree);
    return mayEnter === isFree ? state : { ...state, taken: mayEnter ? state.most - 1 : state.most, waiting: 0 };
  });
}

/** Replaces a getter of the object's class, or of one that this extends, for this object alone. */
function getter<O extends object, K extends keyof O & string>(
  of: O,
  name: K,
  make: (real: () => O[K]) => () => O[K],
): void {
  let owner = Object.getPrototypeOf(of);
  while (!Object.hasOwn(owner, name)) owner = Object.getPrototypeOf(owner);
  const descriptor = Object.getOwnPropertyDescriptor(owner, name);
  const real = (): O[K] => descriptor?.get?.call(of) as O[K];
  Object.defineProperty(of, name, { get: make(real) });
}

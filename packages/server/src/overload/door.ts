// BFF_MAX_REQUESTS: the number of requests that a process composes at a time. Only servers with this bound load it.

import type { DescMethod } from "@bufbuild/protobuf";
import type { Door } from "@protobff/runtime/internal/admission/gates";
import { limitOf } from "@protobff/runtime/internal/call/call-limits";
import { budgetOf } from "@protobff/runtime/internal/call/context";
import { type Clock, systemClock, type Timer } from "@protobff/runtime/internal/clock";
import type { Exchange } from "@protobff/runtime/internal/compose/exchange";
import { nameOf } from "@protobff/runtime/internal/endpoint/front";
import type { Failure } from "@protobff/runtime/internal/failure";
import {
  type Fairness,
  hasPlace,
  type Places,
  type Share,
  type UrgentWaiter,
} from "@protobff/runtime/internal/guard/limit";
import type { Observer } from "@protobff/runtime/internal/observer";
import type { Priority } from "@protobff/runtime/internal/observer-requests";
import { overloaded, shareExceeded } from "./overloaded.ts";

/** Part of its budget that a request may wait. */
const WAIT = 0.1;
/**
 * Number of slices of this time, each with a timer. A pause of the process, in which no request could get a place, takes
 * one slice at most.
 */
const SLICES = 8;
/** Maximum number of waiting requests, per request that is composed. */
const WAITING_PER_PLACE = 10;

/** Places the door before all endpoints: `most` requests are composed at a time. A stream counts until it is open. */
export function placeDoor(
  endpoints: readonly {
    readonly method: DescMethod;
    readonly priority?: Priority | undefined;
    readonly behind?: ((door: Door) => void) | undefined;
    readonly share?: { readonly fair: Fairness } | undefined;
  }[],
  most: number,
  observer?: Pick<Observer, "shareRefused" | "shed">,
): void {
  const fair = endpoints.find(({ share }) => share !== undefined)?.share?.fair;
  const door = new RequestDoor(most, fair, (key) => observer?.shareRefused?.({ place: "door", key }));
  for (const { behind, method, priority = "normal" } of endpoints) {
    const shed = (): void => observer?.shed?.({ method: nameOf(method), priority });
    behind?.({ pass: (cx) => door.pass(cx, shed) });
  }
}

/** Admits requests in fair order, or else first come, first served. */
class RequestDoor {
  readonly #places: Places;
  readonly #isFair: boolean;

  constructor(
    most: number,
    fair: Fairness | undefined,
    refused: (key: string) => void,
    /** For the queue; timers of requests run on their clocks. */
    clock: Clock = systemClock,
  ) {
    this.#isFair = fair !== undefined;
    this.#places = limitOf({ concurrent: most, queued: most * WAITING_PER_PLACE, fair }, clock, refused);
  }
  /** @param shed called if the request is refused as OVERLOADED */
  pass(cx: { readonly exchange: Exchange }, shed: () => void): Failure | Promise<void> | undefined {
    const { exchange } = cx;
    if (hasPlace(this.#places)) {
      this.#places.enter(NOBODY);
      exchange.gates.leaveDoor = this.#release;
      return undefined;
    }
    const random = exchange.clock.random();
    const waiter = new WaitingRequest(cx, this.#places, { release: this.#release, shed });
    if (this.#places.enter(waiter) !== "full") return waiter.wait();
    if (this.#isFair) return shareExceeded(random);
    shed();
    return overloaded(random);
  }
  readonly #release = (): void => this.#places.release();
}
const NOBODY: UrgentWaiter = { critical: true, admitted() {}, shed() {} };

interface WaitEnds {
  /** Called when the admitted request has ended. */
  readonly release: () => void;
  /** Called if the request has waited too long. */
  readonly shed: () => void;
}
/** A request in the queue. */
class WaitingRequest implements UrgentWaiter {
  readonly critical = true;
  readonly #cx: { readonly exchange: Exchange };
  readonly #exchange: Exchange;
  readonly #places: Places;
  readonly #ends: WaitEnds;
  readonly #passed = Promise.withResolvers<void>();
  #sliceMs = 0;
  #slices = SLICES;
  #timer: Timer | undefined;

  constructor(cx: { readonly exchange: Exchange }, places: Places, ends: WaitEnds) {
    this.#cx = cx;
    this.#exchange = cx.exchange;
    this.#places = places;
    this.#ends = ends;
  }
  get share(): Share | undefined {
    return this.#exchange.calls.share?.of(this.#cx as never);
  }
  wait(): Promise<void> {
    const exchange = this.#exchange;
    const { clock } = exchange;
    const leftMs = budgetOf({ scope: exchange.first, exchange }).callsUntil - clock.now();
    this.#sliceMs = (leftMs * WAIT) / SLICES;
    this.#timer = clock.setTimeout(pass, this.#sliceMs, this);
    // The request may end meanwhile.
    exchange.gates.leaveDoor = () => {
      if (this.#timer !== undefined) clock.clearTimeout(this.#timer);
      this.#places.leave(this);
      this.#passed.resolve();
    };
    return this.#passed.promise;
  }
  admitted(): void {
    this.#exchange.gates.vacate();
    this.#exchange.gates.leaveDoor = this.#ends.release;
  }
  shed(): void {
    this.#refuse(shareExceeded(this.#exchange.clock.random()));
  }
  passSlice(): void {
    if (--this.#slices > 0) {
      this.#timer = this.#exchange.clock.setTimeout(pass, this.#sliceMs, this);
      return;
    }
    this.#ends.shed();
    this.#refuse(overloaded(this.#exchange.clock.random()));
  }
  #refuse(failure: Failure): void {
    this.#passed.reject(failure);
    this.#exchange.gates.vacate();
  }
}
const pass = (request: WaitingRequest): void => request.passSlice();

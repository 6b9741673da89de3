import type { Socket } from "node:net";
import type { Timer } from "@protobff/runtime/internal/clock";
import { type Transitions, transition } from "@protobff/runtime/internal/states";
import type { Load } from "../overload/load.ts";
import type { Taker } from "./dealer.ts";
import type { Order } from "./messages.ts";

/** A process that was started. */
export interface Process {
  readonly pid: number | undefined;
  /** @param failed it was not sent */
  send(order: Order, socket: Socket | undefined, failed: () => void): void;
  kill(signal: "SIGKILL"): void;
}

type MemberState = "starting" | "serving" | "ending" | "gone";
export const MEMBER_TRANSITIONS: Transitions<MemberState> = {
  starting: ["serving", "gone"],
  serving: ["ending", "gone"],
  ending: ["gone"],
  gone: [],
};

/** `PromiseWithResolvers` would require `lib` es2024 of those who read these types. */
interface Settled<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

/** One process in its place. */
export class Member implements Taker {
  readonly place: Place;
  readonly startedAt: number;
  process: Process | undefined;
  open = 0;
  transfer: Taker["transfer"] = "none";
  beatAt: number;
  silent = false;
  /** Refusals of its server under overload, as of its last answer to a ping. Undefined: it is not ready for requests. */
  load: Load | undefined;
  code = 0;
  readonly up: Settled<boolean> = Promise.withResolvers();
  readonly ready: Settled<boolean> = Promise.withResolvers();
  readonly gone: Settled<void> = Promise.withResolvers();
  /** True if its end was requested, by us or from outside: such an end is not a death. */
  isStopped = false;
  /** True if it will replace another worker, which serves until then. */
  trial = false;
  #state: MemberState = "starting";

  constructor(place: Place, now: number) {
    this.place = place;
    this.startedAt = now;
    this.beatAt = now;
  }
  get state(): MemberState {
    return this.#state;
  }
  enter(state: MemberState): void {
    this.#state = transition(MEMBER_TRANSITIONS, this.#state, state);
  }
  take(socket: Socket, failed: () => void): void {
    this.send({ bff: "connection" }, socket, failed);
  }
  send(order: Order, socket?: Socket, failed: () => void = () => {}): void {
    if (this.process === undefined) failed();
    else this.process.send(order, socket, failed);
  }
}

/** Place of one worker; during a replacement, of two. */
export interface Place {
  readonly number: number;
  member: Member | undefined;
  /** Number of deaths at once, in a row. */
  deaths: number;
  /** Timer of the next start. */
  timer: Timer | undefined;
}

import type { Socket } from "node:net";
import type { Timer } from "@protobff/runtime/internal/clock";
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

type State = "starting" | "serving" | "ending" | "gone";

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
  state: State = "starting";
  open = 0;
  taking = false;
  slow = false;
  beatAt: number;
  silent = false;
  /** True if its server is ready for requests. */
  able = false;
  /** Refusals of its server under overload, as of its last answer to a ping. */
  load: Load = "calm";
  code = 0;
  readonly up: Settled<boolean> = Promise.withResolvers();
  readonly ready: Settled<boolean> = Promise.withResolvers();
  readonly gone: Settled<void> = Promise.withResolvers();
  /** True if its end was requested, by us or from outside: such an end is not a death. */
  isStopped = false;
  /** True if it will replace another worker, which serves until then. */
  trial = false;

  constructor(place: Place, now: number) {
    this.place = place;
    this.startedAt = now;
    this.beatAt = now;
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

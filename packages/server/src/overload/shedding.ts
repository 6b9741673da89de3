// Overload: while its own event loop falls behind, the server refuses new requests, the lowest class first.
//
// - A timer of `TICK_MS` runs while requests arrive. Its lateness is the delay of the event loop.
// - Requests of HTTP/2 begin in turns (room `turns`), which bound the lateness of timers. Waits for a turn are therefore
//   measured, too, one request at a time.
// - One gate reads the lateness and the waits of connections without other requests, and applies to all requests. The
//   other reads the waits behind requests of the same connection, unread ones included, and applies only to those. A client that floods its
//   connection thus delays no other client.
// - Each `PERIOD_MS` a gate adjusts its share to its standing delay, the least measurement of the period. A timer that is
//   late by several periods ends them all. An open gate begins to close after ten late periods in a row (gate.ts).
// - Pauses of the process are no delay (pauses.ts), and no part of a period.
// - While the event loop is busy, the requests under way are limited (pace.ts). A request that waited longer than the
//   delay for its turn is refused while a gate is not open, unless it is of the highest class.
import type { DescMethod } from "@bufbuild/protobuf";
import type { Clock, Timer } from "@protobff/runtime/internal/clock";
import type { Failure } from "@protobff/runtime/internal/failure";
import type { Observer } from "@protobff/runtime/internal/observer";
import type { Priority } from "@protobff/runtime/internal/observer-requests";
import { type Transitions, transition } from "@protobff/runtime/internal/states";
import { isUnread, longestUnread } from "../turns/connection-reads.ts";
import { holdTurns, nextPosition, type Position } from "../turns/turns.ts";
import { CLASSES, Gate } from "./gate.ts";
import type { Load } from "./load.ts";
import { Majority } from "./majority.ts";
import { overloaded } from "./overloaded.ts";
import { Pace } from "./pace.ts";
import { Pauses, type UsedTime, usedTime } from "./pauses.ts";
import { TurnProbe, type WatchTurn } from "./turn-probe.ts";

const TICK_MS = 20;
const PERIOD_MS = 100;
/** Least number of ticks in a period: after a single long pause, such as a garbage collection, the next tick is timely. */
const LEAST_TICKS = 2;
const HIGHEST = CLASSES.length - 1;

/** An RPC whose requests may be refused. */
export interface ShedRpc {
  /** `package.Service/Method` */
  readonly name: string;
  readonly priority: Priority;
  /** Index of the priority in `CLASSES`. */
  readonly rank: number;
}

export interface SheddingOptions {
  /** Standing delay above which requests are refused, in milliseconds. 0: none is refused. */
  readonly delayMs: number;
  /** True if the server is not ready while it refuses most requests. */
  readonly leaves: boolean;
  readonly clock: Clock;
  readonly observer?: Pick<Observer, "shed" | "shedding"> | undefined;
  /** Called when `load` becomes `overloaded`, or no longer is. */
  readonly changed: () => void;
  readonly watch?: WatchTurn;
  readonly hold?: typeof holdTurns;
  /** Returns the times that the event loop has used. Default: those of this thread. */
  readonly used?: () => UsedTime;
}

/**
 * Effect of a new request:
 * - `off`: none.
 * - `listening`: it is the first of its period.
 * - `quiet`: none, until something is late or the period ends.
 * - `watching`: something was late in this period, or a gate is not open. It is counted, and may be refused.
 */
type SheddingState = "off" | "listening" | "quiet" | "watching";
export const SHEDDING_TRANSITIONS: Transitions<SheddingState> = {
  off: [],
  listening: ["quiet", "watching", "off"],
  quiet: ["listening", "watching", "off"],
  watching: ["listening", "off"],
};

/** Decides which requests an overloaded server refuses. */
export class Shedding {
  readonly #options: SheddingOptions;
  readonly #rpcs: ReadonlyMap<string, ShedRpc>;
  readonly #gates: Readonly<Record<Position, Gate>> = { alone: new Gate(), behind: new Gate() };
  readonly #probes: Readonly<Record<Position, TurnProbe>>;
  readonly #majority: Majority;
  readonly #pace: Pace;
  readonly #hold: ReturnType<typeof holdTurns>;
  readonly #pauses: Pauses;
  #state: SheddingState;
  /** A request has arrived in this period. */
  #arrived = false;
  #timer: Timer | undefined;
  #dueAt = 0;
  #periodEndsAt = 0;
  #workedBeforeMs = 0;
  #ticks = 0;
  #seen = 0;
  #refused = 0;
  /** A request waited too long in this period. */
  #waitedTooLong = false;
  /** Begin of the refusals, and their number. Undefined: both gates are open. */
  #shed: { readonly at: number; refused: number } | undefined;
  #isOverloaded = false;

  constructor(
    endpoints: readonly { readonly method: DescMethod; readonly priority?: Priority | undefined }[],
    options: SheddingOptions,
  ) {
    this.#options = options;
    this.#rpcs = new Map(
      endpoints.map(({ method, priority = "normal" }) => {
        const name = `${method.parent.typeName}/${method.name}`;
        return [name, { name, priority, rank: CLASSES.indexOf(priority) }];
      }),
    );
    this.#probes = { alone: new TurnProbe("alone", options.watch), behind: new TurnProbe("behind", options.watch) };
    this.#majority = new Majority(options.clock.now());
    this.#state = options.delayMs === 0 ? "off" : "listening";
    this.#pace = new Pace(options.delayMs, () => this.#hold.resume());
    this.#hold = (options.hold ?? holdTurns)(() => this.#pace.isFull);
    this.#pauses = new Pauses(options.used ?? usedTime);
  }

  /** Returns the RPC of a `package.Service/Method`. Undefined: its requests are never refused. */
  of(name: string): ShedRpc | undefined {
    return this.#rpcs.get(name);
  }
  get load(): Load {
    if (this.#isOverloaded) return "overloaded";
    return this.#shed === undefined ? "calm" : "shedding";
  }
  /** Standing delay of the last period, in milliseconds. */
  get standingDelayMs(): number {
    if (this.#timer === undefined) return 0;
    return Math.max(this.#gates.alone.standingMs, this.#gates.behind.standingMs);
  }
  /**
   * Returns the failure of a new request that is refused. Undefined: it is admitted.
   *
   * @param connection its session of HTTP/2, whose requests wait for each other
   */
  refusal(rpc: ShedRpc | undefined, connection: object | undefined): Failure | undefined {
    if (this.#state === "quiet" || this.#state === "off" || rpc === undefined) return undefined;
    return this.#decide(rpc, connection);
  }
  /** Returns the failure of an admitted request that waited too long for its turn. Undefined: it may begin. */
  lateRefusal(rpc: ShedRpc, waitedMs: number): Failure | undefined {
    if (waitedMs <= this.#options.delayMs || this.#pace.limit === Number.POSITIVE_INFINITY) return undefined;
    if (this.#shed === undefined || rpc.rank === HIGHEST || this.#state === "off") return undefined;
    this.#waitedTooLong = true;
    return this.#refuse(rpc);
  }
  /** Reports that a composition has begun. */
  begun(): void {
    this.#pace.begun();
  }
  /** Reports that a composition has ended. */
  ended(tookMs: number): void {
    this.#pace.ended(tookMs);
  }
  /** Refuses nothing more. */
  stop(): void {
    this.#enter("off");
    this.#sleep();
    this.#pace.rest();
    this.#hold.end();
  }

  #decide(rpc: ShedRpc, connection: object | undefined): Failure | undefined {
    this.#arrived = true;
    if (this.#timer === undefined) {
      this.#pauses.begin(this.#options.clock.now());
      this.#begin();
    }
    if (this.#state === "listening") {
      this.#enter("quiet");
      return undefined;
    }
    this.#seen++;
    const { clock } = this.#options;
    const { alone, behind } = this.#gates;
    const waits = connection !== undefined && (isUnread(connection) || nextPosition(connection) === "behind");
    if (alone.admits(rpc.rank, clock.random()) && !(waits && !behind.admits(rpc.rank, clock.random())))
      return undefined;
    return this.#refuse(rpc);
  }
  #refuse(rpc: ShedRpc): Failure {
    const { clock, observer } = this.#options;
    this.#refused++;
    if (this.#shed !== undefined) this.#shed.refused++;
    observer?.shed?.({ method: rpc.name, priority: rpc.priority, standingDelayMs: this.standingDelayMs });
    return overloaded(clock.random());
  }

  #begin(): void {
    this.#ticks = 0;
    this.#periodEndsAt = this.#options.clock.now() + PERIOD_MS;
    this.#workedBeforeMs = this.#pauses.workedMs;
    this.#schedule();
  }
  #schedule(): void {
    const { clock } = this.#options;
    this.#dueAt = clock.now() + TICK_MS;
    this.#timer = clock.setTimeout(ticked, TICK_MS, this);
  }
  #sleep(): void {
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Called only by the timer. */
  tick(): void {
    const now = this.#options.clock.now();
    const { alone, behind } = this.#probes;
    const pausedMs = this.#pauses.tick(now, now - this.#dueAt);
    const lateMs = Math.max(0, now - this.#dueAt - pausedMs);
    this.#periodEndsAt += pausedMs;
    this.#measured("alone", Math.max(lateMs, this.#waited(alone.read(now), now)));
    this.#measured("behind", this.#waited(Math.max(behind.read(now), longestUnread(now)), now));
    // The first period may be a pause, such as a garbage collection.
    const blocked = Math.floor((lateMs - this.#options.delayMs) / PERIOD_MS) - 1;
    if (blocked > 0) {
      this.#gates.alone.blocked(lateMs, this.#options.delayMs, blocked);
      this.#endPeriod(now);
    } else if (++this.#ticks >= LEAST_TICKS && now >= this.#periodEndsAt) {
      this.#gates.alone.adjust(this.#options.delayMs);
      this.#endPeriod(now);
    } else this.#schedule();
  }
  #waited(waitMs: number, now: number): number {
    return waitMs > this.#options.delayMs ? this.#pauses.without(waitMs, now) : waitMs;
  }
  #measured(position: Position, waitMs: number): void {
    this.#gates[position].measured(waitMs);
    if (waitMs > this.#options.delayMs) this.#enter("watching");
  }
  /** Once off, it stays off. */
  #enter(state: SheddingState): void {
    if (this.#state !== "off" && this.#state !== state)
      this.#state = transition(SHEDDING_TRANSITIONS, this.#state, state);
  }
  #endPeriod(now: number): void {
    const { alone, behind } = this.#gates;
    behind.adjust(this.#options.delayMs);
    this.#pace.adjust(now - this.#periodEndsAt + PERIOD_MS, this.#pauses.workedMs - this.#workedBeforeMs);
    const watches = !alone.isOpen || !behind.isOpen || this.#waitedTooLong;
    this.#waitedTooLong = false;
    this.#reportShedding(now, watches);
    this.#reportLoad(now);
    const rests = !this.#arrived && !watches && !this.#isOverloaded;
    this.#arrived = false;
    this.#enter(watches ? "watching" : "listening");
    if (rests || this.#state === "off") {
      this.#timer = undefined;
      this.#pace.rest();
    } else this.#begin();
  }
  #reportShedding(now: number, watches: boolean): void {
    const { observer } = this.#options;
    const { standingDelayMs } = this;
    if (watches && this.#shed === undefined) {
      this.#shed = { at: now, refused: 0 };
      observer?.shedding?.({ state: "begun", standingDelayMs });
    } else if (!watches && this.#shed !== undefined) {
      const { at, refused } = this.#shed;
      this.#shed = undefined;
      observer?.shedding?.({ state: "ended", standingDelayMs, refused, tookMs: now - at });
    }
  }
  #reportLoad(now: number): void {
    this.#majority.add(this.#seen, this.#refused, now);
    this.#seen = 0;
    this.#refused = 0;
    const isOverloaded = this.#options.leaves && this.#majority.lasts;
    if (isOverloaded === this.#isOverloaded) return;
    this.#isOverloaded = isOverloaded;
    this.#options.changed();
  }
}

const ticked = (shedding: Shedding): void => shedding.tick();

import type { Clock } from "../clock.ts";
import { endOf } from "./calendar.ts";
import { type Cell, Cells } from "./cells.ts";
import type { Charge, Counter, CounterState } from "./rate-limit.ts";

/** State of a key's counter: charged ticks at a moment. For a calendar unit, the moment is its end. */
interface Level extends Cell {
  /** In microseconds. */
  at: number;
  level: number;
  /** Ticks of one unit of cost at that moment. */
  ticks: number;
}

/** The time in microseconds: by a clock that never goes back, and since 1970. */
export interface Moment {
  readonly now: number;
  readonly date: number;
}

/** Moment of a clock whose date is read only on demand. */
export class ClockMoment implements Moment {
  readonly now: number;
  readonly #clock: Clock;
  #date: number | undefined;

  constructor(clock: Clock) {
    this.now = Math.floor(clock.now() * 1000);
    this.#clock = clock;
  }
  get date(): number {
    this.#date ??= this.#clock.date().getTime() * 1000;
    return this.#date;
  }
}

/** Maximum number of ticks; above it numbers are no longer whole. */
export const MAX_TICKS = Number.MAX_SAFE_INTEGER;

/** Counters of this process alone. Each operation is synchronous, so that no other one interrupts it. */
export class LocalCounters {
  readonly #keys = new Map<Counter, Cells<Level>>();
  readonly #most: number | undefined;

  /** @param most keys of one limit */
  constructor(most?: number) {
    this.#most = most;
  }

  /** Returns the state of a counter that refuses a charge; undefined: the charge passes. Nothing is charged. */
  standing({ counter, key, cost }: Charge, moment: Moment): CounterState | undefined {
    const { full, ticks, drain, unit } = counter;
    const level = this.#level(counter, key, moment);
    const over = level + cost * ticks - full;
    if (over <= 0) return undefined;
    const left = Math.max(0, Math.floor((full - level) / ticks));
    return { left, wait: unit === "" ? Math.ceil(over / drain) : endOf(unit, moment.date) - moment.date };
  }

  /**
   * Adds a charge, whether or not there is room.
   *
   * @param units negative: returns units
   * @param since time of the original charge: a charge to another calendar unit is not returned
   */
  add(counter: Counter, key: string, units: number, moment: Moment, since?: Moment): void {
    const { ticks, drain, unit } = counter;
    if (since !== undefined && unit !== "" && units < 0 && endOf(unit, since.date) !== endOf(unit, moment.date)) return;
    const level = Math.min(MAX_TICKS, Math.max(0, this.#level(counter, key, moment) + units * ticks));
    const at = unit === "" ? moment.now : endOf(unit, moment.date);
    const until = unit === "" ? at + level / drain : at;
    const cells = this.#cells(counter);
    const cell = cells.get(key);
    if (cell !== undefined) {
      cell.at = at;
      cell.level = level;
      cell.ticks = ticks;
      cell.until = until;
    } else if (level > 0) {
      cells.set(key, { at, level, ticks, until }, unit === "" ? moment.now : moment.date);
    }
  }

  /** Returns the number of known keys of a limit. */
  size(counter: Counter): number {
    return this.#keys.get(counter.base)?.size ?? 0;
  }

  #level(counter: Counter, key: string, moment: Moment): number {
    const { base, unit, ticks, drain } = counter;
    const cell = this.#keys.get(base)?.get(key);
    if (cell === undefined) return 0;
    if (unit !== "") return cell.at === endOf(unit, moment.date) ? cell.level : 0;
    // Units count, whatever the rate was at the last charge.
    const level =
      cell.ticks === ticks ? cell.level : Math.min(MAX_TICKS, Math.round((cell.level / cell.ticks) * ticks));
    return Math.max(0, level - Math.max(0, moment.now - cell.at) * drain);
  }
  #cells(counter: Counter): Cells<Level> {
    let cells = this.#keys.get(counter.base);
    if (cells === undefined) {
      cells = new Cells(this.#most);
      this.#keys.set(counter.base, cells);
    }
    return cells;
  }
}

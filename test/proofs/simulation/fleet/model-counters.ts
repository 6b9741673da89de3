// Counters of rate limits that all processes of a fleet share, in memory: what the scripts in redis-script.ts do.
import type { Charge, Counter, CounterState } from "../../../../runtime/src/limits/rate-limit.ts";
import type { Answer, SharedCounters } from "../../../../runtime/src/limits/shared-counters.ts";
import type { FleetClock } from "./fleet-clock.ts";

const LEASE_MICROS = 2_000_000;
/** Time of a command, in milliseconds. */
const COMMAND_MS = 1;

/** In ticks: charged ones, and those that processes hold. Times in microseconds. */
interface State {
  level: number;
  at: number;
  held: number;
  leasedAt: number;
}

export class ModelCounters implements SharedCounters {
  readonly #clock: FleetClock;
  readonly #states = new Map<string, State>();
  commands = 0;
  /** Units that were leased, and those of them that were given back unused. */
  leased = 0;
  unused = 0;

  constructor(clock: FleetClock) {
    this.#clock = clock;
  }
  async charge(charges: readonly Charge[]): Promise<Answer> {
    await this.#command();
    const now = this.#now;
    const results = charges.map(({ counter, key, cost, lease }) => {
      const before = this.#current(counter, key);
      const state = lease?.held === undefined ? before : this.#back(before, counter, lease.held);
      const after = state.level + cost * counter.ticks;
      const over = after + state.held - counter.full;
      const left = Math.max(0, counter.full - state.level - state.held);
      const most = Math.min((lease?.most ?? 0) * counter.ticks, Math.floor(counter.full / 10) - state.held, -over);
      const units = Math.max(0, Math.floor(most / counter.ticks));
      const late = over > state.level && state.held > 0 ? state.leasedAt + LEASE_MICROS - now : 0;
      const standing: CounterState = {
        wait: over > 0 ? Math.max(Math.ceil(over / counter.drain), late) : 0,
        left: Math.floor(left / counter.ticks),
      };
      const leasedAt = units > 0 ? now : state.leasedAt;
      const kept = { level: after, at: now, held: state.held + units * counter.ticks, leasedAt };
      return { kept, units, standing, name: nameOf(counter, key), held: lease?.held };
    });
    if (results.some(({ standing }) => standing.wait > 0))
      return { standings: results.map(({ standing }) => standing) };
    for (const { kept, units, name, held } of results) {
      this.#states.set(name, kept);
      this.leased += units;
      if (held !== undefined) this.unused += held.units - held.used;
    }
    return { at: now, leased: results.map(({ units }) => units) };
  }
  async add(counter: Counter, key: string, units: number, since: number, leased?: number): Promise<void> {
    await this.#command();
    const before = this.#current(counter, key);
    if (leased !== undefined) this.unused += leased - units;
    const state =
      leased === undefined
        ? { ...before, level: Math.max(0, before.level + units * counter.ticks) }
        : this.#back(before, counter, { units: leased, used: units, at: since });
    this.#states.set(nameOf(counter, key), state);
  }
  close(): void {}

  async #command(): Promise<void> {
    this.commands++;
    await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, COMMAND_MS / 2, undefined));
  }
  get #now(): number {
    return Math.round(this.#clock.date().getTime() * 1_000);
  }
  #current({ id, drain }: Counter, key: string): State {
    const now = this.#now;
    const { level, at, held, leasedAt } = this.#states.get(`${id} ${key}`) ?? {
      level: 0,
      at: now,
      held: 0,
      leasedAt: 0,
    };
    const over = leasedAt + LEASE_MICROS;
    if (held > 0 && now >= over) {
      const charged = Math.max(0, level - Math.max(0, over - at) * drain) + held;
      return { level: Math.max(0, charged - (now - over) * drain), at: now, held: 0, leasedAt };
    }
    return { level: Math.max(0, level - (now - at) * drain), at: now, held, leasedAt };
  }
  #back(state: State, { ticks }: Counter, { units, used, at }: { units: number; used: number; at: number }): State {
    if (this.#now >= at + LEASE_MICROS) return state;
    return { ...state, level: state.level + used * ticks, held: Math.max(0, state.held - units * ticks) };
  }
}
const nameOf = ({ id }: Counter, key: string): string => `${id} ${key}`;

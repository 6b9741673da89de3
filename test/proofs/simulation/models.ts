import type { BreakerPolicy } from "../../../runtime/src/guard/breaker.ts";
import type { ThrottlePolicy } from "../../../runtime/src/guard/budgets.ts";
import type { BreakerState } from "../../../runtime/src/observer-upstreams.ts";

/** The breaker as designed, but not faster: it keeps every sample. */
export class BreakerModel {
  state: BreakerState = "closed";
  period = 0;
  #samples: { bucket: number; good: boolean | undefined; slow: boolean }[] = [];
  #until = 0;
  #out = 0;
  /** Number of failed calls that were ever counted in a row. */
  position = 0;
  #row: number[] = [];
  readonly #policy: BreakerPolicy;
  readonly #now: () => number;

  constructor(policy: BreakerPolicy, now: () => number) {
    this.#policy = policy;
    this.#now = now;
  }
  get refuses(): boolean {
    if (this.state === "open") return this.#now() < this.#until;
    return this.state === "half-open" && this.#out >= this.#policy.probes;
  }
  admit(): number {
    if (this.state === "open") this.#to("half-open");
    if (this.state === "half-open") this.#out++;
    return this.period;
  }
  sample(period: number, good: boolean | undefined, tookMs: number): void {
    if (period !== this.period) return;
    if (this.state === "half-open") {
      this.#out--;
      if (good !== undefined) this.#to(good ? "closed" : "open");
      return;
    }
    const { windowMs, minimum, errorRate, slowMs = Number.POSITIVE_INFINITY, slowRate } = this.#policy;
    if (good === true) this.#row = [];
    const slow = tookMs >= slowMs;
    if (good === undefined && !slow) return;
    const bucket = Math.floor(this.#now() / (windowMs / 10));
    this.#samples.push({ bucket, good, slow });
    const timed = this.#samples.filter((sample) => sample.bucket > bucket - 10);
    const results = timed.filter((sample) => sample.good !== undefined);
    const trips = (bad: number, of: number, rate: number) => of >= minimum && bad > 0 && bad >= rate * of;
    const failed = results.filter((sample) => sample.good === false).length;
    const late = timed.filter((sample) => sample.slow).length;
    if (trips(failed, results.length, errorRate)) this.#to("open");
    else if (slowRate !== undefined && trips(late, timed.length, slowRate)) this.#to("open");
  }
  /** The end of a call that was not answered. `position` is that of its begin. Returns whether it counted. */
  fail(period: number, position: number): boolean {
    const { minimum, windowMs, consecutive = 5 } = this.#policy;
    const bucket = Math.floor(this.#now() / (windowMs / 10));
    const results = this.#samples.filter((sample) => sample.bucket > bucket - 10 && sample.good !== undefined);
    const counts = period === this.period && position === this.position && results.length < minimum;
    if (this.state !== "closed" || !counts || consecutive === 0) return false;
    this.position++;
    this.#row.push(this.#now());
    if (this.#row.filter((at) => at >= this.#now() - 60_000).length >= consecutive) this.#to("open");
    return true;
  }
  #to(state: BreakerState): void {
    this.#row = [];
    this.state = state;
    this.period++;
    this.#samples = [];
    this.#out = 0;
    if (state === "open") this.#until = this.#now() + this.#policy.openMs;
  }
}

/** The tokens of gRFC A6. */
export class ThrottleModel {
  readonly #policy: ThrottlePolicy;
  #tokens: number;

  constructor(policy: ThrottlePolicy) {
    this.#policy = policy;
    this.#tokens = policy.maxTokens;
  }
  succeeded(): void {
    this.#tokens = Math.min(this.#policy.maxTokens, this.#tokens + this.#policy.tokenRatio);
  }
  failed(): void {
    this.#tokens = Math.max(0, this.#tokens - 1);
  }
  get allows(): boolean {
    return this.#tokens > this.#policy.maxTokens / 2;
  }
}

/** Mean duration of answers, in which those beyond the last 32 fade. */
export class AnswersModel {
  readonly #all: number[] = [];

  took(ms: number): void {
    this.#all.push(ms);
  }
  get meanMs(): number {
    const [first, ...rest] = this.#all;
    if (first === undefined) return 100;
    return rest.reduce((mean, ms, i) => mean + (ms - mean) / Math.min(32, i + 2), first);
  }
}

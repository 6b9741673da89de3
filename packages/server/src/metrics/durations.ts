import { Code, codeName } from "@protobff/runtime/internal/failure";
import type { Traffic } from "@protobff/runtime/internal/wire/traffic";
import { counter, gauge, histogram } from "./family.ts";
import { Histogram } from "./histogram.ts";
import { labelled } from "./series.ts";
import type { Family, Sample } from "./snapshot.ts";

const CODES = Math.max(...Object.values(Code)) + 1;

/** Durations of one method by code, the number of its runs under way, and the bytes of its messages. */
export class Durations {
  inFlight = 0;
  /** True if its counters are shown before the first event. */
  begun = false;
  /** Counters of its messages: one for each endpoint, or for each object of its upstream. */
  readonly traffic = new Set<Traffic>();
  readonly #labels: readonly string[];
  readonly #byCode: (Histogram | undefined)[] = Array.from({ length: CODES }, () => undefined);

  /** @param labels names and values in turn */
  constructor(labels: readonly string[]) {
    this.#labels = labels;
  }
  get labels(): readonly string[] {
    return this.#labels;
  }
  /** @param code one that is none is UNKNOWN, as gRPC has it */
  record(code: number, ms: number): void {
    this.#of(code >= 0 && code < CODES ? code : Code.UNKNOWN).record(ms);
  }
  #of(code: number): Histogram {
    let histogram = this.#byCode[code];
    if (histogram === undefined) {
      histogram = new Histogram();
      this.#byCode[code] = histogram;
    }
    return histogram;
  }
  /** True if it has a histogram of the code OK. */
  get hasOk(): boolean {
    return this.#byCode[Code.OK] !== undefined;
  }
  /** Creates the histogram of the code OK, without durations. */
  beginOk(): void {
    this.#of(Code.OK);
  }
  get isShown(): boolean {
    return this.begun || this.inFlight > 0 || this.#byCode.some((histogram) => histogram !== undefined);
  }
  get samples(): readonly Sample[] {
    return this.#byCode.flatMap((histogram, code) => {
      if (histogram === undefined) return [];
      const labels = [...this.#labels, ...labelled(["rpc_response_status_code"], [codeName(code)])];
      return [{ labels, value: histogram.sum, counts: histogram.counts }];
    });
  }
}

export function durationsFamily(name: string, help: string, all: readonly Durations[]): Family {
  const samples = all.flatMap((durations) => durations.samples);
  return histogram(name, help, samples);
}

export function inFlightFamily(name: string, help: string, all: readonly Durations[]): Family {
  const samples = all.map(({ labels, inFlight }) => ({ labels, value: inFlight }));
  return gauge(name, help, samples);
}

/** @param way the direction whose bytes the counter shows */
export function trafficFamily(name: string, help: string, way: "received" | "sent", all: readonly Durations[]): Family {
  const samples = all.map(({ labels, traffic }) => {
    let value = 0;
    for (const counters of traffic) value += counters[way];
    return { labels, value };
  });
  return counter(name, help, samples);
}

import { Code } from "@protobff/runtime/internal/failure";
import { Histogram, SECONDS } from "./histogram.ts";
import { labelled } from "./series.ts";
import type { Family, Sample } from "./snapshot.ts";

const NAMES: readonly string[] = Object.keys(Code);
const CODES = Math.max(...Object.values(Code)) + 1;

/** The name of a status code, as labels and logs have it; of a number that is none, the number. */
export function codeName(code: number): string {
  return NAMES[code] ?? String(code);
}

/** How long one method takes, by the code that it ends with, and how often it is under way. */
export class Durations {
  inFlight = 0;
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
    const at = code >= 0 && code < CODES ? code : Code.UNKNOWN;
    let histogram = this.#byCode[at];
    if (histogram === undefined) {
      histogram = new Histogram();
      this.#byCode[at] = histogram;
    }
    histogram.record(ms);
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
  return { name, help, type: "histogram", merge: "sum", bounds: SECONDS, samples };
}

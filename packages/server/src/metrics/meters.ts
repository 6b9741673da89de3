// Meters that packages declare, each a counter. Packages of one server may declare meters with the same name, whose
// labels then differ by rpc.
import type { MeterEvent, RpcEvent, RpcMeter } from "@protobff/runtime/internal/observer-requests";
import { Counter } from "./series.ts";
import type { Family } from "./snapshot.ts";
import type { Zeros } from "./zeros.ts";

const HELP = "Sum of a meter that a package declares, over answers. It also has the meter's labels.";
/** The compiler bounds the series of each meter and rpc. */
const MAX_SERIES = Number.POSITIVE_INFINITY;

export class Meters {
  /** By name, then by the names of the labels. */
  readonly #counters = new Map<string, Map<string, Counter>>();

  add({ method, meter, labels, value }: MeterEvent): void {
    const names = labels.filter((_, i) => i % 2 === 0);
    this.#counter(meter, names).addNumber(value, method, ...labels.filter((_, i) => i % 2 === 1));
  }
  /** Begins every series of an rpc with 0. */
  begin({ method, meters = [] }: RpcEvent, zeros: Zeros): void {
    for (const { name, labels } of meters) {
      const names = labels.map((label) => label.name);
      const counter = this.#counter(name, names);
      for (const values of combinations(labels)) zeros.series(counter, method, ...values);
    }
  }
  #counter(meter: string, labels: readonly string[]): Counter {
    const counters = this.#counters.get(meter) ?? new Map<string, Counter>();
    this.#counters.set(meter, counters);
    const key = labels.join();
    const counter =
      counters.get(key) ?? new Counter(`bff_meter_${meter}_total`, HELP, ["rpc_method", ...labels], MAX_SERIES);
    counters.set(key, counter);
    return counter;
  }
  get families(): readonly Family[] {
    return [...this.#counters.values()].flatMap((counters): Family[] => {
      const [first, ...others] = [...counters.values()].map(({ family }) => family);
      if (first === undefined) return [];
      return [{ ...first, samples: [first, ...others].flatMap(({ samples }) => samples) }];
    });
  }
}

function combinations(labels: RpcMeter["labels"]): readonly (readonly string[])[] {
  return labels.reduce<readonly (readonly string[])[]>(
    (all, { values }) => all.flatMap((combination) => values.map((value) => [...combination, value])),
    [[]],
  );
}

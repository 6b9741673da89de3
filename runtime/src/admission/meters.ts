// Counters over requests and their answers.
import type { DescEnum, Message } from "@bufbuild/protobuf";
import type { Request } from "../compose/request.ts";
import type { MeterCount, RpcMeter } from "../observer-requests.ts";

/** A counter of an RPC, with the numbers that its requests add. */
export interface Meter<App, Args extends Message, Principal, Result extends Message> {
  readonly name: string;
  /** Returns the number to add. Undefined, 0, negative, infinite or NaN: nothing is added. */
  readonly by: (cx: Request<App, Principal>, args: Args, result: Result) => number | bigint | undefined;
  readonly labels?: readonly MeterLabel<App, Args, Principal, Result>[] | undefined;
}

interface MeterLabel<App, Args extends Message, Principal, Result extends Message> {
  readonly name: string;
  /** The enum of `by`. Undefined: `by` returns a bool. */
  readonly enum?: DescEnum | undefined;
  /** Returns the value; undefined: the request is not counted. */
  readonly by: (cx: Request<App, Principal>, args: Args, result: Result) => number | bigint | boolean | undefined;
}

/** Value of a label for a number that its enum does not declare. */
const UNKNOWN = "unknown";

/** Returns names and labels of meters for observers, with all values of each label. */
export function rpcMeters<App, Args extends Message, Principal>(
  meters: readonly Meter<App, Args, Principal, never>[],
): readonly RpcMeter[] {
  return meters.map(({ name, labels = [] }) => ({
    name,
    labels: labels.map((label) => ({ name: label.name, values: valuesOf(label.enum) })),
  }));
}

function valuesOf(desc: DescEnum | undefined): readonly string[] {
  if (desc === undefined) return ["false", "true"];
  return [...new Set([...Object.values(desc.value).map(({ name }) => name), UNKNOWN])];
}

/** The greatest number of each meter over the messages of one request; a unary request has one message. */
export class MeterReadings<App, Args extends Message, Principal> {
  readonly #meters: readonly Meter<App, Args, Principal, never>[];
  readonly #cx: Request<App, Principal>;
  readonly #args: Args;
  readonly #greatest = new Map<string, { readonly value: number | bigint; readonly count: MeterCount }>();

  constructor(meters: readonly Meter<App, Args, Principal, never>[], cx: Request<App, Principal>, args: Args) {
    this.#meters = meters;
    this.#cx = cx;
    this.#args = args;
  }
  /** Labels are those of the first message with the greatest number. */
  read(message: Message): void {
    for (const meter of this.#meters) {
      try {
        const value = meter.by(this.#cx, this.#args, message as never);
        if (value === undefined || !(value > (this.#greatest.get(meter.name)?.value ?? 0))) continue;
        const labels = Number.isFinite(Number(value)) ? this.#labelsOf(meter, message) : undefined;
        if (labels === undefined) continue;
        this.#greatest.set(meter.name, { value, count: { meter: meter.name, labels, value: Number(value) } });
      } catch {
        // A number or a label that cannot be evaluated is not counted.
      }
    }
  }
  #labelsOf(meter: Meter<App, Args, Principal, never>, message: Message): readonly string[] | undefined {
    const texts: string[] = [];
    for (const { name, enum: desc, by } of meter.labels ?? []) {
      const value = by(this.#cx, this.#args, message as never);
      if (value === undefined) return undefined;
      texts.push(name, desc === undefined ? String(value) : (desc.value[Number(value)]?.name ?? UNKNOWN));
    }
    return texts;
  }
  get counts(): readonly MeterCount[] {
    return [...this.#greatest.values()].map(({ count }) => count);
  }
}

// Limits of callers, and caches of answers.
import { create, toBinary } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import type { Composition } from "./compose.ts";
import { Refusal } from "./result.ts";
import { durationMs, type RateLimit } from "./rules.ts";
import { parsed } from "./syntax.ts";

/** A counter: the time at which all of its units are back. */
interface Counter {
  at: number;
}
interface Charge {
  readonly limit: RateLimit;
  readonly counter: Counter;
  /** Milliseconds of a unit. */
  readonly unit: number;
  readonly cost: number;
}

/** The counters of one process. */
export class Limits {
  readonly #counters = new Map<string, Counter>();

  /** Reports whether a limit is charged before credentials are checked. */
  static isEarly({ key }: RateLimit): boolean {
    const names = parsed(key).reads.map(({ name }) => name);
    return names.length > 0 && names.every((name) => /^(headers|peer|env)$/.test(name));
  }

  /** Charges all limits, or none. Returns a function that corrects the charges. Throws `Refusal`. */
  async charge(limits: readonly RateLimit[], place: Composition): Promise<readonly Charge[]> {
    const charges: Charge[] = [];
    for (const limit of limits) {
      const charge = await this.#chargeOf(limit, place).catch(() => {
        throw new Refusal(Code.PermissionDenied, "", []);
      });
      if (charge !== undefined) charges.push(charge);
    }
    const now = performance.now();
    for (const { limit, cost } of charges)
      if (cost > Number(limit.burst ?? limit.rate)) throw new Refusal(Code.InvalidArgument, "", []);
    const refusing = charges.map(({ limit, counter, unit, cost }) => ({
      limit,
      wait: Math.max(counter.at, now) + cost * unit - now - Number(limit.burst ?? limit.rate) * unit,
    }));
    const over = refusing.filter(({ wait }) => wait > 1e-6);
    if (over.length > 0) throw refusal(over);
    for (const charge of charges) add(charge, charge.cost);
    return charges;
  }

  async #chargeOf(limit: RateLimit, place: Composition): Promise<Charge | undefined> {
    const { evaluator, scope, globals } = place;
    const value = async (source: string) => evaluator.strictly(source, scope, globals);
    if ((await value(limit.if ?? "true")) !== true) return undefined;
    const key = String(await value(limit.key));
    if (key === "") throw new Error("an empty key");
    const name = `${place.package} ${limit.name} ${key}`;
    const counter = this.#counters.get(name) ?? { at: 0 };
    this.#counters.set(name, counter);
    const cost = Math.max(0, Number(await value(limit.cost ?? "1")));
    return { limit, counter, unit: durationMs(limit.per) / Number(limit.rate), cost };
  }
}

const add = ({ counter, unit }: Charge, cost: number): void => {
  counter.at = Math.max(counter.at, performance.now()) + cost * unit;
};

/** Gives charges back. */
export function returned(charges: readonly Charge[]): void {
  for (const charge of charges) add(charge, -charge.cost);
}

/** Charges what an answer has cost. */
export async function settled(charges: readonly Charge[], place: Composition, result: object): Promise<void> {
  const { evaluator, scope, globals } = place;
  for (const charge of charges) {
    const { settle } = charge.limit;
    if (settle === undefined) continue;
    const named = (name: string) =>
      name === "result" ? Promise.resolve({ value: result as never, causes: [] }) : scope(name);
    const actual = await evaluator.strictly(settle, named, globals).catch(() => BigInt(charge.cost));
    add(charge, Math.max(0, Number(actual)) - charge.cost);
  }
}

function refusal(over: readonly { readonly limit: RateLimit; readonly wait: number }[]): Refusal {
  const seconds = Math.ceil(Math.max(...over.map(({ wait }) => wait)) / 1000);
  const delay = toBinary(DurationSchema, create(DurationSchema, { seconds: BigInt(seconds) }));
  const policies = over.map(({ limit }) => `"${limit.name}";q=${limit.rate};w=${durationMs(limit.per) / 1000}`);
  const headers = { "retry-after": String(seconds), "ratelimit-policy": policies.join(", ") };
  // Field 1 of both messages is a message; the content of QuotaFailure is up to the server.
  const details = [
    { type: "google.rpc.RetryInfo", value: Buffer.from([10, delay.length, ...delay]) },
    { type: "google.rpc.QuotaFailure", value: Buffer.from([10, 0]) },
  ];
  return new Refusal(Code.ResourceExhausted, "", details, undefined, headers);
}

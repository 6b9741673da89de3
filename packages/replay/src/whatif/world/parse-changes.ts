// Changes as on the command line: `billing.v1: latency×2, errors 3%`.
import { InputError } from "../input-error.ts";
import type { WorldEdit } from "./world.ts";

/** A change of the plan, which the compiler checks. */
export interface PlanChange {
  readonly target: string | undefined;
  readonly key: string;
  readonly value: string;
}
/** Changes of the world around the BFF, and of the BFF's options. */
export interface Changes {
  readonly world: readonly WorldEdit[];
  readonly plan: readonly PlanChange[];
}

const HINT = 'write "billing.v1: latency ×2, errors 3%" or "cache.ttl 5s"';
const FACTOR = /^([a-z][a-z0-9_.]*)(?: ?[×*] ?| x ?)(\d+(?:\.\d+)?)$/;
const VALUE = /^([a-z][a-z0-9_.]*) +([^\s×*].*)$/;
const TARGET = /^(?:([\w.]+(?:\/\w+)?): *)?(.+)$/;

/**
 * Reads changes. Each text has a package, a service or an rpc before a colon, or none for all.
 *
 * @throws InputError for a text of another form
 *
 * @example
 * parseChanges(["billing.v1: latency×2, errors 3%", "cache.ttl 5s"]);
 */
export function parseChanges(texts: readonly string[]): Changes {
  const world: WorldEdit[] = [];
  const plan: PlanChange[] = [];
  for (const text of texts) {
    const [, target, list = ""] = TARGET.exec(text.trim()) ?? [];
    for (const part of list.split(",").map((each) => each.trim())) {
      const [, scaledKey, factor] = FACTOR.exec(part) ?? [];
      const [, key = scaledKey, value = `×${factor}`] = VALUE.exec(scaledKey === undefined ? part : "") ?? [];
      if (key === undefined) throw new InputError(`the change "${text}" is malformed: ${HINT}`);
      const known = WORLD[key];
      if (known === undefined) plan.push({ target, key, value });
      else world.push({ target, key: known.key, amount: known.amount(factor, value, part) });
    }
  }
  return { world, plan };
}

interface WorldKey {
  readonly key: WorldEdit["key"];
  readonly amount: (factor: string | undefined, value: string, text: string) => number;
}
const byFactor = (key: "latency" | "rate"): WorldKey => ({
  key,
  amount: (factor, _, text) => {
    if (!(Number(factor) > 0)) throw new InputError(`"${text}" has no factor: write it as in "${key} ×2"`);
    return Number(factor);
  },
});
const WORLD: Readonly<Record<string, WorldKey>> = {
  latency: byFactor("latency"),
  rate: byFactor("rate"),
  errors: {
    key: "errors",
    amount: (_, value, text) => {
      const [, number, percent] = /^(\d+(?:\.\d+)?) ?(%?)$/.exec(value) ?? [];
      const share = Number(number) / (percent === "%" ? 100 : 1);
      if (!(share >= 0 && share <= 1)) throw new InputError(`"${text}" has no share: write it as in "errors 3%"`);
      return share;
    },
  },
};

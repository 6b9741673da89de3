import type { Random } from "./random.ts";
import type { Setup } from "./setup.ts";

/** A step of a random composition. Steps of a list may depend on earlier ones. */
export type Step =
  | {
      readonly kind: "call" | "load" | "effect";
      readonly id: string;
      readonly policy: number;
      readonly critical: boolean;
      readonly tenant: string | undefined;
      /** An earlier step that has to have a value. */
      readonly needs: number | undefined;
      readonly rescue: "none" | "ignore" | "value";
    }
  | { readonly kind: "sub"; readonly critical: boolean; readonly inner: readonly Step[] }
  | {
      readonly kind: "partial";
      readonly critical: false;
      readonly policy: number;
      readonly ids: readonly string[];
      readonly bounded: number | undefined;
    };

export interface Plan {
  readonly steps: readonly Step[];
  /** Guards that wait for a step that is not critical. */
  readonly guards: readonly { readonly of: number; readonly fails: boolean }[];
}

export interface RandomRequest {
  readonly id: string;
  readonly at: number;
  readonly user: string;
  readonly mayRetry: boolean;
  readonly clientMs: number | undefined;
  /** Time after which the client leaves, in milliseconds. */
  readonly goneMs: number | undefined;
  readonly plan: Plan;
}

export function randomRequest(random: Random, setup: Setup, i: number): RandomRequest {
  return {
    id: `r${i}`,
    at: random.between(0, 2_500),
    user: random.pick(["ann", "bob"]),
    mayRetry: random.chance(0.8),
    clientMs: random.maybe(0.3, () => random.pick([1, 20, 150, 5_000])),
    goneMs: random.maybe(0.15, () => random.between(0, 400)),
    plan: randomPlan(random, setup),
  };
}

function randomPlan(random: Random, setup: Setup): Plan {
  const steps: Step[] = [];
  for (let n = random.between(1, 7); n > 0; n--) steps.push(randomStep(random, setup, steps, 0));
  const guarded = steps.flatMap((step, of) => (step.critical ? [] : [of]));
  const [first, ...more] = guarded;
  const guards =
    first === undefined || random.chance(0.75)
      ? []
      : random.list(1, 2, () => ({ of: random.pick([first, ...more]), fails: random.chance(0.5) }));
  return { steps, guards };
}

function randomStep(random: Random, setup: Setup, before: readonly Step[], depth: number): Step {
  const policy = random.between(0, setup.policies.length - 1);
  const roll = random.next();
  if (roll < 0.12 && depth < 2) {
    const inner = random.list(1, 3, () => randomStep(random, setup, [], depth + 1));
    return { kind: "sub", critical: random.chance(0.2), inner };
  }
  if (roll < 0.25) {
    const ids = random.list(1, 6, () => `${policy}-${random.between(1, setup.things)}`);
    return { kind: "partial", critical: false, policy, ids, bounded: random.maybe(0.5, () => random.between(1, 2)) };
  }
  const kind = random.pick(["call", "call", "load", "effect"] as const);
  const missing = kind === "load" && random.chance(0.15) ? "missing" : "";
  return {
    kind,
    id: `${policy}${kind === "effect" ? "fx" : ""}-${random.between(1, setup.things)}${missing}`,
    policy,
    critical: kind === "effect" || random.chance(0.2),
    tenant: kind === "load" ? undefined : random.maybe(0.15, () => "t"),
    needs: before.length > 0 && random.chance(0.3) ? random.between(0, before.length - 1) : undefined,
    rescue: random.pick(["none", "none", "none", "none", "ignore", "value"]),
  };
}

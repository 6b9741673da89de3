// Predictions for an upstream that is down: no call of its service gets an answer.

import type { BehaviourReport, RpcBehaviour } from "./behaviour.ts";
import { openingFault } from "./composition/followed-call.ts";
import { ANSWERS, type Prediction, predict } from "./predict.ts";
import { endingOf } from "./values/endings.ts";
import { Untold } from "./values/values.ts";

/**
 * Returns the outcome of an RPC's sample request while all calls of a service are UNAVAILABLE. No old answers are cached.
 * Undefined: the request calls no method of the service.
 *
 * @param service full name, as in "catalog.v1.CatalogService"
 *
 * @example
 * const outcome = outageOf(plan.behaviour, rpc, "catalog.v1.CatalogService");
 */
export function outageOf(behaviour: BehaviourReport, rpc: RpcBehaviour, service: string): Prediction | undefined {
  const isOf = (method: string): boolean => method.startsWith(`${service}/`);
  if (rpc.stream !== undefined && isOf(rpc.stream.method)) {
    try {
      const code = openingFault(rpc.stream, "unavailable");
      if (code !== undefined) return { kind: "status", codes: [code] };
    } catch (error) {
      if (!(error instanceof Untold)) throw error;
      return { kind: "unpredictable", why: error.message };
    }
  }
  const { prediction: healthy, calledMethods, complete } = predict(behaviour, rpc, () => ANSWERS);
  if (healthy.kind === "status")
    return { kind: "unpredictable", why: "the sample request fails when nothing is wrong, too" };
  if (complete && ![...calledMethods].some(isOf)) return undefined;
  const down = endingOf("unavailable");
  return predict(behaviour, rpc, (method) => (isOf(method) ? down : ANSWERS)).prediction;
}

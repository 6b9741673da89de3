// Which calls one response may make twice.
import type { BffMethod, Call, Composed, Model } from "../resolve/model.ts";
import { callsOf, composesOf } from "../resolve/source-parts.ts";
import { fullName, planCallPolicy, policyKey } from "./policies.ts";

/** Whether equal calls are to be made once. */
export type Coalesces = (call: Call) => boolean;

/**
 * Calls without side effects whose method and policy one response may reach twice: from two steps, from the items of a list, or through a
 * message that is composed in two places. Batches and cached calls join equal ones anyway.
 */
export function coalescing(model: Model): Coalesces {
  const byName = new Map(model.messages.map((message) => [message.desc.typeName, message]));
  const twice = new Set<string>();
  const methods = model.files.flatMap((file) => file.services).flatMap((service) => service.methods);
  const roots = new Map(methods.map((method) => [rootKey(method), method]));
  for (const { composed: root, shared } of roots.values()) {
    const times = new Map<Composed, number>([[root, 1]]);
    const reached = new Map<string, number>();
    for (const { source } of shared) {
      const here = source.kind === "each" ? 2 : 1;
      for (const call of callsOf(source)) reached.set(keyOf(call), (reached.get(keyOf(call)) ?? 0) + here);
      for (const { message: desc } of composesOf(source)) {
        const child = byName.get(desc.typeName);
        if (child !== undefined) times.set(child, Math.min(2, (times.get(child) ?? 0) + here));
      }
    }
    // Composers stand before what they compose.
    for (const message of model.messages) {
      const own = times.get(message);
      if (own === undefined) continue;
      for (const { source } of message.steps) {
        const here = source.kind === "each" ? 2 : own;
        for (const call of callsOf(source)) reached.set(keyOf(call), (reached.get(keyOf(call)) ?? 0) + here);
        for (const { message: desc } of composesOf(source)) {
          const child = byName.get(desc.typeName);
          if (child !== undefined) times.set(child, Math.min(2, (times.get(child) ?? 0) + here));
        }
      }
    }
    for (const [key, count] of reached) if (count > 1) twice.add(key);
  }
  return (call) =>
    call.effects === "none" &&
    call.batch === undefined &&
    planCallPolicy(call).cache === undefined &&
    twice.has(keyOf(call));
}
/** Rpcs that make the same calls. */
const rootKey = ({ composed, shared }: BffMethod): string =>
  [composed.desc.typeName, ...shared.map((step) => `${step.ir.at.file}:${step.ir.at.line}:${step.ir.at.column}`)].join(
    " ",
  );
const keyOf = (call: Call): string => `${fullName(call.method)} ${policyKey(planCallPolicy(call))}`;

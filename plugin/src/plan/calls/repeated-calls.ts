// Which calls one response may make twice.

import { reachable } from "../../graph/graph.ts";
import { fullName } from "../../model/full-name.ts";
import { callsOf, composedBy, messagesByName } from "../../resolve/model/blocks.ts";
import type { Call } from "../../resolve/model/call.ts";
import type { BffMethod, Composed, Model, Source, Step } from "../../resolve/model/model.ts";
import { planCallPolicy, policyKey } from "./policies.ts";

/**
 * Calls without side effects whose method and policy one response may reach twice: from two steps, from the items of a
 * list, or through a message that is composed in two places. Batches and cached calls join equal ones anyway.
 */
export function repeatedCalls(model: Model): ReadonlySet<Call> {
  const byName = messagesByName(model.messages);
  // Composers precede the messages that they compose.
  const place = new Map(model.messages.map((message, i) => [message, i]));
  const childrenOf = (source: Source): Composed[] => composedBy([{ source }], byName);
  const inside = ({ steps }: Composed): Composed[] => composedBy(steps, byName);
  const keys = new Map<Call, string>();
  const keyOf = (call: Call): string => {
    const key = keys.get(call) ?? `${fullName(call.method)} ${policyKey(planCallPolicy(call))}`;
    keys.set(call, key);
    return key;
  };
  const repeated = new Set<Call>();
  const methods = model.files.flatMap((file) => file.services).flatMap((service) => service.methods);
  const roots = new Map(methods.map((method) => [rootKey(method), method]));
  for (const { composed: root, shared: started, opening, permit } of roots.values()) {
    const shared = [...started, ...(opening?.steps ?? [])];
    const times = new Map<Composed, number>([[root, 1]]);
    const reached = new Map<string, { often: number; readonly calls: Call[] }>();
    const count = (steps: readonly Step[], often: number): void => {
      for (const { source } of steps) {
        const here = source.kind === "each" ? 2 : often;
        for (const call of callsOf(source).filter(mayJoin)) {
          const equal = reached.get(keyOf(call)) ?? { often: 0, calls: [] };
          equal.often += here;
          equal.calls.push(call);
          reached.set(keyOf(call), equal);
        }
        for (const child of childrenOf(source)) times.set(child, Math.min(2, (times.get(child) ?? 0) + here));
      }
    };
    count(permit?.steps ?? [], 1);
    count(shared, 1);
    const messages = reachable([root, ...shared.flatMap(({ source }) => childrenOf(source))], inside);
    for (const message of messages.sort((a, b) => (place.get(a) ?? 0) - (place.get(b) ?? 0)))
      count(message.steps, times.get(message) ?? 1);
    for (const { often, calls } of reached.values()) if (often > 1) for (const call of calls) repeated.add(call);
  }
  return repeated;
}
const mayJoin = (call: Call): boolean =>
  call.effects === "none" && call.batch === undefined && planCallPolicy(call).cache === undefined;

/** Rpcs that make the same calls. */
const rootKey = ({ composed, shared, permit }: BffMethod): string =>
  [
    composed.desc.typeName,
    ...[...shared, ...(permit?.steps ?? [])].map(
      (step) => `${step.ir.at.file}:${step.ir.at.line}:${step.ir.at.column}`,
    ),
  ].join(" ");

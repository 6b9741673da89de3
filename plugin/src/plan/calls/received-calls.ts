// Calls whose headers or trailers are read: only these calls keep the headers and trailers of their responses.
import { blocksOf, callsOf, expressionsIn, stepsBehind } from "../../resolve/model/blocks.ts";
import type { Call } from "../../resolve/model/call.ts";
import type { Model } from "../../resolve/model/model.ts";

/** The calls of which an expression reads a header or a trailer. */
export function receivedCalls(model: Model): ReadonlySet<Call> {
  const calls = new Set<Call>();
  for (const block of blocksOf(model)) {
    const behind = stepsBehind(block);
    for (const { variable, kind } of expressionsIn(block).flatMap(({ reads }) => reads)) {
      if (kind !== "received") continue;
      for (const { source } of behind.get(variable) ?? []) for (const call of callsOf(source)) calls.add(call);
    }
  }
  return calls;
}

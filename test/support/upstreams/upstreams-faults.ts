import { Code } from "@connectrpc/connect";
import type { Fault, FaultRule } from "../../../examples/dashboard/upstreams.ts";
import { pick, seeded } from "../../bffs/second/random-message.ts";

const CODES = [
  Code.Unavailable,
  Code.Unavailable,
  Code.Internal,
  Code.ResourceExhausted,
  Code.NotFound,
  Code.PermissionDenied,
  Code.Aborted,
  Code.DeadlineExceeded,
];

/**
 * Faults for the example's upstreams: `failing` and `hanging` are parts of all calls, from 0 to 1. Whether a call is hit follows from
 * the seed, its request and how often that came before, not from the order in which different requests arrive.
 */
export function seededFaults(seed: number, parts: { readonly failing?: number; readonly hanging?: number }): FaultRule {
  const seen = new Map<string, number>();
  const { failing = 0, hanging = 0 } = parts;
  return (call): Fault | undefined => {
    const identity = `${call.method} ${Buffer.from(call.request).toString("base64")}`;
    const turn = seen.get(identity) ?? 0;
    seen.set(identity, turn + 1);
    const random = seeded(seed, identity, turn);
    const lot = random();
    if (lot < hanging) return { kind: "hang" };
    if (lot < hanging + failing) return { kind: "fail", code: pick(random, CODES) };
    return undefined;
  };
}

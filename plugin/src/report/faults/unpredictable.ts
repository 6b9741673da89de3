import { isSure } from "@protobff/runtime/internal/samples";
import type { RpcBehaviour } from "../../faults/index.ts";
import type { PlanMethod } from "../../plan/model/plan.ts";

/** Returns the reason why the end of an rpc is not predicted. */
export function unpredictable(planned: PlanMethod): Pick<RpcBehaviour, "unpredictable" | "validated"> {
  const { stream, fields, method } = planned;
  if (stream?.source.kind === "follow") {
    if (stream.source.topic.of.call === undefined)
      return { unpredictable: "items of a topic without a call are not known" };
    if (stream.overflow.value === "latest")
      return { unpredictable: "which item of a topic is the newest is not known" };
  }
  if (fields !== undefined && fields.mask === undefined) return { unpredictable: "some fields are never sent" };
  if (method.parts !== undefined && method.degradedField === undefined)
    return { unpredictable: "it comes in parts, and has no field for what is degraded" };
  return isOpen(planned) ? { unpredictable: "its request has rules, which the sample may break", validated: true } : {};
}

/** Returns true if the sample may break the rules of its message. */
function isOpen({ method, validated }: PlanMethod): boolean {
  return validated !== undefined && !isSure(method.desc.input);
}

import { reachable } from "../../graph/graph.ts";
import type { Conversion, ConvertedTarget, MessageConversion } from "../../model/conversion.ts";

/** Returns conversions of messages with all that they use for their fields. */
export function withInner(conversions: Iterable<MessageConversion>): ReadonlySet<MessageConversion> {
  return new Set(reachable([...conversions], ({ targets }) => targets.flatMap(inTarget)));
}

function inTarget(target: ConvertedTarget): readonly MessageConversion[] {
  switch (target.kind) {
    case "field":
      return conversionsIn(target.conversion);
    case "oneof":
      return target.members.flatMap((member) => conversionsIn(member.conversion));
    case "computed":
      return conversionsIn(target.bound.conversion);
    case "message":
      return target.targets.flatMap(inTarget);
  }
}

/** Returns the conversions of messages in a conversion. */
export function conversionsIn(conversion: Conversion): readonly MessageConversion[] {
  if (conversion.kind === "list" || conversion.kind === "map") return conversionsIn(conversion.of);
  return conversion.kind === "message" ? [conversion.via] : [];
}

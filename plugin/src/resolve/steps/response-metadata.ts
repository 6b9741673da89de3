import type { Variable } from "../../cel/index.ts";
import type { Source } from "../model/model.ts";
import { isCached } from "../model/source-parts.ts";

/**
 * Returns "kept" if `header` and `trailer` can read the metadata of a step's answer, otherwise the reason. Undefined
 * without a call.
 */
export function receivedOf(source: Source): Variable["received"] {
  switch (source.kind) {
    case "call":
      if (source.call.batch !== undefined)
        return {
          lack: "has its value of a batch, whose answer is that to many",
          hint: "leave out `batch`, or have the upstream say it in the items",
        };
      if (isCached(source.call))
        return {
          lack: "may come from the cache, which keeps messages alone",
          hint: 'leave out `cache`, or write `cache: { ttl: "0s" }` on the call where an upstream entry says it',
        };
      return "kept";
    case "each":
      return {
        lack: "is a list, each item of which has an answer of its own",
        hint: "compose a message for each item with the call in its `let`, and read it there",
      };
    case "compose":
      return {
        lack: "is composed, of any number of answers",
        hint: `read it in a field of "${source.message.name}", where the step with the call is`,
      };
    default:
      return undefined;
  }
}

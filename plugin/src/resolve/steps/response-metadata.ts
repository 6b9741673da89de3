import type { Variable } from "../../cel/index.ts";
import { isCached } from "../model/blocks.ts";
import type { Source } from "../model/model.ts";

/**
 * Returns "kept" if `header` and `trailer` can read the metadata of a step's answer, otherwise the reason. Undefined
 * without a call.
 */
export function receivedOf(source: Source): Variable["received"] {
  switch (source.kind) {
    case "call":
      if (source.call.batch !== undefined)
        return {
          lack: "is a part of a batch, whose answer is shared",
          hint: "leave out `batch`, or have the upstream send the value in its items",
        };
      if (isCached(source.call)) {
        const { ttl } = source.call.policy.cache;
        return {
          lack: "may come from the cache, which keeps only messages",
          hint: 'leave out `cache`, or write `cache: { ttl: "0s" }` in the call if an upstream entry sets it',
          ...(ttl && { related: { at: ttl.at, message: "its answers are cached here" } }),
        };
      }
      return "kept";
    case "each":
      return {
        lack: "is a list, with a separate answer for each item",
        hint: "compose a message for each item with the call in its `let`, and read it there",
      };
    case "compose":
      return {
        lack: "is composed of several answers",
        hint: `read it in a field of "${source.message.name}", beside the step with the call`,
      };
    default:
      return undefined;
  }
}

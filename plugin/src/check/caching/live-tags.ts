import { didYouMean, fault } from "../../diagnostic/diagnostic.ts";
import { beginningOf } from "../../resolve/model/live-steps.ts";
import type { Check } from "../check.ts";
import { writtenIn } from "./purged-tags.ts";

/** Reports triggers of live answers that no tag of a cache matches. */
export const liveTags: Check = {
  rules: {
    BFF638:
      "A tag in `on` of a live answer is a tag that a cache declares. Tags agree if their texts before the first hole do.",
  },
  run(model, report) {
    const live = model.tags.filter(({ rpc }) => rpc.live !== undefined);
    if (live.length === 0) return;
    const written = writtenIn(model);
    for (const { text, parts } of live.flatMap(({ tags }) => tags)) {
      const tag = beginningOf(parts);
      if (written.includes(tag)) continue;
      const like = didYouMean(tag, written);
      const all = written.map((other) => `"${other}"`).join(", ");
      fault(report, "BFF638", text.at, {
        derived: true,
        message: `no call or rpc declares a tag that begins with "${tag}"`,
        hint:
          like !== undefined
            ? `did you mean "${like}"?`
            : `add \`tag: "${text.value.replaceAll(/\{[^}]*\}/g, "{answer.id}")}"\` to the \`cache\` of a call${all === "" ? "" : `; the declared tags begin with ${all}`}`,
      });
    }
  },
};

import { caution, didYouMean } from "../../diagnostic/diagnostic.ts";
import { blocksOf, callsIn } from "../../resolve/model/blocks.ts";
import { beginningOf } from "../../resolve/model/live-steps.ts";
import type { Model } from "../../resolve/model/model.ts";
import type { Check } from "../check.ts";

/** Reports purged tags with a constant beginning that no tag of a cache can have. */
export const purgedTags: Check = {
  rules: {
    BFF817:
      "An event purges tags that caches write. The check compares the constant beginnings of tags; servers outside of this run may write others.",
  },
  run(model, report) {
    if (model.purges.length === 0) return;
    const written = writtenIn(model);
    for (const { text, parts } of model.purges.flatMap(({ tags }) => tags)) {
      const purged = beginningOf(parts);
      if (written.some((tag) => tag.startsWith(purged) || purged.startsWith(tag))) continue;
      const add = `add a tag that begins with "${purged}" to a \`cache\``;
      const like = didYouMean(purged, written);
      caution(report, "BFF817", text.at, {
        message: `no cache has a tag that begins with "${purged}", so the events purge nothing by it`,
        hint:
          like === undefined
            ? `${add}, or leave this one out`
            : `begin this one with "${like}", as a cache does; or ${add}`,
      });
    }
  },
};

/** Returns the constant beginnings of all tags of caches. */
export function writtenIn(model: Model): readonly string[] {
  const ofCalls = blocksOf(model)
    .flatMap((block) => [...callsIn(block), ...(block.kind === "composed" ? block.clients : [])])
    .flatMap(({ policy }) => policy.cache?.tags ?? []);
  const all: readonly { readonly parts: readonly unknown[] }[] = [
    ...ofCalls,
    ...model.tags.flatMap(({ rpc, tags }) => (rpc.live === undefined ? tags : [])),
  ];
  return [...new Set(all.map(({ parts }) => beginningOf(parts)))];
}

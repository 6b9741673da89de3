import { fault, type Origin } from "../../diagnostic/diagnostic.ts";
import { blocksOf } from "../../resolve/model/blocks.ts";
import { allCalls } from "../callers/governing-identities.ts";
import type { Check } from "../check.ts";

/** Reports branches of upstreams that have shards, also those of the entry for every upstream. */
export const shardsAlone: Check = {
  rules: {
    BFF285:
      "An upstream with shards has no branches and no mirrors. The address of a branch holds the data of one shard, but would receive the calls of all.",
  },
  run(model, report) {
    const reported = new Set<Origin>();
    for (const { method, policy } of blocksOf(model).flatMap(allCalls)) {
      const [branch] = policy.branches;
      if (policy.shard === undefined || branch === undefined || reported.has(branch.ir.at)) continue;
      reported.add(branch.ir.at);
      fault(report, "BFF285", branch.ir.at, {
        message: `"${method.parent.typeName}" has shards, so it cannot have the branch "${branch.ir.name.value}"`,
        related: [{ at: policy.shard.at, message: "the shards" }],
        hint: "leave the branch out, or declare the branches in entries of the other services",
      });
    }
  },
};

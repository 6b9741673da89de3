import { fault } from "../../diagnostic/diagnostic.ts";
import { methodsOf } from "../../resolve/model/blocks.ts";
import { pagesOf } from "../../resolve/model/page-calls.ts";
import type { Check } from "../check.ts";

const DAY_MS = 86_400_000;

/** Reports answers whose page tokens may be too old when a client receives them. */
export const agedPages: Check = {
  rules: {
    BFF813:
      "Answers with page tokens are kept for at most 24 h in all caches together. A token is valid for 72 h, and a client of a cached answer needs time to read on.",
  },
  run(model, report) {
    for (const method of methodsOf(model)) {
      const { cache, httpCache, desc } = method;
      const at = cache?.at ?? httpCache?.at;
      if (at === undefined) continue;
      const ages = [cache?.ttl, cache?.stale, httpCache?.maxAge, httpCache?.stale];
      const ms = ages.reduce((sum, age) => sum + (age?.value ?? 0), 0);
      const seal = ms > DAY_MS ? pagesOf(method)?.seal : undefined;
      if (seal === undefined) continue;
      fault(report, "BFF813", at, {
        message: `answers of "${desc.name}" may be ${Math.ceil(ms / 3_600_000)} h old, and they have page tokens`,
        related: [{ at: seal.at, message: "the page token" }],
        hint: "shorten `ttl`, `stale` and `max_age` to 24 h together",
      });
    }
  },
};

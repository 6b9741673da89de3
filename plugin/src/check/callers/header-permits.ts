// Permits that only a client's header decides.

import { caution } from "../../diagnostic/diagnostic.ts";
import { reachable } from "../../graph/graph.ts";
import { callsOf, methodsOf } from "../../resolve/model/blocks.ts";
import type { Permit, Step } from "../../resolve/model/model.ts";
import type { Check } from "../check.ts";
import { HEADERS, namesBehind, namesWho } from "../request-names.ts";

/**
 * Reports permits that read only headers: a client writes its headers itself, so the permit admits any client that
 * sends the right header.
 */
export const headerPermits: Check = {
  rules: {
    BFF581:
      "A permit reads a value that a client cannot choose. A permit with headers alone admits every client that sends them.",
  },
  run(model, report) {
    const seen = new Set<Step>();
    for (const method of methodsOf(model)) {
      const condition = method.permit && onlyHeaders(method.permit);
      if (condition === undefined || seen.has(condition)) continue;
      seen.add(condition);
      caution(report, "BFF581", condition.ir.at, {
        message: "this permit reads only headers, which any client can write",
        related: [{ at: method.ir.at, message: "an rpc that it opens" }],
        hint: "read `principal`, name a scope or a role, or call an upstream that checks the header",
      });
    }
  },
};

/** The first condition, if no condition reads anything else and no call decides. */
function onlyHeaders(permit: Permit): Step | undefined {
  const { conditions } = permit;
  if (namesWho(permit)) return undefined;
  const behind = reachable(conditions, ({ source, reads }) => (source.kind === "shared" ? source.of : reads));
  if (behind.some(({ source }) => [...callsOf(source)].length > 0)) return undefined;
  const names = [...namesBehind(conditions)];
  return names.length > 0 && names.every((name) => name.startsWith(HEADERS)) ? conditions[0] : undefined;
}

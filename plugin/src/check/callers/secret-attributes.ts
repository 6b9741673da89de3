import { fault } from "../../diagnostic/diagnostic.ts";
import type { Check } from "../check.ts";
import { allExpressions, governedBlocks } from "./governing-identities.ts";
import { headersIn, ownedBy } from "./identity-headers.ts";

/** Headers that always hold credentials. The list is exact, because other headers may have another meaning. */
const SECRET: ReadonlySet<string> = new Set(
  [
    "authorization proxy-authorization cookie x-api-key api-key apikey x-auth-token x-access-token x-id-token x-session-token",
    "x-csrf x-csrf-token x-xsrf-token x-amz-security-token x-goog-iap-jwt-assertion cf-access-jwt-assertion x-forwarded-access-token",
    "x-principal-bin x-principal-signed-bin x-forwarded-client-cert dpop",
  ].flatMap((names) => names.split(" ")),
);

/** Reports credentials in trace attributes: traces have many readers, also in other systems. */
export const secretAttributes: Check = {
  rules: {
    BFF566: "An attribute of a trace contains no credential. Traces are exported, and many people read them.",
  },
  run(model, report) {
    const reported = new Set<string>();
    for (const { block, identities } of governedBlocks(model)) {
      if (block.kind !== "telemetry") continue;
      const owned = ownedBy(identities);
      for (const { name, at } of allExpressions(block).flatMap((expression) => headersIn(expression))) {
        const place = `${at.file}:${at.line}:${at.column}`;
        // The check of identity headers reports these headers in more detail.
        if (!SECRET.has(name) || owned.has(name) || reported.has(place)) continue;
        reported.add(place);
        fault(report, "BFF566", at, {
          message: `"${name}" contains a credential, and many people read traces`,
          hint: "leave the attribute out; to identify the caller, read a field of `principal`",
        });
      }
    }
  },
};

import { caution, type Origin } from "../../diagnostic/diagnostic.ts";
import type { Identity } from "../../resolve/model/edge.ts";
import type { Check } from "../check.ts";
import { allCalls, allExpressions, governedBlocks } from "./governing-identities.ts";
import { headersIn } from "./identity-headers.ts";

/** Headers in which clients commonly declare their identity, with the principal's field that usually holds it. */
const FIELDS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    subject:
      "x-user x-user-id x-userid x-uid x-username x-subject x-client-id x-customer-id x-auth-user x-auth-request-user x-authenticated-user x-authenticated-userid x-forwarded-user x-forwarded-preferred-username x-remote-user remote-user",
    email: "x-user-email x-email x-auth-request-email x-forwarded-email",
    tenant: "x-tenant x-tenant-id x-org x-org-id x-organization-id x-account-id",
    roles: "x-role x-roles x-user-roles x-groups x-auth-request-groups x-forwarded-groups",
    scopes: "x-scope x-scopes x-authenticated-scope",
  }).flatMap(([field, names]) => names.split(" ").map((name) => [name, field] as const)),
);

/**
 * Reports headers that declare a caller although a proven principal is available. The list of names is exact, since
 * other names may have another meaning. Rpcs that answer anybody are exempt: there a header is as good as an argument.
 */
export const untrustedHeaders: Check = {
  rules: {
    BFF535:
      "Expressions read the caller from `principal`, which is verified. Any client can write any value into a header like x-user-id.",
  },
  run(model, report) {
    const reported = new Set<string>();
    for (const { block, identities, methods } of governedBlocks(model)) {
      // The check of limits reports headers in limits in more detail; trace attributes decide nothing.
      if (block.kind === "limits" || block.kind === "share" || block.kind === "telemetry") continue;
      const [identity] = identities;
      if (identity === undefined || methods.every(({ callers }) => (callers?.open.length ?? 0) > 0)) continue;
      const read = allExpressions(block).flatMap((expression) => headersIn(expression));
      const forwarded = allCalls(block).flatMap(({ policy }) =>
        policy.forward.map(({ value, at }) => ({ name: value.toLowerCase(), at, forwarded: true })),
      );
      for (const header of [...read.map((found) => ({ ...found, forwarded: false })), ...forwarded]) {
        const field = FIELDS.get(header.name);
        const place = `${header.at.file}:${header.at.line}:${header.at.column}`;
        if (field === undefined || isOwned(identity, header.name) || reported.has(place)) continue;
        reported.add(place);
        caution(report, "BFF535", header.at, {
          message: `"${header.name}" contains what the client writes into it, not the verified caller`,
          related: related(identity),
          hint: header.forwarded
            ? "write `identify: SIGNED`, which sends the caller to the upstream"
            : hintFor(field, identity),
        });
      }
    }
  },
};

/** The header of a trusted gateway has been reported as an error. */
const isOwned = ({ sources }: Identity, name: string): boolean =>
  sources.some(({ credential }) => "header" in credential && credential.header?.value === name);

const related = ({ ir }: Identity): { readonly at: Origin; readonly message: string }[] => [
  { at: ir.at, message: "this identity verifies callers" },
];

function hintFor(field: string, { type }: Identity): string {
  if (type.fields.some(({ name }) => name === field)) return `write principal.${field}`;
  return `read it from \`principal\`: add a field such as "${field}" to "${type.typeName}", and \`set\` it from claims`;
}

import { Identify } from "@protobff/messages/options.js";
import { fault, type Origin, type Report, type Sourced } from "../../diagnostic/diagnostic.ts";
import type { Call } from "../../resolve/model/call.ts";
import type { IdentitySource } from "../../resolve/model/edge.ts";
import type { Check } from "../check.ts";
import { allCalls, type Governed, governedBlocks } from "./governing-identities.ts";
import { headerOf } from "./identity-headers.ts";

/** Reports calls whose upstream cannot receive the caller as `identify` declares. */
export const identify: Check = {
  rules: {
    BFF530: "`identify` needs an `identity` in its package. Without an identity it would send nothing.",
    BFF531:
      "`identify: TOKEN` needs callers with a token. It passes on the token of the caller, and other callers would reach the upstream anonymously.",
    BFF532:
      "`identify: TOKEN` is the only source of `authorization`. A second value for the header would hide one of the two.",
  },
  run(model, report) {
    /** An entry holds for many calls. */
    const reported = new Set<Origin>();
    for (const governed of governedBlocks(model))
      for (const call of allCalls(governed.block)) {
        const { identify } = call.policy;
        if (identify === undefined || identify.value === Identify.NOTHING || reported.has(identify.at)) continue;
        if (check(call, identify, governed, report)) continue;
        reported.add(identify.at);
      }
  },
};

/** Returns true if the call is valid. */
function check(call: Call, identify: Sourced<Identify>, governed: Governed, report: Report): boolean {
  const [stranger] = governed.strangers;
  if (stranger !== undefined) {
    const { method } = stranger;
    const reaches = method === undefined ? [] : [{ at: method.ir.at, message: "this rpc reaches the call" }];
    fault(report, "BFF530", identify.at, {
      message: `"identify" has no caller to send to "${call.method.parent.typeName}": package "${stranger.package}" has no identity`,
      related: [...reaches, ...(reaches.length > 0 ? [] : [{ at: call.methodAt, message: "the call" }])],
      hint: "declare an `identity` for the package, or write `identify: NOTHING` in the call",
    });
    return false;
  }
  if (identify.value !== Identify.TOKEN) return true;
  return checkToken(call, identify, governed, report) && checkAuthorization(call, identify, governed, report);
}

const KINDS: Readonly<Record<IdentitySource["credential"]["kind"], string | undefined>> = {
  jwt: undefined,
  session: undefined,
  api_key: "an API key",
  assertion: "an assertion",
  trusted: "an assertion of a gateway",
  peer: "a certificate",
};

function checkToken(call: Call, identify: Sourced<Identify>, { sources }: Governed, report: Report): boolean {
  for (const { credential, ir, name } of sources) {
    const kind = KINDS[credential.kind];
    if (kind === undefined) continue;
    fault(report, "BFF531", identify.at, {
      message: `"TOKEN" passes on the caller's token, but callers of source "${name}" present ${kind} and have no token`,
      related: [
        { at: ir.name?.at ?? ir.at, message: "this source" },
        { at: call.methodAt, message: "its callers reach this call" },
      ],
      hint: "write SIGNED, which sends every caller, or exclude these callers from the rpcs of this call, by `source` of a permit",
    });
    return false;
  }
  return true;
}

function checkAuthorization(
  { policy, metadata }: Call,
  identify: Sourced<Identify>,
  { identities }: Governed,
  report: Report,
): boolean {
  // A header with the credential of a source is never forwarded; another check reports it.
  const isOwned = identities.some(({ sources }) => sources.some((source) => headerOf(source) === "authorization"));
  const forwarded = isOwned ? undefined : policy.forward.find(({ value }) => value.toLowerCase() === "authorization");
  const binding = metadata.find(({ key }) => key === "authorization");
  const at = forwarded?.at ?? binding?.by.text.at;
  if (at === undefined) return true;
  fault(report, "BFF532", at, {
    message: '"authorization" has two values: this value, and the caller\'s token',
    related: [{ at: identify.at, message: "TOKEN sends the token" }],
    hint: "leave out one of the two",
  });
  return false;
}

import { Identify } from "@protobff/messages/options.js";
import { childrenOf, type Expression, type Node } from "../../cel/index.ts";
import { fault, type Origin, type Report } from "../../diagnostic/diagnostic.ts";
import { DEFAULTS } from "../../read/edge/check-places.ts";
import type { Call } from "../../resolve/model/call.ts";
import type { Identity, IdentitySource } from "../../resolve/model/edge.ts";
import type { BffMethod } from "../../resolve/model/model.ts";
import type { Check } from "../check.ts";
import { allCalls, allExpressions, governedBlocks } from "./governing-identities.ts";

/** Headers in which upstreams, and this server, receive the caller. */
const IDENTITY_HEADERS: readonly string[] = ["x-principal-bin", "x-principal-signed-bin", "x-forwarded-client-cert"];

/** Reports headers with credentials or callers that are used outside of the identity. */
export const identityHeaders: Check = {
  rules: {
    BFF533:
      "Only the identity reads the headers of a credential or of its assertion. The server removes these headers from the request, so expressions and `forward` would find nothing.",
    BFF534:
      "Only `identify` sends the caller to upstreams. It sends the verified caller, and metadata could contain anything.",
  },
  run(model, report) {
    const reported = new Set<string>();
    const once = (at: Origin): boolean => {
      const place = `${at.file}:${at.line}:${at.column}`;
      return reported.size !== reported.add(place).size;
    };
    for (const { block, identities, methods } of governedBlocks(model)) {
      const owned = ownedBy(identities);
      if (owned.size === 0) continue;
      for (const call of allCalls(block)) {
        for (const { value, at } of call.policy.forward) {
          const owner = owned.get(value.toLowerCase());
          if (owner === undefined || !once(at)) continue;
          refuse(report, `"${value.toLowerCase()}" cannot be passed on`, owner, at, hintForForward(owner, call));
        }
        for (const { key, by } of call.metadata) {
          if (!IDENTITY_HEADERS.includes(key) || !once(by.text.at)) continue;
          fault(report, "BFF534", by.text.at, {
            message: `metadata "${key}" would declare the caller`,
            hint: key === "x-principal-bin" ? "write `identify: PLAIN`" : "write `identify: SIGNED`",
          });
        }
      }
      for (const { at, name } of allExpressions(block).flatMap((expression) => headersIn(expression))) {
        const owner = owned.get(name);
        if (owner === undefined || !once(at)) continue;
        refuse(report, `"${name}" cannot be read`, owner, at, hintForReading(methods));
      }
    }
  },
};

/** The source that a header belongs to; `"upstream"` for a header that carries the caller to upstreams. */
type Owner = IdentitySource | "upstream";

export function ownedBy(identities: readonly Identity[]): ReadonlyMap<string, Owner> {
  const owned = new Map<string, Owner>(
    identities.length === 0 ? [] : IDENTITY_HEADERS.map((name) => [name, "upstream"]),
  );
  for (const source of identities.flatMap(({ sources }) => sources)) {
    const name = headerOf(source);
    if (name !== undefined) owned.set(name, source);
  }
  return owned;
}

/** Returns the header with a source's credential; undefined if no header carries it. */
export function headerOf({ credential }: IdentitySource): string | undefined {
  switch (credential.kind) {
    case "jwt":
      return credential.cookie === undefined ? (credential.header?.value ?? DEFAULTS.header.jwt) : "cookie";
    case "session":
      return "cookie";
    case "api_key":
    case "assertion":
      return credential.header?.value ?? DEFAULTS.header[credential.kind];
    case "trusted":
      return credential.header?.value;
    case "peer":
      return undefined;
  }
}

function refuse(report: Report, problem: string, owner: Owner, at: Origin, hint: string): void {
  const why =
    owner === "upstream"
      ? "this header declares the caller, which only the identity sets"
      : `source "${owner.name}" reads its credential from this header`;
  fault(report, "BFF533", at, {
    message: `${problem}: ${why}`,
    related: owner === "upstream" ? [] : [{ at: owner.ir.name?.at ?? owner.ir.at, message: "this source" }],
    hint,
  });
}

/** A public rpc may have no principal. */
function hintForReading(methods: readonly BffMethod[]): string {
  const isPublic = methods.some(({ callers }) => (callers?.open.length ?? 0) > 0);
  return `read \`principal\`, which is verified${isPublic ? "; in a public rpc it may be absent: `ok(principal) ? … : …`" : ""}`;
}

function hintForForward(owner: Owner, { policy: { identify } }: Call): string {
  if (identify !== undefined && identify.value !== Identify.NOTHING)
    return "leave it out: `identify` sends the caller to the upstream";
  const hasToken = owner !== "upstream" && (owner.credential.kind === "jwt" || owner.credential.kind === "session");
  const token = "; to pass the caller's token on to an upstream that may act with it, write `identify: TOKEN`";
  return `write \`identify: SIGNED\`, which sends the caller to the upstream${hasToken ? token : ""}`;
}

/** Returns the headers that an expression reads by a literal name, in lower case. */
export function headersIn({ root, text }: Expression): readonly { readonly name: string; readonly at: Origin }[] {
  const found: { readonly name: string; readonly at: Origin }[] = [];
  const visit = (node: Node): void => {
    if (node.kind === "call" && (node.overload === "header" || node.overload === "has_header")) {
      const [, name] = node.args;
      if (name?.kind === "constant" && typeof name.value === "string")
        found.push({ name: name.value.toLowerCase(), at: node.at ?? text.at });
    }
    for (const child of childrenOf(node)) visit(child);
  };
  visit(root);
  return found;
}

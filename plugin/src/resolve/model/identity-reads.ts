import type { Expression } from "../../cel/index.ts";
import type { Identity } from "./edge.ts";

/** Returns every expression of an identity: holes in texts, and the bindings of `set`. */
export function identityExpressions({ sources }: Identity): Expression[] {
  return sources.flatMap(({ texts, set }) => [
    ...[...texts.values()].flatMap((parts) => parts.filter((part) => typeof part !== "string")),
    ...(set ?? []).flatMap(({ bound, if: condition }) => [
      bound.expression,
      ...(condition === undefined ? [] : [condition]),
    ]),
  ]);
}

/** The variables of the environment that it reads: `env.OIDC_ISSUER`. */
export function identityReads(identity: Identity): ReadonlySet<string> {
  return new Set(identityExpressions(identity).flatMap(({ reads }) => reads.map(({ variable }) => variable.name)));
}

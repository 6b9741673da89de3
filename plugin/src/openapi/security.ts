// Permits in OpenAPI: a scheme for each source of the identity, and the schemes that an rpc accepts.

import type { Json, JsonObject } from "../json-schema/json.ts";
import { DEFAULTS } from "../read/edge/check-places.ts";
import type { Identity, IdentitySource } from "../resolve/model/edge.ts";
import type { Permit } from "../resolve/model/model.ts";

/**
 * Returns `components.securitySchemes`. Clients do not send the headers of proxies in front of the server, so these are
 * left out.
 */
export function securitySchemes(identity: Identity | undefined): JsonObject {
  return Object.fromEntries(
    (identity?.sources ?? []).flatMap((source) => {
      const scheme = schemeOf(source);
      return scheme === undefined ? [] : [[keyOf(source), scheme] as const];
    }),
  );
}

/** Component names take fewer characters than names of sources. */
const keyOf = ({ name }: IdentitySource): string => name.replace(/[^a-zA-Z0-9._-]/g, "_");

function schemeOf({ credential, name }: IdentitySource): JsonObject | undefined {
  const header = (name: string): JsonObject => ({ type: "apiKey", in: "header", name });
  switch (credential.kind) {
    case "jwt": {
      if (credential.cookie !== undefined) return { type: "apiKey", in: "cookie", name: credential.cookie.value };
      const at = credential.header?.value.toLowerCase() ?? DEFAULTS.header.jwt;
      return at === "authorization"
        ? { type: "http", scheme: "bearer", bearerFormat: "JWT" }
        : { ...header(at), description: "A JWT, bare or behind `Bearer`." };
    }
    case "session":
      return {
        type: "apiKey",
        in: "cookie",
        name: credential.cookie?.value ?? DEFAULTS.cookie,
        description: `A session of ${name}, begun at /auth/login. Requests of scripts send \`x-csrf: 1\` beside it.`,
      };
    case "api_key":
      return header(credential.header?.value ?? DEFAULTS.header.api_key);
    case "assertion":
      return {
        ...header(credential.header?.value ?? DEFAULTS.header.assertion),
        description: "Signed by another service.",
      };
    case "peer":
      return { type: "mutualTLS" };
    case "trusted":
      return undefined;
  }
}

/**
 * Returns alternatives, of which any one suffices; an empty one needs no credential. Undefined if the server
 * authenticates no callers.
 */
export function securityOf(identity: Identity | undefined, permit: Permit | undefined): Json | undefined {
  if (identity === undefined) return undefined;
  const named = permit?.sources;
  const sources = identity.sources.filter(({ name }) => named === undefined || named.includes(name));
  const needs = sources
    .filter((source) => schemeOf(source) !== undefined)
    .map((source): JsonObject => ({ [keyOf(source)]: [...(permit?.scopes ?? [])] }));
  return permit?.public === undefined ? needs : [{}, ...needs];
}

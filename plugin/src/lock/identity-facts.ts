// Identities of callers, as data. Texts are as written, with their placeholders; times are milliseconds.

import type { Text } from "../diagnostic/diagnostic.ts";
import type { IrCredential } from "../ir/edge.ts";
import { pathName } from "../model/path-name.ts";
import type { Identity, IdentitySource } from "../resolve/model/edge.ts";
import { defined } from "../text/json-member.ts";

/** Identity of callers, as the lock and reports record it. */
export interface IdentityFacts {
  readonly package: string;
  /** The message that a caller is. */
  readonly principal: string;
  /** Sources in the order in which they are tried. */
  readonly sources: readonly IdentitySourceFacts[];
}
/** Facts of a source. Options that are left out have their default here, if they have one. */
export interface IdentitySourceFacts {
  readonly name: string;
  readonly kind: IrCredential["kind"];
  readonly issuer?: string;
  /** Any of these. */
  readonly audience?: readonly string[];
  readonly client_id?: string;
  readonly scopes?: readonly string[];
  readonly jwks?: string;
  readonly keys?: string;
  readonly algorithms?: readonly string[];
  readonly subject?: string;
  readonly header?: string;
  readonly cookie?: string;
  readonly prefix?: string;
  readonly spiffe?: readonly string[];
  readonly dns?: readonly string[];
  /** Names of certificates over whose connections alone it counts. */
  readonly from?: readonly string[];
  readonly leeway_ms?: number;
  readonly max_stale_ms?: number;
  readonly idle_ms?: number;
  readonly absolute_ms?: number;
  readonly cache_ms?: number;
  /** The message that a credential's claims have to be. */
  readonly claims?: string;
  /** Fields of the principal; left out: the default principal, or the content of the credential. */
  readonly set?: readonly { readonly field: string; readonly by: string; readonly if?: string }[];
}

/** Default algorithms, as in docs/language.md. */
const ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"];
const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];

export function identityFacts({ file, type, sources }: Identity): IdentityFacts {
  return { package: file.desc.proto.package, principal: type.typeName, sources: sources.map(sourceReport) };
}

function sourceReport({ name, credential, ir, claims, set }: IdentitySource): IdentitySourceFacts {
  return {
    name,
    kind: credential.kind,
    ...optionsOf(credential),
    ...listed("from", ir.from),
    ...defined("claims", claims?.typeName),
    ...defined(
      "set",
      set?.map(({ path, bound, if: condition }) => ({
        field: pathName(path),
        by: bound.expression.text.value,
        ...defined("if", condition?.text.value),
      })),
    ),
  };
}

function optionsOf(credential: IrCredential): Partial<IdentitySourceFacts> {
  switch (credential.kind) {
    case "jwt":
      return {
        ...text("issuer", credential.issuer),
        ...listed("audience", credential.audience),
        ...text("jwks", credential.jwks),
        algorithms: credential.algorithms.length === 0 ? ALGORITHMS : credential.algorithms.map(({ value }) => value),
        ...text("subject", credential.subject),
        ...(credential.cookie === undefined
          ? { header: credential.header?.value ?? "authorization" }
          : text("cookie", credential.cookie)),
        leeway_ms: credential.leeway?.value ?? 30 * SECOND,
        max_stale_ms: credential.maxStale?.value ?? 24 * HOUR,
      };
    case "session":
      return {
        ...text("issuer", credential.issuer),
        ...text("client_id", credential.clientId),
        ...listed("scopes", credential.scopes),
        cookie: credential.cookie?.value ?? "__Host-session",
        idle_ms: credential.idle?.value ?? 30 * MINUTE,
        absolute_ms: credential.absolute?.value ?? 10 * HOUR,
      };
    case "api_key":
      return {
        header: credential.header?.value ?? "x-api-key",
        ...text("prefix", credential.prefix),
        cache_ms: credential.cache?.value ?? 10 * SECOND,
      };
    case "assertion":
      return {
        header: credential.header?.value ?? "x-principal-signed-bin",
        ...text("issuer", credential.issuer),
        ...text("keys", credential.keys),
      };
    case "peer":
      return { ...listed("spiffe", credential.spiffe), ...listed("dns", credential.dns) };
    case "trusted":
      return text("header", credential.header);
  }
}

const text = <K extends string>(name: K, of: Text | undefined) => defined(name, of?.value);
const listed = <K extends string>(name: K, of: readonly Text[]) =>
  defined(name, of.length === 0 ? undefined : of.map(({ value }) => value));

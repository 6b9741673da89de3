// Caller identification of servers, as data. `protobff dev` uses it to run a server without an identity provider.
import { type DescField, type DescMessage, toJson } from "@bufbuild/protobuf";
import { sample } from "@protobff/runtime/internal/samples";
import { childrenOf, type Node } from "../../cel/index.ts";
import type { Text } from "../../diagnostic/diagnostic.ts";
import type { ValueReport } from "../../faults/index.ts";
import type { IrCredential } from "../../ir/edge.ts";
import type { Plan, PlanMethod, PlanServer } from "../../plan/model/plan.ts";
import type { IdentitySource } from "../../resolve/model/edge.ts";
import type { EnvVar } from "../../resolve/model/model.ts";
import { defined } from "../../text/json-member.ts";
import { permittedCallers } from "../rpcs/callers.ts";
import { sampleOf } from "./samples.ts";

/** Callers of one server with an identity. */
export interface CallersReport {
  /** Its `server.ts`, below the plugin's output. */
  readonly server: string;
  /** True if upstreams receive a signed identity of the caller. */
  readonly signs: boolean;
  readonly sources: readonly SourceOfCallers[];
  /**
   * An rpc for identified callers, `package.Service/Method`: the rpc with the fewest requirements. Undefined: all rpcs
   * are open to anybody.
   */
  readonly rpc?: string;
  /** A request that satisfies the rules of its fields, as far as a sample can: JSON for the rpc. */
  readonly request?: string;
}
/** One way of proving a caller's identity. Undeclared values are omitted. */
export interface SourceOfCallers {
  readonly name: string;
  readonly kind: IrCredential["kind"];
  readonly issuer?: SourceSetting;
  /** For a session: only its client id. */
  readonly audience: readonly SourceSetting[];
  /** Location of the keys, if it differs from the issuer's. */
  readonly keys?: SourceSetting;
  /** Lower-case. */
  readonly header?: string;
  readonly cookie?: string;
  readonly algorithms: readonly string[];
  /** A SPIFFE id with `*` for whole segments. */
  readonly subject?: string;
  /** For an API key. */
  readonly prefix?: string;
  /** Names of certificates; the source counts only for connections with one of them. */
  readonly from: readonly string[];
  /** A value for each claim that is decoded, except for the claims of every token. */
  readonly claims: Claims;
  /** Claims with the rights that permits require. */
  readonly rights: readonly RightsClaim[];
}
/** A text, a variable of the environment alone, or one with such a variable somewhere in it. */
export type SourceSetting =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "env"; readonly name: string; readonly alternates: readonly string[]; readonly default?: string }
  | { readonly kind: "mixed"; readonly text: string };
/** Claims of a token by name, as JSON. */
export type Claims = { readonly [name: string]: ClaimValue };
/** The value of a claim, as JSON without null. */
export type ClaimValue = string | number | boolean | readonly ClaimValue[] | Claims;
/** The claim that holds the rights of a caller. */
export interface RightsClaim {
  /** Names from the payload down. */
  readonly path: readonly string[];
  /** A list of texts, or words in one text. */
  readonly as: "list" | "words";
  /** All values that any permit requires. */
  readonly values: readonly string[];
}

export function callersReports({ servers }: Pick<Plan, "servers">): readonly CallersReport[] {
  return servers.flatMap((server) => {
    const { identity, path, written } = server;
    if (identity === undefined || !written) return [];
    const methods = server.files.flatMap(({ services }) => services.flatMap((service) => service.methods));
    const sources = identity.identity.sources.map((source) => sourceReport(source, identity.identity.type, server));
    const rights = rightsIn(methods);
    return [
      {
        server: `${path}.ts`,
        signs: identity.signs,
        sources: sources.map(({ report, claimOf }) => ({
          ...report,
          rights: [rightsClaim(claimOf.scopes, rights.scopes), rightsClaim(claimOf.roles, rights.roles)].flat(),
        })),
        ...exampleOf(methods),
      },
    ];
  });
}

function rightsIn(methods: readonly PlanMethod[]): {
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
} {
  const permits = methods.flatMap(({ method }) =>
    method.permit === undefined ? [] : [permittedCallers(method.permit)],
  );
  return {
    scopes: [...new Set(permits.flatMap(({ scopes }) => scopes))],
    roles: [...new Set(permits.flatMap(({ roles }) => roles.flat()))],
  };
}

/** Returns an rpc without conditions, else one without rules, else the first. */
function exampleOf(methods: readonly PlanMethod[]): Pick<CallersReport, "rpc" | "request"> {
  const restrictions = ({ method, permit, validated }: PlanMethod): number => {
    const conditions = method.permit === undefined ? 0 : permittedCallers(method.permit).conditions.length;
    return (permit === undefined && conditions === 0 ? 0 : 2) + (validated === undefined ? 0 : 1);
  };
  const [least] = methods
    .filter(({ method }) => method.permit !== undefined && method.permit.public === undefined)
    .sort((a, b) => restrictions(a) - restrictions(b));
  if (least === undefined) return {};
  const { parent, name, input } = least.method.desc;
  return { rpc: `${parent.typeName}/${name}`, request: JSON.stringify(toJson(input, sample(input))) };
}

// ---- a source ----

/** The claim that a field of the principal is made from: the fields down to it. */
interface ClaimOf {
  readonly scopes: readonly Claim[] | undefined;
  readonly roles: readonly Claim[] | undefined;
}
type Claim = Pick<DescField, "name" | "fieldKind"> | { readonly name: string; readonly fieldKind: "words" };

function sourceReport(
  source: IdentitySource,
  principal: DescMessage,
  { env }: PlanServer,
): { readonly report: Omit<SourceOfCallers, "rights">; readonly claimOf: ClaimOf } {
  const { name, credential, ir, claims, set } = source;
  const setting = (text: Text | undefined): SourceSetting | undefined =>
    text === undefined ? undefined : settingOf(text, source, env);
  const settings = (texts: readonly (Text | undefined)[]): readonly SourceSetting[] =>
    texts.flatMap((text) => setting(text) ?? []);
  const part = <K extends string>(key: K): Text | undefined =>
    key in credential ? (credential as { readonly [key in K]?: Text })[key] : undefined;
  // Without claims the principal comes from a gateway in front of the server.
  const decoded = claims ?? (credential.kind === "trusted" ? principal : undefined);
  return {
    report: {
      name,
      kind: credential.kind,
      ...defined("issuer", setting(part("issuer"))),
      audience: credential.kind === "jwt" ? settings(credential.audience) : settings([part("clientId")]),
      ...defined("keys", setting(part("jwks") ?? part("keys"))),
      ...defined("header", part("header")?.value),
      ...defined("cookie", part("cookie")?.value),
      algorithms: credential.kind === "jwt" ? credential.algorithms.map(({ value }) => value) : [],
      ...defined("subject", part("subject")?.value),
      ...defined("prefix", part("prefix")?.value),
      from: ir.from.map(({ value }) => value),
      claims: decoded === undefined ? {} : claimsOf(decoded),
    },
    claimOf: {
      scopes: set === undefined ? OF_TOKENS : claimBehind("scopes", set),
      roles: set === undefined ? undefined : claimBehind("roles", set),
    },
  };
}

function settingOf(text: Text, { texts }: IdentitySource, env: readonly EnvVar[]): SourceSetting {
  const parts = texts.get(text) ?? [text.value];
  const [only] = parts;
  if (parts.every((part) => typeof part === "string")) return { kind: "text", text: parts.join("") };
  const found =
    parts.length === 1 && typeof only === "object"
      ? env.find(({ variable }) => variable.name === only.text.value.trim())
      : undefined;
  if (found === undefined) return { kind: "mixed", text: text.value };
  const { ir } = found;
  return {
    kind: "env",
    name: ir.name.value,
    alternates: ir.alternates.map(({ value }) => value),
    ...defined("default", ir.default?.value),
  };
}

/** The claim behind `credential.scopes` (RFC 8693, section 4.2). */
const OF_TOKENS: readonly Claim[] = [{ name: "scope", fieldKind: "words" }];

/** Returns undefined if the field depends on no claim. */
function claimBehind(field: string, set: NonNullable<IdentitySource["set"]>): readonly Claim[] | undefined {
  const found = set.find(({ path }) => path.length === 1 && path[0]?.name === field);
  return found === undefined ? undefined : claimRead(found.bound.expression.root);
}

function claimRead(node: Node): readonly Claim[] | undefined {
  const way: Claim[] = [];
  let at = node;
  while (at.kind === "select" && typeof at.field === "object") {
    way.unshift(at.field);
    at = at.of;
  }
  if (at.kind === "name" && at.variable.name === "claims" && way.length > 0) return way;
  if (at.kind === "name" && at.variable.name === "credential" && way[0]?.name === "scopes") return OF_TOKENS;
  for (const child of childrenOf(node)) {
    const found = claimRead(child);
    if (found !== undefined) return found;
  }
  return undefined;
}

function rightsClaim(way: readonly Claim[] | undefined, values: readonly string[]): readonly RightsClaim[] {
  const last = way?.at(-1);
  if (
    way === undefined ||
    last === undefined ||
    (last.fieldKind !== "list" && last.fieldKind !== "scalar" && last.fieldKind !== "words")
  )
    return [];
  return [{ path: way.map(({ name }) => name), as: last.fieldKind === "list" ? "list" : "words", values }];
}

// ---- claims ----

/** Claims that every issuer of tokens sets (RFC 7519, section 4.1; OpenID Connect Core 1.0, section 2). */
const REGISTERED: ReadonlySet<string> = new Set([
  ...["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "auth_time", "nonce", "azp"],
]);

function claimsOf(desc: DescMessage): Claims {
  const all = jsonOf(sampleOf(desc));
  if (typeof all !== "object" || Array.isArray(all)) return {};
  const others = Object.entries(all as Claims).filter(([name]) => !REGISTERED.has(name));
  return Object.fromEntries(others);
}

/** Returns a value as ProtoJSON, under the names of the proto; undefined if it has no such form by itself. */
function jsonOf(value: ValueReport): ClaimValue | undefined {
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (value === null) return undefined;
  if (isList(value)) return value.flatMap((item) => jsonOf(item) ?? []);
  if ("int" in value) return Number(value.int);
  if ("double" in value) return value.double;
  if ("bytes" in value) return value.bytes;
  if ("map" in value) return object(value.map.map(([key, entry]) => [String(jsonOf(key)), entry]));
  // Each well-known type has a special JSON form.
  if ("message" in value)
    return value.message.startsWith("google.protobuf.") ? undefined : object(Object.entries(value.fields));
  return undefined;
}
const isList = (value: ValueReport): value is readonly ValueReport[] => Array.isArray(value);
function object(entries: readonly (readonly [name: string, value: ValueReport])[]): Claims {
  return Object.fromEntries(
    entries.flatMap(([name, value]) => {
      const json = jsonOf(value);
      return json === undefined ? [] : [[name, json] as const];
    }),
  );
}

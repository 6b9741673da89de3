// Credentials for callers of `dev`'s servers: tokens, and what else a source reads from a header.
import type { Claims, SourceOfCallers } from "protoc-gen-bff/compiler";
import type { Served, Way } from "./caller-needs.ts";
import { isObject, madePrincipals, type Principal, readPrincipals } from "./principals.ts";
import type { SigningKeys } from "./signing-keys.ts";

/** A caller, and the header that identifies it. */
export interface Credential {
  /** `dev`, or `dev (robot)` if there are several sources. */
  readonly as: string;
  /** Lower-case. */
  readonly header: string;
  readonly value: string;
}

/** Thrown if a request names an unknown server, source or principal. */
export class Unknown extends Error {}

interface Signed extends Omit<Principal, "name"> {
  readonly audience: string;
  readonly algorithm: string;
  readonly lifeS: number;
  readonly more?: object;
}
type TokenWay = Extract<Way, { readonly kind: "token" }>;

const LIFE_S = 3_600;
const MAX_LIFE_SECONDS = 30 * 24 * 3_600;
/** Parameters of `/token`; every other name is a claim. */
const PARAMETERS = new Set(["for", "source", "as", "aud", "expires_in"]);

export class Credentials {
  readonly #cwd: string;
  readonly #issuer: string;
  readonly #keys: SigningKeys;

  constructor(cwd: string, issuer: string, keys: SigningKeys) {
    this.#cwd = cwd;
    this.#issuer = issuer;
    this.#keys = keys;
  }

  /** Fault in principals.json, which is read at each access; undefined: none. */
  get fault(): string | undefined {
    try {
      readPrincipals(this.#cwd);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /**
   * Returns the principals; the first is the default.
   *
   * @throws Error that describes the fault in principals.json
   */
  principals(source: SourceOfCallers): readonly Principal[] {
    const principals = readPrincipals(this.#cwd);
    return principals === undefined || principals.length === 0 ? madePrincipals(source) : principals;
  }

  /**
   * Returns a token for a query, such as `?for=account.v1&as=dev`. Claims in the query replace those of the principal.
   *
   * @throws Error that describes the fault in the query
   */
  async token(query: URLSearchParams, served: ReadonlyMap<string, Served>): Promise<string> {
    const all = [...served].flatMap(([name, { ways }]) =>
      ways.flatMap((way) => (way.kind === "token" ? [{ name, way }] : [])),
    );
    const matches = (name: string | null, is: string): boolean => name === null || name === is;
    const found = all.find(
      ({ name, way }) => matches(query.get("for"), name) && matches(query.get("source"), way.source.name),
    );
    if (found === undefined) {
      const there = all.map(({ name, way }) => `for=${name}&source=${way.source.name}`).join(", ");
      throw new Unknown(there === "" ? "no server accepts a token of this issuer" : `there is ${there}`);
    }
    const { way } = found;
    const principals = this.principals(way.source);
    const principal = query.has("as") ? principals.find(({ name }) => name === query.get("as")) : principals[0];
    if (principal === undefined) throw new Unknown(`as= is one of ${principals.map(({ name }) => name).join(", ")}`);
    const lifeS = Number(query.get("expires_in") ?? LIFE_S);
    if (!Number.isInteger(lifeS) || Math.abs(lifeS) > MAX_LIFE_SECONDS)
      throw new Error(
        `expires_in is a whole number of seconds, at most ${MAX_LIFE_SECONDS}; negative for a token that has expired`,
      );
    const more = claimsIn(query, principal.claims);
    return this.sign({ ...principal, ...way, audience: query.get("aud") ?? way.audience, lifeS, more });
  }

  /** Returns the credentials of all principals, for each source that reads a header. */
  async all({ ways, apiKeys }: Served): Promise<readonly Credential[]> {
    const several = ways.filter(({ kind }) => kind !== "login").length > 1;
    const found = ways.map(async (way): Promise<readonly Credential[]> => {
      if (way.kind === "login") return [];
      const named = (name: string): string => (several ? `${name} (${way.source.name})` : name);
      if (way.kind === "key") {
        const key = apiKeys.get(way.source.name);
        return key === undefined ? [] : [{ as: named("dev"), header: way.source.header ?? "x-api-key", value: key }];
      }
      const principals = this.principals(way.source);
      return Promise.all(
        principals.map(async (principal) => ({ as: named(principal.name), ...(await this.#header(way, principal)) })),
      );
    });
    return (await Promise.all(found)).flat();
  }

  async #header(
    way: TokenWay | Extract<Way, { readonly kind: "header" }>,
    principal: Principal,
  ): Promise<Omit<Credential, "as">> {
    if (way.kind === "header") return { header: way.header, value: gatewayHeader(principal) };
    const token = await this.sign({ ...principal, ...way, lifeS: LIFE_S });
    const { cookie, header = "authorization" } = way.source;
    if (cookie !== undefined) return { header: "cookie", value: `${cookie}=${token}` };
    return { header, value: header === "authorization" ? `Bearer ${token}` : token };
  }

  sign({ subject, claims, audience, algorithm, lifeS, more }: Signed): Promise<string> {
    const now = Math.floor(Date.now() / 1_000);
    const registered = { iss: this.#issuer, aud: audience, iat: now, exp: now + lifeS };
    return this.#keys.sign({ sub: subject, ...claims, ...registered, ...more }, algorithm);
  }
}

/** Returns the header value with which a gateway identifies an admitted caller: JSON in base64url. */
export function gatewayHeader({ subject, claims }: Principal): string {
  return Buffer.from(JSON.stringify({ sub: subject, ...claims })).toString("base64url");
}

/**
 * Returns the claims in a query. A repeated name becomes a list, and so does a claim that is a list of the principal.
 * JSON values are decoded, except strings.
 */
function claimsIn(query: URLSearchParams, claims: Claims): object {
  const names = new Set([...query.keys()].filter((name) => !PARAMETERS.has(name)));
  return Object.fromEntries(
    [...names].map((name) => {
      const values = query.getAll(name).map(claimOf);
      const isList = values.length > 1 || (Array.isArray(claims[name]) && !Array.isArray(values[0]));
      return [name, isList ? values : values[0]];
    }),
  );
}
function claimOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    // A subject of digits is a text still.
    return typeof value === "boolean" || Array.isArray(value) || isObject(value) ? value : text;
  } catch {
    return text;
  }
}

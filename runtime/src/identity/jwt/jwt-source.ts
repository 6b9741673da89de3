import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import { type Credential, CredentialSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import type { Clock } from "../../clock.ts";
import { Failure } from "../../failure.ts";
import type { Caller } from "../caller.ts";
import { claimIn, decodeClaims, words } from "../claims/claims.ts";
import type { Incoming } from "../incoming-request.ts";
import { type RefusedCredential, unauthenticated } from "../refusals.ts";
import type { Place, Source } from "../source.ts";
import type { Jose } from "./jose.ts";
import type { KeySet } from "./key-set.ts";
import type { Key } from "./keys.ts";
import {
  MAX_TOKEN,
  type PresentedToken,
  payloadText,
  presentedToken,
  type UnverifiedToken,
} from "./presented-token.ts";
import { namesAudience, type Rules, reasonToRefuse } from "./rules.ts";
import { VerifiedTokens } from "./verified-tokens.ts";

export interface JwtSourceParts {
  readonly name: string;
  readonly place: Place;
  readonly from: readonly string[];
  readonly rules: Rules;
  /** Message type of payloads. If undefined, only the registered claims of tokens are read. */
  readonly claims: DescMessage | undefined;
  /** @throws anything, for claims that make no principal */
  readonly accept: (credential: Credential, claims: Message | undefined, token: string) => Caller;
  readonly keys: KeySet;
  readonly jose: Jose;
  readonly clock: Clock;
}

/**
 * Authenticates callers by a JSON Web Token (RFC 7519) that an issuer has signed. Each token is verified once, and
 * cached until it expires or its key is withdrawn; refusals are not cached. The unverified claims of a token are
 * checked first, which refuses most bad tokens at a fiftieth of the cost.
 */
export class JwtSource implements Source {
  readonly name: string;
  readonly place: Place;
  readonly ambient: boolean;
  readonly from: readonly string[];
  readonly opened: Promise<void>;
  readonly #parts: JwtSourceParts;
  readonly #verified = new VerifiedTokens();
  /** Runs one verification per token at a time. */
  readonly #running = new Map<string, Promise<Caller>>();

  constructor(parts: JwtSourceParts) {
    this.name = parts.name;
    this.place = parts.place;
    this.ambient = parts.place.kind === "cookie";
    this.from = parts.from;
    this.opened = parts.keys.opened;
    this.#parts = parts;
  }

  owns(credential: string): boolean {
    const token = this.#token(credential);
    return (
      token !== undefined &&
      (this.#verified.has(token.digest) || token.unverified?.claims.iss === this.#parts.rules.issuer)
    );
  }

  foreign(credential: string): RefusedCredential | undefined {
    const { issuer } = this.#parts.rules;
    const unverified = this.#token(credential)?.unverified;
    if (unverified === undefined || unverified.claims.iss === issuer) return undefined;
    return {
      expected: issuer,
      received: typeof unverified.claims.iss === "string" ? unverified.claims.iss : undefined,
    };
  }

  verify(credential: string, { resource }: Pick<Incoming, "resource"> = {}): Caller | Failure | Promise<Caller> {
    const { clock, keys } = this.#parts;
    const rules = this.#rulesAt(resource);
    const token = this.#token(credential);
    if (token === undefined) return unauthenticated("the token is too long");
    const { digest } = token;
    const date = clock.date();
    const second = Math.floor(date.getTime() / 1000);
    const known = keys.serving ? this.#verified.get(digest, second, resource !== undefined) : undefined;
    if (known !== undefined) return known;

    const { unverified } = token;
    if (unverified === undefined) return unauthenticated("the token is none");
    const reason = reasonToRefuse(unverified, rules, second);
    if (reason !== undefined) return unauthenticated(`the token ${reason}`, this.foreign(credential) ?? {});
    return this.#running.get(digest) ?? this.#begun(token, unverified, rules, date);
  }
  /** A key that the issuer has withdrawn ends its tokens. */
  readonly verifyAgain: Source["verify"] = (credential, incoming) => this.verify(credential, incoming);

  /** The resource is an audience only of requests to it. */
  #rulesAt(resource: string | undefined): Rules {
    const { rules } = this.#parts;
    return resource === undefined ? rules : { ...rules, audience: [...rules.audience, resource] };
  }

  close(): Promise<void> {
    return this.#parts.keys.close();
  }

  /**
   * Returns the token; undefined if it is too long. A credential from `authorization` has already lost its scheme;
   * credentials from other places may have one.
   */
  #token(credential: string): PresentedToken | undefined {
    const { place } = this.#parts;
    const schemeless = place.kind === "header" && place.scheme !== undefined;
    const text = schemeless ? credential : credential.replace(/^bearer +/i, "");
    return text.length > MAX_TOKEN ? undefined : presentedToken(text);
  }

  #begun(token: PresentedToken, unverified: UnverifiedToken, rules: Rules, date: Date): Promise<Caller> {
    const { digest } = token;
    const verifying = this.#callerOf(token, unverified, rules, date).finally(() => this.#running.delete(digest));
    this.#running.set(digest, verifying);
    return verifying;
  }

  async #callerOf(
    { text, digest }: PresentedToken,
    { header, claims }: UnverifiedToken,
    rules: Rules,
    date: Date,
  ): Promise<Caller> {
    const { keys } = this.#parts;
    const algorithm = header.alg as string;
    const key = await keys.find(header.kid as string | undefined, algorithm);
    if (key === undefined) throw unauthenticated("the token is signed with an unknown key");
    const payload = await this.#payload(text, key, algorithm, { rules, date });
    const caller = this.#caller(text, payload);
    const until = (payload.exp as number) + rules.leewayMs / 1000;
    const forResource = !namesAudience(claims, this.#parts.rules);
    this.#verified.set(digest, { caller, key, until, forResource });
    return caller;
  }

  async #payload(
    token: string,
    key: Key,
    algorithm: string,
    { rules, date }: { readonly rules: Rules; readonly date: Date },
  ): Promise<Readonly<Record<string, unknown>>> {
    const { jose } = this.#parts;
    try {
      const { payload } = await jose.jwtVerify(token, await key.for(algorithm), {
        issuer: rules.issuer,
        audience: [...rules.audience],
        algorithms: [algorithm],
        clockTolerance: rules.leewayMs / 1000,
        requiredClaims: ["exp"],
        currentDate: date,
      });
      return payload;
    } catch {
      throw unauthenticated("the token is not what its issuer has signed");
    }
  }

  #caller(token: string, payload: Readonly<Record<string, unknown>>): Caller {
    const { name, rules, claims: desc, accept } = this.#parts;
    try {
      const { sub, jti, exp } = payload;
      const credential = create(CredentialSchema, {
        source: name,
        issuer: rules.issuer,
        subject: typeof sub === "string" ? sub : "",
        id: typeof jti === "string" ? jti : "",
        scopes: scopesOf(payload),
        expires: BigInt(Math.floor(exp as number)),
      });
      const [, part = ""] = token.split(".");
      const claims = desc === undefined ? undefined : decodeClaims(desc, payloadText(part));
      // The copy of the token keeps no reference to its header. V8 would otherwise retain the whole header, however
      // long it is.
      return accept(credential, claims, Buffer.from(token).toString());
    } catch (error) {
      if (error instanceof Failure) throw error;
      throw unauthenticated("the token's claims are not of the declared types", { claim: claimIn(error) });
    }
  }
}

/** Returns the scopes in `scope` (RFC 8693 section 4.2), or in `scp`, which some issuers send instead. */
function scopesOf({ scope, scp }: Readonly<Record<string, unknown>>): string[] {
  const scopes = scope ?? scp ?? "";
  if (typeof scopes === "string") return words(scopes);
  if (Array.isArray(scopes) && scopes.every((item) => typeof item === "string")) return scopes;
  throw new Error("scopes that are none");
}

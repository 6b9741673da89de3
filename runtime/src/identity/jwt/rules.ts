import type { NamePattern } from "../network/names.ts";
import type { UnverifiedToken } from "./presented-token.ts";

/** Requirements of a source for its tokens, besides the signature. */
export interface Rules {
  readonly issuer: string;
  /** Accepted audiences, one of which the token must name. */
  readonly audience: readonly string[];
  readonly algorithms: readonly string[];
  readonly leewayMs: number;
  /** Pattern of accepted subjects. Undefined for any subject. */
  readonly subject: NamePattern | undefined;
}

/** The last second of the year 9999. A later expiry is not a valid time. */
const LAST_SECOND = 253_402_300_799;

/**
 * Returns the reason to refuse a token, as far as its unverified parts show it. The reason is the end of a sentence
 * that begins with "the token". It contains no text of the client.
 *
 * Header: RFC 7515 section 4.1, RFC 8725 section 3.11. Claims: RFC 7519 section 4.1, with `iss`, `aud` and `exp`
 * required.
 *
 * @param seconds the wall clock, in whole seconds
 */
export function reasonToRefuse({ header, claims }: UnverifiedToken, rules: Rules, seconds: number): string | undefined {
  return reasonInHeader(header, rules) ?? reasonInClaims(claims, rules) ?? reasonInTimes(claims, rules, seconds);
}

/** Returns the reason to refuse a token that its header shows. */
export function reasonInHeader(
  header: Readonly<Record<string, unknown>>,
  { algorithms }: Pick<Rules, "algorithms">,
): string | undefined {
  const { alg, kid, typ, crit } = header;
  if (typeof alg !== "string" || !algorithms.includes(alg)) return "is signed by an algorithm that is not allowed";
  if (crit !== undefined) return "has critical header parameters";
  if (kid !== undefined && typeof kid !== "string") return "has a key id that is no text";
  if (typ !== undefined && !isTypeOfToken(typ)) return "is of another type than JWT and at+jwt";
  return undefined;
}

/** Reports whether `typ` names a JWT. Case is ignored, and `application/` may be omitted (RFC 7515 section 4.1.9). */
function isTypeOfToken(typ: unknown): boolean {
  return typeof typ === "string" && /^(application\/)?(at\+)?jwt$/i.test(typ);
}

function reasonInClaims(claims: Readonly<Record<string, unknown>>, rules: Rules): string | undefined {
  const { iss, aud, sub, jti } = claims;
  if (iss !== rules.issuer) return "is of another issuer";
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (!audiences.every((audience) => typeof audience === "string"))
    return "has an audience that is neither a text nor a list of them";
  if (!namesAudience(claims, rules)) return "is for another audience";
  if (sub !== undefined && typeof sub !== "string") return "has a subject that is no text";
  if (jti !== undefined && typeof jti !== "string") return "has an id that is no text";
  if (rules.subject !== undefined && !(sub !== undefined && rules.subject(sub)))
    return "has a subject that does not match";
  return undefined;
}

/** True if a token names an accepted audience. */
export function namesAudience(
  { aud }: Readonly<Record<string, unknown>>,
  { audience }: Pick<Rules, "audience">,
): boolean {
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return audience.some((accepted) => audiences.includes(accepted));
}

/**
 * Returns the reason to refuse a token that its times show. The rules are those of jose after the signature, in whole
 * seconds. This check refuses nothing else, except values that are no time.
 */
function reasonInTimes(
  claims: Readonly<Record<string, unknown>>,
  { leewayMs }: Rules,
  seconds: number,
): string | undefined {
  const { exp, nbf, iat } = claims;
  if (exp === undefined) return "never expires";
  for (const time of [exp, nbf, iat]) {
    if (time !== undefined && !isTime(time)) return "has times that are none";
  }
  const leeway = leewayMs / 1000;
  if (typeof exp === "number" && exp <= seconds - leeway) return "has expired";
  if (typeof nbf === "number" && nbf > seconds + leeway) return "does not count yet";
  return undefined;
}

function isTime(value: unknown): boolean {
  return typeof value === "number" && value >= 0 && value <= LAST_SECOND;
}

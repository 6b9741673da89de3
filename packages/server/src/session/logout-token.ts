import type { Clock } from "@protobff/runtime/internal/clock";
import { ALGORITHMS } from "@protobff/runtime/internal/identity/jwt/algorithms";
import type { Jose } from "@protobff/runtime/internal/identity/jwt/jose";
import type { KeySet } from "@protobff/runtime/internal/identity/jwt/key-set";
import { MAX_TOKEN, PresentedToken } from "@protobff/runtime/internal/identity/jwt/presented-token";

/** The sessions that a provider ends: one session, or all of a subject. */
type LoggedOut = { readonly sid: string } | { readonly sub: string };

export interface LogoutTokenParts {
  readonly issuer: string;
  readonly clientId: string;
  readonly keys: KeySet;
  readonly jose: Jose;
  readonly clock: Clock;
}

const EVENT = "http://schemas.openid.net/event/backchannel-logout";
/** Tolerance for the provider's clock, in seconds; also the lifetime of a token without `exp`. */
const LEEWAY_S = 120;

/**
 * Verifies a logout token: OpenID Connect Back-Channel Logout 1.0, section 2.6.
 *
 * @throws Error if the token is not valid
 */
export async function verifyLogoutToken(token: string, parts: LogoutTokenParts): Promise<LoggedOut> {
  const { issuer, clientId, keys, jose, clock } = parts;
  const unverified = token.length <= MAX_TOKEN ? new PresentedToken(token).unverified : undefined;
  const { alg, kid, typ } = unverified?.header ?? {};
  if (typeof alg !== "string" || !ALGORITHMS.includes(alg))
    throw new Error("not signed by an algorithm that is allowed");
  if (typ !== undefined && !/^(application\/)?(logout\+)?jwt$/i.test(String(typ))) throw new Error("of another type");
  const key = await keys.find(typeof kid === "string" ? kid : undefined, alg);
  if (key === undefined) throw new Error("signed with an unknown key");
  const { payload } = await jose.jwtVerify(token, await key.for(alg), {
    issuer,
    audience: [clientId],
    algorithms: [alg],
    clockTolerance: LEEWAY_S,
    requiredClaims: ["iat", "jti", "events"],
    currentDate: clock.date(),
  });
  const { events, nonce, sid, sub, iat, exp } = payload;
  if (typeof events !== "object" || events === null || !(EVENT in events)) throw new Error("no logout");
  if (nonce !== undefined) throw new Error("an ID token"); // which anybody may have
  const age = Math.floor(clock.date().getTime() / 1_000) - Number(iat);
  if (exp === undefined && !(Math.abs(age) <= LEEWAY_S)) throw new Error("too old");
  if (typeof sid === "string" && sid !== "") return { sid };
  if (typeof sub === "string" && sub !== "") return { sub };
  throw new Error("nobody's");
}

import type { KeyObject } from "node:crypto";
import fc from "fast-check";
import { signedText } from "../../../../runtime/src/testing/test-issuer.ts";

/** A key that tokens are signed with. */
export interface SigningKey {
  readonly kid: string;
  readonly algorithms: readonly string[];
  readonly privateKey: KeyObject;
}

/** Returns the usual value most of the time, and the others sometimes. */
function mostly<T, U>(usual: fc.Arbitrary<T>, ...others: fc.Arbitrary<U>[]): fc.Arbitrary<T | U> {
  return fc.oneof({ arbitrary: usual, weight: 12 * others.length }, ...others);
}
const absent = fc.constant(undefined);

/** Tokens of which about half are good, and the others have one or two things wrong with them. */
export function randomTokens(
  issuer: string,
  audience: string,
  now: number,
  keys: readonly SigningKey[],
): fc.Arbitrary<string> {
  const odd = fc.jsonValue({ maxDepth: 2 });
  const around = (center: number): fc.Arbitrary<number> =>
    fc.integer({ min: center - 3, max: center + 3 }).map((offset) => now + offset);
  const time = (usual: fc.Arbitrary<number | undefined>, edge: number): fc.Arbitrary<unknown> =>
    mostly(
      usual,
      around(edge),
      around(edge).map((at) => at + 0.5),
      odd,
      fc.double(),
      absent,
      fc.constant("1900000000"),
    );
  const claims = fc.record({
    iss: mostly(fc.constant(issuer), fc.constantFrom(`${issuer}/`, issuer.toUpperCase(), [issuer], ""), odd, absent),
    aud: mostly(
      fc.constantFrom<unknown>(audience, [audience], ["other", audience]),
      fc.constantFrom<unknown>("other", [], ["other"], [audience, 1], [[audience]], { [audience]: true }, ""),
      odd,
      absent,
    ),
    exp: time(
      fc.integer({ min: 40, max: 4000 }).map((offset) => now + offset),
      -30,
    ),
    nbf: time(fc.oneof(absent, fc.constant(now - 100)), 30),
    iat: time(fc.constant(now - 100), 0),
    sub: mostly(fc.string(), odd, absent),
    jti: mostly(fc.oneof(absent, fc.uuid()), odd),
    scope: mostly(fc.oneof(absent, fc.constant("read write")), fc.constant(["read"])),
    extra: mostly(absent, odd),
  });
  const key = fc.constantFrom(...keys);
  const header = fc.record({
    typ: mostly(fc.constantFrom(undefined, "JWT", "at+jwt"), fc.constantFrom("jose", "JWE", 1, null)),
    crit: mostly(absent, fc.constantFrom<unknown>([], ["exp"], ["b64"], "exp")),
    jwk: mostly(absent, odd),
  });
  return fc
    .record({
      claims,
      key,
      header,
      kid: mostly(absent, fc.constantFrom<unknown>("unknown", 1, null)),
      which: fc.nat(),
      damage: mostly(absent, damages()),
    })
    .map(({ claims, key, header, kid, which, damage }) => {
      const alg = key.algorithms[which % key.algorithms.length] ?? "";
      const payload = JSON.stringify(claims);
      const token = signedText({ alg, kid: kid === undefined ? key.kid : kid, ...header }, payload, key.privateKey);
      return damage === undefined ? token : damage(token);
    });
}

type Damage = (token: string) => string;
function damages(): fc.Arbitrary<Damage> {
  const letter = fc.constantFrom(..."Ab0-_=+/. \n\u00e9");
  const at = (token: string, part: number): number => Math.floor(part * token.length);
  const part = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const header =
    (json: string): Damage =>
    (token) =>
      token.replace(/^[^.]*/, Buffer.from(json).toString("base64url"));
  return fc.oneof(
    fc.tuple(part, letter).map(
      ([p, c]): Damage =>
        (token) =>
          token.slice(0, at(token, p)) + c + token.slice(at(token, p) + 1),
    ),
    fc.tuple(part, letter).map(
      ([p, c]): Damage =>
        (token) =>
          token.slice(0, at(token, p)) + c + token.slice(at(token, p)),
    ),
    part.map(
      (p): Damage =>
        (token) =>
          token.slice(0, at(token, p)),
    ),
    letter.map(
      (c): Damage =>
        (token) =>
          `${token}${c}`,
    ),
    fc.constant<Damage>((token) => `${token}.`),
    fc.constant<Damage>((token) => token.slice(0, token.lastIndexOf(".") + 1)),
    fc
      .constantFrom('{"alg":"none"}', '{"alg":"HS256","kid":"k0"}', "{}", "null", '{"alg":"RS256","alg":"none"}')
      .map(header),
  );
}

// Holds docs/runtime.md#tokens
import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { type Claims, ClaimsSchema, type OtherClaims, OtherClaimsSchema } from "../../testing/gen/claims_pb.ts";
import { decodeClaims } from "./claims.ts";

const claims = (text: string): Claims => decodeClaims(ClaimsSchema, text) as Claims;

describe("a payload", () => {
  test("the payload keeps all digits of 64-bit integers, in every position", () => {
    const big = "9007199254740993";
    const text = `{"uid":${big},"groups":[1,${big}],"quotas":{"a":-${big}},"nested":{"id":${big},"children":[{"id":${big}}]},
      "wrapped":${big},"by_name":{"x":{"id":${big}}},"share":${big},"extra":{"n":${big}},"unknown":${big}}`;
    const exact = 9007199254740993n;
    expect(claims(text)).toEqual(
      create(ClaimsSchema, {
        uid: exact,
        groups: [1n, exact],
        quotas: { a: -exact },
        nested: { id: exact, children: [{ id: exact }] },
        wrapped: exact,
        byName: { x: { id: exact } },
        share: 9007199254740992,
        extra: { n: 9007199254740992 },
      }),
    );
    expect(() => claims('{"uid":9223372036854775808}')).toThrow();
    expect(() => claims('{"sub":9007199254740993}')).toThrow();
  });

  test("a registered claim may have one value or several", () => {
    expect(claims('{"aud":"web"}').aud).toEqual(["web"]);
    expect(claims('{"aud":["web","mobile"]}').aud).toEqual(["web", "mobile"]);
    expect(claims('{"scope":["a","b"]}').scope).toBe("a b");
    const other = (text: string): OtherClaims => decodeClaims(OtherClaimsSchema, text) as OtherClaims;
    expect(other('{"aud":["web"],"scope":"a  b","exp":1.5}')).toMatchObject({
      aud: "web",
      scope: ["a", "b"],
      exp: 1.5,
    });
    expect(() => other('{"aud":["web","mobile"]}')).toThrow();
    expect(() => other('{"aud":[1]}')).toThrow();
    expect(() => claims('{"sub":["ada"]}')).toThrow();
  });

  test("times may have a fraction", () => {
    expect(claims('{"exp":1800000000.75}').exp).toBe(1_800_000_000n);
    expect(() => claims('{"uid":1.5}')).toThrow();
  });

  test("claims are read by JSON name and by proto name", () => {
    expect(claims('{"https://acme.example/org":"acme"}').org).toBe("acme");
    expect(claims('{"org":"acme"}').org).toBe("acme");
  });

  test("claims named like object properties are ordinary", () => {
    const made = claims('{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"sub":"ada"}');
    expect(made).toEqual(create(ClaimsSchema, { sub: "ada" }));
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  test("texts may contain braces and quotes", () => {
    expect(claims(`{"sub":"${'[{\\"'.repeat(40)}"}`).sub).toBe('[{"'.repeat(40));
  });
});

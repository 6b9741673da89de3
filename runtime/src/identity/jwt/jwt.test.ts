import { create, type Message } from "@bufbuild/protobuf";
import { PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { describe, expect, expectTypeOf, test } from "vitest";
import { type Claims, ClaimsSchema } from "../../testing/gen/claims_pb.ts";
import { ISSUER } from "../../testing/test-issuer.ts";
import { identity } from "../identity-spec.ts";
import type { Settings } from "../settings.ts";
import { type JwtOptions, jwt } from "./jwt.ts";

/** What is wrong with the options, a line each. */
async function faults(more: Partial<JwtOptions<Claims, typeof ClaimsSchema>>): Promise<string[]> {
  const found: string[] = [];
  const settings = { fault: (...parts: string[]) => void found.push(parts.join(" | ")) } as unknown as Settings;
  await identity(ClaimsSchema, [
    jwt({
      name: "user",
      issuer: ISSUER,
      audience: ["web"],
      claims: ClaimsSchema,
      principal: (claims) => claims,
      ...more,
    }),
  ]).configure(settings);
  return found;
}
const ADDRESS = "an address with https://, or one with http:// on loopback";

test("a token in a cookie marks its source as the one for browsers", () => {
  const token = { name: "user", issuer: ISSUER, audience: ["web"], principal: () => create(PrincipalSchema) };
  const inCookie = jwt({ ...token, name: "browser", cookie: "token" });
  expect(identity(PrincipalSchema, [jwt(token), inCookie]).byCookie).toBe("browser");
  expect(identity(PrincipalSchema, [jwt(token)]).byCookie).toBeUndefined();
});

test("two sources with one issuer and one place are a fault that names the variables", async () => {
  const faultsOf = async (
    second: Pick<Partial<JwtOptions<Message, undefined>>, "issuer" | "header" | "cookie" | "issuerVariables">,
  ): Promise<string[]> => {
    const found: string[] = [];
    const settings = { fault: (...parts: string[]) => void found.push(parts.join(" | ")) } as unknown as Settings;
    const token = { issuer: ISSUER, audience: ["web"], principal: () => create(PrincipalSchema) };
    await identity(PrincipalSchema, [
      jwt({ ...token, name: "staff", issuerVariables: ["STAFF_ISSUER"] }),
      jwt({ ...token, name: "partner", issuerVariables: ["PARTNER_ISSUER"], ...second }),
    ]).configure(settings);
    return found;
  };
  const problem = "one issuer for the sources staff and partner, which read the same place: no token would be accepted";
  const remedy = "a separate issuer for each source, or declare one source";
  expect(await faultsOf({})).toEqual([`STAFF_ISSUER and PARTNER_ISSUER | name ${problem} | ${remedy}`]);
  const alone = { issuerVariables: ["STAFF_ISSUER"] };
  expect(await faultsOf(alone)).toEqual([`STAFF_ISSUER | is ${problem} | ${remedy}`]);
  expect(await faultsOf({ issuer: "https://other.example" })).toEqual([]);
  expect(await faultsOf({ header: "x-partner-token" })).toEqual([]);
  expect(await faultsOf({ cookie: "authorization" })).toEqual([]);
});

describe("options that read variables are checked after these are read", () => {
  test.each([
    [{}, []],
    [{ issuer: "http://127.0.0.1:1" }, []],
    [{ issuer: "acme", jwks: "https://acme.example/keys" }, []],
    [{ subject: "spiffe://acme.example/*" }, []],
    [{ issuer: "" }, [`issuer of source user | is neither an https address nor one on loopback | ${ADDRESS}`]],
    [
      { issuer: "http://acme.example" },
      [`issuer of source user | is neither an https address nor one on loopback | ${ADDRESS}`],
    ],
    [{ issuer: `${ISSUER}?a` }, [`issuer of source user | has a query in it | ${ADDRESS}`]],
    [{ issuer: "", jwks: "https://acme.example" }, [`issuer of source user | is empty | ${ADDRESS}`]],
    [
      { jwks: "http://u:secret@acme.example" },
      [`jwks of source user | is neither an https address nor one on loopback | ${ADDRESS}`],
    ],
    [{ audience: [] }, ["audience of source user | is empty | a text"]],
    [{ audience: ["web", ""] }, ["audience of source user | is empty | a text"]],
    [
      { algorithms: ["RS256", "HS256"] },
      [expect.stringMatching(/^algorithm of source user \| is "HS256" \| one of RS256, /)],
    ],
    [{ algorithms: ["none"] }, [expect.stringMatching(/^algorithm of source user \| is "none" \| one of RS256, /)]],
    [{ subject: "a*" }, ["subject of source user | is no SPIFFE id | one like spiffe://acme.example/ns/*"]],
  ])("the options %j have the faults %j", async (options, expected) => {
    expect(await faults(options)).toEqual(expected);
  });
});

describe("types", () => {
  test("the types of claims and principals are those of the messages", () => {
    const source = jwt({
      name: "user",
      issuer: ISSUER,
      audience: ["web"],
      claims: ClaimsSchema,
      principal: (claims, credential) => {
        expectTypeOf(claims).toEqualTypeOf<Claims>();
        return create(PrincipalSchema, { subject: claims.org, scopes: credential.scopes });
      },
    });
    const spec = identity(PrincipalSchema, [
      source,
      jwt({ name: "other", issuer: ISSUER, audience: ["web"] }),
      jwt({
        name: "third",
        issuer: ISSUER,
        audience: ["web"],
        principal: (claims, credential) => {
          expectTypeOf(claims).toEqualTypeOf<undefined>();
          const { source, issuer, subject, scopes } = credential;
          return { $typeName: "bff.v1.Principal", source, issuer, subject, scopes, roles: [] };
        },
      }),
    ]);
    expect(spec.sources).toEqual(["user", "other", "third"]);
    // @ts-expect-error principals of another type
    identity(ClaimsSchema, [source]);
  });
});

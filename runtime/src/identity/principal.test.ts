// Holds docs/runtime.md#callers
import { create, createFileRegistry, type DescMessage, fromBinary } from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { CredentialSchema, type Principal, PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Code, type Failure } from "../failure.ts";
import { type Claims, ClaimsSchema } from "../testing/gen/claims_pb.ts";
import { callerOf, keyOf } from "./principal.ts";

const credential = create(CredentialSchema, { source: "user", issuer: "https://id", subject: "ann", scopes: ["read"] });
const refused = expect.objectContaining({ clientCode: Code.UNAUTHENTICATED, clientMessage: "unauthenticated" });

const principalOf = (subject: string, issuer: string): Principal =>
  create(PrincipalSchema, { source: "user", issuer, subject: subject === "undefined" ? "" : subject });
function at(list: readonly string[], index: number): string {
  const found = list[index];
  if (found === undefined) throw new RangeError("no such item");
  return found;
}

/** A message of principals, of these fields. */
function typeOf(field: readonly object[], syntax = "proto3"): DescMessage {
  const file = create(FileDescriptorProtoSchema, {
    name: "p.proto",
    package: "p",
    syntax,
    messageType: [
      {
        name: "P",
        field: field.map((init, i) => ({ name: `f${i}`, number: i + 1, label: Label.OPTIONAL, ...init })),
        oneofDecl: [{ name: "_f0" }],
      },
    ],
  });
  const found = createFileRegistry(file, () => undefined).getMessage("p.P");
  if (found === undefined) throw new Error("no message");
  return found;
}

describe("callers", () => {
  test("the default principal without `set` is that of the credential", () => {
    const { principal, bytes } = callerOf({ type: PrincipalSchema, credential, principal: undefined });
    expect(principal).toMatchObject({
      source: "user",
      issuer: "https://id",
      subject: "ann",
      scopes: ["read"],
      roles: [],
    });
    expect(fromBinary(PrincipalSchema, bytes)).toEqual(principal);
  });
  test.each(["source", "issuer", "subject"] as const)("the default principal without %s is refused", (field) => {
    const principal = () => create(PrincipalSchema, { ...credential, $typeName: undefined, [field]: "" } as never);
    expect(thrownBy(() => callerOf({ type: PrincipalSchema, credential, principal }))).toEqual(refused);
  });
  test("a shared principal is immutable", () => {
    const principal = (): Principal =>
      create(PrincipalSchema, { source: "a", issuer: "b", subject: "c", roles: ["r"] });
    const made = callerOf({ type: PrincipalSchema, credential, principal }).principal as Principal;
    expect(() => made.roles.push("admin")).toThrow(TypeError);
    expect(() => Object.assign(made, { subject: "eve" })).toThrow(TypeError);
  });
  test("an empty optional text is refused, because it would equal an empty field of a request", () => {
    const of = (tenant: string | undefined): Principal =>
      create(PrincipalSchema, { source: "a", issuer: "b", subject: "c", ...(tenant !== undefined && { tenant }) });
    const { principal, key } = callerOf({ type: PrincipalSchema, credential, principal: () => of("") });
    expect(principal).toEqual(of(undefined));
    expect(key).toBe(callerOf({ type: PrincipalSchema, credential, principal: () => of(undefined) }).key);
  });
  test("an exception refuses the principal, without revealing its message", () => {
    const principal = (): never => {
      throw new TypeError("the secret claim");
    };
    const failure = thrownBy(() => callerOf({ type: PrincipalSchema, credential, principal }));
    expect(failure).toEqual(refused);
    expect(JSON.stringify(failure)).not.toContain("secret");
  });
  test.each<[string, { sub?: string; org?: string }, (claims: Claims) => Principal, string | undefined]>([
    ["that a field is made of", { org: "o" }, ({ sub, org }) => principalOf(`${sub}`, org), "sub"],
    ["with a name of its own", { sub: "s" }, ({ sub, org }) => principalOf(sub, org), "https://acme.example/org"],
    ["of a list", { sub: "s", org: "o" }, ({ sub, aud }) => principalOf(sub, aud[0] ?? ""), "aud"],
    ["without which nothing can be computed", {}, ({ aud }) => principalOf(at(aud, 0), "o"), "aud"],
    ["that nothing is made of", {}, () => principalOf("", "o"), undefined],
  ])("the refusal names the missing claim %s", (_, values, made, claim) => {
    const message = create(ClaimsSchema, values);
    const claims = { type: ClaimsSchema, message };
    const principal = () => made(message);
    const failure = thrownBy(() => callerOf({ type: PrincipalSchema, credential, principal, claims }));
    expect((failure as Failure).credential?.claim).toBe(claim);
    expect(message).toEqual(create(ClaimsSchema, values));
  });
  test.each<[string, object, boolean]>([
    ["a text", { type: Type.STRING }, true],
    ["bytes", { type: Type.BYTES }, true],
    ["a number", { type: Type.INT32 }, false],
    ["a list of texts", { type: Type.STRING, label: Label.REPEATED }, false],
    ["an optional text", { type: Type.STRING, proto3Optional: true, oneofIndex: 0 }, false],
    ["a text of a oneof", { type: Type.STRING, oneofIndex: 0 }, false],
  ])("the empty field %s is refused: %s", (_, field, isRefused) => {
    const type = typeOf([field, { type: Type.BOOL }]);
    const error = thrownBy(() => callerOf({ type, credential, principal: () => create(type) }));
    expect(error).toEqual(isRefused ? refused : undefined);
  });
  test.each<[string, object, boolean]>([
    ["required", { type: Type.STRING, label: Label.REQUIRED }, true],
    ["optional", { type: Type.STRING }, false],
  ])("the empty proto2 text that is %s is refused: %s", (_, field, isRefused) => {
    const type = typeOf([field, { type: Type.BOOL }], "proto2");
    const error = thrownBy(() => callerOf({ type, credential, principal: () => create(type, { f0: "" } as never) }));
    expect(error).toEqual(isRefused ? refused : undefined);
  });
});

describe("keys", () => {
  test("keys of different callers differ, whatever the texts", () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(":", "1", "a"), maxLength: 3 }));
    const parts = fc.tuple(text, text, text, fc.uint8Array({ maxLength: 4 }));
    fc.assert(
      fc.property(parts, parts, (left, right) => {
        const same = left.slice(0, 3).every((part, i) => part === right[i]) && Buffer.compare(left[3], right[3]) === 0;
        expect(keyOf(...left) === keyOf(...right)).toBe(same);
      }),
      { numRuns: 20_000 },
    );
  });
  test("keys depend on the principal and not on the token", () => {
    const first = callerOf({ type: PrincipalSchema, credential, principal: undefined, token: "t1" });
    const second = callerOf({ type: PrincipalSchema, credential, principal: undefined, token: "t2" });
    expect(first.key).toBe(second.key);
    expect(first.token).toBe("t1");
  });
});

function thrownBy(run: () => unknown): unknown {
  try {
    run();
    return undefined;
  } catch (thrown) {
    return thrown;
  }
}

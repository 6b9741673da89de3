import { create, toBinary } from "@bufbuild/protobuf";
import { CredentialSchema, PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { expect, test } from "vitest";
import type { Caller } from "./caller.ts";
import { callerBinding } from "./caller-binding.ts";

function caller({
  source = "key",
  issuer = "a",
  subject = "ci",
  tenant = "north",
  scopes = [] as string[],
} = {}): Caller {
  const principal = create(PrincipalSchema, { subject, tenant, scopes });
  const credential = create(CredentialSchema, { source, issuer, subject });
  return { credential, principal, bytes: toBinary(PrincipalSchema, principal), key: "", token: undefined };
}
const bound = (of: Parameters<typeof caller>[0], fields?: readonly string[]) =>
  JSON.stringify(callerBinding(caller(of), fields));

test.each([{ source: "user" }, { issuer: "b" }, { subject: "cd" }, { tenant: "south" }])(
  "another caller is bound otherwise: %j",
  (other) => {
    for (const fields of [["tenant"], undefined]) expect(bound(other, fields)).not.toBe(bound({}, fields));
  },
);
test("a refreshed token binds alike, unless the field that changed is read", () => {
  const refreshed = { scopes: ["read"] };
  expect(bound(refreshed, ["tenant"])).toBe(bound({}, ["tenant"]));
  expect(bound(refreshed, ["scopes", "tenant"])).not.toBe(bound({}, ["scopes", "tenant"]));
  expect(bound(refreshed)).not.toBe(bound({}));
});
test("anonymous callers are bound alike", () => {
  expect(callerBinding(undefined)).toEqual([]);
});

import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { type Principal, PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { endpoint } from "@protobff/runtime/internal/endpoint/endpoint";
import { ThingSchema, Upstream } from "@protobff/runtime/internal/testing/gen/test_pb";
import { expect, test } from "vitest";
import { TestBed } from "./bed.ts";
import { TestIdentity } from "./identity.ts";

/** An RPC that answers with the address and the caller of its request. */
function served() {
  const identity = new TestIdentity(PrincipalSchema, ["user", "robot"]);
  const bed = new TestBed({}, identity);
  const { get } = Upstream.method;
  const made = endpoint(get, undefined, {
    timeoutMs: 1_000,
    identity,
    permit: { public: true },
    compose: async (cx) => {
      const { source, issuer, subject } = (cx.principal ?? {}) as Partial<Principal>;
      return create(ThingSchema, { id: [cx.peer.address, source, issuer, subject].join(" ") });
    },
  });
  return bed.rpc([made], get);
}

test("an anonymous caller has its address", async () => {
  const get = served();
  expect((await get({ id: "a" }, { address: "192.0.2.7" })).id).toMatch(/^192\.0\.2\.7 /);
});

test("a caller has the source and the issuer that it names, or those of the first source", async () => {
  const get = served();
  const identified = async (principal: object) => (await get({ id: "a" }, { caller: { principal } })).id;
  expect(await identified({ subject: "ada" })).toBe(" user user ada");
  expect(await identified({ subject: "ada", issuer: "https://id.example" })).toBe(" user https://id.example ada");
});

test("an error names the field that a principal lacks", async () => {
  const get = served();
  const error = ConnectError.from(await get({ id: "a" }, { caller: { principal: {} } }).catch((thrown) => thrown));
  expect(error.code).toBe(Code.Unauthenticated);
  expect(String(error.cause)).toContain("bff.v1.Principal.subject is empty");
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, createFileRegistry, type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { type Principal, PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { expect, onTestFinished, test } from "vitest";
import type { Clock } from "../../clock.ts";
import type { Failure } from "../../failure.ts";
import { AssertionRig, GATEWAY, SERVICE } from "../../testing/assertion-rig.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { type Claims, ClaimsSchema } from "../../testing/gen/claims_pb.ts";
import { AUDIENCE, ISSUER, TestIssuer } from "../../testing/test-issuer.ts";
import { unlessFailure } from "../../testing/unless-failure.ts";
import { apiKey } from "../api-key/api-key.ts";
import { digestOf, newId, newKey } from "../api-key/key-format.ts";
import { SqliteKeys } from "../api-key/sqlite-keys.ts";
import { assertion } from "../assertion/assertion.ts";
import { jwt } from "../jwt/jwt.ts";
import { trusted } from "../network/trusted-source.ts";
import type { Settings } from "../settings.ts";
import type { SourceSpec } from "../spec.ts";
import { missingClaim } from "./missing-claim.ts";

const principal = ({ org }: Claims): Principal =>
  create(PrincipalSchema, { source: "any", issuer: "any", subject: org });

/** A source, and credentials for it: with the claim `org`, or without if it is empty. */
interface Issuing {
  readonly spec: SourceSpec<Principal>;
  readonly clock: Clock;
  readonly credential: (org: string) => string;
}
const json = (org: string): object => ({ sub: "ann", ...(org && { [ORG]: org }) });
const ORG = "https://acme.example/org";

function ofTrusted(): Issuing {
  const spec = trusted({ name: "any", header: "x-claims", from: ["mesh.example"], claims: ClaimsSchema, principal });
  const credential = (org: string): string => Buffer.from(JSON.stringify(json(org))).toString("base64url");
  return { spec, clock: new FakeClock(), credential };
}
async function ofJwt(): Promise<Issuing> {
  const issuer = new TestIssuer();
  const server = createServer((_, response) => void response.end(JSON.stringify({ keys: issuer.keys })));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const jwks = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const spec = jwt({ name: "any", issuer: ISSUER, audience: [AUDIENCE], jwks, claims: ClaimsSchema, principal });
  return { spec, clock: issuer.clock, credential: (org) => issuer.token(json(org)) };
}
async function ofApiKey(): Promise<Issuing> {
  const folder = mkdtempSync(join(tmpdir(), "bff-keys-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "keys.db");
  const store = await SqliteKeys.at(path);
  onTestFinished(() => store.close());
  const spec = apiKey({ name: "any", claims: ClaimsSchema, principal });
  await spec.configure?.({ optional: (name: string) => (name === "BFF_STORE_FILE" ? path : undefined) } as Settings);
  const never = { expires: undefined, revoked: undefined, lastUsed: undefined };
  const credential = (org: string): string => {
    const key = newKey("");
    const claims = JSON.stringify(json(org));
    store.add(digestOf(key), { id: newId(), subject: "ann", scopes: [], claims, created: 0, ...never });
    return key;
  };
  return { spec, clock: new FakeClock(), credential };
}
async function ofAssertion(): Promise<Issuing> {
  const rig = new AssertionRig(new FakeClock(), ["first"], ClaimsSchema);
  onTestFinished(() => {
    rig.propagation.close();
    rig.remove();
  });
  const keys = join(rig.folder, "keys.json");
  writeFileSync(keys, await rig.published());
  const spec = assertion({
    name: "any",
    issuer: GATEWAY,
    audience: [SERVICE],
    keys,
    claims: ClaimsSchema,
    principal,
  });
  const credential = (org: string): string =>
    rig.header({ ...rig.caller(), bytes: toBinary(ClaimsSchema, create(ClaimsSchema, { sub: "ann", org })) });
  return { spec, clock: rig.clock, credential };
}

// Sessions: packages/server/src/session/session.test.ts.
test.each<[string, () => Issuing | Promise<Issuing>]>([
  ["trusted", ofTrusted],
  ["jwt", ofJwt],
  ["api_key", ofApiKey],
  ["assertion", ofAssertion],
])("a credential refused by %s names its missing claim", async (_, issuing) => {
  const { spec, clock, credential } = await issuing();
  const source = await spec.open({ clock, type: PrincipalSchema, audit: () => {}, fault: () => {} });
  onTestFinished(() => source.close?.());
  await source.opened;
  const peer = { address: "", direct: "", names: ["mesh.example"] };
  const verify = async (org: string) =>
    unlessFailure(await source.verify(credential(org), { get: () => null, all: () => [], peer }));
  expect((await verify("acme"))?.principal).toMatchObject({ subject: "acme" });
  const failure = (await verify("").catch((thrown: unknown) => thrown)) as Failure;
  expect(failure.message).toBe("bff.v1.Principal.subject is empty");
  expect(failure.credential?.claim).toBe(ORG);
});

/** A message `Claims` whose field `realm_access` is of the recursive message `Realm`. */
function nestedClaims(): DescMessage {
  const realm = { number: 2, label: Label.OPTIONAL, type: Type.MESSAGE, typeName: ".nested.Realm" };
  const file = create(FileDescriptorProtoSchema, {
    name: "nested.proto",
    package: "nested",
    syntax: "proto3",
    messageType: [
      { name: "Claims", field: [{ name: "realm_access", jsonName: "realmAccess", ...realm }] },
      {
        name: "Realm",
        field: [
          { name: "roles", jsonName: "roles", number: 1, label: Label.REPEATED, type: Type.STRING },
          { name: "parent", jsonName: "parent", ...realm },
        ],
      },
    ],
  });
  const type = createFileRegistry(file, () => undefined).getMessage("nested.Claims");
  if (type === undefined) throw new Error("no nested.Claims");
  return type;
}
interface Realm {
  readonly roles?: readonly string[];
  readonly parent?: Realm;
}
const parents = (realm: Realm | undefined, count: number): Realm | undefined =>
  count === 0 ? realm : parents(realm?.parent, count - 1);

test.each<[object, number, string | undefined]>([
  [{}, 0, "realm_access.roles"],
  [{ realmAccess: {} }, 0, "realm_access.roles"],
  [{}, 1, "realm_access.parent.roles"],
  [{ realmAccess: { roles: ["a"] } }, 1, "realm_access.parent.roles"],
  [{}, 2, undefined],
])("the refusal of %j names the claim %i levels further inside: %s", (values, level, claim) => {
  const type = nestedClaims();
  const message = create(type, values as never) as Message & { readonly realmAccess?: Realm };
  const before = structuredClone(message);
  const accepted = () => (parents(message.realmAccess, level)?.roles?.length ?? 0) > 0;
  expect(missingClaim({ type, message }, accepted)).toBe(claim);
  expect(structuredClone(message)).toEqual(before);
});

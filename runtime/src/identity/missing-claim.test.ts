import { create } from "@bufbuild/protobuf";
import { PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { expect, test } from "vitest";
import type { Failure } from "../failure.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { ClaimsSchema } from "../testing/gen/claims_pb.ts";
import { refusedCredential } from "./refusals.ts";
import { trusted } from "./trusted.ts";

test("a refused credential names the claim that it lacks", async () => {
  const spec = trusted({
    name: "mesh",
    header: "x-claims",
    from: ["mesh.example"],
    claims: ClaimsSchema,
    principal: ({ org }) => create(PrincipalSchema, { source: "mesh", issuer: "mesh", subject: org }),
  });
  const parts = { clock: new FakeClock(), type: PrincipalSchema, audit: () => {}, fault: () => {} };
  const source = await spec.open(parts as never);
  const verify = async (claims: object) =>
    source.verify(Buffer.from(JSON.stringify(claims)).toString("base64url"), {
      get: () => null,
      all: () => [],
      peer: { address: "", direct: "", names: ["mesh.example"] },
    });
  await verify({ sub: "ann", org: "acme" });
  const failure = await verify({ sub: "ann" }).catch((thrown: unknown) => thrown as Failure);
  expect((failure as Failure).message).toBe("bff.v1.Principal.subject is empty");
  expect(refusedCredential(failure as Failure)?.claim).toBe("https://acme.example/org");
});

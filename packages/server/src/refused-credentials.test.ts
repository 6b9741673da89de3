// Lines of the log about credentials that were refused: enough for an operator, and nothing of the credential.

import { auditRefusal } from "@protobff/runtime/internal/admission/admission";
import { Failure } from "@protobff/runtime/internal/failure";
import { AuthenticatedRequest } from "@protobff/runtime/internal/identity/authenticated-request";
import { Authenticator } from "@protobff/runtime/internal/identity/authenticator";
import type { Incoming } from "@protobff/runtime/internal/identity/incoming-request";
import { openPropagation } from "@protobff/runtime/internal/identity/propagation/propagation";
import { unauthenticated } from "@protobff/runtime/internal/identity/refusals";
import type { AuditEvent } from "@protobff/runtime/internal/observer-requests";
import { ClaimsSchema } from "@protobff/runtime/internal/testing/gen/claims_pb";
import { JwtRig } from "@protobff/runtime/internal/testing/jwt-rig";
import { ISSUER } from "@protobff/runtime/internal/testing/test-issuer";
import { unlessFailure } from "@protobff/runtime/internal/testing/unless-failure";
import { expect, test } from "vitest";
import { FailureLog } from "./logs/failure-log.ts";

async function opened() {
  const rig = await JwtRig.open();
  const { clock } = rig.issuer;
  const audit: AuditEvent[] = [];
  const written: string[] = [];
  const log = new FailureLog((line) => written.push(line.replace(/^\S+Z /, "").trimEnd()), "text", clock);
  const propagation = openPropagation(ClaimsSchema, undefined, { clock, audit: () => {}, fault: () => {} });
  const judging = new Authenticator(ClaimsSchema, [rig.source], propagation);
  const refuse = async (authorization: string): Promise<void> => {
    const all = (name: string): string[] => (name === "authorization" ? [authorization] : []);
    const peer = { address: "", direct: "", names: [] };
    const incoming: Incoming = { all, get: (name) => all(name)[0] ?? null, peer };
    try {
      unlessFailure(await judging.authenticate(incoming));
      expect.fail("accepted");
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown;
      const authentication = new AuthenticatedRequest(incoming, judging.hidden, {
        caller: undefined,
        peer,
        answer: [],
      });
      const observer = { audit: (event: AuditEvent) => [audit.push(event), log.audit(event)] };
      auditRefusal(observer, thrown, { authentication, method: "web.v1.WebService/Get", at: clock.date() });
    }
  };
  return { rig, audit, written, log, refuse, clock };
}

test("a refused token has one line a minute, with its source, both issuers and the claim", async () => {
  const { rig, written, refuse, clock } = await opened();
  const { issuer } = rig;
  await refuse(`Bearer ${issuer.token({ iss: `${ISSUER}/` })}`);
  await refuse(`Bearer ${issuer.token({ groups: "secret-of-the-caller" })}`);
  await refuse(`Bearer ${issuer.token({ aud: "other" })}`);
  expect(written).toEqual([
    `credential refused by user: a credential that no source takes for its own (expected issuer "${ISSUER}", received "${ISSUER}/")`,
    "credential refused by user: the token's claims are not of the declared types (claim groups)",
    "credential refused by user: the token is for another audience",
  ]);
  for (let i = 0; i < 50; i++) await refuse(`Bearer ${issuer.token({ iss: `https://${i}.example` })}`);
  expect(written.length).toBe(3);
  await clock.advance(60_000);
  await refuse(`Bearer ${issuer.token({ iss: "https://last.example" })}`);
  expect(written[3]).toBe(
    `credential refused by user: a credential that no source takes for its own (expected issuer "${ISSUER}", received "https://last.example") (and 50 more like it within 60 s)`,
  );
});

test("a line contains nothing of a credential except its claimed issuer, shortened", async () => {
  const { rig, written, audit, refuse } = await opened();
  const tokens = [
    rig.issuer.token({ iss: `${"x".repeat(2000)}\nforged line`, sub: "secret-of-the-caller" }),
    rig.issuer.token({ uid: "secret-of-the-caller", sub: "secret-of-the-caller" }),
    rig.issuer.token({ sub: "secret-of-the-caller" }).replace(/\.[\w-]+$/, `.${rig.issuer.token().split(".")[2]}`),
    "secret-of-the-caller",
  ];
  for (const token of tokens) await refuse(`Bearer ${token}`);
  expect(written.length).toBe(tokens.length - 1); // the last one has the reason of the first
  const all = JSON.stringify({ written, audit: audit.map(({ received: _, ...event }) => event) });
  expect(all).not.toContain("secret-of-the-caller");
  for (const token of tokens) expect(all).not.toContain(token.slice(-40));
  for (const line of written) {
    expect(line).not.toContain("\n");
    expect(line.length).toBeLessThan(300);
  }
});

test("a request without a credential has no line", async () => {
  const { log, written, clock } = await opened();
  const peer = { address: "", direct: "", names: [] };
  const authentication = new AuthenticatedRequest({ get: () => null }, new Set(), {
    caller: undefined,
    peer,
    answer: [],
  });
  const observer = { audit: (event: AuditEvent) => log.audit(event) };
  auditRefusal(observer, unauthenticated("no credential"), { authentication, method: "a.B/C", at: clock.date() });
  expect(written).toEqual([]);
});

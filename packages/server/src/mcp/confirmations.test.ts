import { create, toBinary } from "@bufbuild/protobuf";
import { CredentialSchema, PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { Sealer } from "@protobff/runtime/internal/sealing/sealer";
import { FakeClock } from "@protobff/runtime/internal/testing/fake-clock";
import { expect, test } from "vitest";
import { Confirmations, type Confirmed, UsedHere } from "./confirmations.ts";

const CALL: Confirmed = { tool: "cancel", caller: undefined, bytes: Uint8Array.of(1) };
const YES = { confirm: { action: "accept", content: { confirm: true } } };
function opened() {
  const clock = new FakeClock();
  const used = new UsedHere(clock);
  const confirmations = new Confirmations(new Sealer([Buffer.alloc(32)]), used, clock);
  const state = (): string => JSON.parse(`{${confirmations.question(CALL, "{}")}}`).requestState;
  return { clock, used, confirmations, state };
}

test("a state opens for five minutes, by the key that sealed it", async () => {
  const { clock, confirmations, state } = opened();
  const [first, second] = [state(), state()];
  await clock.advance(299_999);
  expect(await confirmations.outcome(CALL, { requestState: first, inputResponses: YES })).toBe("accepted");
  await clock.advance(1);
  expect(await confirmations.outcome(CALL, { requestState: second, inputResponses: YES })).toBe("unknown");
  const other = new Confirmations(new Sealer([Buffer.alloc(32, 1)]), new UsedHere(clock), clock);
  expect(await other.outcome(CALL, { requestState: state(), inputResponses: YES })).toBe("unknown");
});

test("a state is bound to the tenant of its caller, and an overlong one is unknown", async () => {
  const { confirmations } = opened();
  const of = (tenant: string): Confirmed => {
    const principal = create(PrincipalSchema, { subject: "ci", tenant });
    const credential = create(CredentialSchema, { source: "key", subject: "ci" });
    const caller = { credential, principal, bytes: toBinary(PrincipalSchema, principal), key: "", token: undefined };
    return { ...CALL, caller, fields: ["tenant"] };
  };
  const { requestState } = JSON.parse(`{${confirmations.question(of("north"), "{}")}}`);
  const answer = { requestState, inputResponses: YES };
  expect(await confirmations.outcome(of("south"), answer)).toBe("unknown");
  expect(await confirmations.outcome({ ...of("north"), bytes: Uint8Array.of(2) }, answer)).toBe("unknown");
  expect(await confirmations.outcome(CALL, { ...answer, requestState: "a".repeat(2_000) })).toBe("unknown");
  expect(await confirmations.outcome(of("north"), answer)).toBe("accepted");
});

test("used ids are forgotten when their states have expired", async () => {
  const { clock, used } = opened();
  for (let i = 0; i < 1_000; i++) expect(used.use(`id ${i}`, 300_000)).toBe(true);
  expect([used.use("id 7", 300_000), used.size]).toEqual([false, 1_000]);
  await clock.advance(300_000);
  expect([used.use("new", 300_000), used.size]).toEqual([true, 1]);
});

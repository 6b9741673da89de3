// From an answer's bytes to the verdict on a mirror: planted differences are found among many answers, and noise is not taken for one.
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { readMetrics } from "../../../cli/src/mirror/read-metrics.ts";
import { verdictsOf } from "../../../cli/src/mirror/verdict.ts";
import { MirrorMetrics } from "../../../packages/server/src/metrics/mirrors.ts";
import { renderPrometheus } from "../../../packages/server/src/metrics/render.ts";
import { differencesOf } from "../../../runtime/src/call/mirror/comparison.ts";
import { CALLS_PER_CONTROL } from "../../../runtime/src/call/mirror/mirrored-call.ts";
import type { MirrorEvent } from "../../../runtime/src/observer-calls.ts";
import { RandomClock } from "../../../runtime/src/testing/fake-clock.ts";
import { ClaimsSchema } from "../../../runtime/src/testing/gen/claims_pb.ts";
import { seedOf } from "../../support/seed/seed.ts";

type Claims = MessageInitShape<typeof ClaimsSchema>;
const ANSWERS = 100_000;
/** Share of the answers with each planted difference. */
const PLANTED = 0.0005;

test("five differences in 100,000 answers are found, and no other", () => {
  const clock = new RandomClock(Number(seedOf()));
  const chance = (share: number): boolean => clock.random() < share;
  /** An answer of either side. `extra` differs in every answer, `exp` in a tenth of them, `aud` in a half. */
  const answer = (i: number) => ({
    sub: `user ${i}`,
    org: "acme",
    aud: chance(0.5) ? ["a", "b"] : ["b", "a"],
    uid: BigInt(i),
    exp: chance(0.1) ? 1n : 0n,
    quotas: { reads: 10n },
    byName: { a: { id: 1n, children: [{ id: 2n }] } },
    share: 0.5,
    extra: { now: clock.random() },
    admin: true,
  });
  type Answer = Partial<ReturnType<typeof answer>>;
  const differs: Readonly<Record<string, (claims: Answer) => Answer>> = {
    org: (claims) => ({ ...claims, org: "acne" }),
    uid: ({ uid: _, ...claims }) => claims,
    "quotas[*]": (claims) => ({ ...claims, quotas: { reads: 11n } }),
    "by_name[*].children[*].id": (claims) => ({ ...claims, byName: { a: { id: 1n, children: [{ id: 3n }] } } }),
    admin: (claims) => ({ ...claims, admin: false }),
  };
  const compared = { output: ClaimsSchema, reads: {} };
  const metrics = new MirrorMetrics();
  const compare = (pair: MirrorEvent["pair"], served: Claims, copy: Claims): void => {
    const bytes = [served, copy].map((claims) => toBinary(ClaimsSchema, create(ClaimsSchema, claims)));
    const differences = differencesOf(compared, bytes[0] ?? new Uint8Array(), bytes[1] ?? new Uint8Array());
    const outcome = differences.length === 0 ? "same" : "differs";
    metrics.add({ service: "a.v1.A", branch: "next", method: "a.v1.A/Get", pair, outcome, differences });
  };
  for (let i = 0; i < ANSWERS; i++) {
    const served = answer(i);
    let copy: Answer = answer(i);
    for (const plant of Object.values(differs)) if (chance(PLANTED)) copy = plant(copy);
    compare("mirror", served, copy);
    if (i % CALLS_PER_CONTROL === 0) compare("control", served, answer(i));
  }
  const [verdict] = verdictsOf(readMetrics(renderPrometheus({ families: metrics.families })), { min: ANSWERS });
  const found = verdict?.paths.filter(({ noise }) => !noise).map(({ path }) => path.replace("Get ", ""));
  expect(found?.toSorted()).toEqual(Object.keys(differs).toSorted());
  const noise = verdict?.paths.filter((path) => path.noise).map(({ path }) => path);
  expect(noise?.toSorted()).toEqual(["Get aud[*]", "Get exp", "Get extra.fields[*].number_value"]);
});

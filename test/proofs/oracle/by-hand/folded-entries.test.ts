// Entries that are alike and many, as language.md has them under "Degradation": one, which says how many it stands for.
import { create, toBinary } from "@bufbuild/protobuf";
import { DegradationSchema } from "@protobff/messages/bff/v1/degradation_pb.js";
import { expect, test } from "vitest";
import { DashboardSchema } from "../../../../generated/web/v1/web_pb.ts";
import type { Entry } from "../taints/taint.ts";
import { mismatch, type Verdict } from "../verdict.ts";

const UPSTREAM = "user.v1.UserService";
const entries: readonly Entry[] = Array.from({ length: 10 }, (_, i) => ({
  path: `runs[${i}].owner_name`,
  effects: [1],
  causes: [{ reason: 2, upstream: UPSTREAM }],
  optional: i === 9,
  order: [5, i, 3],
}));
const message = create(DashboardSchema);
const verdict: Verdict = {
  schema: DashboardSchema,
  acceptable: [{ kind: "answer", message, entries, degradedHeader: "runs[*].owner_name" }],
  missing: [],
  unasked: [],
};
const mismatchOf = (...degraded: { path: string; count?: number }[]): string | undefined =>
  mismatch(verdict, {
    kind: "answer",
    degradedHeader: "runs[*].owner_name",
    message: toBinary(
      DashboardSchema,
      create(DashboardSchema, {
        degraded: degraded.map((each) =>
          create(DegradationSchema, { effect: 1, reason: 2, upstream: UPSTREAM, ...each }),
        ),
      }),
    ),
  });
const entryAt = (i: number) => ({ path: `runs[${i}].owner_name` });

test.each([
  ["all fields are folded into one entry", [{ path: "runs[*].owner_name", count: 10 }], undefined],
  ["the entry may leave out an optional field", [{ path: "runs[*].owner_name", count: 9 }], undefined],
  ["one field is missing", [{ path: "runs[*].owner_name", count: 8 }], "and only 8"],
  ["one field is too many", [{ path: "runs[*].owner_name", count: 11 }], "count of"],
  ["the entry has another field", [{ path: "runs[*].owner", count: 9 }], "count of"],
  ["no field is folded", Array.from({ length: 9 }, (_, i) => entryAt(i)), "not folded"],
  ["a folded field also has its own entry", [{ path: "runs[*].owner_name", count: 9 }, entryAt(0)], "degraded twice"],
])("%s", (_, degraded, fault) => {
  const found = mismatchOf(...degraded);
  if (fault === undefined) expect(found).toBe(undefined);
  else expect(found).toContain(fault);
});

// What a user's test of this BFF looks like (docs/testing.md).
import { expect, test } from "vitest";
import { createTestBff } from "../../generated/web/v1/web_mock.ts";

test("a dashboard without billing lists spent_cents as degraded", async () => {
  const bff = createTestBff();
  bff.mocks.billing.behaviour = { kind: "hang" };
  const dashboard = await bff.getDashboard({ workspaceId: "w1", userId: "u1" });
  expect(dashboard).toMatchObject({ unread: 1, degraded: [{ path: "spent_cents" }] });
});

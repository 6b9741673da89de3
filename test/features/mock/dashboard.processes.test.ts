// What `mock=true` generates, on the example's BFFs.
import { Code as ConnectCode, ConnectError } from "@connectrpc/connect";
import { Code, FakeClock } from "@protobff/testing";
import { describe, expect, test } from "vitest";
import { createTestBff as createAccountBff } from "../../../generated/account/v1/account_mock.ts";
import { createTestBff } from "../../../generated/web/v1/web_mock.ts";

const request = { workspaceId: "w1", userId: "u1" };

describe("a BFF on mocks", () => {
  test("answers with samples, and owners by their keys", async () => {
    const bff = createTestBff();
    const dashboard = await bff.getDashboard(request);
    expect(dashboard).toMatchObject({
      agent: { id: "id-1", status: 1, displayName: "display_name-1" },
      spentCents: 1n,
      unread: 1,
      facts: ["text-1"],
      runs: [{ id: "id-1", title: "title-1", ownerName: "name-1" }],
      degraded: [],
    });
    expect(bff.mocks.user.calls).toMatchObject([{ request: { ids: ["owner_id-1"] } }]);
    expect(bff.mocks.memory.calls).toMatchObject([{ request: { sessionId: "id-1", query: "recent" } }]);
  });
  test("answers with the values of its mocks", async () => {
    const bff = createTestBff({
      env: { DEFAULT_QUERY: "all" },
      mocks: {
        billing: { getUsage: ({ workspaceId }) => ({ spentCents: workspaceId === "w1" ? 42n : 0n }) },
        notify: { countUnread: { count: 7 } },
        agent: {
          getSummary: (_, sample) => ({
            ...sample,
            runs: ["u1", "u2", "u1"].map((ownerId, i) => ({ id: `r${i}`, title: "", ownerId })),
          }),
        },
        user: { batchGetUsers: ({ ids }) => ({ users: ids.map((id) => ({ id, name: `name of ${id}` })) }) },
      },
    });
    const dashboard = await bff.getDashboard(request, { headers: { authorization: "Bearer a", "x-other": "b" } });
    expect(dashboard).toMatchObject({ spentCents: 42n, unread: 7 });
    expect(dashboard.runs.map(({ ownerName }) => ownerName)).toEqual(["name of u1", "name of u2", "name of u1"]);
    expect(bff.mocks.memory.calls[0]?.request).toMatchObject({ query: "all" });
    expect(bff.mocks.billing.calls[0]?.headers).toEqual({ authorization: "Bearer a" });
  });
  test("degrades immediately and lists the degraded fields", async () => {
    const bff = createTestBff();
    bff.mocks.billing.behaviour = { kind: "hang" };
    bff.mocks.notify.behaviour = { kind: "status", code: Code.NOT_FOUND };
    bff.mocks.memory.behaviour = { kind: "garbage" };
    bff.mocks.user.behaviour = { kind: "refused" };
    const began = bff.clock.now();
    let header: string | null = null;
    const dashboard = await bff.getDashboard(request, {
      onHeader: (headers) => (header = headers.get("bff-degraded")),
    });
    expect(dashboard.degraded.map(({ path, reason }) => [path, reason])).toEqual([
      ["spent_cents", 1],
      ["unread", 5],
      ["facts", 6],
      ["runs[0].owner_name", 2],
    ]);
    expect(header).toContain("spent_cents");
    expect(bff.clock.now() - began).toBeLessThan(2_000);
    expect(bff.mocks.user.calls.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    bff.mocks.agent.behaviour = { kind: "oversize" };
    await expect(bff.getDashboard(request)).rejects.toMatchObject({ code: ConnectCode.Internal });
  });
  test("opens and closes a breaker in the mocked time", async () => {
    const bff = createTestBff();
    bff.mocks.billing.behaviour = { kind: "status", code: Code.UNAVAILABLE };
    for (let i = 0; i < 20; i++) await bff.getDashboard(request);
    bff.mocks.billing.behaviour = { kind: "answer" };
    expect((await bff.getDashboard(request)).degraded).toMatchObject([{ path: "spent_cents", reason: 3 }]);
    await bff.clock.advance(5_000);
    expect((await bff.getDashboard(request)).degraded).toEqual([]);
  });
  test("runs on the clock that the test passes", async () => {
    const clock = new FakeClock();
    const bff = createTestBff({ clock });
    bff.mocks.agent.behaviour = { kind: "answer", afterMs: 50 };
    let ended = false;
    const answer = bff.getDashboard(request).finally(() => {
      ended = true;
    });
    await clock.advance(49);
    expect(ended).toBe(false);
    await clock.advance(1);
    expect((await answer).agent?.id).toBe("id-1");
  });
  test("fails a call whose mock throws, with the status of a ConnectError", async () => {
    const bff = createTestBff({
      mocks: {
        billing: {
          getUsage: ({ workspaceId }) => {
            if (workspaceId === "w1") throw new ConnectError("no such workspace", ConnectCode.NotFound);
            throw new Error("a mistake in this mock");
          },
        },
      },
    });
    expect((await bff.getDashboard(request)).degraded).toMatchObject([{ path: "spent_cents", reason: 5 }]);
    await expect(bff.getDashboard({ ...request, workspaceId: "w2" })).rejects.toThrow(
      "the mock of billing.v1.BillingService/GetUsage has thrown: Error: a mistake in this mock",
    );
  });
  test("rejects with the mock's error even if it fails the whole answer", async () => {
    const mistaken = () => Promise.reject(new RangeError("out of bounds"));
    const bff = createTestBff({ mocks: { agent: { getSummary: mistaken } } });
    await expect(bff.getDashboard(request)).rejects.toThrow("has thrown: RangeError: out of bounds");
    bff.mocks.agent.behaviour = { kind: "status", code: Code.UNAVAILABLE };
    await expect(bff.getDashboard(request)).rejects.toMatchObject({ code: ConnectCode.Unavailable });
  });
  test("refuses like a server, and ends when its client leaves", async () => {
    const bff = createTestBff();
    await expect(bff.getDashboard({})).rejects.toMatchObject({
      code: ConnectCode.InvalidArgument,
      rawMessage: "workspace_id is missing",
    });
    bff.mocks.agent.behaviour = { kind: "hang" };
    const held = createTestBff({ clock: new FakeClock() });
    held.mocks.agent.behaviour = { kind: "hang" };
    const leaving = new AbortController();
    const [aborted, closed] = [held.getDashboard(request, { signal: leaving.signal }), held.getDashboard(request)];
    leaving.abort(new Error("gone"));
    await expect(aborted).rejects.toThrow("gone");
    held.close();
    await expect(closed).rejects.toThrow("closed");
    await expect(bff.getDashboard(request, { timeoutMs: 100 })).rejects.toMatchObject({
      code: ConnectCode.DeadlineExceeded,
    });
  });
});

describe("a BFF with an identity on mocks", () => {
  const admin = { principal: { id: "u1", workspaces: ["w1"], roles: ["admin"] } };
  test("has the caller that the test sets", async () => {
    const bff = createAccountBff({ caller: admin });
    expect(await bff.getAccount({})).toMatchObject({ name: "name-1", unread: 1, workspaces: ["w1"] });
    expect(bff.mocks.user.calls).toMatchObject([{ request: { id: "u1" } }]);
    await expect(bff.getAccount({}, { caller: null })).rejects.toMatchObject({ code: ConnectCode.Unauthenticated });
    const nobody = { principal: { id: "" } };
    await expect(bff.getAccount({}, { caller: nobody })).rejects.toMatchObject({ code: ConnectCode.Unauthenticated });
  });
  test("enforces permits, rules and limits, and forwards the principal to upstreams", async () => {
    const bff = createAccountBff({ caller: admin });
    expect(await bff.getSpending({ workspaceId: "w1" })).toMatchObject({ spentCents: 1n });
    expect(bff.mocks.billing.calls[0]?.headers).toHaveProperty("x-principal-signed-bin");
    const other = { principal: { id: "u2", workspaces: ["w1"] } };
    await expect(bff.getSpending({ workspaceId: "w1" }, { caller: other })).rejects.toMatchObject({
      code: ConnectCode.PermissionDenied,
    });
    await expect(bff.getSpending({})).rejects.toMatchObject({ code: ConnectCode.InvalidArgument });
    await bff.getSpending({ workspaceId: "w1" });
    await bff.getSpending({ workspaceId: "w1" });
    await expect(bff.getSpending({ workspaceId: "w1" })).rejects.toMatchObject({ code: ConnectCode.ResourceExhausted });
    await bff.clock.advance(6_000);
    await bff.getSpending({ workspaceId: "w1" });
  });
});

// The worked example of language.md, with outcomes and answers made by hand.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Call, fails, irOf, run, verdicts } from "../scenario.ts";

const root = join(fileURLToPath(import.meta.url), "../../../../..");
const upstreams = ["agent", "billing", "memory", "notify", "user"];
function read(dir: string): Record<string, string> {
  const names = readdirSync(join(root, dir), { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".proto"),
  );
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(root, dir, name), "utf8")]));
}
const example = Object.entries(read("proto/example")).filter(([name]) => upstreams.includes(name.split("/")[0] ?? ""));
const ir = irOf({ ...Object.fromEntries(example), ...read("test/bffs/worked-example/proto") });

const RPC = "web.v1.DashboardService/GetDashboard";
const SUMMARY = "agent.v1.AgentService/GetSummary";
const USAGE = "billing.v1.BillingService/GetUsage";
const UNREAD = "notify.v1.NotifyService/CountUnread";
const SESSION = "agent.v1.AgentService/GetSession";
const SEARCH = "memory.v1.MemoryService/Search";
const USERS = "user.v1.UserService/BatchGetUsers";

const ok = {
  agent: [
    SUMMARY,
    { workspaceId: "w" },
    {
      id: "a",
      status: "STATUS_RUNNING",
      displayName: "Ada",
      host: "not for clients",
      runs: [
        { id: "r1", title: "One", ownerId: "u1" },
        { id: "r2", title: "Two", ownerId: "u2" },
        { id: "r3", title: "Three", ownerId: "u1" },
      ],
    },
  ],
  usage: [USAGE, { workspaceId: "w" }, { spentCents: "9007199254740993" }],
  unread: [UNREAD, { userId: "me" }, { count: 4 }],
  session: [SESSION, { workspaceId: "w" }, { id: "s" }],
  facts: [SEARCH, { sessionId: "s", query: "recent" }, { items: [{ text: "x" }, { text: "y" }] }],
  users: [
    USERS,
    { ids: ["u1", "u2"] },
    {
      users: [
        { id: "u1", name: "Ute" },
        { id: "u2", name: "Uwe" },
      ],
    },
  ],
} as const satisfies Record<string, Call>;
type Name = keyof typeof ok;

function dashboard(
  change: { [name in Name]?: Call[2] | "never" } = {},
  more: { query?: string; workspaceId?: string } = {},
) {
  const calls = Object.entries(ok).flatMap(([name, [method, request, outcome]]): Call[] => {
    const changed = change[name as Name];
    return changed === "never" ? [] : [[method, request, changed ?? outcome]];
  });
  return {
    request: { workspaceId: "w", userId: "me", ...more },
    headers: {},
    env: { DEFAULT_QUERY: "recent" },
    calls,
  };
}
const agent = { id: "a", status: "AGENT_STATUS_RUNNING", displayName: "Ada" };
const runs = [
  { id: "r1", title: "One", ownerName: "Ute" },
  { id: "r2", title: "Two", ownerName: "Uwe" },
  { id: "r3", title: "Three", ownerName: "Ute" },
];
const complete = { agent, spentCents: "9007199254740993", unread: 4, facts: ["x", "y"], runs };

describe("the worked example", () => {
  it("is complete if all upstreams answer", () => {
    expect(run(ir, RPC, dashboard())).toEqual({ answer: complete });
  });

  it("has the default for an agent's status without a counterpart", () => {
    const { answer } = run(ir, RPC, dashboard({ agent: { id: "a", status: "STATUS_FAILED" }, users: "never" }));
    expect(answer).toEqual({ agent: { id: "a" }, spentCents: "9007199254740993", unread: 4, facts: ["x", "y"] });
  });

  it("reads the query of the request", () => {
    const calls = dashboard({ facts: "never" }, { query: "q" });
    const input = { ...calls, calls: [...calls.calls, [SEARCH, { sessionId: "s", query: "q" }, {}] as const] };
    expect(run(ir, RPC, input).answer).toMatchObject({ agent });
    expect(run(ir, RPC, calls).missing).toEqual([`${SEARCH} {"sessionId":"s","query":"q"}`]);
  });

  it("lacks one field if billing is down", () => {
    const { spentCents: _, ...rest } = complete;
    expect(run(ir, RPC, dashboard({ usage: fails("UNAVAILABLE") }))).toEqual({
      answer: rest,
      degraded: ["spent_cents MISSING UNAVAILABLE billing.v1.BillingService"],
      header: "spent_cents",
    });
  });

  it("lacks two fields if notify times out and billing refuses", () => {
    const { spentCents: _, unread: __, ...rest } = complete;
    expect(run(ir, RPC, dashboard({ usage: fails("NOT_FOUND"), unread: fails("DEADLINE_EXCEEDED") }))).toEqual({
      answer: rest,
      degraded: [
        "spent_cents MISSING REJECTED billing.v1.BillingService",
        "unread MISSING TIMEOUT notify.v1.NotifyService",
      ],
      header: "spent_cents,unread",
    });
  });

  it("lacks facts if the session fails, without a call for them", () => {
    const { facts: _, ...rest } = complete;
    const degraded = ["facts MISSING UNAVAILABLE agent.v1.AgentService"];
    expect(run(ir, RPC, dashboard({ session: fails("UNAVAILABLE"), facts: "never" }))).toEqual({
      answer: rest,
      degraded,
      header: "facts",
    });
    expect(run(ir, RPC, dashboard({ session: fails("UNAVAILABLE") })).unasked).toEqual([SEARCH]);
  });

  it("lacks every owner, by index, if users are down", () => {
    expect(run(ir, RPC, dashboard({ users: fails("UNAVAILABLE") }))).toEqual({
      answer: { ...complete, runs: runs.map(({ ownerName: _, ...run }) => run) },
      degraded: [0, 1, 2].map((at) => `runs[${at}].owner_name MISSING UNAVAILABLE user.v1.UserService`),
      header: "runs[*].owner_name",
    });
  });

  it("lacks the name of an unknown user without a cause", () => {
    const { answer, degraded } = run(ir, RPC, dashboard({ users: { users: [{ id: "u2", name: "Uwe" }] } }));
    expect(answer).toMatchObject({ runs: [{ id: "r1", title: "One" }, { ownerName: "Uwe" }, { id: "r3" }] });
    expect(degraded).toBeUndefined();
  });

  it("lacks only the keys of the failing half of a split batch", () => {
    const scenario = dashboard({ users: "never" });
    const calls: Call[] = [
      ...scenario.calls,
      [USERS, { ids: ["u1"] }, fails("INTERNAL")],
      [USERS, { ids: ["u2"] }, { users: [{ id: "u2", name: "Uwe" }] }],
    ];
    const { degraded, header } = run(ir, RPC, { ...scenario, calls });
    expect(degraded).toEqual([
      "runs[0].owner_name MISSING UNAVAILABLE user.v1.UserService",
      "runs[2].owner_name MISSING UNAVAILABLE user.v1.UserService",
    ]);
    expect(header).toBe("runs[*].owner_name");
  });

  it("makes no call for owners if there are no runs", () => {
    const { answer } = run(ir, RPC, dashboard({ agent: { id: "a" }, users: "never" }));
    expect(answer).toMatchObject({ agent: { id: "a" } });
    expect(run(ir, RPC, dashboard({ agent: { id: "a" } })).unasked).toEqual([USERS]);
  });

  it("fails if the agent is down, whatever the other calls return", () => {
    const dead = { agent: fails("UNAVAILABLE"), users: "never" } as const;
    expect(run(ir, RPC, dashboard(dead))).toEqual({ statuses: [[14]] });
    expect(run(ir, RPC, dashboard({ ...dead, usage: "never", facts: "never", session: "never" }))).toEqual({
      statuses: [[14]],
    });
    expect(run(ir, RPC, dashboard({ agent: fails("NOT_FOUND"), users: "never" }))).toEqual({ statuses: [[13]] });
    expect(run(ir, RPC, dashboard({ agent: fails("DEADLINE_EXCEEDED"), users: "never" }))).toEqual({ statuses: [[4]] });
  });

  it("makes no call if a guard holds", () => {
    const scenario = { request: {}, env: { DEFAULT_QUERY: "" } };
    const statuses = [[3, "workspace_id is missing"]];
    expect(run(ir, RPC, scenario)).toEqual({ statuses });
    expect(run(ir, RPC, { ...scenario, calls: [[USAGE, {}, {}]] })).toEqual({ statuses, unasked: [USAGE] });
  });

  it("reports a call that is missing in the log", () => {
    expect(run(ir, RPC, dashboard({ usage: "never" })).missing).toEqual([`${USAGE} {"workspaceId":"w"}`]);
    expect(run(ir, RPC, dashboard({ users: "never" })).missing).toHaveLength(2);
  });

  it("has one verdict for each order of equal calls with different outcomes", () => {
    const scenario = dashboard();
    const twice: Call[] = [...scenario.calls, [USAGE, { workspaceId: "w" }, fails("INTERNAL")]];
    const both = verdicts(ir, RPC, { ...scenario, calls: twice });
    expect(both).toHaveLength(2);
    // One of them is too many in either order: the plan makes this call once.
    expect(both.map((verdict) => verdict.unasked.map((call) => call.method))).toEqual([[USAGE], [USAGE]]);
  });
});

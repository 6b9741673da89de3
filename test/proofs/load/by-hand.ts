// The worked example as a careful person writes it, over the runtime: what the load test and the oracle are tried on without the
// plugin. Breakers are off.
import { endpoint, type Observer, type Request, type UnaryClient, Upstream } from "@protobff/runtime";
import { AgentService, type Run, Status, type Summary } from "../../../generated/agent/v1/agent_pb.ts";
import { BillingService } from "../../../generated/billing/v1/billing_pb.ts";
import { MemoryService } from "../../../generated/memory/v1/memory_pb.ts";
import { NotifyService } from "../../../generated/notify/v1/notify_pb.ts";
import { type BatchGetUsersResponse, type User, UserService } from "../../../generated/user/v1/user_pb.ts";
import {
  AgentStatus,
  type AgentSummary,
  type Dashboard,
  DashboardService,
  type GetDashboardRequest,
  type RunCard,
} from "../../../generated/web/v1/web_pb.ts";
import { Code } from "../../../runtime/src/failure.ts";

/** A fault that is put in on purpose, to see that the oracle finds it. */
export type Mistake = "unmapped status" | "no entry" | "unguarded";

/** The handler that a team would write by hand. */
export function dashboardByHand(client: UnaryClient, observer: Observer, mistake?: Mistake) {
  const upstream = (service: string) =>
    new Upstream(service, client, { limit: { concurrent: 100, queued: 1_000 } }, { observer });
  const agent = upstream(AgentService.typeName);
  const policy = {
    timeoutMs: 400,
    retry: { attempts: 3, on: [Code.UNAVAILABLE], initialMs: 20, maxMs: 200, multiplier: 2 },
    forward: ["authorization", "x-request-id"],
  };
  const app = {
    mistake,
    getSummary: agent.unary(AgentService.method.getSummary, policy),
    getUsage: upstream(BillingService.typeName).unary(BillingService.method.getUsage, { ...policy, timeoutMs: 80 }),
    countUnread: upstream(NotifyService.typeName).unary(NotifyService.method.countUnread, policy),
    getSession: agent.unary(AgentService.method.getSession, policy),
    search: upstream(MemoryService.typeName).unary(MemoryService.method.search, policy),
    userById: {
      rpc: upstream(UserService.typeName).unary(UserService.method.batchGetUsers, policy),
      request: (ids: string[]) => ({ ids }),
      items: (response: BatchGetUsersResponse) => response.users,
      key: (item: User) => item.id,
      max: 100,
    },
  };
  type App = typeof app;

  async function composeDashboard(cx: Request<App>, args: GetDashboardRequest): Promise<Dashboard> {
    const { getSummary, getUsage, countUnread, getSession, search, mistake } = cx.app;
    if (args.workspaceId === "" && mistake !== "unguarded") {
      throw cx.refuse(Code.INVALID_ARGUMENT, "workspace_id is missing");
    }
    const agentStep = cx.call(getSummary, { workspaceId: args.workspaceId });
    const usageStep = cx.tryCall(getUsage, { workspaceId: args.workspaceId });
    const unreadStep = cx.tryCall(countUnread, { userId: args.userId });
    const sessionStep = cx.tryCall(getSession, { workspaceId: args.workspaceId });
    const factsStep = cx.tryStep(async () => {
      const session = await sessionStep;
      if (session === undefined) return undefined;
      return cx.send(search, { sessionId: session.id, query: args.query !== "" ? args.query : "recent" });
    });
    const cardsStep = cx.step(async () => {
      const { runs } = await agentStep;
      return Promise.all(runs.map((run) => composeRunCard(cx, { run })));
    });
    const agent = await agentStep;
    const usage = await usageStep;
    const unread = await unreadStep;
    const facts = await factsStep;
    const dashboard: Dashboard = {
      $typeName: "web.v1.Dashboard",
      agent: toAgentSummary(agent, mistake),
      spentCents: usage?.spentCents,
      unread: unread?.count,
      facts: facts?.items.map((f) => f.text) ?? [],
      runs: await cardsStep,
      degraded: [],
    };
    if (cx.degraded) {
      cx.touched(dashboard, "spent_cents", usage !== undefined, usageStep);
      if (mistake !== "no entry") cx.touched(dashboard, "unread", unread !== undefined, unreadStep);
      cx.touched(dashboard, "facts", facts !== undefined, sessionStep, factsStep);
    }
    return dashboard;
  }

  async function composeRunCard(cx: Request<App>, args: { readonly run: Run }): Promise<RunCard> {
    const ownerStep = cx.tryLoad(cx.app.userById, args.run.ownerId);
    const owner = await ownerStep;
    const runCard: RunCard = {
      $typeName: "web.v1.RunCard",
      id: args.run.id,
      title: args.run.title,
      ownerName: owner?.name,
    };
    if (cx.degraded) cx.touched(runCard, "owner_name", owner !== undefined, ownerStep);
    return runCard;
  }

  return [
    endpoint(DashboardService.method.getDashboard, app, {
      timeoutMs: 2_000,
      compose: composeDashboard,
      degraded: (dashboard, entries) => {
        dashboard.degraded = entries;
      },
      observer,
    }),
  ];
}

function toAgentSummary({ id, status, displayName }: Summary, mistake: Mistake | undefined): AgentSummary {
  const running = status === Status.RUNNING && mistake !== "unmapped status";
  const idle = status === Status.IDLE;
  const mapped = running ? AgentStatus.RUNNING : idle ? AgentStatus.IDLE : AgentStatus.UNSPECIFIED;
  return { $typeName: "web.v1.AgentSummary", id, status: mapped, displayName };
}

// Answers of the five upstream services.
import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { AgentService, RunEventSchema, Status } from "../../generated/agent/v1/agent_pb.ts";
import { BillingService, BudgetSchema } from "../../generated/billing/v1/billing_pb.ts";
import { FactSchema, MemoryService, SearchResponseSchema } from "../../generated/memory/v1/memory_pb.ts";
import { MarkReadResponseSchema, NotifyService } from "../../generated/notify/v1/notify_pb.ts";
import { BatchGetUsersResponseSchema, UserService } from "../../generated/user/v1/user_pb.ts";
import { factsOf, runById, sessionOf, summaryOf, unreadOf, usageOf, userOf } from "./data.ts";

export const serviceNames = ["agent", "billing", "notify", "memory", "user"] as const;
export type ServiceName = (typeof serviceNames)[number];

/** Full names, as the BFF servers' environment variables spell them in upper case. */
export const fullNames: Readonly<Record<ServiceName, string>> = {
  agent: AgentService.typeName,
  billing: BillingService.typeName,
  notify: NotifyService.typeName,
  memory: MemoryService.typeName,
  user: UserService.typeName,
};

export const services: Readonly<Record<ServiceName, (router: ConnectRouter) => void>> = {
  agent: (router) =>
    router.service(AgentService, {
      getSummary: ({ workspaceId }) => found(summaryOf(workspaceId), `workspace ${workspaceId}`),
      getSession: ({ workspaceId }) => found(sessionOf(workspaceId), `workspace ${workspaceId}`),
      stopRun: ({ runId }) => ({ ...found(runById(runId), `run ${runId}`), status: Status.IDLE }),
      async *watchRun({ runId }) {
        const run = found(runById(runId), `run ${runId}`);
        for (const step of run.steps) yield create(RunEventSchema, { event: { case: "stepFinished", value: step } });
        yield create(RunEventSchema, { event: { case: "statusChanged", value: run.status } });
      },
    }),
  billing: (router) =>
    router.service(BillingService, {
      getUsage: ({ workspaceId, month }) => found(usageOf(workspaceId, month), `workspace ${workspaceId}`),
      setBudget: ({ budget }) => budget ?? create(BudgetSchema),
    }),
  notify: (router) =>
    router.service(NotifyService, {
      countUnread: ({ userId }) => found(unreadOf(userId), `person ${userId}`),
      markRead: ({ ids }) => create(MarkReadResponseSchema, { marked: ids.length }),
    }),
  memory: (router) =>
    router.service(MemoryService, {
      search: ({ sessionId, query, limit }) =>
        create(SearchResponseSchema, {
          items: factsOf(sessionId, query).slice(0, limit ?? 10),
          scanned: 48_211n,
          indexVersion: "2026-03-05T04:00",
        }),
      remember: ({ text, kind }) =>
        create(FactSchema, { id: "fact-new", text, kind, score: 1, learnedAt: timestampFromDate(new Date(0)) }),
    }),
  user: (router) =>
    router.service(UserService, {
      getUser: ({ id }) => found(userOf(id), `person ${id}`),
      batchGetUsers: ({ ids }) =>
        create(BatchGetUsersResponseSchema, {
          users: ids.map(userOf).filter((user) => user !== undefined),
        }),
    }),
};

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new ConnectError(`no ${what}`, Code.NotFound);
  return value;
}

import { AgentService, type Run, Status } from "../../generated/agent/v1/agent_pb.ts";
import { BillingService } from "../../generated/billing/v1/billing_pb.ts";
import { MemoryService } from "../../generated/memory/v1/memory_pb.ts";
import { NotifyService } from "../../generated/notify/v1/notify_pb.ts";
import { UserService } from "../../generated/user/v1/user_pb.ts";
import { AgentStatus, DashboardService } from "../../generated/web/v1/web_pb.ts";
import { FileService } from "../generated/bench/blob/v1/blob_pb.ts";
import { PlaceService } from "../generated/bench/chain/v1/chain_pb.ts";
import { HomeService } from "../generated/bench/fanout/v1/fanout_pb.ts";
import { FeedService } from "../generated/bench/list/v1/list_pb.ts";
import { HomeService as PartsService } from "../generated/bench/parts/v1/parts_pb.ts";
import {
  AuthorService,
  BlobService,
  ItemService,
  PostService,
  ProfileService,
  RegionService,
  SettingsService,
  TeamService,
} from "../generated/bench/up/v1/up_pb.ts";
import { type AnyComposition, type Caller, composition, Parts } from "./composition.ts";

/** By the name of the package whose BFF composes the same. */
export const compositions: Readonly<Record<string, AnyComposition>> = {
  fanout: composition({
    method: HomeService.method.getHome,
    timeoutMs: 2_000,
    async compose(caller, { userId }) {
      const [profile, items, settings] = await Promise.all([
        caller.call(ProfileService.method.getProfile, { userId }, 1_500),
        caller.call(ItemService.method.listItems, { userId }, 1_500),
        caller.call(SettingsService.method.getSettings, { userId }, 1_500),
      ]);
      return { profile, items, settings };
    },
  }),

  parts: composition({
    method: PartsService.method.getHome,
    timeoutMs: 2_000,
    async compose(caller, { userId }) {
      const parts = new Parts();
      const [profile, items, settings] = await Promise.all([
        parts.optional(
          "profile",
          "bench.up.v1.ProfileService",
          caller.call(ProfileService.method.getProfile, { userId }, 200),
        ),
        parts.optional("items", "bench.up.v1.ItemService", caller.call(ItemService.method.listItems, { userId }, 200)),
        parts.optional(
          "settings",
          "bench.up.v1.SettingsService",
          caller.call(SettingsService.method.getSettings, { userId }, 200),
        ),
      ]);
      return {
        ...(profile && { profile }),
        ...(items && { items }),
        ...(settings && { settings }),
        degraded: parts.missing,
      };
    },
  }),

  chain: composition({
    method: PlaceService.method.getPlace,
    timeoutMs: 4_000,
    async compose(caller, { userId }) {
      const profile = await caller.call(ProfileService.method.getProfile, { userId }, 1_000);
      const team = await caller.call(TeamService.method.getTeam, { id: profile.teamId }, 1_000);
      const region = await caller.call(RegionService.method.getRegion, { id: team.regionId }, 1_000);
      return { person: profile.name, team: team.name, region: region.name, timeZone: region.timeZone };
    },
  }),

  list: composition({
    method: FeedService.method.getFeed,
    timeoutMs: 3_000,
    async compose(caller, { feedId }) {
      const parts = new Parts();
      const { posts } = await caller.call(PostService.method.listPosts, { feedId }, 1_000);
      const ids = [...new Set(posts.map((post) => post.authorId))];
      const found = await parts.optional(
        "entries",
        "bench.up.v1.AuthorService",
        caller.call(AuthorService.method.batchGetAuthors, { ids }, 1_000),
      );
      const names = new Map(found?.authors.map((author) => [author.id, author.name]));
      return {
        entries: posts.map(({ id, title, authorId }) => named({ id, title }, "authorName", names.get(authorId))),
        degraded: parts.missing,
      };
    },
  }),

  blob: composition({
    method: FileService.method.getFile,
    timeoutMs: 20_000,
    async compose(caller, { id }) {
      return { blob: await caller.call(BlobService.method.getBlob, { id }, 10_000) };
    },
  }),

  example: composition({
    method: DashboardService.method.getDashboard,
    timeoutMs: 2_000,
    async compose(caller, { workspaceId, query, userId }) {
      const parts = new Parts();
      const search = async () => {
        const session = await caller.call(AgentService.method.getSession, { workspaceId }, 400);
        const request = { sessionId: session.id, query: query !== "" ? query : "recent" };
        return caller.call(MemoryService.method.search, request, 400);
      };
      const summary = caller.call(AgentService.method.getSummary, { workspaceId }, 400);
      const owners = summary.then(({ runs }) =>
        parts.optional("runs[*].owner_name", "user.v1.UserService", ownerNames(caller, runs)),
      );
      const [agent, names, usage, unread, found] = await Promise.all([
        summary,
        owners,
        parts.optional(
          "spent_cents",
          "billing.v1.BillingService",
          caller.call(BillingService.method.getUsage, { workspaceId }, 80),
        ),
        parts.optional(
          "unread",
          "notify.v1.NotifyService",
          caller.call(NotifyService.method.countUnread, { userId }, 400),
        ),
        parts.optional("facts", "memory.v1.MemoryService", search()),
      ]);
      return {
        agent: { id: agent.id, status: statusOf(agent.status), displayName: agent.displayName },
        ...(usage && { spentCents: usage.spentCents }),
        ...(unread && { unread: unread.count }),
        facts: found?.items.map((fact) => fact.text) ?? [],
        runs: agent.runs.map(({ id, title, ownerId }) => named({ id, title }, "ownerName", names?.get(ownerId))),
        degraded: parts.missing,
      };
    },
  }),
};

/** All owners by one call. */
async function ownerNames(caller: Caller, runs: readonly Run[]): Promise<Map<string, string>> {
  if (runs.length === 0) return new Map();
  const ids = [...new Set(runs.map((run) => run.ownerId))];
  const { users } = await caller.call(UserService.method.batchGetUsers, { ids }, 400);
  return new Map(users.map((user) => [user.id, user.name]));
}

/** The message, with a name where there is one. */
function named<Init extends object, Key extends string>(init: Init, key: Key, name: string | undefined) {
  return name === undefined ? init : { ...init, [key]: name };
}

function statusOf(status: Status): AgentStatus {
  switch (status) {
    case Status.IDLE:
      return AgentStatus.IDLE;
    case Status.RUNNING:
      return AgentStatus.RUNNING;
    default:
      return AgentStatus.UNSPECIFIED;
  }
}

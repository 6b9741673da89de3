// Answers of the upstreams: the same to every request, so that each is encoded once.
import { create, type DescMethodUnary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { factsOf, sessionOf, summaryOf, unreadOf, usageOf, userOf } from "../../examples/dashboard/data.ts";
import { AgentService, SessionSchema, SummarySchema } from "../../generated/agent/v1/agent_pb.ts";
import { BillingService, UsageSchema } from "../../generated/billing/v1/billing_pb.ts";
import { MemoryService, SearchResponseSchema } from "../../generated/memory/v1/memory_pb.ts";
import { CountUnreadResponseSchema, NotifyService } from "../../generated/notify/v1/notify_pb.ts";
import { BatchGetUsersResponseSchema, UserService } from "../../generated/user/v1/user_pb.ts";
import { BlobSchema, ItemsSchema, ProfileSchema, SettingsSchema, Theme } from "../generated/bench/types/v1/types_pb.ts";
import {
  AuthorService,
  BatchGetAuthorsResponseSchema,
  BlobService,
  ItemService,
  PostService,
  PostsSchema,
  ProfileService,
  RegionSchema,
  RegionService,
  SettingsService,
  TeamSchema,
  TeamService,
} from "../generated/bench/up/v1/up_pb.ts";

export const BLOB_BYTES = 8 << 20;
const NOON = Date.UTC(2026, 2, 5, 12);
const SENTENCE = "Writes compilers by day, restores wooden boats by night, answers mail on Thursdays — mostly. ";

/** About 1 KiB: few long strings, one of them with characters outside ASCII. */
export const profile = create(ProfileSchema, {
  id: "user-0123456789",
  name: "Ada Okafor",
  email: "ada.okafor@example.com",
  teamId: "team-7",
  about: SENTENCE.repeat(9),
  roles: ["admin", "reviewer", "on-call"],
  joinedAt: timestampFromMs(NOON - 900 * 86_400_000),
});

/** About 1 KiB: many small messages. */
export const items = create(ItemsSchema, {
  items: Array.from({ length: 18 }, (_, index) => ({
    sku: `sku-${1000 + index}`,
    title: `Thing number ${index} of the shelf, blue`,
    priceCents: BigInt(1_999 + index * 250),
    quantity: index % 4,
    available: index % 3 !== 0,
  })),
  nextPageToken: "page-2",
});

/** About 1 KiB: maps, numbers. */
export const settings = create(SettingsSchema, {
  values: Object.fromEntries(
    Array.from({ length: 16 }, (_, index) => [`setting.of.area.${index}`, `value ${index} as it was chosen`]),
  ),
  flags: Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`flag_${index}`, index % 2 === 0])),
  theme: Theme.DARK,
  mutedChannels: [3, 17, 256, 70_000],
  zoom: 1.25,
});

export const team = create(TeamSchema, {
  id: "team-7",
  name: "Platform",
  regionId: "region-2",
  memberIds: Array.from({ length: 12 }, (_, index) => `user-${index}`),
});

export const region = create(RegionSchema, { id: "region-2", name: "Eu North", timeZone: "Europe/Stockholm" });

const AUTHORS = 10;
export const authors = create(BatchGetAuthorsResponseSchema, {
  authors: Array.from({ length: AUTHORS }, (_, index) => ({
    id: `author-${index}`,
    name: `Author Number ${index}`,
    avatarUrl: `https://avatars.example/${index}.png`,
    bio: SENTENCE,
  })),
});
export const posts = create(PostsSchema, {
  posts: Array.from({ length: 100 }, (_, index) => ({
    id: `post-${index}`,
    title: `What happened on day ${index}`,
    authorId: `author-${(index * 7) % AUTHORS}`,
    text: SENTENCE.repeat(2),
    postedAt: timestampFromMs(NOON - index * 3_600_000),
  })),
});

export const blob = create(BlobSchema, { data: Buffer.alloc(BLOB_BYTES, "0123456789abcdef") });

const summary = summaryOf("atlas") ?? create(SummarySchema);
export const example = {
  summary,
  session: sessionOf("atlas") ?? create(SessionSchema),
  usage: usageOf("atlas") ?? create(UsageSchema),
  unread: unreadOf("u-ada") ?? create(CountUnreadResponseSchema),
  found: create(SearchResponseSchema, { items: [...factsOf("session-atlas", "recent")] }),
  owners: create(BatchGetUsersResponseSchema, {
    users: [...new Set(summary.runs.map((run) => run.ownerId))].flatMap((id) => userOf(id) ?? []),
  }),
};

/** One rpc of an upstream and its answer, encoded and framed as gRPC wants it. */
export interface CannedReply {
  readonly method: DescMethodUnary;
  readonly frame: Buffer;
}

export function cannedReplies(): CannedReply[] {
  return [
    canned(ProfileService.method.getProfile, profile),
    canned(ItemService.method.listItems, items),
    canned(SettingsService.method.getSettings, settings),
    canned(TeamService.method.getTeam, team),
    canned(RegionService.method.getRegion, region),
    canned(PostService.method.listPosts, posts),
    canned(AuthorService.method.batchGetAuthors, authors),
    canned(BlobService.method.getBlob, blob),
    canned(AgentService.method.getSummary, example.summary),
    canned(AgentService.method.getSession, example.session),
    canned(BillingService.method.getUsage, example.usage),
    canned(NotifyService.method.countUnread, example.unread),
    canned(MemoryService.method.search, example.found),
    canned(UserService.method.batchGetUsers, example.owners),
  ];
}

function canned<M extends DescMethodUnary>(method: M, reply: MessageShape<M["output"]>): CannedReply {
  return { method, frame: framed(toBinary(method.output, reply)) };
}

/** A message behind gRPC's five bytes: not compressed, its length. */
export function framed(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(5 + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}

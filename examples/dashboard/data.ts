// The made-up company behind the example: people, workspaces, runs, facts. The same on every start.
import { create } from "@bufbuild/protobuf";
import { type Duration, DurationSchema, type Timestamp, timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  type Run,
  RunSchema,
  type Session,
  SessionSchema,
  Status,
  type Summary,
  SummarySchema,
} from "../../generated/agent/v1/agent_pb.ts";
import { Plan, type Usage, UsageSchema } from "../../generated/billing/v1/billing_pb.ts";
import { type Fact, FactSchema, Kind } from "../../generated/memory/v1/memory_pb.ts";
import { Channel, type CountUnreadResponse, CountUnreadResponseSchema } from "../../generated/notify/v1/notify_pb.ts";
import { Role, type User, UserSchema } from "../../generated/user/v1/user_pb.ts";

/** A Thursday morning on which everything in the example happens. */
const MORNING = Date.UTC(2026, 2, 5, 9, 30);
const MINUTE = 60_000;
const CENTS_PER_MILLION_TOKENS = 420;

const TOOLS = ["read_file", "edit", "run_tests", "search", "browser", "shell"];

interface Person {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly timeZone: string;
  readonly teams: readonly string[];
  readonly unread: number;
  readonly news: string;
}

const PEOPLE: readonly Person[] = [
  person("u-ada", "Ada Okafor", Role.ADMIN, "Africa/Lagos", ["platform", "search"], 7, "CI is green again on main"),
  person("u-bruno", "Bruno Keller", Role.MEMBER, "Europe/Zurich", ["payments"], 0, "Invoice run finished"),
  person("u-chidori", "Chidori Sato", Role.MEMBER, "Asia/Tokyo", ["search"], 12, "Mio asked for your review"),
  person("u-dina", "Dina Haddad", Role.MEMBER, "Asia/Amman", ["platform"], 3, "The agent waits for your answer"),
  person("u-emil", "Emil Lindqvist", Role.GUEST, "Europe/Stockholm", ["design"], 1, "Welcome to Atlas"),
  person("u-farah", "Farah Nazari", Role.ADMIN, "America/Toronto", ["payments", "platform"], 25, "Budget at 90 %"),
  person("u-goran", "Goran Petrović", Role.MEMBER, "Europe/Belgrade", ["data"], 2, "Nightly import took 41 min"),
  person("u-hana", "Hana Dvořák", Role.MEMBER, "Europe/Prague", ["data", "search"], 0, "All caught up"),
];

interface Workspace {
  readonly id: string;
  readonly agent: string;
  readonly model: string;
  readonly status: Status;
  readonly plan: Plan;
  readonly budgetCents: number;
  readonly load: number | undefined;
  readonly team: string;
  /**
   * Title, owner and state of each run, newest first. `u-ghost` has left the company: the user service no longer has
   * this user.
   */
  readonly runs: readonly (readonly [title: string, owner: string, status: Status])[];
  readonly facts: readonly (readonly [text: string, kind: Kind])[];
}

const WORKSPACES: readonly Workspace[] = [
  {
    id: "atlas",
    agent: "Atlas",
    model: "large-3",
    status: Status.RUNNING,
    plan: Plan.TEAM,
    budgetCents: 40_000,
    load: 0.71,
    team: "platform",
    runs: [
      ["Move the session store to Postgres", "u-ada", Status.RUNNING],
      ["Flaky test: checkout_spec line 88", "u-dina", Status.IDLE],
      ["Upgrade to Node 24", "u-ada", Status.IDLE],
      ["Explain the retry storm of Tuesday night", "u-farah", Status.FAILED],
      ["Draft the on-call hand-over", "u-ghost", Status.IDLE],
    ],
    facts: [
      ["Migrations run behind the `expand` flag first", Kind.DECISION],
      ["Ada prefers small pull requests, one topic each", Kind.PREFERENCE],
      ["The staging database has no replica", Kind.PITFALL],
      ["Sessions older than 30 days are archived", Kind.REFERENCE],
    ],
  },
  {
    id: "harbor",
    agent: "Harbor Pilot",
    model: "small-3",
    status: Status.IDLE,
    plan: Plan.ENTERPRISE,
    budgetCents: 250_000,
    load: 0.02,
    team: "payments",
    runs: [
      ["Reconcile March payouts", "u-bruno", Status.IDLE],
      ["Rename `charge` to `payment` in the ledger", "u-farah", Status.IDLE],
    ],
    facts: [
      ["Payouts are booked in UTC, shown in the merchant's zone", Kind.DECISION],
      ["Rounding is half-even everywhere", Kind.PITFALL],
    ],
  },
  {
    id: "lumen",
    agent: "Lumen",
    model: "large-3",
    status: Status.WAITING_FOR_INPUT,
    plan: Plan.TEAM,
    budgetCents: 60_000,
    load: 0.33,
    team: "search",
    runs: [
      ["Tune the synonym list for Japanese", "u-chidori", Status.WAITING_FOR_INPUT],
      ["Index size report", "u-hana", Status.IDLE],
      ["Why does “tee” find “committee”?", "u-chidori", Status.IDLE],
      ["Benchmark the new tokenizer", "u-ada", Status.RATE_LIMITED],
      ["Delete the 2023 shards", "u-hana", Status.IDLE],
      ["Query log sampling at 1 %", "u-chidori", Status.IDLE],
      ["Dark-mode screenshots for the docs", "u-emil", Status.FAILED],
      ["Warm-up script for cold shards", "u-hana", Status.IDLE],
    ],
    facts: [
      ["Katakana and hiragana are folded before stemming", Kind.DECISION],
      ["Never reindex on a Monday", Kind.PITFALL],
      ["Chidori wants relevance numbers with every change", Kind.PREFERENCE],
      ["The click log lags by two hours", Kind.PITFALL],
      ["Tokenizer notes: docs/tokenizer.md", Kind.REFERENCE],
    ],
  },
  {
    id: "quarry",
    agent: "Quarry",
    model: "small-3",
    status: Status.FAILED,
    plan: Plan.FREE,
    budgetCents: 500,
    load: undefined,
    team: "data",
    runs: [["Backfill the events of week 9", "u-goran", Status.FAILED]],
    facts: [["Week 9 has events with a zero timestamp", Kind.PITFALL]],
  },
  {
    id: "sandbox",
    agent: "Sandbox",
    model: "small-3",
    status: Status.UNSPECIFIED,
    plan: Plan.FREE,
    budgetCents: 0,
    load: 0,
    team: "design",
    runs: [],
    facts: [],
  },
];

export const workspaceIds: readonly string[] = WORKSPACES.map((workspace) => workspace.id);
export const personIds: readonly string[] = PEOPLE.map((person) => person.id);

/** Returns the summary of a workspace; undefined for an unknown one. */
export function summaryOf(workspaceId: string): Summary | undefined {
  const workspace = WORKSPACES.find((candidate) => candidate.id === workspaceId);
  if (workspace === undefined) return undefined;
  const runs = workspace.runs.map((_, index) => runOf(workspace, index));
  const sum = (tokens: "input" | "output" | "cached") =>
    runs.reduce((total, run) => total + (run.tokens?.[tokens] ?? 0n), 0n);
  return create(SummarySchema, {
    id: `agent-${workspace.id}`,
    status: workspace.status,
    displayName: workspace.agent,
    runs,
    model: workspace.model,
    createdAt: at(-90 * 24 * 60),
    uptime: seconds(86_400 + spread(workspace.id, 500_000)),
    tokens: { input: sum("input"), output: sum("output"), cached: sum("cached") },
    labels: { team: workspace.team, region: "eu-north" },
    tools: TOOLS.slice(0, 3 + spread(workspace.id, 3)),
    ...(workspace.load === undefined ? {} : { load: workspace.load }),
    host: `node-${spread(workspace.id, 40)}.internal`,
  });
}

export function sessionOf(workspaceId: string): Session | undefined {
  const workspace = WORKSPACES.find((candidate) => candidate.id === workspaceId);
  if (workspace === undefined) return undefined;
  return create(SessionSchema, {
    id: `session-${workspace.id}`,
    workspaceId,
    openedAt: at(-35),
    focus:
      workspace.runs.length > 0
        ? { case: "runId", value: `${workspace.id}-run-1` }
        : { case: "filePath", value: "README.md" },
    participantIds: [...new Set(workspace.runs.map(([, owner]) => owner))],
  });
}

export function runById(id: string): Run | undefined {
  for (const workspace of WORKSPACES) {
    const index = workspace.runs.findIndex((_, position) => id === `${workspace.id}-run-${position + 1}`);
    if (index >= 0) return runOf(workspace, index);
  }
  return undefined;
}

export function usageOf(workspaceId: string, month = "2026-03"): Usage | undefined {
  const summary = summaryOf(workspaceId);
  const workspace = WORKSPACES.find((candidate) => candidate.id === workspaceId);
  if (summary === undefined || workspace === undefined) return undefined;
  const runCents = summary.runs.reduce((total, run) => total + run.costCents, 0n);
  const seatCents = BigInt(new Set(workspace.runs.map(([, owner]) => owner)).size * 1_200);
  return create(UsageSchema, {
    workspaceId,
    month,
    spentCents: runCents + seatCents,
    budget: { limitCents: BigInt(workspace.budgetCents), warnPercent: 90 },
    currency: "EUR",
    lines: [
      { what: "runs", quantity: BigInt(summary.runs.length), cents: runCents },
      { what: "seats", quantity: seatCents / 1_200n, cents: seatCents },
    ],
    centsByModel: { [workspace.model]: runCents },
    closesAt: timestampFromDate(new Date(Date.UTC(2026, 3, 1))),
    plan: workspace.plan,
  });
}

/** Counts the unread messages of a user; an empty id has none. */
export function unreadOf(userId: string): CountUnreadResponse | undefined {
  if (userId === "") return create(CountUnreadResponseSchema);
  const person = PEOPLE.find((candidate) => candidate.id === userId);
  if (person === undefined) return undefined;
  return create(CountUnreadResponseSchema, {
    count: person.unread,
    byChannel: { mentions: Math.floor(person.unread / 2), reviews: Math.ceil(person.unread / 2) },
    latest: {
      id: `${person.id}-${person.unread}`,
      text: person.news,
      channel: Channel.MENTION,
      at: at(-person.unread),
    },
  });
}

/** Facts of the session's workspace, best first. `recent` finds them all; any other query those that share a word with it. */
export function factsOf(sessionId: string, query: string): readonly Fact[] {
  const workspace = WORKSPACES.find((candidate) => sessionId === `session-${candidate.id}`);
  if (workspace === undefined) return [];
  const words = query.toLowerCase().split(/\s+/);
  return workspace.facts
    .map(([text, kind], index) =>
      create(FactSchema, {
        id: `${workspace.id}-fact-${index + 1}`,
        text,
        score: 0.97 - index * 0.11,
        kind,
        learnedAt: at(-(index + 1) * 24 * 60 - spread(text, 600)),
        source:
          kind === Kind.REFERENCE
            ? { case: "url", value: `https://docs.example/${workspace.id}` }
            : { case: "runId", value: `${workspace.id}-run-1` },
        labels: { team: workspace.team },
      }),
    )
    .filter((fact) => query === "recent" || words.some((word) => fact.text.toLowerCase().includes(word)));
}

export function userOf(id: string): User | undefined {
  const index = PEOPLE.findIndex((candidate) => candidate.id === id);
  const person = PEOPLE[index];
  if (person === undefined) return undefined;
  return create(UserSchema, {
    id,
    name: person.name,
    email: `${id.slice(2)}@example.com`,
    role: person.role,
    timeZone: person.timeZone,
    lastSeenAt: at(-spread(id, 300)),
    ...(index % 3 === 0 ? { avatarUrl: `https://avatars.example/${id}.png` } : {}),
    teams: [...person.teams],
    points: 100 + spread(id, 4_000),
    preferences: { dark: index % 2 === 0, digest: true },
  });
}

function runOf(workspace: Workspace, index: number): Run {
  const [title, ownerId, status] = workspace.runs[index] ?? ["", "", Status.UNSPECIFIED];
  const input = 20_000 + spread(title, 900_000);
  const output = 2_000 + spread(ownerId + title, 60_000);
  const startedAt = -25 - index * 140 - spread(title, 60);
  const running = status === Status.RUNNING || status === Status.WAITING_FOR_INPUT;
  const tools = TOOLS.slice(index % 3, (index % 3) + 3);
  return create(RunSchema, {
    id: `${workspace.id}-run-${index + 1}`,
    title,
    ownerId,
    status,
    startedAt: at(startedAt),
    ...(running ? {} : { endedAt: at(startedAt + 4 + spread(title, 50)) }),
    tokens: { input: BigInt(input), output: BigInt(output), cached: BigInt(Math.floor(input * 0.6)) },
    costCents: BigInt(Math.ceil(((input + output * 5) * CENTS_PER_MILLION_TOKENS) / 1_000_000)),
    steps: tools.map((tool, position) => ({
      tool,
      took: seconds(2 + spread(title + tool, 90)),
      ok: status !== Status.FAILED || position < tools.length - 1,
    })),
    ...(index % 2 === 0 ? { branch: `agent/${workspace.id}-${index + 1}` } : {}),
    toolCalls: Object.fromEntries(tools.map((tool) => [tool, 1 + spread(tool + title, 14)])),
  });
}

function person(
  id: string,
  name: string,
  role: Role,
  timeZone: string,
  teams: readonly string[],
  unread: number,
  news: string,
): Person {
  return { id, name, role, timeZone, teams, unread, news };
}

function at(minutes: number): Timestamp {
  return timestampFromDate(new Date(MORNING + minutes * MINUTE));
}

function seconds(count: number): Duration {
  return create(DurationSchema, { seconds: BigInt(count) });
}

/** A number from 0 to below `limit` that looks random but always is the same for the same text. */
function spread(text: string, limit: number): number {
  let hash = 2_166_136_261;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16_777_619) >>> 0;
  return hash % limit;
}

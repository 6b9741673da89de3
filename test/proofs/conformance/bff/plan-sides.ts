// Drafts about addresses of upstreams (branches, shards, breakers) and about streams that go on.
import type { Play, Rule } from "../../../../packages/conformance/src/case.ts";
import type { Plan } from "./plan-faults.ts";

const ids = (from: number, count: number): string[] => Array.from({ length: count }, (_, at) => `key-${from + at}`);

const branches: readonly Plan[] = [
  ...[{}, { "x-next": "1" }, { "x-user": "u" }].map(
    (headers_sent): Plan => ({
      rpc: "sides.BranchService/GetItem",
      holds: ["branches.1"],
      request: { id: "a", ids: ["b", "c"] },
      headers_sent,
    }),
  ),
  ...ids(0, 10).map(
    (user): Plan => ({
      rpc: "sides.BranchService/GetItem",
      holds: ["branches.2"],
      request: { id: "a", ids: ["b"] },
      headers_sent: { "x-next": "1", "x-user": user },
    }),
  ),
  {
    rpc: "sides.BranchService/GetItem",
    holds: ["branches.3"],
    requests: [{ id: "z", ids: ["z", "y"] }],
    headers_sent: { "x-next": "1", "x-user": "key-3" },
  },
  {
    rpc: "sides.BranchService/Share",
    holds: ["branches.2"],
    requests: ["", "a", "b", "alice", "ä", "key-3"].map((text) => ({ text })),
  },
];

const shards: readonly Plan[] = [
  {
    rpc: "sides.ShardService/GetStock",
    holds: ["shards.1"],
    requests: [...ids(0, 12), "", "ä", "eu", "us"].map((text) => ({ id: "a", text })),
  },
  {
    rpc: "sides.ShardService/GetLedger",
    holds: ["shards.2"],
    requests: ["0", "1", "2", "7", "-1", "-2", "9007199254740993"].map((n) => ({ n })),
  },
  {
    rpc: "sides.ShardService/GetEach",
    holds: ["shards.3"],
    requests: [{ ids: ["a", "b", "c"] }, { ids: ["a", "a"] }, { ids: ids(0, 6) }, { ids: [] }],
    edges: ["RegionService/BatchGet"],
    faulty: 1,
  },
  {
    rpc: "sides.ShardService/GetAll",
    holds: ["shards.4"],
    requests: [{ id: "a" }, { id: "z" }],
    edges: ["RegionService/Get"],
    faulty: 1,
  },
];

const FRAGILE = "FragileService/Get";
const plays = (ids: string, more: Play["request"] = {}): readonly Play[] =>
  [...ids].map((id) => ({ request: { id, ...more } }));
const CLOSING: Play = { request: { id: "a" }, wait: 1200 };
/** Requests for "x" fail. The last request closes the breaker, which forgets all samples. */
const broken = (holds: readonly string[], ids: string, { code = 14, method = "Soft" } = {}): Plan => ({
  rpc: `breakers.BreakerService/${method}`,
  holds,
  request: { id: ids[0] ?? "" },
  turn: "breakers",
  upstreams: {
    [FRAGILE]: [
      { when: { id: "x" }, fail: { code: 14 } },
      { when: { id: "y" }, fail: { code } },
    ],
  },
  then: [...plays(ids.slice(1)), CLOSING],
});
const half = broken(["breakers.3"], "xxa");
/**
 * Searches for "x" are UNAVAILABLE, and for "y" INTERNAL. No calls of `Get`: its breaker would count their successes in
 * the case that follows within ten seconds.
 */
const inRow = (holds: readonly string[], ...texts: readonly string[]): Plan => ({
  rpc: "breakers.BreakerService/Both",
  holds,
  request: { text: texts[0] ?? "" },
  turn: "breakers",
  upstreams: {
    "FragileService/Find": [
      { when: { text: "x" }, fail: { code: 14 } },
      { when: { text: "y" }, fail: { code: 13 } },
    ],
  },
  then: [...texts.slice(1).map((text) => ({ request: { text } })), { request: { text: "all" }, wait: 1200 }],
});
/** Two searches side by side fail, twice. The last request has one search, the probe. */
const both: Plan = {
  rpc: "breakers.BreakerService/Both",
  holds: ["breakers.8"],
  request: { flag: true, text: "x" },
  turn: "breakers",
  upstreams: {
    "FragileService/Find": [
      { when: { text: "x" }, fail: { code: 14 } },
      { when: { text: "xx" }, fail: { code: 14 } },
    ],
  },
  then: [
    { request: { flag: true, text: "x" } },
    { request: { flag: true, text: "all" } },
    { request: { text: "all" }, wait: 1200 },
  ],
};
const breakers: readonly Plan[] = [
  both,
  broken(["breakers.1", "breakers.2", "breakers.3"], "xxaa"),
  broken(["breakers.1"], "xaaxxa"),
  broken(["breakers.2"], "xxa", { method: "Hard" }),
  { ...half, then: [...(half.then ?? []).slice(0, -1), { ...CLOSING, request: { id: "x" } }, ...plays("a"), CLOSING] },
  ...[3, 5, 16].map((code) => broken(["breakers.4"], "yyyxxxxxa", { code })),
  ...[2, 8, 13].map((code) => broken(["breakers.4"], "yya", { code })),
  {
    ...broken(["breakers.5"], "x"),
    request: { id: "x", flag: true, text: "all" },
    then: [...plays("xa", { flag: true, text: "all" }), CLOSING],
  },
  inRow(["breakers.6"], "x", "x", "all"),
  inRow(["breakers.7"], "x", "all", "x", "x", "all"),
  inRow(["breakers.7"], "x", "y", "x", "all"),
];

const WATCH = "EventService/Watch";
const late = (after: number, ...items: readonly number[]) => ({
  when: { after: String(after) },
  items: items.map((seq) => ({ text: `item ${seq}`, seq: String(seq), final: seq === 4 })),
});
const breaks = (after: number, ...items: readonly number[]) => ({
  ...late(after, ...items),
  once: true as const,
  fail: { code: 14 },
});
const resumed: readonly Plan[] = [
  { rpc: "resume.ResumeService/Follow", holds: ["resume.1"], requests: [{ id: "a" }, { id: "b" }] },
  ...[0, 1, 2].map(
    (resume): Plan => ({
      rpc: "resume.ResumeService/Follow",
      holds: [resume === 2 ? "resume.6" : "resume.2"],
      request: { id: "a" },
      upstreams: { [WATCH]: [late(1, 2, 3, 4), late(3, 4), late(4)] },
      then: [{ request: { id: "a" }, resume }],
    }),
  ),
  ...["", "nonsense", "AAAA"].map(
    (token): Plan => ({
      rpc: "resume.ResumeService/Follow",
      holds: ["resume.3"],
      request: { id: "b" },
      headers_sent: { "bff-resume": token },
    }),
  ),
  {
    rpc: "resume.ResumeService/Follow",
    holds: ["resume.4"],
    request: { id: "x" },
    upstreams: {
      [WATCH]: [{ once: true, items: late(0, 1, 2).items, fail: { code: 14 } }, breaks(2), late(2, 3, 4)],
    },
  },
  {
    rpc: "resume.ResumeService/Follow",
    holds: ["resume.4"],
    request: { id: "x" },
    upstreams: { [WATCH]: [{ once: true, fail: { code: 14 } }, { items: late(0, 1, 4).items }] },
  },
  ...[3, 5, 7, 13].map(
    (code): Plan => ({
      rpc: "resume.ResumeService/Follow",
      holds: ["resume.5"],
      request: { id: "x" },
      upstreams: { [WATCH]: [{ items: late(0, 1, 2).items, fail: { code } }] },
    }),
  ),
];

const GET = "ItemService/Get";
const item = (name: string, ownerId = "u1") => ({ answer: { id: "a", name, ownerId } });
/** The answers of the item's call in turn; the last one stays. Three compositions begin before the client's deadline. */
const current = (sentence: string, ...answers: readonly Rule[]): Plan => ({
  rpc: "live.LiveService/Watch",
  holds: [sentence],
  request: { id: "a" },
  timeout: 750,
  upstreams: {
    [GET]: answers.map((rule, at): Rule => (at < answers.length - 1 ? { ...rule, once: true } : rule)),
  },
});
const live: readonly Plan[] = [
  ...[5, 14].map((code) => current("live.1", { fail: { code } })),
  current("live.2", item("first"), item("second")),
  current("live.2", item("first"), item("second"), item("third")),
  current("live.2", item("first"), item("first", "nobody")),
  current("live.3", item("first")),
  current("live.3", item("first"), item("second"), item("second")),
  // The second composition fails after 300 ms, and the third one follows after 600 ms at the earliest.
  ...[5, 14].map((code): Plan => ({ ...current("live.4", item("first"), { fail: { code } }), timeout: 450 })),
];

export const sides: readonly Plan[] = [...branches, ...shards, ...breakers, ...resumed, ...live];

// Drafts about policies of calls and their time.
import { type Plan, STATUSES } from "./plan-faults.ts";

const IDS = ["a", "b", "c", "d", "e", "z"].map((id) => ({ id }));
const ITEM = "ItemService/Get";
const USER = "UserService/Get";
const STOCK = "StockService/Get";
const USERS = "UserService/BatchGet";

const three = (code: number) =>
  [1, 2, 3].map((n) => ({ once: true as const, fail: { code, message: `failure ${n}` } }));
const after = (count: number, code: number) => three(code).slice(0, count);
const repeated: readonly Plan[] = [
  {
    rpc: "policies.PolicyService/Service",
    holds: ["policies.1", "policies.2"],
    requests: ["u1", "u2"].map((id) => ({ id })),
    sent: { [USER]: { "x-level": "service", "x-service": "yes" } },
    deadlines: { [USER]: [500, 1000] },
  },
  {
    rpc: "policies.PolicyService/Method",
    holds: ["policies.1", "policies.2"],
    requests: [{ ids: ["u1"] }, { ids: ["u1", "u2"] }],
    sent: { [USERS]: { "x-level": "method", "x-service": "yes" } },
    deadlines: { [USERS]: [500, 1000] },
  },
  {
    rpc: "policies.PolicyService/Call",
    holds: ["policies.1", "policies.2"],
    requests: [{ ids: ["u1"] }, { ids: [] }],
    sent: { [USERS]: { "x-level": "call", "x-service": "yes" } },
    deadlines: { [USERS]: [100, 500] },
  },
  {
    rpc: "policies.PolicyService/Service",
    holds: ["policies.3", "retries.1"],
    requests: [{ id: "u1" }],
    edges: [USER],
    faults: STATUSES,
  },
  {
    rpc: "policies.PolicyService/Method",
    holds: ["policies.3", "retries.1"],
    requests: [{ ids: ["u1"] }],
    edges: [USERS],
    faults: STATUSES,
  },
  {
    rpc: "policies.PolicyService/Call",
    holds: ["policies.3", "policies.1"],
    requests: [{ ids: ["u1"] }, { ids: ["u2"], flag: true }],
    edges: [USERS],
    faults: STATUSES,
  },
  ...[1, 2, 3].flatMap((count) =>
    [14, 10, 8].map(
      (code): Plan => ({
        rpc: "policies.PolicyService/Service",
        holds: ["retries.1"],
        request: { id: "u1" },
        upstreams: { [USER]: after(count, code) },
      }),
    ),
  ),
  ...[1, 2, 3].flatMap((count) =>
    [14, 10, 8].map(
      (code): Plan => ({
        rpc: "policies.PolicyService/Method",
        holds: ["retries.1", "policies.1"],
        request: { ids: ["u1"] },
        upstreams: { [USERS]: after(count, code) },
      }),
    ),
  ),
  ...[1, 2, 3].flatMap((count) =>
    [14, 13, 10, 8, 5].map(
      (code): Plan => ({
        rpc: "policies.RetryService/Default",
        holds: ["retries.1", "retries.2"],
        request: { id: "a" },
        upstreams: { [ITEM]: after(count, code) },
      }),
    ),
  ),
  {
    rpc: "policies.RetryService/Default",
    holds: ["retries.4"],
    request: { id: "a" },
    upstreams: { [ITEM]: after(2, 14) },
    sent: { [ITEM]: { "grpc-previous-rpc-attempts": [null, "1", "2"] } },
  },
  {
    rpc: "policies.RetryService/Default",
    holds: ["retries.1", "codes.4"],
    requests: [{ id: "a" }, { id: "b" }],
    upstreams: { [ITEM]: [{ once: true, reset: 2 }] },
  },
  ...["closed", "open"].flatMap((message) =>
    [14, 8, 10].map(
      (code): Plan => ({
        rpc: "policies.RetryService/Conditional",
        holds: ["retries.3"],
        request: { id: "a" },
        upstreams: { [ITEM]: [{ once: true, fail: { code, message } }] },
      }),
    ),
  ),
  ...[1, 2].flatMap((count) =>
    [14, 13].map(
      (code): Plan => ({
        rpc: "policies.RetryService/Write",
        holds: ["effects.6"],
        request: { id: "a" },
        upstreams: { "OrderService/Place": after(count, code) },
      }),
    ),
  ),
  ...[1, 2].flatMap((count) =>
    [14, 13].map(
      (code): Plan => ({
        rpc: "policies.RetryService/Repeatable",
        holds: ["retries.5"],
        request: { id: "o1" },
        upstreams: { "OrderService/Cancel": after(count, code) },
      }),
    ),
  ),
];

const time: readonly Plan[] = [
  {
    rpc: "policies.HedgeService/GetHedged",
    holds: ["hedges.1"],
    requests: IDS.slice(0, 3),
    edges: [STOCK],
    faulty: 1,
  },
  {
    rpc: "policies.HedgeService/GetHedged",
    holds: ["hedges.1"],
    request: { id: "a" },
    upstreams: { [STOCK]: [{ once: true, hang: true }, { answer: { count: 77 } }] },
    ms: [150, 1900],
  },
  {
    rpc: "policies.CacheService/GetCached",
    holds: ["caches.1"],
    requests: IDS.slice(0, 4),
    then: [{ request: { id: "a" } }, { request: { id: "a", text: "again" } }],
  },
  {
    rpc: "policies.CacheService/GetCached",
    holds: ["caches.2"],
    request: { id: "a" },
    headers_sent: { "x-tenant": "t1" },
    then: [
      { request: { id: "a" }, headers_sent: { "x-tenant": "t2" } },
      { request: { id: "a" }, headers_sent: { "x-tenant": "t1" } },
      { request: { id: "b" }, headers_sent: { "x-tenant": "t1" } },
    ],
  },
  {
    rpc: "policies.CacheService/GetCached",
    holds: ["caches.3"],
    request: { id: "a" },
    upstreams: { [ITEM]: [{ once: true, fail: { code: 13 } }] },
    then: [{ request: { id: "a" } }, { request: { id: "a" } }],
  },
  {
    rpc: "policies.CacheService/GetCached",
    holds: ["caches.3"],
    request: { id: "z" },
    then: [{ request: { id: "z" } }],
  },
  {
    rpc: "policies.TimeService/Call",
    holds: ["deadlines.1", "deadlines.2"],
    requests: [{ id: "a" }, { id: "b" }],
    upstreams: { [ITEM]: [{ hang: true }] },
    ms: [350, 1900],
    deadlines: { [ITEM]: [100, 400], [STOCK]: [900, 1800] },
    cancelled: [ITEM],
  },
  {
    rpc: "policies.TimeService/Call",
    holds: ["deadlines.2"],
    requests: IDS.slice(0, 3),
    deadlines: { [ITEM]: [100, 400], [STOCK]: [900, 1800] },
  },
  {
    rpc: "policies.TimeService/Rpc",
    holds: ["deadlines.3"],
    requests: [{ id: "a" }, { id: "b" }],
    deadlines: { [ITEM]: [500, 900] },
  },
  {
    rpc: "policies.TimeService/Call",
    holds: ["deadlines.3"],
    requests: [{ id: "a" }],
    timeout: 900,
    upstreams: { [STOCK]: [{ hang: true }] },
    ms: [600, 1500],
    deadlines: { [STOCK]: [400, 810] },
    cancelled: [STOCK],
  },
  {
    rpc: "policies.TimeService/Rpc",
    holds: ["deadlines.3", "deadlines.1"],
    requests: [{ id: "a" }],
    upstreams: { [ITEM]: [{ hang: true }] },
    ms: [700, 1500],
    cancelled: [ITEM],
  },
];

export const policies: readonly Plan[] = [...repeated, ...time];

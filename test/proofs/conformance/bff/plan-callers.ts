// Drafts about callers: permits, limits, and caches of answers.
import type { Play } from "../../../../packages/conformance/src/case.ts";
import type { Plan } from "./plan-faults.ts";

const ITEM = "ItemService/Get";
const USER = "UserService/Get";
const STOCK = "StockService/Get";
const ADA = { sub: "u1", org: "t1", scope: "read write", roles: ["owner"], level: "5" };
type Claims = Readonly<Record<string, unknown>>;
const as = (claims: Claims) => ({ caller: { claims: { ...ADA, ...claims } } });

const permits: readonly Plan[] = [
  ...["Read", "Write", "Tenant", "Strict", "Level", "Decided"].map(
    (method): Plan => ({
      rpc: `callers.PermitService/${method}`,
      holds: ["permits.1"],
      requests: [{ id: "a", text: "t1", ids: ["", "x"], n: "4" }],
      ...as({}),
    }),
  ),
  { rpc: "callers.PermitService/Read", holds: ["identity.1"], request: { id: "a" } },
  ...[
    { iss: "https://other.test" },
    { iss: null },
    { aud: "other" },
    { aud: ["other", "conformance"] },
    { exp: -60 },
    { exp: -10 },
    { exp: null },
    { nbf: 300 },
    { nbf: -300 },
    { sub: "" },
    { sub: null },
    { org: "" },
    { org: null },
    { roles: "owner" },
    { level: 5 },
    { other: { a: 1 } },
  ].map(
    (claims): Plan => ({
      rpc: "callers.PermitService/Read",
      holds: ["identity.2"],
      request: { id: "a" },
      ...as(claims),
    }),
  ),
  {
    rpc: "callers.PermitService/Read",
    holds: ["identity.2"],
    request: { id: "a" },
    caller: { claims: ADA, forged: true },
  },
  ...["Bearer", "Bearer x.y.z", "Basic YTpi"].map(
    (authorization): Plan => ({
      rpc: "callers.PermitService/Read",
      holds: ["identity.2"],
      request: { id: "a" },
      headers_sent: { authorization },
    }),
  ),
  ...[{}, { org: "" }, { sub: "u2", org: "t2" }].map(
    (claims): Plan => ({
      rpc: "callers.OpenService/Who",
      holds: ["identity.3", "permits.2"],
      request: {},
      ...as(claims),
    }),
  ),
  { rpc: "callers.OpenService/Who", holds: ["permits.2"], request: {} },
  { rpc: "callers.OpenService/Who", holds: ["identity.2"], request: {}, caller: { claims: { ...ADA, exp: -90 } } },
  ...["read", "write", "", "read write", "readwrite", "write read"].flatMap((scope) =>
    ["Read", "Write"].map(
      (method): Plan => ({
        rpc: `callers.PermitService/${method}`,
        holds: ["permits.3"],
        request: { id: "a" },
        ...as({ scope }),
      }),
    ),
  ),
  ...[[], ["editor"], ["reader"], ["reader", "owner"]].map(
    (roles): Plan => ({
      rpc: "callers.PermitService/Write",
      holds: ["permits.4"],
      request: { id: "a" },
      ...as({ roles }),
    }),
  ),
  ...[{}, { org: "t2" }, { org: "" }].map(
    (claims): Plan => ({
      rpc: "callers.PermitService/Tenant",
      holds: ["permits.5", "permits.7"],
      requests: ["t1", ""].map((text) => ({ id: "a", text })),
      ...as(claims),
    }),
  ),
  {
    rpc: "callers.PermitService/Strict",
    holds: ["permits.6"],
    requests: [
      { id: "a", ids: ["", "x"] },
      { id: "a", ids: ["", "y"] },
      { id: "a", ids: ["", "y"], flag: true },
      { id: "a", ids: ["x"], flag: true },
      { id: "a", flag: true },
    ],
    ...as({}),
  },
  {
    rpc: "callers.PermitService/Every",
    holds: ["permits.6"],
    requests: [["1", "2"], ["6", "0"], ["12", "0"], ["0", "12"], []].map((numbers) => ({ id: "a", numbers })),
    ...as({}),
  },
  ...[{}, { level: "1" }, { level: 0 }].map(
    (claims): Plan => ({
      rpc: "callers.PermitService/Level",
      holds: ["permits.7"],
      requests: [
        { id: "a", n: "1" },
        { id: "a", n: "5" },
      ],
      ...as(claims),
    }),
  ),
  ...["u1", "u2", "u3", "u9"].map(
    (sub): Plan => ({
      rpc: "callers.PermitService/Decided",
      holds: ["permits.8"],
      requests: [{ id: "a" }, { id: "d" }, { id: "a", flag: true }],
      loose: [USER, STOCK],
      ...as({ sub }),
    }),
  ),
  ...[USER, STOCK].flatMap((edge) =>
    [1, 3, 4, 5, 7, 8, 13, 14, 16].map(
      (code): Plan => ({
        rpc: "callers.PermitService/Decided",
        holds: ["permits.9"],
        request: { id: "a" },
        upstreams: { [edge]: [{ fail: { code } }] },
        loose: [USER, STOCK],
        ...as({}),
      }),
    ),
  ),
  ...[{}, { sub: "u3" }, { roles: ["reader"] }].map(
    (claims): Plan => ({
      rpc: "callers.OwnerService/Both",
      holds: ["permits.10"],
      requests: [{ id: "a", flag: true }, { id: "a" }],
      ...as(claims),
    }),
  ),
  { rpc: "callers.PermitService/Read", holds: ["permits.11"], requests: [{ id: "z" }, { id: "c" }], ...as({}) },
];

const again = (count: number, play: Play = {}): readonly Play[] => Array.from({ length: count }, () => play);
const limits: readonly Plan[] = [
  {
    rpc: "limits.LimitService/Ask",
    holds: ["limits.1", "limits.2"],
    request: { id: "a" },
    then: [...again(2, { request: { id: "a" } }), { request: { id: "b" } }],
  },
  {
    rpc: "limits.LimitService/Ask",
    holds: ["limits.3"],
    request: { id: "a" },
    then: [{ request: { id: "a" } }, { request: { id: "a" }, ranges: { "retry-after": [1195, 1330] } }],
  },
  { rpc: "limits.LimitService/Ask", holds: ["limits.7"], request: {}, then: again(2, { request: {} }) },
  {
    rpc: "limits.LimitService/Other",
    holds: ["limits.2"],
    request: { id: "a" },
    then: again(7, { request: { id: "a" } }),
  },
  ...[["4", "6", "1"], ["4", "7"], ["11"], ["-5", "10", "1"], ["0", "0", "10", "0"]].map(
    ([n = "", ...more]): Plan => ({
      rpc: "limits.CostService/Cost",
      holds: ["limits.4"],
      request: { id: "a", n },
      then: more.map((next) => ({ request: { id: "a", n: next } })),
    }),
  ),
  ...[
    ["1", "1", "1"],
    ["6", "6"],
    ["9", "1"],
    ["20", "0"],
  ].map(
    ([m = "", ...more]): Plan => ({
      rpc: "limits.CostService/Settle",
      holds: ["limits.5"],
      request: { id: "a", m },
      then: more.map((next) => ({ request: { id: "a", m: next } })),
    }),
  ),
  {
    rpc: "limits.CostService/Some",
    holds: ["limits.6"],
    request: { id: "a", flag: true },
    then: [{ request: { id: "a" } }, { request: { id: "a" } }, { request: { id: "a", flag: true } }],
  },
  {
    rpc: "limits.CostService/Pool",
    holds: ["limits.7"],
    request: { id: "a" },
    then: again(1, { request: { id: "a" } }),
  },
  {
    rpc: "limits.CostService/PoolToo",
    holds: ["limits.7"],
    request: { id: "a" },
    then: again(5, { request: { id: "a" } }),
  },
  {
    rpc: "limits.CostService/Two",
    holds: ["limits.8"],
    request: { id: "a", text: "x" },
    then: ["x", "x", "y", "z", "w"].map((text) => ({ request: { id: "a", text } })),
  },
  {
    rpc: "limits.CostService/Pool",
    holds: ["limits.9"],
    request: { id: "bad" },
    then: again(2, { request: { id: "bad" } }),
  },
  {
    rpc: "limits.CostService/Pool",
    holds: ["limits.9"],
    request: { id: "z" },
    then: again(1, { request: { id: "z" } }),
  },
  { rpc: "limits.CostService/Named", holds: ["limits.10"], requests: [{ id: "a" }, { id: "a", text: "x" }] },
  { rpc: "limits.CostService/Indexed", holds: ["limits.10"], requests: [{ id: "a" }, { id: "a", ids: ["x"] }] },
];

const answers: readonly Plan[] = [
  {
    rpc: "answers.AnswerService/Plain",
    holds: ["answers.1"],
    requests: [{ id: "a" }, { id: "b", text: "x" }],
    then: [{ request: { id: "a" } }, { request: { id: "b", text: "x" } }],
  },
  {
    rpc: "answers.AnswerService/Uncached",
    holds: ["answers.1"],
    request: { id: "a" },
    then: [{ request: { id: "a" } }],
  },
  {
    rpc: "answers.AnswerService/Plain",
    holds: ["answers.2"],
    request: { id: "a" },
    then: [
      { request: { id: "a", text: "x" } },
      { request: { id: "a" }, headers_sent: { "x-tenant": "t" } },
      { request: { id: "a" }, headers_sent: { "x-other": "o" } },
      { request: { id: "a" }, headers_sent: { "x-tenant": "t", "x-other": "o" } },
    ],
  },
  {
    rpc: "answers.AnswerService/Plain",
    holds: ["answers.3"],
    request: { id: "a" },
    upstreams: { [STOCK]: [{ once: true, fail: { code: 14 } }] },
    then: again(2, { request: { id: "a" } }),
  },
  {
    rpc: "answers.AnswerService/Hidden",
    holds: ["answers.3"],
    request: { id: "a" },
    upstreams: { [STOCK]: [{ once: true, fail: { code: 14 } }] },
    then: again(2, { request: { id: "a" } }),
  },
  {
    rpc: "answers.AnswerService/Hidden",
    holds: ["answers.1"],
    request: { id: "a" },
    then: again(1, { request: { id: "a" } }),
  },
  {
    rpc: "answers.AnswerService/Plain",
    holds: ["answers.3"],
    request: { id: "a" },
    upstreams: { [ITEM]: [{ once: true, fail: { code: 14 } }] },
    then: again(2, { request: { id: "a" } }),
  },
  {
    rpc: "answers.AnswerService/Plain",
    holds: ["answers.4"],
    request: { id: "a" },
    headers_sent: { "x-deny": "0" },
    then: [
      { request: { id: "a" }, headers_sent: { "x-deny": "1" } },
      { request: { id: "a" }, headers_sent: { "x-deny": "0" } },
    ],
  },
];

export const callers: readonly Plan[] = [...permits, ...limits, ...answers];

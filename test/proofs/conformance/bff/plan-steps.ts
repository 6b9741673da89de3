// Drafts about steps, lists, choices, composition and guards.
import type { Plan } from "./plan-faults.ts";

const IDS = ["a", "b", "c", "d", "e", "z", ""].map((id) => ({ id }));
const ITEM = "ItemService/Get";
const USER = "UserService/Get";
const STOCK = "StockService/Get";
const FIND = "ItemService/Find";
const LISTS = [[], ["a"], ["a", "b", "c"], ["c", "a", "b", "a"], ["a", "z"], ["z", "a", "b"], ["z", "y"], [""]].map(
  (ids) => ({ ids }),
);
const TEXTS = ["all", "one", "same", "none"].map((text) => ({ text }));

const beside: readonly Plan[] = [
  {
    rpc: "steps.StepsService/GetBeside",
    holds: ["steps.2", "rpcs.3"],
    request: { id: "a", text: "u1" },
    upstreams: {
      [ITEM]: [{ until: USER, answer: { name: "waited" } }],
      [STOCK]: [{ until: ITEM, answer: { count: 3 } }],
      [USER]: [{ until: STOCK, answer: { name: "last" } }],
    },
  },
  {
    rpc: "steps.StepsService/GetBeside",
    holds: ["steps.5", "rpcs.1"],
    requests: [
      { id: "a", text: "u1" },
      { id: "b", text: "u2" },
      { id: "c", text: "u3" },
    ],
    edges: [ITEM, STOCK, USER],
    faulty: 1,
    loose: [ITEM, STOCK, USER],
  },
];

const single: readonly Plan[] = [
  {
    rpc: "steps.StepsService/GetChain",
    holds: ["rpcs.1", "rpcs.3", "steps.1", "steps.3"],
    requests: [...IDS, { id: "a", text: "Eve" }, { id: "c", text: " " }],
    edges: [ITEM, USER],
    faulty: 2,
    order: [[ITEM, USER]],
  },
  ...beside,
  {
    rpc: "steps.StepsService/GetConditional",
    holds: ["steps.4", "absence.1"],
    requests: IDS.flatMap(({ id }) => [{ id }, { id, flag: true }]),
    edges: [ITEM, USER],
    faulty: 2,
  },
  {
    rpc: "steps.StepsService/GetSoft",
    holds: ["steps.6", "degradation.2", "degradation.4", "degradation.7"],
    requests: IDS,
    edges: [STOCK, USER, ITEM],
    faulty: 2,
    order: [
      [ITEM, USER],
      [ITEM, STOCK],
    ],
  },
  {
    rpc: "steps.StepsService/GetReplaced",
    holds: ["steps.7", "degradation.2"],
    requests: [
      { id: "a" },
      { id: "a", flag: true, text: "u1" },
      { id: "z" },
      { id: "z", flag: true, text: "u2" },
      { id: "a", flag: true, text: "u9" },
    ],
    edges: [STOCK, USER],
    faulty: 2,
  },
  {
    rpc: "steps.StepsService/GetBound",
    holds: ["steps.8"],
    requests: [...IDS, { id: "a", text: "x" }],
    edges: [ITEM],
    faulty: 1,
  },
  {
    rpc: "steps.StepsService/GetAfter",
    holds: ["steps.9"],
    requests: IDS,
    edges: [ITEM, STOCK],
    faulty: 1,
    order: [[ITEM, STOCK]],
  },
  {
    rpc: "steps.StepsService/GetUnread",
    holds: ["steps.10"],
    requests: IDS.slice(0, 3),
    edges: [STOCK, ITEM],
    faulty: 1,
    loose: [ITEM, STOCK],
  },
];

const lists: readonly Plan[] = [
  {
    rpc: "steps.EachService/Calls",
    holds: ["each.1", "each.3"],
    requests: LISTS,
    edges: [ITEM],
    faulty: 2,
    loose: [ITEM],
  },
  {
    rpc: "steps.EachService/Calls",
    holds: ["each.7"],
    requests: [{ ids: Array(20).fill("a") }, { ids: Array(21).fill("a") }, { ids: Array(40).fill("b") }],
  },
  {
    rpc: "steps.EachService/Calls",
    holds: ["each.1", "steps.2"],
    request: { ids: ["a", "b"] },
    upstreams: { [ITEM]: [{ when: { id: "a" }, delay: 30, answer: { name: "late" } }] },
  },
  {
    rpc: "steps.EachService/Computed",
    holds: ["each.1", "each.2"],
    requests: LISTS.flatMap(({ ids }) => [{ ids, text: "x" }, { ids }]),
  },
  {
    rpc: "steps.EachService/Cards",
    holds: ["each.2", "each.11", "degradation.6"],
    requests: TEXTS.flatMap(({ text }) => ["0", "5", "100", "-1"].map((n) => ({ text, n }))),
    edges: [FIND, USER],
    faulty: 4,
  },
  { rpc: "steps.EachService/Keyed", holds: ["each.5", "codes.5"], requests: TEXTS, edges: [FIND], faulty: 1 },
  { rpc: "steps.EachService/Partial", holds: ["each.4", "degradation.3"], requests: LISTS, edges: [ITEM], faulty: 3 },
  { rpc: "steps.EachService/Most", holds: ["each.6"], requests: TEXTS, edges: [FIND, USER], faulty: 2, loose: [USER] },
  { rpc: "steps.EachService/Least", holds: ["each.8"], requests: LISTS, edges: [ITEM], faulty: 3 },
  {
    rpc: "steps.EachService/Enough",
    holds: ["each.9"],
    requests: [
      ...LISTS,
      { ids: ["a", "b", "z"] },
      { ids: ["a", "z", "b", "c"] },
      { ids: ["z", "y", "a", "b"] },
      { ids: ["z", "y", "x", "b"] },
    ],
    loose: [ITEM],
  },
  {
    rpc: "steps.EachService/OneByOne",
    holds: ["each.10"],
    requests: [{ ids: ["a", "b"] }, { ids: ["b", "a", "c"] }],
    order: [['ItemService/Get {"id":"a"}', 'ItemService/Get {"id":"c"}']],
    upstreams: { [ITEM]: [{ when: { id: "a" }, delay: 10, answer: { name: "A" } }] },
  },
  {
    rpc: "steps.EachService/OneByOne",
    holds: ["each.10"],
    requests: [{ ids: ["a", "b"] }],
    order: [['ItemService/Get {"id":"a"}', 'ItemService/Get {"id":"b"}']],
    upstreams: { [ITEM]: [{ delay: 10, answer: { name: "A" } }] },
  },
];

const others: readonly Plan[] = [
  {
    rpc: "steps.SwitchService/Choose",
    holds: ["switch.1", "switch.2"],
    requests: ["0", "1", "2", "10", "11", "99", "-5"].flatMap((n) => [
      { n, text: "t", id: "i" },
      { n, text: "t", id: "i", flag: true },
    ]),
  },
  {
    rpc: "steps.SwitchService/Open",
    holds: ["switch.1", "switch.2"],
    requests: ["0", "5", "6"].flatMap((n) => [
      { n, text: "t" },
      { n, text: "t", flag: true },
      { n, flag: true },
    ]),
  },
  {
    rpc: "steps.SwitchService/Costly",
    holds: ["switch.3"],
    requests: IDS.flatMap(({ id }) => [{ id }, { id, flag: true }]),
    edges: [ITEM, STOCK],
    faulty: 2,
  },
  {
    rpc: "steps.ComposeService/GetNested",
    holds: ["compose.1", "compose.2"],
    requests: IDS.flatMap(({ id }) => [{ id, text: "west" }, { id }]),
    edges: [ITEM, STOCK],
    faulty: 2,
    order: [[ITEM, STOCK]],
  },
  {
    rpc: "steps.ComposeService/Argument",
    holds: ["compose.3"],
    requests: IDS.flatMap(({ id }) => [{ id }, { id, note: "n" }, { id, note: "" }]),
    edges: [STOCK],
    faulty: 3,
  },
  {
    rpc: "steps.ComposeService/Spread",
    holds: ["compose.4", "presence.1"],
    requests: [{}, { id: "a" }, { id: "a", text: "t", note: "n" }, { note: "" }, { text: "é" }],
  },
  {
    rpc: "steps.GuardService/Early",
    holds: ["guards.1", "guards.2", "guards.6"],
    requests: [
      {},
      { id: "a" },
      { id: "a", text: "ab" },
      { id: "a", text: "abc" },
      { text: "x" },
      { id: "z", text: "long" },
    ],
    heads: [{}, { "x-strict": "yes" }, { "x-strict": "no" }],
    edges: [ITEM],
    faulty: 1,
  },
  {
    rpc: "steps.GuardService/Late",
    holds: ["guards.1", "guards.5", "guards.6"],
    requests: [
      { id: "u1", text: "a" },
      { id: "u3", text: "a" },
      { id: "u9", text: "a" },
      { id: "u3", text: "z" },
      { id: "u1", text: "z" },
    ],
    edges: [USER, STOCK],
    faulty: 2,
    loose: [STOCK],
  },
  {
    rpc: "steps.GuardService/Ordered",
    holds: ["guards.3", "guards.5"],
    requests: ["u1", "u3", "u9"].flatMap((id) => ["a", "c", "z"].map((text) => ({ id, text }))),
    edges: [USER, ITEM],
    faulty: 2,
  },
  {
    rpc: "steps.GuardService/Ordered",
    holds: ["guards.3"],
    request: { id: "u3", text: "c" },
    upstreams: { [USER]: [{ delay: 25, answer: { blocked: true } }] },
  },
  {
    rpc: "steps.GuardService/Deep",
    holds: ["guards.4", "guards.5"],
    requests: IDS,
    edges: [ITEM, STOCK],
    faulty: 2,
    order: [[ITEM, STOCK]],
  },
  {
    rpc: "steps.GuardService/Texts",
    holds: ["guards.6", "guards.7"],
    requests: ["1", "2", "3", "4", "5"].flatMap((n) => ["1", "7", "-2"].map((m) => ({ n, m, id: "x" }))),
  },
  { rpc: "steps.GuardService/Texts", holds: ["guards.8", "expressions.2"], requests: [{ m: "0" }, { m: "0", n: "9" }] },
];

export const steps: readonly Plan[] = [...single, ...lists, ...others];

// Drafts about absence, degradation, side effects, steps of services, and streams.
import type { Plan } from "./plan-faults.ts";

const IDS = ["a", "b", "c", "d", "e", "z", ""].map((id) => ({ id }));
const ITEM = "ItemService/Get";
const USER = "UserService/Get";
const STOCK = "StockService/Get";
const FIND = "ItemService/Find";
const PLACE = "OrderService/Place";
const TEXTS = ["all", "one", "same", "none"].map((text) => ({ text }));

const absence: readonly Plan[] = [
  {
    rpc: "absence.AbsenceService/GetSafe",
    holds: ["absence.2", "absence.3", "absence.4"],
    requests: IDS.flatMap(({ id }) => [{ id }, { id, flag: true }]),
    edges: [STOCK, ITEM],
    faulty: 2,
  },
  {
    rpc: "absence.AbsenceService/GetUnsafe",
    holds: ["absence.1", "absence.5", "absence.6"],
    requests: IDS.flatMap(({ id }) =>
      ["0", "1"].flatMap((n) => [
        { id, n },
        { id, n, flag: true },
      ]),
    ),
    edges: [ITEM, USER],
    faulty: 2,
  },
  {
    rpc: "absence.AbsenceService/GetPresence",
    holds: ["presence.1", "presence.2", "presence.3", "presence.4"],
    requests: IDS.flatMap(({ id }) => [{ id }, { id, note: "" }, { id, note: "n" }]),
    edges: [ITEM],
    faulty: 1,
  },
  {
    rpc: "absence.AbsenceService/GetChained",
    holds: ["absence.1", "absence.6", "degradation.1", "degradation.4"],
    requests: IDS.flatMap(({ id }) => [{ id }, { id, flag: true }]),
    edges: [ITEM, USER, STOCK],
    faulty: 2,
  },
  {
    rpc: "absence.AbsenceService/GetMissing",
    holds: ["missing.1", "missing.2", "degradation.1"],
    requests: ["a", "b", "z"].flatMap((id) =>
      ["a", "z"].flatMap((text) => [
        { id, text },
        { id, text, flag: true },
      ]),
    ),
    edges: [ITEM],
    faulty: 2,
  },
  {
    rpc: "absence.FailureService/GetWhy",
    holds: ["failure.1", "failure.2", "failure.3"],

    requests: IDS.flatMap(({ id }) => [{ id }, { id, flag: true }]),
    edges: [ITEM, USER],
    faulty: 2,
  },
  {
    rpc: "absence.DegradationService/GetPositions",
    holds: ["degradation.1", "degradation.6", "degradation.7", "each.11"],
    requests: TEXTS,
    edges: [FIND, USER, STOCK],
    faulty: 2,
  },
  {
    rpc: "absence.DegradationService/Folded",
    holds: ["degradation.8"],
    requests: [8, 9, 12].map((count) => ({ text: `n${count}` })),
    upstreams: {
      [FIND]: [8, 9, 12].map((count) => ({
        when: { text: `n${count}` },
        answer: { items: Array.from({ length: count }, () => ({ id: "a", ownerId: "u9" })) },
      })),
    },
  },
  {
    rpc: "absence.DegradationService/GetCauses",
    holds: ["degradation.1", "degradation.2", "degradation.4"],
    requests: [...IDS.flatMap(({ id }) => [{ id, text: "u1" }, { id }])],
    edges: [ITEM, STOCK, USER],
    faulty: 1,
  },
];

const effects: readonly Plan[] = [
  {
    rpc: "effects.EffectsService/GetGuarded",
    holds: ["effects.1", "effects.2", "effects.6"],
    requests: [
      { id: "u1", text: "a" },
      { id: "u3", text: "a" },
      { id: "u1", text: "z" },
      { id: "u9", text: "b" },
      { id: "u2", text: "d" },
    ],
    edges: [USER, ITEM, PLACE],
    faulty: 1,
    loose: [ITEM],
    order: [
      [USER, PLACE],
      [ITEM, PLACE],
    ],
  },
  {
    rpc: "effects.EffectsService/GetSequence",
    holds: ["effects.3", "effects.6"],
    requests: [
      { id: "a", text: "o1" },
      { id: "b", text: "o2" },
      { id: "c", text: "o1" },
      { id: "z" },
      { id: "a", text: "o9" },
    ],
    edges: [PLACE, "OrderService/Pay", "OrderService/Cancel"],
    faulty: 1,
    order: [
      [PLACE, "OrderService/Pay"],
      ["OrderService/Pay", "OrderService/Cancel"],
    ],
  },
  {
    rpc: "effects.EffectsService/List",
    holds: ["effects.4"],
    requests: [{ ids: ["a", "b", "c"] }, { ids: [] }, { ids: ["a", "z", "b"] }, { ids: ["z", "a"] }],
    order: [['OrderService/Place {"itemId":"a"}', 'OrderService/Place {"itemId":"b"}']],
    edges: [PLACE],
    faulty: 1,
  },
  {
    rpc: "effects.EffectsService/GetUnordered",
    holds: ["effects.5"],
    requests: [{ id: "a", text: "o1" }],
    upstreams: {
      [PLACE]: [{ until: "OrderService/Pay", answer: { id: "p" } }],
      "OrderService/Pay": [{ until: PLACE, answer: { paid: true } }],
    },
  },
  {
    rpc: "effects.EffectsService/GetUnordered",
    holds: ["effects.5"],
    requests: [
      { id: "a", text: "o1" },
      { id: "b", text: "o2" },
    ],
  },
  {
    rpc: "effects.EffectsService/GetThrough",
    holds: ["effects.1"],
    requests: [
      { id: "a", text: "u1" },
      { id: "a", text: "u3" },
      { id: "a", text: "u9" },
      { id: "z", text: "u1" },
    ],
    edges: [USER, PLACE],
    faulty: 1,
    order: [[USER, PLACE]],
  },
  ...["Chosen", "Unchosen", "Read", "Unread"].map(
    (name): Plan => ({
      rpc: `effects.EffectsService/Get${name}`,
      holds: ["switch.3", ...(name.startsWith("Un") ? ["copies.5"] : [])],
      requests: [true, false].flatMap((flag) => ["o1", "o9"].map((text) => ({ id: "a", text, flag }))),
      edges: ["OrderService/Pay"],
      faulty: 1,
    }),
  ),
];

const USERS = ["u1", "u2", "u3", "u9", ""].map((user) => ({ "x-user": user }));
const service: readonly Plan[] = [
  {
    rpc: "service.ShopService/Greet",
    holds: ["service.1", "service.2", "service.3", "service.5"],
    requests: [{ id: "a" }, { id: "c" }, { id: "z" }, {}],
    heads: USERS,
    edges: [USER, STOCK, ITEM],
    faulty: 1,
    loose: [STOCK, ITEM, USER],
  },
  {
    rpc: "service.ShopService/Plain",
    holds: ["service.2", "service.3", "service.4"],
    requests: [{ text: "x" }],
    heads: [...USERS, {}],
    edges: [USER],
    faulty: 1,
  },
  {
    rpc: "service.ShopService/Card",
    holds: ["service.1", "service.4"],
    requests: [{ ids: ["x", "y"] }, { ids: [] }],
    heads: USERS,
    edges: [USER],
    faulty: 1,
  },
];

const WATCH = "EventService/Watch";
const streams: readonly Plan[] = [
  {
    rpc: "streams.StreamService/Follow",
    holds: ["streams.1", "streams.2", "streams.3", "streams.4"],
    requests: IDS,
    edges: [ITEM, USER],
    faulty: 2,
    order: [[ITEM, WATCH]],
    loose: [USER, WATCH],
  },
  { rpc: "streams.StreamService/All", holds: ["streams.1"], requests: IDS },
  ...["Follow", "All"].flatMap((rpc) =>
    [5, 7, 13].map(
      (code): Plan => ({
        rpc: `streams.StreamService/${rpc}`,
        holds: ["streams.5"],
        request: { id: "a" },
        upstreams: { [WATCH]: [{ fail: { code } }] },
      }),
    ),
  ),
  {
    rpc: "streams.StreamService/All",
    holds: ["streams.5"],
    requests: [{ id: "a" }],
    upstreams: { [WATCH]: [{ items: [{ text: "one" }, { text: "two" }], fail: { code: 9 } }] },
    loose: [WATCH],
  },
  {
    rpc: "streams.PartsService/Whole",
    holds: ["parts.4", "rpcs.1"],
    requests: IDS,
    edges: [ITEM, STOCK, USER],
    faulty: 1,
  },
  ...[
    { stock: 250, owner: 500 },
    { stock: 500, owner: 250 },
  ].map(
    ({ stock, owner }): Plan => ({
      rpc: "streams.PartsService/Parts",
      holds: ["parts.1", "parts.2", "parts.3"],
      requests: [{ id: "a" }, { id: "b" }, { id: "z" }],
      upstreams: { [STOCK]: [{ delay: stock, answer: { count: 5 } }], [USER]: [{ delay: owner, fail: { code: 5 } }] },
    }),
  ),
  {
    rpc: "streams.PartsService/Parts",
    holds: ["parts.1", "parts.2"],
    requests: [{ id: "a" }, { id: "b" }],
    upstreams: { [STOCK]: [{ delay: 250, fail: { code: 14 } }], [USER]: [{ delay: 500, answer: { name: "Z" } }] },
  },
];

export const absences: readonly Plan[] = [...absence, ...effects, ...service, ...streams];

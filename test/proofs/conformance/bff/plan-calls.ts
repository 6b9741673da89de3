// Drafts about calls: requests, errors, batches, metadata.
import { type Plan, RESET, STATUSES } from "./plan-faults.ts";

const IDS = ["a", "b", "c", "d", "e", "z"].map((id) => ({ id }));
const ITEM = "ItemService/Get";
const USER = "UserService/Get";
const USERS = "UserService/BatchGet";
const BATCH = "ItemService/BatchGet";
const detail = (code: number, who: string) => ({ [ITEM]: [{ fail: { code, message: `because of ${who}`, who } }] });

const set: readonly Plan[] = [
  {
    rpc: "calls.SetService/Fields",
    holds: ["set.1", "set.2", "set.3"],
    requests: ["", "a"].flatMap((id) =>
      ["0", "3", "-1"].flatMap((n) => [
        { id, n, text: "one" },
        { id, n, flag: true, note: "n" },
        { id, n, flag: true, note: "", ids: ["x", "y"] },
      ]),
    ),
  },
  {
    rpc: "calls.SetService/Spread",
    holds: ["set.4"],
    requests: [
      {},
      { text: "t", tags: ["a"], note: "" },
      { cursor: "c" },
      { offset: 0 },
      { offset: 5, unrelated: "u" },
      { cursor: "" },
      { note: "n", tags: [] },
    ],
  },
  {
    rpc: "calls.SetService/Request",
    holds: ["set.5", "set.2"],
    requests: ["0", "1", "7"].flatMap((n) => [{ n }, { n, text: "all", flag: true, id: "b" }]),
  },
  {
    rpc: "calls.SetService/Paths",
    holds: ["set.3", "presence.1"],
    requests: IDS,
    edges: [ITEM, "ItemService/Find"],
    faulty: 1,
  },
];

const errors: readonly Plan[] = [
  {
    rpc: "calls.ErrorService/GetRules",
    holds: ["errors.1", "errors.2", "errors.3"],
    requests: [{ id: "a" }, { id: "a", flag: true }],
    edges: [ITEM],
    faults: [...STATUSES, RESET],
  },
  {
    rpc: "calls.ErrorService/GetIgnored",
    holds: ["errors.4", "errors.1"],
    requests: [{ id: "a" }, { id: "z" }],
    edges: [ITEM, USER],
    faults: STATUSES,
    faulty: 1,
  },
  {
    rpc: "calls.ErrorService/GetReplaced",
    holds: ["errors.5"],
    requests: [{ id: "b" }, { id: "z" }],
    edges: [ITEM],
    faults: [...STATUSES, RESET],
    faulty: 1,
  },
  { rpc: "calls.ErrorService/GetAsIs", holds: ["errors.6"], requests: [{ id: "a" }], edges: [ITEM], faults: STATUSES },
  ...[3, 5, 9, 14].map(
    (code): Plan => ({
      rpc: "calls.ErrorService/GetAsIs",
      holds: ["errors.6"],
      request: { id: "a" },
      upstreams: detail(code, "Zoe"),
    }),
  ),
  ...[3, 5, 9, 14].map(
    (code): Plan => ({
      rpc: "calls.ErrorService/GetDetail",
      holds: ["errors.7"],
      request: { id: "a" },
      upstreams: detail(code, `Zoe ${code}`),
    }),
  ),
  {
    rpc: "calls.ErrorService/GetDetail",
    holds: ["errors.7"],
    requests: [{ id: "a" }],
    edges: [ITEM],
    faults: STATUSES,
  },
  {
    rpc: "calls.CodesService/GetCritical",
    holds: ["codes.1", "rpcs.3"],
    requests: IDS,
    edges: [ITEM],
    faults: [...STATUSES, RESET],
    faulty: 1,
  },
  {
    rpc: "calls.CodesService/GetSupplementary",
    holds: ["codes.2", "rpcs.3", "degradation.4"],
    requests: IDS,
    edges: [ITEM],
    faults: [...STATUSES, RESET],
    faulty: 1,
  },
];

const batches: readonly Plan[] = [
  {
    rpc: "calls.BatchService/One",
    holds: ["batch.1", "batch.3", "degradation.5"],
    requests: [{ id: "a" }, { id: "z" }, { id: "" }, { id: "b", text: "west" }],
    edges: [BATCH],
    faulty: 1,
  },
  {
    rpc: "calls.BatchService/Many",
    holds: ["batch.1", "batch.2", "batch.3"],
    requests: [[], ["a"], ["a", "b"], ["b", "a", "b"], ["z", "c"], ["z"]].map((ids) => ({ ids })),
    edges: [BATCH],
    faulty: 2,
  },
  {
    rpc: "calls.BatchService/Mapped",
    holds: ["batch.1", "batch.3"],
    requests: [[], ["a"], ["c", "b", "c"], ["z", "a"]].map((ids) => ({ ids, text: "r" })),
    edges: ["ItemService/MapAll"],
    faulty: 2,
  },
  {
    rpc: "calls.BatchService/Cards",
    holds: ["batch.1", "batch.2", "degradation.5"],
    requests: ["all", "one", "same", "none"].map((text) => ({ text })),
    edges: [USERS, "ItemService/Find"],
    faulty: 2,
  },
  {
    rpc: "calls.BatchService/Split",
    holds: ["batch.4"],
    requests: [["a"], ["a", "b"], ["a", "b", "c"], ["a", "a", "b", "b"], ["a", "b", "c", "z", "y"]].map((ids) => ({
      ids,
    })),
  },
  {
    rpc: "calls.BatchService/Split",
    holds: ["batch.5", "each.4"],
    request: { ids: ["a", "b", "c"] },
    upstreams: { [BATCH]: [{ when: { ids: ["a", "b"] }, fail: { code: 14 } }] },
  },
  {
    rpc: "calls.EqualService/GetTwice",
    holds: ["equal.1", "effects.6"],
    requests: ["a", "b", "c"].flatMap((id) => ["a", "b"].map((text) => ({ id, text }))),
    edges: [ITEM],
    faulty: 1,
  },
];

const SENT = { [ITEM]: { "x-tenant": "t1", "x-empty": null, "x-text": "hello", "x-twice": "t1t1" } };
const metadata: readonly Plan[] = [
  {
    rpc: "calls.MetadataService/GetSent",
    holds: ["metadata.1", "metadata.2", "metadata.3"],
    requests: [
      { id: "a", text: "hello" },
      { id: "b", text: "hello", flag: true, data: "aGk=" },
    ],
    heads: [{ "x-tenant": "t1", "x-empty": "" }],
    sent: SENT,
  },
  {
    rpc: "calls.MetadataService/GetSent",
    holds: ["metadata.2"],
    request: { id: "a", text: "hello", note: "n", flag: true, data: "aGk" },
    sent: { [ITEM]: { "x-maybe": "n", "x-data-bin": "aGk" } },
  },
  {
    rpc: "calls.MetadataService/GetSent",
    holds: ["metadata.1", "metadata.2"],
    request: { id: "a" },
    sent: { [ITEM]: { "x-tenant": null, "x-maybe": null, "x-data-bin": null } },
  },
  ...["1", "", "seven"].map(
    (version): Plan => ({
      rpc: "calls.MetadataService/GetReceived",
      holds: ["metadata.4"],
      requests: [{ id: "a" }, { id: "b" }],
      upstreams: {
        [ITEM]: [{ answer: { name: "N" }, headers: { "x-version": version }, trailers: { "x-cost": `c${version}` } }],
      },
    }),
  ),
  {
    rpc: "calls.MetadataService/GetReceived",
    holds: ["metadata.4"],
    requests: [{ id: "a" }, { id: "z" }],
    edges: [ITEM],
    faulty: 1,
  },
];

export const calls: readonly Plan[] = [...set, ...errors, ...batches, ...metadata];

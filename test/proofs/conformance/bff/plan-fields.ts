// Drafts about fields: copies, enums, numbers, oneofs.
import type { Plan } from "./plan-faults.ts";

const IDS = ["a", "b", "c", "d", "e", "z"].map((id) => ({ id }));
const ITEM = "ItemService/Get";
const USER = "UserService/Get";
const STOCK = "StockService/Get";
const FIND = "ItemService/Find";
const TEXTS = ["all", "one", "same", "none"].map((text) => ({ text }));
const NUMBERS = ["0", "1", "-1", "2147483647", "2147483648", "-2147483648", "-2147483649", "4294967295", "4294967296"];
const BIG = ["9223372036854775807", "-9223372036854775808", "4611686018427387904"];

export const fields: readonly Plan[] = [
  {
    rpc: "fields.FieldsService/GetCopied",
    holds: ["fields.1", "enums.1", "enums.2", "presence.1"],
    requests: IDS,
    edges: [ITEM],
    faulty: 1,
  },
  {
    rpc: "fields.FieldsService/GetCopied",
    holds: ["fields.1", "presence.1"],
    requests: [0, 1, 2, 3, 4, 5].map((n) => ({ id: `x${n}` })),
    upstreams: {
      [ITEM]: [
        { when: { id: "x0" }, answer: { image: "" } },
        { when: { id: "x1" }, answer: { box: {} } },
        { when: { id: "x2" }, answer: { sizes: [{}, { height: 5 }], size: { height: 1 } } },
        { when: { id: "x3" }, answer: { counts: { a: 0, b: -1 }, boxes: { "": { height: 2 }, k: {} } } },
        { when: { id: "x4" }, answer: { note: "", label: "", tags: ["", "x"] } },
        { when: { id: "x5" }, answer: { kind: 2, name: "é🚀" } },
      ],
    },
  },
  { rpc: "fields.FieldsService/GetCopies", holds: ["fields.1", "enums.1"], requests: TEXTS, edges: [FIND], faulty: 1 },
  { rpc: "fields.FieldsService/GetSame", holds: ["fields.2"], requests: IDS, edges: [ITEM], faulty: 1 },
  {
    rpc: "fields.FieldsService/GetEnums",
    holds: ["enums.1", "enums.2"],
    requests: IDS.slice(0, 5).flatMap(({ id }) =>
      ["KIND_UNSPECIFIED", "KIND_TOY", "KIND_NOVEL"].map((kind) => ({ id, kind })),
    ),
    edges: [ITEM],
    faulty: 1,
  },
  {
    rpc: "fields.FieldsService/GetEnums",
    holds: ["enums.3"],
    requests: ["KIND_OWN", 9, -1].map((kind) => ({ id: "a", kind })),
    loose: [ITEM],
  },
  {
    rpc: "fields.FieldsService/GetNumbers",
    holds: ["fields.3", "fields.4", "expressions.1"],
    requests: [
      ...NUMBERS.flatMap((n) => [{ n }, { m: n }, { n, m: "1" }]),
      ...BIG.flatMap((n) => [{ n }, { m: n }, { n, m: n }]),
    ],
  },
  {
    rpc: "fields.FieldsService/GetNumbers",
    holds: ["fields.4"],
    requests: [0.1, 1.5, -2.25, 1e10, 16777217, 1e300, "NaN", "Infinity", "-Infinity"].map((x) => ({ x })),
  },
  {
    rpc: "fields.FieldsService/GetMedia",
    holds: ["oneofs.1", "oneofs.2", "oneofs.3"],
    requests: IDS.flatMap(({ id }) => [{ id }, { id, flag: true }]),
    edges: [STOCK, ITEM],
    faulty: 2,
    loose: [STOCK],
  },
  {
    rpc: "fields.FieldsService/GetMedia",
    holds: ["oneofs.1", "oneofs.3", "degradation.2"],
    requests: [{ id: "x" }, { id: "x", flag: true }],
    upstreams: { [ITEM]: [{ answer: { name: "plain" } }] },
    edges: [STOCK],
    loose: [STOCK],
  },
  {
    rpc: "fields.FieldsService/Default",
    holds: ["oneofs.1", "oneofs.2", "oneofs.3"],
    requests: ["a", "b", "c", "z"].flatMap((id) => [
      { id, text: "u1" },
      { id, text: "u1", flag: true },
      { id, text: "u9", flag: true },
    ]),
    edges: [STOCK, USER],
    faulty: 3,
  },
  {
    rpc: "fields.FieldsService/Added",
    holds: ["copies.1", "copies.2", "codes.5"],
    requests: IDS,
    edges: [ITEM],
    faulty: 1,
  },
  {
    rpc: "fields.FieldsService/Sent",
    holds: ["copies.3", "copies.2"],
    requests: [
      {},
      { text: "all" },
      { owner: "u1" },
      { owner: "" },
      { note: "" },
      { note: "n", tags: ["a", "b"], owner: "o", text: "one" },
    ],
  },
  { rpc: "fields.FieldsService/Renamed", holds: ["rpcs.2"], requests: IDS, edges: [ITEM, STOCK], faulty: 1 },
  { rpc: "fields.FieldsService/GetPart", holds: ["copies.4"], requests: IDS, edges: [ITEM], faulty: 1 },
];

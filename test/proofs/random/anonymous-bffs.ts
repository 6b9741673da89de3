// Random rpcs with a write and a limit over a caller who may be anonymous and over a step that may be absent, and the
// outcome by the language guide: the code that refuses the rpc, or what it does for a request.
import { type Random, seeded } from "../../bffs/second/random-message.ts";

/** A request and its caller. */
export interface State {
  readonly id: string;
  readonly principal: { readonly subject: string; readonly tenant?: string } | undefined;
}
type Name = "principal" | "item";

/** An expression: the names without which it is not evaluated, and those that it tests by `ok` or `has`. */
interface Text<Value> {
  readonly text: string;
  readonly unsafe: readonly Name[];
  readonly tests: readonly Name[];
  readonly value: (state: Values) => Value;
}
/** Values of the names; undefined: absent. */
interface Values extends State {
  readonly item: string | undefined;
}
export const ADDRESS = "192.0.2.7";

const text = <Value>(
  source: string,
  value: (state: Values) => Value,
  unsafe: readonly Name[] = [],
  tests: readonly Name[] = [],
): Text<Value> => ({ text: source, unsafe, tests, value });
const [P, I] = [["principal"], ["item"]] as const;
const subject = ({ principal }: Values): string => principal?.subject ?? "";
const hasTenant = ({ principal }: Values): boolean => principal?.tenant !== undefined;

const INPUTS: readonly Text<string>[] = [
  text("args.id", ({ id }) => id),
  text("'x'", () => "x"),
  text("principal.subject", subject, P),
  text("principal.subject", subject, P),
  text("principal.?subject.orValue('none')", ({ principal }) => principal?.subject || "none"),
  text("ok(principal) ? principal.subject : 'anonymous'", ({ principal }) => principal?.subject ?? "anonymous"),
  text("has(principal.tenant) ? 'tenant' : 'single'", (state) => (hasTenant(state) ? "tenant" : "single"), P),
  text("item.name", ({ item = "" }) => item, I),
  text("ok(item) ? item.name : 'no item'", ({ item = "no item" }) => item),
  text("item.?name.orValue('no item')", ({ item = "no item" }) => item),
  text("principal.subject + item.name", (state) => subject(state) + (state.item ?? ""), ["principal", "item"]),
];
const CONDITIONS: readonly (Text<boolean> | undefined)[] = [
  undefined,
  undefined,
  text("args.id != 'x'", ({ id }) => id !== "x"),
  text("ok(principal)", ({ principal }) => principal !== undefined, [], P),
  text("has(principal.tenant)", hasTenant, P, P),
  text("principal.subject != 'other'", (state) => subject(state) !== "other", P),
  text(
    "ok(principal) && principal.subject != 'other'",
    (state) => state.principal !== undefined && subject(state) !== "other",
    [],
    P,
  ),
  text("ok(principal) || args.id == 'x'", ({ principal, id }) => principal !== undefined || id === "x"),
  text("!(!ok(principal) || args.id == 'x')", ({ principal, id }) => principal !== undefined && id !== "x", [], P),
  text("args.id != 'x' || principal.subject == 'other'", (state) => state.id !== "x" || subject(state) === "other", P),
  text("ok(item)", ({ item }) => item !== undefined, [], I),
  text("has(item.name)", ({ item = "" }) => item !== "", I, I),
  text(
    "ok(principal) && ok(item)",
    ({ principal, item }) => principal !== undefined && item !== undefined,
    [],
    ["principal", "item"],
  ),
];
const KEYS: readonly Text<string>[] = [
  text("peer.address", () => ADDRESS),
  text("principal.subject", subject, P),
  text("args.id + principal.subject", (state) => state.id + subject(state), P),
  text("ok(principal) ? principal.subject : peer.address", ({ principal }) => principal?.subject ?? ADDRESS),
  text("principal.?subject.orValue(peer.address)", ({ principal }) => principal?.subject || ADDRESS),
];
const GUARDS: readonly (Text<boolean> | undefined)[] = [
  undefined,
  undefined,
  text("args.id == 'bad'", ({ id }) => id === "bad"),
  text("!ok(principal)", ({ principal }) => principal === undefined, [], P),
  text("args.id == 'bad' || !ok(principal)", ({ principal, id }) => id === "bad" || principal === undefined, [], P),
];

/** How the step `item` may be absent for the id "skip". */
type Item = "always" | "if" | "supplementary";

export interface AnonymousRpc {
  readonly number: number;
  readonly open: boolean;
  readonly item: Item;
  readonly guard: Text<boolean> | undefined;
  readonly condition: Text<boolean> | undefined;
  readonly supplementary: boolean;
  readonly input: Text<string>;
  readonly note: { readonly by: Text<string>; readonly if: Text<boolean> | undefined };
  readonly limit: { readonly key: Text<string>; readonly if: Text<boolean> | undefined };
}

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
const withoutItem = (all: typeof CONDITIONS) =>
  all.filter((condition) => condition === undefined || ![...condition.unsafe, ...condition.tests].includes("item"));

export function anonymousRpc(seed: string, number: number): AnonymousRpc {
  const random = seeded("anonymous", seed, number);
  return {
    number,
    open: random() < 0.85,
    item: pick(random, ["always", "if", "supplementary"]),
    guard: pick(random, GUARDS),
    condition: pick(random, CONDITIONS),
    supplementary: random() < 0.3,
    input: pick(random, INPUTS),
    note: { by: pick(random, INPUTS), if: pick(random, CONDITIONS) },
    limit: { key: pick(random, KEYS), if: pick(random, withoutItem(CONDITIONS)) },
  };
}

export const UPSTREAM = `syntax = "proto3";
package up.v1;
service UpService {
  rpc Get(GetRequest) returns (Item) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Put(PutRequest) returns (Item);
}
message GetRequest { string id = 1; }
message PutRequest { string id = 1; string note = 2; }
message Item { string name = 1; }
`;

export const IDENTITY = `syntax = "proto3";
package web.v1;
import "bff/v1/options.proto";
option (bff.v1.file).identity = {
  type: "web.v1.Caller"
  source: { name: "robot" api_key: {} set: { name: "subject" by: "credential.subject" } }
};
message Caller { string subject = 1; optional string tenant = 2; }
`;

const when = (condition: Text<boolean> | undefined): string =>
  condition === undefined ? "" : ` if: "${condition.text}"`;

export function protoOf({
  number,
  open,
  item,
  guard,
  condition,
  supplementary,
  input,
  note,
  limit,
}: AnonymousRpc): string {
  const itemTraits = { always: "", if: ` if: "args.id != 'skip'"`, supplementary: " supplementary: true" }[item];
  return `syntax = "proto3";
package web.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "up/v1/up.proto";
import "web/v1/c0.proto";
service S${number}Service {
  option (bff.v1.service).permit = {${open ? " public: true " : ""}};
  rpc Put${number}(Put${number}Request) returns (Done${number}) {
    option (bff.v1.method).rate_limit = { name: "l${number}" key: "${limit.key.text}"${when(limit.if)} rate: 1 per: "1h" };
  }
}
message Put${number}Request { string id = 1; }
message Done${number} {
  option (bff.v1.message) = { let: [
    ${guard === undefined ? "" : `{ guard: { if: "${guard.text}" fail: { code: FAILED_PRECONDITION } } },`}
    { name: "item"${itemTraits} call: { method: "up.v1.UpService/Get" set: { name: "id" by: "args.id" } } },
    { name: "order"${supplementary ? " supplementary: true" : ""}${when(condition)} call: {
      method: "up.v1.UpService/Put"
      set: [ { name: "id" by: "${input.text}" }, { name: "note" by: "${note.by.text}"${when(note.if)} } ]
    } }
  ] };
  optional string item = 1 [(bff.v1.field).by = "item.name"];
  optional string order = 2 [(bff.v1.field).by = "order.name"];
  repeated bff.v1.Degradation degraded = 3;
}
`;
}

/** Returns the codes of the errors that refuse the rpc. */
export function refusals({ open, item, guard, condition, supplementary, input, note, limit }: AnonymousRpc): string[] {
  const mayLack = (name: Name): boolean => (name === "principal" ? open : item !== "always");
  const tested = condition?.tests ?? [];
  const inputs = [
    ...input.unsafe,
    ...(note.if?.unsafe ?? []),
    ...note.by.unsafe.filter((name) => !note.if?.tests.includes(name)),
  ];
  const lacks = inputs.filter((name) => mayLack(name) && !tested.includes(name));
  const failing = item === "supplementary" && [...lacks, ...(condition?.unsafe ?? [])].includes("item");
  const silent = lacks.filter((name) => !guard?.tests.includes(name));
  const limited = limit.if?.tests ?? [];
  const uncounted = [...limit.key.unsafe, ...(limit.if?.unsafe ?? [])].filter(
    (name) => mayLack(name) && !limited.includes(name),
  );
  return [
    ...(!supplementary && failing ? ["BFF602"] : silent.length > 0 ? ["BFF652"] : []),
    ...(uncounted.length > 0 ? ["BFF654"] : []),
  ];
}

export interface Outcome {
  /** Undefined: the answer is a success. */
  readonly refused: "UNAUTHENTICATED" | "FAILED_PRECONDITION" | undefined;
  /** The request of the write; undefined: an `if` or a refusal leaves it out. */
  readonly put: { readonly id: string; readonly note: string } | undefined;
  /** True if a second equal request is above the limit. */
  readonly limited: boolean;
}

/** Returns what an accepted rpc does for a request. */
export function outcomeOf(rpc: AnonymousRpc, state: State): Outcome {
  const item = state.id === "skip" && rpc.item !== "always" ? undefined : `item ${state.id}`;
  const values = { ...state, item };
  const there = ({ unsafe }: Text<unknown>): boolean => unsafe.every((name) => values[name] !== undefined);
  const holds = (condition: Text<boolean> | undefined): boolean =>
    condition === undefined || (there(condition) && condition.value(values));
  const limited = holds(rpc.limit.if);
  if (!rpc.open && state.principal === undefined) return { refused: "UNAUTHENTICATED", put: undefined, limited: false };
  if (rpc.guard?.value(values)) return { refused: "FAILED_PRECONDITION", put: undefined, limited };
  if (!holds(rpc.condition)) return { refused: undefined, put: undefined, limited };
  const note = holds(rpc.note.if) ? rpc.note.by.value(values) : "";
  return { refused: undefined, put: { id: rpc.input.value(values), note }, limited };
}

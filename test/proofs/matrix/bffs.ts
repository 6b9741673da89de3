// The BFFs of the matrix, each with what its upstreams answer and requests to choose from.
import {
  create,
  type DescMethod,
  type FileRegistry,
  fromBinary,
  fromJson,
  type JsonValue,
  type Message,
  toJson,
} from "@bufbuild/protobuf";
import { isReflectMessage } from "@bufbuild/protobuf/reflect";
import {
  factsOf,
  sessionOf,
  summaryOf,
  unreadOf,
  usageOf,
  userOf,
  workspaceIds,
} from "../../../examples/dashboard/data.ts";
import { GetSessionRequestSchema, GetSummaryRequestSchema } from "../../../generated/agent/v1/agent_pb.ts";
import { GetUsageRequestSchema } from "../../../generated/billing/v1/billing_pb.ts";
import { SearchRequestSchema, SearchResponseSchema } from "../../../generated/memory/v1/memory_pb.ts";
import { CountUnreadRequestSchema } from "../../../generated/notify/v1/notify_pb.ts";
import { BatchGetUsersRequestSchema, BatchGetUsersResponseSchema } from "../../../generated/user/v1/user_pb.ts";
import type { Ir } from "../../../plugin/src/ir/ir.ts";
import { isUnary } from "../../bffs/second/registry.ts";
import { secondRequest } from "../../bffs/second/requests.ts";
import { answerTo } from "../../bffs/second/upstreams.ts";
import type { BffRequest } from "../load/bff.ts";
import { protosIn, second as secondUnderLoad, workedExample as workedExampleUnderLoad } from "../load/bffs.ts";
import { methodName } from "../oracle/outcomes.ts";
import type { Resolvers } from "../oracle/response.ts";
import type { MatrixBff } from "./edges.ts";

// ---- the example ----

const dashboard: Readonly<Record<string, (request: Uint8Array) => Message | undefined>> = {
  "agent.v1.AgentService/GetSummary": (bytes) => summaryOf(fromBinary(GetSummaryRequestSchema, bytes).workspaceId),
  "agent.v1.AgentService/GetSession": (bytes) => sessionOf(fromBinary(GetSessionRequestSchema, bytes).workspaceId),
  "billing.v1.BillingService/GetUsage": (bytes) => usageOf(fromBinary(GetUsageRequestSchema, bytes).workspaceId),
  "notify.v1.NotifyService/CountUnread": (bytes) => unreadOf(fromBinary(CountUnreadRequestSchema, bytes).userId),
  "memory.v1.MemoryService/Search": (bytes) => {
    const { sessionId, query } = fromBinary(SearchRequestSchema, bytes);
    return create(SearchResponseSchema, { items: [...factsOf(sessionId, query)], scanned: 48_211n });
  },
  "user.v1.UserService/BatchGetUsers": (bytes) => {
    const { ids } = fromBinary(BatchGetUsersRequestSchema, bytes);
    return create(BatchGetUsersResponseSchema, { users: ids.map(userOf).filter((user) => user !== undefined) });
  },
};

function answerOfDashboard(method: DescMethod, request: Uint8Array): Message {
  const answer = dashboard[methodName(method)]?.(request);
  if (answer === undefined) throw new Error(`no answer to ${methodName(method)}`);
  return answer;
}

function example(name: string, target: string, service: string, rpc: string): MatrixBff {
  return {
    name,
    // The third BFF imports what others publish, and calls nothing that these two do not.
    protos: Object.fromEntries(
      Object.entries(protosIn("proto/example")).filter(([name]) => !name.startsWith("account/")),
    ),
    targets: [target],
    env: { DEFAULT_QUERY: "recent" },
    answer: answerOfDashboard,
    *candidates(ir) {
      for (const workspaceId of workspaceIds) {
        const method = unary(ir, service, rpc);
        yield { method, message: create(method.input, { workspaceId, userId: "u-ada" }), headers: {} };
      }
    },
  };
}

export const web = example("web", "web/v1/web.proto", "web.v1.DashboardService", "GetDashboard");
export const mobile = example("mobile", "mobile/v1/mobile.proto", "mobile.v1.HomeService", "GetHome");
export const workedExample: MatrixBff = {
  ...workedExampleUnderLoad,
  answer: answerOfDashboard,
  candidates: web.candidates,
};

// ---- the second BFF ----

export const second: MatrixBff = {
  name: "second",
  protos: secondUnderLoad.protos,
  targets: secondUnderLoad.targets,
  env: secondUnderLoad.env,
  ...(secondUnderLoad.resolvers && { resolvers: secondUnderLoad.resolvers }),
  answer(method, request) {
    const answer = answerTo(method, methodName(method), request);
    // large enough for the receipt that only large orders get
    if (methodName(method) === "orders.v1.OrderService/PlaceOrder") {
      const order = toJson(method.output, answer) as { total?: object };
      return fromJson(method.output, { ...order, total: { ...order.total, cents: "60000" } });
    }
    return answer;
  },
  *candidates(ir): Iterable<BffRequest> {
    for (let number = 0; number < 400; number++) {
      const { headers, ...request } = secondRequest(ir.registry as FileRegistry, number, 1);
      const { "x-request-id": _, ...rest } = headers;
      yield { ...request, headers: rest };
    }
  },
};

export function unary(ir: Ir, service: string, name: string) {
  const method: DescMethod | undefined = ir.registry.getService(service)?.methods.find((m) => m.name === name);
  if (!isUnary(method)) throw new Error(`no rpc ${service}/${name}`);
  return method;
}

// ---- every feature of the language ----

interface MatrixRequest {
  readonly id?: string;
  readonly ids?: readonly string[];
}
/** Answers of the upstreams, in JSON. p3 and the review of p1 do not exist. */
const everyAnswer: Readonly<Record<string, (request: MatrixRequest) => JsonValue>> = {
  "up.v1.ItemService/Get": ({ id = "" }) => item(id),
  "up.v1.ItemService/BatchGet": ({ ids = [] }) => ({ items: ids.filter((id) => id !== "p3").map(item) }),
  "up.v1.NoteService/Get": ({ id = "" }) => ({ id, text: `note ${id}`, weight: 1 + (id.length % 9) }),
  "up.v1.PriceService/Map": ({ ids = [] }) => ({
    prices: Object.fromEntries(ids.map((id) => [id, { cents: String(100 * id.length), currency: "EUR" }])),
  }),
  "up.v1.ReviewService/List": ({ ids = [] }) => ({
    reviews: ids.flatMap((id) =>
      id === "p1"
        ? []
        : [
            { itemId: id, stars: 4 },
            { itemId: id, stars: 5 },
          ],
    ),
  }),
  "up.v1.SearchService/Query": ({ id = "" }) => ({
    hits: [1, 2, 3].map((n) => ({ id: `${id}${n}`, score: (n * id.length) % 7 })),
  }),
  "up.v1.OrderService/Place": ({ id = "" }) => ({ id: `order-${id}`, cents: "500" }),
  "up.v1.OrderService/Pay": ({ id = "" }) => ({ id: `paid-${id}`, cents: "500" }),
  "up.v1.OrderService/Redeem": ({ id = "" }) => ({ id: `redeemed-${id}`, cents: "50" }),
  "up.v1.OrderService/Tell": ({ id = "" }) => ({ id: `told-${id}` }),
};
function item(id: string): JsonValue {
  const partIds = /^p\d$/.test(id) ? [] : ["p1", "p2", "p3", "p4", "p5"];
  return { id, text: `item ${id}`, stock: 3, partIds, kind: "KIND_BOOK", note: "n", cents: "1200" };
}

interface Texts {
  readonly text?: string;
  readonly id?: string;
  readonly hits?: readonly unknown[];
}
interface Supplying<Args, Steps> {
  readonly args: Args;
  readonly steps: Steps;
}
/** Values of its functions: once over plain messages, once over those of the oracle. */
const everySupplied = {
  badge: ({ args, steps }: Supplying<{ item: Texts }, { own: Texts; more: Texts | undefined }>) => ({
    text: `${args.item.id}: ${steps.own.hits?.length}, ${steps.more?.text ?? "-"}`,
  }),
  innerSupplied: ({ args, steps }: Supplying<{ id: string; note: Texts | undefined }, { deep: Texts | undefined }>) =>
    steps.deep === undefined && args.note === undefined
      ? undefined
      : `${args.id}: ${steps.deep?.text ?? "-"}, ${args.note?.text ?? "-"}`,
};
function plain(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const all = Object.entries(values);
  return Object.fromEntries(all.map(([name, of]) => [name, isReflectMessage(of) ? of.message : of]));
}
const everyResolvers: Resolvers = new Map<string, ReturnType<Resolvers["get"]> & object>([
  ["every.v1.Badge", (args, steps) => everySupplied.badge({ args: plain(args), steps: plain(steps) } as never)],
  [
    "every.v1.Inner.supplied",
    (args, steps) => everySupplied.innerSupplied({ args: plain(args), steps: plain(steps) } as never),
  ],
]);

const everyProtos = protosIn("test/proofs/matrix/proto");
function answerOfEvery(method: DescMethod, request: Uint8Array): Message {
  const json = toJson(method.input, fromBinary(method.input, request)) as MatrixRequest;
  const answer = everyAnswer[methodName(method)]?.(json);
  if (answer === undefined) throw new Error(`no answer to ${methodName(method)}`);
  return fromJson(method.output, answer);
}

export const every: MatrixBff = {
  name: "every",
  resolvers: { functions: everySupplied, oracle: everyResolvers },
  protos: everyProtos,
  targets: ["every/v1/every.proto"],
  env: { REGION: "fi" },
  answer: answerOfEvery,
  *candidates(ir) {
    const get = unary(ir, "every.v1.EveryService", "GetPage");
    const short = unary(ir, "every.v1.EveryService", "GetShort");
    const order = unary(ir, "every.v1.EveryService", "Order");
    const headers = { authorization: "Bearer made-up", "accept-language": "fi", "x-tenant": "t1" };
    yield { method: get, message: fromJson(get.input, { id: "a", mode: 1, locale: "fi" }), headers };
    yield { method: short, message: fromJson(short.input, { id: "a", mode: 1, locale: "fi" }), headers };
    yield { method: order, message: fromJson(order.input, { id: "a", codes: ["SPRING", "TEN"] }), headers };
    yield { method: get, message: fromJson(get.input, { id: "a", mode: 2, locale: "fi" }), headers };
  },
};

// ---- callers, known and anonymous ----

export const open: MatrixBff = {
  name: "open",
  protos: { ...everyProtos, ...protosIn("test/proofs/matrix/callers") },
  targets: ["open/v1/open.proto"],
  env: {},
  caller: { header: "x-gateway", type: "open.v1.Caller" },
  answer: answerOfEvery,
  *candidates(ir) {
    const callers = [{ subject: "s", tenant: "a", tags: ["t1", "t2"] }, { subject: "p2" }];
    for (const caller of callers) {
      const headers = { "x-gateway": Buffer.from(JSON.stringify(caller)).toString("base64url") };
      for (const rpc of ["GetHome", "GetMine", "GetTenant", "Buy"])
        for (const id of ["a", "gift"]) {
          const method = unary(ir, "open.v1.OpenService", rpc);
          yield { method, message: fromJson(method.input, { id }), headers };
        }
    }
  },
};

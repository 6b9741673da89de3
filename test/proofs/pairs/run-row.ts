// The script of a row: requests over every protocol while all is well, while prices fail, and afterwards.
import { setTimeout as pause } from "node:timers/promises";
import type { JsonObject } from "@bufbuild/protobuf";
import { until } from "@protobff/runtime/internal/testing/redis-rig";
import { CARRIERS, type Carrier, type Refused, type Seen } from "../../features/protocols/protocol-carriers.ts";
import type { GeneratedProject } from "../../support/generated-project.ts";
import { type Bff, bffOf, unexplained, wholePage } from "./bff.ts";
import type { Choice } from "./model.ts";
import { type ServedRow, servedRow } from "./served-row.ts";
import { faultsOfSpans } from "./spans.ts";
import { Tally } from "./tally.ts";
import type { Fault } from "./upstream.ts";

type Rpc = Bff["rpcs"][number];
interface Row extends ServedRow {
  readonly index: number;
  /** The rpc has a cache of whole pages. */
  readonly isCached: boolean;
  /** Redis may hold a stale page that was whole while the fault was on, because the author ignores the failure. */
  readonly hasStalePages: boolean;
  readonly tally: Tally;
  readonly carriers: (rpc: Rpc) => readonly (readonly [name: string, carrier: Carrier])[];
}

const SERVICE = "pairs.v1.PageService";
/** Lines of a log that no row may cause. */
const FAULTS = /unhandled|TypeError|ReferenceError|illegal transition|internal error:/i;

/** Protocols that carry an rpc of a BFF. */
function carriersOf(bff: Bff, rpc: Rpc): readonly (readonly [name: string, carrier: Carrier])[] {
  const reads = bff.proto.includes("option (google.api.http).get");
  const isTool = bff.env.BFF_MCP === undefined && bff.tools.includes(rpc);
  const isByCookie = bff.credential === "cookie" || bff.credential === "session";
  // Each request is a socket with one header, `authorization`.
  const isInHeader = bff.credential !== undefined && bff.credential !== "svid" && bff.credential !== "peer";
  return CARRIERS.filter(([, name]) => {
    if (name === "REST") return rpc === "Read";
    if (name === "a tool of MCP") return isTool && !isByCookie;
    if (name === "Connect over GET") return rpc === "Read" && reads;
    if (name === "server-sent events") return rpc === "Load" && /rpc Load.*NO_SIDE_EFFECTS/.test(bff.proto);
    return name !== "WebSocket" || (rpc !== "Read" && !isInHeader);
  }).map(([, name, carrier]) => [name, carrier] as const);
}

/**
 * Returns the page that an answer makes: the merge of its parts, or the last item of a stream.
 *
 * @param isLive the stream ends with its `max_age`
 */
function pageOf(seen: Seen | Refused, rpc: Rpc, isLive: boolean): JsonObject | string {
  if ("refused" in seen) return `refused: ${seen.refused}`;
  if (seen.error !== undefined && !(isLive && seen.error.code === "UNAVAILABLE" && seen.messages.length > 0))
    return `${seen.error.code}: ${seen.error.text}`;
  const messages = seen.messages as readonly JsonObject[];
  if (rpc === "Follow") return messages.at(-1) ?? "no item";
  const { parts: _, ...merged } = messages.reduce(mergedJson, {});
  return merged;
}
/** Merges two messages as Protocol Buffers do: lists are joined, messages and maps merged, other values replaced. */
function mergedJson(page: JsonObject, other: JsonObject): JsonObject {
  const merged = { ...page };
  for (const [name, value] of Object.entries(other)) {
    const before = merged[name];
    if (Array.isArray(before) && Array.isArray(value)) merged[name] = [...before, ...value];
    else if (isObject(before) && isObject(value)) merged[name] = mergedJson(before, value);
    else merged[name] = value;
  }
  return merged;
}
const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Runs a row. Returns what is wrong.
 *
 * @param kept projects whose files the caller removes
 */
export async function runRow(
  name: string,
  index: number,
  choice: Choice,
  kept?: GeneratedProject[],
): Promise<readonly string[]> {
  const bff = bffOf(choice);
  const isCached = (choice.get("rpc cache")?.name ?? "none") !== "none";
  const served = await servedRow(`pairs-${name}`, bff, kept);
  const row: Row = {
    ...served,
    index,
    isCached,
    hasStalePages: false,
    tally: new Tally(),
    carriers: (rpc) => carriersOf(bff, rpc),
  };
  const wrong: string[] = [];
  try {
    await whole(row, bff, wrong);
    if (wrong.length === 0) await failing(row, bff, choice, wrong);
    if (wrong.length === 0) await again(row, bff, wrong);
    if (wrong.length === 0) wrong.push(...(await row.tally.differences(row.metrics, SERVICE)));
    if (wrong.length === 0) await embedded(row, bff, choice, wrong);
  } catch (error) {
    wrong.push(`${error}; the log: ${row.log()}`);
  }
  const code = await row.stop();
  if (code !== 0) wrong.unshift(`the server ended with ${code}: ${row.log()}`);
  wrong.push(...row.replays());
  if (row.spans !== undefined) wrong.push(...faultsOfSpans(await row.spans(), row.tally.requestCount));
  for (const line of row.log().split("\n")) if (FAULTS.test(line)) wrong.push(`log: ${line}`);
  return wrong.slice(0, 5);
}

/** The same inside this process, by the doors of a program. */
async function embedded(row: Row, bff: Bff, choice: Choice, wrong: string[]): Promise<void> {
  const doors = await row.doors();
  const inside: Row = {
    ...row,
    hasStalePages: choice.get("rpc cache")?.name === "stale" && isIgnored(choice),
    tally: new Tally(),
    carriers: (rpc) => doors.through(carriersOf(bff, rpc)),
  };
  const found: string[] = [];
  try {
    await whole(inside, bff, found);
    if (found.length === 0) await failing(inside, bff, choice, found);
    if (found.length === 0) found.push(...(await inside.tally.differences(doors.metrics, SERVICE)));
  } finally {
    row.shop.fault = undefined;
    await doors.close();
  }
  for (const line of doors.log) if (FAULTS.test(line)) found.push(`log: ${line}`);
  wrong.push(...found.map((text) => `embedded: ${text}`));
}

async function answerOf(
  row: Row,
  bff: Bff,
  rpc: Rpc,
  [protocol, carrier]: readonly [string, Carrier],
  id: string,
): Promise<JsonObject | string> {
  const { authorization } = row.target.headers ?? {};
  const headers = authorization === undefined ? {} : { authorization };
  const target = protocol === "WebSocket" ? { ...row.target, headers } : row.target;
  const orders = row.shop.orders.get(id) ?? 0;
  const answer = async (): Promise<JsonObject | string> => {
    const seen = await carrier(target, rpc, { id });
    const isOpen = rpc === "Follow" && isLive(bff);
    row.tally.count(rpc, seen, { isNewest: protocol.endsWith("a tool of MCP") && rpc !== "Read", isOpen });
    return pageOf(seen, rpc, isOpen);
  };
  let page = await answer();
  // A closed limit refuses while its counters are slow, as on a busy machine.
  for (let i = 0; i < 5 && bff.proto.includes("closed: true") && /^UNAVAILABLE/.test(`${page}`); i++)
    page = await answer();
  const made = (row.shop.orders.get(id) ?? 0) - orders;
  if (typeof page === "string") return made === 0 ? page : `${page}, after ${made} orders`;
  if (bff.proto.includes("PlaceOrder") && made !== 1) return `${made} orders instead of one`;
  // A cached page keeps the first of both events if its topic had no other.
  return page.newest === "1" && row.isCached ? { ...page, newest: "2" } : page;
}

async function whole(row: Row, bff: Bff, wrong: string[]): Promise<void> {
  for (const id of ["a", "game"])
    for (const rpc of bff.rpcs)
      for (const [protocol, carrier] of row.carriers(rpc)) {
        const expected = wholePage(bff, id);
        const isWhole = (is: unknown): boolean => JSON.stringify(sorted(is)) === JSON.stringify(sorted(expected));
        let page = await answerOf(row, bff, rpc, [protocol, carrier], id);
        for (let tries = 0; tries < 20 && (isLate(page) || (row.hasStalePages && !isWhole(page))); tries++) {
          await pause(PAUSE_MS);
          page = await answerOf(row, bff, rpc, [protocol, carrier], id);
        }
        if (!isWhole(page))
          wrong.push(
            `${rpc} of ${id} over ${protocol}: ${JSON.stringify(page)} in place of ${JSON.stringify(expected)}`,
          );
      }
}

async function failing(row: Row, bff: Bff, choice: Choice, wrong: string[]): Promise<void> {
  const fault = faultOf(choice);
  row.shop.fault = fault;
  for (const rpc of bff.rpcs)
    for (const [i, [protocol, carrier]] of few(row.carriers(rpc), row.index).entries()) {
      const ids = ["a", `new${i}`] as const;
      const answer = async (id: string): Promise<JsonObject | string> => {
        let page = await answerOf(row, bff, rpc, [protocol, carrier], id);
        for (let tries = 0; tries < 20 && lacksLast(page); tries++) {
          await pause(PAUSE_MS);
          page = await answerOf(row, bff, rpc, [protocol, carrier], id);
        }
        return page;
      };
      // Both wait for the end of their time when prices hang.
      const pages =
        fault === "hang" ? await Promise.all(ids.map(answer)) : [await answer(ids[0]), await answer(ids[1])];
      for (const [of, id] of ids.entries()) {
        const page = pages[of] ?? "";
        if (typeof page === "string" && failsByRule(choice, fault, id).test(page)) continue;
        if (fault === "hang" && page === NO_FIRST && rpc === "Follow" && isLive(bff)) continue;
        // An order waits for what may fail the answer, here for a price without a time limit, and then has no time.
        if (fault === "hang" && page === NO_TIME && bff.proto.includes("PlaceOrder") && !hasTimeout(choice)) continue;
        const faults = typeof page === "string" ? [page] : unexplained(bff, id, page, isIgnored(choice));
        for (const found of faults) wrong.push(`${rpc} of ${id} over ${protocol}, ${fault}: ${found}`);
      }
    }
}

const faultOf = (choice: Choice): Fault => (choice.get("fault")?.name ?? "unavailable") as Fault;
/** Reports whether the author ignores the failure, so that a page without a price is whole. */
const isIgnored = (choice: Choice): boolean =>
  faultOf(choice) === "not found" && /ignore|entry/.test(choice.get("on_error")?.name ?? "");

/** Reports whether a topic lacks its last event yet. */
const lacksLast = (page: JsonObject | string): boolean => typeof page !== "string" && page.newest === "1";
/** Reports whether a busy machine explains the answer: a call was or is late, or a topic lacks its last event yet. */
const isLate = (page: JsonObject | string): boolean =>
  /^"DEADLINE_EXCEEDED: |REASON_(TIMEOUT|BREAKER_OPEN)|"newest":"1"/.test(JSON.stringify(page));

/** Matches failures that a rule of the call declares. An order does not wait for a call that may be absent. */
function failsByRule(choice: Choice, fault: Fault, id: string): RegExp {
  const rule = choice.get("on_error")?.name;
  if (rule === "fail with details") return /^(NOT_FOUND|UNAVAILABLE|DEADLINE_EXCEEDED): /;
  // A breaker that one late call opens refuses the next one.
  const isRefused =
    fault !== "not found" && ["in a row", "soon", "variables"].includes(choice.get("breaker")?.name ?? "");
  const isUnavailable = isRefused || !["not found", "slow", "hang"].includes(fault);
  return rule === "fail" && isUnavailable ? new RegExp(`^ABORTED: no price of ${id}(, after 1 orders)?$`) : /^$/;
}

/** The first answer of a live rpc takes longer than its `max_age`. */
const NO_FIRST = "UNAVAILABLE: unavailable";
const isLive = ({ proto }: Bff): boolean => proto.includes("live:");
const NO_TIME = "DEADLINE_EXCEEDED: the operation timed out";
/** Reports whether the call of a price has a time limit. */
const hasTimeout = (choice: Choice): boolean => /call|entry/.test(choice.get("timeout")?.name ?? "");

/** Some of the protocols, others for each row: failures may take their time. */
function few<T>(all: readonly T[], index: number): readonly T[] {
  return [0, 1].slice(0, all.length).map((i) => all[(index + i * 3) % all.length] as T);
}

/** Prices are there again. */
async function again(row: Row, bff: Bff, wrong: string[]): Promise<void> {
  row.shop.fault = undefined;
  const [[protocol, carrier] = ["", undefined]] = row.carriers("Read");
  if (carrier === undefined) return;
  const seen = new Set<string>();
  let turn = 0;
  const isWhole = async (): Promise<boolean> => {
    const id = `later${turn++}`;
    const page = await answerOf(row, bff, "Read", [protocol, carrier], id);
    seen.add(JSON.stringify(page).replaceAll(id, "later"));
    const found = JSON.stringify(sorted(page)) === JSON.stringify(sorted(wholePage(bff, id)));
    if (!found) await pause(PAUSE_MS); // each request has a connection, of which a server may allow few
    return found;
  };
  await until(isWhole, 40_000).catch(() => {
    wrong.push(`after the fault over ${protocol}: ${[...seen].join(", then ")}`);
  });
}

/** Between two requests that wait for the end of a fault, in milliseconds. */
const PAUSE_MS = 250;

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, of]) => [key, sorted(of)]),
  );
}

// Sends requests to random BFFs, by the kinds of their rpcs, and compares the results with the oracle.
import { type DescMethod, type Message, toBinary } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import type { TestFollow } from "../../../../packages/testing/src/follow.ts";
import { seeded } from "../../../bffs/second/random-message.ts";
import { tokenOf } from "../../oracle/cel/functions.ts";
import { headersOf } from "../../oracle/headers.ts";
import { oracle } from "../../oracle/oracle.ts";
import { followOracle, type Resume, type StreamVerdict } from "../../oracle/stream.ts";
import { degradedField, type Got, mismatch, type Verdict } from "../../oracle/verdict.ts";
import { different, type Followed, followed } from "../../random/compare-items.ts";
import { inParts, partsDiffer } from "../../random/parts.ts";
import { type Came, type Differs, type Made, RichRequest } from "./rich-request.ts";
import { RichSource } from "./rich-source.ts";

const WRITES_END_MS = 2_000;

/** Returns the results of all requests to a BFF in one world. */
export async function questions(made: Made, seed: string): Promise<readonly Came[]> {
  const [first] = made.methods;
  if (first !== undefined && first.methodKind !== "unary") return items(made, first, seed);
  const all: Came[] = [];
  for (const method of made.methods)
    if (method.methodKind === "unary") all.push(...(await answers(made, method, seed)));
    else all.push(await later(made, method, seed));
  return all;
}

/** Returns the results of a request, and of the same one with the token that its answer has. */
async function answers(made: Made, method: DescMethod, seed: string): Promise<readonly Came[]> {
  const { came, next } = await answer(made, method, seed);
  return next === "" ? [came] : [came, (await answer(made, method, seed, next)).came];
}

async function answer(made: Made, method: DescMethod, seed: string, token = "") {
  const request = new RichRequest(made, seed, method, {}, token);
  const state = tokenOf([["k", (request.message as Paged).id]]);
  const opened = { ...request.message, token: token && state } as Message;
  let next = "";
  let header: string | undefined;
  let all = new Headers();
  const differences: string[] = [];
  const call = request.bff[method.localName] as (request: object, call: object) => Promise<Message>;
  const onHeader = (headers: Headers): void => {
    header = headers.get("bff-degraded") ?? undefined;
    all = headers;
  };
  const got = await call(request.message, { onHeader, headers: request.headers }).then(
    (message): Got => {
      for (const [name, value] of headersOf(made.ir, method, opened, request.headerMap, message))
        if (all.get(name) !== (value ?? null)) differences.push(`${name}: ${all.get(name)}; wanted ${value}`);
      next = (message as Paged).next ?? "";
      const shown = next === "" ? message : ({ ...message, next: state } as Message);
      return { kind: "answer", message: toBinary(method.output, shown), degradedHeader: header };
    },
    (thrown: unknown): Got => {
      if (!(thrown instanceof ConnectError)) throw thrown;
      return { kind: "status", code: thrown.code, message: thrown.rawMessage };
    },
  );
  // A failure does not wait for calls with side effects, which end at their deadlines.
  if (got.kind === "status") await request.bff.clock.advance(WRITES_END_MS);
  const odd = [...all].filter(([name]) => name.startsWith("x-h"));
  if (got.kind === "status" && odd.length > 0) differences.push(`a failure has headers: ${odd.join(", ")}`);
  const end = got.kind === "status" ? "failed" : got.degradedHeader === undefined ? "whole" : "degraded";
  const differs: Differs = (...ended) => {
    const verdict = verdictOf(made, method, { message: opened, headerMap: request.headerMap }, ...ended);
    return mismatch(verdict, got) ?? differences[0];
  };
  return { came: request.came(end, differs), next };
}
type Paged = Message & { readonly id?: string; readonly next?: string };

function verdictOf(
  { ir }: Made,
  method: DescMethod,
  { message, headerMap }: Pick<RichRequest, "message" | "headerMap">,
  ...[outcomes, computed]: Parameters<Differs>
): Verdict {
  return oracle(ir, method, message, headerMap, {}, undefined, outcomes, undefined, undefined, computed);
}

/** The same in parts. */
async function later(made: Made, method: DescMethod, seed: string): Promise<Came> {
  const request = new RichRequest(made, seed, method);
  const follow = request.bff[method.localName] as (request: object, call: object) => TestFollow<Message>;
  const got = await inParts(follow(request.message, { headers: request.headers }));
  const end = got.failed !== undefined ? "failed" : isDegraded(method, got.messages) ? "degraded" : "whole";
  const came = request.came(end, (...ended) => partsDiffer(verdictOf(made, method, request, ...ended), got));
  return came.fault?.includes("\n") ? { ...came, fault: `in ${got.messages.length} parts: ${came.fault}` } : came;
}

/** A follower, and behind one of its items another one. */
async function items(made: Made, method: DescMethod, seed: string): Promise<readonly Came[]> {
  const random = seeded("follow", seed);
  const item = made.ir.registry.getMessage("up.v1.Item");
  if (item === undefined) throw new Error("no items");
  // The call of a topic serves all its followers.
  const shared = Object.values(made.testCase.protos).some((text) => text.includes("topic: {"));
  const run = async (whole: boolean, resume?: { readonly token: string; readonly as: Resume }) => {
    const source = new RichSource(seed, item, whole);
    const request = new RichRequest(made, seed, method, { watchItem: source.watchItem });
    const follow = request.bff[method.localName] as (request: object, call: object) => TestFollow<Message>;
    const got = await followed(
      follow(request.message, { headers: request.headers, ...(resume && { resume: resume.token }) }),
    );
    const end = got.end !== "ended" ? "failed" : isDegraded(method, got.items) ? "degraded" : "whole";
    let verdict: StreamVerdict | undefined;
    const came = request.came(end, (outcomes) => {
      const around = { headers: request.headerMap, env: {}, now: undefined, outcomes: () => outcomes };
      const plays: RichSource["plays"] = (of, nth) => source.plays(of, nth);
      verdict = followOracle(made.ir, method, request.message, { ...around, plays }, resume?.as);
      return different(verdict, got) ?? (shared ? undefined : openedOtherwise(verdict, source));
    });
    return { came, got, verdict };
  };
  const { came, got, verdict } = await run(false);
  const at = Math.floor(random() * got.items.length);
  const behind = came.fault === undefined ? resumeAt(verdict, got, at, random() < 0.1) : undefined;
  if (behind === undefined) return [came];
  const again = await run(true, behind);
  return [came, again.came];
}
function resumeAt(verdict: StreamVerdict | undefined, { tokens }: Followed, at: number, unreadable: boolean) {
  const { position, last } = verdict?.items[at] ?? {};
  const token = tokens[at];
  if (token === undefined || position === undefined || last === true) return undefined;
  return unreadable ? ({ token: "no token", as: "unreadable" } as const) : { token, as: { position } };
}
function openedOtherwise(verdict: StreamVerdict, { opened }: RichSource): string | undefined {
  const of = (all: readonly Message[]): string =>
    JSON.stringify(
      all
        .map((message) => message as Message & { id: string; locale?: string })
        .map(({ id, locale = "" }) => [id, locale]),
    );
  return of(opened) === of(verdict.openings) ? undefined : `opened with ${of(opened)}; wanted ${of(verdict.openings)}`;
}

export function isDegraded({ output }: DescMethod, messages: readonly Message[]): boolean {
  const field = degradedField(output);
  return messages.some(
    (message) => ((message as unknown as Record<string, unknown[]>)[field?.localName ?? ""]?.length ?? 0) > 0,
  );
}

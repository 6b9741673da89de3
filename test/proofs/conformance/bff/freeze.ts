// Freezes the plan: plays each draft against the generated server and against the reference, and writes those on which
// both agree, twice each, as cases of the package. `node test/proofs/conformance/bff/freeze.ts [--new] [section …]`
// prints the others; `--new` keeps the cases that are frozen already.
import { writeFileSync } from "node:fs";
import type { JsonObject } from "@bufbuild/protobuf";
import { rulesOf } from "../../../../packages/conformance/reference/rules.ts";
import { startReference } from "../../../../packages/conformance/reference/server.ts";
import type { Case, Expected } from "../../../../packages/conformance/src/case.ts";
import { differences, merged, run } from "../../../../packages/conformance/src/play.ts";
import { PROTOCOLS } from "../../../../packages/conformance/src/play-suite.ts";
import { readSuite } from "../../../../packages/conformance/src/suite.ts";
import { startUpstreams } from "../../../../packages/conformance/src/upstreams.ts";
import { startGenerated } from "./generated-server.ts";
import { type Draft, drafts } from "./plan.ts";
import { suiteJson, suiteRequest } from "./suite-protos.ts";

type Result = Awaited<ReturnType<typeof run>>;
const folder = new URL("../../../../packages/conformance/", import.meta.url);
/** Cases that run at a time. */
const WIDTH = 4;

/** Returns what a client received, without what servers may choose: default texts, other headers, moments. */
function expectedOf(
  { headers, took: _, tokens: __, ...rest }: Result["results"][number],
  reference: Result["results"][number] | undefined,
): Expected {
  const { status, messages } = rest;
  const text = status?.message === reference?.status?.message && status?.message ? { message: status.message } : {};
  const parts = messages?.some((message) => "parts" in message);
  return {
    ...rest,
    ...(status && { status: { code: status.code, ...text, ...(status.details && { details: status.details }) } }),
    ...(headers["bff-degraded"] && { headers: { "bff-degraded": headers["bff-degraded"] } }),
    ...(parts && { messages: undefined as never, merged: merged(messages ?? []), first: messages?.[0] as JsonObject }),
  };
}

/** Returns the case of a draft with the results of a run. */
function frozen({ loose = [], ...draft }: Draft, server: Result, reference: Result, others: readonly Result[]): Case {
  const counts = new Map<string, number>();
  for (const { key } of server.calls) counts.set(key, (counts.get(key) ?? 0) + 1);
  const seen = [server, reference, ...others].flatMap(({ calls }) => calls.map(({ key }) => key));
  const keys = new Set(loose.length > 0 ? seen : counts.keys());
  const calls = [...keys].sort().map((key) => {
    const count = counts.get(key) ?? 0;
    return [key, loose.some((method) => key.startsWith(`${method} `)) ? [0, Math.max(1, count)] : count] as const;
  });
  const [first, ...further] = server.results.map((result, at) => expectedOf(result, reference.results[at]));
  const then = draft.then?.map((play, at) => ({ ...play, ...further[at] }));
  const there = (pair: readonly [string, string]): boolean =>
    pair.every((part) => [...keys].some((key) => key.startsWith(part)));
  const order = draft.order?.filter(there);
  const { order: _, then: __, ...rest } = draft;
  return {
    ...rest,
    holds: [...new Set(draft.holds)],
    ...first,
    ...(then && { then }),
    ...(order && order.length > 0 && { order }),
    calls: Object.fromEntries(calls) as Case["calls"],
  };
}

const json = suiteJson(suiteRequest());
writeFileSync(new URL("suite.json", folder), json);
const suite = readSuite();
const upstreams = await startUpstreams(suite, "127.0.0.1", 0);
const server = await startGenerated(upstreams.ports);
const addresses = upstreams.ports.map((port) => `http://127.0.0.1:${port}`);
const reference = await startReference(suite.registry, rulesOf(JSON.parse(json)), addresses);
const grpc =
  PROTOCOLS.grpc ??
  (() => {
    throw new Error("no gRPC");
  });
const targetOf = (url: string) => ({ url, transport: grpc(url) });
const targets = { server: targetOf(server.url), reference: targetOf(reference.url) };

let runs = 0;
/** Returns the case, or why the draft is none. */
async function freeze(draft: Draft): Promise<Case | string> {
  const plain: Case = { ...draft, calls: {} };
  const played = (name: keyof typeof targets, test: Case) =>
    run(suite, test, targets[name], upstreams.stages, `${draft.id}/${name}/${++runs}`);
  const others: Result[] = [];
  if (draft.loose)
    for (const name of ["server", "server", "reference"] as const) others.push(await played(name, plain));
  const made = frozen(draft, await played("server", plain), await played("reference", plain), others);
  for (const name of ["server", "reference", "server"] as const) {
    const found = differences(made, await played(name, made));
    if (found.length > 0) return `${draft.id}: ${name}: ${found.join("; ")}`;
  }
  return made;
}

let written = 0;
const [fresh, sections] = [process.argv.includes("--new"), process.argv.slice(2).filter((name) => name !== "--new")];
const kept = new Map(fresh ? suite.cases.map((element) => [element.id, element]) : []);
for (const [section, all] of drafts()) {
  if (sections.length > 0 && !sections.includes(section)) continue;
  const results: (Case | string)[] = [];
  const queue = all.entries();
  const worker = async (): Promise<void> => {
    for (const [at, draft] of queue) results[at] = kept.get(draft.id) ?? (await freeze(draft));
  };
  await Promise.all(Array.from({ length: WIDTH }, worker));
  const cases = results.filter((result) => typeof result !== "string");
  for (const result of results) if (typeof result === "string") console.log(result);
  const text = cases.map((element) => `${JSON.stringify(element)}\n`).join("");
  writeFileSync(new URL(`cases/${section}.jsonl`, folder), text);
  written += cases.length;
  console.log(`${section}: ${cases.length} of ${all.length}`);
}
console.log(`${written} cases`);
reference.close();
upstreams.close();
await server.close();
process.exit(0);

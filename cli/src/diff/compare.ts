// Compares two sides of a project: changes of the running behaviour, by rpc and by name of step, never by position.
// Pure.
import type { BreakerReport, FileReport, RpcReport, UpstreamReport } from "protoc-gen-bff/compiler";
import { compareBlocks } from "./compare-blocks.ts";
import { compareIdentities } from "./compare-identity.ts";
import { compareReveals } from "./compare-reveals.ts";
import { compareRpc, lostRpc, newRpc } from "./compare-rpcs.ts";
import { compareVariables } from "./compare-variables.ts";
import { type Block, type Composition, compositionOf, permitOf, shortName } from "./composition.ts";
import { compareModes } from "./edge/compare-tools.ts";
import { changesOf, type Finding, inOrder, type Level, phrase, time } from "./finding.ts";
import { otherMembers } from "./other-members.ts";
import { renamedNames } from "./renames/renamed-names.ts";
import { type Renames, renamedSteps, renameIn, underSteps } from "./renames/renames.ts";

/** Worst first; empty: nothing that runs has changed. */
export function compareReports(before: readonly FileReport[], after: readonly FileReport[]): readonly Finding[] {
  const now = compositionOf(after);
  const names = renamedNames(before, after);
  const old = withStepsRenamed(compositionOf(names.before), now);
  const found: Finding[] = names.renames.map(([from, to]) => {
    // Only the package is another one.
    const name = shortName(from) === shortName(to) ? (full: string) => full : shortName;
    return { kind: "renames", level: "different", where: [name(to)], message: phrase`was called ${name(from)}` };
  });
  found.push(...old.renames);
  for (const [name, rpc] of now.rpcs) {
    const known = old.side.rpcs.get(name);
    found.push(...(known === undefined ? [newRpc(rpc)] : compareRpc(known, rpc, old.side, now)));
  }
  for (const [name, rpc] of old.side.rpcs) if (!now.rpcs.has(name)) found.push(lostRpc(rpc));
  for (const [name, block] of now.blocks) {
    const known = old.side.blocks.get(name);
    const rpcs = (now.reachedBy.get(name) ?? []).map((rpc) => rpc.slice(rpc.lastIndexOf("/") + 1));
    if (known !== undefined) found.push(...compareBlocks(known, block).map((finding) => ({ ...finding, rpcs })));
  }
  for (const [name, upstream] of now.upstreams) {
    const known = old.side.upstreams.get(name);
    if (known !== undefined) found.push(...compareUpstreams(known, upstream));
  }
  found.push(...compareIdentities(before, after), ...compareReveals(before, after), ...comparePurges(before, after));
  found.push(...compareVariables(before, after), ...compareModes(before, after));
  return inOrder(found);
}

/** Returns the old side under the new names of its steps, and the renames. */
function withStepsRenamed(old: Composition, now: Composition): { side: Composition; renames: readonly Finding[] } {
  const found: Finding[] = [];
  const blocks = new Map<string, Block>();
  const ofBlocks = new Map<string, Renames>();
  const ofServices = new Map<string, string>();
  // Messages refer to a renamed step of a service by its new name, so services come first.
  const services = [...old.blocks.values()].sort((a, b) => Number(b.kind === "service") - Number(a.kind === "service"));
  for (const block of services) {
    const after = now.blocks.get(block.name);
    const serviceRenames = new Map([...ofServices].filter(([name]) => block.shared.includes(name)));
    const renames = new Map([
      ...serviceRenames,
      ...(after === undefined ? [] : renamedSteps(renameIn(block, serviceRenames), after)),
    ]);
    blocks.set(block.name, renameIn(block, renames));
    ofBlocks.set(block.name, renames);
    for (const [from, to] of renames) {
      if (block.kind === "service") ofServices.set(from, to);
      const step = after?.steps.find((step) => step.step === to);
      if (serviceRenames.has(from) || step?.unnamed === true) continue;
      found.push({
        kind: "renames",
        level: "different",
        message: phrase`was called ${from}`,
        where: [`${shortName(block.name)}.${to}`],
      });
    }
  }
  return {
    side: {
      ...old,
      rpcs: new Map([...old.rpcs].map(([name, rpc]) => [name, withPermit(rpc, ofBlocks)])),
      blocks: new Map([...old.blocks.keys()].map((name) => [name, blocks.get(name) as Block])),
    },
    renames: found,
  };
}

/** Conditions of a permit read its steps and those of the service. */
function withPermit(rpc: RpcReport, ofBlocks: ReadonlyMap<string, Renames>): RpcReport {
  if (rpc.permit === undefined) return rpc;
  const service = rpc.rpc.slice(0, rpc.rpc.indexOf("/"));
  const renames = new Map([...(ofBlocks.get(service) ?? []), ...(ofBlocks.get(permitOf(rpc.rpc)) ?? [])]);
  return { ...rpc, permit: underSteps(rpc.permit, renames) };
}

/** Compares the events that purge tags. */
function comparePurges(before: readonly FileReport[], after: readonly FileReport[]): readonly Finding[] {
  const [had, has] = [purgesOf(before), purgesOf(after)];
  const caches = changesOf("cache");
  const lost = [...had].filter(([key]) => !has.has(key));
  const gained = [...has].filter(([key]) => !had.has(key));
  return [
    ...lost.map(([, { subject, tag }]) => ({
      ...caches.of("worse", phrase`events no longer purge ${tag}`),
      where: [subject],
    })),
    ...gained.map(([, { subject, tag }]) => ({
      ...caches.of("different", phrase`events now purge ${tag}`),
      where: [subject],
    })),
  ];
}

/** Each tag with its events. */
function purgesOf(reports: readonly FileReport[]) {
  return new Map(
    reports
      .flatMap(({ purges = [] }) => purges)
      .flatMap(({ subject, jetstream, type, tags }) =>
        tags.map((tag) => [JSON.stringify([subject, jetstream, type, tag]), { subject, tag }] as const),
      ),
  );
}

// Compares the state of an upstream that all requests share: breakers and limits.

function compareUpstreams(before: UpstreamReport, after: UpstreamReport): readonly Finding[] {
  const findings = (message: string, from: string, to: string, level: Level = "different") =>
    changesOf("policies").between(level, message, [from], [to]);
  const methods = [...new Set([...(before.methods ?? []), ...(after.methods ?? [])].map(({ method }) => method))];
  const breakerOf = ({ methods: all = [], breaker: rest }: UpstreamReport, method: string) => {
    const found = all.find((entry) => entry.method === method);
    return breaker(found === undefined ? rest : found.breaker);
  };
  const off = after.breaker === null ? "worse" : "different";
  const budget = ({ retry_budget: report }: UpstreamReport) =>
    report === undefined ? "none" : `${report.max_tokens} tokens, ${report.token_ratio} back for each success`;
  const limit = ({ limit: { concurrent, queued, adaptive } }: UpstreamReport) =>
    `${concurrent} at a time, ${queued} waiting${adaptive === true ? ", adaptive" : ""}`;
  return [
    ...findings(
      after.breaker === null ? "no longer has a breaker" : "has another breaker",
      breaker(before.breaker),
      breaker(after.breaker),
      off,
    ),
    ...methods.flatMap((method) =>
      findings(`has another breaker for ${method}`, breakerOf(before, method), breakerOf(after, method)),
    ),
    ...findings("has another limit", limit(before), limit(after)),
    ...findings("has another budget for retries", budget(before), budget(after)),
    ...findings("is called by another protocol", before.protocol ?? "GRPC", after.protocol ?? "GRPC"),
    ...findings("selects shards in another way", shards(before), shards(after), "worse"),
    ...otherMembers(before, after, COMPARED),
  ].map((difference) => ({ ...difference, where: [shortName(after.upstream)] }));
}
const COMPARED = `
  breaker.error_rate breaker.window_ms breaker.minimum breaker.open_ms breaker.probes breaker.slow_ms
  breaker.slow_rate breaker.consecutive methods limit.concurrent limit.queued limit.adaptive retry_budget.max_tokens
  retry_budget.token_ratio protocol shards.max shards.hash shards.by
`
  .trim()
  .split(/\s+/);

/** Another rule sends keys to servers that do not hold their data. */
function shards({ shards: report }: UpstreamReport): string {
  if (report === undefined) return "no shards";
  const key = report.by === undefined ? "the key of each call" : report.by;
  return `at most ${report.max}, ${report.hash} by ${key}`;
}

function breaker(report: BreakerReport | null): string {
  if (report === null) return "none";
  const slow =
    report.slow_ms === undefined ? "" : `, or ${percent(report.slow_rate ?? 0)} slower than ${time(report.slow_ms)}`;
  const { minimum, window_ms: window, open_ms: open, probes, consecutive = 5 } = report;
  const row = consecutive === 0 ? "" : `, or ${consecutive} failed calls in a row`;
  return `open for ${time(open)} at ${percent(report.error_rate)} errors of ${minimum} in ${time(window)}${slow}${row}; probes: ${probes}`;
}
const percent = (share: number): string => `${Number((share * 100).toPrecision(12))} %`;

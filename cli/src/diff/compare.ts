// Compares two sides of a project: changes of the running behaviour, by rpc and by name of step, never by position.
// Pure.
import type { FileReport, RpcReport } from "protoc-gen-bff/compiler";
import { compareBlocks } from "./compare-blocks.ts";
import { compareIdentities } from "./compare-identity.ts";
import { comparePurges } from "./compare-purges.ts";
import { compareReveals } from "./compare-reveals.ts";
import { compareRpc, lostRpc, newRpc } from "./compare-rpcs.ts";
import { compareUpstreams } from "./compare-upstreams.ts";
import { compareVariables } from "./compare-variables.ts";
import { type Block, type Composition, compositionOf, permitOf, shortName } from "./composition.ts";
import { type Finding, inOrder, phrase } from "./finding.ts";
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
  found.push(...compareVariables(before, after));
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

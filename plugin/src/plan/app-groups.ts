// Groups of files that share an app object, and the names that hold within a group.
import type { DescFile } from "@bufbuild/protobuf";
import type { Overload } from "../cel/index.ts";
import { type AnyBlock, callsIn } from "../resolve/model/blocks.ts";
import type { Block, Composed, Model, Step } from "../resolve/model/model.ts";
import { filesOf, type ServedTogether } from "../resolve/model/server-paths.ts";
import { nameFunctions, nameResolvers, nameUpstreams } from "./calls/entry-names.ts";
import type { PlanResolver } from "./model/calls.ts";

/**
 * Messages whose files share an app object, because one composes another across files. With `servers` also those that are served together: what
 * has to be named apart there is named apart from nothing else, so that no server changes the code of another.
 */
export function appGroups(
  model: Model,
  children: (message: Block) => Composed[],
  servers: readonly ServedTogether[],
): AnyBlock[][] {
  const parent = new Map<DescFile, DescFile>();
  const find = (file: DescFile): DescFile => {
    const up = parent.get(file) ?? file;
    return up === file ? file : find(up);
  };
  const { messages, openings, lets, permits, limits, headers, tags, shares, telemetry, streams, topics } = model;
  const atEdge = [...permits, ...limits, ...headers, ...tags, ...shares, ...telemetry];
  const blocks = [...messages, ...openings, ...lets, ...atEdge, ...streams, ...topics];
  for (const message of blocks)
    for (const child of children(message)) parent.set(find(child.file.desc), find(message.file.desc));
  for (const { desc, let: serviceLet, methods } of model.files.flatMap((file) => file.services))
    for (const { composed: root, permit, stream } of methods)
      if (serviceLet !== undefined || stream !== undefined || (permit?.steps.length ?? 0) > 0)
        parent.set(find(root.file.desc), find(desc.file));
  for (const files of servers.map(filesOf))
    for (const { desc } of files) if (files[0] !== undefined) parent.set(find(desc), find(files[0].desc));
  const groups = new Map<DescFile, AnyBlock[]>();
  for (const message of blocks) {
    const root = find(message.file.desc);
    groups.set(root, [...(groups.get(root) ?? []), message]);
  }
  return [...groups.values()];
}

/** Names that hold for all files that compose each other. */
export function nameGroups(groups: readonly (readonly AnyBlock[])[]) {
  const resolvers = new Map<Step, PlanResolver>();
  const upstreamsOf = new Map<DescFile, ReadonlyMap<string, string>>();
  const userFunctionsOf = new Map<DescFile, ReadonlyMap<Overload, string>>();
  for (const group of groups) {
    const names = nameUpstreams(
      group.flatMap((block) => [...callsIn(block), ...(block.kind === "composed" ? block.clients : [])]),
    );
    const functions = nameFunctions(group);
    for (const block of group) {
      upstreamsOf.set(block.file.desc, names);
      userFunctionsOf.set(block.file.desc, functions);
    }
    nameResolvers(
      group.filter((block) => block.kind === "composed"),
      resolvers,
    );
  }
  const upstreams = (file: DescFile): ReadonlyMap<string, string> => upstreamsOf.get(file) ?? new Map();
  const userFunctions = (file: DescFile): ReadonlyMap<Overload, string> => userFunctionsOf.get(file) ?? new Map();
  return { upstreams, resolvers, userFunctions };
}

/** Ranks steps of services first, then outer messages before inner ones, then by declaration; from 0 in each group. */
export function ranksOf(groups: readonly (readonly AnyBlock[])[]): Map<Step, number> {
  const ranks = new Map<Step, number>();
  for (const group of groups) {
    const lets = group.filter(({ kind }) => kind === "let" || kind === "opening");
    const guards = [...lets, ...group.filter(({ kind }) => kind === "composed")].flatMap(({ steps }) =>
      steps.filter(({ source }) => source.kind === "guard"),
    );
    for (const [rank, step] of guards.entries()) ranks.set(step, rank);
  }
  return ranks;
}

import type { Expression } from "../../cel/index.ts";
import {
  blocksOf,
  callsIn,
  composedBy,
  expressionsIn,
  messagesByName,
  packageOf,
  policyExpressions,
} from "../../resolve/model/blocks.ts";
import type { Call } from "../../resolve/model/call.ts";
import type { Identity, IdentitySource } from "../../resolve/model/edge.ts";
import type { BffMethod, Block, Composed, Model } from "../../resolve/model/model.ts";
import { governing } from "../../resolve/policies/entries.ts";

/** Callers that are identified when a block runs. */
export interface Governed {
  readonly block: ReturnType<typeof blocksOf>[number];
  /** The identities of the rpcs that reach it. */
  readonly identities: readonly Identity[];
  /** Sources whose callers the permits of these rpcs admit. */
  readonly sources: readonly IdentitySource[];
  /** The rpcs that reach it and identify callers. */
  readonly methods: readonly BffMethod[];
  /** Places where no caller is identified. */
  readonly strangers: readonly Stranger[];
}
interface Stranger {
  /** Undefined if no rpc reaches the block: then the block's package counts. */
  readonly method: BffMethod | undefined;
  readonly package: string;
}

/** Returns every block with the callers that are identified there. */
export function governedBlocks(model: Model): readonly Governed[] {
  const reached = reachedBy(model);
  const packages = new Map<string, readonly Identity[] | undefined>();
  /** At most one identity; none if the identity has a fault; undefined if no identity is declared. */
  const identitiesOf = (name: string): readonly Identity[] | undefined => {
    if (!packages.has(name)) {
      const declared = governing(model.ir, name).identities.map(({ identity }) => identity);
      const sound = model.identities.filter(({ ir }) => declared.includes(ir));
      packages.set(name, declared.length === 0 ? undefined : sound);
    }
    return packages.get(name);
  };
  return blocksOf(model).map((block) => {
    const methods = reached.get(block) ?? [];
    const reaching: readonly Stranger[] =
      methods.length > 0
        ? methods.map((method) => ({ method, package: method.desc.parent.file.proto.package }))
        : [{ method: undefined, package: packageOf(block) }];
    const known = reaching.filter((stranger) => identitiesOf(stranger.package) !== undefined);
    return {
      block,
      identities: [...new Set(known.flatMap((stranger) => identitiesOf(stranger.package) ?? []))],
      sources: [
        ...new Set(
          known.flatMap(({ method, package: name }) => {
            const named = method?.permit?.sources;
            const all = (identitiesOf(name) ?? []).flatMap(({ sources }) => sources);
            return named === undefined ? all : all.filter((source) => named.includes(source.name));
          }),
        ),
      ],
      methods: known.flatMap(({ method }) => method ?? []),
      strangers: reaching.filter((stranger) => !known.includes(stranger)),
    };
  });
}

/** Returns the calls of a block and of its resolvers. */
export function allCalls(block: Block): readonly Call[] {
  const clients = "clients" in block ? (block as Composed).clients : [];
  return [...callsIn(block), ...clients];
}

/** Returns all expressions that a block evaluates, including policies of its calls and of its resolvers' calls. */
export function allExpressions(block: Block): readonly Expression[] {
  const policies = allCalls(block).flatMap(({ policy, metadata }) => [
    ...policyExpressions(policy),
    ...metadata.flatMap(({ by, if: condition }) => [by, condition]),
  ]);
  return [...expressionsIn(block), ...policies].filter((expression) => expression !== undefined);
}

/** Returns the rpcs that may run a block. */
function reachedBy(model: Model): ReadonlyMap<Block, readonly BffMethod[]> {
  const byName = messagesByName(model.messages);
  const found = new Map<Block, BffMethod[]>();
  const services = model.files.flatMap((file) => file.services);
  const blocks = Map.groupBy(blocksOf(model), ({ kind, desc }) => (kind === "composed" ? undefined : desc));
  for (const { desc, methods } of services) {
    for (const block of blocks.get(desc) ?? [])
      found.set(block, "rpc" in block ? methods.filter(({ ir }) => ir === block.rpc) : [...methods]);
    for (const method of methods) {
      // Messages may be composed of one another thousands deep.
      const { opening } = method;
      if (opening !== undefined) found.set(opening, [...(found.get(opening) ?? []), method]);
      const open = [method.composed, ...composedBy([...method.shared, ...(opening?.steps ?? [])], byName)];
      const seen = new Set<Composed>();
      for (let message = open.pop(); message !== undefined; message = open.pop()) {
        if (seen.has(message)) continue;
        seen.add(message);
        const reaching = found.get(message) ?? [];
        reaching.push(method);
        found.set(message, reaching);
        open.push(...composedBy(message.steps, byName));
      }
    }
  }
  return found;
}

import type { DescMessage } from "@bufbuild/protobuf";
import type { BranchOf } from "../branches.ts";
import type { CallPolicy } from "../policy.ts";
import type { CopyTarget, Mirror } from "./mirrored-call.ts";

/** A mirror, and its rule. */
export interface MirrorOf extends Mirror, BranchOf<CopyTarget> {
  readonly rpc: CopyTarget;
}

/**
 * Returns the mirrors of a method; undefined if there are none, or its calls are not copied.
 *
 * @param upstreams branches with an address, by name
 * @param output type of the answers
 */
export function mirrorsAt<U>(
  upstreams: ReadonlyMap<string, U>,
  { copied, branches = [] }: Pick<CallPolicy, "copied" | "branches">,
  output: DescMessage | undefined,
  rpcAt: (upstream: U) => CopyTarget,
): readonly MirrorOf[] | undefined {
  if (copied === undefined || output === undefined) return undefined;
  const all = branches.flatMap((rule) => {
    const upstream = upstreams.get(rule.name);
    if (rule.mirror === undefined || upstream === undefined) return [];
    const compared = rule.mirror === "compare" ? { output, reads: copied.reads } : undefined;
    return [{ rule, rpc: rpcAt(upstream), compared }];
  });
  return all.length === 0 ? undefined : all;
}

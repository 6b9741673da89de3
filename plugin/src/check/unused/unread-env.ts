import { caution, type Text } from "../../diagnostic/diagnostic.ts";
import { reachable } from "../../graph/graph.ts";
import type { IrEnvVar, IrService } from "../../ir/ir.ts";
import type { IrErrorRule, IrUpstream } from "../../ir/step.ts";
import { blocksOf, callsIn, composedBy, envNames, messagesByName, variablesOf } from "../../resolve/model/blocks.ts";
import { identityReads } from "../../resolve/model/identity-reads.ts";
import type { Block, Composed } from "../../resolve/model/model.ts";
import { hostReads } from "../../resolve/packages/hosts.ts";
import { amountsOf } from "../../resolve/policies/amounts.ts";
import { type Check, fieldExpressions, stepExpressions } from "../check.ts";

/**
 * Reports environment variables that nothing reads, because the server does not start without them. Only variables of
 * services, and of files with services, count: a variable of a shared file may serve a BFF outside of this run.
 */
export const unreadEnv: Check = {
  rules: {
    BFF347:
      "An environment variable is read. The server does not start without an unread variable, or carries it without use.",
  },
  run(model, report) {
    const methods = model.files.flatMap(({ services }) => services.flatMap((service) => service.methods));
    const read = new Set([
      ...namesRead(blocksOf(model)),
      ...methods.flatMap(({ timeout, cache }) => envNames([timeout, cache?.ttl, cache?.stale])),
      ...methods.flatMap(({ limits }) => limits?.uses.flatMap(({ ir }) => envNames([ir.rate, ir.burst, ir.per])) ?? []),
      ...model.identities.flatMap((identity) => [...identityReads(identity)]),
      ...model.files.flatMap(({ hosts }) => hostReads(hosts)),
    ]);
    // The expressions of an entry are checked with the calls that it governs, and it may govern none.
    const entries = model.ir.files.flatMap((file) => file.upstreams);
    const check = (names: ReadonlySet<string>, { name }: IrEnvVar, service?: IrService): void => {
      const path = `env.${name.value}`;
      if (names.has(path) || entries.some((entry) => mentions(entry, path))) return;
      caution(report, "BFF347", name.at, {
        message:
          service === undefined
            ? `the environment variable "${name.value}" is never read`
            : `service "${service.desc.name}" never reads its environment variable "${name.value}"`,
        hint: `remove it, or read it as ${path}`,
      });
    };
    const composed = messagesByName(model.messages);
    const children = ({ steps }: Block): Composed[] => composedBy(steps, composed);
    for (const file of model.files) {
      if (file.services.length === 0) continue;
      for (const variable of file.ir.env) check(read, variable);
      for (const { ir, let: serviceLet, methods } of file.services) {
        const roots: Block[] = [
          ...(serviceLet === undefined ? [] : [serviceLet]),
          ...methods.flatMap(({ composed: root, permit, limits, headers, tool }) =>
            [root, permit, limits, headers, tool].filter((block) => block !== undefined),
          ),
        ];
        const names = namesRead(reachable(roots, children));
        for (const variable of ir.env) check(names.union(model.namedUncomposed), variable, ir);
      }
    }
  },
};

function namesRead(blocks: readonly Block[]): ReadonlySet<string> {
  const expressions = blocks.flatMap((block) => [...block.steps.flatMap(stepExpressions), ...fieldExpressions(block)]);
  const numbers = blocks.flatMap(callsIn).flatMap(({ policy }) => variablesOf(policy));
  return new Set([...expressions.flatMap(({ reads }) => reads.map(({ variable }) => variable.name)), ...numbers]);
}

/** Returns true if any expression of an entry contains a text. */
export function mentions({ policy, breaker, shard }: IrUpstream, part: string): boolean {
  if (amountsOf(policy, breaker).some(([, amount]) => amount?.env !== undefined && `env.${amount.env.name}` === part))
    return true;
  const texts = [
    shard?.by,
    policy.retry?.if,
    ...policy.branches.flatMap((branch) => [branch.if, branch.by]),
    ...policy.metadata.flatMap((bind) => [bind.by, bind.if]),
    ...policy.onError.flatMap(({ if: condition, then }) => [condition, ...rescueTexts(then)]),
  ];
  return texts.some((text) => text?.value.includes(part));
}

/** Returns the texts that replace an error: of a fallback, or of another failure. */
function rescueTexts(then: IrErrorRule["then"]): readonly (Text | undefined)[] {
  if (then?.kind === "fallback") return [then.by];
  return then?.kind === "fail" ? [then.fail.message, ...then.fail.details] : [];
}

import type { Report } from "../diagnostic/diagnostic.ts";
import type { IrUpstream } from "../ir.ts";
import { blocksOf } from "../resolve/model/blocks.ts";
import type { Model } from "../resolve/model/model.ts";
import { fieldExpressions, stepExpressions } from "./all-expressions.ts";

/**
 * An environment variable has to be set for the server to start, so that one that nothing reads is a burden. Only those that a file with
 * services of its own declares: what a shared file declares may be for a BFF that is not part of this run.
 */
export function checkUnreadEnv(model: Model, report: Report): void {
  const read = new Set(
    blocksOf(model)
      .flatMap((message) => [...message.steps.flatMap(stepExpressions), ...fieldExpressions(message)])
      .flatMap((expression) => expression.reads.map(({ variable }) => variable.name)),
  );
  const entries = model.ir.files.flatMap((file) => file.upstreams);
  for (const file of model.files) {
    if (file.services.length === 0) continue;
    for (const { name } of file.ir.env) {
      // The expressions of an entry are checked with the calls that it governs, and it may govern none.
      if (read.has(`env.${name.value}`) || entries.some((entry) => mentions(entry, `env.${name.value}`))) continue;
      report({
        code: "BFF347",
        severity: "warning",
        message: `nothing reads the environment variable "${name.value}"`,
        at: name.at,
        hint: `remove it, or read it as env.${name.value}`,
      });
    }
  }
}

/** Whether a text stands in any expression of an entry. */
export function mentions({ policy }: IrUpstream, part: string): boolean {
  const texts = [
    policy.retry?.if,
    ...policy.metadata.flatMap((bind) => [bind.by, bind.if]),
    ...policy.onError.flatMap(({ if: condition, then }) => [
      condition,
      ...(then?.kind === "fallback"
        ? [then.by]
        : then?.kind === "fail"
          ? [then.fail.message, ...then.fail.details]
          : []),
    ]),
  ];
  return texts.some((text) => text?.value.includes(part));
}

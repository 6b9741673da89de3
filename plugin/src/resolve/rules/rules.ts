// Messages of requests that are checked, and their rules.
import type { DescMessage, DescMethod } from "@bufbuild/protobuf";
import type { Report } from "../../diagnostic/diagnostic.ts";
import type { Ir } from "../../ir/ir.ts";
import type { RuledMessage } from "../../model/rules.ts";
import { CelRules } from "./cel-rules.ts";
import { messageRules, type RuleContext } from "./message-rules.ts";
import { RuleFaults } from "./rule-faults.ts";

/** All messages that have something to check in them or inside of them, for requests that are checked. */
export function resolveRules(ir: Ir, report: Report): ReadonlyMap<DescMessage, RuledMessage> {
  // Nothing of buf.validate is in most runs.
  if (ir.rules.size === 0) return new Map();
  const reached = new Set(requestsOf(ir).map(({ input }) => input));
  for (const desc of reached) for (const { message } of desc.fields) if (message !== undefined) reached.add(message);
  const faults = new RuleFaults(ir.registry, report);
  const silent = new RuleFaults(ir.registry, () => {});
  const cel = new CelRules(ir, report);
  const silentCel = new CelRules(ir, () => {});
  const alone: RuleContext = { faults, cel, isRuled: () => false };
  const alones = [...reached].map((desc) => messageRules(desc, ir.rules.get(desc), alone));
  const ruled = new Set(alones.filter((rules) => !isEmpty(rules)).map(({ desc }) => desc));
  for (let size = -1; size !== ruled.size; ) {
    size = ruled.size;
    const cx: RuleContext = { faults: silent, cel: silentCel, isRuled: (desc) => ruled.has(desc) };
    for (const desc of reached)
      if (!ruled.has(desc) && !isEmpty(messageRules(desc, ir.rules.get(desc), cx))) ruled.add(desc);
  }
  const cx: RuleContext = { faults: silent, cel: silentCel, isRuled: (desc) => ruled.has(desc) };
  return new Map(
    [...reached].filter((desc) => ruled.has(desc)).map((desc) => [desc, messageRules(desc, ir.rules.get(desc), cx)]),
  );
}

const requestsOf = (ir: Ir): readonly DescMethod[] =>
  ir.files.flatMap(({ target, services }) =>
    target
      ? services.flatMap(({ methods }) =>
          methods.filter(({ validate }) => validate?.value !== false).map(({ desc }) => desc),
        )
      : [],
  );

const isEmpty = ({ cel, groups, oneofs, fields }: RuledMessage): boolean =>
  cel.length + groups.length + oneofs.length + fields.length === 0;

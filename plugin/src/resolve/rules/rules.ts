// Which messages of requests are checked, and what of them.
import type { DescMessage, DescMethod } from "@bufbuild/protobuf";
import type { Report } from "../../diagnostic/diagnostic.ts";
import type { Ir } from "../../ir.ts";
import type { CelRule, RuledMessage } from "../model/rules.ts";
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
  const alone: RuleContext = { faults, isRuled: () => false };
  const alones = [...reached].map((desc) => messageRules(desc, ir.rules.get(desc), alone));
  for (const rules of alones) for (const { expression } of celIn(rules)) faults.inCel(expression.at);
  const ruled = new Set(alones.filter((rules) => !isEmpty(rules)).map(({ desc }) => desc));
  for (let size = -1; size !== ruled.size; ) {
    size = ruled.size;
    const cx: RuleContext = { faults: silent, isRuled: (desc) => ruled.has(desc) };
    for (const desc of reached)
      if (!ruled.has(desc) && !isEmpty(messageRules(desc, ir.rules.get(desc), cx))) ruled.add(desc);
  }
  const cx: RuleContext = { faults: silent, isRuled: (desc) => ruled.has(desc) };
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

const celIn = ({ cel, fields }: RuledMessage): readonly CelRule[] => [
  ...cel,
  ...fields.flatMap(({ value }) => [value, value?.items, value?.keys, value?.values].flatMap((one) => one?.cel ?? [])),
];

const isEmpty = ({ cel, groups, oneofs, fields }: RuledMessage): boolean =>
  cel.length + groups.length + oneofs.length + fields.length === 0;

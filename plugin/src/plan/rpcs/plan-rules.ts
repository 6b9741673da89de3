// Messages whose rules check a file's requests, and the names of the check functions.

import type { DescMessage, DescMethod } from "@bufbuild/protobuf";
import { reachable } from "../../graph/graph.ts";
import type { RuledMessage } from "../../model/rules.ts";
import type { PlanRules } from "../model/rules.ts";
import { distinctNames } from "../names/distinct-names.ts";
import { messageNames, NameScope } from "../names/name-scope.ts";

export function planRules(
  rpcs: readonly DescMethod[],
  rules: ReadonlyMap<DescMessage, RuledMessage>,
): PlanRules | undefined {
  const requests = new Set(rpcs.map(({ input }) => input));
  const roots = [...requests].flatMap((desc) => rules.get(desc) ?? []);
  if (roots.length === 0) return undefined;
  const inside = (message: RuledMessage): RuledMessage[] => nestedIn(message).flatMap((desc) => rules.get(desc) ?? []);
  const messages = reachable(roots, inside);
  const names = distinctNames(
    new Map(messages.map(({ desc }) => [desc, messageNames(desc)])),
    new NameScope(undefined, [], new Set()),
  );
  return {
    messages: messages.map((message) => ({
      rules: message,
      name: names.get(message.desc) ?? message.desc.name,
      request: requests.has(message.desc),
      inside: reachable([message], inside),
    })),
  };
}

function nestedIn({ fields }: RuledMessage): readonly DescMessage[] {
  return fields.flatMap(({ value }) =>
    [value?.nested, value?.items?.nested, value?.values?.nested].filter((desc) => desc !== undefined),
  );
}

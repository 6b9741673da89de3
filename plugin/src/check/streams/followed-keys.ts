// Access to keys of a topic: a permit or guard must check the caller or the key.

import type { Expression } from "../../cel/index.ts";
import { caution, type Report } from "../../diagnostic/diagnostic.ts";
import type { BffMethod, Step } from "../../resolve/model/model.ts";
import type { Check } from "../check.ts";
import { ARGS, CALLER, HEADERS, namesBehind, namesRead, namesWho, overlap } from "../request-names.ts";

/**
 * Reports a key from the request that any client can follow, because no permit or guard reads the caller or the key.
 */
export const followedKeys: Check = {
  rules: {
    BFF646: "No access check on the key of a topic. A topic has the items of all keys, and keys can be guessed.",
  },
  run(model, report) {
    for (const { services } of model.files)
      for (const { methods } of services) for (const method of methods) checkKeys(method, report);
  },
};

function checkKeys(method: BffMethod, report: Report): void {
  const { stream, tags } = method;
  for (const follow of [stream?.follow, ...(tags?.follows ?? [])])
    if (follow !== undefined) checkKey(method, follow, report);
}

function checkKey(
  { ir, permit, callers, opening, shared, composed }: BffMethod,
  follow: { readonly key: Expression },
  report: Report,
): void {
  // The guards of a live answer run before its first message.
  const steps = [...shared, ...(opening?.steps ?? []), ...(ir.live === undefined ? [] : composed.steps)];
  const key = new Set([...namesRead(follow.key), ...namesBehind(stepsReadBy(follow.key, steps))]);
  // A key of the caller, or a constant key, cannot refer to another user.
  if (key.size === 0 || key.has(CALLER)) return;
  const conditions = [...(permit?.conditions ?? []), ...steps].filter(({ source }) => source.kind === "guard");
  const conditionReads = conditions.map((condition) => namesBehind([condition]));
  const speaks = (read: string): boolean =>
    read === CALLER ||
    [...key].some((keyName) => overlap(keyName, read)) ||
    (callers === undefined && read.startsWith(HEADERS)); // all that is known of a caller
  if (namesWho(permit) || conditionReads.some((reads) => [...reads].some(speaks))) return;
  const [keyName] = key;
  caution(report, "BFF646", follow.key.text.at, {
    message:
      conditions.length === 0
        ? `"${ir.desc.name}" has no access check: any client can follow any key`
        : `the access check of "${ir.desc.name}" reads neither the caller nor the key: any admitted client can follow any key`,
    related: [{ at: ir.at, message: "the rpc" }],
    hint: `add a \`permit\` with an \`if\`, or a guard that reads ${keyName?.startsWith(`${ARGS}.`) ? `\`${keyName}\`` : "the values of the key"} and not the item`,
  });
}
const stepsReadBy = ({ reads }: Expression, steps: readonly Step[]): readonly Step[] =>
  steps.filter(({ variable }) => reads.some((read) => read.variable === variable));

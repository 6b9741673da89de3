import type { DescMethod } from "@bufbuild/protobuf";
import type { Report } from "../diagnostic/diagnostic.ts";
import { blocksOf, callsIn } from "../resolve/model/blocks.ts";
import type { Call } from "../resolve/model/call.ts";
import type { Model } from "../resolve/model/model.ts";
import { fullName } from "../resolve/policies/entries.ts";

/** The words that names of rpcs begin with when these change something. */
const WRITES =
  /^(Create|Update|Upsert|Delete|Drop|Clear|Empty|Add|Remove|Set|Put|Insert|Start|Stop|Cancel|Terminate|Send|Publish|Submit|Place|Pay|Charge|Write)(?![a-z])/;

export function soundsLikeWriting({ name }: DescMethod): boolean {
  return WRITES.test(name.charAt(0).toUpperCase() + name.slice(1));
}

/**
 * An rpc that says NO_SIDE_EFFECTS says it for all that it calls, an entry of a service that says `read_only` for all of its rpcs. Where
 * one of them writes, it takes the order, and gives retries and caches, to a call that must not have them.
 */
export function checkVouchedWrites(model: Model, report: Report): void {
  for (const call of blocksOf(model).flatMap(callsIn)) {
    if (call.effects !== "none" || !soundsLikeWriting(call.method)) continue;
    const { vouched, readOnly } = call.said;
    const [voucher] = vouched;
    const sounds = `"${call.method.name}" sounds as if it changed something`;
    if (voucher !== undefined)
      report({
        code: "BFF518",
        severity: "warning",
        message: `${sounds}, and rpc "${voucher.desc.name}" vouches that it does not`,
        at: call.methodAt,
        related: [{ at: voucher.at, message: `NO_SIDE_EFFECTS of "${voucher.desc.name}" means all that it calls` }],
        hint: `remove \`idempotency_level = NO_SIDE_EFFECTS\` from ${rpcs(vouched)}; or, when the method only reads, say \`read_only: true\` in the call`,
      });
    else if (readOnly?.ofService)
      report({
        code: "BFF518",
        severity: "warning",
        message: `${sounds}, and the entry of its service vouches that it does not`,
        at: call.methodAt,
        related: [{ at: readOnly.at, message: `this means all rpcs of "${call.method.parent.name}"` }],
        hint: `add an entry with \`method: "${fullName(call.method)}"\` and \`read_only: false\`, or \`true\` when it only reads`,
      });
  }
}

const rpcs = (all: Call["said"]["vouched"]): string =>
  `${all.length === 1 ? "rpc" : "rpcs"} ${all.map(({ desc }) => `"${desc.name}"`).join(", ")}`;

/**
 * The calls may only read: then they can say so, and nothing has to be put in order. Undefined where one of them is sure to have side
 * effects, or sounds like it.
 */
export function vouchHint(calls: readonly Call[]): string | undefined {
  const effectful = calls.filter(({ effects }) => effects !== "none");
  const open = effectful.every(
    ({ effects, method, said }) => effects === "once" && said.readOnly === undefined && !soundsLikeWriting(method),
  );
  if (!open || effectful.length === 0) return undefined;
  return effectful.length === 1
    ? "when it only reads, say `read_only: true` in the call"
    : "when they only read, say `read_only: true` in the calls";
}

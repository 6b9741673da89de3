import type { DescMethod } from "@bufbuild/protobuf";
import type { Report } from "../diagnostic/diagnostic.ts";
import { blocksOf, callsIn } from "../resolve/model/blocks.ts";
import type { Call, Model } from "../resolve/model/model.ts";

/** The words that names of rpcs begin with when these change something. */
const WRITES =
  /^(Create|Update|Delete|Add|Remove|Set|Put|Insert|Start|Stop|Cancel|Send|Submit|Place|Pay|Write)(?![a-z])/;

export function soundsLikeWriting({ name }: DescMethod): boolean {
  return WRITES.test(name.charAt(0).toUpperCase() + name.slice(1));
}

/**
 * An rpc that says NO_SIDE_EFFECTS says it for all that it calls. Copied onto one that writes, it takes the order, and gives retries and
 * caches, to a call that must not have them.
 */
export function checkVouchedWrites(model: Model, report: Report): void {
  for (const call of blocksOf(model).flatMap(callsIn)) {
    const [voucher] = call.said.vouched;
    if (voucher === undefined || call.effects !== "none" || !soundsLikeWriting(call.method)) continue;
    report({
      code: "BFF518",
      severity: "warning",
      message: `"${call.method.name}" sounds as if it changed something, and rpc "${voucher.desc.name}" vouches that it does not`,
      at: call.methodAt,
      related: [{ at: voucher.at, message: `NO_SIDE_EFFECTS of "${voucher.desc.name}" means all that it calls` }],
      hint: `remove \`idempotency_level = NO_SIDE_EFFECTS\` from ${rpcs(call.said.vouched)}; or, when the method only reads, have its own proto say so`,
    });
  }
}

const rpcs = (all: Call["said"]["vouched"]): string =>
  `${all.length === 1 ? "rpc" : "rpcs"} ${all.map(({ desc }) => `"${desc.name}"`).join(", ")}`;

/**
 * The calls may only read: then the rpcs can say so, and nothing has to be put in order. Undefined where a call is sure to have side
 * effects, or sounds like it.
 */
export function vouchHint(calls: readonly Call[]): string | undefined {
  const effectful = calls.filter(({ effects }) => effects !== "none");
  const silent = [...new Set(effectful.flatMap(({ said }) => said.silent))];
  const open = effectful.every(({ method, said }) => said.silent.length > 0 && !soundsLikeWriting(method));
  if (!open || silent.length === 0) return undefined;
  return `when they only read, declare \`idempotency_level = NO_SIDE_EFFECTS\` on ${rpcs(silent)}`;
}

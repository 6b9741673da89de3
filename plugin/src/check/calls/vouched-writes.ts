import type { DescMethod } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import { fault, type Report } from "../../diagnostic/diagnostic.ts";
import { fullName } from "../../model/full-name.ts";
import { blocksOf, callsIn, isCached, methodsOf } from "../../resolve/model/blocks.ts";
import type { Call } from "../../resolve/model/call.ts";
import type { BffMethod, Model } from "../../resolve/model/model.ts";
import { composedBlocks } from "../../resolve/model/request-reads.ts";
import { DEFAULT_ATTEMPTS } from "../../resolve/policies/context.ts";
import { withdrawal } from "../../resolve/policies/vouching.ts";
import type { Check } from "../check.ts";

/** First words of rpc names that indicate a write. */
const WRITES =
  /^(Create|Update|Upsert|Delete|Drop|Clear|Empty|Add|Remove|Set|Put|Insert|Start|Stop|Cancel|Terminate|Send|Publish|Submit|Place|Pay|Charge|Write)(?![a-z])/;

function soundsLikeWriting({ name }: DescMethod): boolean {
  return WRITES.test(name.charAt(0).toUpperCase() + name.slice(1));
}

export const vouchedWrites: Check = {
  rules: {
    BFF260:
      "An answer is reused only for an rpc that is declared NO_SIDE_EFFECTS. For any other rpc the second request would have no effect.",
    BFF518:
      "A call has no side effects if its rpc or the entry of its service declares so. A call with a name of a write would lose its place in the order and be retried.",
    BFF579:
      "A call with a name of a write is not retried, hedged, cached or run by GET. Only `read_only` in the call, or in an entry for the method, allows it.",
  },
  run: (model, report) => {
    checkCachedWrites(model, report);
    checkVouchedWrites(model, report);
  },
};

/** Reports reused answers of rpcs with side effects. The hint offers NO_SIDE_EFFECTS only if nothing contradicts it. */
function checkCachedWrites(model: Model, report: Report): void {
  for (const method of methodsOf(model)) {
    const { ir, desc } = method;
    if (method.noSideEffects) continue;
    const calls = composedBlocks(method, model).flatMap(callsIn);
    const writes = desc.idempotency === Level.IDEMPOTENT || soundsLikeWriting(desc) || ir.tool?.confirm?.value === true;
    const writing = calls.find((call) => call.effects !== "none" && !mayOnlyRead(call));
    for (const [name, setting] of [["cache", ir.cache] as const, ["http_cache", ir.httpCache] as const]) {
      if (setting === undefined) continue;
      const instead = ir.tool?.confirm === undefined ? "" : " in place of `confirm` in its `tool`";
      fault(report, "BFF260", setting.at, {
        message: `"${name}" reuses answers, but "${desc.name}" may have side effects`,
        related: [
          { at: ir.at, message: "the rpc" },
          ...(writing === undefined ? [] : [{ at: writing.methodAt, message: "this call has side effects" }]),
        ],
        hint:
          writes || writing !== undefined
            ? `leave out "${name}"`
            : `add \`option idempotency_level = NO_SIDE_EFFECTS;\` to the rpc${instead}, or leave out "${name}"`,
      });
    }
  }
}

/**
 * Reports calls that are declared without side effects although their names sound like writes. NO_SIDE_EFFECTS of an
 * rpc covers all its calls; `read_only` of a service's entry covers all its rpcs. If such a call is sent twice, cached
 * or reached by GET, the author must name it with `read_only`.
 */
function checkVouchedWrites(model: Model, report: Report): void {
  const readers = readersOf(model);
  for (const call of blocksOf(model).flatMap(callsIn)) {
    if (call.effects !== "none" || !soundsLikeWriting(call.method)) continue;
    const { vouched, readOnly } = call.evidence;
    const [voucher] = vouched;
    if (voucher === undefined && readOnly?.ofService !== true) continue;
    const uses = usesOf(call, readers.get(call) ?? []);
    const code = uses.length > 0 ? "BFF579" : "BFF518";
    const severity = uses.length > 0 ? "error" : "warning";
    const so = uses.length > 0 ? `: it ${listed(uses)}` : "";
    const sounds = `"${call.method.name}" is named like a write`;
    if (voucher !== undefined)
      report({
        code,
        severity,
        message: `${sounds}, but rpc "${voucher.desc.name}" declares no side effects${so}`,
        at: call.methodAt,
        related: [{ at: voucher.at, message: `NO_SIDE_EFFECTS of "${voucher.desc.name}" covers all of its calls` }],
        hint: `if the method only reads, set \`read_only: true\` in the call. Otherwise ${withdrawal(vouched)}`,
      });
    else if (readOnly !== undefined)
      report({
        code,
        severity,
        message: `${sounds}, but its service entry declares no side effects${so}`,
        at: call.methodAt,
        related: [{ at: readOnly.at, message: `this covers all rpcs of "${call.method.parent.name}"` }],
        hint: `add an entry with \`method: "${fullName(call.method)}"\` and \`read_only: false\`, or \`true\` if the method only reads`,
      });
  }
}

/** Returns the unary rpcs with NO_SIDE_EFFECTS, by the calls that they reach: all of them answer GET. */
function readersOf(model: Model): ReadonlyMap<Call, readonly BffMethod[]> {
  const found = new Map<Call, BffMethod[]>();
  for (const method of methodsOf(model)) {
    if (!method.noSideEffects || method.stream !== undefined || method.parts !== undefined) continue;
    const blocks = [...composedBlocks(method, model), ...(method.permit === undefined ? [] : [method.permit])];
    for (const call of new Set(blocks.flatMap(callsIn))) found.set(call, [...(found.get(call) ?? []), method]);
  }
  return found;
}

/** Returns the uses of a call that are only valid without side effects. */
function usesOf(call: Call, readers: readonly BffMethod[]): readonly string[] {
  const { retry, hedge } = call.policy;
  const attempts = call.method.methodKind === "unary" ? (retry.attempts?.value ?? DEFAULT_ATTEMPTS) : 1;
  const [reader] = readers;
  return [
    ...(attempts > 1 ? [`is sent up to ${attempts} times`] : []),
    ...(hedge.delay !== undefined && hedge.max?.value !== 0 ? ["is hedged"] : []),
    ...(isCached(call) ? ["is cached"] : []),
    ...(reader === undefined ? [] : [`serves GET of "${reader.desc.name}"`]),
  ];
}
const listed = (all: readonly string[]): string =>
  all.length === 1 ? all.join() : `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`;

/** Returns true for an effectful call that may be declared `read_only`. */
const mayOnlyRead = ({ effects, method, evidence }: Call): boolean =>
  effects === "once" && evidence.readOnly === undefined && !soundsLikeWriting(method);

/**
 * Returns the hint to declare calls `read_only`, which then need no order. Returns undefined if one of them certainly
 * has side effects, or has a name like a write.
 */
export function vouchHint(calls: readonly Call[]): string | undefined {
  const effectful = calls.filter(({ effects }) => effects !== "none");
  if (effectful.length === 0 || !effectful.every(mayOnlyRead)) return undefined;
  return effectful.length === 1
    ? "if it only reads, set `read_only: true` in the call"
    : "if they only read, set `read_only: true` in the calls";
}

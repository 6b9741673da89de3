import { caution, fault } from "../../diagnostic/diagnostic.ts";
import type { IrBranch } from "../../ir/step.ts";
import { fullName } from "../../model/full-name.ts";
import { blocksOf } from "../../resolve/model/blocks.ts";
import type { Call } from "../../resolve/model/call.ts";
import type { Model } from "../../resolve/model/model.ts";
import { allCalls } from "../callers/governing-identities.ts";
import type { Check } from "../check.ts";

/** Reports mirrors of upstreams whose calls all have side effects, or are streams. */
export const idleMirrors: Check = {
  rules: {
    BFF539:
      "A mirror receives copies of at least one method. Calls with side effects and streams are never copied, because a copy would repeat the effect.",
  },
  run(model, report) {
    for (const [ir, calls] of mirrorsIn(model)) {
      if (calls.some(({ effects, method }) => effects === "none" && method.methodKind === "unary")) continue;
      const [first] = calls;
      fault(report, "BFF539", ir.at, {
        message: `no call is copied to the mirror "${ir.name.value}": ${names(calls)} may have side effects`,
        related: first === undefined ? [] : [{ at: first.methodAt, message: "called here" }],
        hint: "leave the mirror out, or declare methods that only read with `option idempotency_level = NO_SIDE_EFFECTS;` or `read_only: true`",
        derived: true,
      });
    }
  },
};
const names = (calls: readonly Call[]): string =>
  [...new Set(calls.map(({ method }) => `"${fullName(method)}"`))].join(", ");

/** Warns of large mirrors of upstreams without a declared limit. */
export const openMirrors: Check = {
  rules: {
    BFF543:
      "A mirror that receives more than a fifth of the calls has an upstream with a `limit`. The mirror usually shares databases with the upstream, whose load then grows by that share.",
  },
  run(model, report) {
    for (const [ir, calls] of mirrorsIn(model)) {
      const share = ir.share?.value ?? 1;
      if (share <= LARGE_SHARE || ir.if !== undefined) continue;
      const services = calls.map(({ method }) => method.parent.typeName);
      const service = services.find((name) => !isLimited(model, name));
      if (service === undefined) continue;
      caution(report, "BFF543", ir.share?.at ?? ir.at, {
        message: `the mirror "${ir.name.value}" receives ${Math.round(share * 100)} % of the calls of "${service}", which has no \`limit\``,
        hint: `add \`limit: { concurrent: … }\` to the entry of the upstream, or begin with \`share: ${LARGE_SHARE}\``,
      });
    }
  },
};

const LARGE_SHARE = 0.2;

const isLimited = ({ ir }: Model, service: string): boolean =>
  ir.files.some(({ upstreams }) =>
    upstreams.some(
      ({ policy, ...entry }) =>
        policy.limit !== undefined && (entry.service === undefined || entry.service.value === service),
    ),
  );

/** Returns each declared mirror, with the calls of its upstreams. */
function mirrorsIn(model: Model): ReadonlyMap<IrBranch, readonly Call[]> {
  const all = blocksOf(model)
    .flatMap(allCalls)
    .flatMap((call) => call.policy.branches.map(({ ir }) => ({ ir, call })))
    .filter(({ ir }) => ir.mirror?.value === true);
  const grouped = Map.groupBy(all, ({ ir }) => ir);
  return new Map([...grouped].map(([ir, found]) => [ir, found.map(({ call }) => call)]));
}

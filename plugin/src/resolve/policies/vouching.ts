// Evidence that a call has no side effects: its method's proto, the RPCs that reach it, or `read_only` of the author.
import type { DescMethod } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import type { Origin, Report, Sourced } from "../../diagnostic/diagnostic.ts";
import type { IrMethod } from "../../ir/ir.ts";
import type { IrPolicy, IrUpstream } from "../../ir/step.ts";
import { fullName } from "../../model/full-name.ts";
import type { Call, Effects } from "../model/call.ts";
import { nearest } from "./entries.ts";

/** Sources of that evidence for one call, besides its method. */
interface EvidenceSources {
  /** The call's own policy; undefined: there is none. */
  readonly callPolicy: IrPolicy | undefined;
  /** Nearest first. */
  readonly entries: readonly IrUpstream[];
  /** The rpcs that reach it. */
  readonly roots: readonly IrMethod[];
  /** Place of the method's name in the call. */
  readonly at: Origin;
}

export function effectsOf(
  method: DescMethod,
  sources: EvidenceSources,
  report: Report,
): { readonly effects: Effects; readonly evidence: Call["evidence"] } {
  const { callPolicy, entries, roots, at } = sources;
  const vouching = roots.filter((root) => root.desc.idempotency === Level.NO_SIDE_EFFECTS);
  if (callPolicy !== undefined) checkReadOnly(callPolicy, method, report);
  if (method.idempotency === Level.NO_SIDE_EFFECTS) return { effects: "none", evidence: NOBODY };
  const idempotent = nearest(
    [...(callPolicy ? [callPolicy] : []), ...entries.map(({ policy }) => policy)],
    (policy) => policy.idempotent,
  );
  const repeatable = method.idempotency === Level.IDEMPOTENT || idempotent?.value === true;
  const readOnly = wordOf(callPolicy, entries);
  if (readOnly?.value === true) {
    if (!repeatable) return { effects: "none", evidence: { vouched: [], readOnly } };
    if (idempotent?.value === true && !readOnly.ofService) checkAcross(readOnly, idempotent, sources, report);
  }
  const [voucher] = vouching;
  if (voucher !== undefined && method.idempotency === Level.IDEMPOTENT) {
    report({
      code: "BFF503",
      severity: "error",
      message: `rpc "${voucher.desc.name}" is declared NO_SIDE_EFFECTS, but reaches "${fullName(method)}", which is IDEMPOTENT: it has side effects`,
      at,
      related: [{ at: voucher.at, message: "the rpc that declares no side effects" }],
      hint: `${withdrawal([voucher])}; or remove the call of this method`,
    });
  } else if (voucher !== undefined && readOnly?.value === false) {
    report({
      code: "BFF520",
      severity: "error",
      message: `rpc "${voucher.desc.name}" is declared NO_SIDE_EFFECTS, but reaches "${fullName(method)}", which sets \`read_only: false\``,
      at: readOnly.at,
      related: [{ at: voucher.at, message: "the rpc that declares no side effects" }],
      hint: `${withdrawal([voucher])}; or leave out \`read_only: false\``,
    });
  }
  if (method.idempotency === Level.IDEMPOTENT) return { effects: "idempotent", evidence: NOBODY };
  if (voucher !== undefined && vouching.length === roots.length)
    return { effects: "none", evidence: { vouched: vouching, readOnly: undefined } };
  return { effects: repeatable ? "idempotent" : "once", evidence: { vouched: [], readOnly } };
}

/** Methods of HTTP that promise to have no side effects; `*` contains GET. */
export const SAFE_HTTP: ReadonlySet<string> = new Set(["GET", "HEAD", "*"]);

/** Returns the start of a hint: the edits by which RPCs withdraw NO_SIDE_EFFECTS, with all that needs it there. */
export function withdrawal(rpcs: readonly IrMethod[]): string {
  const names = rpcs.map(({ desc }) => `"${desc.name}"`).join(", ");
  const caches = (["cache", "httpCache"] as const).filter((name) => rpcs.some((rpc) => rpc[name] !== undefined));
  const removed = [
    "idempotency_level = NO_SIDE_EFFECTS",
    ...caches.map((name) => (name === "cache" ? name : "http_cache")),
  ];
  return [
    `remove ${removed.map((text) => `\`${text}\``).join(" and ")} from ${names}`,
    ...(rpcs.some(({ http }) => http.some(({ method }) => SAFE_HTTP.has(method))) ? ["write `post` in its path"] : []),
    ...(rpcs.some(({ tool }) => tool !== undefined && !tool.off && !tool.confirm)
      ? ["add `confirm: true` to its `tool`"]
      : []),
  ].join(", ");
}

const NOBODY: Call["evidence"] = { vouched: [], readOnly: undefined };

/** Returns the nearest `read_only`. */
function wordOf(callPolicy: IrPolicy | undefined, entries: readonly IrUpstream[]): Call["evidence"]["readOnly"] {
  if (callPolicy?.readOnly !== undefined) return { ...callPolicy.readOnly, ofService: false };
  const entry = entries.find(({ policy }) => policy.readOnly !== undefined);
  const readOnly = entry?.policy.readOnly;
  return readOnly && { ...readOnly, ofService: entry?.method === undefined };
}

/**
 * Reports a `read_only` of a call or an entry that contradicts its method, or its own `idempotent`. An entry of a
 * service has no method.
 */
export function checkReadOnly(policy: IrPolicy, method: DescMethod | undefined, report: Report): void {
  const { readOnly, idempotent } = policy;
  if (readOnly === undefined) return;
  const fault = (message: string, hint: string): void =>
    report({ code: "BFF520", severity: "error", message, at: readOnly.at, hint });
  if (!readOnly.value) {
    if (method?.idempotency === Level.NO_SIDE_EFFECTS)
      fault(
        `"${fullName(method)}" is declared NO_SIDE_EFFECTS, which \`read_only: false\` cannot override`,
        "leave out `read_only`",
      );
  } else if (method?.idempotency === Level.IDEMPOTENT) {
    fault(
      `"${fullName(method)}" is declared IDEMPOTENT: it has side effects`,
      "leave out `read_only`: the method may be retried and hedged without it",
    );
  } else if (idempotent?.value === true) contradiction(readOnly, idempotent, ONE_OF_BOTH, report);
}

const ONE_OF_BOTH = "keep `read_only` if the method only reads, else `idempotent`";

/** Reports the same contradiction between two levels. */
function checkAcross(
  readOnly: Sourced<boolean>,
  idempotent: Sourced<boolean>,
  { callPolicy, entries }: EvidenceSources,
  report: Report,
): void {
  if (
    [callPolicy, ...entries.map(({ policy }) => policy)].some(
      (policy) => policy?.readOnly?.at === readOnly.at && policy.idempotent === idempotent,
    )
  )
    return;
  const wide = entries.some(({ method, policy }) => method === undefined && policy.idempotent === idempotent);
  const hint = wide ? "also set `idempotent: false` if the method only reads, else leave out `read_only`" : ONE_OF_BOTH;
  contradiction(readOnly, idempotent, hint, report);
}

function contradiction(readOnly: Sourced<boolean>, idempotent: Sourced<boolean>, hint: string, report: Report): void {
  report({
    code: "BFF520",
    severity: "error",
    message: "`idempotent` applies to methods with side effects, and `read_only` to methods without them",
    at: readOnly.at,
    related: [{ at: idempotent.at, message: "`idempotent` is set here" }],
    hint,
  });
}

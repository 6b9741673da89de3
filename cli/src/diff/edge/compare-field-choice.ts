import type { RpcReport } from "protoc-gen-bff/compiler";
import type { Finding } from "../finding.ts";
import { phrase } from "../finding.ts";

type FieldChoice = RpcReport["fields"];
type Difference = Omit<Finding, "where">;

/** Compares the choice of fields. Clients of an RPC that becomes selective receive what they received before. */
export function compareFieldChoice(before: FieldChoice, after: FieldChoice): readonly Difference[] {
  const api = { kind: "api", level: "worse" } as const;
  const lost: readonly Difference[] =
    before?.mask !== undefined && before.mask !== after?.mask
      ? [{ ...api, message: phrase`no longer selects fields by ${before.mask}` }]
      : [];
  const known = new Set(before?.on_request);
  const left = (after?.on_request ?? []).filter((name) => !known.has(name));
  return [...lost, ...left.map((name): Difference => ({ ...api, message: phrase`sends ${name} on request only` }))];
}

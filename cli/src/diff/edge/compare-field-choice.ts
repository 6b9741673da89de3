import type { RpcReport } from "protoc-gen-bff/compiler";
import type { Finding } from "../finding.ts";
import { phrase } from "../finding.ts";

type FieldChoice = RpcReport["fields"];
/** Compares the ids that every permitted caller may name: for a new one, no rule demands a decision any more. */
export function comparePublicIds(before: readonly string[] = [], after: readonly string[] = []): readonly Difference[] {
  const [added, lost] = [after.filter((id) => !before.includes(id)), before.filter((id) => !after.includes(id))];
  return [
    ...added.map(
      (id): Difference => ({
        kind: "permits",
        level: "worse",
        message: phrase`${id} is now a public id, which all permitted callers may name`,
      }),
    ),
    ...lost.map(
      (id): Difference => ({ kind: "permits", level: "better", message: phrase`${id} is no longer a public id` }),
    ),
  ];
}
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

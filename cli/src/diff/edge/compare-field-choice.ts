import type { RpcReport } from "protoc-gen-bff/compiler";
import { changesOf, type FoundChange, phrase, without } from "../finding.ts";

type FieldChoice = RpcReport["fields"];

/** Compares the ids that every permitted caller may name: for a new one, no rule demands a decision any more. */
export function comparePublicIds(
  before: readonly string[] = [],
  after: readonly string[] = [],
): readonly FoundChange[] {
  const permits = changesOf("permits");
  return [
    ...without(after, before).map((id) =>
      permits.of("worse", phrase`${id} is now a public id, which all permitted callers may name`),
    ),
    ...without(before, after).map((id) => permits.of("better", phrase`${id} is no longer a public id`)),
  ];
}

/** Compares the choice of fields. Clients of an RPC that becomes selective receive what they received before. */
export function compareFieldChoice(before: FieldChoice, after: FieldChoice): readonly FoundChange[] {
  const api = changesOf("api");
  const lost = before?.mask !== undefined && before.mask !== after?.mask;
  return [
    ...api.when(lost, "worse", phrase`no longer selects fields by ${before?.mask ?? ""}`),
    ...without(after?.on_request, before?.on_request).map((name) =>
      api.of("worse", phrase`sends ${name} on request only`),
    ),
  ];
}

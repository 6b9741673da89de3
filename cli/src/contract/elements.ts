// Elements of an upstream in a contract, with their uses.
import type { Facts, Reliance } from "protoc-gen-bff/compiler";

export interface ContractElement {
  readonly facts: Facts;
  /** "web/v1/web.proto: web.v1.Dashboard.spent_cents by", sorted. */
  readonly usedBy: readonly string[];
}
export interface ContractMethod extends ContractElement {
  /** Names of fields and enum values, of requests. */
  readonly sets: readonly string[];
  /** Names of fields and enum values, of responses. */
  readonly reads: readonly string[];
  /** Behaviour of the consumer that depends on repeatable calls. */
  readonly reliesOn: readonly Reliance[];
  /** On whose word alone it is without side effects: rpcs and options of the consumer. */
  readonly vouchedBy: readonly string[];
}

// The messages that requests are checked by.
import type { RuledMessage } from "../../model/rules.ts";

/**
 * Contents of `<file>_rules.ts`: functions for all messages inside the file's requests, whatever file declares the
 * messages.
 */
export interface PlanRules {
  readonly messages: readonly PlanRuledMessage[];
}
export interface PlanRuledMessage {
  readonly rules: RuledMessage;
  /** `GetRequest` of `checkGetRequest` and `validateGetRequest`. */
  readonly name: string;
  /** True if it is the request of an rpc. */
  readonly request: boolean;
  /** Itself, and the messages inside of it that are checked. */
  readonly inside: readonly RuledMessage[];
}

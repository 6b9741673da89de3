// The messages that requests are checked by.
import type { RuledMessage } from "../../model/rules.ts";

/** What `<file>_rules.ts` holds: as with codecs, the functions of all messages that the file's requests hold, of whatever file these are. */
export interface PlanRules {
  readonly messages: readonly PlanRuledMessage[];
}
export interface PlanRuledMessage {
  readonly rules: RuledMessage;
  /** `GetRequest` of `checkGetRequest` and `validateGetRequest`. */
  readonly name: string;
  /** Whether it is the request of an rpc. */
  readonly request: boolean;
  /** Itself, and the messages inside of it that are checked. */
  readonly inside: readonly RuledMessage[];
}

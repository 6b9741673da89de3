// Rate limits: the counters of a file, and the charges of an rpc.

import type { Origin } from "../../diagnostic/diagnostic.ts";
import type { CalendarUnit } from "../../ir/edge.ts";
import type { LimitUse, Usage } from "../../resolve/model/model.ts";
import type { AmountValue } from "../../text/amount.ts";
import type { NameScope } from "../names/name-scope.ts";

/** A counter: the common properties of limits of one name in a package. */
export interface PlanRateLimit {
  /** `USER_LIMIT` */
  readonly constant: string;
  readonly name: string;
  readonly package: string;
  readonly rate: AmountValue;
  /** Period in milliseconds, or a unit of the calendar. */
  readonly per: AmountValue | CalendarUnit;
  readonly burst: AmountValue;
  readonly local: boolean;
  readonly closed: boolean;
  readonly dryRun: boolean;
  /** Undefined: none. */
  readonly lease: number | undefined;
  readonly at: Origin;
}
/** The limits of an rpc. */
export interface PlanLimits {
  /** Limits that are charged before the credential check. */
  readonly early: readonly PlanLimitUse[];
  /** Limits that are charged after the message has been read. */
  readonly late: readonly PlanLimitUse[];
  /** Events about the charges of late limits. */
  readonly usage: Usage | undefined;
  /** Names of surrounding functions, which no local name may hide. */
  readonly functions: NameScope;
}
export interface PlanLimitUse {
  readonly use: LimitUse;
  readonly limit: PlanRateLimit;
}

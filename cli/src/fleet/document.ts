// A fleet as data: the shape of `protobff fleet --out fleet.json`, which the page shows. Members may be added; others
// keep their names and meanings within a version.
import type { ChangeEntry } from "./change.ts";
import type { Problem } from "./problem.ts";

export const FLEET_VERSION = 1;

export interface FleetDocument {
  readonly protobff_fleet: typeof FLEET_VERSION;
  /** Sorted by id. Other entries name BFFs by their ids. */
  readonly bffs: readonly BffEntry[];
  /** Services that BFFs call, sorted by name. */
  readonly upstreams: readonly UpstreamEntry[];
  /** Elements of locks that belong to no call. */
  readonly other_elements: readonly ElementUse[];
  /** Deprecated methods, fields and values that BFFs use. */
  readonly deprecations: readonly ElementUse[];
  /** Present only with --change. */
  readonly change?: ChangeEntry;
  /** Inputs that could not be read, and are missing. */
  readonly problems: readonly Problem[];
  readonly notes: readonly string[];
}
export interface BffEntry {
  /** The name, with the place if several BFFs have it. */
  readonly id: string;
  readonly name: string;
  /** The lock; without a lock the folder of the plans. */
  readonly place: string;
  /** null: there is no lock, so the fields are not known. */
  readonly lock_version: number | null;
  readonly plans: readonly string[];
  readonly owners: readonly string[];
  /** "CODEOWNERS:3" or "--owner"; null: nothing names owners. */
  readonly owners_from: string | null;
  /** null: there is no plan. */
  readonly rpcs: readonly string[] | null;
}
export interface UpstreamEntry {
  readonly service: string;
  /** Owners by --owner. */
  readonly owners: readonly string[];
  readonly methods: readonly MethodEntry[];
  /** Used fields, extensions and enum values of the methods' messages. */
  readonly elements: readonly ElementUse[];
  /** Outcomes of the rpcs' sample requests while all calls of the service are UNAVAILABLE, nothing cached. */
  readonly down: readonly OutageEntry[];
  /** BFFs that call it and have no plan: their outcomes are not known. */
  readonly without_plan: readonly string[];
}
export interface MethodEntry {
  readonly method: string;
  readonly used_by: readonly MethodUse[];
}
export interface MethodUse {
  readonly bff: string;
  /** Protos of the BFF that use it, by the lock. */
  readonly files: readonly string[];
  /** rpcs that may call it; null: there is no plan. */
  readonly rpcs: readonly string[] | null;
}
export interface ElementUse {
  readonly element: string;
  readonly kind: string;
  /** Type of a field: "string", "repeated shop.v1.Item"; "int32 or int64" if locks disagree. */
  readonly type?: string;
  readonly deprecated?: true;
  readonly used_by: readonly string[];
}
export interface OutageEntry {
  readonly bff: string;
  readonly rpc: string;
  /** `not reached`: the sample request does not call it. */
  readonly outcome: "fails" | "degraded" | "complete" | "unknown" | "not reached";
  /** Present only if it fails: codes, one of which is the answer's. */
  readonly codes?: readonly string[];
  /** Present only if it is degraded. */
  readonly missing?: readonly MissingEntry[];
  /** Present only if the outcome is unknown. */
  readonly why?: string;
  /** True if NATS may deliver the topic in place of this upstream. */
  readonly without_nats?: true;
}
interface MissingEntry {
  /** Items of lists are `[*]`. */
  readonly path: string;
  /** "MISSING", "STALE", …; any of them. */
  readonly effects: readonly string[];
  readonly perhaps?: true;
}

import type { Parameter } from "../options/parameter.ts";
import type { PlanServer } from "../plan/model/plan.ts";
import type { Variable } from "./variable.ts";

/** A server as files for its deployment tell of it. */
export interface ServerDeployment {
  readonly server: PlanServer;
  /** Of image and Kubernetes objects: a label as RFC 1035 has it. */
  readonly name: string;
  /** Where the files go, from the folder of what is generated: `web/v1/deploy`. */
  readonly folder: string;
  readonly importExtension: Parameter["importExtension"];
  /** All that it reads, those that have to be set first. */
  readonly variables: readonly Variable[];
}

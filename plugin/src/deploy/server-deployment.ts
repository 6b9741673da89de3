import type { Parameter } from "../options/parameter.ts";
import type { PlanServer } from "../plan/model/plan.ts";
import type { DeployVariable } from "./variable.ts";

/** A server, as the files for its deployment describe it. */
export interface ServerDeployment {
  readonly server: PlanServer;
  /** Name of the image and of the Kubernetes objects: a label according to RFC 1035. */
  readonly name: string;
  /** Folder of the files, from the folder of generated code: `web/v1/deploy`. */
  readonly folder: string;
  readonly importExtension: Parameter["importExtension"];
  /** All that it reads, those that have to be set first. */
  readonly variables: readonly DeployVariable[];
}

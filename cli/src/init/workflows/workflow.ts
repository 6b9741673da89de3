// Workflows of a new package's repository: checks of every change, a nightly update of the upstreams, a check of a deploy.
import type { WorkflowOptions } from "./commands.ts";
import { github } from "./github.ts";
import { gitlab } from "./gitlab.ts";

/** Systems with a workflow. */
export const CI_SYSTEMS = ["github", "gitlab"] as const;
export type CiSystem = (typeof CI_SYSTEMS)[number];

/** Path of the file from the repository's root. */
export const WORKFLOW_FILES: Readonly<Record<CiSystem, string>> = {
  github: ".github/workflows/bff.yaml",
  gitlab: ".gitlab-ci.yml",
};

/** Returns the text of a system's workflow. */
export function workflowOf(system: CiSystem, options: WorkflowOptions): string {
  return { github, gitlab }[system](options);
}

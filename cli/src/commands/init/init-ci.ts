// `protobff init ci`: a workflow for the repository of a package.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { Argument, type Command } from "commander";
import { CI_SYSTEMS, type CiSystem, WORKFLOW_FILES, workflowOf } from "../../init/workflows/workflow.ts";
import { mainBranch, remoteOf, repositoryOf } from "../../project/git.ts";
import { Refusal, type Terminal } from "../../terminal.ts";
import { SOURCE_LIST } from "../../upstream/source-list.ts";

/** `protobff init ci github` */
export function addInitCi(init: Command, terminal: Terminal): void {
  init
    .command("ci")
    .description("writes a workflow that checks every change, updates the upstreams and compares deploys")
    .addArgument(new Argument("<system>", "system that runs it").choices(CI_SYSTEMS))
    .action((system: CiSystem) => {
      const path = writeWorkflow(system, terminal.cwd);
      if (path === undefined) throw new Refusal(`nothing is written, because ${WORKFLOW_FILES[system]} exists`);
      terminal.write(`${path} is written\n`);
    });
}

/** Returns the system of a package's repository by its files or its remote; undefined: none is known. */
export function knownSystem(folder: string): CiSystem | undefined {
  const root = repositoryOf(folder);
  if (root === undefined) return undefined;
  if (existsSync(join(root, ".github"))) return "github";
  const remote = remoteOf(root) ?? "";
  return /[@/]github\.com[:/]/.test(remote) ? "github" : undefined;
}

/** Writes the workflow at the repository's root. Returns its path; undefined: the file exists, and stays. */
export function writeWorkflow(system: CiSystem, folder: string): string | undefined {
  const root = repositoryOf(folder) ?? folder;
  const path = join(root, WORKFLOW_FILES[system]);
  if (existsSync(path)) return undefined;
  const options = {
    folder: relative(root, folder).split(sep).join("/") || ".",
    branch: mainBranch(root) ?? "main",
    hasOrigins: existsSync(join(folder, SOURCE_LIST)),
  };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, workflowOf(system, options));
  return WORKFLOW_FILES[system];
}

// One compilation of a project as `buf generate` would have it, with the edits that its hints describe.
import { join, relative, sep } from "node:path";
import { type Diagnostic, renderDiagnostics, type Sources, tryRead } from "protoc-gen-bff/compiler";
import { actions } from "../lsp/features/actions.ts";
import type { Change } from "../lsp/features/changes/change.ts";
import { type BuildFault, buildFaults } from "../lsp/workspace/build-faults.ts";
import type { OpenTexts } from "../lsp/workspace/compiled-texts.ts";
import { type Outcome, Project } from "../lsp/workspace/project.ts";
import { diagnosticOf } from "../lsp/workspace/publisher.ts";

/** A diagnostic of a project, and the edit that its hint describes. */
export interface CheckedFault {
  readonly found: Diagnostic;
  /** Path from the project's folder, with `/`. */
  readonly file: string;
  readonly edit: Change | undefined;
}

export interface CheckedOutcome {
  readonly all: readonly CheckedFault[];
  /** Texts of the files that diagnostics name, with their paths from the project's folder. */
  readonly sources: Sources;
}

/**
 * Compiles the project in a folder. Writes nothing.
 *
 * @param open texts in place of those of files, by path
 */
export async function checkProject(root: string, open: OpenTexts = new Map()): Promise<CheckedOutcome> {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const project = new Project(root, { open: () => open, found: () => {}, ended: resolve, failed: reject });
  await project.compile();
  const outcome = await promise;
  if (outcome.diagnostics !== undefined) {
    const { texts } = outcome;
    const path = (name: string): string => shown(texts.pathOf(name), root);
    const all = outcome.diagnostics.map((found) => {
      return { found, file: path(found.at.file), edit: editOf(project, outcome, found) };
    });
    return { all, sources: Object.assign((name: string) => texts.sources(name), { path }) };
  }
  const all = outcome.faults.map((fault) => {
    const found = faultAt(fault, root);
    return { found, file: found.at.file, edit: fault.edit };
  });
  return { all, sources: (name) => tryRead(join(root, name)) };
}

/** Returns what buf reports of the project in a folder, with faults of options in the words of the compiler. */
export function explained(output: string, root: string): string {
  const faults = buildFaults(output, root, new Map());
  // Others are shown as buf has written them.
  if (faults.every(({ hint }) => hint === undefined)) return output;
  return renderDiagnostics(
    faults.map((fault) => faultAt(fault, root)),
    (name) => tryRead(join(root, name)),
    "text",
  );
}

const shown = (path: string, root: string): string => relative(root, path).split(sep).join("/");

function faultAt({ path, message, hint, edit: _, ...place }: BuildFault, root: string): Diagnostic {
  const at = { file: shown(path, root), ...place };
  return { code: "buf", severity: "error", message, at, ...(hint !== undefined && { hint }) };
}

function editOf({ program }: Project, { texts }: Outcome, found: Diagnostic): Change | undefined {
  const file = texts.fileNamed(found.at.file);
  if (program === undefined || file === undefined) return undefined;
  const [action] = actions(program, file, [diagnosticOf(found, texts.uriOf)]);
  const [edit] = Object.values(action?.edit?.changes ?? {}).flat();
  if (action?.isPreferred !== true || edit === undefined || !isOnly(found.hint ?? "")) return undefined;
  const { start, end } = edit.range;
  return { from: file.document.offsetAt(start), to: file.document.offsetAt(end), text: edit.newText };
}

/** A hint with alternatives is a decision of the author, unless one is the nearest name. */
const isOnly = (hint: string): boolean => hint.startsWith("did you mean ") || !/\bor\b/.test(hint);

import { globSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { tryRead } from "protoc-gen-bff/compiler";
import { optionsRegistry } from "../../project/options-registry.ts";
import type { Change } from "../features/changes/change.ts";
import { fileOf } from "../program/program.ts";
import { writtenFaults } from "../written/written-faults.ts";
import { type OpenTexts, uriOf } from "./compiled-texts.ts";

/** A fault of a file for which buf does not build; lines and columns count from 1, the end is exclusive. */
export interface BuildFault {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly message: string;
  readonly hint?: string;
  /** The edit by which it ends. */
  readonly edit?: Change;
}

const MOST = 100;
const MAX_FILES = 2_000;
const MAX_CHARACTERS = 1_000_000;

/**
 * Returns the faults of a project that buf does not build: those of options in the compiler's words, and buf's lines
 * for files without such faults.
 *
 * @param output of buf; it names no file if buf has ended itself
 * @param open texts in place of files, by their paths
 */
export function buildFaults(output: string, root: string, open: OpenTexts): readonly BuildFault[] {
  const reported = reportedFaults(output, root);
  const paths = protoFiles(root);
  const named = new Set(reported.map(({ path }) => path));
  const written = writtenIn(named.size === 0 ? paths : [...named], paths, root, open);
  const explained = new Set(written.map(({ path }) => path));
  return [...written, ...reported.filter(({ path }) => !explained.has(path))].slice(0, MOST);
}

/** Reads the lines `path:line:column:message` of buf's output. */
function reportedFaults(output: string, root: string): readonly BuildFault[] {
  return [...output.matchAll(/^([^\n:]+\.proto):(\d+):(\d+):\s*(.+)$/gm)].map(([, path = "", ...rest]) => {
    const [line, column] = [Number(rest[0]), Number(rest[1])];
    return { path: join(root, path), line, column, endLine: line, endColumn: column, message: rest[2] ?? "" };
  });
}

function writtenIn(paths: readonly string[], all: readonly string[], root: string, open: OpenTexts): BuildFault[] {
  // Names in imports are ends of paths.
  const names = all.flatMap((path) => {
    const parts = relative(root, path).split(sep);
    return parts.map((_, i) => parts.slice(i).join("/"));
  });
  return paths.flatMap((path) => {
    const text = open.get(path) ?? tryRead(path) ?? "";
    if (text.length > MAX_CHARACTERS) return [];
    const file = fileOf(path, uriOf(path), text);
    return writtenFaults(file, optionsRegistry(), names).map(({ from, to, ...fault }) => {
      const [start, end] = [file.document.positionAt(from), file.document.positionAt(to)];
      const place = { line: start.line + 1, column: start.character + 1 };
      return { path, ...place, endLine: end.line + 1, endColumn: end.character + 1, ...fault };
    });
  });
}

function protoFiles(root: string): readonly string[] {
  const exclude = (name: string): boolean => /(?:^|[/\\])(?:node_modules|\.[^/\\]+)$/.test(name);
  const found = globSync("**/*.proto", { cwd: root, exclude });
  return found.slice(0, MAX_FILES).map((path) => join(root, path));
}

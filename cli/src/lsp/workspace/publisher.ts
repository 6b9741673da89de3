import { join } from "node:path";
import type { Diagnostic as Finding } from "protoc-gen-bff/compiler";
import { type Connection, type Diagnostic, DiagnosticSeverity } from "vscode-languageserver";
import type { Outcome, Project } from "./project.ts";
import { uriOf } from "./project.ts";

/** `auto`: none if the project's buf.yaml names the check plugin. */
export type Publishing = "always" | "auto" | "never";

/** Sends diagnostics to the editor, by file. */
export class Publisher {
  readonly #connection: Connection;
  readonly #publishing: Publishing;
  /** Documents with diagnostics, by root of their project. */
  readonly #shown = new Map<string, ReadonlySet<string>>();

  constructor(connection: Connection, publishing: Publishing) {
    this.#connection = connection;
    this.#publishing = publishing;
  }

  publish(project: Project, outcome: Outcome): void {
    if (this.#publishing === "never" || (this.#publishing === "auto" && project.hasCheckPlugin)) return;
    const found = outcome.diagnostics === undefined ? faultsOf(outcome) : findingsOf(project, outcome.diagnostics);
    const byUri = Map.groupBy(found, ({ uri }) => uri);
    for (const uri of new Set([...(this.#shown.get(project.root) ?? []), ...byUri.keys()])) {
      const diagnostics = (byUri.get(uri) ?? []).map(({ diagnostic }) => diagnostic);
      void this.#connection.sendDiagnostics({ uri, diagnostics });
    }
    this.#shown.set(project.root, new Set(byUri.keys()));
  }
}

interface InFile {
  readonly uri: string;
  readonly diagnostic: Diagnostic;
}

function faultsOf({ faults }: Outcome): readonly InFile[] {
  return faults.map(({ path, line, column, message }) => {
    const position = { line: Math.max(0, line - 1), character: Math.max(0, column - 1) };
    const range = { start: position, end: position };
    return { uri: uriOf(path), diagnostic: { range, message, severity: DiagnosticSeverity.Error, source: "buf" } };
  });
}

function findingsOf(project: Project, findings: readonly Finding[]): readonly InFile[] {
  const uriOfName = (name: string): string => uriIn(project, name);
  return findings.map((finding) => ({ uri: uriOfName(finding.at.file), diagnostic: diagnosticOf(finding, uriOfName) }));
}

/** A finding of the compiler in the form of the protocol. */
export function diagnosticOf(finding: Finding, uriOfName: (name: string) => string): Diagnostic {
  const { at, code, severity, message, hint, related = [] } = finding;
  return {
    range: rangeOf(at),
    code,
    source: "protobff",
    severity: severity === "error" ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
    message: hint === undefined ? message : `${message}\nhint: ${hint}`,
    data: { hint },
    relatedInformation: related.map((other) => ({
      location: { uri: uriOfName(other.at.file), range: rangeOf(other.at) },
      message: other.message,
    })),
  };
}

function uriIn({ root, program }: Project, name: string): string {
  return program?.files(name)?.document.uri ?? uriOf(join(root, name));
}

function rangeOf({ line, column, endLine, endColumn }: Finding["at"]): Diagnostic["range"] {
  return {
    start: { line: line - 1, character: column - 1 },
    end: { line: endLine - 1, character: endColumn - 1 },
  };
}

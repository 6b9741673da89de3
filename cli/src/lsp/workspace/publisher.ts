import type { Diagnostic as Finding } from "protoc-gen-bff/compiler";
import { type Connection, type Diagnostic, DiagnosticSeverity, type Range } from "vscode-languageserver";
import type { TextDocument } from "vscode-languageserver-textdocument";
import { uriOf } from "./compiled-texts.ts";
import type { Outcome, Project } from "./project.ts";

/** `auto`: none if the project's buf.yaml names the check plugin. */
type Publishing = "always" | "auto" | "never";

/** Sends diagnostics to the editor, by file. */
export class Publisher {
  readonly #connection: Connection;
  publishing: Publishing = "auto";
  /** Diagnostics in the editor, by root of their project and by URI. */
  readonly #shown = new Map<string, ReadonlyMap<string, readonly InFile[]>>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  publish(project: Project, outcome: Outcome): void {
    if (!this.#isActive(project)) return;
    const found = outcome.diagnostics === undefined ? faultsOf(outcome) : findingsOf(outcome.diagnostics, outcome);
    const byUri = Map.groupBy(found, ({ uri }) => uri);
    for (const uri of new Set([...(this.#shown.get(project.root)?.keys() ?? []), ...byUri.keys()]))
      this.#send(uri, byUri.get(uri) ?? []);
    this.#shown.set(project.root, byUri);
  }

  /** Replaces the early diagnostics of a file. Its other ones move to their place in the new text. */
  publishEarly(project: Project, outcome: Outcome, name: string): void {
    if (!this.#isActive(project)) return;
    const { texts, diagnostics = [] } = outcome;
    const uri = texts.uriOf(name);
    const early = diagnostics.filter(({ at }) => at.file === name);
    const shown = this.#shown.get(project.root) ?? new Map<string, readonly InFile[]>();
    const later = (shown.get(uri) ?? []).filter(({ isLater }) => isLater);
    const moved = later.flatMap((known) => movedTo(texts.fileNamed(name)?.document, known));
    const found = [...findingsOf(early, outcome), ...moved];
    this.#send(uri, found);
    this.#shown.set(project.root, new Map([...shown, [uri, found]]));
  }

  #isActive({ hasCheckPlugin }: Project): boolean {
    return this.publishing === "always" || (this.publishing === "auto" && !hasCheckPlugin);
  }

  #send(uri: string, found: readonly InFile[]): void {
    void this.#connection.sendDiagnostics({ uri, diagnostics: found.map(({ diagnostic }) => diagnostic) });
  }
}

interface InFile {
  readonly uri: string;
  /** True for a diagnostic of the compiler that is not early. */
  readonly isLater: boolean;
  /** The text with the diagnostic. */
  readonly text: TextDocument | undefined;
  readonly diagnostic: Diagnostic;
}

function faultsOf({ faults }: Outcome): readonly InFile[] {
  return faults.map(({ path, message, hint, edit, ...place }) => ({
    uri: uriOf(path),
    isLater: false,
    text: undefined,
    diagnostic: {
      range: rangeOf(place),
      message: withHint(message, hint),
      severity: DiagnosticSeverity.Error,
      source: "buf",
      data: { hint, edit },
    },
  }));
}

function findingsOf(findings: readonly Finding[], { texts, early }: Outcome): readonly InFile[] {
  return findings.map((finding) => ({
    uri: texts.uriOf(finding.at.file),
    isLater: !early.has(finding),
    text: texts.fileNamed(finding.at.file)?.document,
    diagnostic: diagnosticOf(finding, texts.uriOf),
  }));
}

function movedTo(text: TextDocument | undefined, known: InFile): readonly InFile[] {
  const { diagnostic, text: before } = known;
  const range = before && text && movedRange(diagnostic.range, before, text);
  return range === undefined ? [] : [{ ...known, text, diagnostic: { ...diagnostic, range } }];
}

/** A finding of the compiler in the form of the protocol. */
export function diagnosticOf(finding: Finding, uriOfName: (name: string) => string): Diagnostic {
  const { at, code, severity, message, hint, related = [] } = finding;
  return {
    range: rangeOf(at),
    code,
    source: "protobff",
    severity: severity === "error" ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
    message: withHint(message, hint),
    data: { hint },
    relatedInformation: related.map((other) => ({
      location: { uri: uriOfName(other.at.file), range: rangeOf(other.at) },
      message: other.message,
    })),
  };
}

const withHint = (message: string, hint: string | undefined): string =>
  hint === undefined ? message : `${message}\nhint: ${hint}`;

function rangeOf({ line, column, endLine, endColumn }: Omit<Finding["at"], "file">): Diagnostic["range"] {
  const position = (atLine: number, atColumn: number) => ({
    line: Math.max(0, atLine - 1),
    character: Math.max(0, atColumn - 1),
  });
  return { start: position(line, column), end: position(endLine, endColumn) };
}

/** Returns the place of a range after an edit; undefined if the edit touches the range. */
export function movedRange({ start, end }: Range, before: TextDocument, after: TextDocument): Range | undefined {
  const [old, text] = [before.getText(), after.getText()];
  const shorter = Math.min(old.length, text.length);
  let head = 0;
  while (head < shorter && old[head] === text[head]) head++;
  let tail = 0;
  while (tail < shorter - head && old.at(-1 - tail) === text.at(-1 - tail)) tail++;
  const [from, to] = [before.offsetAt(start), before.offsetAt(end)];
  if (to > head && from < old.length - tail) return undefined;
  const shift = from < old.length - tail ? 0 : text.length - old.length;
  return { start: after.positionAt(from + shift), end: after.positionAt(to + shift) };
}

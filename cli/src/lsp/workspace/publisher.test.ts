import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Diagnostic as Finding } from "protoc-gen-bff/compiler";
import { expect, onTestFinished, test } from "vitest";
import type { Connection, PublishDiagnosticsParams } from "vscode-languageserver";
import { CompiledTexts, uriOf } from "./compiled-texts.ts";
import { Project } from "./project.ts";
import { Publisher } from "./publisher.ts";

const NAMES = ["a.proto", "b.proto"];

function finding(message: string, line: number, file = "a.proto"): Finding {
  const at = { file, line, column: 1, endLine: line, endColumn: 5 };
  return { code: "BFF303", severity: "error", message, at };
}
function outcome(root: string, text: string, early: readonly Finding[], later: readonly Finding[] = []) {
  const texts = new CompiledTexts(root, new Map(NAMES.map((name) => [join(root, name), text])));
  return { diagnostics: [...early, ...later], faults: [], early: new Set(early), texts };
}

test("early diagnostics replace those of one file, whose later ones stay at their text", () => {
  const root = mkdtempSync(join(tmpdir(), "protobff-publisher-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const name of ["buf.yaml", ...NAMES]) writeFileSync(join(root, name), "");
  const sent: string[][] = [];
  const sendDiagnostics = ({ uri, diagnostics }: PublishDiagnosticsParams) =>
    sent.push([uri, ...diagnostics.map(({ message, range }) => `${range.start.line} ${message}`)]);
  const publisher = new Publisher({ sendDiagnostics } as unknown as Connection);
  publisher.publishing = "always";
  const project = new Project(root, { open: () => new Map(), found: () => {}, ended: () => {}, failed: () => {} });
  const [a, b] = NAMES.map((name) => uriOf(join(root, name)));
  const later = [finding("later", 3), finding("edited", 2), finding("other", 1, "b.proto")];
  publisher.publish(project, outcome(root, "word\nword\nword\n", [finding("old", 1)], later));
  expect(sent.splice(0)).toEqual([
    [a, "0 old", "2 later", "1 edited"],
    [b, "0 other"],
  ]);
  const early = outcome(root, "word\nw\n\nword\n", [finding("new", 1), finding("new", 1, "b.proto")]);
  publisher.publishEarly(project, early, "a.proto");
  expect(sent.splice(0)).toEqual([[a, "0 new", "3 later"]]);
  publisher.publishEarly(project, outcome(root, "\nword\nw\n\nword\n", []), "a.proto");
  expect(sent.splice(0)).toEqual([[a, "4 later"]]);
  publisher.publish(project, outcome(root, "", []));
  expect(sent.toSorted()).toEqual([[a], [b]]);
});

import type { CodeAction, Diagnostic } from "vscode-languageserver";
import type { Program } from "../program/program.ts";
import type { SourceFile } from "../program/source-file.ts";

/** Returns the corrections that hints of diagnostics contain literally. */
export function actions(_program: Program, { document }: SourceFile, diagnostics: readonly Diagnostic[]): CodeAction[] {
  return diagnostics.flatMap((diagnostic) => {
    const hint: unknown = diagnostic.data?.hint;
    const replacement = typeof hint === "string" ? /^did you mean "([^"]+)"\?$/.exec(hint)?.[1] : undefined;
    if (replacement === undefined) return [];
    return [
      {
        title: `Replace by "${replacement}"`,
        kind: "quickfix",
        diagnostics: [diagnostic],
        isPreferred: true,
        edit: { changes: { [document.uri]: [{ range: diagnostic.range, newText: replacement }] } },
      },
    ];
  });
}

// Quick fixes: the corrections that hints of diagnostics contain literally.
import type { CodeAction, Diagnostic, TextEdit } from "vscode-languageserver";
import type { Program, SourceFile } from "../program/program.ts";
import { around, type Change, replaced, type Site } from "./changes/change.ts";
import { added, addedImport, addedOption, addedStatement, addedToStep } from "./changes/insert.ts";
import { removed, removedKey } from "./changes/remove.ts";

/**
 * Alternatives of hints with a literal correction. A function returns undefined if the place does not fit. Texts with
 * `…` have a gap that only the author can fill.
 */
const FIXES: readonly (readonly [hint: RegExp, fix: (site: Site, text: string) => Change | undefined])[] = [
  [/^did you mean "([^"…]+)"\?$/, replaced],
  [/^(?:write|choose another name, as in) "([^"…]+)"$/, replaced],
  [/^write at (?:most|least) "?([\w.]+)"?$/, replaced],
  [/^raise the limit to (\d+)$/, replaced],
  [/^write (headers\['[\w-]+'\]|uint\([\d.]+\)|\d[\dx.]*)$/, replaced],
  [/^(?:write|convert it:) (\w+)\(…\)(?: around it)?$/, (site, name) => around(site, `${name}(`, ")")],
  [/^write \[ … \] around it\b()/, (site) => around(site, "[", "]")],
  [/^add (\[\(bff\.v1\.field\)\.\w+ = "[^"…]*"\])/, addedOption],
  [/^add `(import "[^"…]+";)` to [^ ]+$/, addedImport],
  [/^add `(option [^`…]+;)`(?: to (?:it|the rpc|the service))?$/, addedStatement],
  [/^add `(supplementary: true)` to this step\b/, addedToStep],
  [/^add `(\w+: [^`…]+)`$/, added],
  [/^(?:leave (?:it|this|the value) out|leave out the (?:entry|option|value)|remove it)(?:$|[:;,].*)()/, removed],
  [/^(?:leave out|remove) `(\w+)`(?:$|[:;].*|, or .*)/, removedKey],
  [/^leave `(\w+)` out$/, removedKey],
];

/** Returns the corrections of diagnostics that this server has published, the best of a diagnostic first. */
export function actions(program: Program, file: SourceFile, diagnostics: readonly Diagnostic[]): CodeAction[] {
  return diagnostics.flatMap((diagnostic) => {
    const { hint, edit: known } = (diagnostic.data ?? {}) as { readonly hint?: unknown; readonly edit?: Change };
    if (known !== undefined && typeof hint === "string") return [actionOf(file, diagnostic, hint, known)];
    const site = siteOf(program, file, diagnostic);
    return alternativesOf(typeof hint === "string" ? hint : "").flatMap((title, i) => {
      const change = EXAMPLE.test(title) ? undefined : changeOf(title, site);
      if (change === undefined) return [];
      return [{ ...actionOf(file, diagnostic, title, change), isPreferred: i === 0 }];
    });
  });
}

function actionOf(file: SourceFile, diagnostic: Diagnostic, title: string, change: Change): CodeAction {
  const edit = { changes: { [file.document.uri]: [editOf(file, change)] } };
  return { title, kind: "quickfix", diagnostics: [diagnostic], isPreferred: true, edit };
}

/** A text that only shows a form. */
const EXAMPLE = /"package\.Service/;

/** `leave it out, or write "x"` has two. */
function alternativesOf(hint: string): readonly string[] {
  return hint.split(/[,;]? or (?=(?:add|leave|raise|remove|write)\b)/);
}

function changeOf(hint: string, site: Site): Change | undefined {
  for (const [pattern, fix] of FIXES) {
    const [, text] = pattern.exec(hint) ?? [];
    if (text !== undefined) return fix(site, text);
  }
  return undefined;
}

function siteOf({ registry }: Program, file: SourceFile, { range }: Diagnostic): Site {
  const { document } = file;
  const [from, to] = [document.offsetAt(range.start), document.offsetAt(range.end)];
  return { file, registry, from, to, text: document.getText(range) };
}

function editOf({ document }: SourceFile, { from, to, text }: Change): TextEdit {
  return { range: { start: document.positionAt(from), end: document.positionAt(to) }, newText: text };
}

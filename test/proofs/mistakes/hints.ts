// Hints that are edits, followed literally.
import { actions } from "../../../cli/src/lsp/features/actions.ts";
import type { Program } from "../../../cli/src/lsp/program/program.ts";
import { diagnosticOf } from "../../../cli/src/lsp/workspace/publisher.ts";
import type { Diagnostic } from "../../../plugin/src/diagnostic/diagnostic.ts";
import { pick } from "../fuzz/random.ts";
import type { Protos } from "./compiled.ts";
import { applied, type Edit } from "./edits.ts";

export interface Followed {
  readonly titles: readonly string[];
  readonly protos: Protos;
}

/** Follows one edit of each diagnostic that proposes edits; undefined if none does. */
export function followHints(
  protos: Protos,
  program: Program,
  diagnostics: readonly Diagnostic[],
  random: () => number,
): Followed | undefined {
  const titles: string[] = [];
  const changes = new Map<string, Edit["changes"][number][]>();
  for (const diagnostic of diagnostics) {
    const name = diagnostic.at.file;
    const file = name in protos ? program.files(name) : undefined;
    const action = file && pick(actions(program, file, [diagnosticOf(diagnostic, () => "")]), random);
    const [edit] = Object.values(action?.edit?.changes ?? {}).flat();
    if (file === undefined || action === undefined || edit === undefined) continue;
    const [from, to] = [file.document.offsetAt(edit.range.start), file.document.offsetAt(edit.range.end)];
    const others = changes.get(name) ?? [];
    if (others.some((other) => (other.from < to && from < other.to) || other.from === from)) continue;
    changes.set(name, [...others, { from, to, text: edit.newText }]);
    titles.push(`${diagnostic.code} ${action.title}`);
  }
  if (titles.length === 0) return undefined;
  const edited = [...changes].map(([name, all]) => [name, applied(protos[name] ?? "", all)] as const);
  return { titles, protos: { ...protos, ...Object.fromEntries(edited) } };
}

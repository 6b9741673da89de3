import { textOf } from "protoc-gen-bff/internal/language";
import { type InlayHint, InlayHintKind } from "vscode-languageserver";
import { meaningOf } from "../options/meanings.ts";
import { fieldNameOf, typedPath } from "../options/typed-path.ts";
import { meaningOfName } from "../program/named.ts";
import type { Program, SourceFile } from "../program/program.ts";
import { stringsOf } from "../syntax/values.ts";
import { absenceOf } from "./absence.ts";
import { waitsOf } from "./hover.ts";

/** Returns hints behind the names of steps between two offsets: absence, and the steps that they wait for. */
export function inlayHints(program: Program, file: SourceFile, from: number, to: number): InlayHint[] {
  return [...stringsOf(file.parsed.file)].flatMap(({ place, value }) => {
    if (value.to < from || value.from > to) return [];
    const path = typedPath(place, program.registry, file.parsed.package);
    const meaning = path && meaningOf(fieldNameOf(path));
    if (meaning?.kind !== "name" || meaning.of !== "step name") return [];
    const meant = meaningOfName({ of: meaning.of, text: textOf(value), file, place }, program);
    if (meant?.kind !== "step") return [];
    const { step } = meant;
    const waits = waitsOf(step);
    const labels = [
      ...(step.absent ? ["may be absent"] : []),
      ...(waits.length === 0 ? [] : [`waits for ${waits.join(", ")}`]),
    ];
    if (labels.length === 0) return [];
    const tooltip = absenceOf(step, program).join("\n");
    return [
      {
        position: file.document.positionAt(value.to),
        label: labels.join(", "),
        kind: InlayHintKind.Type,
        paddingLeft: true,
        ...(tooltip !== "" && { tooltip }),
      },
    ];
  });
}

// Resolvers, and functions of expressions, that generated code requires, as declared by its types.
import { emptyProject, tsMorph } from "./ts-morph.ts";

/** Exports of the user's module. */
export const EXPORTS = ["resolvers", "functions"] as const;
export type Export = (typeof EXPORTS)[number];

/** Members that the services of one `_bff.ts` need in one export of the user's module. */
export interface GeneratedResolvers {
  readonly path: string;
  readonly exported: Export;
  /** The interface that it exports: `WebResolvers`, `WebFunctions`. */
  readonly type: string;
  readonly members: readonly { readonly name: string; readonly what: string }[];
  /** Extension of generated imports. */
  readonly extension: ".ts" | ".js" | "";
}

/** Returns the requirements of a generated file; empty if its services have none. */
export function readGenerated(path: string, text: string): readonly GeneratedResolvers[] {
  const exportNames = EXPORTS.filter((name) => text.includes(`readonly ${name}: `));
  if (exportNames.length === 0) return [];
  const source = emptyProject(tsMorph()).createSourceFile("generated.ts", text);
  const parameters = source
    .getFunctions()
    .filter((candidate) => candidate.isExported() && /^create/.test(candidate.getName() ?? ""))
    .map((candidate) => candidate.getParameters()[0]?.getText() ?? "");
  const extension = /from "\.[^"]*_pb(\.ts|\.js)?"/.exec(text)?.[1];
  return exportNames.flatMap((exported): GeneratedResolvers[] => {
    const named = new RegExp(`readonly ${exported}: (\\w+)`);
    const type = parameters.map((parameter) => named.exec(parameter)?.[1]).find((name) => name !== undefined);
    const declared = type === undefined ? undefined : source.getInterface(type);
    if (type === undefined || declared === undefined) return [];
    return [
      {
        path,
        exported,
        type,
        members: declared.getProperties().map((property) => ({
          name: property.getName(),
          what: (property.getJsDocs()[0]?.getDescription() ?? "").trim().replace(/ \(.*\)$/, ""),
        })),
        extension: extension === ".ts" || extension === ".js" ? extension : "",
      },
    ];
  });
}

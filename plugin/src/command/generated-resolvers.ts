// The resolvers that generated code asks for, as its types say.
import { emptyProject, tsMorph } from "./ts-morph.ts";

/** One `_bff.ts` whose services need functions of the user. */
export interface GeneratedResolvers {
  readonly path: string;
  /** The interface that it exports: `WebResolvers`. */
  readonly type: string;
  readonly members: readonly { readonly name: string; readonly what: string }[];
  /** What generated imports end in. */
  readonly extension: ".ts" | ".js" | "";
}

/** What a generated file asks for; undefined when it asks for nothing, or has no services to ask for it. */
export function readGenerated(path: string, text: string): GeneratedResolvers | undefined {
  if (!text.includes("readonly resolvers: ")) return undefined;
  const source = emptyProject(tsMorph()).createSourceFile("generated.ts", text);
  const type = source
    .getFunctions()
    .filter((candidate) => candidate.isExported() && /^create/.test(candidate.getName() ?? ""))
    .map((candidate) => /readonly resolvers: (\w+)/.exec(candidate.getParameters()[0]?.getText() ?? "")?.[1])
    .find((name) => name !== undefined);
  const declared = type === undefined ? undefined : source.getInterface(type);
  if (type === undefined || declared === undefined) return undefined;
  const extension = /from "\.[^"]*_pb(\.ts|\.js)?"/.exec(text)?.[1];
  return {
    path,
    type,
    members: declared.getProperties().map((property) => ({
      name: property.getName(),
      what: (property.getJsDocs()[0]?.getDescription() ?? "").trim().replace(/ \(.*\)$/, ""),
    })),
    extension: extension === ".ts" || extension === ".js" ? extension : "",
  };
}

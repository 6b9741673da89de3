// Compilations of the proof, with what an author sees of them.
import type { CodeGeneratorRequest } from "@bufbuild/protobuf/wkt";
import { fileOf, Program } from "../../../cli/src/lsp/program/program.ts";
import { analyze, compile } from "../../../plugin/src/compile.ts";
import type { Diagnostic } from "../../../plugin/src/diagnostic/diagnostic.ts";
import { renderDiagnostics } from "../../../plugin/src/diagnostic/render.ts";
import { requestFor } from "../../support/request.ts";
import { SHARED } from "../fuzz/bases.ts";

export type Protos = Readonly<Record<string, string>>;

export interface Compiled {
  readonly program: Program;
  readonly diagnostics: readonly Diagnostic[];
  readonly hasErrors: boolean;
  /** Returns everything that is generated, the plan included. */
  readonly output: () => string;
}

/** No lock yet. */
const LOCK = { text: undefined, ci: false };

/**
 * Compiles a BFF; a text is a refusal by buf. Throws what the compiler throws.
 *
 * @param unused files of upstreams that the BFF does not call, for speed
 */
export function compiled(protos: Protos, parameter: string, unused: ReadonlySet<string>): Compiled | string {
  const texts: Protos = { ...SHARED, ...protos };
  const sources = (name: string): string | undefined => texts[name];
  let request: CodeGeneratorRequest;
  try {
    request = without(unused, { ...requestFor(texts, Object.keys(protos)), parameter });
  } catch (error) {
    return String(error);
  }
  const analysis = analyze(request, sources, LOCK);
  const { diagnostics } = analysis;
  renderDiagnostics(diagnostics, sources, "text");
  const program = new Program(analysis, (name) =>
    texts[name] === undefined ? undefined : fileOf(name, `file:///${name}`, texts[name]),
  );
  const hasErrors = diagnostics.some(({ severity }) => severity === "error");
  return { program, diagnostics, hasErrors, output: () => outputOf(request, sources) };
}

const without = (unused: ReadonlySet<string>, request: CodeGeneratorRequest): CodeGeneratorRequest => ({
  ...request,
  protoFile: request.protoFile.filter(({ name }) => !unused.has(name)),
});

/** Returns the shared files of packages that a BFF and the files that it needs do not mention. */
export function unusedBy(protos: Protos): ReadonlySet<string> {
  const unused = new Map(Object.entries(SHARED).filter(([name]) => !(name in protos)));
  for (let open = Object.values(protos); open.length > 0; ) {
    const text = open.join("\n");
    const used = [...unused].filter(
      ([name, of]) => text.includes(`"${name}"`) || text.includes(`${/^package ([\w.]+);/m.exec(of)?.[1] ?? ""}.`),
    );
    for (const [name] of used) unused.delete(name);
    open = used.map(([, of]) => of);
  }
  return new Set(unused.keys());
}

function outputOf(request: CodeGeneratorRequest, sources: (name: string) => string | undefined): string {
  const { response } = compile(request, sources, LOCK);
  if (response.error !== "") throw new Error(`an error without a diagnostic: ${response.error}`);
  return response.file.map(({ name, content }) => `${name}\n${content}`).join("\n");
}

/** Returns the diagnostics that others do not contain; lines before them may have moved. */
export function newIn(after: readonly Diagnostic[], before: readonly Diagnostic[]): readonly Diagnostic[] {
  const left = new Map<string, number>();
  const keyOf = ({ code, message, at }: Diagnostic) => `${code} ${at.file} ${message}`;
  for (const diagnostic of before) left.set(keyOf(diagnostic), (left.get(keyOf(diagnostic)) ?? 0) + 1);
  return after.filter((diagnostic) => {
    const key = keyOf(diagnostic);
    const count = left.get(key) ?? 0;
    left.set(key, count - 1);
    return count <= 0;
  });
}

// Identifiers are nouns and verbs of the field: none is named by speech or participle.
import { ts } from "ts-morph";
import { describe, expect, test } from "vitest";
import { type Source, sources, testFiles } from "./shapes.ts";

const ROOMS = ["bench", "cli", "client", "examples", "packages", "plugin", "runtime", "scripts", "test"];
const SPOKEN =
  /^#?(?:one$|(?:told|said|asked|given|wanted|heard|judged|own|tells?|says?|asks?|hears?|judges?)(?![a-z_]))/i;
/** Keys of JSON, fields of protos, and BFF_HTTP2_SERVER=own. */
const KEPT: Readonly<Record<string, readonly string[]>> = {
  plugin: [
    "plugin/src/faults/behaviour.ts: asked",
    "plugin/src/faults/behaviour.ts: own",
    "plugin/src/read/edge/read-env.ts: one",
    "plugin/src/report/faults/describe-behaviour.ts: asked",
    "plugin/src/report/faults/describe-expression.ts: own",
  ],
  test: ["test/proofs/corpora/leak/upstream.ts: asked", "test/proofs/matrix/bffs.ts: own"],
};

function declaredNames({ path, text }: Source): readonly string[] {
  const found = new Set<string>();
  const visit = (node: ts.Node): void => {
    const { name } = node as ts.NamedDeclaration;
    const isUse = ts.isPropertyAccessExpression(node) || ts.isImportSpecifier(node);
    if (!isUse && name !== undefined && (ts.isIdentifier(name) || ts.isPrivateIdentifier(name))) found.add(name.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false));
  return [...found];
}
const spoken = (source: Source): readonly string[] => declaredNames(source).filter((name) => SPOKEN.test(name));

describe("identifiers", () => {
  test("names are found in variables, parameters, properties, types and private members", () => {
    const text = "const one = ({ told }: { asked: 1 }) => told; interface Said {} class A { #heard = 1; say() {} }";
    expect(spoken({ path: "a.ts", text })).toEqual(["one", "told", "asked", "Said", "#heard", "say"]);
  });
  // In test/ most such names are fields of protos.
  test.each(["cli", "client", "packages", "plugin", "runtime"])("identifiers in the tests of %s are, too", (room) => {
    const found = testFiles(room).flatMap((source) => spoken(source).map((name) => `${source.path}: ${name}`));
    expect(found.filter((name) => name !== "runtime/src/transport/grpc/stream-servers.test.ts: own")).toEqual([]);
  });
  test.each(ROOMS)("upper bounds of %s begin with MAX_", (room) => {
    const names = sources(room).flatMap(({ path, text }) =>
      [...text.matchAll(/\b(?:MOST|LONGEST|LARGEST|GREATEST|HIGHEST)_[A-Z]\w*/g)].map(([name]) => `${path}: ${name}`),
    );
    expect(names).toEqual([]);
  });
  test.each(ROOMS)("identifiers of %s are nouns and verbs of the field", (room) => {
    const found = sources(room).flatMap((source) => spoken(source).map((name) => `${source.path}: ${name}`));
    expect(found.sort()).toEqual(KEPT[room] ?? []);
  });
});

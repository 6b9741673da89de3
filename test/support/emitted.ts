// The cases whose emitted code is held: goldens, and the recipes of the cookbook.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CodeGeneratorRequest } from "@bufbuild/protobuf/wkt";
import { expect } from "vitest";
import { renderDiagnostics } from "../../plugin/src/diagnostic/render.ts";
import { cookbook } from "../pages/cookbook.ts";
import { compileCase, type GoldenCase, goldenCases, parameterOf, requestOf, textsBelow, UPSTREAMS } from "./golden.ts";
import { together } from "./together.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

const exampleUpstreams = Object.fromEntries(
  Object.entries(textsBelow(join(root, "proto/example"))).filter(([name]) => !/^(web|mobile|policy)\//.test(name)),
);

const { recipes, upstreams: shopUpstreams } = cookbook();

export type Files = Readonly<Record<string, string>>;

export interface Emitted extends GoldenCase {
  readonly archive: string;
  readonly upstreams: Files;
  /** Files of the user over what is emitted, which is type-checked with them. */
  readonly beside?: Files;
}

export const EMITTED: readonly Emitted[] = [
  ...goldenCases("emit").map((golden) => ({
    ...golden,
    // The worked example is the one of docs/language.md, over the example's upstreams.
    ...(golden.name === "worked-example"
      ? { protos: textsBelow(join(root, "test/bffs/worked-example/proto")), upstreams: exampleUpstreams }
      : { upstreams: UPSTREAMS }),
  })),
  ...recipes.map((recipe) => ({
    ...recipe,
    name: `cookbook/${recipe.name}`,
    archive: `cookbook/${recipe.name}`,
    upstreams: shopUpstreams,
  })),
];

for (const [upstreams, some] of Map.groupBy(EMITTED, (golden) => golden.upstreams))
  together(
    upstreams,
    some.map(({ protos }) => protos),
  );

/** Compiles a case, which has no diagnostics. */
export function emitted(golden: Emitted): {
  readonly files: Files;
  readonly request: CodeGeneratorRequest;
} {
  const request = requestOf(golden, golden.upstreams);
  const { response, diagnostics } = compileCase(
    request,
    { ...golden.upstreams, ...golden.protos },
    parameterOf(golden),
  );
  // Some cases are about upstream types shown to clients, two packages in a folder, lists without a bound, or what is always true or never.
  const unexpected = diagnostics.filter(
    ({ code }) => !["BFF348", "BFF349", "BFF355", "BFF803", "BFF821", "BFF706", "BFF707", "BFF316"].includes(code),
  );
  expect(renderDiagnostics(unexpected, (file) => golden.protos[file], "text")).toBe("");
  return { files: Object.fromEntries(response.file.map(({ name, content }) => [name, content])), request };
}

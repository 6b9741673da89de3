// What the plugin emits: the whole output of every case, read by a person, and strictly type-checked here.
import { spawnSync } from "node:child_process";
import { hash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CodeGeneratorRequest } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderDiagnostics } from "../plugin/src/diagnostic/render.ts";
import { cookbook } from "./support/cookbook.ts";
import {
  compileCase,
  type GoldenCase,
  goldenCases,
  goldenOf,
  parameterOf,
  requestOf,
  textsBelow,
  UPSTREAMS,
} from "./support/golden.ts";
import { messagesOf } from "./support/messages.ts";
import { together } from "./support/together.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Below the repository, so that generated code finds the packages that it imports. */
const generated = join(root, `test/.generated/golden-${process.pid}`);

const exampleUpstreams = Object.fromEntries(
  Object.entries(textsBelow(join(root, "proto/example"))).filter(([name]) => !/^(web|mobile|policy)\//.test(name)),
);

const { recipes, upstreams: shopUpstreams } = cookbook();

type Files = Readonly<Record<string, string>>;

interface Emitted extends GoldenCase {
  readonly archive: string;
  readonly upstreams: Files;
  /** Files of the user over what is emitted, which is type-checked with them. */
  readonly beside?: Files;
}

const cases: readonly Emitted[] = [
  ...goldenCases("emit").map((golden) => ({
    ...golden,
    // The worked example is the one of docs/language.md, over the example's upstreams.
    ...(golden.name === "worked-example"
      ? { protos: textsBelow(join(root, "test/worked-example/proto")), upstreams: exampleUpstreams }
      : { upstreams: UPSTREAMS }),
  })),
  ...recipes.map((recipe) => ({
    ...recipe,
    name: `cookbook/${recipe.name}`,
    archive: `cookbook/${recipe.name}`,
    upstreams: shopUpstreams,
  })),
];

for (const [upstreams, some] of Map.groupBy(cases, (golden) => golden.upstreams))
  together(
    upstreams,
    some.map(({ protos }) => protos),
  );

/** Cases whose archives hold the codecs and every server. Archives of other cases hold checksums of these. */
const CODECS = /^(any|call|codec|copies-optional|enums|nesting|oneof|proto2|scalars|stream|validation|well-known)$/;

/** A server that only calls upstreams: it lacks an environment, an identity, resolvers, functions, limits and caches. */
const PLAIN_SERVER =
  /^ {2}upstreams: \{[^{}]*\},\n {2}env: \(\) => \(\{\}\),\n {2}create: \(\{ clients, env, observer \}\) => \{$/m;

/** What archives hold of emitted files: texts, and a line for each that is only held by its checksum. */
function recorded({ name }: Emitted, files: Files): { readonly texts: Files; readonly checksums: string } {
  const all = Object.entries(files);
  const isRepeated = (file: string, text: string): boolean =>
    file.endsWith("_codec.ts") ||
    (/server(_main)?\.ts$/.test(file) &&
      PLAIN_SERVER.test(files[file.replace(/server\.ts$/, "server_main.ts")] ?? text));
  const isText = ([file, text]: [string, string]): boolean => CODECS.test(name) || !isRepeated(file, text);
  const sums = all
    .filter((file) => !isText(file))
    .map(([file, text]) => `${hash("sha256", text)}  ${file}\n`)
    .sort((a, b) => (a.slice(64) < b.slice(64) ? -1 : 1));
  return { texts: Object.fromEntries(all.filter(isText)), checksums: sums.join("") };
}

function emit(golden: Emitted): {
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
    ({ code }) => !["BFF348", "BFF349", "BFF803", "BFF821", "BFF706", "BFF707", "BFF316"].includes(code),
  );
  expect(renderDiagnostics(unexpected, (file) => golden.protos[file], "text")).toBe("");
  return { files: Object.fromEntries(response.file.map(({ name, content }) => [name, content])), request };
}

/** The mocks of a case, and its tests of faults on them, to be type-checked; what mocks look like is one case's business. */
function mocksOf(golden: Emitted, request: CodeGeneratorRequest): Files {
  const parameter = `${parameterOf(golden)},mock=true,faults=node`;
  const { response } = compileCase(request, { ...golden.upstreams, ...golden.protos }, parameter);
  const files = response.file.filter(({ name }) => /_(mock|faults|faults\.test)\.ts$|server(_main)?\.ts$/.test(name));
  return Object.fromEntries(files.map(({ name, content }) => [name, content]));
}

function write(folder: string, files: Files): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

describe("emitted TypeScript", () => {
  beforeAll(() => rmSync(generated, { recursive: true, force: true }));
  afterAll(() => rmSync(generated, { recursive: true, force: true }));

  test.each(cases)("$name", (golden) => {
    const { files, request } = emit(golden);
    write(join(generated, golden.name), { ...messagesOf(request), ...files });
    const beside = Object.entries(golden.beside ?? {}).map(([name, text]) => [name, text.replaceAll('"./gen/', '"./')]);
    write(join(generated, golden.name), Object.fromEntries(beside));
    write(join(generated, golden.name), mocksOf(golden, request));
    const { texts, checksums } = recorded(golden, files);
    expect(texts).toEqual(goldenOf(golden.archive, "expected", texts));
    const sums: Files = checksums === "" ? {} : { "": checksums };
    expect(sums).toEqual(goldenOf(golden.archive, "expected.sha256", sums));
  });

  test("compiles as strictly as this repository", () => {
    write(generated, {
      "tsconfig.json": JSON.stringify({ extends: "../../../tsconfig.json", include: ["."], exclude: [] }),
    });
    const { status, stdout } = spawnSync(process.execPath, [join(root, "node_modules/.bin/tsc"), "-p", generated], {
      encoding: "utf8",
      cwd: root,
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
  }, 600_000);
});

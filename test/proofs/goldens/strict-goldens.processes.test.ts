// The emitted code of every golden compiles as strictly as this repository, and declares the type of every export
// (isolatedDeclarations), with its mocks and its tests of faults.
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CodeGeneratorRequest } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EMITTED, type Emitted, emitted, type Files } from "../../support/emitted.ts";
import { compileCase, parameterOf } from "../../support/golden.ts";
import { messagesOf } from "../../support/messages.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
/** Below the repository, so that generated code finds the packages that it imports. */
const generated = join(root, `test/.generated/golden-${process.pid}`);

beforeAll(() => rmSync(generated, { recursive: true, force: true }));
afterAll(() => rmSync(generated, { recursive: true, force: true }));

/** The mocks of a case, and its tests of faults on them; what mocks look like is one case's business. */
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

/** A file of the user beside its emitted code, with types that isolatedDeclarations can read. */
const annotated = (text: string): string =>
  text
    .replaceAll('"./gen/', '"./')
    .replace(/^export const (\w+) = (\{.*\}) satisfies (\w+);/ms, "export const $1: $3 = $2;");

test("emitted code compiles as strictly as this repository", () => {
  for (const golden of EMITTED) {
    const { files, request } = emitted(golden);
    const beside = Object.entries(golden.beside ?? {}).map(([name, text]) => [name, annotated(text)]);
    const all = { ...messagesOf(request), ...files, ...Object.fromEntries(beside), ...mocksOf(golden, request) };
    write(join(generated, golden.name), all);
  }
  write(generated, {
    "tsconfig.json": JSON.stringify({
      extends: "../../../tsconfig.json",
      compilerOptions: { declaration: true, isolatedDeclarations: true },
      include: ["."],
      exclude: [],
    }),
  });
  const { status, stdout } = spawnSync(process.execPath, [join(root, "node_modules/.bin/tsc"), "-p", generated], {
    encoding: "utf8",
    cwd: root,
  });
  expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
}, 600_000);

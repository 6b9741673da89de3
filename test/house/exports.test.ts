// A name is exported if another file imports it.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { isUsedWhereDeclared, unusedExports } from "./exports.ts";

const ROOMS = ["cli", "client", "packages", "plugin", "runtime"];
const IMPORTING = [...ROOMS, "bench", "examples", "generated", "scripts", "site", "test"];
const packages = readdirSync(fileURLToPath(new URL("../../packages", import.meta.url))).map(
  (name) => `packages/${name}`,
);

/** Read by commands in JavaScript or by processes of tests, or put in the place of another module. */
const KEPT = [
  "cli/src/lsp/workspace/heap.ts: youngBytes",
  "packages/conformance/src/main.ts: main",
  "packages/replay/src/world/collect.ts: serve",
  "packages/replay/src/world/collect.ts: start",
  "packages/server/src/command/bff-bundle.ts: runBffBundle",
  "packages/server/src/memory/young-generation.ts: youngBytes",
  "plugin/src/main.ts: main",
];
/** Serve tests, and are no product. */
const SERVES_TESTS = /\/(testing|gen)\/|\.test\.tsx?: |\.d\.ts: |_pb\.ts: /;

/** Used by tests alone: hooks of proofs, judges of the product, and functions that commands in JavaScript run. */
const FOR_TESTS: readonly string[] = [
  "cli/src/buf-plugin.ts: main",
  "cli/src/main.ts: main",
  "packages/conformance/reference/rules.ts: rulesOf",
  "packages/conformance/reference/server.ts: startReference",
  "packages/server/src/command/bff-key.ts: runBffKey",
  "plugin/src/cel/types/functions/signatures.ts: overloadNames",
  "plugin/src/command/usage.ts: answerWords",
  "runtime/src/error-info.ts: omitAddedDetails",
  "runtime/src/states.ts: checkTransitions",
];
const TESTS = /^(bench|test)\/|\/testing\/|\.test\.tsx?$/;

const PACKAGES = ["runtime", "plugin", "cli", "client", ...packages];

test("each exported name has an importer", () => {
  const unused = unusedExports(ROOMS, IMPORTING, PACKAGES);
  expect(unused.filter((name) => !SERVES_TESTS.test(name)).sort()).toEqual(KEPT);
});

test("no exported name serves tests alone", () => {
  const unused = unusedExports(ROOMS, IMPORTING, PACKAGES, (path) => !TESTS.test(path));
  const found = unused.filter((name) => !SERVES_TESTS.test(name) && !KEPT.includes(name) && !isUsedWhereDeclared(name));
  expect(found.sort()).toEqual(FOR_TESTS);
});

// A name is exported if another file imports it.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { unusedExports } from "./exports.ts";

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
  "packages/server/src/memory/young-generation.ts: youngBytes",
  "plugin/src/main.ts: main",
];
/** Serve tests, and are no product. */
const SERVES_TESTS = /\/(testing|gen)\/|\.test\.tsx?: |\.d\.ts: |_pb\.ts: /;

test("each exported name has an importer", () => {
  const unused = unusedExports(ROOMS, IMPORTING, ["runtime", "plugin", "cli", "client", ...packages]);
  expect(unused.filter((name) => !SERVES_TESTS.test(name)).sort()).toEqual(KEPT);
});

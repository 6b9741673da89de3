import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { sourcesIn } from "./file-sources.ts";

const NAME = "shop/v1/shop.proto";

function folder(...files: readonly string[]): string {
  const root = mkdtempSync(join(tmpdir(), "protobff-sources-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const file of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), file);
  }
  return root;
}

// protoc does not tell its plugins which folders -I names. With the text, positions are those under buf.
test.each(["", "proto/", "api/", "src/main/proto/"])("without buf.yaml a file in %s is found", (prefix) => {
  const sources = sourcesIn(folder(`node_modules/api/${NAME}`, `.cache/${NAME}`, `${prefix}${NAME}`));
  expect(sources(NAME)).toBe(`${prefix}${NAME}`);
});

test("buf.yaml names all folders", () => {
  const sources = sourcesIn(folder("buf.yaml", `api/${NAME}`));
  expect(sources(NAME)).toBeUndefined();
});

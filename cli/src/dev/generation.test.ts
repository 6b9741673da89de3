import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Generation } from "./generation.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

test("gives what buf generate writes, of all plugins, and so writes nothing where that has run", () => {
  const generation = new Generation(root);
  const generated = generation.generate();
  expect(generated).toMatchObject({ kind: "generated", touched: [], changes: [] });
  if (generated.kind !== "generated") return;
  expect([...generated.servers.keys()]).toEqual(["account.v1", "mobile.v1", "web.v1"]);
  expect(generation.generate()).toMatchObject({ kind: "generated", touched: [], changes: [] });
});

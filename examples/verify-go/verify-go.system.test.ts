import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

test("a service in Go identifies callers by the runtime's signature", () => {
  const folder = fileURLToPath(new URL(".", import.meta.url));
  const env = { ...process.env, GOFLAGS: "-count=1", GOPROXY: "off", GOTOOLCHAIN: "local" };
  const go = (...args: string[]): string => execFileSync("go", args, { cwd: folder, env, encoding: "utf8" });
  expect(go("vet", "./...")).toBe("");
  const output = go("test", "-v", "./...");
  expect(output).toMatch(/^ok\s/m);
  expect(output).toContain("--- PASS: TestRecorded/for_another_service");
}, 300_000);

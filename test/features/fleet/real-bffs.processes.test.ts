// The fleet of all goldens and recipes: locks and plans name the same methods, and every plan can be evaluated.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { FleetDocument } from "../../../cli/src/fleet/document.ts";
import { run } from "../../../cli/src/testing/run.ts";
import { compile } from "../../../plugin/src/compile.ts";
import { cookbook } from "../../pages/cookbook.ts";
import { goldenCases, requestOf, UPSTREAMS } from "../../support/golden.ts";
import { together } from "../../support/together.ts";

test("goldens and recipes are one fleet without differences", { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "protobff-real-fleet-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const { recipes, upstreams: shop } = cookbook();
  const goldens = goldenCases("emit");
  for (const [all, upstreams] of [
    [goldens, UPSTREAMS],
    [recipes, shop],
  ] as const) {
    const protosOfAll = all.map(({ protos }) => protos);
    together(upstreams, protosOfAll);
    for (const { name, protos } of all) {
      const request = requestOf({ protos }, upstreams);
      request.parameter = "plan=json";
      const sources = (file: string) => protos[file] ?? upstreams[file];
      const { response, lock } = compile(request, sources, { text: undefined, ci: false });
      expect(response.error).toBe("");
      if (lock === undefined) continue;
      write(`${name}/bff.lock.json`, lock);
      for (const file of response.file)
        if (file.name.endsWith("_plan.json")) write(`${name}/gen/${file.name}`, file.content);
    }
  }
  expect(await run(["fleet", ".", "--out", "fleet.json"], folder)).toMatchObject({ exitCode: 0, stderr: "" });
  const { bffs, upstreams }: FleetDocument = JSON.parse(readFileSync(join(folder, "fleet.json"), "utf8"));
  expect(bffs.length).toBeGreaterThan(100);
  const down = upstreams.flatMap((upstream) => upstream.down);
  expect(down.length).toBeGreaterThan(250);
  expect(down.filter(({ why }) => why?.startsWith("the plan cannot be evaluated"))).toEqual([]);
});

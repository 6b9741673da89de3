import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { claim } from "./claim.ts";

let work = "";
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), "protobff-claim-"));
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

test("a folder is claimed once, by any of its paths, until it is released", async () => {
  const release = await claim(work);
  symlinkSync(work, join(work, "again"));
  for (const path of [work, join(work, "again")])
    await expect(claim(path)).rejects.toThrow("already: end it first, or use its servers");
  mkdirSync(join(work, "other"));
  await (await claim(join(work, "other")))();
  await release();
  await (await claim(work))();
});

test("a folder is claimed as soon as a process that is ending has released it", async () => {
  const release = await claim(work);
  const next = claim(work);
  await release();
  await (await next)();
});

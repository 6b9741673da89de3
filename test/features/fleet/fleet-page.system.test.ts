// The page of `protobff fleet` for 50 BFFs with 500 rpcs, in a browser.
// Holds docs/cli.md#fleet
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { run } from "../../../cli/src/testing/run.ts";
import { axeFaults } from "../../support/axe.ts";
import { upstreamProto, writeFleet } from "../../support/fleet.ts";

let work = "";
let browser: Browser;
beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), "protobff-fleet-page-"));
  writeFleet(join(work, "teams"), { bffs: 50, rpcs: 10, upstreams: 30 });
  mkdirSync(join(work, "new/up3/v1"), { recursive: true });
  writeFileSync(join(work, "new/up3/v1/up3.proto"), upstreamProto(3).replaceAll("string field_1 =", "bytes field_1 ="));
  writeFileSync(join(work, "teams/CODEOWNERS"), "* @octo/web\n/team7/ @octo/seven\n");
  mkdirSync(join(work, "teams/damaged"));
  writeFileSync(join(work, "teams/damaged/bff.lock.json"), "{");
  const { exitCode, stderr } = await run(["fleet", "teams", "--change", "new"], work);
  expect([exitCode, stderr]).toEqual([
    1,
    "error: teams/damaged/bff.lock.json:1:2: the BFF is left out: it is not JSON\n",
  ]);
  writeFleet(join(work, "few"), { bffs: 3, rpcs: 2, upstreams: 4 });
  await run(["fleet", "few", "teams/damaged", "--change", "new", "--out", "few.html"], work);
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
}, 180_000);
afterAll(async () => {
  await browser?.close();
  rmSync(work, { recursive: true, force: true });
});

interface Opened {
  readonly page: Page;
  /** Errors of the page, and requests that it makes. */
  readonly complaints: readonly string[];
}

async function opened(file: string, width: number, colorScheme: "light" | "dark" = "light"): Promise<Opened> {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  onTestFinished(() => page.close());
  const url = pathToFileURL(join(work, file)).href;
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => complaints.push(message.text()));
  page.on("request", (request) => {
    if (request.url() !== url) complaints.push(request.url());
  });
  await page.goto(url);
  return { page, complaints };
}

test("50 BFFs with 500 rpcs fit into 2 MB", () => {
  expect(statSync(join(work, "fleet.html")).size).toBeLessThan(2_000_000);
});

test("shows who uses a method, what an outage takes away, owners, the change and unread locks", {
  timeout: 60_000,
}, async () => {
  const { page, complaints } = await opened("fleet.html", 1_280);
  const main = page.getByRole("main");
  await main.getByText("teams/damaged/bff.lock.json:1:2: the BFF is left out: it is not JSON").waitFor();
  await main.getByText(/^It breaks \d+ BFFs\.$/).waitFor();
  const finding = page.getByRole("table", { name: "Findings of the change" }).getByRole("row").nth(1);
  expect(await finding.textContent()).toMatch(
    /break BFF914: field "up3\.v1\.Item\d\.field_1" is bytes, and was string/,
  );
  expect(
    await page
      .getByRole("row", { name: /^team7 / })
      .last()
      .textContent(),
  ).toContain("@octo/seven CODEOWNERS:2");

  await page.getByRole("link", { name: "up3.v1.Up3Service" }).click();
  const outcomes = page.getByRole("table", { name: "Outcomes without up3.v1.Up3Service" });
  await outcomes.waitFor();
  const texts = await outcomes.getByRole("row").allTextContents();
  expect(texts.filter((text) => text.includes("fails: UNAVAILABLE")).length).toBeGreaterThan(0);
  expect(texts.filter((text) => /c\d_field_0 missing, c\d_field_1 missing/.test(text)).length).toBeGreaterThan(0);
  const methods = page.getByRole("table", { name: "Methods of up3.v1.Up3Service" });
  expect(await methods.getByRole("row").nth(1).textContent()).toMatch(
    /^Get\d\d+ BFFs?team\d+: Team\d+Service\/GetPage\d/,
  );
  expect(complaints).toEqual([]);
});

test("the filter hides rows and sections by keyboard alone, and gives them back", { timeout: 60_000 }, async () => {
  const { page, complaints } = await opened("fleet.html", 1_280);
  const box = page.getByRole("searchbox", { name: /^Filter by/ });
  for (let i = 0; i < 10 && !(await box.evaluate((input) => input === document.activeElement)); i++)
    await page.keyboard.press("Tab");
  await page.keyboard.type("TEAM7: up12.v1");
  await expect.poll(() => page.getByRole("status").textContent()).toMatch(/^\d+ of \d+ rows$/);
  await box.fill("up12.v1.Item0.field_0");
  const rows = page.getByRole("row", { name: /^up12\.v1\.Item0\.field_0/ });
  await rows.waitFor();
  expect(await page.locator("details:visible").count()).toBe(1);
  expect(await page.getByRole("status").textContent()).toMatch(/^1 of \d+ rows$/);
  await box.fill("");
  expect(await page.locator("details:visible").count()).toBe(30);
  expect(await page.locator("details[open]").count()).toBe(0);
  const summary = page.locator("summary").first();
  await summary.focus();
  await page.keyboard.press("Enter");
  expect(await page.locator("details[open]").count()).toBe(1);
  expect(complaints).toEqual([]);
});

test.each([
  { width: 1_280, scheme: "light" },
  { width: 1_280, scheme: "dark" },
  { width: 320, scheme: "light" },
] as const)("has no fault of accessibility at $width px, $scheme", { timeout: 120_000 }, async ({ width, scheme }) => {
  const { page } = await opened("few.html", width, scheme);
  await page.locator("details").evaluateAll((all) => {
    for (const details of all) details.setAttribute("open", "");
  });
  expect(await axeFaults(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
});

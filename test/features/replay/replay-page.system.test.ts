// The live page of `protobff replay --page` in a browser: steps through a captured request, and changes a call.
import { chromium, type Page } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";
import { axeFaults } from "../../support/axe.ts";
import { captured, servedPage } from "./served-page.ts";

const PATIENT = { timeout: 20_000 };

async function opened(): Promise<{ readonly page: Page; readonly complaints: readonly string[] }> {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
  onTestFinished(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1360, height: 1000 } });
  page.setDefaultTimeout(PATIENT.timeout);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  return { page, complaints };
}

test("the page steps through a captured request, and shows what a change makes different", {
  timeout: 120_000,
}, async () => {
  const { page, complaints } = await opened();
  const { url } = await servedPage(await captured());
  await page.goto(url);
  const rows = page.getByRole("row", { name: /GetDashboard/ });
  await rows.first().getByRole("button").click();
  const original = page.getByRole("region", { name: "As captured" });
  const billing = original.getByRole("row", { name: /BillingService\/GetUsage/ });
  const outcome = () => billing.getByRole("cell").last().textContent();
  const answer = (of = original, title = "Answer") =>
    of.getByRole("figure", { name: title, exact: true }).locator("pre").textContent();
  await expect.poll(outcome, PATIENT).toBe("WAITING");
  const moments = await page.getByRole("list", { name: "Events" }).getByRole("listitem").allInnerTexts();
  const sent = moments.findIndex((text) => text.includes("→ billing GetUsage #1"));

  for (let step = 0; step <= sent; step++) await page.getByRole("button", { name: "Forward" }).click();
  await expect.poll(outcome, PATIENT).toMatch(/RUNNING$/);
  await expect.poll(() => answer(original, "Partial answer"), PATIENT).not.toContain("spentCents");
  await page.getByRole("button", { name: "Back" }).click();
  await expect.poll(outcome, PATIENT).toBe("WAITING");
  await page.keyboard.press("ArrowRight");
  await expect.poll(outcome, PATIENT).toMatch(/RUNNING$/);
  await page.keyboard.press("End");
  await expect.poll(outcome, PATIENT).toMatch(/\bOK/);
  expect(JSON.parse((await answer()) ?? "")).toHaveProperty("spentCents");

  const replay = () => page.getByRole("button", { name: "Replay with the change" }).click();
  await page.getByLabel("Call").selectOption({ label: "BillingService/GetUsage" });
  await page.getByLabel("Value").fill("soon");
  await replay();
  await page.getByRole("alert").getByText(`"soon" is no duration`).waitFor();
  await page.getByLabel("Change").selectOption({ label: "has no answer" });
  await replay();
  const differences = page.getByRole("table", { name: "Differences" });
  await differences.getByRole("row", { name: /^degraded/ }).waitFor();
  await differences.getByRole("row", { name: /^answer\.spentCents/ }).waitFor();
  const changed = page.getByRole("region", { name: "With the change" });
  expect(JSON.parse((await answer(changed)) ?? "")).not.toHaveProperty("spentCents");
  expect(await axeFaults(page)).toEqual([]);
  await page.getByRole("button", { name: "Remove the change" }).click();
  await changed.waitFor({ state: "detached" });
  expect(complaints.filter((text) => !text.includes("400"))).toEqual([]);
});

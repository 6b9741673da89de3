// The example's BFF on mocks, as `server.ts --mock` runs it, looked at in a browser: what the live page shows when an upstream goes down.
// With EXPLORER_PICTURE=docs/explorer.png it takes the picture of the docs.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";

/** The page is told what happens, and draws it, when it gets to it. */
const PATIENT = { timeout: 20_000 };
const SERVER = fileURLToPath(new URL("../../../generated/web/v1/server.ts", import.meta.url));

async function started(): Promise<string> {
  const env = { ...process.env, HOST: "127.0.0.1", PORT: "0", BFF_ADMIN_PORT: "0", BFF_EXPLORER_TOKEN: "none" };
  const child = spawn(process.execPath, [SERVER, "--mock=all"], { env, stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  return /explorer: ([^\s,)]+)/.exec(String(line))?.[1] ?? `no page: ${line}`;
}

test("the explorer sends an edited request to mocks, before and after an upstream goes down", {
  timeout: 120_000,
}, async () => {
  const url = await started();
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
  onTestFinished(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1360, height: 1000 } });
  await page.goto(`${url}#try`);
  await page.getByLabel("Request, as JSON").fill('{"workspaceId": "ws_1", "userId": "u_1"}');
  const send = async (): Promise<Record<string, unknown>> => {
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByText("HTTP 200").waitFor();
    return JSON.parse((await page.getByRole("figure", { name: "Body" }).locator("pre").textContent()) ?? "");
  };
  const whole = await send();
  expect(whole).toHaveProperty("spentCents");
  expect(whole).not.toHaveProperty("degraded");

  for (const [service, behaviour] of [
    ["billing.v1.BillingService", "down"],
    ["notify.v1.NotifyService", "silent"],
  ] as const) {
    const flipped = page.waitForResponse("**/explorer/switch");
    await page.getByLabel(`Behaviour of the mock of ${service}`).selectOption(behaviour);
    expect((await flipped).ok()).toBe(true);
  }
  const degraded = await send();
  expect(degraded).not.toHaveProperty("spentCents");
  const detail = page.getByRole("article", { name: "Request 2" });
  const lacks = detail.getByRole("list", { name: "Degradations of the answer" }).getByRole("listitem");
  await expect
    .poll(async () => (await lacks.allInnerTexts()).sort(), PATIENT)
    .toEqual([
      "spent_cents MISSING, UNAVAILABLE billing.v1.BillingService",
      "unread MISSING, TIMEOUT notify.v1.NotifyService",
    ]);
  await detail.getByText("Steps as a table").click();
  const outcomeOf = async (step: string): Promise<string | null> =>
    detail
      .getByRole("row", { name: new RegExp(`^${step} `) })
      .getByRole("cell")
      .last()
      .textContent();
  for (const [step, outcome] of [
    ["usage", "UNAVAILABLE, retried"],
    ["unread", "DEADLINE_EXCEEDED"],
    ["agent", "answered"],
    ["session", "answered"],
  ] as const)
    await expect.poll(() => outcomeOf(step), PATIENT).toBe(outcome);

  await page.getByRole("link", { name: "Upstreams" }).click();
  const billing = page.getByRole("region", { name: "billing.v1.BillingService" });
  await expect.poll(() => billing.getByRole("combobox").inputValue(), PATIENT).toBe("down");

  await page.getByRole("link", { name: "Requests" }).click();
  const listed = page
    .getByRole("row", { name: /GetDashboard/ })
    .first()
    .getByRole("button");
  await listed.click();
  await page.getByRole("article").getByRole("img").waitFor();
  const picture = process.env.EXPLORER_PICTURE;
  if (picture !== undefined) await page.screenshot({ path: picture, fullPage: true });
  // Beside the request, the list breaks a name behind its service alone.
  await page.setViewportSize({ width: 1300, height: 1000 });
  const lines = await listed.evaluate((button) =>
    [...button.childNodes]
      .filter(({ textContent }) => /Dashboard/.test(textContent ?? ""))
      .map((text) => {
        const range = document.createRange();
        range.selectNodeContents(text);
        return [text.textContent, range.getClientRects().length];
      }),
  );
  expect(lines).toEqual([
    ["DashboardService", 1],
    ["GetDashboard", 1],
  ]);
});

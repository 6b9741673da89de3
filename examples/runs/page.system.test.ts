// The example's page in a real browser, over a BFF that is restarted meanwhile: with its worker's stream, and with NATS.
import { chromium } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";
import { startUpstreams } from "../dashboard/upstreams.ts";
import { startNats } from "./nats.ts";
import { startPage } from "./page.ts";
import { type RunsBff, startRuns } from "./runs-bff.ts";

async function begun(nats: string | undefined): Promise<{ readonly runs: RunsBff; readonly origin: string }> {
  const upstreams = await startUpstreams({});
  onTestFinished(() => upstreams.close());
  const page = await startPage();
  onTestFinished(() => page.close());
  const { origin } = page;
  const runs = await startRuns({ users: upstreams.urls.user, nats, origin, onLog: () => {} });
  onTestFinished(() => runs.close());
  return { runs, origin };
}

test.each([{ source: "a worker's stream" }, { source: "NATS" }])(
  "an EventSource resumes when the BFF returns, following $source",
  async ({ source }) => {
    const nats = source === "NATS" ? await startNats() : undefined;
    if (nats !== undefined) onTestFinished(() => nats.close());
    const { runs, origin } = await begun(nats?.url);
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox"],
    });
    onTestFinished(() => browser.close());
    const page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    await page.goto(`${origin}/?bff=${runs.url}`);
    await page.getByRole("button", { name: "Start a run" }).click();
    const lines = page.getByRole("listitem");
    await lines.nth(2).waitFor();
    await runs.restart();
    await page.getByText("run-1: done").waitFor();
    const texts = ["reads the code", "writes a test", "sees it fail", "mends it", "runs all tests"];
    const actors = ["Ada Okafor", "Dina Haddad", "Farah Nazari"];
    const expected = Array.from({ length: runs.events }, (_, i) => `${actors[i % 3]} ${texts[i % 5]}`);
    expected.splice(-1, 1, "Farah Nazari is done");
    expect(await lines.allTextContents()).toEqual(expected);
    await page.getByText("Now: 100 %, Farah Nazari is done").waitFor();
    expect(await page.getByRole("progressbar").getAttribute("value")).toBe("100");
  },
  180_000,
);

/// <reference lib="dom" />
// Builds the site and opens it in Chromium, below a path of a server on the loopback host.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { deadLinks } from "../../../site/check-links.ts";
import { axeFaults } from "../../support/axe.ts";

const BASE = "/protobff/";
const BUILD = fileURLToPath(new URL("../../../site/build.ts", import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".png": "image/png",
  ".svg": "image/svg+xml",
};

const out = mkdtempSync(join(tmpdir(), "protobff-site-"));
let printed: string;
let server: Server;
let browser: Browser;
let context: BrowserContext;
let page: Page;
/** Requests to other hosts. */
let strayed: string[];
/** Page errors, errors and warnings of the console, such as violations of the policy, and failed requests. */
let complaints: string[];

const origin = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const urlOf = (path: string): string => `${origin()}${BASE}${path}`;

beforeAll(async () => {
  const building = promisify(execFile)(process.execPath, [BUILD, "--base", BASE, "--out", out], { timeout: 300_000 });
  ({ stdout: printed } = await building);
  server = createServer(({ url = "" }, response) => {
    const path = decodeURIComponent(url.replace(/[?#].*/, ""));
    const file = path.startsWith(BASE) ? path.slice(BASE.length).replace(/(^|\/)$/, "$1index.html") : "404";
    try {
      const content = readFileSync(join(out, file));
      response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "text/plain" }).end(content);
    } catch {
      response.writeHead(404).end();
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
}, 360_000);
afterAll(async () => {
  await browser?.close();
  server?.close();
  rmSync(out, { recursive: true, force: true });
});
beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  page = await context.newPage();
  page.setDefaultTimeout(20_000);
  strayed = [];
  complaints = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(origin()) && !request.url().startsWith("data:")) strayed.push(request.url());
  });
  page.on("response", (response) => {
    if (!response.ok()) complaints.push(`${response.status()} ${response.url()}`);
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
});
afterEach(async () => {
  await context.close();
  expect({ strayed, complaints }).toEqual({ strayed: [], complaints: [] });
});

async function search(words: string): Promise<readonly string[]> {
  const box = page.getByRole("combobox", { name: "Search" });
  const opened = async (): Promise<boolean> => {
    // A page takes keys only once its scripts have run.
    await page.keyboard.press("Control+k");
    return box.isVisible();
  };
  await expect.poll(opened, { timeout: 20_000 }).toBe(true);
  await box.fill(words);
  const results = page.getByRole("dialog").getByRole("option");
  await results.first().waitFor();
  // The box searches when no key was pressed for 200 ms, so the results of earlier words come first.
  await expect.poll(() => results.first().textContent(), { timeout: 20_000 }).toMatch(new RegExp(words, "i"));
  return results.evaluateAll((links) => links.map((link) => link.getAttribute("href") ?? ""));
}

test("the build counts its pages, and the check finds dead links", () => {
  expect(printed).toMatch(/^\d{3} pages, [\d.]+ MB in /m);
  expect(deadLinks(out, BASE)).toEqual([]);
  expect(deadLinks(out, "/other/").length).toBeGreaterThan(100);
});

test("each page is there as Markdown, and llms.txt lists the pages", () => {
  const read = (path: string): string => readFileSync(join(out, path), "utf8");
  const links = [...read("llms.txt").matchAll(/^- \[.+\]\((.+)\): \S/gm)].map(([, link = ""]) => link);
  expect(links.length).toBeGreaterThan(20);
  for (const link of links) expect(read(link)).toMatch(/^# \S/);
  expect(read("diagnostics/bff601.md")).toContain("BFF601");
});

describe.each(["light", "dark"] as const)("with %s colours", (colorScheme) => {
  const PAGES = [
    ["start", "", "protobff"],
    ["guide", "language.html", "Language guide"],
    ["figures", "performance.html", "Performance"],
    ["diagnostic", "diagnostics/bff240.html", "BFF240"],
    ["index of diagnostics", "diagnostics/", "Diagnostics"],
    ["decision", "decisions/0011-permits.html", "Permits"],
  ] as const;
  test.each(PAGES)("axe-core finds nothing on the page: %s", async (_, path, title) => {
    await page.emulateMedia({ colorScheme });
    await page.goto(urlOf(path));
    await page.getByRole("heading", { level: 1, name: title }).waitFor();
    // Light on a screen, dark on a phone: each page has both colours and both widths.
    if (colorScheme === "dark") await page.setViewportSize({ width: 390, height: 844 });
    expect(await axeFaults(page)).toEqual([]);
    const isDark = await page.evaluate(() => document.documentElement.classList.contains("dark"));
    expect(isDark).toBe(colorScheme === "dark");
  });

  test("axe-core finds nothing in the search with results", async () => {
    await page.emulateMedia({ colorScheme });
    await page.goto(urlOf(""));
    await search("hedge");
    expect(await axeFaults(page)).toEqual([]);
  });
});

test("the search finds a diagnostic by its code, and pages by a word", async () => {
  await page.goto(urlOf(""));
  const [first] = await search("BFF240");
  expect(first).toContain(`${BASE}diagnostics/bff240.html`);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "BFF240" }).waitFor();
  const found = (await search("hedge")).slice(0, 5);
  expect(found.join()).toContain(`${BASE}runtime.html#hedges`);
  expect(found.join()).toContain(`${BASE}options.html#hedge`);
});

test("a code in the text of a page leads to the page of the diagnostic", async () => {
  await page.goto(urlOf("identity.html"));
  await page.getByRole("main").getByRole("link", { name: "BFF188" }).first().click();
  await page.getByRole("heading", { level: 1, name: "BFF188" }).waitFor();
});

test("the policy permits no other host and no inline style", async () => {
  await page.goto(urlOf(""));
  const policy = await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute("content");
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|https?:|\*/);
  await page.getByRole("switch").click();
  expect(await page.evaluate(() => document.documentElement.classList.contains("dark"))).toBe(true);
});

test("protos have colours, and images load", async () => {
  await page.goto(urlOf("performance.html"));
  const image = page.getByRole("main").getByRole("img").first();
  await image.scrollIntoViewIfNeeded();
  await expect.poll(() => image.evaluate((node) => (node as HTMLImageElement).naturalWidth)).toBeGreaterThan(100);
  await page.goto(urlOf("tutorial.html"));
  const colours = await page
    .locator(".language-proto span")
    .evaluateAll((spans) => spans.map((span) => getComputedStyle(span).color));
  expect(new Set(colours).size).toBeGreaterThan(3);
});

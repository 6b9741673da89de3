// Opens the packaged extension in a real VS Code, served by code-server to a browser without a screen, and waits for a
// diagnostic and a completion. `npm run prove:vscode`; CHROMIUM is the path of the browser.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium, type Page } from "playwright-core";

const REPOSITORY = fileURLToPath(new URL("../../../..", import.meta.url));
const VERSION = "4.139.1";
const CODE_SERVER = join(REPOSITORY, "node_modules/.cache/code-server", VERSION);
const PACKAGE = join(CODE_SERVER, "node_modules/code-server");
const WEB = "proto/example/web/v1/web.proto";
const TIMEOUT_MS = 120_000;

function run(command: string, args: readonly string[], cwd: string): void {
  execFileSync(command, args, { cwd, stdio: ["ignore", "ignore", "inherit"] });
}

/** Installs code-server without compiling its native modules: VS Code starts without them, and logs each. */
function installCodeServer(): void {
  if (existsSync(join(CODE_SERVER, "complete"))) return;
  mkdirSync(CODE_SERVER, { recursive: true });
  writeFileSync(join(CODE_SERVER, "package.json"), JSON.stringify({ private: true, name: "code-server-of-a-proof" }));
  const install = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  run("npm", [...install, `code-server@${VERSION}`], CODE_SERVER);
  run("npm", [...install, "--omit=dev"], join(PACKAGE, "lib/vscode"));
  writeFileSync(join(CODE_SERVER, "complete"), "");
}

/** The example with a fault in an expression, and VS Code's settings. */
function project(root: string): void {
  cpSync(join(REPOSITORY, "proto"), join(root, "project/proto"), { recursive: true });
  const write = (path: string, text: string): void => writeFileSync(join(root, path), text);
  write(
    "project/buf.yaml",
    "version: v2\nmodules:\n  - path: proto/example\n  - path: proto/third_party\n  - path: proto\n    includes: [proto/bff]\n",
  );
  write("project/buf.gen.yaml", "version: v2\nplugins:\n  - local: protoc-gen-bff\n    out: gen\n");
  const text = readFileSync(join(root, "project", WEB), "utf8");
  write(join("project", WEB), text.replace("usage.spent_cents", "usage.spnt_cents"));
  mkdirSync(join(root, "user/User"), { recursive: true });
  const command = [process.execPath, join(REPOSITORY, "cli/bin/protobff.js"), "lsp"];
  write("user/User/settings.json", JSON.stringify({ "protobff.command": command, "workbench.startupEditor": "none" }));
}

/** Starts code-server on a free port, and returns its address. */
async function served(root: string, command: readonly string[]): Promise<{ child: ChildProcess; url: string }> {
  const args = ["--auth", "none", "--bind-addr", "127.0.0.1:0", "--disable-telemetry", "--disable-update-check"];
  const child = spawn(process.execPath, [...command, ...args, "--disable-workspace-trust"], {
    cwd: root,
    stdio: ["ignore", "pipe", "ignore"],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /listening on (http:\S+)/.exec(line)?.[1];
    if (url === undefined) continue;
    child.stdout.resume();
    return { child, url };
  }
  throw new Error("code-server ended before it listened");
}

/** Opens the place of the fault from the panel of problems. Returns the texts of both lists. */
async function seen(page: Page, url: string) {
  page.setDefaultTimeout(TIMEOUT_MS);
  await page.goto(url, { waitUntil: "commit" });
  await page.locator(".monaco-workbench .statusbar").waitFor();
  await page.keyboard.press("Control+Shift+M");
  const problem = page.locator(".markers-panel .monaco-list-row", { hasText: "BFF303" }).first();
  await problem.waitFor();
  await problem.dblclick();
  await page.locator(".editor-instance .view-lines").waitFor();
  await page.locator(".squiggly-error").first().waitFor({ state: "attached" });
  await page.keyboard.press("Control+Space");
  const completion = page.locator(".suggest-widget .monaco-list-row", { hasText: "spent_cents" }).first();
  await completion.waitFor();
  return { diagnostic: await problem.textContent(), completion: await completion.textContent() };
}

const root = mkdtempSync(join(tmpdir(), "protobff-vscode-"));
const ending: (() => unknown)[] = [() => rmSync(root, { recursive: true, force: true })];
try {
  installCodeServer();
  run("npm", ["run", "-s", "vscode"], REPOSITORY);
  project(root);
  const command = [
    ...[join(PACKAGE, "out/node/entry.js"), "--config", join(root, "config.yaml")],
    ...["--user-data-dir", join(root, "user"), "--extensions-dir", join(root, "extensions")],
  ];
  run(process.execPath, [...command, "--install-extension", join(REPOSITORY, "editors/vscode/protobff.vsix")], root);
  const { child, url } = await served(root, command);
  ending.unshift(() => child.kill());
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
  ending.unshift(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1_400, height: 900 } });
  const found = await seen(page, `${url}?folder=${join(root, "project")}`);
  console.log(`diagnostic: ${found.diagnostic}`);
  console.log(`completion: ${found.completion}`);
} finally {
  for (const end of ending) await end();
}

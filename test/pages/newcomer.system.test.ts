// The installing commands of the README and of the tutorial as a newcomer types them in a clone, on the system's Node: npm may run on one that
// is too old for the packages, because new projects bring a Node.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { workspaces } from "../../scripts/workspaces.ts";
import { packed, readmeCommands, tarballOf, terminal } from "../support/packed.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const MINUTES = 60_000;

let work: string;
let clone: string;

function run(cwd: string, command: string): string {
  try {
    return execFileSync("sh", ["-ec", command], { cwd, encoding: "utf8", stdio: "pipe", env: terminal() });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${command}\n${stdout}${stderr}`, { cause: error });
  }
}
/** The block of a page below a text. */
function block(page: string, above: string, language: string): string {
  const [, text] = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "ms").exec(page.slice(page.indexOf(above))) ?? [];
  if (!page.includes(above) || text === undefined) throw new Error(`no block below ${above}`);
  return text;
}

const [, init = ""] = readmeCommands();
const tutorial = read("docs/tutorial.md");

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), "protobff-newcomer-"));
  cpSync(packed(), work, { recursive: true, verbatimSymlinks: true });
  clone = join(work, "protobff");
  const upstream = join(work, "catalog/proto/catalog/v1/catalog.proto");
  mkdirSync(dirname(upstream), { recursive: true });
  writeFileSync(upstream, block(tutorial, "`proto/catalog/v1/catalog.proto`", "proto"));
}, 15 * MINUTES);
afterAll(() => rmSync(work, { recursive: true, force: true }));

async function freePort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  return String(typeof address === "object" ? address?.port : "");
}

/** Runs a command until a line of its output matches, and ends it. */
async function until(cwd: string, command: string, line: RegExp, use: (found: RegExpExecArray) => Promise<void>) {
  const env = terminal({ PORT: await freePort() });
  const child = spawn("sh", ["-ec", command], { cwd, env, detached: true, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  try {
    const lines: string[] = [];
    for await (const text of createInterface({ input: child.stdout })) {
      lines.push(text);
      const found = line.exec(text);
      if (found !== null) return await use(found);
    }
    throw new Error(`${command} ended:\n${lines.join("\n")}`);
  } finally {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
    await ended;
  }
}

test(
  "`protobff init` over a folder of protos, as in the README, serves a package, as `npm run dev` does later",
  async () => {
    await until(clone, init, /^\{.*\}$/, async ([answer]) => {
      expect(answer).toContain('"product":{"id":"');
    });
    const shop = join(work, "shop");
    await until(shop, "npm run dev", /shop\.v1 listens on (http:[^\s,]+)/, async ([, url]) => {
      const headers = { "content-type": "application/json" };
      const answer = await fetch(`${url}/shop.v1.ShopService/GetProduct`, { method: "POST", headers, body: "{}" });
      expect(await answer.json()).toMatchObject({ product: { id: expect.any(String) } });
    });
  },
  15 * MINUTES,
);

test(
  "step 1 of the tutorial installs what the next steps run",
  () => {
    const folder = join(work, "tutorial");
    mkdirSync(join(folder, "proto"), { recursive: true });
    for (const { manifest } of workspaces()) {
      const file = tarballOf(manifest);
      cpSync(join(work, "packages", file), join(folder, file));
    }
    writeFileSync(join(folder, "package.json"), block(tutorial, "Create `package.json`", "json"));
    for (const command of block(tutorial, "`allowScripts`", "sh").trimEnd().split("\n"))
      run(folder, `${command} --prefer-offline --loglevel=error`);
    expect(run(folder, "npx node --version")).toMatch(/^v24\./);
    expect(run(folder, "npx protobff init protos proto")).toContain("is new");
    expect(run(folder, "npx buf --version")).toBe("1.75.0\n");
  },
  15 * MINUTES,
);

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

const [init = "", , last = ""] = readmeCommands();
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

test(
  "`protobff init` over a folder of protos, as in the README, gives a package that `npm run dev` serves",
  async () => {
    expect(run(clone, init)).toContain("shop.v1.ShopService/GetProduct composes");
    const [, folder = "", install = ""] = /^cd (\S+) && (npm install \S+) && npm run dev$/.exec(last) ?? [];
    const shop = join(clone, folder);
    run(shop, `${install} --prefer-offline --loglevel=error`);

    const env = terminal({ PORT: await freePort() });
    const child = spawn("npm", ["run", "dev"], { cwd: shop, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    const ended = once(child, "exit");
    try {
      const lines: string[] = [];
      let url: string | undefined;
      for await (const line of createInterface({ input: child.stdout })) {
        lines.push(line);
        url = /shop\.v1 listens on (http:[^\s,]+)/.exec(line)?.[1];
        if (url !== undefined) break;
      }
      expect(url, lines.join("\n")).toBeDefined();
      const headers = { "content-type": "application/json" };
      const answer = await fetch(`${url}/shop.v1.ShopService/GetProduct`, { method: "POST", headers, body: "{}" });
      expect(await answer.json()).toMatchObject({ product: { id: expect.any(String) } });
    } finally {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
      await ended;
    }
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
      cpSync(join(work, "shop", file), join(folder, file));
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

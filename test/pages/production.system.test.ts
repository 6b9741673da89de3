// The guide to production from packing to its last answer, as its blocks say; only ports and the place of npx differ. Images and manifests
// need Docker and Kubernetes, which this machine lacks.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packed, terminal } from "../support/packed.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const guide = readFileSync(join(root, "docs/production.md"), "utf8");
const MINUTES = 60_000;
let work = "";
let shop = "";

/** The blocks of a numbered section in a language; "" is for sessions. */
function blocks(number: number, language: string): readonly string[] {
  const [section = ""] = new RegExp(`^## ${number}\\. .*?(?=^## )`, "ms").exec(guide) ?? [];
  const found = [...section.matchAll(/^```([^\n]*)\n(.*?)^```$/gms)];
  return found.flatMap(([, of, text = ""]) => (of === language ? [text] : []));
}

/** Commands of sessions, each with what is printed below it. */
const sessions = (number: number): readonly (readonly [command: string, printed: string])[] =>
  blocks(number, "").flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((part) => [part.slice(0, part.indexOf("\n")), part.slice(part.indexOf("\n") + 1)] as const),
  );

function run(command: string, cwd = shop): string {
  try {
    return stripVTControlCharacters(
      execFileSync("bash", ["-ec", `{ ${command}\n} 2>&1`], { cwd, encoding: "utf8", stdio: "pipe", env: terminal() }),
    );
  } catch (error) {
    const { stdout = "", status } = error as { readonly stdout?: string; readonly status?: number };
    if (status === 2) return stdout;
    throw new Error(`${command}\n${stdout}`, { cause: error });
  }
}

function edit(path: string, change: (text: string) => string): void {
  const before = readFileSync(join(shop, path), "utf8");
  const after = change(before);
  expect(after).not.toBe(before);
  writeFileSync(join(shop, path), after);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  return typeof address === "object" ? (address?.port ?? 0) : 0;
}

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), "protobff-production-"));
  cpSync(packed(), work, { recursive: true, verbatimSymlinks: true });
  const tutorial = readFileSync(join(root, "docs/tutorial.md"), "utf8");
  for (const name of ["catalog", "stock"]) {
    const path = `${name}/v1/${name}.proto`;
    const [, text = ""] =
      new RegExp(`^\`proto/${path}\`:\\n\\n\`\`\`proto\\n(.*?)^\`\`\`$`, "ms").exec(
        tutorial.replace("do not edit them. `proto/", "do not edit them.\n`proto/"),
      ) ?? [];
    mkdirSync(dirname(join(work, "protos", path)), { recursive: true });
    writeFileSync(join(work, "protos", path), text);
  }
  shop = join(work, "shop");
}, 15 * MINUTES);
afterAll(() => rmSync(work, { recursive: true, force: true }));

test(
  "the guide leads from protos to a tested server, as it prints",
  async () => {
    const [begin = "", unreviewed = ""] = blocks(1, "sh");
    const [pack = "", init = ""] = begin.split("\n");
    expect(pack).toBe("npm run pack -- ../packages"); // as packed() has done
    expect(run(`${init} --ci none`, join(work, "protobff"))).toContain("stock.v1.StockService/GetStock");
    run(unreviewed);

    const proto = "proto/shop/v1/shop.proto";
    const [head = ""] = blocks(2, "proto");
    edit(proto, (text) => `${head}\n${text.slice(text.indexOf("message GetPageResponse"))}`);
    expect(readFileSync(join(shop, proto), "utf8")).not.toContain("unreviewed");
    for (const [command, printed] of sessions(2)) expect(run(command)).toBe(printed);
    expect(run("npx buf lint && npx buf format --diff")).toBe("");

    const [options = ""] = blocks(3, "yaml");
    const [caller = ""] = blocks(3, "ts");
    edit("buf.gen.yaml", (text) => text.replace(/^ {6}- deploy=docker\n/m, options));
    edit("test/shop.test.ts", (text) => text.replaceAll("createTestBff()", caller.trim()));
    expect(run(blocks(3, "sh").join(""))).toMatch(/Tests +\d{2} passed/);

    const [refused, start, ...requests] = sessions(4);
    expect(run(refused![0])).toBe(refused![1]);
    await serving(start![0], (typed) => {
      for (const [command, printed] of requests) expect(`${run(typed(command)).trimEnd()}\n`).toBe(printed);
    });

    expect(run(blocks(5, "sh").join(""))).toMatch(/bff\.yaml is written\n.*unchanged\n/);
    for (const file of ["deploy/Dockerfile", "deploy/kubernetes/kustomization.yaml", "alerts.yaml"])
      expect(readFileSync(join(shop, "gen/shop/v1", file), "utf8")).not.toBe("");
  },
  5 * MINUTES,
);

/** Starts the server on free ports, and ends it by SIGTERM, with exit code 0. */
async function serving(command: string, use: (typed: (command: string) => string) => void): Promise<void> {
  const [port, admin] = [await freePort(), await freePort()];
  const typed = (text: string): string => text.replaceAll("8080", String(port)).replaceAll("9090", String(admin));
  const env = terminal({ PORT: String(port) });
  const child = spawn("bash", ["-ec", `exec ${typed(command).replace(/^(.*) npx node /, "env $1 npx node ")}`], {
    cwd: shop,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "exit");
  try {
    for await (const line of createInterface({ input: child.stdout })) if (line.includes("listening on")) break;
    use(typed);
  } finally {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
    await ended;
  }
}

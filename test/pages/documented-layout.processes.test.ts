// The folder that the tutorial makes, in a git repository: what buf does with it, and what a browser's bundle holds of it.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run as runWord } from "../../cli/src/testing/run.ts";
import { PROTOS } from "../../plugin/src/package/protos.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const tutorial = readFileSync(join(root, "docs/tutorial.md"), "utf8");
const webClients = readFileSync(join(root, "docs/edge.md"), "utf8");
let folder: string;

function run(command: string, ...args: readonly string[]): string {
  const bin = join(root, "node_modules", ".bin");
  const env = { ...process.env, CI: "", PATH: `${dirname(process.execPath)}:${bin}:${process.env.PATH ?? ""}` };
  const who = { GIT_AUTHOR_NAME: "a", GIT_AUTHOR_EMAIL: "a@b", GIT_COMMITTER_NAME: "a", GIT_COMMITTER_EMAIL: "a@b" };
  try {
    return execFileSync(command, args, { cwd: folder, encoding: "utf8", stdio: "pipe", env: { ...env, ...who } });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { readonly stdout?: string; readonly stderr?: string };
    return `${stdout}${stderr}` || "failed without a word";
  }
}

/** The block of code below a paragraph that begins with, or names, the file. */
function block(page: string, name: string, language: string): string {
  const at = page.indexOf(`\`${name}\``);
  const [, text] = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "ms").exec(page.slice(at)) ?? [];
  if (at === -1 || text === undefined) throw new Error(`${name} is not shown`);
  return text;
}

function blocks(page: string, language: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"))].map(([, text = ""]) => text);
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const AUTHOR_PROTOS = ["proto/catalog/v1/catalog.proto", "proto/stock/v1/stock.proto", "proto/shop/v1/shop.proto"];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "protobff-layout-"));
  for (const path of AUTHOR_PROTOS) write(path, block(tutorial, path, "proto"));
  write("buf.yaml", block(tutorial, "buf.yaml", "yaml"));
  write("buf.gen.yaml", block(tutorial, "buf.gen.yaml", "yaml"));
  write("package.json", `{ "type": "module" }\n`);
  write(".gitignore", "node_modules\n");
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  expect(run("protobff", "init", "protos", "proto")).toMatch(/^proto\/bff\/v1\/degradation\.proto is new\n/);
  run("git", "init", "--quiet", "--initial-branch=main");
  run("git", "add", "--all");
  run("git", "commit", "--quiet", "--message", "Begin");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([["lint"], ["format", "--diff", "--exit-code"], ["breaking", "--against", ".git#branch=main"], ["generate"]])(
  "buf %s prints nothing",
  (...args) => {
    expect(run("buf", ...args)).toBe("");
  },
);

test("the options file itself has no generated code", () => {
  expect(existsSync(join(folder, "gen/bff"))).toBe(false);
  expect(readFileSync(join(folder, "gen/shop/v1/shop_pb.ts"), "utf8")).not.toContain("options_pb");
});

test("the test on the testing page passes", () => {
  const page = readFileSync(join(root, "docs/testing.md"), "utf8");
  write("shop.test.ts", block(page, "shop.test.ts", "ts"));
  expect(run("node", "--test")).toMatch(/^ℹ pass 1$|^# pass 1$/m);
});

test("the tests on mocks of the testing page pass, including the one with the function of the tutorial's last step", () => {
  const page = readFileSync(join(root, "docs/testing.md"), "utf8");
  const [service = "", fields = "", step = ""] = blocks(tutorial.slice(tutorial.indexOf("## 7. ")), "proto");
  const shop = block(tutorial, "proto/shop/v1/shop.proto", "proto");
  const config = block(tutorial, "buf.gen.yaml", "yaml").replace("server=true]", "server=true, mock=true]");
  const vitest = (file: string) => stripVTControlCharacters(run("vitest", "run", "--root", folder, file));
  write("buf.gen.yaml", config);
  expect(run("buf", "generate")).toBe("");
  write("shop.mock.test.ts", block(page, "shop.mock.test.ts", "ts"));
  expect(vitest("shop.mock.test.ts")).toMatch(/Tests +4 passed \(4\)/);
  const more = shop
    .replace("  option (bff.v1.service) = {};\n", service)
    .replace("  repeated bff.v1.Degradation degraded", `${fields}  repeated bff.v1.Degradation degraded`)
    .replace("      {\n        guard", `${step}      {\n        guard`);
  write("proto/shop/v1/shop.proto", more);
  expect(run("buf", "generate")).toBe("");
  write("resolvers.ts", blocks(tutorial.slice(tutorial.indexOf("## 7. ")), "ts")[0] ?? "");
  write("price.mock.test.ts", block(page, "price.mock.test.ts", "ts"));
  expect(vitest("price.mock.test.ts")).toMatch(/Tests +1 passed \(1\)/);
  write("proto/shop/v1/shop.proto", shop);
  write("buf.gen.yaml", block(tutorial, "buf.gen.yaml", "yaml"));
}, 120_000);

test("`protos` replaces files of another version and leaves current files alone", async () => {
  const protos = async () => (await runWord(["init", "protos", "proto"], folder)).stdout;
  expect(await protos()).toMatch(/^(\S+ is that of \S+ already\n){4}$/);
  write("proto/bff/v1/degradation.proto", "// older\n");
  expect(await protos()).toMatch(/degradation\.proto is that of \S+ now\n(\S+ is that of \S+ already\n){3}$/);
  expect(readFileSync(join(folder, "proto/bff/v1/degradation.proto"), "utf8")).toBe(PROTOS["bff/v1/degradation.proto"]);
  expect(await runWord(["init", "protos", "nowhere"], folder)).toEqual({
    exitCode: 1,
    stdout: "",
    stderr: 'there is no folder "nowhere": name the folder that contains your packages\n',
  });
});

test("the plugin refuses a copy of another version and prints the command that replaces it; comments and layout do not matter", () => {
  const path = "proto/bff/v1/degradation.proto";
  const original = PROTOS["bff/v1/degradation.proto"] ?? "";
  write(path, `// Checked in by us.\n${original.replaceAll("  ", "    ")}`);
  expect(run("buf", "generate")).toBe("");
  write(path, original.replace("REASON_REJECTED", "REASON_REFUSED"));
  const output = run("buf", "generate");
  expect(output).toContain(`${path}:1:1: error BFF191`);
  const [, command = ""] = /hint: run `npx (.*)`/.exec(output) ?? [];
  run("sh", "-c", command);
  expect(run("buf", "generate")).toBe("");
});

test("the template on the page for web clients keeps the BFF's options out of bundles", () => {
  write("buf.gen.web.yaml", block(webClients, "buf.gen.web.yaml", "yaml"));
  expect(run("buf", "generate", "--template", "buf.gen.web.yaml")).toBe("");
  const generated = readFileSync(join(folder, "web/gen/shop/v1/shop_pb.ts"), "utf8");
  const [, base64 = ""] = /fileDesc\("([^"]+)"/.exec(generated) ?? [];
  const descriptor = Buffer.from(base64, "base64").toString("latin1");
  expect(descriptor).toContain("GetProductPage");
  expect(descriptor).not.toMatch(/CatalogService|args|bff\/v1\/options/);
  expect(generated).not.toContain("options_pb");
});

// The tutorial from generating to its last answer, and then the README's example, with curl and the commands that the pages show. Only ports
// differ.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const tutorial = readFileSync(join(root, "docs/tutorial.md"), "utf8");
const readme = readFileSync(join(root, "README.md"), "utf8");
const FILES = [
  ...["catalog", "stock", "shop"].map((name) => `proto/${name}/v1/${name}.proto`),
  ...["buf.yaml", "buf.gen.yaml", "upstreams.ts"],
];
let folder: string;
let ports: readonly (readonly [printed: string, local: string])[];
const running: ChildProcess[] = [];

async function freePort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  return String(typeof address === "object" ? address?.port : address);
}
const withOurPorts = (text: string): string =>
  ports.reduce((now, [theirs, ours]) => now.replaceAll(new RegExp(`\\b${theirs}\\b`, "g"), ours), text);

/** The text of a numbered section of the tutorial. */
function section(number: number): string {
  const [text] = new RegExp(`^## ${number}\\. .*?(?=^##)`, "ms").exec(tutorial) ?? [];
  if (text === undefined) throw new Error(`no section ${number}`);
  return withOurPorts(text);
}
const blocks = (text: string, syntax: string): string[] =>
  [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].flatMap(([, language, block = ""]) =>
    language === syntax ? [block] : [],
  );

/** What is typed in a section, and what is printed then. */
function session(text: string): { readonly command: string; readonly printed: string }[] {
  return blocks(text, "").flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((part) => ({
        command: part.slice(0, part.indexOf("\n")),
        printed: part.slice(part.indexOf("\n") + 1),
      })),
  );
}

function environment(): NodeJS.ProcessEnv {
  const addresses = session(section(4)).find(({ command }) => command.startsWith("export "))?.command ?? "";
  const urls = Object.fromEntries([...addresses.matchAll(/(\w+)=(\S+)/g)].map(([, name, url]) => [name, url]));
  const path = `${dirname(process.execPath)}:${join(root, "node_modules/.bin")}:${process.env.PATH ?? ""}`;
  return { PATH: path, CI: "", HOST: "127.0.0.1", PORT: withOurPorts("8080"), BFF_LOG: "off", ...urls };
}
/** Both outputs of a command as one types it; `npx` is left out, since there is one installation for all. */
function run(command: string, env: NodeJS.ProcessEnv = environment()): string {
  const typed = `{ ${command.replaceAll(/\bnpx /g, "")}; } 2>&1`;
  try {
    return execFileSync("sh", ["-c", typed], { cwd: folder, encoding: "utf8", env, stdio: "pipe" });
  } catch (error) {
    return (error as { readonly stdout?: string }).stdout ?? "";
  }
}
/** Starts a command of the tutorial, and waits until it has printed these lines. */
async function start(command: string, printed: string): Promise<ChildProcess> {
  const words = command.replace(/^.*\bnode /, "").split(" ");
  const child = spawn(process.execPath, words, {
    cwd: folder,
    env: environment(),
    stdio: ["ignore", "pipe", "inherit"],
  });
  running.push(child);
  const expected = printed.trimEnd().split("\n");
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) if (lines.push(line) === expected.length) break;
  expect(lines).toEqual(expected);
  return child;
}
async function stop(...children: readonly ChildProcess[]): Promise<void> {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGTERM");
    await once(child, "exit");
  }
}
const steady = (answer: string): string =>
  answer
    .replace(/^Date: .*$/m, "Date: then")
    .replace(/^x-request-id: [0-9a-f]{16}\r?$/m, "x-request-id: some")
    .replace(/"details":\[\{.*\}\]/, '"details":[…]')
    .replaceAll("\r", "");
function expectSession(text: string): void {
  const requests = session(text).filter(({ command }) => command.startsWith("curl "));
  expect(requests.length).toBeGreaterThan(0);
  for (const { command, printed } of requests) expect(steady(`${run(command)}\n`)).toBe(steady(printed));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "protobff-tutorial-"));
  ports = await Promise.all(["9001", "9002", "8080"].map(async (theirs) => [theirs, await freePort()] as const));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), `{ "type": "module" }\n`);
  const files = [1, 2, 3, 4].map(section).join("");
  for (const path of FILES) {
    const [, text] = /^```\w+\n(.*?)^```$/ms.exec(files.slice(files.indexOf(`\`${path}\``))) ?? [];
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text ?? "");
  }
  const [protos = "", generate = ""] = blocks(section(3), "sh");
  expect(run(protos.trimEnd())).toContain("is new");
  expect(run(generate.trimEnd())).toBe("");
});
afterAll(async () => {
  await stop(...running);
  rmSync(folder, { recursive: true, force: true });
});

test("steps 4 to 7 print the tutorial's output", async () => {
  const [upstreams, unset, , server] = session(section(4));
  const both = await start(upstreams!.command, upstreams!.printed);
  const { PATH } = environment();
  expect(withOurPorts(run(unset!.command, { PATH }))).toBe(unset!.printed);
  let bff = await start(server!.command, server!.printed);
  expectSession(section(4));

  await stop(both);
  const catalog = await start("node upstreams.ts catalog", upstreams!.printed.split("\n")[0]!);
  expectSession(section(5));

  const [renamed] = session(section(6));
  const catalogProto = join(folder, "proto/catalog/v1/catalog.proto");
  const before = readFileSync(catalogProto, "utf8");
  writeFileSync(catalogProto, before.replace("price_cents", "price_minor"));
  const output = run(renamed!.command);
  for (const line of renamed!.printed.trimEnd().split("\n")) expect(output).toContain(line.trimEnd());
  writeFileSync(catalogProto, before);

  const shop = join(folder, "proto/shop/v1/shop.proto");
  const [service = "", fields = "", step = ""] = blocks(section(7), "proto");
  const grown = readFileSync(shop, "utf8")
    .replace("  option (bff.v1.service) = {};\n", service)
    .replace("  repeated bff.v1.Degradation", `${fields}  repeated bff.v1.Degradation`)
    .replace("    let: [\n", `    let: [\n${step}`);
  writeFileSync(shop, grown);
  for (const { command, printed } of session(section(7)).filter((entry) => !entry.command.startsWith("curl ")))
    expect(run(command)).toBe(printed);
  writeFileSync(join(folder, "resolvers.ts"), blocks(section(7), "ts")[0] ?? "");
  await stop(bff, catalog);
  const again = await start(upstreams!.command, upstreams!.printed);
  bff = await start(server!.command, server!.printed);
  expectSession(section(7));
  await stop(bff, again);
}, 120_000);

test("the README's example prints the shown answers, with and without the stock service", async () => {
  const [, example = ""] = /^## Example\n(.*?)^## /ms.exec(readme) ?? [];
  const [message = ""] = blocks(example, "proto");
  const [withBoth = "", degraded = ""] = blocks(withOurPorts(example), "");
  const before = blocks(section(3), "proto")[0] ?? "";
  const shop = before.replace(/^message ProductPage \{.*?^\}\n/ms, message);
  expect(shop).not.toBe(before);
  writeFileSync(join(folder, "proto/shop/v1/shop.proto"), shop);
  for (const path of ["bff.lock.json", "resolvers.ts"]) rmSync(join(folder, path), { force: true });
  expect(run("npx buf generate")).toBe("");
  const [upstreams, , , server] = session(section(4));
  const both = await start(upstreams!.command, upstreams!.printed);
  await start(server!.command, server!.printed);
  const [request] = session(`\`\`\`\n${withBoth}\`\`\`\n`);
  expect(`${run(request!.command)}\n`).toBe(request!.printed);
  await stop(both);
  await start("node upstreams.ts catalog", upstreams!.printed.split("\n")[0]!);
  expect(`${run(request!.command)}\n`).toBe(degraded);
}, 120_000);

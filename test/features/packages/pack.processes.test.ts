// The packages as their users get them: packed by npm, installed into an empty folder, and put to work there.
// Holds docs/runtime.md#packages
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { testCollector } from "../../../packages/server/src/testing/otlp-collector.ts";
import { pointedAtDist, pointedAtSources } from "../../../scripts/pack.ts";
import { readManifest } from "../../../scripts/workspaces.ts";
import { isSource } from "../../support/files-below.ts";
import { packed, tarballOf } from "../../support/packed.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const packages = [
  "packages/messages",
  "runtime",
  "packages/server",
  "packages/testing",
  "packages/replay",
  "packages/conformance",
  "plugin",
  "cli",
  "client",
] as const;
const consumer = join(root, "test", "features", "packages", "pack");
const MINUTES = 60_000;

let work: string;
let project: string;
const tarballs: Record<string, { readonly filename: string; readonly files: readonly string[] }> = {};
const children: ChildProcess[] = [];

/** Gives standard output; throws both outputs when the command fails. */
function run(cwd: string, command: string, ...args: readonly string[]): string {
  // this Node for whatever a script calls `node`, and nothing of the repository's
  const path = [dirname(process.execPath), join(cwd, "node_modules", ".bin"), process.env.PATH ?? ""].join(":");
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_OPTIONS|VITEST)/.test(name)),
  );
  try {
    return execFileSync(command, args, { cwd, encoding: "utf8", stdio: "pipe", env: { ...env, PATH: path } });
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${command} ${args.join(" ")}\n${stdout ?? ""}${stderr ?? ""}`, { cause: error });
  }
}

/** Starts a file with Node in the folder; gives the address that it prints. */
async function start(
  file: string,
  env: Readonly<Record<string, string>> = {},
  cwd: string = project,
): Promise<{ url: string; child: ChildProcess }> {
  const child = spawn(process.execPath, [file], {
    cwd,
    env: { PATH: process.env.PATH ?? "", HOST: "127.0.0.1", PORT: "0", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const lines = createInterface({ input: child.stdout! });
  for await (const line of lines) {
    const url = /^listening on (http:\S+)$/.exec(line)?.[1];
    if (url !== undefined) return { url, child };
  }
  throw new Error(`${file} ended before it listened`);
}

async function stop(child: ChildProcess): Promise<number | null> {
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  return ended;
}

function get(url: string, id: string): Promise<Response> {
  return fetch(`${url}/shop.v1.ShopService/GetPage`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ id }),
  });
}

/** What keeps the options out of what protoc-gen-es generates. */
const OPTIONS = ["file", "service", "method", "message", "field", "enum", "enum_value"].map((name) => `bff.v1.${name}`);

/**
 * Writes what a user would write: `extension` is what generated files import each other with. The messages of `bff/v1` are the package's, or
 * copies in the user's tree.
 */
function configure(extension: "ts" | "js", out: string, messages: "package" | "copies"): void {
  const mapped = messages === "package" ? ", map_imports=bff/v1/:@protobff/messages" : "";
  const plugin = (name: string, more: string) =>
    `  - local: ${name}\n    out: ${out}\n    strategy: all\n    ${more}\n`;
  const es = plugin(
    "protoc-gen-es",
    `opt: [target=ts, import_extension=${extension}, erasable_syntax=true${mapped}]\n    exclude_types: [${OPTIONS.join(", ")}]`,
  );
  const excluded = messages === "package" ? "proto/bff" : "proto/bff/v1/options.proto";
  const inputs = `inputs:\n  - directory: .\n    exclude_paths: [${excluded}]\n`;
  const bff = plugin("protoc-gen-bff", `opt: [import_extension=${extension}, server=true${mapped}]`);
  writeFileSync(join(project, "buf.gen.yaml"), `version: v2\n${inputs}plugins:\n${es}${bff}`);
  const compilerOptions = {
    target: "ES2022", // and its default lib
    module: "NodeNext",
    types: ["node"],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    // our declarations are checked along with the user's code
    skipLibCheck: false,
    ...(extension === "ts"
      ? { noEmit: true, erasableSyntaxOnly: true, allowImportingTsExtensions: true }
      : { rootDir: out, outDir: "built" }),
  };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: [out] }));
}

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), "protobff-pack-"));
  project = join(work, "project");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "shop", private: true, type: "module" }));
  cpSync(consumer, project, { recursive: true });

  const from = packed();
  for (const name of packages) {
    const manifest = join(name, "package.json");
    const filename = tarballOf(readManifest(join(root, name)));
    cpSync(join(from, "packages", filename), join(project, filename));
    const files = run(project, "tar", "-tzf", filename).trimEnd().split("\n");
    tarballs[name] = { filename, files: files.map((path) => path.replace("package/", "")) };
    // Packing restores what it changes.
    const clone = join(from, "protobff");
    expect(readFileSync(join(clone, manifest), "utf8")).toBe(readFileSync(join(root, manifest), "utf8"));
    expect(readdirSync(join(clone, name)).filter(isSource)).toEqual(readdirSync(join(root, name)).filter(isSource));
  }
  const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const tools = ["@bufbuild/buf", "@bufbuild/protoc-gen-es", "typescript", "@types/node", "@types/react"].map(
    (name) => `${name}@${devDependencies[name]}`,
  );
  const archives = packages.map((name) => `./${tarballs[name]!.filename}`);
  run(
    project,
    "npm",
    "install",
    "--no-save",
    "--prefer-offline",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    ...archives,
    ...tools,
  );
  expect(run(project, join(project, "node_modules/.bin/protobff"), "init", "protos", "proto")).toContain("is new");
}, 10 * MINUTES);

afterEach(async () => {
  await Promise.all(
    children
      .splice(0)
      .filter((child) => child.exitCode === null && child.signalCode === null)
      .map(stop),
  );
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

test.each([
  {
    name: "plugin",
    needed: ["LICENSE", "README.md", "bin/protoc-gen-bff.js", "dist/main.js"],
  },
  {
    name: "cli",
    needed: [
      "LICENSE",
      "README.md",
      "bin/protobff.js",
      "bin/buf-plugin-bff.js",
      "dist/main.js",
      "dist/commands/explain.js",
      "dist/pages/diagnostics.md",
      "dist/pages/language.md",
      "guide/AGENTS.md",
    ],
  },
  { name: "runtime", needed: ["LICENSE", "README.md", "dist/index.js", "dist/index.d.ts"] },
  {
    name: "packages/server",
    needed: ["LICENSE", "README.md", "bin/bff-key.js", "dist/index.js", "dist/index.d.ts", "dist/session/index.js"],
  },
  { name: "client", needed: ["LICENSE", "README.md", "dist/index.js", "dist/index.d.ts"] },
  {
    name: "packages/messages",
    needed: ["LICENSE", "README.md", "dist/gen/bff/v1/stream_pb.js", "dist/gen/bff/v1/stream_pb.d.ts"],
  },
  { name: "packages/testing", needed: ["LICENSE", "README.md", "dist/index.js", "dist/fake-clock.d.ts"] },
  {
    name: "packages/replay",
    needed: ["LICENSE", "README.md", "dist/index.js", "dist/main.js", "dist/world/collect.js"],
  },
  {
    name: "packages/conformance",
    needed: [
      "LICENSE",
      "README.md",
      "SPEC.md",
      "bin/conformance.js",
      "cases/steps.jsonl",
      "dist/main.js",
      "suite.json",
    ],
  },
])("the package of $name contains the needed files, no sources and no tests", ({ name, needed }) => {
  const files = tarballs[name]?.files ?? [];
  expect(needed.filter((path) => !files.includes(path))).toEqual([]);
  expect(files.filter((path) => /\.test\.|(^|\/)(testing\/|test-)|(?<!\.d)\.ts$/.test(path))).toEqual([]);
  expect(files.some((path) => path.endsWith(".js.map"))).toBe(["runtime", "packages/server", "client"].includes(name));
});

/** Names of a package's exports; the first file that matches stands for a pattern. */
function entrypointsOf(exports: Readonly<Record<string, string>>, files: readonly string[]): string[] {
  return Object.entries(exports).map(([entry, target]) => {
    const [start = "", end = ""] = target.slice("./".length).split("*");
    const match = files.find((path) => path.startsWith(start) && path.endsWith(end));
    return entry.replace("*", match?.slice(start.length, match.length - end.length) ?? "*");
  });
}
/** Ways to resolve that the packages do not support: they are ES modules with exports. */
const UNSUPPORTED = ["node10", "node16-cjs"];

test.each(packages)(
  "publint and attw find nothing in %s",
  async (name) => {
    const { filename, files } = tarballs[name]!;
    const tarball = readFileSync(join(project, filename));
    const { messages, pkg = {} } = await publint({ pack: { tarball: Uint8Array.from(tarball).buffer }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
    const exports: Readonly<Record<string, string>> = pkg.exports ?? {};
    const entrypoints = entrypointsOf(exports, files).filter((entry) => entry !== "./package.json");
    if (entrypoints.length === 0) return;
    const analysis = await checkPackage(createPackageFromTarballData(tarball), { entrypoints });
    expect(analysis.types).toEqual({ kind: "included" });
    const problems = analysis.types === false ? [] : analysis.problems;
    const isSupported = (problem: object) =>
      !("resolutionKind" in problem && UNSUPPORTED.includes(String(problem.resolutionKind)));
    expect(problems.filter(isSupported)).toEqual([]);
  },
  2 * MINUTES,
);

/** Ways to compile that users have, and whose declarations may have errors then. */
const COMPILED = [
  { lib: ["ES2022", "DOM"], module: "NodeNext", moduleResolution: "NodeNext", others: [] },
  { lib: ["ES2022", "DOM"], module: "ESNext", moduleResolution: "bundler", others: [] },
  // Connect's declarations name HeadersInit, which only DOM has.
  { lib: ["ES2022"], module: "NodeNext", moduleResolution: "NodeNext", others: ["@connectrpc/connect"] },
  { lib: ["ES2022"], module: "ESNext", moduleResolution: "bundler", others: ["@connectrpc/connect"] },
];

test.each(COMPILED)(
  "declarations of all entries compile with $lib and $moduleResolution",
  ({ others, ...options }) => {
    const entries = packages.flatMap((name) => {
      const { name: as, exports = {} } = JSON.parse(
        run(project, "tar", "-xOf", tarballs[name]!.filename, "package/package.json"),
      );
      const found = entrypointsOf(exports, tarballs[name]!.files).filter((entry) => entry !== "./package.json");
      return found.map((entry) => as + entry.slice(1));
    });
    expect(entries).toContain("@protobff/server/embed");
    const folder = mkdtempSync(join(project, "entries-"));
    writeFileSync(join(folder, "all.ts"), entries.map((entry, i) => `export * as e${i} from "${entry}";\n`).join(""));
    const compilerOptions = { ...options, target: "ES2022", types: ["node"], strict: true, noEmit: true };
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({ compilerOptions: { ...compilerOptions, skipLibCheck: false } }),
    );
    const { stdout } = spawnSync(join(project, "node_modules/.bin/tsc"), ["-p", folder], {
      cwd: project,
      encoding: "utf8",
    });
    const errors = stdout.split("\n").filter((line) => line.includes("error TS"));
    expect(errors.filter((line) => !others.some((other) => line.startsWith(`node_modules/${other}/`)))).toEqual([]);
  },
  2 * MINUTES,
);

test("stack traces of the runtime point to its sources, which its source maps contain", () => {
  for (const name of ["runtime", "server"]) {
    const dist = join(project, "node_modules/@protobff", name, "dist");
    const scripts = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".js"));
    expect(scripts.length).toBeGreaterThan(100);
    for (const path of scripts) {
      const map = JSON.parse(readFileSync(join(dist, `${path}.map`), "utf8"));
      expect(map.sourcesContent, path).toHaveLength(map.sources.length);
    }
  }
  const fails = `
    import { serve } from "@protobff/server";
    await serve(null).catch(({ stack }) => console.log(stack));`;
  const trace = run(project, process.execPath, "--enable-source-maps", "--input-type=module", "--eval", fails);
  expect(trace).toMatch(/server\/src\/[\w-]+\.ts:\d+:\d+/);
});

test("protobff is installed as a command, and runs without a project", () => {
  const empty = mkdtempSync(join(work, "empty-"));
  const command = join(project, "node_modules/.bin/protobff");
  expect(run(empty, command, "--help")).toMatch(/^Usage: protobff .*\n(.*\n)* {2}explain \[options\] \[name\.\.\.\] /);
  expect(run(empty, command, "explain", "BFF601")).toMatch(/^BFF601 \(error\): /);
  expect(run(empty, command, "explain", "rate_limit")).toMatch(/^FileRule\.rate_limit \(list of RateLimit\): /);
  expect(run(empty, join(project, "node_modules/.bin/buf-plugin-bff"), "--spec", "--format", "json")).toContain(
    "/Check",
  );
  expect(run(project, "npx", "--no-install", "protobff", "--version")).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test("bff-key is installed as a command", () => {
  const command = join(project, "node_modules/.bin/bff-key");
  expect(run(project, command, "--help")).toContain("bff-key create --subject");
});

test("changes of package.json for packing are reversible", () => {
  const runtime = readFileSync(join(root, "runtime", "package.json"), "utf8");
  const packed = pointedAtDist(runtime);
  expect(JSON.parse(packed).exports).toEqual({
    ".": "./dist/index.js",
    ...Object.fromEntries(
      ["connect", "expressions", "identity", "limits", "live", "pages", "patterns", "stream", "topic", "usage"].map(
        (name) => [`./${name}`, `./dist/entries/${name}.js`],
      ),
    ),
    "./fair-share": "./dist/guard/fair-share.js",
    "./http-json": "./dist/transport/http-json/index.js",
    "./routes": "./dist/routes/routes.js",
    "./validate": "./dist/validate/index.js",
    "./internal/http2": "./dist/http2/index.js",
    "./internal/samples": "./dist/samples/index.js",
    "./internal/*": "./dist/*.js",
    "./verify": "./dist/identity/verify/index.js",
  });
  expect(pointedAtDist(packed)).toBe(packed);
  expect(pointedAtSources(packed)).toBe(runtime);
  expect(pointedAtSources(runtime)).toBe(runtime);
});

/** A client's module: the type of the selected fields has `name` and no `tags`. */
const pageNames = (extension: "ts" | "js"): string => `
  import { type Selected, select } from "@protobff/client";
  import { PageSchema } from "./shop/v1/shop_pb.${extension}";

  export const fields = select(PageSchema, { name: true, degraded: { path: true } });
  export const text = (page: Selected<typeof fields>): string =>
    page.name + page.degraded.map(({ path }) => path).join();
  // @ts-expect-error
  export const tags = (page: Selected<typeof fields>): readonly string[] => page.tags;`;

test.each([
  {
    extension: "ts",
    out: "gen",
    server: "gen/shop/v1/server.ts",
    builds: "type-checks",
    messages: "copies",
    files: ["degradation_pb.ts", "identity_pb.ts", "stream_pb.ts"],
  },
  {
    extension: "js",
    out: "src",
    server: "built/shop/v1/server.js",
    builds: "compiles to JavaScript",
    messages: "copies",
    files: ["degradation_pb.ts", "identity_pb.ts", "stream_pb.ts"],
  },
  {
    extension: "ts",
    out: "mapped",
    server: "mapped/shop/v1/server.ts",
    builds: "type-checks",
    messages: "package",
    files: [],
  },
] as const)(
  "generates with import_extension=$extension and messages of bff/v1 as $messages, $builds, serves",
  async ({ extension, out, server, messages, files }) => {
    configure(extension, out, messages);
    run(project, join(project, "node_modules/.bin/buf"), "generate");
    const copies = join(project, out, "bff/v1");
    expect(existsSync(copies) ? readdirSync(copies) : []).toEqual(files);
    const resolvers = join(out, "resolvers.ts");
    const begun = run(
      project,
      join(project, "node_modules/.bin/protobff"),
      "init",
      "resolvers",
      resolvers,
      "--from",
      out,
    );
    expect(begun).toBe(`${resolvers} is new, with 1 resolver: pageSlogan\n`);
    const stub = readFileSync(join(project, resolvers), "utf8");
    writeFileSync(join(project, resolvers), stub.replace(/throw new Error\(.*\);/, 'return "all new";'));
    writeFileSync(join(project, out, "page-names.ts"), pageNames(extension));
    run(project, join(project, "node_modules/.bin/tsc"), "-p", ".");
    expect(existsSync(join(project, server))).toBe(true);

    const upstreams = await start("upstreams.mjs");
    // Traces are sent by a thread, which is a file of its own in the package.
    const collector = await testCollector();
    const bff = await start(server, {
      CATALOG_V1_CATALOGSERVICE_URL: upstreams.url,
      STOCK_V1_STOCKSERVICE_URL: upstreams.url,
      BFF_RESOLVERS: extension === "ts" ? resolvers : "built/resolvers.js",
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    });
    const page = await get(bff.url, "p1");
    expect([page.status, await page.json()]).toEqual([
      200,
      { name: "Product p1", tags: ["new"], pieces: "3", slogan: "all new" },
    ]);
    const degraded = await get(bff.url, "unknown");
    expect(await degraded.json()).toMatchObject({
      name: "Product unknown",
      degraded: [{ path: "pieces" }, { path: "slogan" }],
    });
    expect(await stop(bff.child)).toBe(0);
    const traced = (await collector.spans(2)).filter(({ name }) => name === "shop.v1.ShopService/GetPage");
    expect(traced).toHaveLength(2);
    await collector.close();
  },
  2 * MINUTES,
);

/** What a program of one's own needs; nothing of a server's. */
const CORE = packages.filter((name) => ["packages/messages", "runtime"].includes(name));

test(
  "endpoints run in a separate Connect server, which installs the core and nothing of our server",
  async () => {
    configure("ts", "gen", "copies");
    run(project, join(project, "node_modules/.bin/buf"), "generate");
    const folder = mkdtempSync(join(work, "embedded-"));
    cpSync(join(project, "gen"), join(folder, "gen"), { recursive: true });
    for (const name of ["server.ts", "server_main.ts"]) rmSync(join(folder, "gen/shop/v1", name));
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "embedded", private: true, type: "module" }));
    const archives = CORE.map((name) => join(project, tarballs[name]!.filename));
    const install = ["install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
    run(folder, "npm", ...install, ...archives);

    const modules = join(folder, "node_modules");
    const installed = readdirSync(modules)
      .filter((name) => !name.startsWith("."))
      .flatMap((name) =>
        name.startsWith("@") ? readdirSync(join(modules, name)).map((entry) => `${name}/${entry}`) : [name],
      );
    expect(installed.filter((name) => name.startsWith("@protobff/"))).toEqual(
      CORE.map((name) => `@protobff/${basename(name)}`).sort(),
    );
    expect(installed.filter((name) => !name.startsWith("@protobff/"))).toEqual([
      "@bufbuild/protobuf",
      "@bufbuild/re2",
      "@connectrpc/connect",
      "cockatiel",
      "p-limit",
      "yocto-queue",
    ]);
    // The adapter of the user's own server.
    const { dependencies } = JSON.parse(readFileSync(join(root, "packages/server/package.json"), "utf8"));
    run(folder, "npm", ...install, `@connectrpc/connect-node@${dependencies["@connectrpc/connect-node"]}`);

    writeFileSync(
      join(folder, "main.ts"),
      `import { createServer } from "node:http";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { GrpcClient } from "@protobff/runtime";
import { routes } from "@protobff/runtime/routes";
import { createShopService, createUpstreams } from "./gen/shop/v1/shop_bff.ts";

const url = process.env.UPSTREAM ?? "";
const upstreams = createUpstreams({ catalog: new GrpcClient(url), stock: new GrpcClient(url) });
const resolvers = { pageSlogan: async () => "all new" };
const endpoints = createShopService({ upstreams, env: {}, resolvers });
const server = createServer(connectNodeAdapter({ routes: routes(endpoints) }));
server.listen(0, "127.0.0.1", () => console.log(\`listening on http://127.0.0.1:\${server.address().port}\`));
process.once("SIGTERM", () => process.exit(0));
`,
    );
    const upstreams = await start("upstreams.mjs");
    const { url, child } = await start("main.ts", { UPSTREAM: upstreams.url }, folder);
    const page = await get(url, "p1");
    expect([page.status, await page.json()]).toEqual([
      200,
      { name: "Product p1", tags: ["new"], pieces: "3", slogan: "all new" },
    ]);
    expect(await stop(child)).toBe(0);
  },
  2 * MINUTES,
);

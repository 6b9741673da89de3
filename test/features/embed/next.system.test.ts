// examples/next as its users have it: installed from packed packages, built, and opened in a browser.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { root } from "../../../scripts/workspaces.ts";
import { GeneratedProject, type Handlers } from "../../support/generated-project.ts";
import { packed } from "../../support/packed.ts";

const EXAMPLE = "examples/next";
const CATALOG = "catalog/v1/catalog.proto";
const PACKAGES = /^(?:protobff|protobff-(?:client|messages|runtime|server|testing)|protoc-gen-bff)-\d.*\.tgz$/;
/** Nothing of vitest or of the npm that started it, and this Node for each script. */
const ENV = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_(ENV|OPT)|VITEST)/.test(name))),
  PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
  NEXT_TELEMETRY_DISABLED: "1",
};
const upstreams = new GeneratedProject(
  "next",
  {},
  {
    [CATALOG]: readFileSync(join(root, EXAMPLE, "proto", CATALOG), "utf8"),
  },
);

let work: string;
let project: string;
let browser: Browser;
const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { cwd: project, env: ENV, stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" });

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), "protobff-next-"));
  project = join(work, EXAMPLE);
  const protos = "proto/third_party/google";
  for (const folder of [EXAMPLE, protos]) cpSync(join(root, folder), join(work, folder), { recursive: true });
  const folder = join(packed(), "packages");
  const tarballs = readdirSync(folder).filter((name) => PACKAGES.test(name));
  expect(tarballs).toHaveLength(7);
  const flags = ["--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
  run("npm", "install", ...flags, ...tarballs.map((name) => join(folder, name)));
  run("npm", "run", "generate");
  run("npm", "run", "build");
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
}, 600_000);
afterAll(async () => {
  await browser?.close();
  rmSync(work, { recursive: true, force: true });
});

/** The page's code of a file. */
function codeOf(path: string): string {
  const page = readFileSync(join(root, "docs/frameworks.md"), "utf8");
  const [, code] = page.split(`\`\`\`tsx\n// ${path}\n`);
  return code?.split("```")[0] ?? "";
}

test("the page of docs/frameworks.md shows a partial answer in a project of create-next-app", {
  timeout: 240_000,
}, async () => {
  const flags = "--empty --ts --app --no-linter --no-tailwind --use-npm --skip-install --disable-git --yes";
  run("npx", "--yes", "create-next-app@latest", join(work, "new"), ...flags.split(" "));
  const folder = join(work, "new");
  run("cp", "-al", join(project, "node_modules"), folder); // a bundler follows no link out of the project
  const bin = join(root, "cli/bin/protobff.js");
  const args = ["init", folder, "--into", "next", "--from", join(project, "proto/catalog"), "--name", "shop"];
  expect(run(process.execPath, bin, ...args, "--no-install")).toContain('+     "target": "ES2022"');
  expect(readFileSync(join(folder, "next.config.ts"), "utf8")).toContain("\n  serverExternalPackages");
  run("npm", "--prefix", folder, "run", "generate");
  writeFileSync(join(folder, "app/page.tsx"), codeOf("app/page.tsx"));
  run("npm", "--prefix", folder, "run", "build");
  const { handlers } = shop();
  const noStock = () => {
    throw new ConnectError("no stock", Code.Unavailable);
  };
  const upstream = await upstreams.upstream({ ...handlers, "catalog.v1.StockService/GetStock": noStock });
  const { url, log } = await started("start", upstream, folder);
  const html = await (await fetch(url)).text();
  expect([html.includes("Teapot"), html.includes("The stock is unknown.")]).toEqual([true, true]);
  expect(log()).not.toContain("ignored inside another program");
});

/** A shop with 3 teapots that 3 people like. The stock of other products is unknown. */
function shop() {
  const calls: string[] = [];
  const held: Record<string, Promise<unknown>> = {};
  const refused = new Set<string>();
  let available = 3;
  const answers: Handlers<{ id: string }> = {
    "catalog.v1.CatalogService/GetProduct": ({ id }) => ({ id, title: "Teapot", likes: 3 }),
    "catalog.v1.CatalogService/LikeProduct": ({ id }) => ({ id, title: "Teapot", likes: 9 }),
    "catalog.v1.StockService/GetStock": ({ id }) => {
      if (id === "1") return { available };
      throw new ConnectError("no stock", Code.Unavailable);
    },
    "catalog.v1.StockService/Reserve": () => ({ available: --available }),
  };
  const handlers = Object.entries(answers).map(([name, answer]) => {
    const rpc = name.replace(/.*\//, "");
    const handler: typeof answer = async (request, context) => {
      calls.push(rpc);
      await held[rpc];
      if (refused.has(rpc)) throw new ConnectError("refused", Code.FailedPrecondition);
      return answer(request, context);
    };
    return [name, handler] as const;
  });
  const watch = async function* () {
    for (const available of [3, 2]) yield { available };
  };
  return {
    handlers: { ...Object.fromEntries(handlers), "catalog.v1.StockService/WatchStock": watch as never },
    calls,
    /** Calls of an RPC wait until the returned function is called. */
    hold: (rpc: string): (() => void) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      held[rpc] = promise;
      return resolve;
    },
    /** Calls of an RPC fail. */
    refuse: (rpc: string) => refused.add(rpc),
  };
}

/** Passes connections on, and counts them. */
async function counted(address: string): Promise<{ readonly url: string; readonly connections: () => number }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    const { hostname, port } = new URL(address);
    const on = connect(Number(port), hostname);
    sockets.push(socket, on);
    socket.on("error", () => on.destroy()).pipe(on);
    on.on("error", () => socket.destroy()).pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, connections: () => sockets.length / 2 };
}

/** Starts `next` until the test ends. */
async function started(command: "start" | "dev", upstream: string, cwd = project) {
  const env = { ...ENV, CATALOG_V1_CATALOGSERVICE_URL: upstream, CATALOG_V1_STOCKSERVICE_URL: upstream };
  const next = join(project, "node_modules/next/dist/bin/next");
  const child: ChildProcess = spawn(process.execPath, [next, command, "-p", "0", "-H", "127.0.0.1"], {
    cwd,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(async () => {
    if (child.exitCode !== null) return;
    process.kill(-(child.pid ?? 0), "SIGKILL");
    await once(child, "exit");
  });
  let log = "";
  const address = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => {
      log += text;
      const found = /Local: +(http:\/\/\S+)[\s\S]*Ready in/.exec(log)?.[1];
      if (found !== undefined) address.resolve(found);
    });
  child.once("exit", () => address.reject(new Error(`next ${command} ended: ${log}`)));
  return { url: await address.promise, log: () => log };
}

/** Opens a page that React has hydrated, and notes its requests for data and its errors. */
async function opened(url: string) {
  const page: Page = await browser.newPage();
  page.setDefaultTimeout(30_000);
  const requests: string[] = [];
  const errors: string[] = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith("/api/")) requests.push(pathname.slice("/api/shop.v1.ShopService/".length));
  });
  page.on("pageerror", (error) => errors.push(error.message));
  onTestFinished(() => page.close());
  await page.goto(url);
  await page.waitForFunction(() => {
    const button = document.querySelector("article button");
    return button !== null && Object.keys(button).some((key) => key.startsWith("__reactProps"));
  });
  return { page, requests, errors };
}

test("the example compiles with strict types", () => {
  expect(run("npx", "tsc", "-p", ".", "--strict", "--noEmit", "--incremental", "false")).toBe("");
});

test("a page is sent before its answer, then with it; a route handler answers Connect, REST and server-sent events", async () => {
  const { handlers, hold } = shop();
  const { url } = await started("start", await upstreams.upstream(handlers));
  const release = hold("GetProduct");
  const page = await fetch(url);
  let html = "";
  for await (const chunk of page.body!.pipeThrough(new TextDecoderStream())) {
    html += chunk;
    if (!html.includes("<p>Loading</p>") || html.includes("Teapot")) continue;
    release();
  }
  expect(html.indexOf("<p>Loading</p>")).toBeGreaterThan(0);
  expect(html).toContain("<h1>Teapot</h1>");

  const answer = { title: "Teapot", likes: 3, available: 3 };
  const headers = { "content-type": "application/json" };
  const rpc = `${url}/api/shop.v1.ShopService`;
  const connect = await fetch(`${rpc}/GetProductPage`, { method: "POST", headers, body: '{"id":"1"}' });
  expect(await connect.json()).toEqual(answer);
  expect(await (await fetch(`${url}/api/products/1`)).json()).toEqual(answer);
  const events = `${rpc}/WatchStock?encoding=json&message=${encodeURIComponent('{"id":"1"}')}`;
  const stream = await (await fetch(events, { headers: { accept: "text/event-stream" } })).text();
  expect(stream).toMatch(/data: \{"available":3\}.*data: \{"available":2\}.*event: end/s);
});

test("a browser hydrates the page without a request, and writes before the answer and by an action", async () => {
  const { handlers, calls, hold, refuse } = shop();
  const { url } = await started("start", await upstreams.upstream(handlers));
  const { page, requests, errors } = await opened(url);
  await page.getByText("3 available").waitFor();

  const release = hold("LikeProduct");
  await page.getByRole("button", { name: "3 likes" }).click();
  await page.getByRole("button", { name: "4 likes" }).waitFor();
  release();
  await page.getByRole("button", { name: "9 likes" }).waitFor();
  expect(requests).toEqual(["LikeProduct"]);
  expect(calls.toSorted()).toEqual(["GetProduct", "GetStock", "LikeProduct"]);
  expect(errors).toEqual([]);

  const refusal = hold("LikeProduct");
  refuse("LikeProduct");
  await page.getByRole("button", { name: "9 likes" }).click();
  await page.getByRole("button", { name: "10 likes" }).waitFor();
  refusal();
  await page.getByRole("button", { name: "9 likes" }).waitFor();

  await page.getByRole("button", { name: "Reserve" }).click();
  await page.getByText("2 available").waitFor();
  expect(requests).toEqual(["LikeProduct", "LikeProduct"]);
});

test("a partial answer has its fallback on the server and in the browser", async () => {
  const { handlers } = shop();
  const { url } = await started("start", await upstreams.upstream(handlers));
  const of = `${url}/?id=2`;
  expect(await (await fetch(of)).text()).toContain("<p>The stock is unknown.</p>");
  const { page, requests, errors } = await opened(of);
  await page.getByText("The stock is unknown.").waitFor();
  expect(await page.getByText("available").count()).toBe(0);
  expect(requests).toEqual([]);
  expect(errors).toEqual([]);
});

test("`next dev` keeps one BFF over reloads", async () => {
  const { handlers } = shop();
  const upstream = await counted(await upstreams.upstream(handlers));
  const { url, log } = await started("dev", upstream.url);
  const requested = async (): Promise<void> => {
    const [page, rest] = await Promise.all([fetch(url), fetch(`${url}/api/products/1`)]);
    expect(await page.text()).toContain("<h1>Teapot</h1>");
    expect(await rest.json()).toHaveProperty("available", 3);
  };
  await requested();
  const before = upstream.connections();
  expect(before).toBeGreaterThan(0);
  for (const edit of ["first", "second", "third"]) {
    appendFileSync(join(project, "bff.ts"), `console.log("the ${edit} edit");\n`);
    await expect.poll(async () => requested().then(log), { timeout: 30_000 }).toContain(`the ${edit} edit`);
  }
  expect(upstream.connections()).toBe(before);
});

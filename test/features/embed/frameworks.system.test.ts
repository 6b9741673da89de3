import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { compiled } from "../../../runtime/src/testing/compile-cache.ts";
import { root } from "../../../scripts/workspaces.ts";
import { GeneratedProject } from "../../support/generated-project.ts";
import { LAMBDA, LAMBDA_EVENT, PACKAGES, PROGRAMS } from "./programs.ts";
import { SHOP, UPSTREAMS } from "./shop.ts";

const project = new GeneratedProject("frameworks", { "shop/v1/shop.proto": SHOP });
beforeAll(() => {
  project.generate();
  project.write("package.json", '{ "private": true, "type": "module" }');
  // Peers are those of the repository, as the generated code has them.
  const flags = ["--legacy-peer-deps", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  execFileSync("npm", ["install", ...flags, ...PACKAGES], { cwd: project.folder, stdio: "inherit" });
});
afterAll(() => project.remove());

async function environment(): Promise<NodeJS.ProcessEnv> {
  const address = await project.upstream(UPSTREAMS);
  return { ...process.env, ...compiled, UP_V1_ORDERSERVICE_URL: address, UP_V1_ITEMSERVICE_URL: address };
}

/** Starts a program until the test ends, and returns its address. */
async function started(name: string): Promise<string> {
  const { run = [], source = "", files = {}, build: [builder, ...settings] = [] } = PROGRAMS[name] ?? {};
  for (const [path, text] of Object.entries(files)) project.write(path, text);
  if (builder !== undefined) execFileSync(join(project.folder, builder), settings, { cwd: project.folder });
  const file = `${name.toLowerCase().replaceAll(/\W+/g, "-")}.ts`;
  project.write(file, source);
  const [command = "", ...args] = run;
  const options = { cwd: project.folder, env: await environment(), stdio: ["ignore", "pipe", "inherit"] as const };
  const child = spawn(command.startsWith("/") ? command : join(project.folder, command), [...args, file], {
    ...options,
    stdio: [...options.stdio],
  });
  onTestFinished(async () => {
    if (child.exitCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /^port (\d+)$/.exec(line)?.[1];
    if (port !== undefined) return `http://127.0.0.1:${port}`;
  }
  throw new Error(`${name} ended`);
}

test.each(Object.keys(PROGRAMS))("%s serves a BFF and its own paths", async (name) => {
  const url = await started(name);
  expect(await (await fetch(`${url}/hello`)).text()).toBe("hello");
  const { ShopService } = await import(join(project.folder, "shop/v1/shop_pb.ts"));
  for (const create of [createConnectTransport, createGrpcWebTransport]) {
    const client = createClient(ShopService, create({ baseUrl: url, httpVersion: "1.1" })) as unknown as {
      getOrderPage(request: object): Promise<object>;
      watchItem(request: object): AsyncIterable<{ id: string }>;
    };
    expect(await client.getOrderPage({ id: "1" })).toMatchObject({ id: "1", paid: true });
    const ids: string[] = [];
    for await (const { id } of client.watchItem({ id: "a" })) ids.push(id);
    expect(ids).toEqual(["a-0", "a-1", "a-2"]);
  }
  const { page, rpcsOnly } = PROGRAMS[name] ?? {};
  if (page !== undefined) {
    const shown = await fetch(url + page, { headers: { "x-user": "ada" } });
    expect(await shown.text()).toContain("<p>order 1 of ada is paid</p>");
  }
  if (rpcsOnly === true) return;
  expect(await (await fetch(`${url}/orders/1`)).json()).toEqual({ id: "1", paid: true });
  const events = `${url}/shop.v1.ShopService/WatchItem?encoding=json&message=${encodeURIComponent('{"id":"a"}')}`;
  const stream = await fetch(events, { headers: { accept: "text/event-stream" } });
  const text = await stream.text();
  for (const part of ['data: {"id":"a-0"}', 'data: {"id":"a-2"}', "event: end"]) expect(text).toContain(part);
});

test.each(["lambda.ts", "bundle/server.js"])("AWS Lambda answers an event of API Gateway by %s", async (program) => {
  project.write("lambda.ts", LAMBDA);
  const bundler = join(root, "packages/server/bin/bff-bundle.js");
  if (program !== "lambda.ts")
    execFileSync(process.execPath, [bundler, "lambda.ts", "bundle"], { cwd: project.folder, stdio: "inherit" });
  const child = spawn(process.execPath, [program], { cwd: project.folder, env: await environment() });
  child.stdin.end(JSON.stringify(LAMBDA_EVENT));
  let output = "";
  for await (const chunk of child.stdout.setEncoding("utf8")) output += chunk;
  expect(JSON.parse(output)).toMatchObject({ statusCode: 200, body: '{"id":"1","paid":true,"user":"ada"}' });
});

test("the generated module compiles with isolated declarations", () => {
  const compilerOptions = { noEmit: true, declaration: true, isolatedDeclarations: true };
  project.write(
    "tsconfig.json",
    JSON.stringify({ extends: "../../../tsconfig.json", compilerOptions, include: ["shop/v1/bff.ts"] }),
  );
  const tsc = join(root, "node_modules/.bin/tsc");
  expect(spawnSync(tsc, ["-p", project.folder], { encoding: "utf8" }).stdout).toBe("");
});

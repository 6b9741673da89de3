// What a Dockerfile of `deploy=docker` says is done, step by step and without an engine, in folders: the project is copied as its .dockerignore has it,
// npm installs as it is told, and the command runs as the user of the image, over files that are not that user's.
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import * as http from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { DockerfileParser, type Instruction, type JSONInstruction } from "dockerfile-ast";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { workspaces } from "../../../scripts/workspaces.ts";
import { GeneratedProject } from "../../support/generated-project.ts";
import { goldenCases } from "../../support/golden.ts";
import { packed, tarballOf } from "../../support/packed.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
let work: string;
let context: string;
/** What npm and the server run on, where any user may read it. */
let bin: string;

function run(cwd: string, command: string, ...args: readonly string[]): string {
  return runAs({}, cwd, command, ...args);
}
function runAs(who: Who, cwd: string, command: string, ...args: readonly string[]): string {
  const kept = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_OPTIONS|VITEST)/.test(name));
  const env = { ...Object.fromEntries(kept), PATH: `${bin}:${process.env.PATH}` };
  return execFileSync(command, args, { cwd, encoding: "utf8", stdio: "pipe", env, ...who });
}

interface Who {
  readonly uid?: number;
  readonly gid?: number;
}
/** Whom USER names; whoever runs the test, where that is not root. */
function whoIs(user: string): Who {
  if (process.getuid?.() !== 0 || user === "") return {};
  const [uid, gid] = user.split(":").map(Number);
  return { uid: uid ?? 0, gid: gid ?? 0 };
}

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), "protobff-image-"));
  chmodSync(work, 0o755);
  bin = join(work, "bin");
  mkdirSync(bin);
  cpSync(process.execPath, join(bin, "node"));
  if (process.getuid?.() !== 0) writeFileSync(join(bin, "chown"), "#!/bin/sh\n", { mode: 0o755 }); // all is one user's
  context = join(work, "project");

  const [golden] = goldenCases("emit").filter(({ name }) => name === "call");
  const protos = Object.entries(golden?.protos ?? {}).map(([name, text]) => [
    name,
    `${text}// opt: server=true,deploy=docker\n`,
  ]);
  const project = new GeneratedProject("image", Object.fromEntries(protos));
  project.generate();
  cpSync(project.folder, join(context, "gen"), { recursive: true });
  project.remove();
  // Of what no image is to have there is some.
  for (const path of [
    ".git/config",
    ".env",
    ".npmrc",
    "certs/server.key",
    "gen/shop/v1/shop.test.ts",
    "node_modules/x/index.js",
    "README.md",
  ]) {
    mkdirSync(dirname(join(context, path)), { recursive: true });
    writeFileSync(join(context, path), "");
  }

  const packages = join(packed(), "packages");
  const needed = ["messages", "samples", "http2", "expressions", "runtime", "server"].map(
    (name) => `@protobff/${name}`,
  );
  const manifests = workspaces().map(({ manifest }) => manifest);
  const tarballs = manifests
    .filter(({ name }) => needed.includes(name))
    .map((manifest) => {
      const file = tarballOf(manifest);
      cpSync(join(packages, file), join(context, file));
      return [manifest.name, `file:${file}`];
    });
  const runtime = JSON.parse(readFileSync(join(root, "runtime/package.json"), "utf8")).dependencies as Record<
    string,
    string
  >;
  const dependencies = {
    "@bufbuild/protobuf": runtime["@bufbuild/protobuf"],
    ...Object.fromEntries(tarballs),
  };
  const manifest = {
    name: "shop",
    private: true,
    type: "module",
    dependencies,
    devDependencies: { "fast-check": "^4.0.0" },
  };
  writeFileSync(join(context, "package.json"), JSON.stringify(manifest));
  run(context, "npm", "install", "--package-lock-only", "--no-audit", "--no-fund", "--loglevel=error");
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

interface Image {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string;
  readonly command: readonly string[];
  readonly health: readonly string[];
}

/** Patterns of a .dockerignore that are written here: a name anywhere, with `*` in it. */
function ignored(text: string): (path: string) => boolean {
  const patterns = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const names = patterns.map((pattern) => {
    const [, name] = /^\*\*\/([^/]+)$/.exec(pattern) ?? [];
    if (name === undefined) throw new Error(`a pattern of another form: ${pattern}`);
    return new RegExp(`^${name.replace(/[.]/g, "\\.").replaceAll("*", ".*")}$`);
  });
  return (path) => path.split("/").some((part) => names.some((name) => name.test(part)));
}

/** Does what the Dockerfile says; of the last stage's RUN it is enough that it only takes away. */
function built(path: string): Image {
  const isIgnored = ignored(readFileSync(`${path}.dockerignore`, "utf8"));
  const variables: Record<string, string> = {};
  const stages: string[] = [];
  const image = { env: {} as Record<string, string>, user: "", command: [] as string[], health: [] as string[] };
  const instructions = DockerfileParser.parse(readFileSync(path, "utf8")).getInstructions();
  const last = instructions.findLastIndex((instruction) => instruction.getKeyword() === "FROM");
  // The last one always has the same path, as /app has in an image.
  const here = (): string => join(work, "app");
  const set = (instruction: Instruction): void => {
    const [, name = "", value = ""] = /^(\w+)=(.*)$/.exec(instruction.getArgumentsContent() ?? "") ?? [];
    variables[name] = value;
    if (instruction.getKeyword() === "ENV") image.env[name] = value;
  };
  for (const [i, instruction] of instructions.entries()) {
    const words = instruction.getArguments().map((argument) => argument.getValue());
    const strings = (): string[] =>
      (instruction as JSONInstruction).getJSONStrings().map((text) => JSON.parse(text.getValue()) as string);
    switch (instruction.getKeyword()) {
      case "FROM":
        expect(words[0]).toMatch(/^\$\{NODE\}$/);
        stages.push(join(work, `stage${stages.length}`));
        if (existsSync(here())) renameSync(here(), stages.at(-2) ?? "");
        mkdirSync(here());
        image.user = "";
        break;
      case "ARG":
      case "ENV":
        set(instruction);
        break;
      case "WORKDIR":
        expect(words).toEqual(["/app"]);
        break;
      case "COPY": {
        const from = /--from=build/.test(instruction.getTextContent());
        const sources = words.filter((word) => !word.startsWith("--")).slice(0, -1);
        if (from) {
          cpSync(stages[0] ?? "", here(), { recursive: true, verbatimSymlinks: true });
          if (process.getuid?.() === 0) run(here(), "chown", "-R", "0:0", ".");
        } else
          for (const source of sources.flatMap((word) => run(context, "sh", "-c", `ls -d ${word}`).trim().split("\n")))
            cpSync(join(context, source), join(here(), source), {
              recursive: true,
              filter: (file) => !isIgnored(relative(context, file)),
            });
        break;
      }
      case "RUN": {
        const line = (instruction.getArgumentsContent() ?? "").replace(/^--mount=\S+ /, "");
        if (i > last) expect(line).toMatch(/^rm -rf( \/(usr\/local|opt)\/\S+)+$/);
        else
          runAs(
            whoIs(image.user),
            here(),
            "env",
            ...Object.entries(variables).map(([name, value]) => `${name}=${value}`),
            "sh",
            "-ec",
            line,
          );
        break;
      }
      case "USER":
        image.user = words[0] ?? "";
        break;
      case "HEALTHCHECK":
        image.health = (
          JSON.parse(/CMD (\[.*\])$/.exec(instruction.getTextContent())?.[1] ?? "[]") as string[]
        ).slice();
        break;
      case "CMD":
        image.command = strings();
        break;
      case "EXPOSE":
      case "STOPSIGNAL":
        break;
      default:
        throw new Error(`another instruction: ${instruction.getTextContent()}`);
    }
  }
  return { folder: here(), ...image };
}

const PRINT_LOADED = `process.on("exit", () =>
  console.log(JSON.stringify({ typescript: process.moduleLoadList.filter((name) => name.includes("amaro")) })));`;

/** Reads lines until the server listens. */
async function listens(lines: AsyncIterator<string>): Promise<void> {
  for (let line = await lines.next(); !line.done && !line.value.startsWith("listening on "); )
    line = await lines.next();
}
async function exitCode(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null) await once(child, "exit");
  return child.exitCode;
}

/** A port that is free at this moment. */
async function freePort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return String(typeof address === "object" ? address?.port : "");
}

test("the steps of a Dockerfile give a server that is healthy and stops cleanly", { timeout: 120_000 }, async () => {
  const { folder, env, user, command, health } = built(join(context, "gen/shop/v1/deploy/Dockerfile"));
  // What is for nobody's eyes, or of no use, has not come along; what develops has not been installed.
  for (const path of [
    ".git",
    ".env",
    ".npmrc",
    "certs/server.key",
    "gen/shop/v1/shop.test.ts",
    "node_modules/x",
    "node_modules/fast-check",
    "README.md",
  ])
    expect([path, existsSync(join(folder, path))]).toEqual([path, false]);
  const expectedEnv = { NODE_ENV: "production", NODE_COMPILE_CACHE: "/app/.compiled", MALLOC_ARENA_MAX: "2" };
  expect([env, user, command[0], health[0]]).toEqual([expectedEnv, "1000:1000", "node", "node"]);

  const who = whoIs(user);
  const port = await freePort();
  const variables = {
    ...env,
    NODE_COMPILE_CACHE: join(folder, ".compiled"),
    PATH: bin,
    PORT: port,
    UP_V1_ITEMSERVICE_URL: "http://127.0.0.1:9",
    UP_V1_ORDERSERVICE_URL: "http://127.0.0.1:9",
  };
  const exec = (more: Readonly<Record<string, string>> = {}) =>
    spawnSync(join(bin, health[0] ?? ""), health.slice(1), { cwd: folder, env: { ...variables, ...more }, ...who })
      .status;
  expect(exec()).toBe(1);
  const start = (more: Readonly<Record<string, string>>) => {
    const child = spawn(join(bin, command[0] ?? ""), command.slice(1), {
      cwd: folder,
      env: { ...variables, ...more },
      stdio: ["ignore", "pipe", "inherit"],
      ...who,
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
  };
  const { child, lines } = start({
    NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(PRINT_LOADED)}`,
  });
  await listens(lines);
  expect([exec(), exec({ HOST: "0.0.0.0" }), exec({ HOST: "127.0.0.1" })]).toEqual([0, 0, 0]);
  // With TLS it asks by TLS, which this server does not support.
  expect(exec({ TLS_CERT_FILE: "x" })).toBe(1);
  if (who.uid !== undefined) {
    for (const path of ["gen/new", "package.json", ".compiled/new"])
      expect([path, spawnSync("touch", [path], { cwd: folder, ...who }).status]).toEqual([path, 1]);
  }
  child.kill("SIGTERM");
  // The bundle is JavaScript: a parser of TypeScript alone would take 20 MB.
  expect(JSON.parse((await lines.next()).value ?? "")).toEqual({ typescript: [] });
  expect(await exitCode(child)).toBe(0);

  // Workers and the thread that sends traces are programs of the bundle, too.
  const collector = http.createServer((request, response) => {
    posted.resolve(`${request.method} ${request.url}`);
    request.resume().once("end", () => response.end());
  });
  const posted = Promise.withResolvers<string>();
  collector.listen(0, "127.0.0.1");
  await once(collector, "listening");
  onTestFinished(() => void collector.close());
  const { port: collecting } = collector.address() as AddressInfo;
  const workers = start({ BFF_WORKERS: "2", OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collecting}` });
  await listens(workers.lines);
  const answer = await fetch(`http://127.0.0.1:${port}/shop.v1.ShopService/GetPage`, {
    method: "POST",
    headers: { "content-type": "application/json", connection: "close" },
    body: "{}",
  });
  expect([answer.status, await posted.promise]).toEqual([503, "POST /v1/traces"]);
  workers.child.kill("SIGTERM");
  expect(await exitCode(workers.child)).toBe(0);
});

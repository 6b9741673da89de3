import { once } from "node:events";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { dirname, join, relative, resolve, sep } from "node:path";
import { Argument, type Command, Option } from "commander";
import { PROTOS, tryRead, VERSION } from "protoc-gen-bff/compiler";
import { runDev } from "../../dev/session.ts";
import { agentsGuide } from "../../explain/agents-guide.ts";
import { type Begun, begin } from "../../init/begin.ts";
import { choiceLines } from "../../init/choice-lines.ts";
import { curlLine, exampleRequest, pathOf } from "../../init/example.ts";
import { FRAMEWORKS } from "../../init/into/frameworks.ts";
import type { BegunBff } from "../../init/plan-bff.ts";
import { publicLines } from "../../init/public-fields.ts";
import { CI_SYSTEMS, type CiSystem, WORKFLOW_FILES, workflowOf } from "../../init/workflows/workflow.ts";
import { runBuf } from "../../project/buf.ts";
import { mainBranch, remoteOf, repositoryOf } from "../../project/git.ts";
import { upstreamProtos } from "../../project/upstream-protos.ts";
import { append, Refusal, type Terminal } from "../../terminal.ts";
import { SOURCE_LIST } from "../../upstream/source-list.ts";
import { portOption } from "../dev.ts";
import { type IntoOptions, initInto, nameFor, packagesFor, runWith } from "./init-into.ts";
import { addInitResolvers } from "./init-resolvers.ts";

interface Options extends IntoOptions {
  readonly from?: string;
  readonly reflect?: string;
  readonly header: readonly string[];
  readonly into?: string;
  readonly start: boolean;
  readonly agents: boolean;
  readonly port?: number;
  readonly ci?: CiSystem | "none";
}

/** `protobff init shop --from ../protos --rpc GetProduct` */
export function addInit(program: Command, terminal: Terminal): void {
  const command = program
    .command("init")
    .enablePositionalOptions()
    .description("creates a BFF over the protos of your upstreams, as a package that generates and runs")
    .argument("[folder]", "folder of the new package", ".")
    .option(
      "--from <protos>",
      "protos of the upstreams: a folder, an image of buf or protoc, a git reference, a module",
    )
    .option("--reflect <url>", "URL of a running gRPC server with reflection, in place of --from")
    .option("--header <name: value>", "header for the server of --reflect; may be given several times", append, [])
    .option(
      "--path <file>",
      "file or folder below --from to which the protos are limited; may be given several times",
      append,
      [],
    )
    .option(
      "--rpc <name>",
      "RPC to compose: package.Service/Method, or an unambiguous end of that name; may be given several times",
      append,
      [],
    )
    .option("--name <name>", "name of the package; default: the folder's name")
    .addOption(
      new Option("--into <framework>", "add the BFF to the project in the folder, which uses this framework").choices(
        Object.keys(FRAMEWORKS),
      ),
    )
    .option("--packages <folder>", "folder of npm run pack: install these tarballs in place of published packages")
    .option("--force", "overwrite existing files")
    .option("--dry-run", "print the files, and write nothing")
    .option("--no-install", "install no packages")
    .option("--no-start", "generate, but start no server")
    .option("--no-agents", "write no AGENTS.md, the guide for coding agents")
    .addOption(
      new Option(
        "--ci <system>",
        "system to write a workflow for; default: github in a repository of GitHub, else none",
      ).choices([...CI_SYSTEMS, "none"]),
    )
    .addOption(portOption("port of the server; default: 8080, or a free port if 8080 is taken"))
    .action((folder: string, options: Options) => init(folder, options, terminal));
  addInitCi(command, terminal);
  addProtos(command, terminal);
  addInitResolvers(command, terminal);
}

async function init(directory: string, options: Options, terminal: Terminal): Promise<void> {
  const folder = resolve(terminal.cwd, directory);
  const { from, reflect } = options;
  if ((from === undefined) === (reflect === undefined))
    throw new Refusal(
      "the protos of the upstreams are missing: name them with --from, or a running server's URL with --reflect",
      2,
    );
  const done = terminal.progress("reading the protos");
  const upstream = upstreamProtos({
    from: from ?? reflect ?? "",
    reflect: reflect !== undefined,
    paths: options.path,
    headers: options.header,
    cwd: terminal.cwd,
    folder,
  });
  done();
  let begun: Begun;
  try {
    if (options.into !== undefined) return await initInto(options.into, folder, options, upstream, terminal);
    begun = begin(nameFor(folder, options), options.rpc, upstream, options.path, {
      packages: packagesFor(folder, options, terminal),
      agents: options.agents ? agentsGuide() : undefined,
    });
    terminal.write(choiceLines(begun));
    if (options.dryRun === true) {
      for (const path of begun.files.keys()) terminal.write(`would write ${path}\n`);
      terminal.write(`\n${begun.files.get(begun.proto) ?? ""}`);
      return;
    }
    write(folder, begun.files, options.force === true);
    terminal.write(`${begun.files.size} files are written, of which ${begun.proto} is the BFF\n`);
    terminal.write(`${publicLines(begun.bff, begun.proto).join("\n")}\n`);
    writeCi(folder, options, terminal);
  } finally {
    upstream.close();
  }
  if (options.install) runWith(INSTALL, folder, "npm run dev", terminal);
  if (!isInstalled(folder)) {
    terminal.write("continue with: npm install && npm run dev\n");
    return;
  }
  if (options.start) await start(folder, begun, options.port, terminal);
  else generate(folder, terminal);
}

/** Writes the files. Throws a `Refusal` if one of them exists already, unless `force` is true. */
function write(folder: string, files: ReadonlyMap<string, string>, force: boolean): void {
  const there = [...files.keys()].filter(
    (path) => statSync(join(folder, path), { throwIfNoEntry: false }) !== undefined,
  );
  if (there.length > 0 && !force)
    throw new Refusal(
      `nothing is written, because ${there.length === 1 ? "this file exists" : "these files exist"}: ${there.join(", ")}\nname another folder, as in protobff init bff, or overwrite with --force`,
    );
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

function writeCi(folder: string, { ci }: Options, terminal: Terminal): void {
  const system = ci ?? knownSystem(folder) ?? "none";
  if (system === "none") {
    if (ci === undefined) terminal.write("no CI is set up; protobff init ci github, or gitlab, writes a workflow\n");
    return;
  }
  const path = writeWorkflow(system, folder);
  terminal.write(path === undefined ? `${WORKFLOW_FILES[system]} exists, and stays\n` : `${path} is written\n`);
}

const INSTALL = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"];

function generate(folder: string, terminal: Terminal): void {
  const done = terminal.progress("generating");
  runBuf(["generate"], folder);
  done();
  terminal.write("gen/ is generated; npm run dev starts it\n");
}

/** Starts the server with mocks, as `protobff dev` does, and sends it one request. */
async function start(folder: string, { bff }: Begun, port: number | undefined, terminal: Terminal): Promise<void> {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, end);
  let hasCalled = false;
  const up = (_: string, url: string): void => {
    if (hasCalled) return;
    hasCalled = true;
    void sendExample(bff, url).then((answer) => terminal.write(`\n${curlLine(bff, url)}\n${answer}\n\n`));
  };
  const packageTerminal = { ...terminal, cwd: folder };
  const options = { only: [], server: true, port: port ?? (await firstFree()), mockAll: false, up };
  await runDev(packageTerminal, options, ended.signal);
}

const SHOWN = 4_000;
const PORT = 8080;

/** Returns the server's response, or the reason why there is none. */
async function sendExample(bff: BegunBff, url: string): Promise<string> {
  try {
    const response = await fetch(`${url}/${pathOf(bff)}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: exampleRequest(bff),
    });
    const text = await response.text();
    return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)} …`;
  } catch (error) {
    return `does not answer: ${error instanceof Error ? error.message : error}`;
  }
}

/** Returns the usual port, or 0 for any free port if another process uses it. */
async function firstFree(): Promise<number> {
  const probe = createServer();
  try {
    probe.listen(PORT, "127.0.0.1");
    await once(probe, "listening");
    return PORT;
  } catch {
    return 0;
  } finally {
    probe.close();
  }
}

/** Returns true if the package has its generators installed. */
function isInstalled(folder: string): boolean {
  try {
    createRequire(join(folder, "package.json")).resolve("@bufbuild/protoc-gen-es/package.json");
    return true;
  } catch {
    return false;
  }
}

// `protobff init protos`: puts the options' own protos into a user's tree.

/** `protobff init protos proto` */
function addProtos(init: Command, terminal: Terminal): void {
  init
    .command("protos")
    .description("writes bff/v1/*.proto, which your files import, into the folder of your protos")
    .argument("<folder>", "folder of your protos, as the module in buf.yaml")
    .action((folder: string) => {
      for (const line of writeProtos(folder, terminal.cwd)) terminal.write(`${line}\n`);
    });
}

/**
 * Writes the protos below an existing folder and returns a line for each file. A file with the same text is not
 * written.
 */
function writeProtos(folder: string, cwd: string): string[] {
  if (!statSync(resolve(cwd, folder), { throwIfNoEntry: false })?.isDirectory())
    throw new Refusal(`there is no folder "${folder}": name the folder that contains your packages`);
  return Object.entries(PROTOS).map(([name, text]) => {
    const shown = join(folder, name);
    const path = resolve(cwd, shown);
    const before = tryRead(path);
    if (before === text) return `${shown} is that of ${VERSION} already`;
    try {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    } catch (error) {
      throw new Refusal(`${shown} cannot be written: ${error instanceof Error ? error.message : error}`);
    }
    return before === undefined ? `${shown} is new` : `${shown} is that of ${VERSION} now`;
  });
}

// `protobff init ci`: a workflow for the repository of a package.

/** `protobff init ci github` */
function addInitCi(init: Command, terminal: Terminal): void {
  init
    .command("ci")
    .description("writes a workflow that checks every change, updates the upstreams and compares deploys")
    .addArgument(new Argument("<system>", "system that runs it").choices(CI_SYSTEMS))
    .action((system: CiSystem) => {
      const path = writeWorkflow(system, terminal.cwd);
      if (path === undefined) throw new Refusal(`nothing is written, because ${WORKFLOW_FILES[system]} exists`);
      terminal.write(`${path} is written\n`);
    });
}

/** Returns the system of a package's repository by its files or its remote; undefined: none is known. */
function knownSystem(folder: string): CiSystem | undefined {
  const root = repositoryOf(folder);
  if (root === undefined) return undefined;
  if (existsSync(join(root, ".github"))) return "github";
  const remote = remoteOf(root) ?? "";
  return /[@/]github\.com[:/]/.test(remote) ? "github" : undefined;
}

/** Writes the workflow at the repository's root. Returns its path; undefined: the file exists, and stays. */
function writeWorkflow(system: CiSystem, folder: string): string | undefined {
  const root = repositoryOf(folder) ?? folder;
  const path = join(root, WORKFLOW_FILES[system]);
  if (existsSync(path)) return undefined;
  const options = {
    folder: relative(root, folder).split(sep).join("/") || ".",
    branch: mainBranch(root) ?? "main",
    hasOrigins: existsSync(join(folder, SOURCE_LIST)),
  };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, workflowOf(system, options));
  return WORKFLOW_FILES[system];
}

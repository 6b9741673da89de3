// `protobff routes --check`: routes of Gateway API in a cluster's rendered YAML, compared with the project's servers.
import { type Command, Option } from "commander";
import { type ServedServer, webSocketName } from "protoc-gen-bff/compiler";
import { compileProject } from "../project/compile-project.ts";
import { compareRoutes, type RouteFinding } from "../routes/compare-routes.ts";
import { readRoutes } from "../routes/read-routes.ts";
import { count, Refusal, type Terminal } from "../terminal.ts";
import { escaped, property } from "../workflow-command.ts";
import { readBounded } from "./text-file.ts";

interface Options {
  readonly check: readonly string[];
  readonly service?: string;
  readonly format: "text" | "github";
}

/** `protobff routes --check rendered.yaml` */
export function addRoutes(program: Command, terminal: Terminal): void {
  program
    .command("routes")
    .description("compares the routes of a cluster's gateway with the paths of this project's servers")
    .requiredOption("--check <file...>", "rendered YAML with HTTPRoutes and GRPCRoutes, as of `kustomize build`")
    .option("--service <name>", "name of the Service that the routes lead to; default: those of all servers")
    .addOption(new Option("--format <format>", "format of the findings").choices(["text", "github"]).default("text"))
    .addHelpText(
      "after",
      "\nExit codes: 0 every path has a route; 1 a difference, or protos that do not compile; 2 no YAML, or no route.",
    )
    .action((options: Options) => routes(options, terminal));
}

const MAX_BYTES = 64 * 1024 * 1024;

function routes({ check, service, format }: Options, terminal: Terminal): void {
  const files = check.map((path) => ({ path, text: readBounded(path, terminal.cwd, "rendered YAML", MAX_BYTES, 2) }));
  const done = terminal.progress("compiling the protos");
  const { compilation } = compileProject({ cwd: terminal.cwd });
  done();
  if (compilation.response.error !== "")
    throw new Refusal(`the protos do not compile:\n${compilation.response.error.trim()}`);
  const compared = backendsOf(compilation.served, service);
  for (const { server, services } of compared) {
    const matches = files.flatMap(({ path, text }) => readRoutes(text, path, new Set(services)));
    if (matches.length === 0)
      throw new Refusal(
        `no route in ${check.join(", ")} has the backend ${services[0]}: name another Service with --service`,
        2,
      );
    const findings = compareRoutes(matches, server);
    const routeCount = new Set(matches.map(({ route, hostnames }) => `${route} ${hostnames.join()}`)).size;
    const counted = `${count(routeCount, "route")} and ${count(server.rpcs.length, "rpc")}`;
    const result = findings.length === 0 ? `${counted} agree` : `${count(findings.length, "difference")} of ${counted}`;
    terminal.write(`${services[0]}: ${result}\n`);
    for (const finding of findings) terminal.write(lineOf(finding, format));
    if (findings.length > 0) terminal.exitCode = 1;
  }
}

/** A server, and the Services through which requests reach it: its own, and that of WebSockets. */
interface Backends {
  readonly server: ServedServer;
  readonly services: readonly string[];
}

function backendsOf(servers: readonly ServedServer[], service: string | undefined): readonly Backends[] {
  if (servers.length === 0) throw new Refusal("this project has no service with `option (bff.v1.service)`");
  if (service === undefined)
    return servers.map((server) => ({ server, services: [server.name, webSocketName(server.name)] }));
  const named = servers.filter(({ name }) => name === service);
  const around = servers.filter(({ name }) => service.startsWith(`${name}-`) || service.endsWith(`-${name}`));
  const [server, ...others] = [named, around, servers].find(({ length }) => length > 0) ?? [];
  if (server === undefined || others.length > 0) {
    const names = servers.map(({ name }) => name).join(", ");
    throw new Refusal(`--service "${service}" is not clear: the servers of this project are ${names}`, 2);
  }
  // A prefix or suffix of kustomize surrounds both names.
  const sockets = service.replace(server.name, webSocketName(server.name));
  return [{ server, services: [service, sockets, webSocketName(service)] }];
}

function lineOf({ file, line, column, message }: RouteFinding, format: Options["format"]): string {
  return format === "text"
    ? `${file}:${line}:${column}: ${message}\n`
    : `::error file=${property(file)},line=${line},col=${column},title=routes::${escaped(message)}\n`;
}

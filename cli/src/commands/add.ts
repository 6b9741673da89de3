// `protobff add`: adds an rpc over upstream rpcs to a BFF of the project.
import { readFileSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { Command } from "commander";
import { renderDiagnostics, sourcesIn } from "protoc-gen-bff/compiler";
import { chooseUpstreams, planAddition, withRpc } from "../add/planned.ts";
import { chooseService, servicesOf, targetOf } from "../add/target.ts";
import { checkProject } from "../check/checked.ts";
import { nameOf } from "../init/choose-rpcs.ts";
import { difference } from "../init/into/difference.ts";
import type { BegunBff } from "../init/plan-bff.ts";
import { publicLines } from "../init/public-fields.ts";
import { buildInputs, configOf, registryOf, requiredRoot } from "../project/buf.ts";
import { isInside } from "../project/inside.ts";
import { Refusal, type Terminal } from "../terminal.ts";

interface AddOptions {
  readonly to?: string;
  readonly name?: string;
  readonly write?: true;
}

/** `protobff add GetProduct ListOffers --write` */
export function addAdd(program: Command, terminal: Terminal): void {
  program
    .command("add")
    .description("adds an rpc that composes upstream rpcs to a BFF, and shows the difference")
    .argument("<rpc...>", "rpcs of upstreams: package.Service/Method, or an unambiguous end of that name")
    .option("--to <service>", "service that gets the rpc; default: the only BFF of the project")
    .option("--name <name>", "name of the rpc; default: that of the only upstream rpc, or GetPage")
    .option("--write", "write the file (default: only the difference is printed)")
    .action((rpcs: readonly string[], options: AddOptions) => add(rpcs, options, terminal));
}

async function add(names: readonly string[], { to, name, write }: AddOptions, terminal: Terminal): Promise<void> {
  const root = requiredRoot(terminal.cwd);
  const done = terminal.progress("compiling the protos");
  const image = buildInputs(root, configOf(root).inputs);
  const services = servicesOf(image, registryOf(image.files));
  const target = targetOf(chooseService(services, to), services.registry);
  const bff = planAddition(target, chooseUpstreams(services, names), name);
  const file = `${target.service.file.name}.proto`;
  const path = sourcesIn(root).path?.(file) ?? join(root, file);
  const before = readFileSync(path, "utf8");
  const after = withRpc(before, bff, target);
  const { all, sources } = await checkProject(root, new Map([[path, after]]));
  done();
  terminal.write(`${described(bff)}\n${difference(before, after).join("\n")}\n`);
  const shown = relative(root, path).split(sep).join("/");
  terminal.write(`\n${publicLines(bff, shown).join("\n")}\n`);
  const found = all.map((fault) => fault.found);
  if (found.length > 0) terminal.write(`\n${renderDiagnostics(found, sources, "text")}\n`);
  if (found.some(({ severity }) => severity === "error"))
    throw new Refusal("nothing is written, because the project would have the errors above: correct them first");
  if (write === true && !isInside(root, path))
    throw new Refusal(`nothing is written: ${path} is outside of the project`);
  if (write === true) writeFileSync(path, after);
  terminal.write(write === true ? `${shown} is written\n` : "nothing is written yet: repeat it with --write\n");
}

function described({ package: of, service, rpc, steps, stream }: BegunBff): string {
  const calls = stream === undefined ? steps : [{ ...stream, kind: undefined, joined: false }];
  const lines = calls.map(({ method, kind, joined }) => {
    const named = kind === "named" ? ": assumed to be read-only because of its name" : "";
    return `  ${nameOf(method)}${joined ? ": calls for one id each join to one" : ""}${named}`;
  });
  return [`${of}.${service}/${rpc} ${stream === undefined ? "composes" : "follows"}`, ...lines].join("\n");
}

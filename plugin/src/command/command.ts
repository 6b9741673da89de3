// What the bin does when it is given arguments: people run it, buf gives none.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { parseLock } from "../lock/document.ts";
import { explain } from "./explain.ts";
import { initResolvers } from "./init-resolvers.ts";
import { failed, type Output } from "./output.ts";
import { writeProtos } from "./protos.ts";
import { writeReference } from "./reference.ts";
import { describeUses } from "./uses.ts";

const USAGE = `protoc-gen-bff is a plugin of buf and protoc: name it in buf.gen.yaml, as \`local: protoc-gen-bff\`.

  protoc-gen-bff protos proto
      writes bff/v1/*.proto, which your files import, into the folder of your protos
  protoc-gen-bff uses --upstream billing.v1.BillingService [--lock bff.lock.json]
      what BFFs use of an upstream, so what its team may not break
  protoc-gen-bff init-resolvers resolvers.ts [--from gen/web/v1]
      begins a file with the functions that \`resolver: true\` asks for, or adds what is missing in it
  protoc-gen-bff reference gen/web/v1/openapi.json [--out reference.html]
      a document of \`openapi=true\` as a page in one file, drawn by swagger-ui-dist
  protoc-gen-bff explain BFF601
      what a diagnostic means, with an example and how it is right
  protoc-gen-bff --version`;

/** Runs a subcommand. Faults of the user are told on standard error, with exit code 1. */
export function runCommand(args: readonly string[]): Output {
  const [command, ...rest] = args;
  if (command === "protos") return writeProtos(rest);
  if (command === "uses") return uses(rest);
  if (command === "init-resolvers") return initResolvers(rest);
  if (command === "reference") return writeReference(rest);
  if (command === "explain") return explained(rest);
  if (command === "--help" || command === "-h") return { exitCode: 0, stdout: `${USAGE}\n`, stderr: "" };
  return failed(USAGE);
}

/** A code that there is not is a fault of usage: exit code 2. */
function explained([wanted, ...rest]: readonly string[]): Output {
  const misused = (stderr: string): Output => ({ exitCode: 2, stdout: "", stderr: `${stderr}\n` });
  if (wanted === undefined || rest.length > 0)
    return misused("explain needs one code, as in protoc-gen-bff explain BFF601");
  const found = explain(wanted);
  if ("text" in found) return { exitCode: 0, stdout: found.text, stderr: "" };
  const hint = found.like === undefined ? "a code is BFF and three digits" : `did you mean ${found.like}?`;
  return misused(`there is no diagnostic "${wanted}": ${hint}`);
}

function uses(args: readonly string[]): Output {
  const options = readOptions(args);
  if (typeof options === "string") return failed(options);
  const { upstream, lock: path } = options;
  if (upstream === undefined) return failed("uses needs a service, as in --upstream billing.v1.BillingService");
  const text = tryRead(path);
  if (text === undefined) return failed(`there is no "${path}": run \`buf generate\`, or name the lock with --lock`);
  const lock = parseLock(text, path);
  if ("message" in lock)
    return failed(`${path}:${lock.at.line}:${lock.at.column}: "${path}" cannot be read: ${lock.message}`);
  const found = describeUses(lock, upstream);
  if (found.text !== undefined) return { exitCode: 0, stdout: found.text, stderr: "" };
  const hint =
    found.like !== undefined
      ? `did you mean "${found.like}"?`
      : found.known.length === 0
        ? "it uses none"
        : `it uses ${found.known.join(", ")}`;
  return failed(`"${path}" has no use of "${upstream}": ${hint}`);
}

function readOptions(
  args: readonly string[],
): { readonly upstream: string | undefined; readonly lock: string } | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { upstream: { type: "string" }, lock: { type: "string", default: "bff.lock.json" } },
    });
    return { upstream: values.upstream, lock: values.lock };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function tryRead(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

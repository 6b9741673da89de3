// Reads a server's protos by gRPC server reflection, through `buf curl`, which already has TLS, HTTP/2 and gRPC.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { base64Decode } from "@bufbuild/protobuf/wire";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { mended } from "../descriptors/complete-descriptors.ts";
import { WELL_KNOWN } from "../descriptors/well-known.ts";
import { withImports, withoutImports } from "../descriptors/with-imports.ts";
import { Refusal } from "../terminal.ts";
import { type Image, runBuf } from "./buf.ts";

/** Limits of the data that is accepted from a server, which may be foreign. */
interface ReflectionLimits {
  readonly services: number;
  readonly files: number;
  /** Size of all responses of one round, as JSON, in bytes. */
  readonly bytes: number;
  /** For one round. */
  readonly ms: number;
  /** Length of the longest chain of imports: each round requests the files that the former round's files import. */
  readonly rounds: number;
}
const LIMITS: ReflectionLimits = { services: 1_000, files: 5_000, bytes: 64 << 20, ms: 30_000, rounds: 50 };

/** Fields that are used of grpc.reflection; v1 and v1alpha differ in their package alone. */
const protocol = (version: string): string => `syntax = "proto3";
package grpc.reflection.${version};
service ServerReflection {
  rpc ServerReflectionInfo(stream ServerReflectionRequest) returns (stream ServerReflectionResponse);
}
message ServerReflectionRequest {
  oneof message_request {
    string file_by_filename = 3;
    string file_containing_symbol = 4;
    string list_services = 7;
  }
}
message ServerReflectionResponse {
  ServerReflectionRequest original_request = 2;
  oneof message_response {
    FileDescriptorResponse file_descriptor_response = 4;
    ListServiceResponse list_services_response = 6;
    ErrorResponse error_response = 7;
  }
}
message FileDescriptorResponse { repeated bytes file_descriptor_proto = 1; }
message ListServiceResponse { repeated ServiceResponse service = 1; }
message ServiceResponse { string name = 1; }
message ErrorResponse { int32 error_code = 1; string error_message = 2; }
`;

interface Answer {
  readonly originalRequest?: { readonly fileByFilename?: string; readonly fileContainingSymbol?: string };
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto?: readonly string[] };
  readonly listServicesResponse?: { readonly service?: readonly { readonly name?: string }[] };
  readonly errorResponse?: { readonly errorMessage?: string };
}
type ReflectionRequest =
  | { readonly fileByFilename: string }
  | { readonly fileContainingSymbol: string }
  | { readonly listServices: string };

interface Reflected {
  /** Files with services that the server offers; the others are imports. */
  readonly image: Image;
  /** Files that others import and that the server does not give. */
  readonly missing: readonly string[];
}

/**
 * Reads the protos of a server. Throws a `Refusal` if the server does not exist or does not answer.
 *
 * @param headers each `name: value`
 */
export function reflected(url: string, headers: readonly string[], limits = LIMITS): Reflected {
  if (!/^https?:\/\/[^/\s]+\/?$/.test(url))
    throw new Refusal(
      `--reflect ${url} is no server's address: write http://127.0.0.1:9001 or https://service.example`,
      2,
    );
  const query = queryFor(url.replace(/\/$/, ""), headers, limits);
  const [listed] = query([{ listServices: "*" }]);
  const names = (listed?.listServicesResponse?.service ?? []).map(({ name = "" }) => name);
  const services = names.filter((name) => !/^grpc\.(reflection|health)\./.test(name));
  if (services.length === 0) throw new Refusal(`${url} offers no service but reflection`);
  if (services.length > limits.services)
    throw new Refusal(`${url} offers ${services.length} services, more than ${limits.services}`);
  const files = new Map<string, FileDescriptorProto>();
  const take = (answers: readonly Answer[]): void => {
    for (const { fileDescriptorResponse } of answers)
      for (const text of fileDescriptorResponse?.fileDescriptorProto ?? []) {
        const file = fromBinary(FileDescriptorProtoSchema, base64Decode(text));
        files.set(file.name, file);
      }
    if (files.size > limits.files) throw new Refusal(`${url} has more than ${limits.files} files`);
  };
  take(query(services.map((name) => ({ fileContainingSymbol: name }))));
  const offered = services.filter((name) => [...files.values()].some((file) => declares(file, name)));
  if (offered.length === 0)
    throw new Refusal(`${url} describes none of its services: ${services.slice(0, 5).join(", ")}`);
  const missing = takeImports(files, limits.rounds, (names) =>
    take(query(names.map((name) => ({ fileByFilename: name })))),
  );
  const all = inOrder(withImports(mended([...files.values()].map((file) => withoutImports(file, missing)))));
  const imports = all.filter((file) => !offered.some((name) => declares(file, name)));
  return {
    image: { files: all, imports: new Set(imports.map(({ name }) => name)) },
    missing: [...missing].toSorted(),
  };
}

/** Returns a function that queries the server by v1, or by v1alpha if the server does not support v1. */
function queryFor(
  url: string,
  headers: readonly string[],
  limits: ReflectionLimits,
): (requests: readonly ReflectionRequest[]) => readonly Answer[] {
  let version = "v1";
  return (requests) => {
    try {
      return queryOnce({ url, version, headers, limits }, requests);
    } catch (error) {
      if (version !== "v1" || !(error instanceof Refusal) || !/unimplemented/i.test(error.message)) throw error;
      version = "v1alpha";
      return queryOnce({ url, version, headers, limits }, requests);
    }
  };
}

interface ReflectionServer {
  readonly url: string;
  readonly version: string;
  readonly headers: readonly string[];
  readonly limits: ReflectionLimits;
}

function queryOnce(
  { url, version, headers, limits }: ReflectionServer,
  requests: readonly ReflectionRequest[],
): readonly Answer[] {
  const folder = mkdtempSync(join(tmpdir(), "protobff-reflect-"));
  try {
    const schema = join(folder, "protos/grpc/reflection", version, "reflection.proto");
    mkdirSync(dirname(schema), { recursive: true });
    writeFileSync(schema, protocol(version));
    const data = join(folder, "requests.json");
    writeFileSync(data, requests.map((request) => JSON.stringify(request)).join("\n"));
    const args = [
      ...["curl", "--schema", join(folder, "protos"), "--protocol", "grpc", "--http2-prior-knowledge"],
      ...["--connect-timeout", "10", "--data", `@${data}`],
      ...headers.flatMap((header) => ["--header", header]),
      `${url}/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
    ];
    const printed = runBuf(args, folder, { maxBytes: limits.bytes, maxMs: limits.ms });
    return documents(new TextDecoder().decode(printed)).map((text) => JSON.parse(text) as Answer);
  } catch (error) {
    if (error instanceof Refusal) throw new Refusal(`${url} does not list its services: ${error.message}`);
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** JSON documents that stand behind each other: each begins with a brace at the beginning of a line. */
function documents(text: string): readonly string[] {
  return text
    .split(/^(?=\{)/m)
    .map((document) => document.trim())
    .filter((document) => document !== "");
}

const declares = (file: FileDescriptorProto, service: string): boolean =>
  file.service.some(({ name }) => [file.package, name].filter((part) => part !== "").join(".") === service);

/** Requests imported files until none is missing. Returns the names of files that the server does not have. */
function takeImports(
  files: Map<string, FileDescriptorProto>,
  rounds: number,
  fetchFiles: (names: readonly string[]) => void,
): ReadonlySet<string> {
  const missing = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    const dependencies = new Set([...files.values()].flatMap(({ dependency }) => dependency));
    const unknown = [...dependencies].filter((name) => !files.has(name) && !missing.has(name));
    if (unknown.length === 0) return missing;
    for (const name of unknown) {
      const known = WELL_KNOWN.get(name);
      if (known !== undefined) files.set(name, known);
    }
    const absent = unknown.filter((name) => !files.has(name));
    if (absent.length > 0) fetchFiles(absent);
    for (const name of absent) if (!files.has(name)) missing.add(name);
  }
  throw new Refusal(`the server's files import each other over more than ${rounds} steps`);
}

/** Returns files, each behind those that it imports. */
export function inOrder(files: readonly FileDescriptorProto[]): readonly FileDescriptorProto[] {
  const byName = new Map(files.map((file) => [file.name, file]));
  const ordered = new Set<FileDescriptorProto>();
  const begun = new Set<string>();
  const add = (file: FileDescriptorProto): void => {
    if (begun.has(file.name)) return;
    begun.add(file.name);
    for (const name of file.dependency) {
      const imported = byName.get(name);
      if (imported !== undefined) add(imported);
    }
    ordered.add(file);
  };
  for (const file of files) add(file);
  return [...ordered];
}

// Creates a package from the protos of its upstreams and the requested RPCs.
import { PROTOS } from "protoc-gen-bff/compiler";
import type { UpstreamProtos } from "../project/upstream-protos.ts";
import { stateOf } from "../upstream/origin.ts";
import { nameFor, renderSourceList, SOURCE_LIST, UPSTREAM } from "../upstream/source-list.ts";
import { type Choice, chooseRpcs } from "./choose-rpcs.ts";
import { exampleTest } from "./example.ts";
import { type PackageOptions, PROTO_FOLDER, packageFiles, serverOf } from "./package-files.ts";
import { type BegunBff, planBff } from "./plan-bff.ts";
import { printBff } from "./print-bff.ts";

export interface Begun {
  readonly bff: BegunBff;
  readonly choice: Choice;
  /** Files by their paths from the package's folder, with `/`. */
  readonly files: ReadonlyMap<string, string>;
  /** The BFF's proto and its server, likewise. */
  readonly proto: string;
  readonly server: string;
}

/**
 * @param name of the package and of the BFF
 * @param rpcNames rpcs, as in `--rpc`
 * @param paths as in `--path`
 * @param packages versions of protobff, the project that gets the code, and the text of AGENTS.md. Default: published
 *   ones; a new package; no such file
 */
export function begin(
  name: string,
  rpcNames: readonly string[],
  upstream: UpstreamProtos,
  paths: readonly string[] = [],
  packages: Pick<PackageOptions, "packages" | "into"> & { readonly agents?: string | undefined } = {},
): Begun {
  const { image, registry, inPlace, source } = upstream;
  const services = image.files
    .filter((file) => !image.imports.has(file.name))
    .flatMap((file) => registry.getFile(file.name)?.services ?? []);
  const choice = chooseRpcs(
    services.flatMap(({ methods }) => methods),
    rpcNames,
  );
  const bff = planBff(name, choice.rpcs, new Set(image.files.map((file) => file.package)));
  const folder = bff.package.replaceAll(".", "/");
  const [last = name] = bff.package.split(".");
  const proto = `${PROTO_FOLDER}/${folder}/${last}.proto`;
  const origin = nameFor(source.from);
  const copied = `${UPSTREAM}/${origin}`;
  const modules = [...new Set([PROTO_FOLDER, inPlace ?? copied])];
  const copies = inPlace === undefined ? upstream.texts(needed(upstream, choice)) : new Map<string, string>();
  const shared = new Map(SHARED.filter((path) => copies.has(path)).map((path) => [path, `${copied}/${path}`]));
  const files = new Map(packageFiles({ name, folder, modules, shared, ...packages }));
  files.set(proto, printBff(bff));
  if (packages.into === undefined) {
    files.set(`test/${last}.test.ts`, exampleTest(bff, `../gen/${folder}/${last}_mock.ts`));
    if (packages.agents !== undefined) files.set("AGENTS.md", packages.agents);
  }
  for (const [path, text] of Object.entries(PROTOS)) files.set(`${PROTO_FOLDER}/${path}`, text);
  if (inPlace === undefined) {
    for (const [path, text] of copies) files.set(`${copied}/${path}`, text);
    const entry = { name: origin, from: source.from, at: stateOf(source, copies), folder: copied };
    files.set(SOURCE_LIST, renderSourceList([{ ...entry, paths, missing: source.missing ?? [] }]));
  }
  return { bff, choice, files, proto, server: serverOf({ folder }) };
}

/** Protos of others whose messages `@protobff/messages` has. */
const SHARED = [
  "buf/validate/validate.proto",
  "google/api/annotations.proto",
  "google/api/http.proto",
  "google/rpc/error_details.proto",
  "google/rpc/status.proto",
];

/**
 * Returns the files of the chosen rpcs and all their imports. buf has those of google.protobuf, and protobff those of
 * bff.v1.
 */
function needed({ image }: UpstreamProtos, { rpcs }: Choice): readonly string[] {
  const byName = new Map(image.files.map((file) => [file.name, file]));
  const paths = new Set(rpcs.map(({ method }) => `${method.parent.file.name}.proto`));
  for (const name of paths) for (const path of byName.get(name)?.dependency ?? []) paths.add(path);
  return [...paths].filter((name) => !name.startsWith("google/protobuf/") && !(name in PROTOS)).toSorted();
}

// The files of the suite: descriptors, cases and sentences. The suite and its reference convert JSON by protobuf-es,
// since they share nothing with the runtime.
import { readdirSync, readFileSync } from "node:fs";
import {
  create,
  createFileRegistry,
  type DescMethod,
  type FileRegistry,
  fromJson,
  type JsonObject,
} from "@bufbuild/protobuf";
import {
  FileDescriptorSetSchema,
  file_google_protobuf_descriptor,
  file_google_protobuf_duration,
  file_google_protobuf_wrappers,
} from "@bufbuild/protobuf/wkt";
import type { Case, Script } from "./case.ts";

const folder = new URL("../", import.meta.url);
const text = (name: string): string => readFileSync(new URL(name, folder), "utf8");

export interface Suite {
  readonly registry: FileRegistry;
  /** Rules that apply where a case has none. */
  readonly world: Script;
  readonly cases: readonly Case[];
  /** Sentences by their names, such as "steps.3". */
  readonly sentences: ReadonlyMap<string, string>;
}

/** Reads the suite from this package's files. Throws if one of them is damaged. */
export function readSuite(): Suite {
  const cases = readdirSync(new URL("cases/", folder)).sort();
  return {
    registry: registryOf(JSON.parse(text("suite.json"))),
    world: JSON.parse(text("world.json")),
    cases: cases.flatMap((name) =>
      text(`cases/${name}`)
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    ),
    sentences: sentencesOf(text("SPEC.md")),
  };
}

/** Returns the sentences of SPEC.md: list items that begin with a name in backquotes. */
function sentencesOf(spec: string): ReadonlyMap<string, string> {
  const found = spec.matchAll(/^- `([a-z-]+\.\d+)` (.*(?:\n {2}.*)*)/gm);
  return new Map(Array.from(found, ([, name = "", sentence = ""]) => [name, sentence.replace(/\n */g, " ")]));
}

/** Returns the descriptors of `suite.json`, without the options of BFFs. */
function registryOf(json: { readonly file: readonly JsonObject[] }): FileRegistry {
  const known = [file_google_protobuf_descriptor, file_google_protobuf_duration, file_google_protobuf_wrappers];
  const names = new Set([...known.map(({ proto }) => proto.name), ...json.file.map(({ name }) => name)]);
  const files = json.file.map((file) => ({
    ...file,
    dependency: Array.isArray(file.dependency) ? file.dependency.filter((name) => names.has(String(name))) : [],
  }));
  const { file } = fromJson(FileDescriptorSetSchema, { file: files }, { ignoreUnknownFields: true });
  return createFileRegistry(create(FileDescriptorSetSchema, { file: [...known.map(({ proto }) => proto), ...file] }));
}

/** Finds "package.Service/Method". Throws if it is unknown. */
export function methodOf(registry: FileRegistry, name: string): DescMethod {
  const [service = "", method] = name.split("/");
  const found = registry.getService(service)?.methods.find((candidate) => candidate.name === method);
  if (found === undefined) throw new Error(`no rpc ${name} in suite.json`);
  return found;
}

// Sources of upstream protos for a new package: folders, git, images, servers.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { createRegistry, type FileRegistry } from "@bufbuild/protobuf";
import type { FileDescriptorProto } from "@bufbuild/protobuf/wkt";
import { PROTOS } from "protoc-gen-bff/compiler";
import { differs } from "../descriptors/compare-files.ts";
import { printFile } from "../descriptors/print-file.ts";
import { withoutImports } from "../descriptors/with-imports.ts";
import { Refusal } from "../terminal.ts";
import { buildImage, type Image, registryOf, runBuf } from "./buf.ts";
import { remoteCommit } from "./git.ts";
import { reflected } from "./reflection.ts";

/** Protos of the upstreams. */
export interface UpstreamProtos {
  readonly image: Image;
  readonly registry: FileRegistry;
  /** The folder that they stay in, from the package's own, with `/`; undefined: they are copied into the package. */
  readonly inPlace: string | undefined;
  readonly source: Source;
  /** Files of the image as text, by their names. Those that are printed are held to their descriptors. */
  texts(files: readonly string[]): ReadonlyMap<string, string>;
  /** Removes what was only made to read them. */
  close(): void;
}

/** Origin of the protos. */
interface Source {
  /** Requested source, from the new package's folder, without passwords. */
  readonly from: string;
  readonly kind: "folder" | "git" | "module" | "archive" | "image" | "reflection";
  readonly commit?: string | undefined;
  /** Imported files that the server does not have; they are left out. */
  readonly missing?: readonly string[] | undefined;
}

/** Request for protos. */
export interface ProtosRequest {
  /** A folder, an image, a git reference, … as buf calls an input; or, with `reflect`, a server's URL. */
  readonly from: string;
  readonly reflect: boolean;
  /** Files or folders below `from`; empty: all. */
  readonly paths: readonly string[];
  /** Headers for a server that authenticates callers: `name: value`. */
  readonly headers: readonly string[];
  /** Base folder of relative paths. */
  readonly cwd: string;
  /** Folder of the new package. */
  readonly folder: string;
}

export function upstreamProtos(request: ProtosRequest): UpstreamProtos {
  const { from, cwd } = request;
  if (request.reflect) return ofServer(request);
  const [plain = "", fragment] = from.split("#");
  const path = resolve(cwd, plain);
  const found = statSync(path, { throwIfNoEntry: false });
  const shown =
    found === undefined
      ? from.replace(/\/\/[^/@]*@/, "//")
      : withFragment(isAbsolute(plain) ? plain : below(request.folder, path), fragment);
  if (/(^|\/)\.git\/?$|\.git\/?$|^git@|^(ssh|git):\/\//.test(plain))
    return exported(request, found === undefined ? from : withFragment(path, fragment), {
      from: shown,
      kind: "git",
      commit: remoteCommit(found === undefined ? plain : path, fragment ?? ""),
    });
  if (/\.(tar|tgz|tar\.gz|tar\.zst|zip)$/.test(plain))
    return exported(request, found === undefined ? from : withFragment(path, fragment), {
      from: shown,
      kind: "archive",
    });
  if (found?.isDirectory()) return ofFolder(request, path, shown);
  if (found?.isFile()) return ofImage(request, path, shown);
  if (/^[\w.-]+\.[a-z]+\/[\w-]+\/[\w-]+(:[\w./-]+)?$/.test(from))
    return exported(request, from, { from, kind: "module" });
  throw new Refusal(
    `there is no ${shown}. --from takes a folder of .proto files, an image (buf build -o image.binpb), a git reference (https://….git#branch=main) or a module (buf.build/acme/shop). --reflect takes a server's address`,
    2,
  );
}

const below = (folder: string, path: string): string => relative(folder, path).split(sep).join("/");
const withFragment = (path: string, fragment: string | undefined): string =>
  fragment === undefined ? path : `${path}#${fragment}`;

/** Reads the protos of a folder, inside the package or elsewhere. */
function ofFolder(request: ProtosRequest, path: string, shown: string): UpstreamProtos {
  const { from, folder, paths } = request;
  const within = relative(folder, path);
  if (within === "")
    throw new Refusal(
      `--from ${from} is the new package's own folder: give it another, as in protobff init bff --from ${from}`,
      2,
    );
  const source: Source = { from: shown, kind: "folder" };
  const isInside = !within.startsWith("..") && !isAbsolute(within);
  if (!isInside || isWorkspace(path)) return exported(request, path, source);
  const image = buildImage({ cwd: path, paths });
  const inPlace = below(folder, path);
  return { image, registry: soundRegistry(image.files), inPlace, source, texts: textsBelow(path), close: () => {} };
}

/** Returns true for a folder that declares modules and dependencies. */
function isWorkspace(path: string): boolean {
  return ["buf.yaml", "buf.work.yaml"].some(
    (name) => statSync(join(path, name), { throwIfNoEntry: false }) !== undefined,
  );
}

/** An input of buf as plain files, each below the root that imports know it by. */
function exported({ paths }: ProtosRequest, input: string, source: Source): UpstreamProtos {
  const copy = mkdtempSync(join(tmpdir(), "protobff-init-"));
  const close = (): void => rmSync(copy, { recursive: true, force: true });
  try {
    const inside = source.kind === "folder" ? paths.map((path) => join(input, path)) : paths;
    runBuf(["export", input, "-o", copy, ...inside.flatMap((path) => ["--path", path])], copy);
    const image = buildImage({ cwd: copy, paths });
    const registry = soundRegistry(image.files);
    return {
      image,
      registry,
      inPlace: undefined,
      source,
      texts: withoutRules(image, registry, textsBelow(copy)),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

const RULES = "bff/v1/options.proto";

/** An upstream that is a BFF itself: its options would make it one here, too. */
function withoutRules(
  { files }: Image,
  registry: FileRegistry,
  texts: UpstreamProtos["texts"],
): UpstreamProtos["texts"] {
  const ruled = new Map(files.filter(({ dependency }) => dependency.includes(RULES)).map((file) => [file.name, file]));
  if (ruled.size === 0) return texts;
  const others = createRegistry(...[...registry].filter(({ file }) => file.proto.name !== RULES));
  return (names) =>
    new Map(
      [...texts(names)].map(([name, text]) => {
        const file = ruled.get(name);
        return [name, file === undefined ? text : printFile(withoutImports(file, new Set([RULES])), others)];
      }),
    );
}

function textsBelow(folder: string): UpstreamProtos["texts"] {
  return (files) => new Map(files.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

/** Reads an image of buf, or a set of descriptors of protoc. */
function ofImage({ from, cwd, paths }: ProtosRequest, path: string, shown: string): UpstreamProtos {
  if (path.endsWith(".proto"))
    throw new Refusal(
      `--from ${from} is one file: name the folder that its imports start from, and the file by --path`,
      2,
    );
  const isNamed = /\.(binpb|bin|json|txtpb|yaml)(\.gz|\.zst)?$/.test(path);
  const image = buildImage({ cwd, input: isNamed ? path : `${path}#format=binpb`, paths });
  return printed(image, { from: shown, kind: "image" });
}

function ofServer({ from, headers }: ProtosRequest): UpstreamProtos {
  const { image, missing } = reflected(from, headers);
  return printed(image, {
    from: from.replace(/\/\/[^/@]*@/, "//"),
    kind: "reflection",
    ...(missing.length === 0 ? {} : { missing }),
  });
}

/** Descriptors of which there are no files. */
function printed(image: Image, source: Source): UpstreamProtos {
  const registry = soundRegistry(image.files);
  return {
    image,
    registry,
    source,
    inPlace: undefined,
    texts: (names) => {
      const files = image.files.filter(({ name }) => names.includes(name));
      const all = new Map(texts(files, registry).map(({ name, text }) => [name, text]));
      hold(files, all, registry);
      return all;
    },
    close: () => {},
  };
}

function texts(files: readonly FileDescriptorProto[], registry: FileRegistry) {
  return files.map((file) => ({ name: file.name, text: printFile(file, registry) }));
}

/** Throws a `Refusal` if the printed files do not mean the same as their descriptors. */
function hold(files: readonly FileDescriptorProto[], all: ReadonlyMap<string, string>, registry: FileRegistry): void {
  const copy = mkdtempSync(join(tmpdir(), "protobff-held-"));
  try {
    for (const [name, text] of [...Object.entries(PROTOS), ...all]) {
      mkdirSync(dirname(join(copy, name)), { recursive: true });
      writeFileSync(join(copy, name), text);
    }
    const built = new Map(buildImage({ cwd: copy, withoutSources: true }).files.map((file) => [file.name, file]));
    for (const file of files) {
      const again = built.get(file.name);
      const where = again === undefined ? file.name : differs(file, again, registry);
      if (where !== undefined)
        throw new Refusal(
          `${file.name} cannot be written as a .proto file that means the same: ${where} would differ. Take the files that it was made of, by --from <folder>`,
        );
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function soundRegistry(files: readonly FileDescriptorProto[]): FileRegistry {
  try {
    return registryOf(files);
  } catch (error) {
    throw new Refusal(`these descriptors do not hold together: ${error instanceof Error ? error.message : error}`);
  }
}

// Runs buf as a process; its images are compiled in this process.
import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { create, createFileRegistry, type FileRegistry, toBinary } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { decodeFile } from "protoc-gen-bff/compiler";
import { Refusal } from "../terminal.ts";
import { type GenConfig, readGenConfig, WHOLE } from "./gen-config.ts";

/** Image that buf has built: files in the order of their imports. */
export interface Image {
  readonly files: readonly FileDescriptorProto[];
  /** Names of those that are there only because others import them. */
  readonly imports: ReadonlySet<string>;
}

/** An input of buf (a folder, a git reference, an image), and what of it. */
interface BuildOptions {
  readonly cwd: string;
  readonly input?: string | undefined;
  /** Configuration as in buf.yaml. Default: the one of the input. */
  readonly config?: string | undefined;
  readonly excludePaths?: readonly string[] | undefined;
  readonly paths?: readonly string[] | undefined;
  /** Leaves out where declarations stand, and their comments. */
  readonly withoutSources?: boolean | undefined;
  /** An earlier one: files that are as they were are the same objects. */
  readonly before?: Image | undefined;
}

const MAX_BYTES = 512 << 20;

/** Builds an image. Throws a `Refusal` with buf's message if the input does not build. */
export function buildImage(options: BuildOptions): Image {
  return imageIn(runBuf(argumentsOf(options), options.cwd, { maxMs: MAX_BUILD_MS }), options.before);
}

/**
 * Builds an image while other work continues. Throws a `Refusal` with buf's message if the input does not build, and
 * the reason of the signal after its abort.
 */
async function startBuild(options: BuildOptions, signal: AbortSignal): Promise<Image> {
  const { cwd, before } = options;
  const args = argumentsOf(options);
  const [command, ...first] = bufCommand();
  const limits = { maxBuffer: MAX_BYTES, timeout: MAX_BUILD_MS, signal };
  try {
    const started = startFile(command, [...first, ...args], { ...placeOf(cwd), ...limits, encoding: "buffer" });
    started.child.stdin?.end();
    const { stdout } = await started;
    return imageIn(stdout, before);
  } catch (thrown) {
    signal.throwIfAborted();
    const { code, killed, stdout, stderr } = thrown as Ended;
    if (code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") throw new Refusal("buf build gives more than is taken");
    if (killed === true) throw new Refusal("buf build takes too long");
    if (typeof code !== "number") throw new Refusal(`buf cannot be started: ${String(thrown)}`);
    throw new Refusal(`buf build fails:\n${shortened(`${stdout}${stderr}`.trimEnd())}`);
  }
}
const startFile = promisify(execFile);
/** The fault of a process that Node has started. */
type Ended = Partial<Record<"code" | "killed" | "stdout" | "stderr", unknown>>;

function argumentsOf({ input = ".", config, excludePaths = [], paths = [], withoutSources }: BuildOptions) {
  return [
    ...["build", input, "-o", "-#format=binpb"],
    ...(config === undefined ? [] : ["--config", config]),
    ...excludePaths.flatMap((path) => ["--exclude-path", path]),
    ...paths.flatMap((path) => ["--path", path]),
    ...(withoutSources === true ? ["--exclude-source-info"] : []),
  ];
}

function imageIn(set: Uint8Array, before: Image | undefined): Image {
  const files = filesIn(set, before);
  return { files, imports: new Set(files.filter(isImport).map(({ name }) => name)) };
}

/** Maximum time of a build, which may fetch a repository. An editor waits for it. */
const MAX_BUILD_MS = 5 * 60_000;

/** By file, as buf has given it: what is decoded for the first time after a save is what it has changed. */
const bytesByFile = new WeakMap<FileDescriptorProto, Uint8Array>();

/** Returns the bytes of a file; two files with equal content have equal bytes. */
export function bytesOf(file: FileDescriptorProto): Uint8Array {
  const bytes = bytesByFile.get(file) ?? toBinary(FileDescriptorProtoSchema, file);
  bytesByFile.set(file, bytes);
  return bytes;
}

/** Returns the files of a `google.protobuf.FileDescriptorSet`, which has no other field. */
function filesIn(set: Uint8Array, before: Image | undefined): readonly FileDescriptorProto[] {
  const known = new Map(before?.files.map((file) => [file.name, file]));
  const reader = new BinaryReader(set);
  const files: FileDescriptorProto[] = [];
  while (reader.pos < reader.len) {
    const [no, wireType] = reader.tag();
    if (no !== 1) reader.skip(wireType, no);
    else files.push(fileOf(reader.bytes(), known));
  }
  return files;
}

function fileOf(bytes: Uint8Array, known: ReadonlyMap<string, FileDescriptorProto>): FileDescriptorProto {
  const reader = new BinaryReader(bytes);
  // Its name comes first, if it is where it usually is.
  const old = reader.tag()[0] === 1 ? known.get(reader.string()) : undefined;
  if (old !== undefined && Buffer.compare(bytesOf(old), bytes) === 0) return old;
  const file = decodeFile(bytes);
  bytesByFile.set(file, bytes);
  return file;
}

/** Limits of buf's output and time; an excess is an error. */
interface BufLimits {
  readonly maxBytes?: number | undefined;
  /** Default: as long as it likes. */
  readonly maxMs?: number | undefined;
}

/** Returns buf's output. Throws a `Refusal` with buf's message if it fails. */
export function runBuf(args: readonly string[], cwd: string, limits: BufLimits = {}): Uint8Array {
  return spawnBuf(args, cwd, [0], limits).stdout;
}

/**
 * Returns buf's output and its exit status, which is one of `expected`. Throws a `Refusal` with buf's message for any
 * other status.
 */
export function spawnBuf(
  args: readonly string[],
  cwd: string,
  expected: readonly number[],
  { maxBytes = MAX_BYTES, maxMs = 0 }: BufLimits = {},
): { readonly status: number; readonly stdout: Uint8Array } {
  const [command, ...first] = bufCommand();
  const { status, stdout, stderr, error } = spawnSync(command, [...first, ...args], {
    ...placeOf(cwd),
    maxBuffer: maxBytes,
    timeout: maxMs,
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (error !== undefined && "code" in error && (error.code === "ENOBUFS" || error.code === "ETIMEDOUT"))
    throw new Refusal(`buf ${args[0]} ${error.code === "ENOBUFS" ? "gives more than is taken" : "takes too long"}`);
  if (error !== undefined) throw new Refusal(`buf cannot be started: ${error.message}`);
  if (status === null || !expected.includes(status))
    throw new Refusal(`buf ${args[0]} fails:\n${shortened(`${stdout}${stderr}`.trimEnd())}`);
  return { status, stdout };
}

/**
 * Plugins are found where npx finds them, also when this was not started by it. With fewer collections, a build takes a
 * fifth less time; above 1 GiB Go collects as often as usual.
 */
function placeOf(cwd: string) {
  return {
    cwd,
    env: {
      GOGC: "400",
      GOMEMLIMIT: "1GiB",
      ...process.env,
      PATH: [join(cwd, "node_modules", ".bin"), process.env.PATH].join(delimiter),
    },
  };
}

const MAX_LINES = 40;

function shortened(text: string): string {
  const lines = text.split("\n");
  const more = lines.length - MAX_LINES;
  return more <= 0 ? text : [...lines.slice(0, MAX_LINES), `and ${more} more lines`].join("\n");
}

/**
 * Returns the command of buf: the program itself, which saves a start of Node, or for an unexpected package the script
 * that starts it.
 */
export function bufCommand(): readonly [string, ...string[]] {
  const manifest = createRequire(import.meta.url).resolve("@bufbuild/buf/package.json");
  const ofBuf = createRequire(manifest);
  const cpu = process.platform === "linux" && process.arch === "arm64" ? "aarch64" : process.arch;
  const name = process.platform === "win32" ? "buf.exe" : "buf";
  try {
    return [ofBuf.resolve(`@bufbuild/buf-${process.platform}-${cpu}/bin/${name}`)];
  } catch {
    return [process.execPath, join(dirname(manifest), "bin", "buf")];
  }
}

/** Number of the extension in which buf marks imports: `buf.alpha.image.v1.ImageFile.buf_extension.is_import`. */
const BUF_EXTENSION = 8042;
const LENGTH_DELIMITED = 2;
/** The field `is_import`, true. */
const IS_IMPORT = [0x08, 0x01];

function isImport({ $unknown = [] }: FileDescriptorProto): boolean {
  return $unknown.some(({ no, wireType, data }) => {
    if (no !== BUF_EXTENSION || wireType !== LENGTH_DELIMITED) return false;
    // Behind the length: the extension begins with is_import where that is true.
    const from = data.findIndex((byte) => byte < 0x80) + 1;
    return IS_IMPORT.every((byte, i) => data[from + i] === byte);
  });
}

// Descriptors of a project's protos.

/** Builds all inputs of `buf.gen.yaml`. Throws a `Refusal` if there is none, or if one does not build. */
export function projectRegistry(cwd: string): FileRegistry {
  const images = readGenConfig(cwd).inputs.map(({ input, paths, excludePaths }) =>
    buildImage({ cwd, input, paths, excludePaths, withoutSources: true }),
  );
  const protos = new Map(images.flatMap((image) => image.files.map((file) => [file.name, file] as const)));
  return registryOf([...protos.values()]);
}

/** Returns the types of files, each after those that it imports. Throws for files that do not hold together. */
export function registryOf(files: readonly FileDescriptorProto[]): FileRegistry {
  return createFileRegistry(create(FileDescriptorSetSchema, { file: [...files] }));
}

// Inputs of a project, built by buf. Loads no compiler, so that a server can start buf first.

/** Returns the folder or the nearest one above it that has a buf.yaml. */
export function rootOf(cwd: string): string | undefined {
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (["buf.yaml", "buf.work.yaml"].some((name) => existsSync(join(folder, name)))) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

/** Returns the folder of the project around a folder. Throws a `Refusal` if there is none. */
export function requiredRoot(cwd: string): string {
  const root = rootOf(cwd);
  if (root === undefined) throw new Refusal("there is no buf.yaml here, and none above: start in the project");
  return root;
}

/** Returns defaults for a faulty template, because `buf generate` reports the fault. */
export function configOf(root: string, template = "buf.gen.yaml"): Pick<GenConfig, "parameter" | "inputs"> {
  try {
    return readGenConfig(root, template);
  } catch (thrown) {
    if (thrown instanceof Refusal) return { parameter: "", inputs: [WHOLE] };
    throw thrown;
  }
}

/** Builds all inputs as one image; `instead` is built in the place of each, with its exclusions. */
export function buildInputs(cwd: string, inputs: GenConfig["inputs"], instead?: string): Image {
  return joinedAll(
    inputs.map(({ input, paths, excludePaths }) => buildImage({ cwd, input: instead ?? input, paths, excludePaths })),
  );
}

/** Builds all inputs as one image, while other work continues. */
export async function startInputs(
  cwd: string,
  inputs: GenConfig["inputs"],
  before: Image | undefined,
  signal: AbortSignal,
): Promise<Image> {
  return joinedAll(await Promise.all(inputs.map((input) => startBuild({ cwd, ...input, before }, signal))));
}

function joinedAll([first, ...rest]: readonly Image[]): Image {
  return rest.reduce(joined, first ?? { files: [], imports: new Set<string>() });
}

/** Joins two images. A file that either image contains as its own, not as an import, is no import of the result. */
function joined(image: Image, other: Image): Image {
  const known = new Set(image.files.map(({ name }) => name));
  const files = [...image.files, ...other.files.filter(({ name }) => !known.has(name))];
  const targets = new Set([image, other].flatMap(targetsOf));
  return { files, imports: new Set(files.map(({ name }) => name).filter((name) => !targets.has(name))) };
}

/** Returns the names of the files that are no imports. */
export function targetsOf({ files, imports }: Image): readonly string[] {
  return files.map(({ name }) => name).filter((name) => !imports.has(name));
}

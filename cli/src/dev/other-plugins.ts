// The other plugins of buf.gen.yaml. protoc-gen-es runs in this process, and only for files that have changed for it.
// buf runs the others if anything has changed.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parse, parseDocument } from "yaml";
import { bytesOf, type Image, runBuf } from "../project/buf.ts";
import { Refusal } from "../terminal.ts";
import type { OutputFile } from "./outputs.ts";

/** An entry of protoc-gen-es in buf.gen.yaml. */
interface EsEntry {
  readonly out: string;
  readonly parameter: string;
  readonly withImports: boolean;
  readonly withWellKnown: boolean;
}
/** @param files their bytes by name, imports before what imports them */
type RunEs = (
  parameter: string,
  fileToGenerate: readonly string[],
  files: ReadonlyMap<string, Uint8Array>,
) => readonly OutputFile[];

/** Outputs of the other plugins, cached from run to run. */
export class OtherPlugins {
  readonly #cwd: string;
  /** The descriptors of the last run, by name. */
  #before = new Map<string, Uint8Array>();
  #template: string | undefined;
  /** Outputs by the plugin's index, and by the file's path. */
  #es: Map<string, string>[] = [];
  #rest: readonly OutputFile[] = [];
  #runEs: RunEs | undefined;

  /** @param cwd the project's folder */
  constructor(cwd: string) {
    this.#cwd = cwd;
  }

  /**
   * Returns all files that the plugins generate now. Throws a `Refusal` if a plugin fails, and then drops the cache.
   *
   * @param template buf.gen.yaml with these plugins alone
   */
  run(image: Image, template: string | undefined): readonly OutputFile[] {
    if (template === undefined) return [];
    try {
      return this.#fresh(image, template);
    } catch (error) {
      this.#before = new Map();
      throw error;
    }
  }

  #fresh(image: Image, template: string): readonly OutputFile[] {
    const now = new Map(image.files.map((file) => [file.name, bytesOf(file)]));
    const changed = changedNames(this.#before, now);
    const isWhole = template !== this.#template || this.#before.size !== now.size;
    if (isWhole || changed.size > 0) {
      this.#runEs ??= loadEs(this.#cwd);
      const { es, rest } = split(template, this.#runEs !== undefined);
      const touched = isWhole ? new Set(now.keys()) : dependentsOf(image, changed);
      if (isWhole) this.#es = es.map(() => new Map());
      es.forEach((entry, i) => {
        for (const { path, content } of this.#esFiles(entry, image, now, touched)) this.#es[i]?.set(path, content);
      });
      this.#rest = rest === undefined ? [] : generated(rest, this.#cwd);
    }
    this.#before = now;
    this.#template = template;
    const es = this.#es.flatMap((files) => [...files].map(([path, content]) => ({ path, content })));
    return [...es, ...this.#rest];
  }

  #esFiles(
    { out, parameter, withImports, withWellKnown }: EsEntry,
    { files, imports }: Image,
    bytes: ReadonlyMap<string, Uint8Array>,
    touched: ReadonlySet<string>,
  ): readonly OutputFile[] {
    const fileToGenerate = files
      .map(({ name }) => name)
      .filter((name) => touched.has(name) && (withImports || !imports.has(name)))
      .filter((name) => withWellKnown || !imports.has(name) || !name.startsWith("google/protobuf/"));
    if (fileToGenerate.length === 0 || bytes.size === 0) return [];
    const outputs = this.#runEs?.(parameter, fileToGenerate, bytes) ?? [];
    return outputs.map(({ path, content }) => ({ path: join(out, path), content }));
  }
}

function changedNames(before: ReadonlyMap<string, Uint8Array>, now: ReadonlyMap<string, Uint8Array>): Set<string> {
  const same = (name: string, bytes: Uint8Array): boolean => {
    const old = before.get(name);
    return old !== undefined && Buffer.compare(old, bytes) === 0;
  };
  return new Set([...now].filter(([name, bytes]) => !same(name, bytes)).map(([name]) => name));
}

/** These, and all that import them; files come after their imports. */
function dependentsOf({ files }: Image, changed: ReadonlySet<string>): Set<string> {
  const touched = new Set(changed);
  for (const { name, dependency } of files) if (dependency.some((path) => touched.has(path))) touched.add(name);
  return touched;
}

interface Entry {
  readonly local?: string | readonly string[];
  readonly out?: string;
  readonly opt?: string | readonly string[];
  readonly strategy?: string;
  readonly include_imports?: boolean;
  readonly include_wkt?: boolean;
}
const UNDERSTOOD = ["local", "out", "opt", "strategy", "include_imports", "include_wkt"];

/**
 * Splits the entries into those that run here and the template with the others. If buf changes the descriptors first
 * (`managed`), buf runs all.
 */
function split(
  template: string,
  hasEs: boolean,
): { readonly es: readonly EsEntry[]; readonly rest: string | undefined } {
  const { plugins = [], managed } = parse(template) as { plugins?: readonly Entry[]; managed?: unknown };
  const here = (entry: Entry): boolean =>
    hasEs && managed === undefined && isEs(entry) && Object.keys(entry).every((key) => UNDERSTOOD.includes(key));
  const es = plugins.filter(here).map((entry) => ({
    out: entry.out ?? ".",
    parameter: [entry.opt ?? []].flat().join(","),
    withImports: entry.include_imports === true,
    withWellKnown: entry.include_wkt === true,
  }));
  if (es.length === plugins.length) return { es, rest: undefined };
  const document = parseDocument(template);
  document.set("plugins", document.createNode(plugins.filter((entry) => !here(entry))));
  return { es, rest: String(document) };
}

function isEs({ local }: Entry): boolean {
  const words = [local ?? []].flat();
  return words.length === 1 && /(^|[\\/])protoc-gen-es(\.cmd)?$/.test(words[0] ?? "");
}

/**
 * Returns the plugin's own module, of the project's version; undefined if the module has an unexpected form, so that
 * buf has to run it.
 */
function loadEs(cwd: string): RunEs | undefined {
  try {
    const ofProject = createRequire(join(cwd, "package.json"));
    const manifest = ofProject.resolve("@bufbuild/protoc-gen-es/package.json");
    const ofPlugin = createRequire(manifest);
    const { protocGenEs } = ofPlugin("./dist/cjs/src/protoc-gen-es-plugin.js");
    const { create, fromBinary } = ofPlugin("@bufbuild/protobuf");
    const { CodeGeneratorRequestSchema: Request, FileDescriptorProtoSchema: Schema } =
      ofPlugin("@bufbuild/protobuf/wkt");
    if (typeof protocGenEs.run !== "function") return undefined;
    // Messages of the plugin's own version of protobuf-es. An unchanged file is decoded once.
    const decoded = new WeakMap<Uint8Array, object>();
    const fileOf = (bytes: Uint8Array): object => {
      // buf's own extension of its images is none of the plugin's business.
      const file = decoded.get(bytes) ?? Object.assign(fromBinary(Schema, bytes), { $unknown: [] });
      decoded.set(bytes, file);
      return file;
    };
    return (parameter, fileToGenerate, files) => {
      const protoFile = [...files.values()].map(fileOf);
      const request = create(Request, { parameter, fileToGenerate, protoFile, sourceFileDescriptors: protoFile });
      const { error, file } = protocGenEs.run(request);
      if (error) throw new Refusal(`protoc-gen-es fails: ${error}`);
      return file.map(({ name, content }: { name: string; content: string }) => ({ path: name, content }));
    };
  } catch {
    return undefined;
  }
}

/**
 * Runs buf with a temporary folder: `clean: true` empties that one, and nothing is written before all plugins succeed.
 */
function generated(template: string, cwd: string): readonly OutputFile[] {
  const folder = mkdtempSync(join(tmpdir(), "protobff-dev-"));
  try {
    const path = join(folder, "buf.gen.yaml");
    const out = join(folder, "out");
    writeFileSync(path, template);
    runBuf(["generate", "--template", path, "-o", out], cwd);
    return readdirSync(out, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => ({ path: relative(out, file), content: readFileSync(file, "utf8") }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

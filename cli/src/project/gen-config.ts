// Configuration of protoc-gen-bff in buf.gen.yaml.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isMap, parse, parseDocument } from "yaml";
import { Refusal } from "../terminal.ts";

/** A project's configuration of the plugin. */
export interface GenConfig {
  /** The plugin's options as in `opt:`, joined by commas. */
  readonly parameter: string;
  /** The folder that it generates into, from the one of buf.gen.yaml. */
  readonly out: string;
  /** Inputs of the build, each with its exclusions. Default: the folder itself. */
  readonly inputs: readonly GenInput[];
  /**
   * The configuration with the other plugins alone, such as protoc-gen-es, as text for `buf generate --template`;
   * undefined: there are none.
   */
  readonly others: string | undefined;
}
interface GenInput {
  readonly input: string;
  readonly paths: readonly string[];
  readonly excludePaths: readonly string[];
}

interface Plugin {
  readonly local?: string | readonly string[];
  readonly plugin?: string;
  readonly name?: string;
  readonly out?: string;
  readonly opt?: string | readonly string[];
}
interface File {
  readonly plugins?: readonly Plugin[];
  readonly inputs?: readonly Readonly<Record<string, unknown>>[];
}

/** Reads the configuration. Throws a `Refusal` if the file does not exist, or if it does not list the plugin. */
export function readGenConfig(cwd: string, name = "buf.gen.yaml"): GenConfig {
  return genConfigOf(readText(cwd, name), name);
}

/** Reads the configuration from text. Throws a `Refusal` if it does not list the plugin. */
export function genConfigOf(text: string, name: string): GenConfig {
  const { plugins = [], inputs = [] } = parsed(text, name);
  const ours = plugins.find(isOurs);
  if (ours === undefined)
    throw new Refusal(`${name} does not contain protoc-gen-bff: add it to its plugins, as \`local: protoc-gen-bff\``);
  return {
    parameter: [ours.opt ?? []].flat().join(","),
    out: ours.out ?? ".",
    inputs: inputs.length === 0 ? [WHOLE] : inputs.map(inputOf),
    others: plugins.some((plugin) => !isOurs(plugin)) ? withoutOurs(text) : undefined,
  };
}
/** Input of a project that declares none. */
export const WHOLE: GenInput = { input: ".", paths: [], excludePaths: [] };

function readText(cwd: string, name: string): string {
  try {
    return readFileSync(join(cwd, name), "utf8");
  } catch {
    throw new Refusal(
      `there is no ${name} in ${cwd}: run it where your project has one, or begin one with protobff init`,
    );
  }
}

function parsed(text: string, name: string): File {
  try {
    return (parse(text) as File | null) ?? {};
  } catch (error) {
    throw new Refusal(`${name} is no YAML: ${error instanceof Error ? error.message : error}`);
  }
}

/**
 * Returns true for an entry of this plugin: `local` in buf.gen.yaml v2, which may be a command with arguments; `plugin`
 * or `name` in v1.
 */
function isOurs({ local, plugin, name }: Plugin): boolean {
  const words = [local ?? plugin ?? name ?? []].flat();
  return words.some((word) => /(^|[\\/])(protoc-gen-)?bff(\.(js|ts|cmd))?$/.test(word));
}

function inputOf(input: Readonly<Record<string, unknown>>): GenInput {
  const kinds = ["directory", "module", "git_repo", "proto_file", "tarball", "zip_archive", "binary_image"];
  const kind = kinds.find((kind) => typeof input[kind] === "string");
  const list = (of: unknown): readonly string[] => [of ?? []].flat().map(String);
  return {
    input: kind === undefined ? "." : String(input[kind]),
    paths: list(input.paths),
    excludePaths: list(input.exclude_paths),
  };
}

function withoutOurs(text: string): string {
  const document = parseDocument(text);
  const plugins = document.get("plugins", true) as { items?: unknown[] } | undefined;
  if (plugins?.items !== undefined)
    plugins.items = plugins.items.filter((item) => !(isMap(item) && isOurs(item.toJSON() as Plugin)));
  return String(document);
}

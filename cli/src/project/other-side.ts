// The same project elsewhere: at another commit, in another folder, as an image.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, posix, relative, resolve } from "node:path";
import { Refusal } from "../terminal.ts";
import { type GenConfig, genConfigOf, readGenConfig } from "./gen-config.ts";

/** A file in the folder of buf.gen.yaml. */
export interface NamedText {
  readonly name: string;
  readonly text: string;
}

/** The other side of a comparison: its inputs for buf, and its buf.gen.yaml. */
export interface OtherSide {
  readonly config: GenConfig;
  /** For each input of the project itself the same one there; as many as `config.inputs` of the project. */
  readonly inputs: readonly string[];
  /** True for one file with all that is built: modules cannot be separated. */
  readonly image: boolean;
  /** Returns the files beside buf.gen.yaml there with this ending; none in an image or a repository elsewhere. */
  readonly texts: (ending: string) => readonly NamedText[];
}

/**
 * Resolves any input of buf. A folder, or a git repository on this machine, has its own buf.gen.yaml; for other inputs
 * the project's configuration counts. Throws a `Refusal` if the input does not exist.
 *
 * @param against `.git#branch=main`, a folder, an image
 * @param projectConfig of the project, at `cwd`
 */
export function otherSide(against: string, cwd: string, projectConfig: GenConfig): OtherSide {
  const git = gitOf(against, cwd);
  if (git !== undefined) return inGit(git, projectConfig);
  const folder = resolve(cwd, against);
  if (existsSync(folder) && statSync(folder).isDirectory()) {
    const config = existsSync(join(folder, "buf.gen.yaml")) ? readGenConfig(folder) : projectConfig;
    const at = (input: string): string => (isAbsolute(input) ? input : join(folder, input));
    return {
      image: false,
      texts: (ending) => textsIn(folder, ending),
      inputs: projectConfig.inputs.map(({ input }) => at(input)),
      config: {
        ...config,
        inputs: config.inputs.map((input) => ({
          input: at(input.input),
          paths: input.paths.map(at),
          excludePaths: input.excludePaths.map(at),
        })),
      },
    };
  }
  if (!existsSync(folder) && !/[#:]/.test(against) && against !== "-")
    throw new Refusal(
      `there is no ${against}: --against takes a git reference, a folder or an image, as in --against '.git#branch=main'`,
      2,
    );
  // An image, an archive, a repository elsewhere: one input, unchanged.
  return {
    image: /\.(binpb|bin|json|txtpb|yaml)(\.(gz|zst))?(#|$)|format=(binpb|bin|json|txtpb|yaml)/.test(against),
    texts: () => [],
    inputs: projectConfig.inputs.map(() => against),
    config: { ...projectConfig, inputs: [{ input: against, paths: [], excludePaths: [] }] },
  };
}

const MAX_TEXTS = 200;
const MAX_TEXT_BYTES = 16 << 20;

/** Reads the files of a folder with an ending. Throws a `Refusal` if there are too many, or if one is too large. */
export function textsIn(folder: string, ending: string): readonly NamedText[] {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .sort();
  if (names.length > MAX_TEXTS) throw new Refusal(`${folder} has more than ${MAX_TEXTS} files *${ending}`, 2);
  return names.map((name) => {
    const { size } = statSync(join(folder, name));
    if (size > MAX_TEXT_BYTES) throw new Refusal(`${name} has ${size} bytes, at most ${MAX_TEXT_BYTES} are read`, 2);
    return { name, text: readFileSync(join(folder, name), "utf8") };
  });
}

interface Git {
  /** The repository, as buf takes it. */
  readonly repository: string;
  /** Options behind `#`, without `subdir`. */
  readonly options: readonly string[];
  readonly subdir: string;
  /** Text of the other side's buf.gen.yaml; undefined: it does not exist, or it cannot be read. */
  readonly genConfig: string | undefined;
  readonly texts: OtherSide["texts"];
}

function gitOf(against: string, cwd: string): Git | undefined {
  const [repository = "", behind = ""] = against.split("#", 2);
  const all = behind.split(",").filter((option) => option !== "");
  const optionOf = (name: string): string | undefined =>
    all.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
  if (!/\.git\/?$/.test(repository) && optionOf("format") !== "git") return undefined;
  const options = all.filter((option) => !option.startsWith("subdir="));
  if (/^[\w+.-]+:\/\/|^[\w.-]+@[\w.-]+:/.test(repository))
    return { repository, options, subdir: optionOf("subdir") ?? "", genConfig: undefined, texts: () => [] };
  const location = resolve(cwd, repository);
  // `.git` is the repository around, also from a folder inside of it.
  const around =
    repository === ".git" && !existsSync(location) ? runGit(cwd, ["rev-parse", "--show-toplevel"])?.trim() : undefined;
  const path = around === undefined ? location : join(around, ".git");
  if (!existsSync(path))
    throw new Refusal(
      `there is no git repository at ${repository}: --against names one by its folder .git, as in --against '.git#branch=main'`,
      2,
    );
  // In a worktree it is a file.
  const root = statSync(path).isDirectory() ? path : dirname(path);
  const prefix = basename(path) === ".git" ? relative(dirname(path), cwd).replaceAll("\\", "/") : "";
  const subdir = optionOf("subdir") ?? (prefix.startsWith("..") ? "" : prefix);
  const ref = optionOf("commit") ?? optionOf("ref") ?? optionOf("tag") ?? optionOf("branch") ?? "HEAD";
  const commit = runGit(root, ["rev-parse", "--verify", "--quiet", `${ref}^{commit}`])?.trim();
  if (commit === undefined)
    throw new Refusal(
      missing(ref, runGit(root, ["rev-parse", "--verify", "--quiet", `origin/${ref}^{commit}`]) !== undefined),
    );
  return {
    repository: path,
    options,
    subdir,
    genConfig: runGit(root, ["show", `${commit}:${posix.join(subdir, "buf.gen.yaml")}`]),
    texts: (ending) =>
      (runGit(root, ["ls-tree", "--name-only", `${commit}:${subdir === "." ? "" : subdir}`]) ?? "")
        .split("\n")
        .filter((name) => name.endsWith(ending))
        .map((name) => ({ name, text: runGit(root, ["show", `${commit}:${posix.join(subdir, name)}`]) ?? "" })),
  };
}

function missing(ref: string, atOrigin: boolean): string {
  const instead = atOrigin
    ? `write --against '.git#ref=origin/${ref}'`
    : "fetch it (in a CI job check out the whole history, with actions/checkout `fetch-depth: 0`), or name another one, as in --against '.git#ref=origin/main'";
  return `git has no ${JSON.stringify(ref)} here: ${instead}`;
}

/** Returns git's output; undefined if git fails. */
function runGit(cwd: string, args: readonly string[]): string | undefined {
  const { status, stdout, error } = spawnSync("git", ["-C", cwd, ...args], {
    encoding: "utf8",
    maxBuffer: 16 << 20,
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (error !== undefined) throw new Refusal(`git cannot be started: ${error.message}`);
  return status === 0 ? stdout : undefined;
}

function inGit({ repository, options, subdir, genConfig, texts }: Git, projectConfig: GenConfig): OtherSide {
  const config = genConfig === undefined ? projectConfig : genConfigOf(genConfig, "buf.gen.yaml there");
  const at = (input: string): string => {
    const folder = posix.join(subdir, input);
    const more = folder === "." || folder === "" ? [] : [`subdir=${folder}`];
    return `${repository}#${["format=git", ...options.filter((option) => !option.startsWith("format=")), ...more].join(",")}`;
  };
  return {
    image: false,
    texts,
    inputs: projectConfig.inputs.map(({ input }) => at(input)),
    config: {
      ...config,
      // buf takes paths from the folder that is built.
      inputs: config.inputs.map(({ input, paths, excludePaths }) => ({
        input: at(input),
        paths: paths.map((path) => posix.relative(input, path)),
        excludePaths: excludePaths.map((path) => posix.relative(input, path)),
      })),
    },
  };
}

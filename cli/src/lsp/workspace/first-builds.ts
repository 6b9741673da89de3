// Builds that run while the compiler's modules are loaded.
import { fileURLToPath } from "node:url";
import type { Image } from "../../project/buf.ts";
import { configOf, rootOf, startInputs } from "../../project/inputs.ts";

/** Images of projects as they are on disk, by root. */
export type FirstBuilds = ReadonlyMap<string, Promise<Image>>;

const TEMPLATE = "buf.gen.yaml";
const MOST = 2;

/**
 * Starts buf in the projects of an editor's folders, for the first two of them.
 *
 * @param folders their URIs
 */
export function startFirstBuilds(folders: readonly string[]): FirstBuilds {
  const paths = folders.filter((uri) => uri.startsWith("file:")).map((uri) => fileURLToPath(uri));
  const roots = new Set(paths.map((path) => rootOf(path)).filter((root) => root !== undefined));
  return new Map([...roots].slice(0, MOST).map((root) => [root, started(root)]));
}

function started(root: string): Promise<Image> {
  const image = startInputs(root, configOf(root, TEMPLATE).inputs, undefined, new AbortController().signal);
  // A failure is reported by the compilation that needs the image.
  image.catch(() => {});
  return image;
}

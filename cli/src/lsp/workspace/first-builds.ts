// Builds that run while the compiler's modules are loaded.
import { fileURLToPath } from "node:url";
import { configOf, type Image, rootOf, startInputs } from "../../project/buf.ts";

/** The build of a project as it is on disk. */
export interface FirstBuild {
  readonly image: Promise<Image>;
  /** Ends the build, because the image is not needed. */
  readonly end: () => void;
}

/** Builds by the root of their project. */
export type FirstBuilds = ReadonlyMap<string, FirstBuild>;

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

function started(root: string): FirstBuild {
  const abort = new AbortController();
  const image = startInputs(root, configOf(root).inputs, undefined, abort.signal);
  // A failure is reported by the compilation that needs the image.
  image.catch(() => {});
  return { image, end: () => abort.abort() };
}

// Where the protos of upstreams come from, for a package that begins.
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, sep } from "node:path";
import { Refusal } from "../refusal.ts";
import { buildImage, type Image, runBuf } from "./buf.ts";
import { commitOf } from "./git.ts";

/** What is known of the upstreams' protos. */
export interface UpstreamProtos {
  readonly image: Image;
  /** The folder that they stay in, from the package's own, with `/`; undefined: they are copied into the package. */
  readonly inPlace: string | undefined;
  /** What is told of where they come from, in the package. */
  readonly source: Source;
  /** The text of a file of the image. */
  textOf(file: string): string;
  /** Removes what was only made to read them. */
  close(): void;
}
export interface Source {
  readonly from: string;
  readonly kind: "folder";
  readonly commit?: string | undefined;
}

/**
 * The protos below a folder: of the package itself, or of somebody else.
 *
 * @param from as it was asked for @param folder of the package
 */
export function protosOfFolder(from: string, path: string, folder: string): UpstreamProtos {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw new Refusal(`there is no folder ${from}: --from names a folder of .proto files`, 2);
  const within = relative(folder, path);
  if (within === "")
    throw new Refusal(
      `--from ${from} is the new package's own folder: give it another, as in protobff init bff --from ${from}`,
      2,
    );
  const source: Source = { from, kind: "folder", ...commitOf(path) };
  if (!within.startsWith("..") && !isWorkspace(path)) {
    const image = buildImage({ cwd: path, withoutSources: true });
    const inPlace = within.split(sep).join("/");
    return { image, inPlace, source, textOf: (file) => readFileSync(join(path, file), "utf8"), close: () => {} };
  }
  return exported(path, source);
}

/** Where modules and dependencies are declared, a folder is more than its files. */
function isWorkspace(path: string): boolean {
  return ["buf.yaml", "buf.work.yaml"].some(
    (name) => statSync(join(path, name), { throwIfNoEntry: false }) !== undefined,
  );
}

/** An input of buf as plain files, each below the root that imports know it by. */
function exported(input: string, source: Source): UpstreamProtos {
  const copy = mkdtempSync(join(tmpdir(), "protobff-init-"));
  const close = (): void => rmSync(copy, { recursive: true, force: true });
  try {
    runBuf(["export", input, "-o", copy], copy);
    const image = buildImage({ cwd: copy, withoutSources: true });
    return { image, inPlace: undefined, source, textOf: (file) => readFileSync(join(copy, file), "utf8"), close };
  } catch (error) {
    close();
    throw error;
  }
}

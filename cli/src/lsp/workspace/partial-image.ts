// An image in which only some files are built again. A part of a large project takes a fifth of buf's time.
import type { Image } from "../../project/buf.ts";

/** Returns these files and all that import them, of the files that are no imports themselves. */
export function withImporters({ files, imports }: Image, names: ReadonlySet<string>): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { name, dependency } of files)
    if (!imports.has(name) && (names.has(name) || dependency.some((imported) => found.has(imported)))) found.add(name);
  return found;
}

/**
 * Returns the image with the files of a part. Undefined if a file now imports one that is missing or follows it: buf
 * would then order the files in another way.
 */
export function withPart(image: Image, part: Image): Image | undefined {
  const renewed = new Map(part.files.map((file) => [file.name, file]));
  const files = image.files.map((file) => (part.imports.has(file.name) ? file : (renewed.get(file.name) ?? file)));
  const known = new Set<string>();
  for (const { name, dependency } of files) {
    if (!dependency.every((imported) => known.has(imported))) return undefined;
    known.add(name);
  }
  return { files, imports: image.imports };
}

/** True if two images have the same files, as objects. */
export function areSame({ files }: Image, other: Image): boolean {
  return files.length === other.files.length && files.every((file, i) => file === other.files[i]);
}

// Names that protoc-gen-es generates. Computing them with protoplugin visits the whole file for each name, which takes
// minutes if a file has thousands of messages.
import type { DescEnum, DescExtension, DescFile, DescMessage, DescService } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { safeIdentifier } from "@bufbuild/protoplugin";

type Named = DescMessage | DescEnum | DescExtension | DescService;

interface SymbolNames {
  /** The type of a message or enum. */
  readonly shapes: ReadonlyMap<Named, string>;
  /** The descriptor. */
  readonly schemas: ReadonlyMap<Named, string>;
}

const cache = new WeakMap<DescFile, SymbolNames>();

/** The names of all that a file declares; found once per file. */
export function symbolNames(file: DescFile): SymbolNames {
  const names = cache.get(file) ?? findNames(file);
  cache.set(file, names);
  return names;
}

/** The suffix of the i-th attempt: none, `$`, `$1`, `$2`, … */
const salt = (i: number): string => (i < 2 ? "$".repeat(i) : `$${i - 1}`);

/**
 * Follows `allNames` of protoplugin 2.17: first the shapes, then the file, then the descriptors; a taken name gets a
 * `$`.
 */
function findNames(file: DescFile): SymbolNames {
  const names = new Set<string>();
  const take = (name: string): string => {
    for (let i = 0; ; i++) {
      const salted = safeIdentifier(`${name}${salt(i)}`);
      if (names.has(salted)) continue;
      names.add(salted);
      return salted;
    }
  };
  const types = [...nestedTypes(file)];
  const hasShape = ({ kind }: Named): boolean => kind === "message" || kind === "enum";
  const shapes = new Map(types.filter(hasShape).map((desc) => [desc, take(identifier(desc))]));
  take(`file_${file.name.replace(/[^a-zA-Z0-9_]+/g, "_")}`);
  const schemas = new Map(types.map((desc) => [desc, take(`${identifier(desc)}${hasShape(desc) ? "Schema" : ""}`)]));
  return { shapes, schemas };
}

/** The full name without the package, its parts joined by underscores. */
function identifier({ file, typeName }: Named): string {
  const { length } = file.proto.package;
  return typeName.slice(length === 0 ? 0 : length + 1).replaceAll(".", "_");
}

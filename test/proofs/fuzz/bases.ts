// Bases of the mutations: every BFF of the tests that generates.
import { fileURLToPath } from "node:url";
import { goldenCases, textsBelow, UPSTREAMS } from "../../support/golden.ts";

type Protos = Readonly<Record<string, string>>;

export interface Base {
  readonly name: string;
  /** The BFF's own files. */
  readonly protos: Protos;
}

const root = fileURLToPath(new URL("../../..", import.meta.url));
const isBff = (text: string): boolean => /^import "bff\/v1\/options.proto";/m.test(text);

const example = textsBelow(`${root}proto/example`);
const second = textsBelow(`${root}test/bffs/second/proto`);
const worked = textsBelow(`${root}test/bffs/worked-example/proto`);

/** The files that all cases of a run share. */
export const SHARED: Protos = {
  ...UPSTREAMS,
  ...Object.fromEntries(Object.entries({ ...example, ...second }).filter(([, text]) => !isBff(text))),
};

const withoutShared = (protos: Protos): Protos =>
  Object.fromEntries(Object.entries(protos).filter(([name]) => !(name in SHARED)));

export const BASES: readonly Base[] = [
  ...goldenCases("emit")
    .filter(({ name }) => name !== "worked-example")
    .map(({ name, protos }) => ({ name: `emit/${name}`, protos })),
  { name: "worked-example", protos: withoutShared(worked) },
  { name: "example", protos: withoutShared(example) },
  { name: "second", protos: withoutShared(second) },
];

/**
 * Moves the files below a folder and into separate packages, so that many cases fit into one run of buf. Relative names
 * stay unchanged; full names and the declarations without a package change.
 */
export function moved(protos: Protos, folder: string): Protos {
  const packages = Object.values(protos).flatMap((text) => /^package ([\w.]+);/m.exec(text)?.[1] ?? []);
  const names = wholeNames(packages.map((name) => name.replaceAll(".", "\\.")));
  const renamed = withoutClashes(protos, folder);
  return Object.fromEntries(
    Object.entries(protos).map(([path, text]) => {
      const imports = text.replace(/^import "([^"]+)";/gm, (whole, name) =>
        name in protos ? `import "${placed(name, folder)}";` : whole,
      );
      return [placed(path, folder), renumbered(renamed(imports.replace(names, `${folder}.$1`)), folder)];
    }),
  );
}

/** Gives extensions of messages that all folders share numbers that no other folder has. */
function renumbered(text: string, folder: string): string {
  if (!/^extend buf\.validate\./m.test(text)) return text;
  return text.replace(/= (8\d{4})\b/g, (_, number) => `= ${Number(number) + 10 * Number(folder.slice(1))}`);
}

/** Gives what the files declare outside of all packages names that no other folder has. */
function withoutClashes(protos: Protos, folder: string): (text: string) => string {
  const declared = Object.values(protos)
    .filter((text) => !/^package /m.test(text))
    .flatMap((text) => [...text.matchAll(/^(message|enum|service) (\w+)/gm)]);
  if (declared.length === 0) return (text) => text;
  const mark = folder.toUpperCase();
  const names = wholeNames(declared.map(([, , name = ""]) => name));
  const enums = declared.flatMap(([, kind, name = ""]) => (kind === "enum" ? [`${constantCase(name)}_`] : []));
  const values = enums.length === 0 ? undefined : new RegExp(`(?<!\\w)(${enums.join("|")})`, "g");
  return (text) => {
    const named = text.replace(names, `$1${mark}`);
    return values === undefined ? named : named.replace(values, `$1${mark}_`);
  };
}
/**
 * Matches those of the names that no other name precedes; a dot, which makes them absolute, may. Never matches when
 * there are none.
 */
const wholeNames = (names: readonly string[]): RegExp =>
  new RegExp(`(?<!\\w|\\w\\.)(${[...new Set(names)].join("|") || "(?!)"})(?!\\w)`, "g");
const constantCase = (name: string): string => name.replace(/(?<!^)[A-Z]/g, "_$&").toUpperCase();

/** Side by side, since making folders takes longer than compiling what is in them. */
const placed = (path: string, folder: string): string => `${folder}/${path.replaceAll("/", "_")}`;

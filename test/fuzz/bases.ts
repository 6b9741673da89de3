// What is mutated: every BFF of the tests that generates.
import { fileURLToPath } from "node:url";
import { goldenCases, textsBelow, UPSTREAMS } from "../support/golden.ts";

type Protos = Readonly<Record<string, string>>;

export interface Base {
  readonly name: string;
  /** The BFF's own files. */
  readonly protos: Protos;
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const isOwn = (text: string): boolean => /^import "bff\/v1\/options.proto";/m.test(text);

const example = textsBelow(`${root}proto/example`);
const second = textsBelow(`${root}test/second/proto`);
const worked = textsBelow(`${root}test/worked-example/proto`);

/** The files that all cases of a run share. */
export const SHARED: Protos = {
  ...UPSTREAMS,
  ...Object.fromEntries(Object.entries({ ...example, ...second }).filter(([, text]) => !isOwn(text))),
};

const ownOf = (protos: Protos): Protos =>
  Object.fromEntries(Object.entries(protos).filter(([name]) => !(name in SHARED)));

export const BASES: readonly Base[] = [
  ...goldenCases("emit")
    .filter(({ name }) => name !== "worked-example")
    .map(({ name, protos }) => ({ name: `emit/${name}`, protos })),
  { name: "worked-example", protos: ownOf(worked) },
  { name: "example", protos: ownOf(example) },
  { name: "second", protos: ownOf(second) },
];

/**
 * The files under a folder and in packages of their own, so that many cases fit into one run of buf. Names that are relative to
 * the package stay as they are; whole ones are changed.
 */
export function moved(protos: Protos, folder: string): Protos {
  const packages = Object.values(protos).flatMap((text) => /^package ([\w.]+);/m.exec(text)?.[1] ?? []);
  const names = new RegExp(
    `(?<![\\w.])(${[...new Set(packages)].map((name) => name.replaceAll(".", "\\.")).join("|")})(?![\\w])`,
    "g",
  );
  return Object.fromEntries(
    Object.entries(protos).map(([path, text]) => {
      const imports = text.replace(/^import "([^"]+)";/gm, (whole, name) =>
        name in protos ? `import "${placed(name, folder)}";` : whole,
      );
      return [placed(path, folder), imports.replace(names, `${folder}.$1`)];
    }),
  );
}

/** Side by side, since making folders takes longer than compiling what is in them. */
const placed = (path: string, folder: string): string => `${folder}/${path.replaceAll("/", "_")}`;

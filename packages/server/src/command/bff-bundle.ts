// `bff-bundle`: the bundle of a deployed server, or of a program with an embedded BFF. Node spends more CPU on finding
// and linking the modules of a start than on running them, so all that a start needs is one file.
import { existsSync, readFileSync } from "node:fs";
import { delimiter, extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { CommandOutput } from "./bff-key-parts.ts";

/** Packages that a server loads on demand; a test compares them with package.json. All in CommonJS are among them. */
export const LOADED_ON_DEMAND = [
  "@nats-io/jetstream",
  "@nats-io/transport-node",
  "@opentelemetry/api",
  "@protobff/testing",
  "@redis/client",
  "jose",
  "minisearch",
  "openid-client",
  "pg",
  "ws",
];

/** Dependencies of a project that are bundled. */
const BUNDLED = /^@(protobff|bufbuild|connectrpc)\//;

interface Import {
  readonly path: string;
  readonly kind: string;
  readonly external?: boolean;
  readonly original?: string;
}
/** https://esbuild.github.io/api/#metafile */
interface Metafile {
  readonly inputs: Readonly<Record<string, { readonly imports: readonly Import[] }>>;
}
interface Loaded {
  readonly contents: string;
  readonly loader: string;
}
/** https://esbuild.github.io/api/#build */
interface Esbuild {
  build(options: object): Promise<{ readonly metafile?: Metafile | undefined }>;
}
interface EsbuildSetup {
  onResolve(on: { readonly filter: RegExp }, resolved: () => { path: string; namespace: string }): void;
  onLoad(on: { readonly filter: RegExp; readonly namespace: string }, load: (file: { path: string }) => unknown): void;
}

interface Bundle {
  /** Path of the program: a generated `server.ts`, or a module that imports a generated `bff.ts`. */
  readonly entry: string;
  /** Folder for the files; the program is `server.js`. */
  readonly outdir: string;
  /** Packages that stay outside, besides those that a server loads on demand. */
  readonly external?: readonly string[];
  /** JavaScript before each file. */
  readonly banner?: string;
}

/**
 * Bundles a program with esbuild. All that it loads at its start of the protobff packages is one file. Modules on
 * demand stay separate.
 *
 * @throws what esbuild throws, after it has printed the errors
 *
 * @example
 * await bundle(await import("esbuild"), { entry: "gen/shop/v1/server.ts", outdir: ".bundle" });
 */
export async function bundle(esbuild: Esbuild, { entry, outdir, external = [], banner = "" }: Bundle): Promise<void> {
  const options = {
    entryPoints: { server: entry },
    outdir,
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    target: "node22",
    sourcemap: true,
    sourcesContent: false,
    logLevel: "warning",
    external: [...LOADED_ON_DEMAND, ...external],
    banner: { js: banner },
  };
  const { metafile = { inputs: {} } } = await esbuild.build({ ...options, metafile: true, write: false });
  await esbuild.build({ ...options, plugins: [startInOneFile(metafile)] });
}

const TOGETHER = "protobff:start";

/**
 * esbuild shares a module between files by the set of files that load it, so that a start would be some hundred small
 * files. If each module that is loaded on demand also imports all of our packages that a start has loaded before it,
 * they have one set, and are one file. Modules of the project are not imported so: one may wait for a module on demand
 * while it is evaluated, and would never end.
 */
function startInOneFile({ inputs }: Metafile) {
  const imports = (path: string): readonly Import[] =>
    (inputs[path]?.imports ?? []).filter(({ external }) => !external);
  const statics = (path: string): readonly Import[] => imports(path).filter(({ kind }) => kind === "import-statement");
  const opens = ({ original = "" }: Import): boolean => /^@protobff\/server(\/embed)?$/.test(original);
  const started = reached(
    Object.keys(inputs).filter((path) => statics(path).some(opens)),
    statics,
  );
  const packages = [...started]
    .flatMap(statics)
    .filter(({ original = "" }) => /^@protobff\/(server|runtime)/.test(original));
  const together = [...new Set(packages.map(({ path }) => `import ${JSON.stringify(resolve(path))};`))].join("\n");
  const onDemand = [...reached([...started], imports)].flatMap(imports).filter(({ kind }) => kind === "dynamic-import");
  const targets = new Set(onDemand.filter(({ path }) => !started.has(path)).map(({ path }) => resolve(path)));
  return {
    name: "protobff",
    setup(build: EsbuildSetup): void {
      build.onResolve({ filter: new RegExp(`^${TOGETHER}$`) }, () => ({ path: TOGETHER, namespace: TOGETHER }));
      build.onLoad({ filter: /./, namespace: TOGETHER }, () => ({ contents: together, resolveDir: "/" }));
      build.onLoad({ filter: /\.[cm]?[jt]s$/, namespace: "file" }, ({ path }) =>
        targets.has(path) ? withStart(path) : undefined,
      );
    },
  };
}

/** The paths, and all that can be reached from them. */
function reached(from: readonly string[], imports: (path: string) => readonly Import[]): ReadonlySet<string> {
  const all = new Set(from);
  for (const path of all) for (const next of imports(path)) all.add(next.path);
  return all;
}

/** A module that names its URL may be the program of a thread, which needs nothing of a start. */
function withStart(path: string): Loaded | undefined {
  const contents = readFileSync(path, "utf8");
  if (contents.includes("import.meta.url")) return undefined;
  return { contents: `${contents}\nimport "${TOGETHER}";\n`, loader: extname(path).endsWith("ts") ? "ts" : "js" };
}

const USAGE = `Bundles a server, or a program with an embedded BFF, for its image.

  npx -p esbuild bff-bundle <program> <folder>
      from the folder with package.json: writes server.js and other files into <folder>. The protobff packages,
      protobuf-es and Connect are in them; other dependencies of the project stay in node_modules.
`;

/**
 * `bff-bundle`.
 *
 * @returns the exit code: 0; 1 if esbuild fails, or is not installed; 2 for wrong arguments
 */
export async function runBffBundle(args: readonly string[], path: string, print: CommandOutput): Promise<number> {
  const [entry, outdir, ...more] = args;
  if (entry === undefined || outdir === undefined || more.length > 0 || entry.startsWith("-")) {
    const isHelp = entry === "--help" || entry === "-h";
    (isHelp ? print.out : print.error)(USAGE);
    return isHelp ? 0 : 2;
  }
  // Folders of PATH are `node_modules/.bin`, of the project and of `npx -p`.
  const library = path
    .split(delimiter)
    .map((folder) => join(folder, "../esbuild/lib/main.js"))
    .find((file) => existsSync(file));
  if (library === undefined) {
    print.error("esbuild is not installed: write npx -p esbuild bff-bundle\n");
    return 1;
  }
  try {
    const { default: esbuild }: { default: Esbuild } = await import(pathToFileURL(library).href);
    await bundle(esbuild, { entry, outdir, external: otherDependencies() });
    return 0;
  } catch (thrown) {
    // esbuild has printed its own errors.
    if (!(thrown instanceof Error && "errors" in thrown)) print.error(`${thrown}\n`);
    return 1;
  }
}

/** Dependencies of the project in the working directory that stay outside of the bundle. */
function otherDependencies(): string[] {
  const manifest: { readonly dependencies?: object } = JSON.parse(readFileSync("package.json", "utf8"));
  return Object.keys(manifest.dependencies ?? {}).filter((name) => !BUNDLED.test(name));
}

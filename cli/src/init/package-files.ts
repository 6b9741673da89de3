// Files around the proto of a new BFF, which make its folder a working package.
import type { ImportExtension } from "../project/existing-project.ts";
import { PUBLISHED, type Versions, versionsOf } from "./local-packages.ts";

/** Versions of what a new package installs; package-files.test.ts holds them to those that are tested here. */
export const VERSIONS = {
  "@bufbuild/buf": "1.75.0",
  "@bufbuild/protobuf": "2.17.0",
  "@bufbuild/protoc-gen-es": "2.17.0",
  "@connectrpc/connect": "2.2.0",
  "@types/node": "^24.0.0",
  node: "24.21.0",
  typescript: "7.0.2",
  vitest: "5.1.0",
} as const;

/** Content of a new package. */
export interface PackageOptions {
  readonly name: string;
  /** Folder of the BFF's proto, from the folder of all protos: `shop/v1`. */
  readonly folder: string;
  /** Folders of protos: the BFF's own, and those of the upstreams. */
  readonly modules: readonly string[];
  /**
   * Protos with messages that `@protobff/messages` contains, among the modules: paths from the package's folder, by the
   * name in imports.
   */
  readonly shared: ReadonlyMap<string, string>;
  /** Versions of the packages of protobff. Default: published ones. */
  readonly packages?: Versions | undefined;
  /** Default: a new package, with a server. */
  readonly into?: GeneratedInto | undefined;
}

/** Code that is generated into an existing project. */
export interface GeneratedInto {
  /** Folder of the code, from the project's. */
  readonly out: string;
  readonly importExtension: ImportExtension;
}

/** Folder of the BFF's own protos. */
export const PROTO_FOLDER = "proto";
const OPTIONS = ["file", "service", "method", "message", "field", "enum", "enum_value"];

/** Files by their paths from the package's folder; in an existing project, those of buf. */
export function packageFiles(options: PackageOptions): ReadonlyMap<string, string> {
  const ofBuf = [
    ["buf.yaml", bufYaml(options)],
    ["buf.gen.yaml", bufGenYaml(options)],
  ] as const;
  if (options.into !== undefined) return new Map(ofBuf);
  return new Map([
    ["package.json", packageJson(options)],
    ...ofBuf,
    ["tsconfig.json", tsconfig()],
    // Generated files are not committed: CI generates them, and fails if the lock would change.
    [".gitignore", "node_modules/\ngen/\n"],
    [".gitattributes", "bff.lock.json linguist-generated\nupstream/** linguist-generated\n"],
  ]);
}

/** The server's file, from the package's folder. */
export const serverOf = ({ folder }: Pick<PackageOptions, "folder">): string => `gen/${folder}/server.ts`;

/** Errors of buf are explained before it prints them. */
export const GENERATE = "protobff check --quiet && buf generate";

function packageJson(options: PackageOptions): string {
  const server = serverOf(options);
  const { packages = PUBLISHED } = options;
  return json({
    name: options.name,
    private: true,
    type: "module",
    engines: { node: ">=22.18" },
    scripts: {
      dev: "protobff dev",
      generate: GENERATE,
      test: "vitest run",
      start: `node ${server}`,
      check: "tsc",
    },
    dependencies: {
      "@bufbuild/protobuf": VERSIONS["@bufbuild/protobuf"],
      ...versionsOf(packages, ["@protobff/messages", "@protobff/runtime", "@protobff/server"]),
    },
    devDependencies: {
      "@bufbuild/buf": VERSIONS["@bufbuild/buf"],
      "@bufbuild/protoc-gen-es": VERSIONS["@bufbuild/protoc-gen-es"],
      ...versionsOf(packages, ["@protobff/testing"]),
      "@types/node": VERSIONS["@types/node"],
      // npm scripts and npx find this Node first, and not the one that runs npm.
      node: VERSIONS.node,
      ...versionsOf(packages, ["protobff", "protoc-gen-bff"]),
      typescript: VERSIONS.typescript,
      vitest: VERSIONS.vitest,
    },
    allowScripts: { "@bufbuild/buf": true, node: true },
  });
}

function bufYaml({ modules }: PackageOptions): string {
  const others = modules.filter((path) => path !== PROTO_FOLDER);
  const ignored =
    others.length === 0
      ? []
      : ["  # files of other teams", "  ignore:", ...others.map((path) => `    - ${yamlText(path)}`)];
  return lines([
    "version: v2",
    "modules:",
    ...modules.map((path) => `  - path: ${yamlText(path)}`),
    "lint:",
    "  # rpcs answer with pages, which may be the answers of several rpcs",
    "  except:",
    "    - RPC_REQUEST_RESPONSE_UNIQUE",
    "    - RPC_RESPONSE_STANDARD_NAME",
    ...ignored,
    ...(ignored.length === 0 ? [] : ["breaking:", ...ignored]),
  ]);
}

function bufGenYaml({ shared, into }: PackageOptions): string {
  const { out = "gen", importExtension = "ts" } = into ?? {};
  const excluded = [`${PROTO_FOLDER}/bff`, ...shared.values()];
  const mapped = ["bff/v1/", ...shared.keys()].map((protos) => `map_imports=${protos}:@protobff/messages`);
  const opt = (options: readonly string[]): string[] => ["    opt:", ...options.map((option) => `      - ${option}`)];
  return lines([
    "version: v2",
    "inputs:",
    "  - directory: .",
    "    # their messages are in @protobff/messages",
    "    exclude_paths:",
    ...excluded.map((path) => `      - ${yamlText(path)}`),
    "plugins:",
    "  - local: protoc-gen-es",
    `    out: ${out}`,
    "    strategy: all",
    ...opt(["target=ts", `import_extension=${importExtension}`, "erasable_syntax=true", ...mapped]),
    "    # the options control generation; nothing reads them at run time",
    "    exclude_types:",
    ...OPTIONS.map((name) => `      - bff.v1.${name}`),
    "  - local: protoc-gen-bff",
    `    out: ${out}`,
    "    strategy: all",
    ...opt([
      `import_extension=${importExtension}`,
      ...mapped,
      "server=true",
      "mock=true",
      "explorer=true",
      ...(into === undefined ? ["uses=true", "deploy=docker"] : ["embed=true"]),
    ]),
  ]);
}

function tsconfig(): string {
  return json({
    compilerOptions: {
      module: "NodeNext",
      target: "ES2024",
      types: ["node"],
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      allowImportingTsExtensions: true,
      erasableSyntaxOnly: true,
    },
  });
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const lines = (all: readonly string[]): string => `${all.join("\n")}\n`;
const yamlText = (text: string): string => (/^[\w./-]+$/.test(text) ? text : JSON.stringify(text));

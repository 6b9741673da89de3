// Files around the proto of a new BFF, which make its folder a working package.
import { VERSION } from "protoc-gen-bff/compiler";

/** Versions of what a new package installs; package-files.test.ts holds them to those that are tested here. */
export const VERSIONS = {
  "@bufbuild/buf": "1.75.0",
  "@bufbuild/protobuf": "2.17.0",
  "@bufbuild/protoc-gen-es": "2.17.0",
  "@types/node": "^24.0.0",
  node: "24.21.0",
  typescript: "7.0.2",
  vitest: "5.1.0",
} as const;

/** Content of a new package. */
interface PackageOptions {
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
}

/** Folder of the BFF's own protos. */
export const PROTO_FOLDER = "proto";
const OPTIONS = ["file", "service", "method", "message", "field", "enum", "enum_value"];

/** Files by their paths from the package's folder. */
export function packageFiles(options: PackageOptions): ReadonlyMap<string, string> {
  return new Map([
    ["package.json", packageJson(options)],
    ["buf.yaml", bufYaml(options)],
    ["buf.gen.yaml", bufGenYaml(options)],
    ["tsconfig.json", tsconfig()],
    // Generated files are not committed: CI generates them, and fails if the lock would change.
    [".gitignore", "node_modules/\ngen/\n"],
    [".gitattributes", "bff.lock.json linguist-generated\nupstream/** linguist-generated\n"],
  ]);
}

/** The server's file, from the package's folder. */
export const serverOf = ({ folder }: Pick<PackageOptions, "folder">): string => `gen/${folder}/server.ts`;

function packageJson(options: PackageOptions): string {
  const server = serverOf(options);
  const range = `^${VERSION}`;
  return json({
    name: options.name,
    private: true,
    type: "module",
    engines: { node: ">=22.18" },
    scripts: {
      dev: "protobff dev",
      generate: "buf generate",
      test: "vitest run",
      start: `node ${server}`,
      check: "tsc",
    },
    dependencies: {
      "@bufbuild/protobuf": VERSIONS["@bufbuild/protobuf"],
      "@protobff/messages": range,
      "@protobff/runtime": range,
      "@protobff/server": range,
    },
    devDependencies: {
      "@bufbuild/buf": VERSIONS["@bufbuild/buf"],
      "@bufbuild/protoc-gen-es": VERSIONS["@bufbuild/protoc-gen-es"],
      "@protobff/testing": range,
      "@types/node": VERSIONS["@types/node"],
      // npm scripts and npx find this Node first, and not the one that runs npm.
      node: VERSIONS.node,
      protobff: range,
      "protoc-gen-bff": range,
      typescript: VERSIONS.typescript,
      vitest: VERSIONS.vitest,
    },
    allowScripts: { "@bufbuild/buf": true, node: true },
  });
}

function bufYaml({ modules }: PackageOptions): string {
  const others = modules.filter((path) => path !== PROTO_FOLDER);
  const ignored = (rules: string): string[] =>
    others.length === 0 ? [] : [`${rules}:`, "  ignore:", ...others.map((path) => `    - ${yamlText(path)}`)];
  return lines(
    [
      "version: v2",
      "modules:",
      ...modules.map((path) => `  - path: ${yamlText(path)}`),
      "# files of other teams",
      ...ignored("lint"),
      ...ignored("breaking"),
    ].filter((line) => others.length > 0 || !line.startsWith("#")),
  );
}

function bufGenYaml({ shared }: PackageOptions): string {
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
    "    out: gen",
    "    strategy: all",
    ...opt(["target=ts", "import_extension=ts", "erasable_syntax=true", ...mapped]),
    "    # the options control generation; nothing reads them at run time",
    "    exclude_types:",
    ...OPTIONS.map((name) => `      - bff.v1.${name}`),
    "  - local: protoc-gen-bff",
    "    out: gen",
    "    strategy: all",
    ...opt([
      "import_extension=ts",
      ...mapped,
      "server=true",
      "mock=true",
      "explorer=true",
      "uses=true",
      "deploy=docker",
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

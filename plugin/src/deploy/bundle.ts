// The bundle of a deployed server. Node spends half of a start on finding and linking some 600 modules.

/** The version of esbuild in images; a test compares it with package.json. */
export const ESBUILD = "0.28.2";

/** Packages that a server loads on demand; a test compares them with package.json. All in CommonJS are among them. */
export const LOADED_ON_DEMAND = [
  "@nats-io/jetstream",
  "@nats-io/transport-node",
  "@opentelemetry/api",
  "@protobff/testing",
  "@redis/client",
  "jose",
  "openid-client",
  "pg",
  "ws",
];

/** Options of esbuild, without entry and folder. Modules that a server loads on demand stay separate. */
export const BUNDLE_OPTIONS: readonly string[] = [
  "--bundle",
  "--splitting",
  "--platform=node",
  "--format=esm",
  "--target=node22",
  "--sourcemap",
  "--sources-content=false",
  "--log-level=warning",
  ...LOADED_ON_DEMAND.map((name) => `--external:${name}`),
];

/** JavaScript for the options that leave out a project's dependencies, except what it shares with protobff. */
export const OTHER_DEPENDENCIES =
  'Object.keys(require("./package.json").dependencies ?? {}).filter((name) => !/^@(protobff|bufbuild|connectrpc)\\//.test(name)).map((name) => "--external:" + name).join(" ")';

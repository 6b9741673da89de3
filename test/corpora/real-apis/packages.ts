// Packages of npm that come with protos: fetched once into a folder of the system's, each in one version with its checksum.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { textsBelow } from "../../support/golden.ts";

interface Package {
  readonly name: string;
  readonly version: string;
  /** As package-lock.json has it. */
  readonly integrity: string;
  /** The folder of its protos. */
  readonly protos: string;
}

const GAX: Package = {
  name: "google-gax",
  version: "6.17.0",
  integrity: "sha512-qitOd0t2mqRFaP2KGRVL+/refKafCVwbXQVodICQX93x/WbKyopMz0r5mdBsEjwctQ22ITZyrQeabRddpFeHXQ==",
  protos: "build/protos",
};
const PUBSUB: Package = {
  name: "@google-cloud/pubsub",
  version: "6.3.2",
  integrity: "sha512-Ym0Qsu4dep1Pn/m14QHABE5gJ6PyysrpbMXGlgerFRKmxE5E9O0Drxi24qA+/vYqC5bNQUR9+ua0IyvT+CS4fA==",
  protos: "build/protos",
};
const SCHEDULER: Package = {
  name: "@google-cloud/scheduler",
  version: "6.0.0",
  integrity: "sha512-FtF90JCoWp6IOWHDLKQSjEeTjtWHLg0YM9zOFsvMVe7wrHoXZDrl2qX1adim6+D/RE9ohDS2lAZPGxmlvDy1gA==",
  protos: "build/protos",
};
const SECRETS: Package = {
  name: "@google-cloud/secret-manager",
  version: "7.2.0",
  integrity: "sha512-SQ/e9mo7Pl5QpFIn3GOa8K/PhS+3HgQnlWpMZbaE1UiZBa42AFB+EqxWQZOljv0kNwemo/PWiesAh8TywU9uVw==",
  protos: "build/protos",
};
const TASKS: Package = {
  name: "@google-cloud/tasks",
  version: "7.1.0",
  integrity: "sha512-BKrY8ULUok0QQzfg/jOl5ZfHJq1nsU+KSFmYSoLmxUZPdkps8YHWWVXXUrRHMX/rBVudJ0ow2UIqHMZlmX9bvg==",
  protos: "build/protos",
};
const ETCD: Package = {
  name: "etcd3",
  version: "1.1.2",
  integrity: "sha512-YIampCz1/OmrVo/tR3QltAVUtYCQQOSFoqmHKKeoHbalm+WdXe3l4rhLIylklu8EzR/I3PBiOF4dC847dDskKg==",
  protos: "proto",
};

/** One API with what it imports. */
export interface Family {
  readonly name: string;
  readonly packages: readonly Package[];
  /** Files whose services are mirrored. */
  readonly files: RegExp;
}

export const FAMILIES: readonly Family[] = [
  { name: "etcd", packages: [GAX, ETCD], files: /^rpc\.proto$/ },
  { name: "pubsub", packages: [GAX, PUBSUB], files: /^google\/pubsub\/v1\// },
  { name: "scheduler", packages: [GAX, SCHEDULER], files: /^google\/cloud\/scheduler\/v1\// },
  { name: "secrets", packages: [GAX, SECRETS], files: /^google\/cloud\/secretmanager\/v1\// },
  { name: "tasks", packages: [GAX, TASKS], files: /^google\/cloud\/tasks\/v2\// },
  { name: "tasks_beta", packages: [GAX, TASKS], files: /^google\/cloud\/tasks\/v2beta[23]\// },
  { name: "monitoring", packages: [GAX], files: /^google\/monitoring\/v3\// },
  { name: "iam", packages: [GAX], files: /^google\/iam\/v1\// },
  { name: "operations", packages: [GAX], files: /^google\/(longrunning|cloud\/location)\// },
];

/** The family's protos, by their names for imports. */
export function protosOf({ packages }: Family): Readonly<Record<string, string>> {
  const all = packages.flatMap((source) => Object.entries(textsBelow(join(fetched(source), source.protos))));
  return Object.fromEntries(
    all
      // protobuf's own come with buf.
      .filter(([name]) => name.endsWith(".proto") && !name.startsWith("google/protobuf/"))
      .map(([name, text]) => [name, withImports(text)]),
  );
}

/**
 * Adapts imports for buf: etcd3's protos are written for a loader that finds files beside each other, and includes
 * google.api.http.
 */
function withImports(text: string): string {
  const found = text.replaceAll('import "./', 'import "');
  if (!/^\s*option \(google\.api\.http\)/m.test(found) || found.includes("google/api/annotations.proto")) return found;
  return found.replace(/^syntax = .*$/m, '$&\nimport "google/api/annotations.proto";');
}

/** The unpacked package. */
function fetched({ name, version, integrity }: Package): string {
  const cache = join(tmpdir(), "protobff-corpora");
  const folder = join(cache, `${name.replaceAll("/", "-")}-${version}`);
  if (existsSync(folder)) return join(folder, "package");
  const work = `${folder}.${process.pid}`;
  mkdirSync(work, { recursive: true });
  const pack = ["pack", "--silent", "--pack-destination", work, `${name}@${version}`];
  const file = execFileSync("npm", pack, { encoding: "utf8", cwd: work }).trim().split("\n").at(-1) ?? "";
  const archive = join(work, file);
  const sum = `sha512-${createHash("sha512").update(readFileSync(archive)).digest("base64")}`;
  if (sum !== integrity) throw new Error(`${name}@${version} is not what it was: ${sum}`);
  execFileSync("tar", ["xzf", archive, "-C", work]);
  rmSync(archive);
  try {
    renameSync(work, folder);
  } catch {
    rmSync(work, { recursive: true }); // another process was first
  }
  return join(folder, "package");
}

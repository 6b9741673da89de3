// Packages of npm that come with protos: fetched once into a folder of the system's, each in one version with its checksum.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { textsBelow } from "../../../support/golden.ts";

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
const LIGHTNING: Package = {
  name: "lightning",
  version: "12.5.0",
  integrity: "sha512-vIdrpn+3jsSflKOzaIZmj0u3Co129iM9HWfzGfz9KtJQWVazWn7+j59a2ma10h8QhBx/l3cJxmaO/3/9Z/3vfA==",
  protos: "grpc/protos",
};
const ZEEBE: Package = {
  name: "zeebe-node",
  version: "8.3.2",
  integrity: "sha512-3/xbiTvhaa668JHtMEwELv5dN6HR7Qw8gzmCdjp3Brj6ekdhROVx8x/0JWKSV3Mx64ac3+eEc+9nB5+ZXcO/bg==",
  protos: "proto",
};
const HEALTH: Package = {
  name: "grpc-health-check",
  version: "2.1.0",
  integrity: "sha512-HH3WjwNtusMTEQAtRelFgsFyNcOdihvpjusNDIrGYfWG8tPNSHqELrSyriIjm70k65YSxetsKG1y4H1L5gi1wQ==",
  protos: "proto",
};
const DAPR: Package = {
  name: "@dapr/dapr",
  version: "3.18.0",
  integrity: "sha512-DBnmV5164wghUc3mGctwHOsjAyA571oHlOpSOcrfsx52uxtF66HSMKfAqhcRjehOjPQuHFNmdpfqqkk+Ws/Suw==",
  protos: "proto",
};
const KMS: Package = {
  name: "@google-cloud/kms",
  version: "6.3.0",
  integrity: "sha512-hL0J9fZ5TqGLxGH3KE1GuAEEm9Z8+jPFoqR0R46lpS3A/NmoS0p0M4BMBaE7Zev+l5xMmZfveJkNKo4lV/KLEw==",
  protos: "build/protos",
};
const TRANSLATE: Package = {
  name: "@google-cloud/translate",
  version: "10.1.0",
  integrity: "sha512-x2aU/8zgEPb5yV7fNskKM9mMCf4Tndvr8RdnCydSeR0jJtm2XHT9fChZAto1lZInl4F59UklaAybIerksr3NRg==",
  protos: "build/protos",
};
const VISION: Package = {
  name: "@google-cloud/vision",
  version: "6.1.0",
  integrity: "sha512-RHhie3DCbKjdIHSKhEf8kFZwcCsE/IHndbYmXleOWrC9Rt6ZbBLkDs2bmo52We1H/gCdGO9FzDS86w8Pl/eMYg==",
  protos: "build/protos",
};
const SPEECH: Package = {
  name: "@google-cloud/speech",
  version: "8.1.0",
  integrity: "sha512-RjHWZciN5S0gcCFIoK863quLV9X/5XxH80W3vvvo2s6irTM7AeTiKCxvttqdeG5mmYi/ZfKTjh1j55tDbDs7ag==",
  protos: "build/protos",
};
const LANGUAGE: Package = {
  name: "@google-cloud/language",
  version: "7.2.3",
  integrity: "sha512-/a1xsrvNybe2qd6Ij4FzarXKOcX+KXrxd9x+e3m57aMH5genr9o+06y9bKZfDRncqjEPGavHbxdbED2rAUblOg==",
  protos: "build/protos",
};
const FIRESTORE: Package = {
  name: "@google-cloud/firestore",
  version: "9.4.1",
  integrity: "sha512-arD6dY7H8G1647OqxHmgxb3m1IYAAoVDm9ev/MW1meQRl1XuaNP8j/aGT5HPHTeaV/8AHZVGeXwOGTovWvIKIA==",
  protos: "build/protos",
};

/** One API with what it imports. */
export interface Family {
  readonly name: string;
  readonly packages: readonly Package[];
  /** A folder of protos, named from there. */
  readonly folder?: string;
  /** Files whose services are mirrored. */
  readonly files: RegExp;
}

const PINNED: readonly Family[] = [
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
/** PROTOBFF_APIS=<folder> PROTOBFF_APIS_FILES=<pattern> holds any other API, without the pinned ones. */
const { PROTOBFF_APIS: folder, PROTOBFF_APIS_FILES: pattern = "" } = process.env;
export const FAMILIES: readonly Family[] =
  folder === undefined ? PINNED : [{ name: "given", packages: [], folder, files: new RegExp(pattern) }];
/** APIs whose schemas alone are tested. */
export const MORE_FAMILIES: readonly Family[] = [
  { name: "lnd", packages: [LIGHTNING], files: /\.proto$/ },
  { name: "zeebe", packages: [ZEEBE], files: /^zeebe\.proto$/ },
  { name: "health", packages: [HEALTH], files: /^health\// },
  { name: "dapr", packages: [DAPR], files: /^dapr\/proto\/runtime\/v1\// },
  { name: "kms", packages: [GAX, KMS], files: /^google\/cloud\/kms\/v1\// },
  { name: "translate", packages: [GAX, TRANSLATE], files: /^google\/cloud\/translate\/v3\// },
  { name: "vision", packages: [GAX, VISION], files: /^google\/cloud\/vision\/v1\// },
  { name: "speech", packages: [GAX, SPEECH], files: /^google\/cloud\/speech\/v2\// },
  { name: "language", packages: [GAX, LANGUAGE], files: /^google\/cloud\/language\/v2\// },
  { name: "firestore", packages: [GAX, FIRESTORE], files: /^google\/firestore\/v1\// },
  { name: "firestore_admin", packages: [GAX, FIRESTORE], files: /^google\/firestore\/admin\/v1\// },
];

/** The family's protos, by their names for imports. */
export function protosOf({ packages, folder }: Family): Readonly<Record<string, string>> {
  const folders = [...packages.map((source) => join(fetched(source), source.protos)), ...(folder ? [folder] : [])];
  const all = folders.flatMap((path) => Object.entries(textsBelow(path)));
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

// `deploy=docker,kubernetes`: what is written for servers of every kind, as a person reads it (test/golden/deploy), and as libraries by other hands
// read it: Kubernetes' own schemas, and its types, which know no other field; a linter of Dockerfiles.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { GRPCRoute } from "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/GRPCRoute";
import { HTTPRoute } from "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute";
import { validate } from "dockerfile-utils";
import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { HorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { Service } from "kubernetes-models/v1/Service";
import { expect, onTestFinished, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { LOADED_ON_DEMAND } from "../../../packages/server/src/command/bff-bundle.ts";
import { compile } from "../../../plugin/src/compile.ts";
import { ESBUILD } from "../../../plugin/src/deploy/docker.ts";
import { type GoldenCase, goldenCases, goldenOf, parameterOf, UPSTREAMS } from "../../support/golden.ts";
import { requestFor } from "../../support/request.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Servers of each kind: several sources, limits, branches, variables of services, two servers in one folder, several packages, functions of users. */
const SHOWN = ["branches", "everything", "routes", "served-together", "topics"];
const OTHERS =
  /^(env|functions|identity-sources|identity-telling|service-env|limits|names-odd|no-package|packages-in-one-folder)$/;
const cases = [
  ...goldenCases("deploy").filter(({ protos }) => Object.keys(protos).length > 0),
  ...goldenCases("emit"),
].filter(({ name }) => SHOWN.includes(name) || OTHERS.test(name));

type Files = Readonly<Record<string, string>>;

const known = new Map<string, Files>();
/** Routes are in one golden, and in files that are not shown. */
const optionsOf = (golden: Pick<GoldenCase, "name" | "protos">): string =>
  `${parameterOf(golden)}${golden.name === "routes" ? ",deploy=gateway-api" : ""}`;

/** Of a golden's protos, with options. */
function deployed({ name, protos }: Pick<GoldenCase, "name" | "protos">, options = optionsOf({ name, protos })): Files {
  const key = `${name} ${options}`;
  const found = known.get(key) ?? compiled(protos, `${options},deploy=docker+kubernetes`);
  known.set(key, found);
  return found;
}
function compiled(protos: Files, options: string): Files {
  const texts = { ...UPSTREAMS, ...protos };
  const request = { ...requestFor(texts, Object.keys(protos)), parameter: options };
  const { response } = compile(request, (name) => texts[name]);
  expect(response.error).toBe("");
  const found = response.file.filter(({ name }) => /deploy\//.test(name));
  return Object.fromEntries(found.map(({ name, content }) => [name, content]));
}

test.each(cases.filter(({ name }) => SHOWN.includes(name)))("the files of $name match the golden", (golden) => {
  const found = deployed(golden);
  expect(found).toEqual(goldenOf(`deploy/${golden.name}`, "expected", found));
});

const MODELS = {
  ConfigMap,
  Deployment,
  GRPCRoute,
  HTTPRoute,
  HorizontalPodAutoscaler,
  NetworkPolicy,
  PodDisruptionBudget,
  Service,
};
const GATEWAY_API = "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1";
const MODULES: Readonly<Record<keyof typeof MODELS, string>> = {
  ConfigMap: "kubernetes-models/v1",
  Deployment: "kubernetes-models/apps/v1",
  GRPCRoute: GATEWAY_API,
  HTTPRoute: GATEWAY_API,
  HorizontalPodAutoscaler: "kubernetes-models/autoscaling/v2",
  NetworkPolicy: "kubernetes-models/networking.k8s.io/v1",
  PodDisruptionBudget: "kubernetes-models/policy/v1",
  Service: "kubernetes-models/v1",
};
const isKind = (kind: unknown): kind is keyof typeof MODELS => typeof kind === "string" && kind in MODELS;

interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** Each file but those of routes is one document, without a key twice, in either version of YAML. */
function objectsIn(name: string, text: string): readonly KubernetesObject[] {
  const documents = [parseAllDocuments(text)].flat();
  if (!name.endsWith("route.yaml")) expect(documents.length).toBe(1);
  const older = [parseAllDocuments(text, { version: "1.1" })].flat();
  return documents.map((document, i) => {
    expect({ errors: document.errors, warnings: document.warnings }).toEqual({ errors: [], warnings: [] });
    const value = document.toJS() as KubernetesObject;
    expect(older[i]?.toJS()).toEqual(value);
    return value;
  });
}

const manifests = (files: Files): (readonly [string, KubernetesObject])[] =>
  Object.entries(files)
    .filter(([name]) => name.endsWith(".yaml"))
    .flatMap(([name, text]) => objectsIn(name, text).map((object) => [name, object] as const));
/** Listed in a comment: a cluster has it in place of the HTTPRoute. */
const LEFT_OUT = "grpcroute.yaml";

test.each(cases)("the objects of $name are valid Kubernetes objects", (golden) => {
  const all = manifests(deployed(golden, `${parameterOf(golden)},deploy=gateway-api`));
  const objects = all.filter(([name]) => !name.endsWith("/kustomization.yaml"));
  expect(new Set(objects.map(([, { kind }]) => kind))).toEqual(new Set(Object.keys(MODELS)));
  for (const [, object] of objects) {
    if (!isKind(object.kind)) throw new Error(`no model of ${object.kind}`);
    expect(() => new MODELS[object.kind as keyof typeof MODELS](object as never).validate()).not.toThrow();
    expect(object.metadata.name).toMatch(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/);
  }
  // No two of one kind have one name, and each kustomization lists what stands beside it.
  const names = objects.map(([, { kind, metadata }]) => `${kind} ${metadata.name}`);
  expect(new Set(names).size).toBe(names.length);
  for (const [name, object] of all.filter(([path]) => path.endsWith("/kustomization.yaml"))) {
    const beside = objects
      .filter(([other]) => dirname(other) === dirname(name))
      .map(([other]) => other.slice(dirname(name).length + 1))
      .filter((file) => file !== LEFT_OUT);
    expect((object as unknown as { readonly resources: readonly string[] }).resources).toEqual([...new Set(beside)]);
  }
});

test("routes alone are files without a kustomization, and only streams have a Service of WebSockets", () => {
  const files = (name: string) =>
    cases
      .filter((golden) => golden.name === name)
      .flatMap((golden) => Object.keys(compiled(golden.protos, `${parameterOf(golden)},deploy=gateway-api`)))
      .map((path) => path.replace(/^.*deploy\//, ""))
      .sort();
  expect(files("routes")).toEqual(
    ["grpcroute.yaml", "httproute.yaml", "service-ws.yaml"].map((file) => `kubernetes/${file}`),
  );
  expect(files("branches")).toEqual(["kubernetes/grpcroute.yaml", "kubernetes/httproute.yaml"]);
});

test("no object has a field that is unknown to Kubernetes", () => {
  const folder = join(root, `test/.generated/deploy-types-${process.pid}`);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const typed = (objects: readonly KubernetesObject[]): string => {
    const kinds = [...new Set(objects.map(({ kind }) => kind))].filter(isKind);
    const lines = [
      ...kinds.map((kind) => `import type { I${kind} } from "${MODULES[kind]}/${kind}";`),
      ...objects.map(
        (object, i) => `export const object${i}: I${object.kind} = ${JSON.stringify(object, undefined, 1)};`,
      ),
    ];
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "objects.ts"), lines.join("\n"));
    const compilerOptions = { noEmit: true, rootDir: root };
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({ extends: join(root, "tsconfig.json"), compilerOptions, include: ["."] }),
    );
    return spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", folder], { encoding: "utf8" }).stdout;
  };
  const objects = cases.flatMap((golden) =>
    manifests(deployed(golden)).flatMap(([, object]) => (isKind(object.kind) ? [object] : [])),
  );
  expect(typed(objects)).toBe("");
  // It would be seen.
  const [first] = objects;
  if (first === undefined) throw new Error("no objects");
  expect(typed([{ ...first, metadata: { ...first.metadata, label: {} } } as KubernetesObject])).toMatch(
    /"label"' does not exist/,
  );
});

test("a pod has longer to stop than its server takes, and listens on the ports of its probes", () => {
  const [golden] = cases.filter(({ name }) => name === "branches");
  const all = manifests(golden === undefined ? {} : deployed(golden)).map(([, object]) => object);
  const [config] = all.flatMap((object) =>
    object.kind === "ConfigMap" ? [(object as unknown as ConfigMap).data] : [],
  );
  const [deployment] = all.flatMap((object) =>
    object.kind === "Deployment" ? [(object as unknown as Deployment).spec] : [],
  );
  const pod = deployment?.template.spec;
  const seconds = (name: string): number => Number(/^(\d+)s$/.exec(config?.[name] ?? "")?.[1]);
  const needed = seconds("BFF_DRAIN_DELAY") + seconds("BFF_GRACE");
  expect(pod?.terminationGracePeriodSeconds ?? 0).toBeGreaterThanOrEqual(needed + 3);
  const ports = pod?.containers[0]?.ports ?? [];
  expect(ports.map(({ name, containerPort }) => [name, String(containerPort)])).toEqual([
    ["http", config?.PORT],
    ["admin", config?.BFF_ADMIN_PORT],
  ]);
});

test.each(cases)("a linter finds nothing in the Dockerfile of $name", (golden) => {
  for (const options of [
    parameterOf(golden),
    parameterOf(golden).replace("import_extension=ts", "import_extension=js"),
  ]) {
    const found = Object.entries(deployed(golden, options)).filter(([name]) => name.endsWith("/Dockerfile"));
    expect(found.length).toBeGreaterThan(0);
    for (const [, text] of found) expect(validate(text).map(({ message }) => message)).toEqual([]);
  }
});

test("images bundle with the esbuild of this repository, without optional packages", () => {
  const manifest = (folder: string) =>
    JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as {
      readonly devDependencies: Readonly<Record<string, string>>;
      readonly peerDependenciesMeta: Readonly<Record<string, object>>;
    };
  expect(ESBUILD).toBe(manifest("").devDependencies.esbuild);
  const optional = ["runtime", "packages/server"].flatMap((folder) =>
    Object.keys(manifest(folder).peerDependenciesMeta),
  );
  expect(LOADED_ON_DEMAND).toEqual([...new Set(optional)].sort());
});

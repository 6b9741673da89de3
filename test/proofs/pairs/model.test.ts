// Each option and each variable is set by a level of a factor, or is on the list of those that are not.
import { readFileSync } from "node:fs";
import { type DescMessage, getExtension, hasExtension, type Message } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { expect, test } from "vitest";
import { requestFor, schemaOf } from "../../support/request.ts";
import { bffOf } from "./bff.ts";
import { compiledAll } from "./compiled.ts";
import { CORE, FACTORS } from "./model.ts";
import { refusedPairs } from "./refused.ts";
import { UNVARIED } from "./unvaried.ts";
import { SHOP } from "./upstream.ts";

/** The BFFs of each level alone. */
const BFFS = FACTORS.flatMap(({ name, levels }) => levels.map((level) => bffOf(new Map([[name, level]]))));
const texts = Object.fromEntries(
  BFFS.map(({ proto }, i) => [`p${i}/app.proto`, proto.replaceAll("pairs.v1", `p${i}.v1`)]),
);
const { registry, files } = schemaOf(requestFor({ "shop/v1/shop.proto": SHOP, ...texts }, Object.keys(texts)));

const set = new Set<string>();
function walk(message: ReflectMessage): void {
  for (const field of message.fields.filter((candidate) => message.isSet(candidate))) {
    set.add(`${message.desc.name}.${field.name}`);
    if (field.fieldKind === "message") walk(message.get(field));
    else if (field.fieldKind === "list" && field.listKind === "message")
      for (const item of message.get(field)) walk(item as ReflectMessage);
  }
}
function read(of: string, options: Message | undefined): void {
  const extension = registry.getExtension(`bff.v1.${of}`);
  if (extension === undefined || options === undefined || !hasExtension(options, extension)) return;
  walk(reflect(extension.message as DescMessage, getExtension(options, extension) as Message));
}
for (const { proto, services, messages, enums } of files) {
  read("file", proto.options);
  for (const service of services) {
    read("service", service.proto.options);
    for (const method of service.methods) read("method", method.proto.options);
  }
  for (const message of messages) {
    read("message", message.proto.options);
    for (const field of message.fields) read("field", field.proto.options);
  }
  for (const one of enums) {
    read("enum", one.proto.options);
    for (const value of one.values) read("enum_value", value.proto.options);
  }
}

const OPTIONS = [...registry].flatMap((type) =>
  type.kind === "message" && type.file.name === "bff/v1/options"
    ? type.fields.map((field) => `${type.name}.${field.name}`)
    : [],
);
const variables = readFileSync(new URL("../../../plugin/src/deploy/variables.ts", import.meta.url), "utf8");
const VARIABLES = [...variables.matchAll(/name: "([A-Z][A-Z0-9_]+)"/g)].map(([, name = ""]) => name);
/** Variables that the harness sets for what a BFF needs. */
const NEEDED = [
  "REDIS_URL",
  "NATS_URL",
  "BFF_RESOLVERS",
  "BFF_CAPTURE_DIR",
  "BFF_STATE_REDIS_URL",
  "BFF_STORE_FILE",
  "BFF_OBSERVER",
  "BFF_IDENTITY_KEY_FILES",
  "DATABASE_URL",
  "NATS_CA",
  "NATS_CERT",
  "NATS_KEY",
  "TLS_CERT_FILE",
  "TLS_KEY_FILE",
  "TLS_CLIENT_CA_FILE",
  "HOST",
  "PORT",
  "BFF_GRACE",
];

test("each option and each variable is set by a level, or known to be set by none", () => {
  const varied = new Set([...set, ...NEEDED, ...BFFS.flatMap(({ env }) => Object.keys(env))]);
  expect(OPTIONS.length).toBeGreaterThan(200);
  expect([...OPTIONS, ...VARIABLES].filter((name) => !varied.has(name)).sort()).toEqual(Object.keys(UNVARIED).sort());
});

test("each refused pair is refused, with its code", () => {
  const pairs = refusedPairs();
  const codes = compiledAll(pairs.map(({ choice }) => bffOf(choice))).map(({ diagnostics }) =>
    diagnostics.flatMap(({ severity, code }) => (severity === "error" ? [code] : [])),
  );
  for (const [i, { code }] of pairs.entries()) expect(codes[i]).toContain(code);
});

test("each level is accepted alone", () => {
  const errors = compiledAll(BFFS).flatMap(({ diagnostics }) =>
    diagnostics.flatMap(({ severity, code, message }) => (severity === "error" ? [`${code} ${message}`] : [])),
  );
  expect(errors).toEqual([]);
});

test("the core names factors", () => {
  expect(CORE.filter((name) => !FACTORS.some((factor) => factor.name === name))).toEqual([]);
  expect(new Set(FACTORS.map(({ name }) => name)).size).toBe(FACTORS.length);
});

test("levels of different factors name different fields", () => {
  const owners = new Map<string, Set<string>>();
  for (const { name, levels } of FACTORS)
    for (const field of levels.flatMap(({ parts }) => (parts.fields ?? []).map((of) => of.name)))
      owners.set(field, new Set(owners.get(field)).add(name));
  expect([...owners].filter(([, { size }]) => size > 1)).toEqual([]);
});

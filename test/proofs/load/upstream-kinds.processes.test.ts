// Upstreams as they are elsewhere: proto2, editions, every scalar at its edges, nested and recursive messages, no package, odd names;
// and what a golden alone shows of the language. The protos are those of the goldens; upstreams and requests are random, and every
// answer is held against the oracle.
import { create, createFileRegistry } from "@bufbuild/protobuf";
import { isReflectMessage } from "@bufbuild/protobuf/reflect";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { pick, randomMessage, seeded } from "../../bffs/second/random-message.ts";
import { isUnary } from "../../bffs/second/registry.ts";
import { startSecondUpstreams } from "../../bffs/second/upstreams.ts";
import { goldenTexts } from "../../support/archive.ts";
import { UPSTREAMS } from "../../support/golden.ts";
import { requestFor } from "../../support/request.ts";
import type { Resolvers } from "../oracle/response.ts";
import { attemptsOf, type Bff } from "./bff.ts";
import { load, summary } from "./load.ts";

/** The functions of service-let-resolver, over what they are given and over what the oracle gives. */
const SUPPLIED = {
  "app.v1.Page.title": (_: Fields, { item, count, card }: Fields) =>
    `${name(item)} ${count ?? "?"} ${card?.text ?? "-"}`,
  "app.v1.Page.slogan": ({ id }: Fields, { stock }: Fields) => (Number(stock) % 2 === 0 ? `${id}` : undefined),
  "app.v1.Card": ({ item }: Fields, { visitor }: Fields) => ({ text: `${name(item)} ${visitor?.count ?? "none"}` }),
};
// biome-ignore lint/suspicious/noExplicitAny: messages of types that are generated while the test runs
type Fields = Readonly<Record<string, any>>;

/** Fails for what has none, so that functions fail, too. */
function name(item: Fields | undefined): string {
  if (!item?.name) throw new Error("no name");
  return item.name;
}

function resolversOf(): NonNullable<Bff["resolvers"]> {
  const functions: Record<string, unknown> = {};
  const oracle: Resolvers = new Map(
    Object.entries(SUPPLIED).map(([of, supply]) => {
      const [, , message = "", field] = of.split(".");
      const member = `${message.toLowerCase()}${field === undefined ? "" : field[0]?.toUpperCase() + field.slice(1)}`;
      functions[member] = ({ args, steps }: { args: Fields; steps: Fields }) => supply(args, steps);
      return [of, (args: Fields, steps: Fields) => supply(plain(args), plain(steps))];
    }),
  );
  return { functions, oracle };
}
const plain = (values: Fields): Fields =>
  Object.fromEntries(Object.entries(values).map(([key, of]) => [key, isReflectMessage(of) ? of.message : of]));

function bffOf(name: string): Bff {
  const protos = { ...UPSTREAMS, ...goldenTexts(`emit/${name}`, "proto") };
  const targets = Object.keys(protos).filter((file) => protos[file]?.includes('import "bff/v1/options.proto"'));
  return {
    name: `kinds-${name}`,
    protos,
    targets,
    env: Object.fromEntries(
      Object.values(protos).flatMap((text) =>
        [...text.matchAll(/name: "(\w+)" type: "string" default: "(\w*|!)"/g)].map(([, name, of]) => [name, of]),
      ),
    ),
    ...(name === "service-let-resolver" && { resolvers: resolversOf() }),
    async startUpstreams({ seed, failing, hanging }) {
      const file = requestFor(protos).protoFile;
      const registry = createFileRegistry(create(FileDescriptorSetSchema, { file }));
      const upstreams = await startSecondUpstreams({ seed, failing, hanging, registry });
      return {
        urls: upstreams.urls,
        attempts: () => attemptsOf(upstreams.calls),
        close: () => upstreams.close(),
      };
    },
    request(ir, number, seed) {
      const random = seeded("kinds", seed, number);
      const services = ir.files.flatMap((file) => file.services);
      const method = pick(
        random,
        services.flatMap((service) => service.desc.methods),
      );
      if (!isUnary(method)) throw new Error(`no unary ${method.name}`);
      return { method, message: randomMessage(method.input, random).message, headers: {} };
    },
  };
}

// Not here: what forwards random text as metadata, which may hold ASCII alone; `response`, which the oracle does not know; what never
// answers.
const names = [
  ...["proto2", "proto2-bff", "editions", "scalars", "nesting", "no-package", "packages", "names-odd", "names"],
  ...[
    "well-known-fields",
    "well-known",
    "any",
    "contradictions",
    "several-aliases",
    "autobind",
    "compose-args",
    "oneof",
  ],
  ...["set", "switch", "if-fallback", "on-error", "two-files", "service-let-policies", "service-let-two-services"],
  "service-let-resolver",
];

describe.each(names)("%s", (name) => {
  it("gives the oracle's answers", async () => {
    const report = await load(bffOf(name), { requests: 50, inFlight: 16, breakers: false, failing: 0.05, hanging: 0 });
    expect(summary(report.mismatches)).toBe("");
    expect(report.logFaults.slice(0, 5)).toEqual([]);
    expect(report.unhandled).toEqual([]);
    expect(report.answers + report.degraded).toBeGreaterThan(5);
  }, 60_000);
});

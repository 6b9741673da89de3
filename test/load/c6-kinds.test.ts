// Upstreams as they are elsewhere: proto2, editions, every scalar at its edges, nested and recursive messages, no package. The
// protos are those of the goldens; upstreams and requests are random, and every answer is held against the oracle.
import { fileURLToPath } from "node:url";
import { create, createFileRegistry } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { pick, randomMessage, seeded } from "../second/random-message.ts";
import { isUnary } from "../second/registry.ts";
import { startSecondUpstreams } from "../second/upstreams.ts";
import { textsBelow, UPSTREAMS } from "../support/golden.ts";
import { requestFor } from "../support/request.ts";
import type { Bff } from "./bff.ts";
import { load, summary } from "./load.ts";

const goldens = fileURLToPath(new URL("../golden/emit", import.meta.url));

function bffOf(name: string): Bff {
  const protos = { ...UPSTREAMS, ...textsBelow(`${goldens}/${name}/proto`) };
  const targets = Object.entries(protos).filter(([, text]) => text.includes("bff/v1/options.proto")).map(([file]) => file);
  return {
    name: `kinds-${name}`,
    protos,
    targets,
    env: { constructor: "x", class: "y" },
    async startUpstreams({ seed, failing, hanging }) {
      const file = requestFor(protos).protoFile;
      const registry = createFileRegistry(create(FileDescriptorSetSchema, { file }));
      const upstreams = await startSecondUpstreams({ seed, failing, hanging, registry });
      return {
        urls: upstreams.urls,
        attempts: () =>
          upstreams.calls.map(({ method, request, headers, response }) => ({
            ...{ method, request, response },
            requestId: headers.get("x-request-id") ?? "",
          })),
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

// The others are beyond the oracle: its parser has no names that CEL reserves, and it looks into no google.protobuf.Any.
const names = (process.env.KINDS ?? "").split(",");

describe.each(names)("%s", (name) => {
  it("every answer is what the oracle says", async () => {
    const report = await load(bffOf(name), { requests: 50, inFlight: 16, breakers: false, failing: 0.05, hanging: 0 });
    expect(summary(report.mismatches)).toBe("");
    expect(report.logFaults.slice(0, 5)).toEqual([]);
    expect(report.unhandled).toEqual([]);
    expect(report.answers + report.degraded).toBeGreaterThan(5);
  }, 60_000);
});

// Servers that serve the rpcs of several files together.
import type { DescFile, DescMessage } from "@bufbuild/protobuf";
import { identityReads } from "../resolve/model/identity-reads.ts";
import type { Model } from "../resolve/model/model.ts";
import { filesOf, type ServedTogether } from "../resolve/model/server-paths.ts";
import type { PlanUpstream } from "./model/calls.ts";
import type { PlanFile, PlanPurge, PlanServer, PlanTool } from "./model/plan.ts";
import { serverEnv } from "./rpcs/plan-env.ts";

export function serversOf(model: Model, servers: readonly ServedTogether[], files: readonly PlanFile[]): PlanServer[] {
  return servers.map((server) => {
    const { name, path, written, packages } = server;
    const descs = new Set(filesOf(server).map((file) => file.desc));
    const serverFiles = files.filter((file) => descs.has(file.desc));
    const upstreams = upstreamsTogether(serverFiles);
    const rpcs = [
      ...serverFiles.flatMap(({ services }) => services.flatMap(({ desc }) => desc.methods)),
      ...upstreams.flatMap(({ http }) => http.map(({ method }) => method)),
    ];
    const identity = packages[0]?.identity;
    return {
      name,
      path,
      written,
      types: holdsAny(rpcs.flatMap(({ input, output }) => [input, output])) ? typesOf(model) : [],
      files: serverFiles,
      upstreams,
      sensitive: serverFiles.some(hasSensitiveCaches),
      tagged: serverFiles.some(hasTags),
      cdn: serverFiles.some(({ services }) => services.some(({ methods }) => methods.some(({ http }) => http?.tag))),
      purges: purgesTogether(serverFiles),
      ...serverEnv(serverFiles, model),
      identity: identity && {
        path: identityPath(path),
        identity,
        reads: identityReads(identity),
        signs: serverFiles.some(signs),
      },
      tools: toolsOf(serverFiles),
    };
  });
}

/** Returns each upstream once, with the RPCs that any of the files calls over HTTP. */
function upstreamsTogether(files: readonly PlanFile[]): readonly PlanUpstream[] {
  const found = new Map<string, PlanUpstream>();
  for (const upstream of files.flatMap((file) => file.upstreams)) {
    const before = found.get(upstream.name);
    const http = new Map([...(before?.http ?? []), ...upstream.http].map((rpc) => [rpc.method, rpc]));
    const inOrder = upstream.service.methods.flatMap((method) => http.get(method) ?? []);
    found.set(upstream.name, { ...upstream, http: inOrder });
  }
  return [...found.values()];
}

/** Returns the purges of all packages, each once. */
function purgesTogether(files: readonly PlanFile[]): readonly PlanPurge[] {
  return [...new Map(files.flatMap(({ purges }) => purges.map((purge) => [purge.digest, purge]))).values()];
}

function toolsOf(files: readonly PlanFile[]): readonly PlanTool[] {
  const methods = files.flatMap(({ services }) => services.flatMap((service) => service.methods));
  return methods.flatMap(({ tool }) => tool ?? []).sort((a, b) => (a.of.name < b.of.name ? -1 : 1));
}

function signs({ entries, clients }: PlanFile): boolean {
  return [...entries, ...clients].some(({ policy }) => policy.identify?.value === "signed");
}

function hasSensitiveCaches({ entries, clients, services }: PlanFile): boolean {
  const ofCalls = [...entries, ...clients].map(({ policy }) => policy.cache);
  const ofAnswers = services.flatMap(({ methods }) => methods.map(({ cache }) => cache));
  return [...ofCalls, ...ofAnswers].some((cache) => cache?.sensitive === true);
}

function hasTags({ entries, clients, services }: PlanFile): boolean {
  const ofCalls = [...entries, ...clients].some(({ policy }) => (policy.cache?.tags.length ?? 0) > 0);
  return ofCalls || services.some(({ methods }) => methods.some(({ tags }) => tags !== undefined));
}

/** Returns the path of the identity file, which is beside the server's file. */
const identityPath = (server: string): string => server.replace(/server$/, "identity");

/** Returns true if any of these messages contains a google.protobuf.Any at any depth. */
function holdsAny(messages: readonly DescMessage[]): boolean {
  const seen = new Set(messages);
  for (const { fields } of seen) for (const { message } of fields) if (message !== undefined) seen.add(message);
  return [...seen].some(({ typeName }) => typeName === "google.protobuf.Any");
}

/**
 * Returns the files whose messages carry data: excludes the options of the language and the descriptors of protobuf.
 */
function typesOf({ ir }: Model): DescFile[] {
  const files = ir.allFiles.filter(
    ({ name, proto, messages }) =>
      messages.length > 0 && proto.package !== "bff.v1" && name !== "google/protobuf/descriptor",
  );
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}

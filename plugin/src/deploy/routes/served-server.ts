// The paths of a server, as routes in front of it must have them.
import type { Origin } from "../../diagnostic/diagnostic.ts";
import { fullName } from "../../model/full-name.ts";
import type { Plan, PlanFile, PlanMethod, PlanServer } from "../../plan/model/plan.ts";
import { hostText } from "../../resolve/packages/hosts.ts";
import { objectNames } from "../object-names.ts";

/** A server, as a gateway sees it. */
export interface ServedServer {
  /** Name of its Kubernetes objects: `shop-v1`. */
  readonly name: string;
  readonly rpcs: readonly ServedRpc[];
  /** Paths of no rpc. */
  readonly builtIn: readonly string[];
  /** True if rpcs are followed by WebSocket. */
  readonly follows: boolean;
  /** True if `/auth` has the paths of a session. */
  readonly hasSession: boolean;
  /** The paths of tools for agents; empty: the server has no tools. */
  readonly toolPaths: readonly string[];
}
/** An rpc with its paths and its time limit. */
export interface ServedRpc {
  /** `package.Service/Method` */
  readonly name: string;
  readonly at: Origin;
  /** Host names that it answers on, with holes. None: every host. */
  readonly hosts: readonly string[];
  /** Undefined for streams, which no time limit of a request may end. */
  readonly timeoutMs: number | undefined;
  readonly deprecated: boolean;
  /** The path of Connect and gRPC first, then those of REST. */
  readonly paths: readonly ServedPath[];
}
/** A template of paths, with the methods of HTTP that it has. */
export interface ServedPath {
  /** In capitals; `*`: any. */
  readonly methods: readonly string[];
  /** Literals, `*` for a segment, `**` for the rest. Literals are percent-decoded. */
  readonly segments: readonly string[];
  /** The verb: the text behind the template's colon, percent-decoded. */
  readonly verb: string | undefined;
}

export const FOLLOW_PATH = "/bff.v1/follow";
export const SESSION_PATH = "/auth";
const TOOL_PATHS = ["/mcp", "/.well-known/oauth-protected-resource/mcp"];
const HEALTH = ["/healthz", "/readyz", "/grpc.health.v1.Health", "/grpc.reflection.v1.ServerReflection"];

/** Returns the generated servers of a project, or all of its packages if it generates none. */
export function servedServers({ servers }: Pick<Plan, "servers">): readonly ServedServer[] {
  const written = servers.filter((server) => server.written);
  const names = objectNames(servers.filter((server) => server.written || written.length === 0));
  return [...names].map(([server, name]) => servedServer(server, name));
}

export function servedServer({ files, identity, tools }: PlanServer, name: string): ServedServer {
  const rpcs = files.flatMap((file) =>
    file.services.flatMap(({ methods }) => methods.map((planned) => servedRpc(planned, file))),
  );
  const hasSession = identity?.identity.sources.some(({ credential }) => credential.kind === "session") ?? false;
  const toolPaths = tools.length > 0 ? TOOL_PATHS : [];
  const follows = rpcs.some(({ timeoutMs }) => timeoutMs === undefined);
  return {
    name,
    rpcs,
    builtIn: [
      ...HEALTH,
      ...(follows ? [FOLLOW_PATH] : []),
      ...(hasSession ? [SESSION_PATH] : []),
      ...(identity?.signs === true ? ["/.well-known/bff-keys"] : []),
      ...toolPaths,
    ],
    follows,
    hasSession,
    toolPaths,
  };
}

function servedRpc({ method, version, rest }: PlanMethod, { hosts }: PlanFile): ServedRpc {
  const { desc, noSideEffects, timeout } = method;
  const streams = desc.methodKind === "server_streaming";
  return {
    name: fullName(desc),
    at: method.ir.at,
    hosts: hosts.map(hostText),
    timeoutMs: streams ? undefined : timeout.value,
    deprecated: version?.deprecation !== undefined || desc.proto.options?.deprecated === true,
    paths: [
      {
        methods: noSideEffects ? ["POST", "GET"] : ["POST"],
        segments: [desc.parent.typeName, desc.name],
        verb: undefined,
      },
      ...(streams ? [] : rest).map(({ ir }) => ({
        methods: [ir.method],
        segments: ir.template.segments,
        verb: ir.template.verb,
      })),
    ],
  };
}

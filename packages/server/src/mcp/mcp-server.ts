// Methods of MCP, over any transport: initialize, ping, server/discover, tools/list and tools/call.
import type { JsonObject } from "@bufbuild/protobuf";
import type { Verdict } from "@protobff/runtime/internal/admission/admission";
import type { Answering } from "@protobff/runtime/internal/endpoint/endpoint-options";
import { GONE } from "@protobff/runtime/internal/endpoint/front";
import type { Failure } from "@protobff/runtime/internal/failure";
import { AuthenticatedRequest } from "@protobff/runtime/internal/identity/authenticated-request";
import type { Caller } from "@protobff/runtime/internal/identity/caller";
import type { Incoming } from "@protobff/runtime/internal/identity/incoming-request";
import { Callers, type Claim } from "./callers.ts";
import { type Client, clientOf, legacyVersion, SUPPORTED } from "./era.ts";
import { cut, membersOf, RpcCode, RpcError, type RpcMessage } from "./json-rpc.ts";
import { INTERNAL, type McpRequest, type McpServerOptions, refused, unauthenticated } from "./request.ts";
import { reasonOf } from "./results.ts";
import { RunningCall, unknownTool } from "./running-call.ts";

/** Time for which a client may keep the list of tools, in milliseconds. */
const TTL_MS = 300_000;

/** Runs a method for its caller. */
type Method = (request: McpRequest, caller: Caller | undefined) => void;

/** Client of a call, and the receiver of its result. */
interface Receiver {
  readonly caller: Caller | undefined;
  readonly done: (result: string, type?: string) => void;
}

export class McpServer {
  readonly #options: McpServerOptions;
  readonly #callers: Callers;
  readonly #info: JsonObject;
  /** Member of all modern results. */
  readonly #meta: string;
  readonly #modern: ReadonlyMap<string, Method>;
  readonly #legacy: ReadonlyMap<string, Method>;

  constructor(options: McpServerOptions) {
    this.#options = options;
    this.#callers = new Callers(options);
    this.#info = { name: options.name, version: `${options.tools.digest}${options.search ? "-search" : ""}` };
    this.#meta = `"_meta":${JSON.stringify({ "io.modelcontextprotocol/serverInfo": this.#info })}`;
    const discovered = membersOf({ supportedVersions: SUPPORTED, capabilities: { tools: {} } });
    this.#modern = new Map<string, Method>([
      ["tools/list", this.#list(true)],
      ["server/discover", ({ done }) => done(this.#cacheable(discovered))],
    ]);
    this.#legacy = new Map<string, Method>([
      ["tools/list", this.#list(false)],
      ["initialize", ({ message, done }) => done(this.#initialized(message))],
      ["ping", ({ done }) => done("")],
    ]);
  }

  /** As of `Callers`. */
  admit(incoming: Incoming, claim: Claim): Verdict | Promise<Verdict> {
    return this.#callers.admit(incoming, claim);
  }
  /** Returns the error of a request that `admit` refuses. */
  errorOf(failure: Failure): RpcError {
    const { challenge } = this.#options;
    return reasonOf(failure) === "CREDENTIAL_MISSING" ? unauthenticated(challenge()) : refused(failure, challenge);
  }
  /** Answers a request. Returns a handle that cancels it. Never throws. */
  answer(request: McpRequest): Answering {
    try {
      return this.#answer(request);
    } catch (thrown) {
      this.#options.fault("cannot answer a request for tools", thrown);
      request.failed(INTERNAL);
      return GONE;
    }
  }
  #answer(request: McpRequest): Answering {
    const client = clientOf(request.message, request.metadata);
    if (client instanceof RpcError) {
      request.failed(client);
      return GONE;
    }
    const { method } = request.message;
    const caller = request.incoming instanceof AuthenticatedRequest ? request.incoming.caller : undefined;
    // Callers without a credential learn of no method, and of no tool. A declared method may differ from the message's.
    if (caller === undefined && !this.#callers.isOpen(method)) {
      request.failed(unauthenticated(this.#options.challenge()));
      return GONE;
    }
    const done = (result: string, type?: string) => request.done(client.modern ? this.#result(result, type) : result);
    const message = this.#options.search?.resolve(request.message, caller, request.authority);
    if (typeof message === "string") done(message);
    else if (message instanceof RpcError) request.failed(message);
    else return this.#run(message === undefined ? request : { ...request, message }, client, { caller, done });
    return GONE;
  }
  #run(request: McpRequest, client: Client, { caller, done }: Receiver): Answering {
    const { method, params } = request.message;
    const served = method === "tools/call" ? this.#options.tools.get(params.name, request.authority) : undefined;
    const overload = served && request.shed?.(served.tool.method);
    if (overload !== undefined) {
      request.failed(refused(overload, this.#options.challenge));
      return GONE;
    }
    if (served !== undefined) return new RunningCall(this.#options, request, client, done).begin(served);
    const run = (client.modern ? this.#modern : this.#legacy).get(method);
    if (run === undefined) request.failed(unknown(request, client));
    else run(request, caller);
    return GONE;
  }

  #list(modern: boolean): Method {
    return ({ message, authority, done, failed }, caller) => {
      // There is one page.
      if (message.params.cursor !== undefined) {
        failed(new RpcError(RpcCode.INVALID_PARAMS, "unknown cursor"));
        return;
      }
      const { tools, search = tools } = this.#options;
      const list = `"tools":${search.listFor(caller, authority)}`;
      done(modern ? this.#cacheable(list) : list);
    };
  }
  #initialized(message: RpcMessage): string {
    const protocolVersion = legacyVersion(message);
    return membersOf({ protocolVersion, capabilities: { tools: {} }, serverInfo: this.#info });
  }
  #cacheable(members: string): string {
    const { identity } = this.#options;
    const scope = identity === undefined || identity.sources.length === 0 ? "public" : "private";
    return this.#result(`"ttlMs":${TTL_MS},"cacheScope":"${scope}",${members}`);
  }
  /** Adds the fields of all modern results. */
  #result(members: string, type = "complete"): string {
    return `"resultType":"${type}",${members},${this.#meta}`;
  }
}

function unknown({ message: { method, params } }: McpRequest, { modern }: Client): RpcError {
  if (method === "tools/call") return unknownTool(params.name);
  return new RpcError(RpcCode.METHOD_NOT_FOUND, `Method not found: ${cut(method, 100)}`, {
    status: modern ? 404 : 200,
  });
}

// Methods of MCP, over any transport: initialize, ping, server/discover, tools/list and tools/call.
import type { JsonObject } from "@bufbuild/protobuf";
import { auditRefusal, type Denied } from "@protobff/runtime/internal/admission/admission";
import { systemClock } from "@protobff/runtime/internal/clock";
import type { Answering } from "@protobff/runtime/internal/endpoint/endpoint-options";
import { GONE } from "@protobff/runtime/internal/endpoint/front";
import { asFailure, Failure } from "@protobff/runtime/internal/failure";
import { AuthenticatedRequest } from "@protobff/runtime/internal/identity/authenticated-request";
import type { Caller } from "@protobff/runtime/internal/identity/caller";
import type { Incoming } from "@protobff/runtime/internal/identity/incoming-request";
import { type Client, clientOf, legacyVersion, SUPPORTED } from "./era.ts";
import { cut, RpcCode, RpcError, type RpcMessage } from "./json-rpc.ts";
import { INTERNAL, type McpRequest, type McpServerOptions, refused, unauthenticated } from "./request.ts";
import { RunningCall, unknownTool } from "./running-call.ts";

/** Time for which a client may keep the list of tools, in milliseconds. */
const TTL_MS = 300_000;

/** Name in events of requests that call no rpc. */
const AUDITED = "mcp";

/** Runs a method for its caller. */
type Method = (request: McpRequest, caller: Caller | undefined) => void;

export class McpServer {
  readonly #options: McpServerOptions;
  readonly #info: JsonObject;
  /** Member of all modern results. */
  readonly #meta: string;
  readonly #modern: ReadonlyMap<string, Method>;
  readonly #legacy: ReadonlyMap<string, Method>;

  constructor(options: McpServerOptions) {
    this.#options = options;
    this.#info = { name: options.name, version: options.tools.digest };
    this.#meta = `"_meta":${JSON.stringify({ "io.modelcontextprotocol/serverInfo": this.#info })}`;
    const discovered = JSON.stringify({ supportedVersions: SUPPORTED, capabilities: { tools: {} } });
    this.#modern = new Map<string, Method>([
      ["tools/list", this.#list(true)],
      ["server/discover", ({ done }) => done(this.#cacheable(discovered))],
    ]);
    this.#legacy = new Map<string, Method>([
      ["tools/list", this.#list(false)],
      ["initialize", ({ message, done }) => done(this.#initialized(message))],
      ["ping", ({ done }) => done("{}")],
    ]);
  }

  /** Charges the early limits of the packages, which precede the message. Never throws. */
  arrive(incoming: Incoming, admitted: () => void, failed: (error: RpcError) => void): void {
    const { tools, challenge } = this.#options;
    const settled = (denied: Denied | undefined): void => {
      if (denied === undefined) admitted();
      else failed(refused(denied.failure, challenge));
    };
    const found = tools.arrive(incoming, AUDITED);
    if (found instanceof Promise) found.then(settled).catch((thrown: unknown) => this.#broken(thrown, failed));
    else settled(found);
  }
  /** Answers a request. Returns a handle that cancels it. Never throws. */
  answer(request: McpRequest): Answering {
    try {
      return this.#answer(request);
    } catch (thrown) {
      this.#broken(thrown, request.failed);
      return GONE;
    }
  }
  #broken(thrown: unknown, failed: (error: RpcError) => void): void {
    this.#options.fault("cannot answer a request for tools", thrown);
    failed(INTERNAL);
  }
  #answer(request: McpRequest): Answering {
    const client = clientOf(request.message, request.metadata);
    if (client instanceof RpcError) {
      request.failed(client);
      return GONE;
    }
    const { method, params } = request.message;
    const served = method === "tools/call" ? this.#options.tools.get(params.name, request.authority) : undefined;
    const overload = served && request.shed?.(served.tool.method);
    if (overload !== undefined) {
      request.failed(refused(overload, this.#options.challenge));
      return GONE;
    }
    if (served !== undefined) {
      const done = (result: string) => request.done(client.modern ? this.#result(result) : result);
      return new RunningCall(this.#options, request, client, done).begin(served);
    }
    // Callers without a credential learn of no method, and of no tool.
    const methods = client.modern ? this.#modern : this.#legacy;
    this.#identified(request, methods.get(method) ?? (({ failed }) => failed(unknown(request, client))));
    return GONE;
  }

  #list(modern: boolean): Method {
    return ({ message, authority, done, failed }, caller) => {
      // There is one page.
      if (message.params.cursor !== undefined) {
        failed(new RpcError(RpcCode.INVALID_PARAMS, "unknown cursor"));
        return;
      }
      const list = `{"tools":${this.#options.tools.listFor(caller, authority)}}`;
      done(modern ? this.#cacheable(list) : list);
    };
  }
  #initialized(message: RpcMessage): string {
    const protocolVersion = legacyVersion(message);
    return JSON.stringify({ protocolVersion, capabilities: { tools: {} }, serverInfo: this.#info });
  }
  #cacheable(text: string): string {
    const scope = this.#options.identity === undefined ? "public" : "private";
    return this.#result(`{"ttlMs":${TTL_MS},"cacheScope":"${scope}",${text.slice(1)}`);
  }
  /** Adds the fields of all modern results. */
  #result(text: string): string {
    const type = text.startsWith('{"resultType"') ? "" : '"resultType":"complete",';
    return `{${type}${text.slice(1, -1)},${this.#meta}}`;
  }

  /** Calls of tools are audited by their rpcs. */
  #audit(failure: Failure, { incoming }: McpRequest): void {
    const { observer, identity } = this.#options;
    const parts = { caller: undefined, peer: incoming.peer, answer: [] };
    const authentication = new AuthenticatedRequest(incoming, identity?.hidden ?? new Set(), parts);
    auditRefusal(observer, failure, { authentication, method: AUDITED, at: systemClock.date() });
  }
  #identified(request: McpRequest, run: Method): void {
    const { identity, tools, challenge } = this.#options;
    if (identity === undefined) {
      run(request, undefined);
      return;
    }
    const isOpen = tools.isPublic || request.message.method === "server/discover";
    const settled = (found: AuthenticatedRequest | Failure): void => {
      if (found instanceof Failure) {
        this.#audit(found, request);
        request.failed(refused(found, challenge));
      } else if (found.caller === undefined && !isOpen) request.failed(unauthenticated(challenge()));
      else run(request, found.caller);
    };
    try {
      const found = identity.authenticate(request.incoming);
      if (found instanceof Promise) found.then(settled, (thrown: unknown) => settled(asFailure(thrown)));
      else settled(found);
    } catch (thrown) {
      settled(asFailure(thrown));
    }
  }
}

function unknown({ message: { method, params } }: McpRequest, { modern }: Client): RpcError {
  if (method === "tools/call") return unknownTool(params.name);
  return new RpcError(RpcCode.METHOD_NOT_FOUND, `Method not found: ${cut(method, 100)}`, {
    status: modern ? 404 : 200,
  });
}

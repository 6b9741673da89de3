// One request of tools/call: its caller, its arguments, the question to its user, and its rpc.
import { type Message, toBinary } from "@bufbuild/protobuf";
import { Denied } from "@protobff/runtime/internal/admission/admission";
import type { Answering } from "@protobff/runtime/internal/endpoint/endpoint-options";
import { GONE } from "@protobff/runtime/internal/endpoint/front";
import { asFailure, Code } from "@protobff/runtime/internal/failure";
import { AuthenticatedRequest } from "@protobff/runtime/internal/identity/authenticated-request";
import type { Caller } from "@protobff/runtime/internal/identity/caller";
import type { IncomingHeaders } from "@protobff/runtime/internal/identity/incoming-request";
import { isMembers } from "@protobff/runtime/internal/json/json-tree";
import { jsonOf } from "@protobff/runtime/internal/json/write-json";
import { masked } from "../explorer/masks.ts";
import { permitted } from "./callers.ts";
import { type Confirmations, type Confirmed, type Decision, ELICIT, formOf, isAccepted } from "./confirmations.ts";
import { type Client, missingElicitation } from "./era.ts";
import { cut, isObject, RpcCode, RpcError } from "./json-rpc.ts";
import { shownArguments } from "./question/shown-arguments.ts";
import { INTERNAL, type McpRequest, type McpServerOptions, refused, unauthenticated } from "./request.ts";
import { failureText, type ResultText, reasonOf, toolError } from "./results.ts";
import { callStream } from "./stream-tool.ts";
import { callUnary } from "./tool-call.ts";
import { lackOf, type ServedTool } from "./tool-set.ts";

const OLD_CLIENT =
  "FAILED_PRECONDITION: this tool needs a confirmation of the user. Use a client of MCP 2026-07-28 with elicitation, " +
  "or an older one with elicitation over standard input. In TypeScript: " +
  'new Client(info, { versionNegotiation: { mode: "auto" }, capabilities: { elicitation: { form: {} } } })';
const NOT_CONFIRMED = "not confirmed";
const NOT_SHOWN =
  "INVALID_ARGUMENT: the user confirms this tool, and its arguments do not fit into a question. Send shorter lists and texts.";

/** Receives a result, and its type in the modern version; default: `complete`. */
type Done = (result: ResultText, type?: "input_required") => void;

/** The rpc of a call, ready to run. */
interface Ready {
  readonly served: ServedTool;
  readonly args: Message;
  readonly headers: IncomingHeaders;
  readonly caller: Caller | undefined;
}

export class RunningCall {
  readonly #options: McpServerOptions;
  readonly #request: McpRequest;
  readonly #client: Client;
  readonly #done: Done;
  #answering = GONE;
  #cancelled = false;

  constructor(options: McpServerOptions, request: McpRequest, client: Client, done: Done) {
    this.#options = options;
    this.#request = request;
    this.#client = client;
    this.#done = (result, type) => {
      if (!this.#cancelled) done(result, type);
    };
  }
  begin(served: ServedTool): Answering {
    this.#authenticate(served);
    return {
      cancel: (why) => {
        this.#cancelled = true;
        this.#answering.cancel(why);
      },
    };
  }

  readonly #broken = (thrown: unknown): void => {
    this.#options.fault("cannot answer a call of a tool", thrown);
    this.#request.failed(INTERNAL);
  };
  #authenticate(served: ServedTool): void {
    const { incoming } = this.#request;
    const verdict = permitted(served, incoming);
    if (verdict instanceof Promise) verdict.then((found) => this.#admit(served, found)).catch(this.#broken);
    else this.#admit(served, verdict ?? incoming);
  }
  #admit(served: ServedTool, verdict: Denied | IncomingHeaders): void {
    if (this.#cancelled) return;
    if (verdict instanceof Denied) this.#request.failed(this.#refusal(served, verdict));
    else this.#read(served, verdict, verdict instanceof AuthenticatedRequest ? verdict.caller : undefined);
  }
  #refusal({ tool }: ServedTool, { failure, caller }: Denied): RpcError {
    const { challenge } = this.#options;
    if (failure.clientCode !== Code.PERMISSION_DENIED || reasonOf(failure) === "LIMIT_KEY") {
      const hasNone = reasonOf(failure) === "CREDENTIAL_MISSING";
      return hasNone ? unauthenticated(challenge()) : refused(failure, challenge);
    }
    if (lackOf(tool.permit, caller) !== "scope") return unknownTool(tool.name);
    const headers = ["www-authenticate", challenge("insufficient_scope", tool.permit?.scopes)];
    return new RpcError(Code.PERMISSION_DENIED, "a scope is missing", { status: 403, headers });
  }

  #read(served: ServedTool, headers: IncomingHeaders, caller: Caller | undefined): void {
    const { params, args: tree = {} } = this.#request.message;
    const { arguments: json = {} } = params;
    if (!isObject(json) || !isMembers(tree)) {
      this.#request.failed(new RpcError(RpcCode.INVALID_PARAMS, "arguments is no object"));
      return;
    }
    const args = served.read(tree);
    if (typeof args === "string") {
      this.#done(toolError(`INVALID_ARGUMENT: ${args}`));
      return;
    }
    const { tool, endpoint } = served;
    let shown: string | undefined;
    try {
      if (tool.confirm === true) shown = this.#shown(served, args);
      tool.hide?.(args, { principal: caller?.principal as Message, env: this.#options.env });
      if (tool.confirm === true && "validate" in endpoint) endpoint.validate?.(args);
    } catch (thrown) {
      this.#done(toolError(failureText(asFailure(thrown))));
      return;
    }
    const ready = { served, args, headers, caller };
    if (tool.confirm !== true) this.#run(ready);
    else if (shown === undefined) this.#done(toolError(NOT_SHOWN));
    else this.#confirm(ready, shown).catch(this.#broken);
  }

  /** Runs the call if its user has confirmed it. */
  async #confirm(ready: Ready, shown: string): Promise<void> {
    const { confirmations } = this.#options;
    if (!this.#client.modern || confirmations === undefined) this.#elicit(ready, shown);
    else if (!this.#client.showsForms) this.#request.failed(missingElicitation());
    else if ((await this.#outcome(confirmations, ready, shown)) === "accepted" && !this.#cancelled) this.#run(ready);
  }
  /** Sends the form to the user of an older client, while the call waits. */
  #elicit(ready: Ready, shown: string): void {
    const { elicit } = this.#request;
    if (elicit === undefined) {
      this.#done(toolError(OLD_CLIENT));
      return;
    }
    this.#answering = elicit(ELICIT, formOf(ready.served.tool.name, shown), (answer) => {
      if (this.#cancelled) return;
      if (isAccepted(answer)) this.#run(ready);
      else this.#done(toolError(NOT_CONFIRMED));
    });
  }
  /** Returns the arguments that will be sent, without hidden fields and sensitive values; undefined: they are too long. */
  #shown({ endpoint }: ServedTool, args: Message): string | undefined {
    const { registry } = this.#options;
    const { input } = endpoint.method;
    return shownArguments(masked(jsonOf(input, args, registry), input, registry));
  }
  /** Answers the request unless its outcome is `accepted`. */
  async #outcome(confirmations: Confirmations, ready: Ready, shown: string): Promise<Decision> {
    const { served, args, caller } = ready;
    const { params } = this.#request.message;
    const { input } = served.endpoint.method;
    const call: Confirmed = {
      tool: served.tool.name,
      caller,
      fields: served.tool.caller,
      bytes: toBinary(input, args),
    };
    let outcome: Decision = "unanswered";
    try {
      if (params.requestState !== undefined) outcome = await confirmations.outcome(call, params);
    } catch (thrown) {
      this.#options.fault("confirmations of tools cannot be checked", thrown);
      this.#done(toolError("UNAVAILABLE: confirmations cannot be checked now. Call again later."));
      return "unknown";
    }
    if (outcome === "unknown") this.#request.failed(UNKNOWN_STATE);
    if (outcome === "refused") this.#done(toolError(NOT_CONFIRMED));
    if (outcome === "unanswered") this.#done(confirmations.question(call, shown), "input_required");
    return outcome;
  }

  #run({ served, args, headers }: Ready): void {
    const { endpoint } = served;
    const { registry, draining } = this.#options;
    const call = { served, args, headers, registry, draining, done: this.#done };
    this.#answering = "follow" in endpoint ? callStream(endpoint, call, this.#progress()) : callUnary(endpoint, call);
  }
  #progress(): ((json: string) => void) | undefined {
    const { _meta: meta } = this.#request.message.params;
    const token = isObject(meta) ? meta.progressToken : undefined;
    return typeof token === "string" || typeof token === "number" ? this.#request.progress(token) : undefined;
  }
}

/** Also for tools that the caller may not know of. */
export const unknownTool = (name: unknown): RpcError =>
  new RpcError(RpcCode.INVALID_PARAMS, `Unknown tool: ${cut(typeof name === "string" ? name : "", 100)}`);

/** A state that fails verification is an error (MCP 2026-07-28, Multi Round-Trip Requests). */
const UNKNOWN_STATE = new RpcError(RpcCode.INVALID_PARAMS, "Invalid or expired requestState", {
  data: { reason: "invalid_request_state" },
});

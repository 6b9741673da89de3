import type { Message, Registry } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { Denied, type Verdict } from "@protobff/runtime/internal/admission/admission";
import { REQUEST_ID } from "@protobff/runtime/internal/call/request-id";
import { connectError, stackless } from "@protobff/runtime/internal/endpoint/connect-error";
import type { LeftOut } from "@protobff/runtime/internal/endpoint/leave-out";
import { asFailure, type Failure, OVER } from "@protobff/runtime/internal/failure";
import type { Incoming, IncomingHeaders } from "@protobff/runtime/internal/identity/incoming-request";
import { treeText } from "@protobff/runtime/internal/json/json-tree";
import { serverRefusal } from "@protobff/runtime/internal/routes/refusals";
import { type Transitions, transition } from "@protobff/runtime/internal/states";
import type { Follower, Following } from "@protobff/runtime/internal/stream/stream-endpoint";
import { internal } from "../fast/fast-call.ts";
import { completeError } from "../headers/error-details.ts";
import { shortError } from "../headers/short-errors.ts";
import {
  type ClientMessage,
  endMessage,
  errorMessage,
  itemMessage,
  openedMessage,
  tokenMessage,
} from "./socket-messages.ts";
import type { Drainable } from "./stream-account.ts";
import type { StreamRpc } from "./stream-call.ts";

/** Maximum number of items in flight that the client has not acknowledged. */
const UNACKNOWLEDGED = 128;

/** The WebSocket that carries the follow. */
export interface Carrier {
  /** True if too much is unwritten. */
  readonly full: boolean;
  send(message: Buffer): void;
  /** The follow has ended. */
  leave(follow: SocketFollow): void;
}

interface FollowRequest {
  readonly message: Extract<ClientMessage, { kind: "follow" }>;
  /** Headers of the upgrade request, with the credential of the message. */
  readonly headers: Incoming;
  /** Types of error details that may be sent as JSON. */
  readonly registry: Registry;
}

/**
 * Progress of a follow:
 * - `admitting`: the endpoint does not have it yet, and does not report its end to observers.
 * - `running`: the endpoint has it.
 * - `opened`: the client has been sent `opened`.
 * - `over`: it has its end, or the client has left.
 */
type FollowState = "admitting" | "running" | "opened" | "over";
export const SOCKET_FOLLOW_TRANSITIONS: Transitions<FollowState> = {
  admitting: ["running", "over"],
  running: ["opened", "over"],
  opened: ["over"],
  over: [],
};

/** One rpc that is followed over a WebSocket. */
export class SocketFollow implements Follower, Drainable {
  readonly id: number;
  readonly #carrier: Carrier;
  readonly #rpc: StreamRpc;
  readonly #request: FollowRequest;
  readonly #startedAt = performance.now();
  #following: Following | undefined;
  #token: string | undefined;
  #sentItems = 0;
  #acknowledged = 0;
  #full = false;
  #state: FollowState = "admitting";

  constructor(carrier: Carrier, rpc: StreamRpc, request: FollowRequest) {
    this.id = request.message.id;
    this.#token = request.message.resume;
    this.#carrier = carrier;
    this.#rpc = rpc;
    this.#request = request;
  }

  /** Begins the follow, unless it is refused. Called once. */
  begin(refusal?: Failure): void {
    if (refusal !== undefined) {
      this.#refuse(connectError(refusal));
      return;
    }
    const { authenticate } = this.#rpc;
    const { headers } = this.#request;
    let verdict: Verdict | Promise<Verdict> | undefined;
    try {
      verdict = authenticate?.(headers);
    } catch (thrown) {
      this.#refuse(internal(thrown)); // of an endpoint that is none of ours
      return;
    }
    if (!(verdict instanceof Promise)) {
      this.#admit(verdict);
      return;
    }
    verdict.then(
      (found) => this.#admit(found),
      (thrown: unknown) => this.#refuse(internal(thrown)),
    );
  }
  #admit(verdict: Verdict | undefined): void {
    if (verdict instanceof Denied) {
      this.#refuse(connectError(verdict.failure), true);
    } else if (!this.#over) {
      this.#run(verdict ?? this.#request.headers);
    }
  }
  #run(headers: IncomingHeaders): void {
    const { message } = this.#request;
    const { maxBytes, traffic, parse, follow, followers } = this.#rpc;
    const refusal = followers.enter(this, headers, this.#carrier);
    if (refusal !== undefined) {
      this.#refuse(refusal);
      return;
    }
    let following: Following;
    try {
      const bytes = Buffer.from(treeText(message.request));
      if (bytes.length > maxBytes)
        throw stackless(`the request is larger than ${maxBytes} bytes`, Code.InvalidArgument, undefined, "TOO_LARGE");
      traffic?.countReceived(bytes.length);
      const args = parse(new Uint8Array(bytes));
      if (args instanceof ConnectError) throw args;
      this.#enter("running");
      following = follow(args, headers, undefined, message.resume, this);
    } catch (thrown) {
      this.#refuse(thrown instanceof ConnectError ? thrown : internal(thrown));
      return;
    }
    if (this.#over) following.cancel();
    else this.#following = following;
    if (followers.draining) this.drain();
  }

  drain(): void {
    this.#following?.drain();
  }
  /** The client has left it, or its socket has gone. */
  cancel(): void {
    const following = this.#following;
    if (this.#over) return;
    if (this.#state === "admitting") this.#report(OVER);
    this.#end();
    following?.cancel();
  }
  /** @returns whether it is news, and makes sense */
  acknowledge(count: number): boolean {
    if (count <= this.#acknowledged || count > this.#sentItems) return false;
    this.#acknowledged = count;
    this.goOn();
    return true;
  }
  /** There may be room again. */
  goOn(): void {
    if (!this.#full || this.#isFull) return;
    this.#full = false;
    this.#following?.ready();
  }
  get #isFull(): boolean {
    return this.#sentItems - this.#acknowledged >= UNACKNOWLEDGED || this.#carrier.full;
  }

  // ---- events of the endpoint ----

  opened(): void {
    if (this.#state !== "running") return;
    this.#enter("opened");
    this.#carrier.send(openedMessage(this.id));
  }
  item(message: Message, token: string | undefined, leftOut?: LeftOut): boolean {
    if (this.#over) return false;
    let bytes: Uint8Array;
    try {
      bytes = this.#rpc.serialize(message, leftOut);
    } catch (thrown) {
      const following = this.#following;
      this.#refuse(connectError(asFailure(thrown)));
      following?.cancel();
      return false;
    }
    this.#token = token;
    this.#sentItems++;
    this.#rpc.traffic?.countSent(bytes.length);
    this.#carrier.send(itemMessage(this.id, token, bytes));
    this.#full = this.#isFull;
    return !this.#full && !this.#over;
  }
  /** Sends the token alone: the socket itself has beats. */
  beat(_message: Message, token: string | undefined): void {
    if (this.#over || token === undefined || token === this.#token) return;
    this.#token = token;
    this.#carrier.send(tokenMessage(this.id, token));
  }
  ended(): void {
    if (this.#over) return;
    this.#carrier.send(endMessage(this.id));
    this.#end();
  }
  failed(failure: Failure, token: string | undefined): void {
    this.#token = token;
    this.#refuse(connectError(failure));
  }

  /** @param isReported whether observers have the refusal, or receive it from the endpoint */
  #refuse(refusal: ConnectError, isReported = this.#state !== "admitting"): void {
    if (this.#over) return;
    const error = completeError(shortError(refusal), this.#request.headers.get(REQUEST_ID) ?? undefined);
    if (!isReported) this.#report(serverRefusal(error.code, error.rawMessage));
    this.#carrier.send(
      errorMessage(this.id, errorToJsonBytes(error, { registry: this.#request.registry }), this.#token),
    );
    this.#end();
  }
  #report(failure: Failure): void {
    this.#rpc.refused?.(failure, this.#request.headers, performance.now() - this.#startedAt);
  }
  get #over(): boolean {
    return this.#state === "over";
  }
  #enter(state: FollowState): void {
    this.#state = transition(SOCKET_FOLLOW_TRANSITIONS, this.#state, state);
  }
  #end(): void {
    this.#enter("over");
    this.#following = undefined;
    this.#rpc.followers.leave(this);
    this.#carrier.leave(this);
  }
}

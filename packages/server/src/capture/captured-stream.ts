// Captures of RPCs that answer with a stream: their openings, messages and ends. A stream that exceeds a bound is
// captured until there.
import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { AnswerMetadata } from "@protobff/runtime/internal/admission/answer-metadata";
import type { LeftOut } from "@protobff/runtime/internal/endpoint/leave-out";
import type { Failure } from "@protobff/runtime/internal/failure";
import type { Follower, Following, StreamEndpoint } from "@protobff/runtime/internal/stream/stream-endpoint";
import {
  type ArrivedRequest,
  type CapturedRpc,
  capturedRpc,
  type Keeper,
  RecordedRequest,
  shown,
} from "./captured-request.ts";
import { microseconds, outside, recordingClock } from "./recording.ts";
import type { Masks } from "./written-request.ts";

/**
 * Returns the endpoint whose streams are captured.
 *
 * @param masks of the upstreams' answers
 */
export function capturedStream(endpoint: StreamEndpoint, keeper: Keeper, masks: Masks): StreamEndpoint {
  const inner = endpoint.withClock?.(recordingClock) ?? endpoint;
  const rpc = capturedRpc(inner, keeper, masks);
  const degraded = degradedField(inner.method.output);
  const follow: StreamEndpoint["follow"] = (args, headers, clientMs, resume, follower) => {
    const choice = keeper.begins();
    if (choice === "skip") {
      rpc.codec.bytesOf(args);
      return inner.follow(args, headers, clientMs, resume, follower);
    }
    const request = { args, headers, clientMs, resume, isKept: choice === "keep" };
    const stream = new RecordedStream(rpc, request, follower, degraded);
    stream.begin(args);
    return stream;
  };
  return { ...inner, ...(inner.codec !== undefined && { codec: rpc.codec }), follow };
}

/** Returns the name of the field with the degradations of a message. */
function degradedField({ fields }: DescMessage): string | undefined {
  return fields.find((field) => field.fieldKind === "list" && field.message?.typeName === "bff.v1.Degradation")
    ?.localName;
}

interface StreamRequest extends ArrivedRequest {
  readonly resume: string | undefined;
}

/** A stream that runs and is recorded: between its follower and the endpoint. */
class RecordedStream extends RecordedRequest<StreamEndpoint> implements Follower, Following {
  readonly #follower: Follower;
  readonly #resume: string | undefined;
  readonly #degradedField: string | undefined;
  #following: Following | undefined;
  #openedAt: number | undefined;
  #isDegraded = false;

  constructor(
    rpc: CapturedRpc<StreamEndpoint>,
    request: StreamRequest,
    follower: Follower,
    degradedField: string | undefined,
  ) {
    super(rpc, request, () => this.#end(true, { stream: "cut" }));
    this.#follower = follower;
    this.#resume = request.resume;
    this.#degradedField = degradedField;
    this.of.incomparable = rpc.inner.incomparable;
  }
  begin(args: Message): void {
    this.start((headers) => {
      this.#following = this.rpc.inner.follow(args, headers, this.clientMs, this.#resume, this);
    });
  }

  // ---- effects ----

  opened(metadata: AnswerMetadata | undefined): void {
    this.#openedAt = microseconds();
    this.of.affects(["opened"]);
    outside(() => this.#follower.opened(metadata), undefined);
  }
  item(message: Message, token: string | undefined, leftOut?: LeftOut): boolean {
    let more = false;
    outside(() => {
      more = this.#follower.item(message, token, (fields) => {
        this.#isDegraded = true;
        leftOut?.(fields);
      });
    }, undefined);
    if (this.of.done) return more;
    const bytes = this.rpc.codec.encoded(message);
    this.of.spend(bytes.length);
    this.of.affects(["message", bytes, token ?? null, more ? 1 : 0]);
    const degraded = this.#degradedField && Reflect.get(message, this.#degradedField);
    this.#isDegraded ||= Array.isArray(degraded) && degraded.length > 0;
    return more;
  }
  beat(message: Message, token: string | undefined): void {
    this.of.affects(["beat", token ?? null]);
    outside(() => this.#follower.beat(message, token), undefined);
  }
  ended(metadata: AnswerMetadata | undefined): void {
    outside(() => this.#follower.ended(metadata), undefined);
    this.#end(true, { stream: "ended" });
  }
  failed(failure: Failure, token: string | undefined, metadata: AnswerMetadata | undefined): void {
    outside(() => this.#follower.failed(failure, token, metadata), undefined);
    // An open stream that the server ends on purpose, at its age or while draining, has not failed.
    const isMeant = failure.refusal === true && this.#openedAt !== undefined;
    this.#end(isMeant, { failure: shown(failure), token });
  }

  // ---- arrivals ----

  ready(): void {
    this.of.arrives(["ready", 0, 0, 0], () => this.#following?.ready(), undefined);
  }
  drain(): void {
    this.of.arrives(["drain", 0, 0, 0], () => this.#following?.drain(), undefined);
  }
  cancel(why?: Failure): void {
    this.of.arrives(["gone", 0, 0, 0], () => this.#following?.cancel(why), undefined);
    this.#end(this.#openedAt !== undefined, {});
  }
  #end(isOk: boolean, outcome: Parameters<typeof this.write>[0]): void {
    if (this.ends(isOk && !this.#isDegraded, this.#openedAt)) this.write(outcome, this.#resume);
  }
}

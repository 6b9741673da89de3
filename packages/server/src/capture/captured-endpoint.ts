import type { Message } from "@bufbuild/protobuf";
import type { Answering, Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import type { Failure } from "@protobff/runtime/internal/failure";
import { capturedRpc, type Keeper, RecordedRequest, shown } from "./captured-request.ts";
import { recordingClock } from "./recording.ts";
import type { Masks } from "./written-request.ts";

/**
 * Returns the endpoint whose requests are captured.
 *
 * @param masks of the upstreams' answers
 */
export function capturedEndpoint(endpoint: Endpoint, keeper: Keeper, masks: Masks): Endpoint {
  const inner = endpoint.withClock?.(recordingClock) ?? endpoint;
  const rpc = capturedRpc(inner, keeper, masks);
  const run: Endpoint["run"] = (args, headers, clientMs, done, failed) => {
    const choice = keeper.begins();
    if (choice === "skip") {
      rpc.codec.bytesOf(args);
      return inner.run(args, headers, clientMs, done, failed);
    }
    const request = new RecordedUnary(rpc, { args, headers, clientMs, isKept: choice === "keep" });
    request.begin(args, done, failed);
    return request;
  };
  return { ...inner, ...(inner.codec !== undefined && { codec: rpc.codec }), run };
}

/** A request with one answer. */
class RecordedUnary extends RecordedRequest<Endpoint> implements Answering {
  #answering: Answering | undefined;

  begin(args: Message, done: Parameters<Endpoint["run"]>[3], failed: Parameters<Endpoint["run"]>[4]): void {
    const { inner, codec, output } = this.rpc;
    const answered: typeof done = (response, degraded, metadata) => {
      const unsent = done(response, degraded, metadata);
      if (this.ends(degraded === "")) {
        const bytes = codec.encoded(response);
        this.write({ answer: output?.(bytes) ?? bytes, degraded });
      }
      return unsent;
    };
    const refused: typeof failed = (failure, metadata) => {
      failed(failure, metadata);
      if (this.ends(false)) this.write({ failure: shown(failure) });
    };
    this.start((headers) => {
      this.#answering = inner.run(args, headers, this.clientMs, answered, refused);
    });
  }
  cancel(why?: Failure): void {
    this.of.arrives(["gone", 0, 0, 0], () => this.#answering?.cancel(why), undefined);
    if (this.ends(false)) this.write({});
  }
}

import type * as http2 from "node:http2";
import type { RequestFields } from "@protobff/runtime/internal/http2";
import { useOrdinaryHeaders } from "@protobff/runtime/internal/routes/ordinary-headers";
import { BridgedStream } from "../carrier/bridged-stream.ts";
import type { Shortcut } from "../carrier/handler.ts";
import type { OwnStream } from "../carrier/own-stream.ts";
import type { AdapterRequests } from "../requests/adapter-requests.ts";

/** Passes each request of an `OwnStream` to the shortcut, or else to the adapter's handler. */
export class OwnRequests {
  readonly #shortcut: Shortcut | undefined;
  readonly #requests: AdapterRequests;
  /** Makes the objects of `Handler` for the streams that no shortcut takes; it never listens. */
  #compat: http2.Http2Server | undefined;

  constructor(shortcut: Shortcut | undefined, requests: AdapterRequests) {
    this.#shortcut = shortcut;
    this.#requests = requests;
  }

  /**
   * @param headers owned by this request
   * @param raw the headers as received: names and values in turn
   * @returns true if the shortcut has taken it
   */
  begin(stream: OwnStream, headers: RequestFields, raw: readonly string[]): boolean {
    useOrdinaryHeaders(headers);
    if (this.#shortcut?.stream(stream, headers, raw) === true) return true;
    this.#compat ??= process.getBuiltinModule("node:http2").createServer(this.#requests.h2);
    const compat = this.#compat;
    this.#requests.receive(stream, headers, ({ body, failure }) => {
      const bridged = new BridgedStream(stream, headers[":method"], failure);
      compat.emit("stream", bridged, headers, 0, raw);
      bridged.begin(body);
    });
    return false;
  }
}

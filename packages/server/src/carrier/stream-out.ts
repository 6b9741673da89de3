import type * as http from "node:http";
import type { Trailers } from "./trailers.ts";

/** An answer that is written piece by piece. */
export interface StreamOut {
  /** HTTP/2 session of the answer. */
  readonly session: object | undefined;
  /**
   * @param headers names and values in turn
   * @param trailing whether `end` passes trailers
   */
  respond(status: number, headers: readonly string[], trailing: boolean): void;
  /** Headers leave, whether or not anything follows. */
  flush(): void;
  /** @param written called when the bytes have left, unless the client no longer waits for them */
  write(bytes: Uint8Array, written: () => void): void;
  /**
   * @param trailers of HTTP; undefined: none
   * @param unread whether the request is still arriving
   */
  end(bytes: Uint8Array | undefined, trailers: Trailers | undefined, unread: boolean): void;
  /** Ends it without more. */
  cutOff(): void;
  /** Ends the answer, and drops data that has not left. */
  drop(): void;
}

export class Http1Out implements StreamOut {
  readonly session = undefined;
  readonly #response: http.ServerResponse;

  constructor(response: http.ServerResponse) {
    this.#response = response;
  }
  respond(status: number, headers: readonly string[]): void {
    const response = this.#response;
    if (response.destroyed || response.headersSent) return;
    // Headers are set one by one: node drops earlier ones, `connection` for example, if it receives a list.
    response.statusCode = status;
    for (let i = 0; i + 1 < headers.length; i += 2) response.appendHeader(headers[i] ?? "", headers[i + 1] ?? "");
  }
  flush(): void {
    this.#response.flushHeaders();
  }
  write(bytes: Uint8Array, written: () => void): void {
    if (!this.#response.destroyed) this.#response.write(bytes, written);
  }
  end(bytes: Uint8Array | undefined): void {
    if (bytes === undefined) this.#response.end();
    else this.#response.end(bytes);
  }
  cutOff(): void {
    this.#response.destroy();
  }
  drop(): void {
    this.#response.destroy();
  }
}

// The query of Connect's GET, which holds the request's message.
import { isUtf8 } from "node:buffer";
import { base64Decode } from "@bufbuild/protobuf/wire";
import { Code, ConnectError } from "@connectrpc/connect";

/** A parameter of it. */
const MESSAGE = /(?:^|&)message=([^&]*)/;
/** Replacement for bytes that are no text, in a parsed query. */
const REPLACED = "\uFFFD";

export class GetQuery {
  readonly #text: string;
  readonly #parameters: URLSearchParams;

  /** @param url URL, or its part behind the path */
  constructor(url: string) {
    const mark = url.indexOf("?");
    this.#text = mark < 0 ? "" : url.slice(mark + 1);
    this.#parameters = new URLSearchParams(this.#text);
  }
  get(name: string): string | null {
    return this.#parameters.get(name);
  }
  /**
   * Returns the message as it was encoded, and compressed if it was.
   *
   * @throws ConnectError (INVALID_ARGUMENT) if it is not the message that was sent: invalid base64, or percent-encoded
   * bytes that need base64
   */
  message(): Uint8Array<ArrayBuffer> {
    const message = this.get("message") ?? "";
    if (this.get("base64") !== "1") {
      if (message.includes(REPLACED) && !isUtf8(bytesOf(MESSAGE.exec(this.#text)?.[1] ?? "")))
        throw new ConnectError("message is not UTF-8: write it in base64, with base64=1", Code.InvalidArgument);
      return new TextEncoder().encode(message);
    }
    try {
      return base64Decode(message);
    } catch {
      throw new ConnectError("message is not base64", Code.InvalidArgument);
    }
  }
}

function bytesOf(percents: string): Buffer {
  const byte = (_: string, digits: string): string => String.fromCharCode(Number.parseInt(digits, 16));
  return Buffer.from(percents.replaceAll(/%([\da-f]{2})/gi, byte), "latin1");
}

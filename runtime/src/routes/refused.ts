import type { ConnectError } from "@connectrpc/connect";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import { codeToHttpStatus, errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { singleChunk } from "./compressed-answers.ts";

/** Returns an error as the response of Connect's unary protocol. */
export function refused(error: ConnectError): UniversalServerResponse {
  const body = errorToJsonBytes(error, undefined);
  const header = new Headers({ "content-type": "application/json", "content-length": String(body.length) });
  return { status: codeToHttpStatus(error.code), header, body: singleChunk(body) };
}

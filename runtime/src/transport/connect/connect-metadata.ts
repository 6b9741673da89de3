import { Code as ConnectCode, ConnectError } from "@connectrpc/connect";
import { Code, codeText, cutAtDeadline, type Fault } from "../../failure.ts";
import { statusDetails } from "../../wire/status-detail.ts";
import type { OutgoingHeaders, ReceivedHeaders } from "../call-headers.ts";

/**
 * A fault as clients of Connect know it.
 *
 * @param leftMs of the call's time
 */
export function connectError(fault: Fault, leftMs: number, header: Headers, trailer: Headers): ConnectError {
  if (cutAtDeadline(fault, leftMs))
    return new ConnectError(codeText(Code.DEADLINE_EXCEEDED), ConnectCode.DeadlineExceeded);
  const metadata = new Headers(header);
  for (const [name, value] of trailer) metadata.append(name, value);
  // 0 is no code of an error.
  const code = fault.code === Code.OK ? ConnectCode.Unknown : (fault.code as ConnectCode);
  const error = new ConnectError(fault.message, code, metadata);
  if (fault.details !== undefined) error.details = statusDetails(fault.details);
  return error;
}

/** Names that Connect or gRPC set themselves are left out. */
export function sendable(headers: Headers): OutgoingHeaders {
  const all: Record<string, string> = {};
  for (const [name, value] of headers) if (!name.startsWith("grpc-") && !OURS.has(name)) all[name] = value;
  return all;
}
const OURS = new Set(["content-type", "te", "host", "connection", "content-length", "transfer-encoding"]);

/** Without what is the protocol's own. */
export function toHeaders(received: ReceivedHeaders): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(received)) {
    if (value === undefined || name.startsWith(":") || PROTOCOL.has(name)) continue;
    for (const item of Array.isArray(value) ? value : [value]) headers.append(name, String(item));
  }
  return headers;
}
const PROTOCOL = new Set(["grpc-status", "grpc-message", "grpc-status-details-bin"]);

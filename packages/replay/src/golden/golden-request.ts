// A captured request as an example of `protobff golden`.
import { createRegistry, type DescMessage, type DescMethod, fromBinary, type JsonValue } from "@bufbuild/protobuf";
import { Code, codeName } from "@protobff/runtime/internal/failure";
import { jsonOf } from "@protobff/runtime/internal/json/write-json";
import { type CapturedRequest, isSecretHeader, WITHHELD } from "@protobff/server/capture";
import { readCaptured } from "../capture/read-capture.ts";
import { removeSecrets, shapeOf } from "./shape.ts";

/** An example, as cli/src/golden/document.ts reads it. */
export interface GoldenRequest {
  readonly method: string;
  readonly request: JsonValue;
  readonly headers?: Readonly<Record<string, string>>;
  readonly compare?: "shape";
  readonly response?: JsonValue;
  readonly error?: string;
}
interface Converted {
  readonly golden: GoldenRequest;
  /** Names of fields that are left out. */
  readonly removed: ReadonlySet<string>;
  /** Names of headers that are left out. */
  readonly headers: readonly string[];
}

/** Statuses that the same request gets again. Others are those of broken servers. */
const REFUSALS: ReadonlySet<number> = new Set([
  ...[Code.INVALID_ARGUMENT, Code.NOT_FOUND, Code.ALREADY_EXISTS, Code.PERMISSION_DENIED, Code.FAILED_PRECONDITION],
  ...[Code.ABORTED, Code.OUT_OF_RANGE, Code.UNAUTHENTICATED],
]);
/** A client makes these itself. */
const OF_CLIENTS = /^(host|connection|te|content-.*|connect-.*|grpc-.*|accept-encoding|transfer-encoding|:.*)$/;
const NAME = /^[\w!#$%&'*+.^`|~-]{1,200}$/;
const VALUE = /^[\t -~]*$/;
/** Values of `google.protobuf.Any` are left out. */
const NO_TYPES = createRegistry();

/** The rpc of a request with its status. */
export const statusOf = ({ method, outcome: { failure } }: CapturedRequest): string =>
  `${method} ${failure === undefined ? "OK" : codeName(failure.code)}`;

/** Why a golden file cannot have the request. Undefined: it can. */
export function unrepeatable(request: CapturedRequest, { methodKind, output }: DescMethod): string | undefined {
  if (methodKind !== "unary") return "its answer is a stream";
  const { failure, answer, degraded } = request.outcome;
  if (failure !== undefined)
    return REFUSALS.has(failure.code) ? undefined : `its status is ${codeName(failure.code)}, of a broken server`;
  if (answer === undefined) return "its client has left";
  if (degraded !== undefined && degraded !== "") return "its answer is degraded";
  const message = decoded(request, output, answer, "the answer") as unknown as Readonly<Record<string, unknown>>;
  const reports = output.fields.filter(({ message: type }) => type?.typeName === "bff.v1.Degradation");
  const isDegraded = reports.some(({ localName }) => (message[localName] as readonly unknown[] | undefined)?.length);
  return isDegraded ? "its answer is degraded" : undefined;
}

/** Converts a request with a status that repeats. Returns why, if that is impossible. */
export function goldenOf(request: CapturedRequest, method: DescMethod, asCaptured: boolean): Converted | string {
  const removed = new Set<string>();
  const json = (desc: DescMessage, bytes: string, what: string): JsonValue => {
    const message = decoded(request, desc, bytes, what);
    for (const name of removeSecrets(desc, message)) removed.add(name);
    return jsonOf(desc, asCaptured ? message : shapeOf(desc, message), NO_TYPES);
  };
  const { answer, failure } = request.outcome;
  const { headers, others } = headersOf(request, asCaptured);
  try {
    const golden: GoldenRequest = {
      method: request.method,
      request: json(method.input, request.message, "the message"),
      ...(Object.keys(headers).length > 0 && { headers }),
      ...(!asCaptured && { compare: "shape" }),
      ...(answer !== undefined && { response: json(method.output, answer, "the answer") }),
      ...(failure !== undefined && { error: codeName(failure.code) }),
    };
    return { golden, removed, headers: others };
  } catch {
    return "one of its values has no JSON";
  }
}

/** Returns the headers that a golden file may have, and the names of the others that were sent. */
function headersOf({ headers }: CapturedRequest, asCaptured: boolean) {
  const sent = Object.entries(headers).filter(([name, value]) => value !== null && !OF_CLIENTS.test(name));
  const [kept, others]: [[string, string][], string[]] = [[], []];
  for (const [name, value] of sent) {
    const isKept = asCaptured && NAME.test(name) && !isSecretHeader(name) && value !== WITHHELD;
    if (isKept && value !== null && VALUE.test(value)) kept.push([name, value]);
    else others.push(name);
  }
  return { headers: Object.fromEntries(kept), others };
}

const decoded = ({ id }: CapturedRequest, desc: DescMessage, bytes: string, what: string) =>
  readCaptured(`${what} of request ${id}`, Buffer.from(bytes, "base64"), (read) => fromBinary(desc, read));

import { type DescMethod, type DescService, toBinary } from "@bufbuild/protobuf";
import { Code, codeName, ERROR_CODES } from "@protobff/runtime/internal/failure";
import { typesOf } from "@protobff/runtime/internal/http-rule/types-of";
import { readJson } from "@protobff/runtime/internal/json/read-json";
import { CaptureError } from "../capture/capture-error.ts";
import type { AnswerEvent } from "../tape/stage.ts";

/** A change of the answers of one method of an upstream. */
export interface Change {
  /** `/package.Service/Method` */
  readonly path: string;
  /** Number of the only attempt that changes, among those of the method, from 1. Undefined: all. */
  readonly nth: number | undefined;
  /** Returns the duration of the attempt, given the captured one; both in microseconds. Infinity: no answer. */
  readonly delay: (capturedUs: number) => number;
  /** Replaces the answer. */
  readonly answer?: AnswerEvent | undefined;
}

const FORMS = "delay=40ms, faster=40ms, slower=40ms, status=UNAVAILABLE, answer={…} or hang";
const FORM = /^\s*([\w.]+\/\w+)(?:#([1-9]\d{0,5}))?\s*:\s*(\w+)(?:=(.*))?$/s;
const DURATION = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s)$/;

/**
 * Parses the text of `--set`.
 *
 * @throws CaptureError for another form, or a method that the server does not call
 * @example
 * parseChange("billing.v1.BillingService/GetUsage: faster=40ms", Object.values(declaration.upstreams));
 */
export function parseChange(text: string, services: readonly DescService[]): Change {
  const [, name = "", number, key = "", value = ""] = FORM.exec(text) ?? [];
  const wrong = (problem: string): CaptureError =>
    new CaptureError(`--set ${JSON.stringify(text)}: ${problem}; write billing.v1.BillingService/GetUsage: ${FORMS}`);
  if (name === "") throw wrong("is no change");
  const methods = services.flatMap(({ methods }) => methods);
  const method = methods.find(({ parent, name: its }) => `${parent.typeName}/${its}` === name);
  if (method === undefined) {
    const all = methods.map(({ parent, name: its }) => `${parent.typeName}/${its}`).join(", ");
    throw new CaptureError(`--set: this server has no upstream method ${name}; write one of ${all}`);
  }
  const delay = DELAYS[key]?.(microseconds(value));
  const [path, nth] = [`/${name}`, number === undefined ? undefined : Number(number)];
  if (key === "hang") return { path, nth, delay: () => Number.POSITIVE_INFINITY };
  if (delay !== undefined) {
    if (Number.isNaN(microseconds(value))) throw wrong(`${JSON.stringify(value)} is no duration`);
    return { path, nth, delay };
  }
  const answer = ANSWERS[key]?.(value, method);
  if (answer === undefined) throw wrong(`${JSON.stringify(`${key}=${value}`)} is none of the changes`);
  return { path, nth, delay: (us) => us, answer };
}

const DELAYS: Readonly<Record<string, (us: number) => Change["delay"]>> = {
  delay: (us) => () => us,
  faster: (us) => (captured) => Math.max(0, captured - us),
  slower: (us) => (captured) => captured + us,
};
const ANSWERS: Readonly<Record<string, (value: string, method: DescMethod) => AnswerEvent>> = {
  status(value) {
    const code = ERROR_CODES.find((code) => codeName(code) === value.toUpperCase());
    if (code === undefined) throw new CaptureError(`--set: status ${value} is none of ${Object.keys(Code).join(", ")}`);
    return ["fault", 0, 0, 0, 0, { kind: "status", code, message: "", upstreamText: "" }];
  },
  answer(value, { output }) {
    const registry = typesOf([], [output.file]);
    try {
      const bytes = Buffer.from(toBinary(output, readJson(output, value, { registry, ignoreUnknownFields: false })));
      return ["reply", 0, 0, 0, 0, bytes.toString("base64"), bytes.length];
    } catch (thrown) {
      throw new CaptureError(
        `--set: the answer is no ${output.typeName}: ${thrown instanceof Error ? thrown.message : thrown}`,
      );
    }
  },
};

function microseconds(text: string): number {
  const [, number, unit] = DURATION.exec(text) ?? [];
  return number === undefined ? Number.NaN : Math.round(Number(number) * (unit === "s" ? 1_000_000 : 1_000));
}

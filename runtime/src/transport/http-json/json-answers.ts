import type { Registry } from "@bufbuild/protobuf";
import { Code } from "../../failure.ts";
import type { ReplyReader } from "../../http-rule/reply-reader.ts";
import { isJsonType } from "../../wire/media-type.ts";
import type { AnswerFormat } from "../http/answer-format.ts";
import { httpFault } from "./http-failure.ts";

const NO_CONTENT = 204;

/** Form of the answers of an RPC in JSON. */
export function jsonAnswers(read: ReplyReader, registry: Registry): AnswerFormat {
  return {
    succeeds: (status) => status >= 200 && status < 300,
    refuses: (type, _, bytes) => (bytes === 0 || isJsonType(type) ? undefined : Code.INTERNAL),
    message(body, status) {
      const text = textOf(body);
      if (text === undefined) throw new Error("the body is not UTF-8");
      return read(text === "" && status === NO_CONTENT ? "{}" : text);
    },
    fault: (status, body, pushbackMs) => httpFault(status, body && textOf(body), pushbackMs, registry),
  };
}

const DECODER = new TextDecoder("utf-8", { fatal: true });
function textOf(body: Buffer): string | undefined {
  try {
    return DECODER.decode(body);
  } catch {
    return undefined;
  }
}

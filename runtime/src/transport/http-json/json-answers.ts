import type { Registry } from "@bufbuild/protobuf";
import { Code } from "../../failure.ts";
import type { ReplyReader } from "../../http-rule/reply-reader.ts";
import type { AnswerFormat } from "../http/answer-format.ts";
import { httpFault } from "./http-failure.ts";

const NO_CONTENT = 204;

/** Form of the answers of an RPC in JSON. */
export function jsonAnswers(read: ReplyReader, registry: Registry): AnswerFormat {
  return {
    succeeds: (status) => status >= 200 && status < 300,
    refuses: (type, _, bytes) => (bytes === 0 || isJson(type) ? undefined : Code.INTERNAL),
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

const JSON_TYPE = /^(?:application\/(?:[\w!#$&^.+-]+\+)?json|text\/json)$/i;
const CHARSET = /^charset\s*=\s*"?([^"]*)"?$/i;
const UTF8: ReadonlySet<string> = new Set(["utf-8", "utf8", "us-ascii"]);

/** Reports whether a content type is JSON in UTF-8. Other parameters are ignored. */
function isJson(type: string): boolean {
  const [first = "", ...parameters] = type.split(";").map((part) => part.trim());
  return (
    JSON_TYPE.test(first) &&
    parameters.every((parameter) => UTF8.has((CHARSET.exec(parameter)?.[1] ?? "utf-8").toLowerCase()))
  );
}

import { describe, expect, test } from "vitest";
import { requestFor, schemaOf } from "../../../test/support/request.ts";
import { carriedComment, isPrivateName, privateReason } from "./private-fields.ts";

/** The fields of a message with these lines. */
function fieldsOf(body: string) {
  const text = `syntax = "proto3";\npackage x.v1;\nmessage Key {}\nmessage PasswordHash {}\nmessage Money {}\n// For internal use.\nmessage Trace {}\nmessage M {\n${body}\n}\n`;
  const message = schemaOf(requestFor({ "x/v1/x.proto": text })).registry.getMessage("x.v1.M");
  return message?.fields ?? [];
}

describe("private names", () => {
  const WORDS = ["private", "internal", "secret", "cost", "margin", "token", "password", "ssn", "credential"];
  const AROUND = ["", "supplier_", "my2_", "the_"];
  const BEHIND = ["", "s", "_cents", "_hash", "_2", "2"];
  test.each(WORDS)("%s is private", (word) => {
    for (const before of AROUND)
      for (const behind of BEHIND) {
        const name = `${before}${word}${behind}`;
        const camel = name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
        for (const spelling of [name, camel, camel.charAt(0).toUpperCase() + camel.slice(1), name.toUpperCase()])
          expect(isPrivateName(spelling), spelling).toBe(true);
      }
  });
  test.each([
    ..."apiKey,API_KEY,apikey,access_token,accesstoken,refreshTokens,private_key,unitcost,scrubPII,taxId".split(","),
    ..."card_number,creditCardCvv,bank_account_number,token,tokens,new_token,reset_tokens,otp,passwd".split(","),
    ..."next_page_token_secret,page_token_password".split(","),
  ])("%s is private", (name) => expect(isPrivateName(name)).toBe(true));
  test.each([
    ..."page_token,next_page_token,nextPageToken,previous_page_token,continuation_token,sync_token,pageToken".split(
      ",",
    ),
    ..."token_count,max_tokens,total_tokens,prompt_tokens,completionTokens,token_usage,tokenizer,token_type".split(","),
    ..."margin_left,error_margin,marginTop,costume,accosted,secretary,secretariat,internals2d".split(",").slice(0, 7),
    ..."internationalization,privateer,passage,compass,assign,key,public_key,keys,sort_key,id,case_sensitive".split(
      ",",
    ),
    ..."marginal,tokenize,internet,international,classname,lessn,privates2".split(",").slice(0, 6),
  ])("%s is not private", (name) => expect(isPrivateName(name)).toBe(false));
});

describe("private fields", () => {
  test.each([
    ["string a = 1 [debug_redact = true];", "debug_redact", "debug_redact"],
    ["string unit_cost = 1;", "name: unit cost", "name: unit cost"],
    ["PasswordHash hash = 1;", "type: password", "type: password"],
    ["Trace trace = 1;", "comment of its type: for internal use", "comment of its type: for internal use"],
    ["string a = 1; // not for the public", "comment: not for the public", "comment: not for the public"],
    ["// Internal: do not use.\nstring a = 1;", "comment: internal", "comment: internal"],
    ["// MUST NOT be exposed.\nstring a = 1;", "comment: must not be exposed", "comment: must not be exposed"],
    ["/* Never\n * show\n * it. */\nstring a = 1;", "comment: never show", "comment: never show"],
    ["// What we pay; a cost.\nstring a = 1;", "comment: cost", undefined],
    ["// Names the secret to read.\nstring name = 1;", "comment: secret", undefined],
    ["// A token to retrieve the next page.\nstring next = 1;", undefined, undefined],
    ["// The `next_page_token` of the last call.\nstring from = 1;", undefined, undefined],
    ["// The token of the call before.\nstring page_token = 1;", undefined, undefined],
    ["// Answered for internal errors.\nstring a = 1;", undefined, undefined],
    ["// Something.\n// (-- internal: a note for the API's authors --)\nstring a = 1;", undefined, undefined],
    ["Key key = 1;", undefined, undefined],
    ["// The cost of the line.\nMoney cost = 1;", undefined, undefined],
    ["Money shipping_cost_usd = 1;", undefined, undefined],
    ["Money cost = 1; Money price = 2;", "name: cost", "name: cost"],
    ["Money unit_cost = 1;", "name: unit cost", "name: unit cost"],
    ["int64 cost = 1;", "name: cost", "name: cost"],
    ["// A secret cost.\nMoney cost = 1;", "comment: secret", undefined],
  ])("%s", (body, answer, request) => {
    const [field] = fieldsOf(body);
    expect(field && [privateReason(field, "answer"), privateReason(field, "request")]).toEqual([answer, request]);
  });
});

test("comments are copied by line, without directives and without mentions of private fields", () => {
  const long = Array.from({ length: 60 }, (_, i) => `// line ${i}`).join("\n");
  const [a, b, c, d, e] = fieldsOf(`
// What it is.
//   - one
//
// buf:lint:ignore FIELD_LOWER_SNAKE_CASE
string a = 1; // Behind it.
/* Over
 * lines. */
string b = 2;
// As secret as it gets.
string c = 3;
string d = 4;
${long}
string e = 5;`).map((field) => carriedComment(field));
  expect(a).toEqual(["// What it is.", "//   - one", "//", "//", "// Behind it."]);
  expect(b).toEqual(["// Over", "// lines."]);
  expect(c).toEqual([]);
  expect(d).toEqual([]);
  expect(e).toHaveLength(41);
});

// Every fault of a declaration alone: what is written, where the diagnostic points, what it says.
import { beforeAll, describe, expect, test } from "vitest";
import { explanations } from "../../../scripts/explanations.ts";
import { marked } from "../../../test/support/marked-source.ts";
import { requestFor, schemaOf } from "../../../test/support/request.ts";
import type { Diagnostic } from "../diagnostic/diagnostic.ts";
import { type DeclarationCode, declarationCodes } from "./codes.ts";
import { readIr } from "./read-ir.ts";

const SEVERITIES = new Map(explanations().map(({ code, severity }) => [code, severity]));

type Case = readonly [code: DeclarationCode, proto: string, message: string | RegExp];

const lets = (steps: string) => `message M { option (bff.v1.message) = { let: [${steps}] }; }`;
const call = (more: string) => lets(`{ call: { method: "p.S/M" ${more} } }`);
const upstream = (entry: string) => `option (bff.v1.file).upstream = ${entry};`;
const userFunction = (declared: string) => `option (bff.v1.file).function = ${declared};`;
const field = (rule: string) => `message M { string a = 1 [(bff.v1.field) = ${rule}]; }`;
const identity = (sources: string) => `option (bff.v1.file).identity = { ${sources} };`;
const source = (kind: string) => identity(`source: { name: "a" ${kind} }`);
const jwt = (more: string) => source(`jwt: { issuer: "https://a.b" audience: "c" ${more} }`);
const rpc = (body: string) =>
  `message M {} service S { option (bff.v1.service) = {}; rpc A(M) returns (M) { option idempotency_level = NO_SIDE_EFFECTS; option (bff.v1.method) = { ${body} }; } }`;
const following = (body: string) =>
  `message M {} service S { option (bff.v1.service) = {}; rpc A(M) returns (stream M) { option (bff.v1.method).stream = ${body}; } }`;
const stream = (body: string) => following(`{ var: "e" call: { method: "a.B/C" } ${body} }`);
const topic = (body: string, whole = false) =>
  `message M { int32 a = 1; } service S { option (bff.v1.service).topic = ${whole ? `«{ ${body} }»` : `{ ${body} }`}; rpc A(M) returns (M); }`;
const limit = (body: string, whole = false) =>
  `message M {} service S { option (bff.v1.service).rate_limit = ${whole ? `«${body}»` : body}; rpc A(M) returns (M); }`;
const permit = (body: string) =>
  `message M {} service S { option (bff.v1.service) = {}; rpc A(M) returns (M) { option (bff.v1.method).permit = { ${body} }; } }`;
const version = (body: string) =>
  `message M {} service S { option (bff.v1.service) = {}; rpc A(M) returns (M) { option (bff.v1.method).version = { ${body} }; } }`;
const http = (rule: string) =>
  `import "google/api/annotations.proto"; message M { string a = 1; } service S { option (bff.v1.service) = {}; rpc A(M) returns (M) { option (google.api.http) = { ${rule} }; } }`;
const usage = (content: string): string => `option (bff.v1.file) = { usage: { ${content} } };`;
const purge = (body: string) => `option (bff.v1.file).purge = ${body};`;
const telemetry = (body: string) => `option (bff.v1.file).telemetry = { ${body} };`;
const guard = (fail: string) => lets(`{ guard: { if: "x" fail: ${fail} } }`);

const faults: readonly Case[] = [
  [
    "BFF136",
    `import "google/protobuf/descriptor.proto"; extend google.protobuf.FieldOptions { string e = 50001 [(bff.v1.field).by = «"x"»]; }`,
    '"e" is an extension, not a field',
  ],
  [
    "BFF136",
    `import "google/protobuf/descriptor.proto"; message M { extend google.protobuf.FieldOptions { string e = 50002 [(bff.v1.field) = «{ by: "x" }»]; } }`,
    '"e" is an extension, not a field',
  ],
  [
    "BFF108",
    upstream(`{ forward: ["x", "y"] metadata: { name: «"y"» by: "1" } }`),
    'the metadata key "y" is set twice',
  ],
  ["BFF170", userFunction(`«{ name: "a.b" }»`), 'this function has no "result"'],
  ["BFF170", userFunction(`«{ result: "int" }»`), 'this function has no "name"'],
  ["BFF171", userFunction(`{ name: «"a"» result: "int" }`), '"a" is not a valid name of a function: it has no dot'],
  [
    "BFF171",
    userFunction(`{ name: «"a..b"» result: "int" }`),
    '"a..b" is not a valid name of a function: its parts are not identifiers',
  ],
  [
    "BFF171",
    userFunction(`{ name: «"a.in"» result: "int" }`),
    '"a.in" is not a valid name of a function: it contains a reserved word of expressions',
  ],
  [
    "BFF171",
    userFunction(`{ name: «"url.b"» result: "int" }`),
    '"url.b" is not a valid name of a function: "url" already has a meaning in expressions',
  ],
  [
    "BFF171",
    userFunction(`{ name: «"a.filter"» result: "int" }`),
    '"a.filter" is not a valid name of a function: its last part is a macro of expressions',
  ],
  ["BFF172", field(`{ by: "1" reads: «{ step: "a" }» }`), "`reads` needs a resolver, and `resolver` is not set here"],
  ["BFF101", lets(`«{ name: "a" }»`), "this step has no source"],
  ["BFF102", call(`timeout: «"5"»`), 'the duration "5" of "timeout" is malformed'],
  ["BFF102", upstream(`{ breaker: { window: «"1 s"» } }`), 'the duration "1 s" of "window" is malformed'],
  ["BFF103", call(`timeout: «"0s"»`), 'the duration "0s" of "timeout" is zero'],
  ["BFF103", call(`retry: { backoff: { max: «"-1s"» } }`), 'the duration "-1s" of "max" is negative'],
  ["BFF103", upstream(`{ timeout: «"99999m"» }`), 'the duration "99999m" of "timeout" is longer than 24 days'],
  ["BFF104", upstream(`{ breaker: { error_rate: «5» } }`), '"error_rate" is 5, which is not a ratio'],
  ["BFF104", upstream(`{ breaker: { error_rate: «0» } }`), '"error_rate" is 0, which is not a ratio'],
  ["BFF104", upstream(`{ breaker: { error_rate: «-0.5» } }`), '"error_rate" is -0.5, which is not a ratio'],
  ["BFF104", upstream(`{ breaker: { error_rate: «nan» } }`), '"error_rate" is NaN, which is not a ratio'],
  ["BFF105", call(`retry: { attempts: «0» }`), '"attempts" is 0'],
  ["BFF105", call(`limit: { concurrent: «0» }`), '"concurrent" is 0'],
  ["BFF105", upstream(`{ breaker: { minimum: «0» } }`), '"minimum" is 0'],
  ["BFF105", upstream(`{ breaker: { probes: «0» } }`), '"probes" is 0'],
  ["BFF104", upstream(`{ balance: { max_ejected: «50» } }`), '"max_ejected" is 50, which is not a ratio'],
  ["BFF105", upstream(`{ balance: { eject_after: «0» } }`), '"eject_after" is 0'],
  ["BFF105", upstream(`{ balance: { connections: «0» } }`), '"connections" is 0'],
  ["BFF102", upstream(`{ balance: { refresh: «"5"» } }`), 'the duration "5" of "refresh" is malformed'],
  ["BFF133", upstream(`{ method: "p.S/M" balance: «{ connections: 2 }» }`), 'a "balance" applies to a whole upstream'],
  ["BFF133", upstream(`{ method: "p.S/M" protocol: «HTTP_JSON» }`), 'a "protocol" applies to a whole upstream'],
  [
    "BFF194",
    "message M {} service S { option (bff.v1.service) = {}; rpc A(M) returns (M) { option (bff.v1.method).priority = «PRIORITY_UNSPECIFIED»; } }",
    '"PRIORITY_UNSPECIFIED" is not a class of requests',
  ],
  [
    "BFF187",
    upstream("{ protocol: «PROTOCOL_UNSPECIFIED» }"),
    '"PROTOCOL_UNSPECIFIED" is not a protocol of an upstream',
  ],
  ["BFF141", upstream("{ balance: «{}» }"), 'this "balance" sets no option'],
  [
    "BFF143",
    upstream("{ balance: { eject_after: 3 max_ejected: «0» } }"),
    "`max_ejected: 0` ejects no address: `eject_after` and `eject_for` have no effect",
  ],
  [
    "BFF159",
    upstream(`{ balance: { eject_for: «"6m"» } }`),
    '"eject_for" is "6m": an address is ejected for at most 5 minutes',
  ],
  [
    "BFF159",
    upstream(`{ balance: { refresh: «"900ms"» } }`),
    '"refresh" is "900ms": names are resolved at most once a second',
  ],
  ["BFF159", upstream(`{ balance: { connections: «9» } }`), '"connections" is 9: an address has at most 8 connections'],
  ["BFF105", call(`batch: { name: "ids" by: "x" items: "y" max: «0» }`), '"max" is 0'],
  ["BFF105", lets(`{ each: { var: "x" in: "y" by: "x" max: «0» } }`), '"max" is 0'],
  ["BFF105", lets(`{ each: { var: "x" in: "y" by: "x" concurrent: «0» } }`), '"concurrent" is 0'],
  ["BFF106", lets(`{ name: «"a-b"» by: "1" }`), '"a-b" is not a valid name of a step: it is not an identifier'],
  ["BFF106", lets(`{ name: «""» by: "1" }`), '"" is not a valid name of a step: it is not an identifier'],
  [
    "BFF106",
    lets(`{ each: { var: «"1x"» in: "y" by: "x" } }`),
    '"1x" is not a valid name of a variable: it is not an identifier',
  ],
  [
    "BFF106",
    lets(`{ compose: { message: "C" args: { name: «"a.b"» by: "1" } } }`),
    '"a.b" is not a valid name of an argument: it is not an identifier',
  ],
  [
    "BFF106",
    `option (bff.v1.file).env = { name: «"A B"» type: "int" };`,
    '"A B" is not a valid name of an environment variable: it is not an identifier',
  ],
  [
    "BFF107",
    lets(`{ name: «"in"» by: "1" }`),
    '"in" is not a valid name of a step: it is a reserved word of expressions',
  ],
  [
    "BFF107",
    lets(`{ name: «"has"» by: "1" }`),
    '"has" is not a valid name of a step: it is a function, macro or type of expressions',
  ],
  [
    "BFF107",
    lets(`{ name: «"size"» by: "1" }`),
    '"size" is not a valid name of a step: it is a function, macro or type of expressions',
  ],
  [
    "BFF107",
    lets(`{ name: «"now"» by: "1" }`),
    '"now" is not a valid name of a step: it is already a name in every expression',
  ],
  [
    "BFF107",
    lets(`{ each: { var: «"args"» in: "y" by: "x" } }`),
    '"args" is not a valid name of a variable: it is already a name in every expression',
  ],
  [
    "BFF107",
    lets(`{ compose: { message: "C" args: { name: «"true"» by: "1" } } }`),
    '"true" is not a valid name of an argument: it is a reserved word of expressions',
  ],
  ["BFF108", lets(`{ name: "a" by: "1" }, { name: «"a"» by: "2" }`), 'the name "a" belongs to an earlier step'],
  ["BFF108", call(`set: [{ name: "a.b" by: "1" }, { name: «"a.b"» by: "2" }]`), 'the request field "a.b" is set twice'],
  [
    "BFF108",
    call(`set: { name: «"ids"» by: "1" } batch: { name: "ids" by: "x" items: "y" }`),
    'the request field "ids" is set twice',
  ],
  ["BFF108", call(`metadata: [{ name: "a" by: "1" }, { name: «"a"» by: "2" }]`), 'the metadata key "a" is set twice'],
  [
    "BFF108",
    lets(`{ compose: { message: "C" args: [{ name: "a" by: "1" }, { name: «"a"» by: "2" }] } }`),
    'the argument "a" is set twice',
  ],
  [
    "BFF108",
    `option (bff.v1.file).env = { name: "A" type: "int" }; option (bff.v1.file).env = { name: «"A"» type: "int" };`,
    'the environment variable "A" is declared twice',
  ],
  ["BFF109", lets(`{ name: "a" by: «" "» }`), 'the expression of "by" is empty'],
  ["BFF109", guard(`{ code: ABORTED details: ["x", «""»] }`), 'the expression of "details" is empty'],
  ["BFF110", lets(`{ guard: «{ if: "x" }» }`), 'this guard has no "fail"'],
  ["BFF110", lets(`{ guard: «{ fail: { code: ABORTED } }» }`), 'this guard has no "if"'],
  [
    "BFF111",
    lets(`{ name: «"a"» guard: { if: "x" fail: { code: ABORTED } } }`),
    'a guard takes no "name": it has no value',
  ],
  [
    "BFF111",
    lets(`{ supplementary: «false» guard: { if: "x" fail: { code: ABORTED } } }`),
    'a guard takes no "supplementary": it has no value',
  ],
  [
    "BFF111",
    lets(`{ fallback: «"1"» guard: { if: "x" fail: { code: ABORTED } } }`),
    'a guard takes no "fallback": it has no value',
  ],
  [
    "BFF111",
    lets(`{ autobind: «true» guard: { if: "x" fail: { code: ABORTED } } }`),
    'a guard takes no "autobind": it has no value',
  ],
  ["BFF112", guard(`«{ message: "x" }»`), 'this failure has no "code"'],
  ["BFF112", guard("{ code: «OK» }"), "OK is not a failure"],
  ["BFF112", guard("{ code: «99» }"), "99 is not a status code"],
  ["BFF112", call("retry: { on: [«OK», ABORTED] }"), "OK is not a failure"],
  ["BFF112", call("on_error: { fail: { code: «OK» } }"), "OK is not a failure"],
  ["BFF147", guard("{ as_is: «true» }"), "`as_is` needs the status of an upstream, and here is none"],
  [
    "BFF147",
    call(`on_error: { fail: { as_is: «true» code: ABORTED message: "x" details: "y" } }`),
    "`as_is` has no effect beside `code`, `message` and `details`",
  ],
  ["BFF150", field(`{ by: "x" fallback: «"1"» }`), '"fallback" needs a copy, and "M" is no copy'],
  ["BFF148", call("retry: { on: [«ANY», ABORTED] }"), "`ANY` matches every code: the other codes have no effect"],
  ["BFF148", call("on_error: { fail: { code: «ANY» } }"), "`ANY` is not a status to fail with"],
  ["BFF113", guard(`{ code: ABORTED message: "a «{»b" }`), 'this "{" is not closed'],
  ["BFF113", guard(`{ code: ABORTED message: "\\u00e9 {{" " «{» }" }`), "these braces contain no expression"],
  ["BFF114", lets(`{ compose: «{}» }`), 'this "compose" has no "message"'],
  ["BFF115", lets(`{ each: «{ by: "x" }» }`), 'this "each" has no "var", "in"'],
  ["BFF115", lets(`{ each: «{ var: "x" in: "y" }» }`), 'this "each" has no source'],
  ["BFF116", lets(`{ name: "a" switch: «{ default: "1" }» }`), 'this "switch" has no cases'],
  ["BFF116", lets(`{ name: "a" switch: { case: [{ if: "x" by: "1" }, «{ by: "2" }»] } }`), 'this case has no "if"'],
  ["BFF117", lets(`{ call: «{}» }`), 'this call has no "method"'],
  ["BFF117", lets(`{ call: { method: «"p.S.M"» } }`), '"p.S.M" is not the name of an rpc'],
  ["BFF117", lets(`{ call: { method: «"/p.S/M"» } }`), '"/p.S/M" is not the name of an rpc'],
  ["BFF117", upstream(`{ method: «"M"» timeout: "1s" }`), '"M" is not the name of an rpc'],
  ["BFF118", call(`batch: «{ name: "ids" }»`), 'this batch has no "by", "items"'],
  ["BFF119", call(`set: «{ name: "a" }»`), 'this request field has no "by"'],
  ["BFF119", call(`set: «{ by: "1" }»`), 'this request field has no "name"'],
  ["BFF119", call(`set: { name: «"a"» spread: "args" }`), '"name" is set beside "spread"'],
  ["BFF119", call(`set: { by: «"a"» spread: "args" }`), '"by" is set beside "spread"'],
  ["BFF119", call(`metadata: { spread: «"args"» }`), "metadata cannot be spread"],
  ["BFF119", rpc(`header: { spread: «"args"» }`), "a header cannot be spread"],
  ["BFF196", rpc(`header: { name: «"Bad Name"» by: "'a'" }`), '"Bad Name" is not the name of a header'],
  ["BFF196", rpc(`header: { name: «"vary"» by: "'a'" }`), '"vary" is reserved for caches'],
  ["BFF196", rpc(`header: { name: «"a-bin"» by: "'a'" }`), '"a-bin" ends in "-bin", which marks bytes in gRPC'],
  [
    "BFF158",
    'service S { option (bff.v1.service) = { tool: { name: «"a"» } }; }',
    "`name` is an option of one tool, and this `tool` is for all rpcs of a service",
  ],
  ["BFF158", rpc("tool: { off: true max_bytes: «1» }"), "with `off` the rpc is no tool, and this option has no effect"],
  ["BFF181", rpc('tool: { name: «"a.b"» }'), '"a.b" is not a valid name of a tool'],
  ["BFF181", rpc('tool: { group: «"a b"» }'), '"a b" is not a valid name of a group of tools'],
  ["BFF198", rpc('tool: { wait: «"1s"» }'), '"A" returns one response, which `timeout` limits'],
  [
    "BFF199",
    "message M {} service S { option (bff.v1.service) = {}; rpc A(M) returns (M) { option (bff.v1.method).tool = «{}»; } }",
    '"A" may have side effects, and its `tool` has no `confirm`',
  ],
  ["BFF102", rpc('tool: { wait: «"1 s"» }'), /^the duration "1 s" of "wait"/],
  ["BFF105", rpc("tool: { max_bytes: «0» }"), '"max_bytes" is 0'],
  ["BFF119", rpc('tool: { hidden: «{ by: "1" }» }'), 'this hidden field has no "name"'],
  ["BFF119", rpc('tool: { hidden: { name: "a" by: "1" if: «"true"» } }'), "a hidden field has no `if`"],
  ["BFF199", rpc("tool: { confirm: «false» }"), '"A" has no side effects, so there is nothing to confirm'],
  ["BFF135", rpc('tool: { hidden: { name: «"a b"» } }'), '"a b" is not the name of a request field'],
  ["BFF119", lets(`{ compose: { message: "C" args: «{}» } }`), 'this argument has no "name"'],
  ["BFF120", call("on_error: «{ on: ABORTED }»"), "this rule sets no effect"],
  ["BFF120", call("on_error: { ignore: «false» }"), "`ignore: false` has no effect"],
  ["BFF121", call(`metadata: { name: «"X-Tenant"» by: "1" }`), '"X-Tenant" is not a metadata key'],
  ["BFF121", upstream(`{ forward: ["ok", «"not ok"»] }`), '"not ok" is not a metadata key'],
  [
    "BFF122",
    call(`metadata: { name: «"grpc-timeout"» by: "1" }`),
    'the metadata key "grpc-timeout" is reserved for the protocol',
  ],
  ["BFF122", upstream(`{ forward: «":path"» }`), 'the metadata key ":path" is reserved for the protocol'],
  ["BFF122", upstream(`{ forward: «"Content-Type"» }`), 'the metadata key "Content-Type" is reserved for the protocol'],
  ["BFF123", lets(`«{ by: "1" }»`), "this step has no name, so nothing can read its value"],
  [
    "BFF123",
    lets(`«{ switch: { case: { if: "x" by: "1" } } }»`),
    "this step has no name, so nothing can read its value",
  ],
  ["BFF124", field("«{}»"), "this rule sets no option"],
  ["BFF124", "option (bff.v1.file) = «{}»;", "this rule sets no option"],
  ["BFF124", upstream(`«{ method: "p.S/M" }»`), "this upstream entry has no policy"],
  [
    "BFF173",
    call(`batch: { name: "ids" by: "x" items: "y" key: "id" key_by: «"item.id"» }`),
    'this batch has a "key" and a "key_by"',
  ],
  ["BFF124", "enum E { option (bff.v1.enum) = «{}»; A = 0; }", "this rule sets no option"],
  ["BFF124", "enum E { A = 0 [(bff.v1.enum_value) = «{}»]; }", "this rule sets no option"],
  [
    "BFF124",
    "message M {} service S { option (bff.v1.service) = {}; rpc A(M) returns (M) { option (bff.v1.method) = «{}»; } }",
    "this rule sets no option",
  ],
  ["BFF125", field(`{ by: "1" if: «"x"» }`), '"if" is for members of a oneof, and "a" is not in a oneof'],
  [
    "BFF125",
    `message M { optional string a = 1 [(bff.v1.field) = { by: "1" default: «true» }]; }`,
    '"default" is for members of a oneof, and "a" is not in a oneof',
  ],
  ["BFF126", field(`{ by: "1" alias: «"x"» }`), 'the field "a" has two sources'],
  [
    "BFF126",
    `enum E { A = 0 [(bff.v1.enum_value) = { alias: "X" no_alias: «true» }]; }`,
    'the value "A" has both an "alias" and "no_alias"',
  ],
  [
    "BFF149",
    `enum E { A = 0 [(bff.v1.enum_value).text = ""]; «B» = 1; }`,
    'the value "B" has no text, and "A" has one',
  ],
  [
    "BFF127",
    `message M { option (bff.v1.message) = { alias: «"p.N"» let: { name: "a" by: "1" } }; }`,
    'this message has an "alias" and steps',
  ],
  ["BFF126", field(`{ by: "1" resolver: «true» }`), 'the field "a" has two sources'],
  [
    "BFF137",
    `message M { option (bff.v1.message) = { alias: "p.N" resolver: «true» }; }`,
    '"M" has both an "alias" and a "resolver"',
  ],
  [
    "BFF138",
    `message M { option (bff.v1.message).resolver = true; int32 a = 1 [(bff.v1.field).by = «"1"»]; }`,
    'a resolver supplies all fields of "M", including "a"',
  ],
  [
    "BFF138",
    `message M { option (bff.v1.message) = { resolver: true let: { name: "x" autobind: «true» by: "1" } }; }`,
    'a resolver supplies all fields of "M": "autobind" has no effect',
  ],
  [
    "BFF139",
    `message M { option (bff.v1.message).alias = "p.N"; int32 a = 1 [(bff.v1.field).resolver = «true»]; }`,
    '"M" is a copy: its fields come from its alias, not from a resolver',
  ],
  ["BFF128", `option (bff.v1.file).env = «{ type: "int" }»;`, 'this environment variable has no "name"'],
  ["BFF128", `option (bff.v1.file).env = «{ name: "A" }»;`, 'this environment variable has no "type"'],
  [
    "BFF128",
    `option (bff.v1.file).env = { name: "A" type: «"toString"» };`,
    'an environment variable cannot be of type "toString"',
  ],
  ["BFF129", `option (bff.v1.file).env = { name: "A" type: "int" default: «"1.5"» };`, '"1.5" is not of type "int"'],
  [
    "BFF129",
    `option (bff.v1.file).env = { name: "A" type: "int" default: «"9223372036854775808"» };`,
    '"9223372036854775808" is not of type "int"',
  ],
  [
    "BFF129",
    `option (bff.v1.file).env = { name: "A" type: "list(uint)" default: «"1,-1"» };`,
    '"1,-1" is not of type "list(uint)"',
  ],
  [
    "BFF129",
    `option (bff.v1.file).env = { name: "A" type: "map(string, int)" default: «"a=1,=2"» };`,
    '"a=1,=2" is not of type "map(string, int)"',
  ],
  [
    "BFF130",
    `option (bff.v1.file).env = { name: "A" type: "int" alternate: ["B", «"B"»] };`,
    '"B" is named twice for one variable',
  ],
  ["BFF129", `option (bff.v1.file).env = { name: "A" type: "bool" default: «"yes"» };`, '"yes" is not of type "bool"'],
  ["BFF129", `option (bff.v1.file).env = { name: "A" type: "double" default: «""» };`, '"" is not of type "double"'],
  [
    "BFF129",
    `option (bff.v1.file).env = { name: "A" type: "duration" default: «"5"» };`,
    '"5" is not of type "duration"',
  ],
  ["BFF130", call("retry: { on: [ABORTED, «ABORTED»] }"), "ABORTED is in the list twice"],
  ["BFF130", call(`forward: ["a", "b", «"a"»]`), '"a" is in the list twice'],
  ["BFF130", lets(`{ name: "b" by: "1" after: ["a", «"a"»] }`), '"a" is in the list twice'],
  ["BFF130", `enum E { option (bff.v1.enum) = { alias: ["p.A", «"p.A"»] }; A = 0; }`, '"p.A" is in the list twice'],
  [
    "BFF131",
    "message M {} service S { option (bff.v1.service) = {}; rpc «A»(stream M) returns (M); }",
    'the rpc "A" takes a stream from the client',
  ],
  ["BFF164", following("«{ call: { method: 'a.B/C' } }»"), 'this stream has no "var"'],
  ["BFF164", following('«{ var: "e" }»'), "this stream has no source"],
  ["BFF165", stream("ahead: «65»"), '"ahead" is 65, and each follower holds at most 64 items'],
  ["BFF165", stream("overflow: «OVERFLOW_UNSPECIFIED»"), /^"overflow" has no value/],
  ["BFF164", following(`{ var: "e" follow: «{ topic: "t" }» }`), 'this "follow" has no "key"'],
  ["BFF164", lets(`{ name: "a" latest: «{ key: "'k'" }» }`), 'this "latest" has no "topic"'],
  ["BFF165", topic('name: "t" type: "M" subject: "a.{key}" jetstream: "A" keep: «10001»'), /^"keep" is 10001/],
  [
    "BFF166",
    following(`{ var: "e" follow: { topic: "t" key: "'k'" } position: «"e.a"» }`),
    /^`position` is for a `call`/,
  ],
  ["BFF166", following(`{ var: "e" follow: { topic: "t" key: "'k'" } idle: «"1s"» }`), /^`idle` is for a `call`/],
  ["BFF636", following(`{ live: { every: "1s" } var: «"e"» }`), /^`var` has no effect with `live`/],
  ["BFF168", topic('type: "M" subject: "a.{key}" jetstream: "A"', true), "this topic has no name"],
  ["BFF168", topic('name: "t"', true), 'the topic "t" has no source'],
  ["BFF168", topic('name: "t" jetstream: «"A"»'), 'the topic "t" has no subject'],
  ["BFF168", topic('name: "t" subject: «"a.{key}"»'), /has no stream of JetStream for its subject$/],
  ["BFF168", topic('name: "t" call: «{ method: "a.B/C" }»'), / has no "position", so followers could not resume$/],
  [
    "BFF168",
    topic('name: "t" type: "M" subject: "a.{key}" jetstream: "A" position: «"event.a"»'),
    'the items of the topic "t" have positions in JetStream already',
  ],
  ["BFF168", topic('name: "t" subject: "a.{key}" jetstream: "A"', true), / has no "type", the message of its items$/],
  ["BFF169", topic('name: "t" type: "M" subject: «"a"» jetstream: "A"'), /has no `\{key\}`$/],
  [
    "BFF169",
    topic('name: "t" type: "M" subject: «"{key}.{key}"» jetstream: "A"'),
    /has braces other than one `\{key\}`$/,
  ],
  ["BFF169", topic('name: "t" type: "M" subject: «"a.*.{key}"» jetstream: "A"'), /has a wildcard or a space/],
  ["BFF169", topic('name: "t" type: "M" subject: «"a..{key}"» jetstream: "A"'), /has an empty part/],
  ["BFF166", stream('min_interval: «"1s"»'), /^`min_interval` drops items/],
  ["BFF166", stream("overflow: LATEST ahead: «2»"), /^`overflow: LATEST` composes one item/],
  ["BFF167", rpc(`stream: «{ var: "e" call: { method: "a.B/C" } }»`), /^the rpc "A" returns one message/],
  [
    "BFF132",
    `message M {} service S { rpc A(M) returns (M) { option (bff.v1.method) = «{ timeout: "1s" }»; } }`,
    '"S" is not a BFF service',
  ],
  [
    "BFF133",
    upstream(`{ service: «"p.S"» method: "p.S/M" timeout: "1s" }`),
    'this entry names a "service" and a "method"',
  ],
  ["BFF134", call("retry: { backoff: { multiplier: «0.5» } }"), '"multiplier" is 0.5, and waits must not shrink'],
  ["BFF134", call(`retry: { backoff: { initial: "1s" max: «"20ms"» } }`), '"max" is shorter than "initial"'],
  ["BFF135", lets(`{ compose: { message: «"a/b"» } }`), '"a/b" is not the name of a message'],
  ["BFF135", upstream(`{ service: «"p.S/M"» timeout: "1s" }`), '"p.S/M" is not the name of a service'],
  ["BFF135", field(`{ alias: «"a b"» }`), '"a b" is not the name of a field'],
  [
    "BFF140",
    upstream("{ breaker: { off: «true» minimum: 3 } }"),
    "this breaker is off: its other options have no effect",
  ],
  ["BFF141", call("retry: «{}»"), 'this "retry" sets no option'],
  ["BFF141", call("limit: «{}»"), 'this "limit" sets no option'],
  ["BFF141", upstream("{ breaker: «{}» }"), 'this "breaker" sets no option'],
  ["BFF102", call(`hedge: { delay: «"1"» }`), 'the duration "1" of "delay" is malformed'],
  ["BFF103", call(`cache: { ttl: «"-1s"» }`), 'the duration "-1s" of "ttl" is negative'],
  ["BFF105", upstream("{ retry_budget: { max_tokens: «0» } }"), '"max_tokens" is 0'],
  ["BFF104", upstream("{ retry_budget: { token_ratio: «2» } }"), '"token_ratio" is 2, which is not a ratio'],
  ["BFF104", upstream("{ breaker: { slow_rate: «0» } }"), '"slow_rate" is 0, which is not a ratio'],
  [
    "BFF133",
    upstream(`{ method: "p.S/M" retry_budget: «{ max_tokens: 3 }» }`),
    'a "retry_budget" applies to a whole upstream',
  ],
  ["BFF141", call("hedge: «{}»"), 'this "hedge" sets no option'],
  [
    "BFF143",
    call(`retry: { attempts: «1» if: "x" }`),
    "one attempt turns off retries: the other options here have no effect",
  ],
  ["BFF143", call(`hedge: { max: «0» delay: "1s" }`), "this hedge is off: the other options here have no effect"],
  ["BFF193", call(`hedge: { at_once: «true» budget: 0.5 }`), "this hedge has `at_once` and another option"],
  ["BFF195", `option (bff.v1.file).host = «"https://a.b"»;`, '"https://a.b" is no host name in lower case'],
  ["BFF195", `option (bff.v1.file) = { host: ["a.b", «"a.b"»] };`, 'the host "a.b" is listed twice'],
  ["BFF189", call(`shard: «{}»`), "this shard has no key"],
  ["BFF189", call(`shard: { by: "'a'" name: «"b"» }`), 'this shard has a "by" and a "name"'],
  [
    "BFF189",
    `option (bff.v1.file).upstream = { service: "up.v1.S" shard: { max: «1001» } };`,
    '"max" is 1001, but an upstream has at most 1000 shards',
  ],
  ["BFF133", `option (bff.v1.file).upstream = { shard: «{}» };`, /^a "shard" applies to one upstream/],
  ["BFF193", call(`hedge: { at_once: «true» max: 2 }`), "this hedge has `at_once` and another option"],
  ["BFF143", call(`cache: { ttl: «"0s"» stale: "1s" }`), "this cache is off: the other options here have no effect"],
  [
    "BFF144",
    `message M { oneof o { string a = 1 [(bff.v1.field) = { by: "x" if: «"y"» default: true }]; } }`,
    '"a" is the default member of a oneof, and has a condition',
  ],
  [
    "BFF145",
    upstream("{ retry_budget: { max_tokens: «2» } }"),
    "this budget allows no retry: the first failure uses half of it",
  ],
  [
    "BFF146",
    call(`on_error: [{ ignore: true }, «{ on: NOT_FOUND fail: {} }»]`),
    "this rule is never used: an earlier rule handles every error",
  ],
  [
    "BFF146",
    call(`on_error: [{ on: ABORTED ignore: true }, «{ on: ABORTED if: "x" fail: {} }»]`),
    "this rule is never used: earlier rules handle its codes",
  ],
  ["BFF142", telemetry(`attribute: ["args.a", «"args.a"»]`), 'the attribute "args.a" is in the list twice'],
  ["BFF104", telemetry("sample: «-0.1»"), '"sample" is -0.1, which is not a ratio'],
  ["BFF124", "option (bff.v1.file).telemetry = «{}»;", "this `telemetry` sets no option"],
  ["BFF197", telemetry('meter: «{ name: "a" }»'), 'this meter has no "by"'],
  ["BFF197", telemetry('meter: { name: «"a.b"» by: "1" }'), '"a.b" is not a valid name of a meter'],
  ["BFF197", telemetry('meter: { name: "a" by: "1" label: «{ name: "b" }» }'), 'this label has no "by"'],
  ["BFF440", usage('field: «{ name: "a" }»'), 'this field of `usage` has no "by"'],
  ["BFF440", usage('field: { name: «"A"» by: "1" }'), '"A" is not a valid name of a field'],
  ["BFF440", usage('field: { name: "a" by: "1" reveal: «"b"» }'), 'a field of `usage` has no "reveal"'],
  ["BFF440", usage('subject: «"a..b"»'), '"a..b" is not a subject of one event'],
  ["BFF525", "option (bff.v1.file).fair_share = «{ queue: 5 }»;", "these fair shares have no `key`"],
  ["BFF174", limit('{ name: "a" rate: 1 per: "1s" }', true), 'this limit has no "key"'],
  ["BFF174", limit('{ name: «"A b"» key: "x" rate: 1 per: "1s" }'), '"A b" is not a valid name of a limit'],
  ["BFF105", limit('{ name: "a" key: "x" rate: «0» per: "1s" }'), '"rate" is 0'],
  [
    "BFF175",
    limit('{ name: "a" key: "x" rate: «2000000000000» per: "1s" }'),
    '"rate" is 2000000000000, but a limit counts to at most 1000000000000',
  ],
  ["BFF176", limit('{ name: "a" key: "x" rate: 1 per: «"week"» }'), '"week" is not a period of a limit'],
  [
    "BFF177",
    limit('{ name: "a" key: "x" rate: 1 per: "1s" settle: «"y"» }'),
    "`settle` corrects a `cost`, and this limit has no `cost`",
  ],
  [
    "BFF177",
    limit('{ name: "a" key: "x" rate: 1 per: "1s" dry_run: true closed: «true» }'),
    "`closed` refuses callers, and this limit is in a dry run",
  ],
  ["BFF105", limit('{ name: "a" key: "x" rate: 90 per: "1s" lease: «0» }'), '"lease" is 0'],
  [
    "BFF177",
    limit('{ name: "a" key: "x" rate: 500 per: "1s" burst: 90 lease: «10» }'),
    '"lease" is 10, above a tenth of the burst of 90: processes would hold units that others need',
  ],
  [
    "BFF177",
    limit('{ name: "a" key: "x" rate: 90 per: "1s" cost: "y" settle: "y" lease: «9» }'),
    "a limit has `lease` or `settle`: the actual cost of a request may be above the leased units",
  ],
  [
    "BFF177",
    limit('{ name: "a" key: "x" rate: 90 per: "1s" dry_run: true lease: «9» }'),
    "a limit has `lease` or `dry_run`: a dry run refuses nobody",
  ],
  [
    "BFF177",
    limit('{ name: "a" key: "x" rate: 90 per: "month" lease: «9» }'),
    "a limit per month has no `lease`: units of a lease return within seconds, which may be in the next month",
  ],
  [
    "BFF178",
    rpc('cache: «{ stale: "60s" }»'),
    'this "cache" has no "ttl", the time for which a response may be reused',
  ],
  ["BFF809", rpc('cache: { ttl: "5s" tag: «""» }'), "this tag is empty, so no purge can name it"],
  [
    "BFF812",
    call(`cache: { ttl: «"25h"» tag: "a" }`),
    'tagged answers may be used for at most 24 h, but "ttl" is longer',
  ],
  ["BFF815", purge('«{ jetstream: "A" type: "M" tag: "a" }»'), 'this "purge" has no "subject"'],
  ["BFF815", purge('«{ subject: "a" type: "M" tag: "a" }»'), 'this "purge" has no "jetstream"'],
  ["BFF815", purge('«{ subject: "a" jetstream: "A" tag: "a" }»'), 'this "purge" has no "type"'],
  ["BFF815", purge('«{ subject: "a" jetstream: "A" type: "M" }»'), 'this "purge" has no "tag"'],
  ["BFF816", purge('{ subject: «"a.b*"» jetstream: "A" type: "M" tag: "a" }'), '"a.b*" is not a subject of NATS'],
  ["BFF816", purge('{ subject: «"a.>.b"» jetstream: "A" type: "M" tag: "a" }'), '"a.>.b" is not a subject of NATS'],
  ["BFF143", call(`cache: { ttl: «"0s"» tag: "a" }`), "this cache is off: the other options here have no effect"],
  ["BFF179", rpc('http_cache: { max_age: "30s" vary: «"*"» }'), 'with `vary: "*"` no cache ever reuses a response'],
  [
    "BFF182",
    upstream(`{ service: "up.v1.S" branch: { name: "canary" by: «"headers['x-tenant']"» } }`),
    '"by" needs "share", and this branch has no share',
  ],
  [
    "BFF183",
    upstream('{ service: "up.v1.S" branch: { name: «"Canary-2"» share: 0.05 } }'),
    '"Canary-2" is not a valid name of a branch: an environment variable ends with this name',
  ],
  [
    "BFF162",
    permit('let: { name: "a" by: "1" defer: «true» }'),
    "a decision takes no `defer`: a failed decision refuses the request",
  ],
  [
    "BFF661",
    `message M {} service S { option (bff.v1.service).let = { name: "a" by: "1" defer: «true» }; rpc A(M) returns (M); }`,
    "only steps of a message can be deferred: a step of a service belongs to no part of a response",
  ],
  [
    "BFF111",
    lets(`{ guard: { if: "x" fail: { code: ABORTED } } defer: «true» }`),
    'a guard takes no "defer": it has no value',
  ],
  [
    "BFF673",
    rpc('parts_timeout: «"1s"»'),
    '"parts_timeout" limits the parts of a response, and the response of "A" has no parts',
  ],
  [
    "BFF660",
    lets(`{ name: "a" by: "1" defer: true supplementary: «false» }`),
    "a deferred step is always supplementary: it may fail after the status was sent",
  ],
  ["BFF151", "option (bff.v1.file) = { identity: «{}» };", "this identity has no source, so it identifies no caller"],
  ["BFF151", identity(`source: «{ name: "a" }»`), "this source has no kind"],
  ["BFF152", source(`jwt: «{ issuer: "https://a.b" }»`), /^this source has no "audience": /],
  ["BFF152", source(`jwt: { issuer: «" "» audience: "b" }`), /^this source has no "issuer": /],
  ["BFF153", jwt(`algorithm: «"HS512"»`), /^HS512 signs and verifies with one shared secret/],
  ["BFF153", jwt(`algorithm: «"NONE"»`), 'tokens with "NONE" have no signature, so anybody could make one'],
  ["BFF153", jwt(`algorithm: ["ES256", «"ES257"»]`), '"ES257" is not a known algorithm for tokens'],
  ["BFF154", jwt(`jwks: «"http://127.0.0.1.example/jwks"»`), /is not an https address/],
  ["BFF154", source(`jwt: { issuer: «"https://a.b?c"» audience: "b" }`), /has a user, a fragment or a query/],
  ["BFF154", source(`assertion: { issuer: "g" keys: «"ftp://a.b/keys"» }`), /is not an https address/],
  ["BFF155", jwt(`header: «"sec-user"»`), 'the header "sec-user" has another meaning in a request'],
  ["BFF155", jwt(`header: "a" cookie: «"__Host-b"»`), 'this source has a "header" and a "cookie"'],
  [
    "BFF188",
    jwt(`cookie: «"token"»`),
    'other hosts of the domain could set the cookie "token" and make a user act as another user',
  ],
  ["BFF188", jwt(`cookie: «"__Secure-token"»`), /^other hosts of the domain could set the cookie "__Secure-token"/],
  [
    "BFF155",
    source(`session: { issuer: "https://a.b" client_id: "c" cookie: «"__Host-"» }`),
    /^other hosts of the domain/,
  ],
  ["BFF155", source(`api_key: { prefix: «"1_"» }`), '"1_" is not a valid prefix of keys'],
  ["BFF155", source(`api_key: { prefix: «"a${"b".repeat(31)}_"» }`), /is not a valid prefix of keys$/],
  ["BFF156", source(`peer: { dns: «"a.*b*.c"» }`), /`\*` matches a whole segment$/],
  ["BFF156", jwt(`subject: «"user-*"»`), /a SPIFFE ID begins with "spiffe:\/\/"$/],
  ["BFF156", source(`trusted: { header: "x" } from: «"spiffe://a.b/c d"»`), /has a character that names do not have$/],
  [
    "BFF157",
    identity(`source: [{ name: "a" api_key: {} }, { name: «"b"» api_key: { prefix: "b_" } }]`),
    /their prefixes do not separate them$/,
  ],
  [
    "BFF157",
    identity(`source: [{ name: "a" peer: { dns: "*.web.b.c" } }, { name: «"b"» peer: { dns: "my.*.b.c" } }]`),
    '"my.*.b.c" and a pattern of "a" match the same certificate',
  ],
  ["BFF109", permit('if: «" "»'), 'the expression of "if" is empty'],
  ["BFF130", permit('source: ["a", «"a"»]'), '"a" is in the list twice'],
  ["BFF130", permit('scope: ["a", «"a"»]'), '"a" is in the list twice'],
  ["BFF130", permit('role: ["a", «"a"»]'), '"a" is in the list twice'],
  ["BFF112", permit('if: "x" fail: { code: «OK» }'), "OK is not a failure"],
  ["BFF147", permit('if: "x" fail: { as_is: «true» }'), "`as_is` needs the status of an upstream, and here is none"],
  [
    "BFF192",
    upstream("{ identify: «IDENTIFY_UNSPECIFIED» }"),
    '"IDENTIFY_UNSPECIFIED" does not set whether the upstream receives the identity of the caller',
  ],
  [
    "BFF160",
    permit('public: «true» scope: "read"'),
    "`public` admits every caller: the other options of this permit have no effect",
  ],
  [
    "BFF160",
    `message M {} service S { option (bff.v1.service).permit = { public: «true» if: "x" }; rpc A(M) returns (M); }`,
    "`public` admits every caller: the other options of this permit have no effect",
  ],
  ["BFF161", permit('source: "a" fail: «{ message: "no" }»'), "`fail` belongs to an `if`, and this permit has no `if`"],
  ["BFF161", permit('if: "x" fail: { code: «UNAUTHENTICATED» }'), "a permit cannot refuse with UNAUTHENTICATED"],
  ["BFF161", permit('if: "x" fail: { code: «INTERNAL» }'), "a permit cannot refuse with INTERNAL"],
  [
    "BFF162",
    `message M {} service S { option (bff.v1.service).permit = { let: «{ name: "a" by: "1" }» }; rpc A(M) returns (M); }`,
    "a permit of a service cannot have a `let`: its steps could not read `args`",
  ],
  [
    "BFF162",
    permit('let: «{ guard: { if: "x" fail: { code: ABORTED } } }»'),
    "a decision has `call`, `by` or `switch` as its source, not `guard`",
  ],
  [
    "BFF162",
    permit('let: «{ name: "a" compose: { message: "M" } }»'),
    "a decision has `call`, `by` or `switch` as its source, not `compose`",
  ],
  [
    "BFF162",
    permit('let: «{ name: "a" each: { var: "x" in: "y" by: "x" } }»'),
    "a decision has `call`, `by` or `switch` as its source, not `each`",
  ],
  [
    "BFF162",
    permit('let: { name: "a" by: "1" supplementary: «true» }'),
    "a decision takes no `supplementary`: a failed decision refuses the request",
  ],
  [
    "BFF162",
    permit('let: { name: "a" by: "1" fallback: «"1"» }'),
    "a decision takes no `fallback`: a failed decision refuses the request",
  ],
  [
    "BFF162",
    permit('let: { name: "a" by: "1" autobind: «true» }'),
    "a decision takes no `autobind`: a failed decision refuses the request",
  ],
  [
    "BFF162",
    permit('let: { name: "a" by: "1" unordered: «true» }'),
    "a decision takes no `unordered`: a failed decision refuses the request",
  ],
  [
    "BFF162",
    permit('let: { name: "a" call: { method: "p.S/M" on_error: { ignore: «true» } } }'),
    "a decision takes no `ignore` in `on_error`: a failed decision refuses the request",
  ],
  [
    "BFF162",
    permit('let: { name: "a" call: { method: "p.S/M" on_error: { fallback: «"x"» } } }'),
    "a decision takes no `fallback` in `on_error`: a failed decision refuses the request",
  ],
  ["BFF163", permit('source: «""»'), '"" is not the name of a source'],
  ["BFF163", permit('scope: «" read"»'), '" read" is not the name of a scope'],
  ["BFF163", permit('role: «" "»'), '" " is not the name of a role'],
  ["BFF180", version('deprecated: «"2027-02-29"»'), '"2027-02-29" of "deprecated" is not a day'],
  ["BFF180", version('sunset: «"2027-2-1"»'), '"2027-2-1" of "sunset" is not a day'],
  ["BFF180", version('sunset: «""»'), '"" of "sunset" is not a day'],
  ["BFF180", version('sunset: «"+27-02-01"»'), '"+27-02-01" of "sunset" is not a day'],
  ["BFF180", version('sunset: «"2027-00-10"»'), '"2027-00-10" of "sunset" is not a day'],
  ["BFF184", http(`get: "«v»1"`), 'a path begins with "/"'],
  ["BFF184", http(`get: "/v1/{a=**}/«x»"`), 'only a verb may follow "**"'],
  ["BFF184", http(`get: "/v1/{a=«{»b}}"`), "a variable cannot contain another variable"],
  ["BFF184", http(`post: "/v1/{«1»}" body: "*"`), "a variable has the name of a field of the request"],
  ["BFF184", http(`get: "/v1/«{a»"`), 'this "{" is not closed'],
  ["BFF184", http(`get: "/v1/{a}«x»"`), "a variable matches whole segments"],
  ["BFF184", http(`get: "/v1/x«*»"`), '"*" matches a whole segment'],
  ["BFF184", http(`get: "/v1/«*»x"`), '"*" matches a whole segment'],
  ["BFF184", http(`get: "/v1/«%FF»"`), '"%FF" is not UTF-8 after decoding'],
  ["BFF184", http(`get: "/v1/«%2A»"`), 'the literal "*" looks like a pattern'],
  ["BFF184", http(`get: "/v1/«%2e%2E»/x"`), 'clients remove the segment ".." from a path'],
  ["BFF184", http(`get: "/v1/*:a«:»b"`), '":" is not allowed here'],
  ["BFF184", http(`get: "/v1/a«é»"`), '"é" is not allowed here'],
  ["BFF184", http(`custom: { kind: "HEAD" path: "/v1/«?»" }`), '"?" is not allowed here'],
  [
    "BFF185",
    http(`body: "*"`).replace("{ body", "«{ body").replace('"*" };', '"*" }»;'),
    "this rule has no method and path",
  ],
  ["BFF185", http(`custom: { kind: «"TRACE"» path: "/v1" }`), '"TRACE" is a method that the server answers itself'],
  ["BFF185", http(`custom: { kind: «"a b"» path: "/v1" }`), '"a b" is not a method of HTTP'],
  [
    "BFF185",
    http(`get: "/v1" additional_bindings: { get: "/v2" additional_bindings: «{ get: "/v3" }» }`),
    "a binding inside `additional_bindings` cannot have additional bindings",
  ],
  ["BFF186", http(`get: "/v1" body: «"a"»`), "a request with GET has no body"],
  ["BFF186", http(`delete: "/v1" body: «"*"»`), "a request with DELETE has no body"],
  [
    "BFF186",
    http(`put: "/v1" additional_bindings: { custom: { kind: "HEAD" path: "/v1" } body: «"*"» }`),
    "a request with HEAD has no body",
  ],
  [
    "BFF105",
    "message M {} service S { option (bff.v1.service) = {}; rpc A(M) returns (M) { option (bff.v1.method).max_calls = «0»; } }",
    '"max_calls" is 0',
  ],
];

const fine: readonly string[] = [
  purge('{ subject: "a.*.>" jetstream: "A" type: "M" tag: "a" }'),
  lets(`{ name: "a" by: "1" }, { name: "class" by: "2" }, { name: "first" by: "3" }`),
  lets(
    `{ autobind: true by: "x" }, { call: { method: "S/M" } }, { compose: { message: ".p.C" args: { spread: "args" } } }`,
  ),
  lets(
    `{ each: { var: "x" in: "y" by: "x" } }, { guard: { if: "x" fail: { code: ABORTED message: "{{ } {a.map(x, {'}': x})}" } } }`,
  ),
  call(`limit: { queued: 0 } retry: { attempts: 2 backoff: { initial: "20ms" max: "20ms" multiplier: 1 } }`),
  call(`on_error: [{ on: NOT_FOUND ignore: true }, { if: "x" fallback: "x" }, { fail: {} }] idempotent: false`),
  call(`set: [{ name: "a.b" by: "1" }, { name: "a.c" by: "1" if: "x" }, { spread: "args" }, { spread: "other" }]`),
  call(`metadata: { name: "x_a.b-1-bin" by: "1" } forward: "user-agent"`),
  upstream(`{ breaker: { off: true } }`),
  upstream(`{ breaker: { error_rate: 1 window: "1.5m" } }`),
  upstream(`{ service: "p.S" idempotent: true }`),
  upstream(`{ balance: { max_ejected: 0 } }`),
  upstream(`{ protocol: HTTP_JSON }`),
  upstream(`{ service: "p.S" protocol: GRPC }`),
  upstream(`{ service: "p.S" protocol: CONNECT }`),
  upstream(`{ balance: { eject_after: 1 eject_for: "5m" max_ejected: 1 refresh: "1s" connections: 8 } }`),
  upstream(`{ cache: { ttl: "1.5h" stale: "2d" } }`),
  jwt(
    `jwks: "http://[::1]:80/jwks" cookie: "__Host-token" leeway: "1ms" max_stale: "400d" subject: "spiffe://a.b/*/c"`,
  ),
  source(`jwt: { issuer: "accounts.example" audience: ["a", "b-{env.X}"] jwks: "{env.KEYS}" }`),
  source(`session: { issuer: "{env.X}" client_id: "a" cookie: "__Host-a" idle: "1h" absolute: "1h" }`),
  identity(
    `source: [{ name: "a" api_key: { header: "authorization" prefix: "a_" } }, { name: "b" api_key: { header: "authorization" prefix: "b_" } },
     { name: "c" jwt: { issuer: "https://a.b" audience: "c" } }, { name: "d" jwt: { issuer: "https://a.c" audience: "c" } },
     { name: "e" jwt: { issuer: "https://a.b" audience: "c" header: "x-token" } }, { name: "f" peer: { dns: ["a.*.b.c", "*.b.d"] } },
     { name: "g" peer: { dns: "b.*.b.c" spiffe: "spiffe://a.b/*/x" } }, { name: "h" assertion: { issuer: "g" keys: "/run/keys" } },
     { name: "i" trusted: { header: "x-claims-bin" } from: ["spiffe://a.b/c", "*.b.c"] }]`,
  ),
  `option (bff.v1.file) = { env: [{ name: "A" type: "int" default: "-9223372036854775808" }, { name: "B" type: "bool" default: "false" },
     { name: "C" type: "double" default: "-1e3" }, { name: "D" type: "duration" default: "0s" }, { name: "E" type: "list(string)" default: "" }] };`,
  `message M { option (bff.v1.message) = {}; oneof o { string a = 1 [(bff.v1.field) = { by: "1" if: "x" }]; string b = 2 [(bff.v1.field).default = true]; } }`,
  `message M { option (bff.v1.message).alias = "p.N"; string a = 1 [(bff.v1.field).alias = "x"]; }`,
  `message M {} service S { option (bff.v1.service) = { let: { name: "a" by: "1" } }; rpc A(M) returns (M); }`,
  permit("public: true"),
  "message M {} service S { option (bff.v1.service) = {}; rpc A(M) returns (M); } service T { rpc A(stream M) returns (M); }",
];

describe("faults of declarations", () => {
  const found = new Map<string, Diagnostic[]>();
  const name = (index: number) => `f${index}.proto`;
  const sources = [...faults.map(([, proto]) => proto), ...fine].map((proto, index) =>
    marked(name(index), `syntax = "proto3"; package p${index}; import "bff/v1/options.proto";\n${proto}`),
  );
  beforeAll(() => {
    const files = Object.fromEntries(sources.map(({ text }, index) => [name(index), text]));
    readIr(
      schemaOf(requestFor(files)),
      (file) => files[file],
      (diagnostic) => found.set(diagnostic.at.file, [...(found.get(diagnostic.at.file) ?? []), diagnostic]),
    );
  });

  test.each(faults.map((fault, index) => ({ code: fault[0], proto: fault[1], message: fault[2], index })))(
    "$code $proto",
    ({ code, message, index }) => {
      const { places } = sources[index]!;
      expect(places).toHaveLength(1);
      expect(found.get(name(index))?.map(({ code, message, at }) => ({ code, message, at }))).toEqual([
        { code, message: typeof message === "string" ? message : expect.stringMatching(message), at: places[0] },
      ]);
      const [diagnostic] = found.get(name(index)) ?? [];
      expect(diagnostic?.hint).toMatch(/^[^A-Z].*[^.]$/);
      expect(diagnostic?.severity).toBe(SEVERITIES.get(code));
    },
  );

  test.each(fine.map((proto, index) => ({ proto, index: faults.length + index })))(
    "$proto has no fault",
    ({ index }) => {
      expect(found.get(name(index)) ?? []).toEqual([]);
    },
  );

  // BFF191 is about the options' own files, and has its golden alone.
  test("every code is tested", () => {
    const untested = Object.keys(declarationCodes).filter((code) => !faults.some(([tested]) => tested === code));
    expect(untested).toEqual(["BFF191"]);
  });
});

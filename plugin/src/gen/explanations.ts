// Written by `npm run docs`. Do not edit.
import type { Explanation } from "../diagnostic/explanation.ts";

export const EXPLANATIONS: readonly Explanation[] = [
  {
    "code": "BFF101",
    "severity": "error",
    "meaning": "A step says exactly one source: `by`, `call`, `compose`, `each`, `switch`, `guard` or `latest`. Without one there is nothing to run, and with two it is not clear which one counts.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" }\n  };\n  string name = 1 [(bff.v1.field).by = \"args.id\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:10: error BFF101: this step has no source\n    22 |     let: { name: \"item\" }\n       |          ^^^^^^^^^^^^^^^^\n  hint: add one of `by`, `call`, `compose`, `each`, `switch`, `guard`, `latest`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" by: \"args.id\" }\n  };\n  string name = 1 [(bff.v1.field).by = \"item\"];\n}"
      }
    ]
  },
  {
    "code": "BFF102",
    "severity": "error",
    "meaning": "A duration is a number followed by `ms`, `s`, `m`, `h` or `d`. A bare number would leave it to the reader whether 5 means milliseconds or seconds.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } timeout: \"5\" } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:112: error BFF102: the duration \"5\" of \"timeout\" is malformed\n    22 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } timeout: \"5\" } }\n       |                                                                                                                ^^^\n  hint: write the unit, as in \"5ms\" or \"5s\""
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } timeout: \"5ms\" } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF103",
    "severity": "error",
    "meaning": "A duration is more than zero, and at most 24 days: a call with no time always fails, and timers hold no longer than that.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } timeout: \"0s\" } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:112: error BFF103: the duration \"0s\" of \"timeout\" is zero\n    22 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } timeout: \"0s\" } }\n       |                                                                                                                ^^^^\n  hint: write a duration of more than zero, or leave it out for the default"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } timeout: \"1s\" } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF104",
    "severity": "error",
    "meaning": "A ratio is more than 0 and at most 1. A percentage written as it is would never be reached, and a breaker with it would never open.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file).upstream = { breaker: { error_rate: 5 } };"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:7:58: error BFF104: \"error_rate\" is 5, which is not a ratio\n    7 | option (bff.v1.file).upstream = { breaker: { error_rate: 5 } };\n      |                                                          ^\n  hint: write a number above 0 and up to 1: write 0.05 for 5 %"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file).upstream = { breaker: { error_rate: 0.05 } };"
      }
    ]
  },
  {
    "code": "BFF105",
    "severity": "error",
    "meaning": "A number is at least 1 where zero would mean nothing, such as zero attempts, which would never make the call.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } retry: { attempts: 0 } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:122: error BFF105: \"attempts\" is 0\n    22 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } retry: { attempts: 0 } } }\n       |                                                                                                                          ^\n  hint: write 1 to turn retrying off: attempts count the first one too"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } retry: { attempts: 1 } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF106",
    "severity": "error",
    "meaning": "A name is an identifier: letters, digits and underscores, not beginning with a digit. Expressions read it by that name.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"my-item\" by: \"1\" },\n      // …\n    ]\n  };\n  string name = 1 [(bff.v1.field).by = \"item.name\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:23:15: error BFF106: \"my-item\" cannot name a step: it is not an identifier\n    23 |       { name: \"my-item\" by: \"1\" },\n       |               ^^^^^^^^^\n  hint: write \"my_item\""
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"my_item\" by: \"args.id + '!'\" },\n      // …\n    ]\n  };\n  string name = 1 [(bff.v1.field).by = \"item.name + my_item\"];\n}"
      }
    ]
  },
  {
    "code": "BFF107",
    "severity": "error",
    "meaning": "A name is not one that expressions already give a meaning to, because nobody could tell which of the two an expression reads.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"names\" each: { var: \"args\" in: \"args.ids\" by: \"args\" } },\n      // …\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:23:36: error BFF107: \"args\" cannot name a variable: it is already in scope of every expression\n    23 |       { name: \"names\" each: { var: \"args\" in: \"args.ids\" by: \"args\" } },\n       |                                    ^^^^^^\n  hint: choose another name, as in \"args_value\""
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"names\" each: { var: \"id\" in: \"args.ids\" by: \"id + '!'\" } },\n      // …\n    ]\n  };\n  // …\n  repeated string names = 2 [(bff.v1.field).by = \"names\"];\n}"
      }
    ]
  },
  {
    "code": "BFF108",
    "severity": "error",
    "meaning": "A name is declared once in its scope, because the second one would silently take the place of the first.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: [ { name: \"id\" by: \"args.id\" }, { name: \"id\" by: \"'fixed'\" } ] } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:114: error BFF108: the request field \"id\" is given twice\n    22 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: [ { name: \"id\" by: \"args.id\" }, { name: \"id\" by: \"'fixed'\" } ] } }\n       |                                                                                                                  ^^^^\n  app/v1/app.proto:22:84: first here\n    22 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: [ { name: \"id\" by: \"args.id\" }, { name: \"id\" by: \"'fixed'\" } ] } }\n       |                                                                                    ^^^^\n  hint: leave out one of them"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: [ { name: \"id\" by: \"args.id\" }, { name: \"locale\" by: \"'en'\" } ] } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF109",
    "severity": "error",
    "meaning": "An expression is not empty, because an empty one has no value to bind.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"text\" by: \" \" },\n      // …\n    ]\n  };\n  string name = 1 [(bff.v1.field).by = \"item.name\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:23:26: error BFF109: \"by\" is empty\n    23 |       { name: \"text\" by: \" \" },\n       |                          ^^^\n  hint: write an expression, or leave it out"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"text\" by: \"args.id + '!'\" },\n      // …\n    ]\n  };\n  string name = 1 [(bff.v1.field).by = \"item.name + text\"];\n}"
      }
    ]
  },
  {
    "code": "BFF110",
    "severity": "error",
    "meaning": "A guard says both `if` and `fail`: when the response fails, and what the client is told.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { guard: { if: \"args.id == ''\" } },\n      // …\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:23:16: error BFF110: this guard has no \"fail\"\n    23 |       { guard: { if: \"args.id == ''\" } },\n       |                ^^^^^^^^^^^^^^^^^^^^^^^\n  hint: say when it fails the response (`if`) and with what status (`fail`)"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { guard: { if: \"args.id == ''\" fail: { code: INVALID_ARGUMENT } } },\n      // …\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF111",
    "severity": "error",
    "meaning": "A guard has no value, so it takes no `name`, `supplementary`, `fallback` or `autobind`: nothing could be read from it, and a guard that may be ignored guards nothing.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"check\" guard: { if: \"args.id == ''\" fail: { code: INVALID_ARGUMENT } } },\n      // …\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:23:15: error BFF111: a guard takes no \"name\": it has no value\n    23 |       { name: \"check\" guard: { if: \"args.id == ''\" fail: { code: INVALID_ARGUMENT } } },\n       |               ^^^^^^^\n  hint: leave it out"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { guard: { if: \"args.id == ''\" fail: { code: INVALID_ARGUMENT } } },\n      // …\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF112",
    "severity": "error",
    "meaning": "A status to fail with is a status code other than OK, and a guard says which. A failure with OK would reach the client as a success without an answer.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { guard: { if: \"args.id == ''\" fail: { code: OK } } },\n      // …\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:23:52: error BFF112: OK is not a failure\n    23 |       { guard: { if: \"args.id == ''\" fail: { code: OK } } },\n       |                                                    ^^\n  hint: write another status code"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { guard: { if: \"args.id == ''\" fail: { code: INVALID_ARGUMENT } } },\n      // …\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF113",
    "severity": "error",
    "meaning": "The braces of a failure's `message`, or of what a source of an identity says, hold expressions, and are closed. A brace left open would end up in the text.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { guard: { if: \"args.id == ''\" fail: { code: INVALID_ARGUMENT message: \"no {args.id\" } } },\n      // …\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:23:82: error BFF113: this \"{\" is never closed\n    23 |       { guard: { if: \"args.id == ''\" fail: { code: INVALID_ARGUMENT message: \"no {args.id\" } } },\n       |                                                                                  ^\n  hint: close the expression with \"}\", or write \"{{\" for a brace"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { guard: { if: \"args.id == ''\" fail: { code: INVALID_ARGUMENT message: \"no {args.id}\" } } },\n      // …\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF114",
    "severity": "error",
    "meaning": "A `compose` names its message, because that message says what is composed.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"card\" compose: { args: { name: \"id\" by: \"args.id\" } } },\n      // …\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:23:31: error BFF114: this \"compose\" has no \"message\"\n    23 |       { name: \"card\" compose: { args: { name: \"id\" by: \"args.id\" } } },\n       |                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: add the message to compose"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"card\" compose: { message: \"Card\" args: { name: \"id\" by: \"args.id\" } } },\n      // …\n    ]\n  };\n  // …\n  Card card = 2 [(bff.v1.field).by = \"card\"];\n}\n\nmessage Card {\n  string text = 1 [(bff.v1.field).by = \"args.id\"];\n}"
      }
    ]
  },
  {
    "code": "BFF115",
    "severity": "error",
    "meaning": "An `each` says `var`, `in` and one source: the name of an item, the list, and what is done with each item.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"names\" each: { in: \"args.ids\" by: \"1\" } },\n      // …\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:23:29: error BFF115: this \"each\" has no \"var\"\n    23 |       { name: \"names\" each: { in: \"args.ids\" by: \"1\" } },\n       |                             ^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: say the variable (`var`), the list (`in`) and what to do with each item (`by`, `call` or `compose`)"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"names\" each: { var: \"id\" in: \"args.ids\" by: \"id + '!'\" } },\n      // …\n    ]\n  };\n  // …\n  repeated string names = 2 [(bff.v1.field).by = \"names\"];\n}"
      }
    ]
  },
  {
    "code": "BFF116",
    "severity": "error",
    "meaning": "A `switch` has cases, each with `if` and `by`. A case without one of them could not be chosen or would give no value.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"kind\" switch: { case: { if: \"args.id == ''\" } } },\n      // …\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:23:38: error BFF116: this case has no \"by\"\n    23 |       { name: \"kind\" switch: { case: { if: \"args.id == ''\" } } },\n       |                                      ^^^^^^^^^^^^^^^^^^^^^^^\n  hint: say when it holds (`if`) and its value (`by`)"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"kind\" switch: { case: { if: \"args.id == ''\" by: \"'none'\" } default: \"'one'\" } },\n      // …\n    ]\n  };\n  // …\n  string kind = 2 [(bff.v1.field).by = \"kind\"];\n}"
      }
    ]
  },
  {
    "code": "BFF117",
    "severity": "error",
    "meaning": "A call names its method as \"package.Service/Method\", so that it can be looked up in the protos of the upstream.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService.GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:41: error BFF117: \"up.v1.ItemService.GetItem\" does not name an rpc\n    22 |     let: { name: \"item\" call: { method: \"up.v1.ItemService.GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n       |                                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: write \"up.v1.ItemService/GetItem\""
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF118",
    "severity": "error",
    "meaning": "A batch says `name`, `by` and `items`. Without them it is not known which request field takes the keys, what the key is, or where the items of the answer stand.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/BatchGetItems\" batch: { name: \"ids\" items: \"items\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:82: error BFF118: this batch has no \"by\"\n    22 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/BatchGetItems\" batch: { name: \"ids\" items: \"items\" } } }\n       |                                                                                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: say the request field for the keys (`name`), the key (`by`) and the response field with the items (`items`)"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/BatchGetItems\" batch: { name: \"ids\" by: \"args.id\" items: \"items\" key: \"id\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF119",
    "severity": "error",
    "meaning": "A named value says `name` and `by`, or `spread` alone. Half of it would set nothing.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:74: error BFF119: this request field has no \"by\"\n    22 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" } } }\n       |                                                                          ^^^^^^^^^^^^^^\n  hint: write `{ name: \"…\" by: \"…\" }`, or `{ spread: \"…\" }`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF120",
    "severity": "error",
    "meaning": "An `on_error` rule says what to do: `ignore: true`, `fallback` or `fail`. A rule that only matches an error changes nothing.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } on_error: { on: NOT_FOUND } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:113: error BFF120: this rule does not say what to do\n    22 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } on_error: { on: NOT_FOUND } } }\n       |                                                                                                                 ^^^^^^^^^^^^^^^^^\n  hint: add `ignore: true`, `fallback` or `fail`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } on_error: { on: NOT_FOUND fail: { code: INVALID_ARGUMENT } } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF121",
    "severity": "error",
    "meaning": "A metadata key is a lower-case header name, as HTTP/2 has it: others are refused on the wire, at run time.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } metadata: { name: \"X-Team\" by: \"'shop'\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:121: error BFF121: \"X-Team\" is not a metadata key\n    22 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } metadata: { name: \"X-Team\" by: \"'shop'\" } } }\n       |                                                                                                                         ^^^^^^^^\n  hint: write \"x-team\""
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } metadata: { name: \"x-team\" by: \"'shop'\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF122",
    "severity": "error",
    "meaning": "A metadata key is not one that gRPC or HTTP needs for itself, because setting it would break deadlines, encodings or framing.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } metadata: { name: \"grpc-timeout\" by: \"'1S'\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:121: error BFF122: the metadata key \"grpc-timeout\" is reserved for the protocol\n    22 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } metadata: { name: \"grpc-timeout\" by: \"'1S'\" } } }\n       |                                                                                                                         ^^^^^^^^^^^^^^\n  hint: choose another key"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } metadata: { name: \"x-team\" by: \"'shop'\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF123",
    "severity": "error",
    "meaning": "A step that only computes a value has a name (or fills fields by `autobind`), because otherwise nothing can read what it computes.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { by: \"args.id\" },\n      // …\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:23:7: error BFF123: nothing can read the value of this step: it has no name\n    23 |       { by: \"args.id\" },\n       |       ^^^^^^^^^^^^^^^^^\n  hint: add `name`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"label\" by: \"'item ' + args.id\" },\n      // …\n    ]\n  };\n  // …\n  string label = 2 [(bff.v1.field).by = \"label\"];\n}"
      }
    ]
  },
  {
    "code": "BFF124",
    "severity": "error",
    "meaning": "A rule says something. An empty one is usually a rule that was meant to say more.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  string id = 2 [(bff.v1.field) = {}];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:25:35: error BFF124: this rule says nothing\n    25 |   string id = 2 [(bff.v1.field) = {}];\n       |                                   ^^\n  hint: add `by`, `alias` or `resolver`, or leave it out"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  string id = 2 [(bff.v1.field) = { by: \"item.id\" }];\n}"
      }
    ]
  },
  {
    "code": "BFF125",
    "severity": "error",
    "meaning": "`if` and `default` stand on the members of a oneof, because they choose among members; other fields always have their value.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  string name = 1 [(bff.v1.field) = { by: \"item.name\" if: \"args.count > 0\" }];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:59: error BFF125: \"if\" stands on a field that is not in a oneof\n    24 |   string name = 1 [(bff.v1.field) = { by: \"item.name\" if: \"args.count > 0\" }];\n       |                                                           ^^^^^^^^^^^^^^^^\n  hint: leave it out, or use `optional` and a conditional expression with `optional.none()`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  optional string name = 1 [(bff.v1.field).by = \"args.count > 0 ? optional.of(item.name) : optional.none()\"];\n}"
      }
    ]
  },
  {
    "code": "BFF126",
    "severity": "error",
    "meaning": "A field takes its value from one source, because with two it is not clear which one wins.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  string name = 1 [(bff.v1.field) = { by: \"item.name\" alias: \"name\" }];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:62: error BFF126: the field \"name\" has two sources\n    24 |   string name = 1 [(bff.v1.field) = { by: \"item.name\" alias: \"name\" }];\n       |                                                              ^^^^^^\n  app/v1/app.proto:24:43: the other one\n    24 |   string name = 1 [(bff.v1.field) = { by: \"item.name\" alias: \"name\" }];\n       |                                           ^^^^^^^^^^^\n  hint: leave out one of them"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  string name = 1 [(bff.v1.field) = { by: \"item.name\" }];\n}"
      }
    ]
  },
  {
    "code": "BFF127",
    "severity": "error",
    "meaning": "A message is composed or copied from an alias, not both: a copy has no place where steps could run.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Size {\n  option (bff.v1.message) = { alias: \"up.v1.Size\" let: { name: \"x\" by: \"1\" } };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:29:38: error BFF127: this message has an \"alias\" and steps\n    29 |   option (bff.v1.message) = { alias: \"up.v1.Size\" let: { name: \"x\" by: \"1\" } };\n       |                                      ^^^^^^^^^^^^\n  app/v1/app.proto:29:56: the first step\n    29 |   option (bff.v1.message) = { alias: \"up.v1.Size\" let: { name: \"x\" by: \"1\" } };\n       |                                                        ^^^^^^^^^^^^^^^^^^^^^\n  hint: leave out one of them"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Size {\n  option (bff.v1.message) = { alias: \"up.v1.Size\" };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF128",
    "severity": "error",
    "meaning": "An environment variable has a name and one of the types that text can be read as, because the server reads and checks it when it starts.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file).env = { name: \"LIMIT\" type: \"int32\" };\n\nmessage Page {\n  // …\n  string name = 1 [(bff.v1.field).by = \"item.name\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:7:50: error BFF128: an environment variable cannot be of type \"int32\"\n    7 | option (bff.v1.file).env = { name: \"LIMIT\" type: \"int32\" };\n      |                                                  ^^^^^^^\n  hint: write one of string, int, uint, bool, double, duration, or a list or a map of them: list(int), map(string, int)"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file).env = { name: \"LIMIT\" type: \"int\" default: \"10\" };\n\nmessage Page {\n  // …\n  string name = 1 [(bff.v1.field).by = \"env.LIMIT > args.count ? item.name : args.id\"];\n}"
      }
    ]
  },
  {
    "code": "BFF129",
    "severity": "error",
    "meaning": "The default of an environment variable is of its type, because it takes the place of a text that would be read as that type.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file).env = { name: \"LIMIT\" type: \"int\" default: \"many\" };\n\nmessage Page {\n  // …\n  string name = 1 [(bff.v1.field).by = \"item.name\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:7:65: error BFF129: \"many\" is not of type \"int\"\n    7 | option (bff.v1.file).env = { name: \"LIMIT\" type: \"int\" default: \"many\" };\n      |                                                                 ^^^^^^\n  app/v1/app.proto:7:50: the type\n    7 | option (bff.v1.file).env = { name: \"LIMIT\" type: \"int\" default: \"many\" };\n      |                                                  ^^^^^\n  hint: write a value such as \"10\""
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file).env = { name: \"LIMIT\" type: \"int\" default: \"10\" };\n\nmessage Page {\n  // …\n  string name = 1 [(bff.v1.field).by = \"env.LIMIT > args.count ? item.name : args.id\"];\n}"
      }
    ]
  },
  {
    "code": "BFF130",
    "severity": "error",
    "meaning": "A list says each value once. The second one has no effect, and often stands where another value was meant.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } forward: [\"authorization\", \"authorization\"] } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:130: error BFF130: \"authorization\" is in the list twice\n    22 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } forward: [\"authorization\", \"authorization\"] } }\n       |                                                                                                                                  ^^^^^^^^^^^^^^^\n  app/v1/app.proto:22:113: first here\n    22 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } forward: [\"authorization\", \"authorization\"] } }\n       |                                                                                                                 ^^^^^^^^^^^^^^^\n  hint: leave out one of them"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } forward: [\"authorization\", \"accept-language\"] } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF131",
    "severity": "error",
    "meaning": "An rpc of a BFF service takes one message. Where it gives a stream of them, it says what it follows, or parts of its response are deferred: by itself nothing tells when to give another one.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page);\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:9:7: error BFF131: the rpc \"WatchPage\" streams, and nothing says what it follows, nor is anything of \"Page\" deferred\n    9 |   rpc WatchPage(WatchPageRequest) returns (stream Page);\n      |       ^^^^^^^^^\n  hint: add option (bff.v1.method).stream = { var: \"…\" call: { … } }, write `defer: true` in steps of the response, or `returns (Page)`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (Page);\n}"
      }
    ]
  },
  {
    "code": "BFF132",
    "severity": "error",
    "meaning": "A rule on an rpc stands in a service with `(bff.v1.service)`. In other services nothing is generated, and the rule would have no effect.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  rpc GetPage(GetPageRequest) returns (Page) {\n    option (bff.v1.method).timeout = \"1s\";\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:9:38: error BFF132: \"AppService\" is not a BFF service\n    9 |     option (bff.v1.method).timeout = \"1s\";\n      |                                      ^^^^\n  app/v1/app.proto:7:9: the service\n    7 | service AppService {\n      |         ^^^^^^^^^^\n  hint: add `option (bff.v1.service) = {};` to the service"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = {};\n  rpc GetPage(GetPageRequest) returns (Page) {\n    option (bff.v1.method).timeout = \"1s\";\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF133",
    "severity": "error",
    "meaning": "An upstream entry is of one level: of all upstreams, of a service or of a method. With two named, or with a policy that the level does not have, it is not clear what it holds for.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file).upstream = { service: \"up.v1.ItemService\" method: \"up.v1.ItemService/GetItem\" timeout: \"1s\" };"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:7:44: error BFF133: this entry names a \"service\" and a \"method\"\n    7 | option (bff.v1.file).upstream = { service: \"up.v1.ItemService\" method: \"up.v1.ItemService/GetItem\" timeout: \"1s\" };\n      |                                            ^^^^^^^^^^^^^^^^^^^\n  app/v1/app.proto:7:72: this already says which service\n    7 | option (bff.v1.file).upstream = { service: \"up.v1.ItemService\" method: \"up.v1.ItemService/GetItem\" timeout: \"1s\" };\n      |                                                                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: leave out one of them"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file).upstream = { method: \"up.v1.ItemService/GetItem\" timeout: \"1s\" };"
      }
    ]
  },
  {
    "code": "BFF134",
    "severity": "error",
    "meaning": "A backoff grows: `multiplier` is at least 1, and `max` at least `initial`. Waits that get shorter press hardest on the upstream that is already failing.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } retry: { backoff: { multiplier: 0.5 } } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:135: error BFF134: \"multiplier\" is 0.5: waits would not grow\n    22 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } retry: { backoff: { multiplier: 0.5 } } } }\n       |                                                                                                                                       ^^^\n  hint: write 1 for equal waits, or more"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } retry: { backoff: { multiplier: 2 } } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF135",
    "severity": "error",
    "meaning": "A reference to a message, enum, field or service is a (dotted) name, so that it can be looked up.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"card\" compose: { message: \"app/v1/Card\" } },\n      // …\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:23:42: error BFF135: \"app/v1/Card\" is not the name of a message\n    23 |       { name: \"card\" compose: { message: \"app/v1/Card\" } },\n       |                                          ^^^^^^^^^^^^^\n  hint: write a message by its name, with dots between the parts"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"card\" compose: { message: \"app.v1.Card\" args: { name: \"id\" by: \"args.id\" } } },\n      // …\n    ]\n  };\n  // …\n  Card card = 2 [(bff.v1.field).by = \"card\"];\n}\n\nmessage Card {\n  string text = 1 [(bff.v1.field).by = \"args.id\"];\n}"
      }
    ]
  },
  {
    "code": "BFF136",
    "severity": "error",
    "meaning": "A field rule stands on a field of a message, not on an extension: no message of the BFF holds the extension, so nothing could fill it.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "extend google.protobuf.FieldOptions {\n  string label = 50001 [(bff.v1.field).by = \"args.id\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:9:45: error BFF136: \"label\" is an extension, not a field\n    9 |   string label = 50001 [(bff.v1.field).by = \"args.id\"];\n      |                                             ^^^^^^^^^\n  hint: leave out the rule, or declare the field in its message"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "extend google.protobuf.FieldOptions {\n  string label = 50001;\n}"
      }
    ]
  },
  {
    "code": "BFF137",
    "severity": "error",
    "meaning": "A message is copied from an alias or supplied by a resolver, not both.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Size {\n  option (bff.v1.message) = { alias: \"up.v1.Size\" resolver: true };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:28:61: error BFF137: \"Size\" is a copy of another message, and a resolver supplies it\n    28 |   option (bff.v1.message) = { alias: \"up.v1.Size\" resolver: true };\n       |                                                             ^^^^\n  app/v1/app.proto:28:38: the message it is a copy of\n    28 |   option (bff.v1.message) = { alias: \"up.v1.Size\" resolver: true };\n       |                                      ^^^^^^^^^^^^\n  hint: leave out one of them"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Size {\n  option (bff.v1.message) = { alias: \"up.v1.Size\" };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF138",
    "severity": "error",
    "meaning": "A resolver of a message supplies all its fields: none has a source of its own.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    resolver: true\n    // …\n  };\n  string name = 1 [(bff.v1.field).by = \"item.name\"];\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:25:40: error BFF138: a resolver supplies all of \"Page\", \"name\" too\n    25 |   string name = 1 [(bff.v1.field).by = \"item.name\"];\n       |                                        ^^^^^^^^^^^\n  app/v1/app.proto:22:15: the resolver of the message\n    22 |     resolver: true\n       |               ^^^^\n  hint: leave out the field's rule, or the message's `resolver`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    resolver: true\n    // …\n  };\n  string name = 1;\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF139",
    "severity": "error",
    "meaning": "A resolver supplies fields of composed messages, not of copies.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Size {\n  option (bff.v1.message).alias = \"up.v1.Size\";\n  // …\n  string text = 2 [(bff.v1.field).resolver = true];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:30:46: error BFF139: \"Size\" is a copy, whose fields come from its alias\n    30 |   string text = 2 [(bff.v1.field).resolver = true];\n       |                                              ^^^^\n  app/v1/app.proto:28:35: the message it is a copy of\n    28 |   option (bff.v1.message).alias = \"up.v1.Size\";\n       |                                   ^^^^^^^^^^^^\n  hint: compose a message that has this field, and put the copy in it"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  string text = 2 [(bff.v1.field).resolver = true];\n}\n\nmessage Size {\n  option (bff.v1.message).alias = \"up.v1.Size\";\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF140",
    "severity": "warning",
    "meaning": "A breaker that is `off` says nothing else. Its other numbers have no effect, and look as if they had.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file).upstream = { breaker: { off: true minimum: 3 } };"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:7:51: warning BFF140: this breaker is off: what else it says has no effect\n    7 | option (bff.v1.file).upstream = { breaker: { off: true minimum: 3 } };\n      |                                                   ^^^^\n  hint: leave out the rest"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file).upstream = { breaker: { minimum: 3 } };"
      }
    ]
  },
  {
    "code": "BFF141",
    "severity": "warning",
    "meaning": "A policy that is written says something. An empty one looks like a decision, but changes nothing.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } retry: {} } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:110: warning BFF141: this \"retry\" says nothing\n    22 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } retry: {} } }\n       |                                                                                                              ^^\n  hint: write what differs from the default, or leave it out"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } retry: { attempts: 2 } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF142",
    "severity": "error",
    "meaning": "An attribute of a trace is called as its expression is written. Two of one name would be one of them.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  telemetry: { attribute: [\"args.id\", \"headers['x-a']\", \"args.id\"] }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:8:57: error BFF142: the attribute \"args.id\" is named twice\n    8 |   telemetry: { attribute: [\"args.id\", \"headers['x-a']\", \"args.id\"] }\n      |                                                         ^^^^^^^^^\n  app/v1/app.proto:8:28: first here\n    8 |   telemetry: { attribute: [\"args.id\", \"headers['x-a']\", \"args.id\"] }\n      |                            ^^^^^^^^^\n  hint: leave out one of them: an attribute is called as its expression is written"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  telemetry: { attribute: [\"args.id\", \"headers['x-a']\"] }\n};"
      }
    ]
  },
  {
    "code": "BFF143",
    "severity": "warning",
    "meaning": "A policy that is turned off says nothing else. The rest of it has no effect, and looks as if it had.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } retry: { attempts: 1 backoff: { initial: \"50ms\" } } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:122: warning BFF143: these attempts turn retrying off: what else is said here has no effect\n    22 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } retry: { attempts: 1 backoff: { initial: \"50ms\" } } } }\n       |                                                                                                                          ^\n  hint: leave out the rest"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } retry: { attempts: 2 backoff: { initial: \"50ms\" } } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF144",
    "severity": "error",
    "meaning": "The default member of a oneof has no condition: it is taken when no other is, whatever its condition says.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  oneof media {\n    // …\n    string text = 2 [(bff.v1.field) = { by: \"item.name\" if: \"item.name != ''\" default: true }];\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:26:61: error BFF144: the default member of a oneof has a condition\n    26 |     string text = 2 [(bff.v1.field) = { by: \"item.name\" if: \"item.name != ''\" default: true }];\n       |                                                             ^^^^^^^^^^^^^^^^^\n  app/v1/app.proto:26:88: it is taken when no other is\n    26 |     string text = 2 [(bff.v1.field) = { by: \"item.name\" if: \"item.name != ''\" default: true }];\n       |                                                                                        ^^^^\n  hint: leave out one of them"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  oneof media {\n    // …\n    string text = 2 [(bff.v1.field) = { by: \"item.name\" default: true }];\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF145",
    "severity": "error",
    "meaning": "A retry budget allows a retry. Retries stop once half of it is gone, and with so small a one the first failure takes that.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file).upstream = { service: \"up.v1.ItemService\" retry_budget: { max_tokens: 2 } };"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:7:92: error BFF145: this budget allows no retry: the first failure takes half of it\n    7 | option (bff.v1.file).upstream = { service: \"up.v1.ItemService\" retry_budget: { max_tokens: 2 } };\n      |                                                                                            ^\n  hint: write at least 3, or turn retrying off with `retry: { attempts: 1 }`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file).upstream = { service: \"up.v1.ItemService\" retry_budget: { max_tokens: 20 } };"
      }
    ]
  },
  {
    "code": "BFF146",
    "severity": "warning",
    "meaning": "An `on_error` rule can be reached. Rules are tried in their order, and an earlier one takes all of its errors.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } on_error: [ { ignore: true }, { on: NOT_FOUND fail: { message: \"no item\" } } ] } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:133: warning BFF146: this rule is never tried: an earlier one takes every error\n    22 | …  { name: \"id\" by: \"args.id\" } on_error: [ { ignore: true }, { on: NOT_FOUND fail: { message: \"no item\" } } ] } }\n       |                                                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  app/v1/app.proto:22:115: this one is tried first\n    22 | … vice/GetItem\" set: { name: \"id\" by: \"args.id\" } on_error: [ { ignore: true }, { on: NOT_FOUND fail: { message: \"no item\" } } ] } }\n       |                                                               ^^^^^^^^^^^^^^^^\n  hint: put it first, or leave it out"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } on_error: [ { on: NOT_FOUND fail: { message: \"no item\" } }, { ignore: true } ] } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF147",
    "severity": "error",
    "meaning": "`as_is` hands on what an upstream has answered a call with. It stands in an `on_error` rule, beside what is to be different.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"item\"\n        call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" }\n                on_error: { fail: { as_is: true code: NOT_FOUND message: \"none\" details: \"error.detail(up.v1.Item)\" } } } }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:21:44: error BFF147: nothing is left of the upstream's status: code, message and details are said here\n    21 |                 on_error: { fail: { as_is: true code: NOT_FOUND message: \"none\" details: \"error.detail(up.v1.Item)\" } } } }\n       |                                            ^^^^\n  hint: leave out `as_is`, or what is to be the upstream's"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"item\"\n        call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" }\n                on_error: { fail: { as_is: true message: \"none\" } } } }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF148",
    "severity": "error",
    "meaning": "`ANY` stands alone in `on`, because it is every code, and is no status to fail with, because it is none.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"item\"\n        call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" }\n                on_error: { on: [ANY, NOT_FOUND] fail: { message: \"none\" } } } }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:21:34: error BFF148: `ANY` is every code: the others say nothing beside it\n    21 |                 on_error: { on: [ANY, NOT_FOUND] fail: { message: \"none\" } } } }\n       |                                  ^^^\n  hint: leave out the others, or `ANY`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"item\"\n        call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" }\n                on_error: { on: ANY fail: { message: \"none\" } } } }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF149",
    "severity": "error",
    "meaning": "The values of an enum all have a text, or none has. One without would be shown as nothing.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "enum Kind {\n  // …\n  KIND_UNSPECIFIED = 0;\n  KIND_BOOK = 1 [(bff.v1.enum_value).text = \"Book\"];\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:27:3: error BFF149: the value \"KIND_UNSPECIFIED\" has no text, and \"KIND_BOOK\" has one\n    27 |   KIND_UNSPECIFIED = 0;\n       |   ^^^^^^^^^^^^^^^^\n  app/v1/app.proto:28:45: a text\n    28 |   KIND_BOOK = 1 [(bff.v1.enum_value).text = \"Book\"];\n       |                                             ^^^^^^\n  hint: give it [(bff.v1.enum_value).text = \"…\"], which may be empty"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "enum Kind {\n  // …\n  KIND_UNSPECIFIED = 0 [(bff.v1.enum_value).text = \"\"];\n  KIND_BOOK = 1 [(bff.v1.enum_value).text = \"Book\"];\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF150",
    "severity": "error",
    "meaning": "A `fallback` of a field stands in for what is unset in the message that a copy is made of, or in the copy. Other fields have an expression, which can say so itself.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  optional string note = 1 [(bff.v1.field) = { by: \"item.note\" fallback: \"'none'\" }];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:19:74: error BFF150: \"Page\" is no copy: there is nothing unset that \"fallback\" stands in for\n    19 |   optional string note = 1 [(bff.v1.field) = { by: \"item.note\" fallback: \"'none'\" }];\n       |                                                                          ^^^^^^^^\n  hint: write the value into `by`, as in `by: \"step.?field.orValue(20)\"`, or give the step a `fallback`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  optional string note = 1 [(bff.v1.field).by = \"item.?note.orValue('none')\"];\n}"
      }
    ]
  },
  {
    "code": "BFF151",
    "severity": "error",
    "meaning": "An identity has sources, and each has a name and one kind of credential. Permits, logs and variables of the environment know a source by its name.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  identity: {\n    // …\n    source: { name: \"user\" set: { name: \"subject\" by: \"credential.subject\" } }\n  }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:10:13: error BFF151: this source has no kind\n    10 |     source: { name: \"user\" set: { name: \"subject\" by: \"credential.subject\" } }\n       |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: add one of `jwt`, `session`, `api_key`, `assertion`, `peer` and `trusted`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  env: { name: \"OIDC_ISSUER\" type: \"string\" }\n  identity: {\n    // …\n    source: {\n      name: \"user\"\n      jwt: { issuer: \"{env.OIDC_ISSUER}\" audience: \"app\" }\n      set: { name: \"subject\" by: \"credential.subject\" }\n    }\n  }\n};"
      }
    ]
  },
  {
    "code": "BFF152",
    "severity": "error",
    "meaning": "A source says whose credentials it takes, and for whom they were made. Without that, a credential that somebody else got elsewhere would do.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  identity: {\n    // …\n    source: {\n      // …\n      jwt: { issuer: \"{env.OIDC_ISSUER}\" }\n      // …\n    }\n  }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:13:12: error BFF152: this source has no \"audience\": a token that was made for another service would do\n    13 |       jwt: { issuer: \"{env.OIDC_ISSUER}\" }\n       |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: add `audience: \"…\"`, what the issuer calls this service"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  identity: {\n    // …\n    source: {\n      // …\n      jwt: { issuer: \"{env.OIDC_ISSUER}\" audience: \"app\" }\n      // …\n    }\n  }\n};"
      }
    ]
  },
  {
    "code": "BFF153",
    "severity": "error",
    "meaning": "Tokens are verified by algorithms with a public key. With a shared secret whoever verifies could sign, and without a signature anybody could.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  identity: {\n    // …\n    source: {\n      // …\n      jwt: { issuer: \"{env.OIDC_ISSUER}\" audience: \"app\" algorithm: [\"RS256\", \"HS256\"] }\n      // …\n    }\n  }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:13:79: error BFF153: HS256 has one secret for those who sign and those who verify: whoever verifies a token could make one\n    13 |       jwt: { issuer: \"{env.OIDC_ISSUER}\" audience: \"app\" algorithm: [\"RS256\", \"HS256\"] }\n       |                                                                               ^^^^^^^\n  hint: name some of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  identity: {\n    // …\n    source: {\n      // …\n      jwt: { issuer: \"{env.OIDC_ISSUER}\" audience: \"app\" algorithm: \"RS256\" }\n      // …\n    }\n  }\n};"
      }
    ]
  },
  {
    "code": "BFF154",
    "severity": "error",
    "meaning": "Keys are fetched over https, or from this machine. Whoever could change them on the way could be anybody.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  identity: {\n    // …\n    source: {\n      // …\n      jwt: { issuer: \"{env.OIDC_ISSUER}\" audience: \"app\" jwks: \"http://auth.acme.example/jwks\" }\n      // …\n    }\n  }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:13:64: error BFF154: \"http://auth.acme.example/jwks\" of \"jwks\" is no https address: whoever is on the way could put in keys of their own\n    13 |       jwt: { issuer: \"{env.OIDC_ISSUER}\" audience: \"app\" jwks: \"http://auth.acme.example/jwks\" }\n       |                                                                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: write one that begins with https:// (http:// for a loopback address alone)"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  identity: {\n    // …\n    source: {\n      // …\n      jwt: { issuer: \"{env.OIDC_ISSUER}\" audience: \"app\" jwks: \"https://auth.acme.example/jwks\" }\n      // …\n    }\n  }\n};"
      }
    ]
  },
  {
    "code": "BFF155",
    "severity": "error",
    "meaning": "A credential stands in one header or in one cookie, which says nothing else. There it is found, and nobody else finds it.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  identity: {\n    // …\n    source: {\n      // …\n      jwt: { issuer: \"{env.OIDC_ISSUER}\" audience: \"app\" header: \"x-user-token\" cookie: \"__Host-token\" }\n      // …\n    }\n  }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:13:89: error BFF155: this source has a \"header\" and a \"cookie\"\n    13 |       jwt: { issuer: \"{env.OIDC_ISSUER}\" audience: \"app\" header: \"x-user-token\" cookie: \"__Host-token\" }\n       |                                                                                         ^^^^^^^^^^^^^^\n  app/v1/app.proto:13:66: the header\n    13 |       jwt: { issuer: \"{env.OIDC_ISSUER}\" audience: \"app\" header: \"x-user-token\" cookie: \"__Host-token\" }\n       |                                                                  ^^^^^^^^^^^^^^\n  hint: leave out one of them: a credential stands in one place"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  identity: {\n    // …\n    source: {\n      // …\n      jwt: { issuer: \"{env.OIDC_ISSUER}\" audience: \"app\" cookie: \"__Host-token\" }\n      // …\n    }\n  }\n};"
      }
    ]
  },
  {
    "code": "BFF156",
    "severity": "error",
    "meaning": "In a pattern of names `*` stands for one whole segment, and for any: people read it who decide whom to trust.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  identity: {\n    // …\n    source: {\n      // …\n      peer: { spiffe: \"acme.example/ns/*\" }\n      // …\n    }\n  }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:12:23: error BFF156: \"acme.example/ns/*\" is no pattern of names: a SPIFFE ID begins with \"spiffe://\"\n    12 |       peer: { spiffe: \"acme.example/ns/*\" }\n       |                       ^^^^^^^^^^^^^^^^^^^\n  hint: write one such as \"spiffe://acme.example/ns/*/sa/web\""
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  identity: {\n    // …\n    source: {\n      // …\n      peer: { spiffe: \"spiffe://acme.example/ns/*\" }\n      // …\n    }\n  }\n};"
      }
    ]
  },
  {
    "code": "BFF157",
    "severity": "error",
    "meaning": "A credential is of one source. Where two share a place, the credential itself shows whose it is: by its prefix, its issuer or its name.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  identity: {\n    // …\n    source: [\n      { name: \"user\" api_key: { prefix: \"acme_\" } set: { name: \"subject\" by: \"credential.subject\" } },\n      { name: \"robot\" api_key: { prefix: \"acme_live_\" } set: { name: \"subject\" by: \"credential.subject\" } }\n    ]\n  }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:12:15: error BFF157: keys of \"robot\" and of \"user\" both stand in the header \"x-api-key\", and their prefixes do not tell them apart\n    12 |       { name: \"robot\" api_key: { prefix: \"acme_live_\" } set: { name: \"subject\" by: \"credential.subject\" } }\n       |               ^^^^^^^\n  app/v1/app.proto:11:15: the other source\n    11 |       { name: \"user\" api_key: { prefix: \"acme_\" } set: { name: \"subject\" by: \"credential.subject\" } },\n       |               ^^^^^^\n  hint: give each a `prefix` that the other's does not begin with, or a `header` of its own"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  identity: {\n    // …\n    source: [\n      { name: \"user\" api_key: { prefix: \"acme_test_\" } set: { name: \"subject\" by: \"credential.subject\" } },\n      { name: \"robot\" api_key: { prefix: \"acme_live_\" } set: { name: \"subject\" by: \"credential.subject\" } }\n    ]\n  }\n};"
      }
    ]
  },
  {
    "code": "BFF159",
    "severity": "error",
    "meaning": "The numbers of a `balance` are within bounds: an address that is sick must come back, a resolver must not be flooded, and connections are memory on both sides.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  upstream: { service: \"up.v1.ItemService\" balance: { connections: 50 } }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:8:68: error BFF159: \"connections\" is 50: an address has at most 8\n    8 |   upstream: { service: \"up.v1.ItemService\" balance: { connections: 50 } }\n      |                                                                    ^^\n  hint: write 8 or less; one connection carries as many calls at once as the upstream allows"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  upstream: { service: \"up.v1.ItemService\" balance: { connections: 8 } }\n};"
      }
    ]
  },
  {
    "code": "BFF160",
    "severity": "error",
    "meaning": "`public` stands alone in a permit. Whoever reads the rest would believe that somebody is kept out.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { public: true scope: \"read\" };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:27:47: error BFF160: `public` lets everybody in: the rest of this permit has no effect\n    27 |     option (bff.v1.method).permit = { public: true scope: \"read\" };\n       |                                               ^^^^\n  hint: leave out `public`, or the rest"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { scope: \"read\" };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF161",
    "severity": "error",
    "meaning": "A permit's `fail` says how its `if` refuses: with PERMISSION_DENIED, or with NOT_FOUND where nobody is to learn that there is something. Other codes would tell clients to do something that does not help.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { scope: \"read\" fail: { message: \"you may not read\" } };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:27:59: error BFF161: `fail` says how an `if` refuses, and this permit has no `if`\n    27 |     option (bff.v1.method).permit = { scope: \"read\" fail: { message: \"you may not read\" } };\n       |                                                           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: add `if`, or leave out `fail`: source, scope and role refuse with a fixed text"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = {\n      scope: \"read\"\n      if: \"principal.subject == args.id\"\n      fail: { message: \"you may not read\" }\n    };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF162",
    "severity": "error",
    "meaning": "A decision is a step in the permit of an rpc, by `call`, `by` or `switch`, and it has a value. Nothing stands in for one that fails: what cannot be decided is refused.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = { permit: { let: { name: \"decision\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"principal.subject\" } } } if: \"decision.stock > 0\" } };\n  rpc Get(GetRequest) returns (Page) {}\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:25:46: error BFF162: the permit of a service has no `let`: its decisions see no `args`\n    25 |   option (bff.v1.service) = { permit: { let: { name: \"decision\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"principal.subject\" } } } if:  …\n       |                                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: move it to the permits of the rpcs, or declare the step in the `let` of the service"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = {};\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = {\n      let: { name: \"decision\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"principal.subject\" } } }\n      if: \"decision.stock > 0\"\n    };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF163",
    "severity": "error",
    "meaning": "A source, scope or role is named in a permit as it is called. Another name, or none, matches nobody.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { scope: \" read\" };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:27:46: error BFF163: \" read\" is not the name of a scope\n    27 |     option (bff.v1.method).permit = { scope: \" read\" };\n       |                                              ^^^^^^^\n  hint: write the scope as it is called, without spaces around it, or leave it out"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { scope: \"read\" };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF164",
    "severity": "error",
    "meaning": "A stream says what an item is called and where items come from, and what follows a topic of which key. Without a name no field could read an item.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n    };\n  }\n}\n\nmessage Page {\n  string name = 1 [(bff.v1.field).by = \"'a'\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:10:37: error BFF164: this stream has no \"var\"\n    10 |     option (bff.v1.method).stream = {\n       |                                     ^\n  hint: say what an item is called (`var`), and where items come from (`call` or `follow`)"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      var: \"item\"\n      // …\n    };\n  }\n}\n\nmessage Page {\n  string name = 1 [(bff.v1.field).by = \"args.item.name\"];\n}"
      }
    ]
  },
  {
    "code": "BFF165",
    "severity": "error",
    "meaning": "What a stream says of its pace is within bounds, and says something: every follower holds memory for what is composed ahead of it.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n      ahead: 1000\n    };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:13:14: error BFF165: \"ahead\" is 1000: every follower would hold so many items\n    13 |       ahead: 1000\n       |              ^^^^\n  hint: write at most 64"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n      ahead: 16\n    };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF166",
    "severity": "error",
    "meaning": "What a stream says of its pace has an effect. Only with LATEST may items be dropped, and then nothing is composed ahead.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n      min_interval: \"100ms\"\n    };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:13:21: error BFF166: `min_interval` drops items between two, and only LATEST may drop any\n    13 |       min_interval: \"100ms\"\n       |                     ^^^^^^^\n  hint: add `overflow: LATEST`, or leave it out"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n      overflow: LATEST\n      min_interval: \"100ms\"\n    };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF167",
    "severity": "error",
    "meaning": "`stream` stands on an rpc that returns a stream, because it says how one request becomes many messages.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (Page) {\n    option (bff.v1.method).stream = {\n      // …\n    };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:10:37: error BFF167: the rpc \"WatchPage\" gives one answer, and `stream` says how to give many\n    10 |     option (bff.v1.method).stream = {\n       |                                     ^\n  hint: write `returns (stream Page)`, or leave out `stream`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n    };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF168",
    "severity": "error",
    "meaning": "A topic says where its items come from: a subject of JetStream, a call, or both, and for a call by what an item has its place.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service).topic = {\n    // …\n    subject: \"items.{key}.changes\"\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:11:14: error BFF168: nothing says which stream of JetStream has the subject of the topic \"changes\"\n    11 |     subject: \"items.{key}.changes\"\n       |              ^^^^^^^^^^^^^^^^^^^^^\n  hint: add `jetstream` with the name of the stream"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service).topic = {\n    // …\n    subject: \"items.{key}.changes\"\n    jetstream: \"ITEMS\"\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF169",
    "severity": "error",
    "meaning": "A topic's subject has one `{key}`, and is a name as NATS has them. What is published under another subject nobody would follow.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service).topic = {\n    // …\n    subject: \"items.changes\"\n    // …\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:11:14: error BFF169: the subject \"items.changes\" has no place for the key\n    11 |     subject: \"items.changes\"\n       |              ^^^^^^^^^^^^^^^\n  hint: write `{key}` once, as in \"runs.{key}.events\""
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service).topic = {\n    // …\n    subject: \"items.{key}.changes\"\n    // …\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF170",
    "severity": "error",
    "meaning": "A function of one's own says what it is called and what it gives. What it takes may be nothing.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  function: { name: \"slug.of\" param: [\"string\"] }\n};\n\nmessage Page {\n  // …\n  string name = 1 [(bff.v1.field).by = \"item.name\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:8:13: error BFF170: this function has no \"result\"\n    8 |   function: { name: \"slug.of\" param: [\"string\"] }\n      |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: write all of it: { name: \"slug.of\" param: [\"string\"] result: \"string\" }"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  function: { name: \"slug.of\" param: [\"string\"] result: \"string\" }\n};\n\nmessage Page {\n  // …\n  string name = 1 [(bff.v1.field).by = \"slug.of(item.name)\"];\n}"
      }
    ]
  },
  {
    "code": "BFF171",
    "severity": "error",
    "meaning": "A function of one's own has a name with a dot, under a name that expressions do not have yet, so that none of the library's will ever mean something else.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  function: { name: \"slug\" param: [\"string\"] result: \"string\" }\n};\n\nmessage Page {\n  // …\n  string name = 1 [(bff.v1.field).by = \"item.name\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:8:21: error BFF171: \"slug\" cannot name a function: it has no dot\n    8 |   function: { name: \"slug\" param: [\"string\"] result: \"string\" }\n      |                     ^^^^^^\n  hint: put a name of your own before it, as in \"text.slug\""
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  function: { name: \"slug.of\" param: [\"string\"] result: \"string\" }\n};\n\nmessage Page {\n  // …\n  string name = 1 [(bff.v1.field).by = \"slug.of(item.name)\"];\n}"
      }
    ]
  },
  {
    "code": "BFF172",
    "severity": "error",
    "meaning": "`reads` stands beside `resolver`. It says what a function is given, and would do nothing where there is none.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  string name = 1 [(bff.v1.field) = {\n    by: \"item.name\"\n    reads: { step: [\"item\"] }\n  }];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:28:12: error BFF172: `reads` says what a resolver reads, and there is no resolver here\n    28 |     reads: { step: [\"item\"] }\n       |            ^^^^^^^^^^^^^^^^^^\n  hint: add `resolver: true`, or leave it out"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  string name = 1 [(bff.v1.field) = {\n    resolver: true\n    reads: { step: [\"item\"] }\n  }];\n}"
      }
    ]
  },
  {
    "code": "BFF173",
    "severity": "error",
    "meaning": "A batch finds the key of an item in one way: in a field, or by an expression.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"item\"\n        call: { method: \"up.v1.ItemService/BatchGetItems\"\n                batch: { name: \"ids\" by: \"args.id\" items: \"items\" key: \"id\" key_by: \"item.id\" } } }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:25:85: error BFF173: this batch has a \"key\" and a \"key_by\"\n    25 |                 batch: { name: \"ids\" by: \"args.id\" items: \"items\" key: \"id\" key_by: \"item.id\" } } }\n       |                                                                                     ^^^^^^^^^\n  app/v1/app.proto:25:72: the field that holds the key\n    25 |                 batch: { name: \"ids\" by: \"args.id\" items: \"items\" key: \"id\" key_by: \"item.id\" } } }\n       |                                                                        ^^^^\n  hint: leave out one of them"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"item\"\n        call: { method: \"up.v1.ItemService/BatchGetItems\"\n                batch: { name: \"ids\" by: \"args.id\" items: \"items\" key_by: \"item.id\" } } }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF174",
    "severity": "error",
    "meaning": "A limit has a name, a key, and says how much is allowed in what time. By its name clients, logs and metrics know it.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (GetResponse) {\n    option (bff.v1.method) = {\n      rate_limit: { name: \"user\" rate: 60 per: \"1m\" }\n    };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:30:19: error BFF174: this limit has no \"key\"\n    30 |       rate_limit: { name: \"user\" rate: 60 per: \"1m\" }\n       |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: add a `key`, by which requests are counted together, as in `key: \"principal.subject\"`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (GetResponse) {\n    option (bff.v1.method) = {\n      rate_limit: { name: \"user\" key: \"principal.subject\" rate: 60 per: \"1m\" }\n    };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF175",
    "severity": "error",
    "meaning": "What limits count are whole numbers, and no more than can be counted exactly. Otherwise somebody would be let through, or refused, by a rounding.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (GetResponse) {\n    option (bff.v1.method) = {\n      rate_limit: { name: \"user\" key: \"principal.subject\" rate: 999983 per: \"7d\" burst: 99999999 }\n    };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:30:89: error BFF175: 99999999 at once, of 999983 in this `per`, cannot be counted exactly\n    30 |       rate_limit: { name: \"user\" key: \"principal.subject\" rate: 999983 per: \"7d\" burst: 99999999 }\n       |                                                                                         ^^^^^^^^\n  hint: write rounder numbers, such as a `rate` that divides the milliseconds of `per`, or smaller ones"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (GetResponse) {\n    option (bff.v1.method) = {\n      rate_limit: { name: \"user\" key: \"principal.subject\" rate: 1000000 per: \"7d\" burst: 100000000 }\n    };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF176",
    "severity": "error",
    "meaning": "A limit is per a duration, which rolls, or per day or month of the calendar, in UTC. Of those all may be used at once.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (GetResponse) {\n    option (bff.v1.method) = {\n      rate_limit: { name: \"user\" key: \"principal.subject\" rate: 5000 per: \"day\" burst: 100 }\n    };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:30:88: error BFF176: a limit per day has no `burst`: all of its `rate` may be used at once\n    30 |       rate_limit: { name: \"user\" key: \"principal.subject\" rate: 5000 per: \"day\" burst: 100 }\n       |                                                                                        ^^^\n  hint: leave it out, or write a duration such as \"1d\", which rolls"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (GetResponse) {\n    option (bff.v1.method) = {\n      rate_limit: { name: \"user\" key: \"principal.subject\" rate: 5000 per: \"day\" }\n    };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF177",
    "severity": "error",
    "meaning": "What a limit says has an effect: `settle` corrects a `cost` that has been charged, and `closed` is for counters outside of the process.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (GetResponse) {\n    option (bff.v1.method) = {\n      rate_limit: { name: \"user\" key: \"principal.subject\" rate: 60 per: \"1m\" settle: \"result.used\" }\n    };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:30:86: error BFF177: `settle` says what a request has cost after all, and this limit has no `cost`\n    30 |       rate_limit: { name: \"user\" key: \"principal.subject\" rate: 60 per: \"1m\" settle: \"result.used\" }\n       |                                                                                      ^^^^^^^^^^^^^\n  hint: add `cost`: what is charged before the request is answered, and how much of it is kept `settle` decides"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (GetResponse) {\n    option (bff.v1.method) = {\n      rate_limit: { name: \"user\" key: \"principal.subject\" rate: 60 per: \"1m\" cost: \"args.most\" settle: \"result.used\" }\n    };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF178",
    "severity": "error",
    "meaning": "What may be used again says for how long: a `cache` of an rpc by its `ttl`, an `http_cache` by its `max_age`, in whole seconds, for HTTP knows no others.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    // …\n    option (bff.v1.method) = { cache: { stale: \"60s\" } };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:11:39: error BFF178: \"cache\" does not say for how long an answer may be used again\n    11 |     option (bff.v1.method) = { cache: { stale: \"60s\" } };\n       |                                       ^^^^^^^^^^^^^^^^\n  hint: write `ttl`, as in `cache: { ttl: \"30s\" }`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    // …\n    option (bff.v1.method) = { cache: { ttl: \"30s\" stale: \"60s\" } };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF179",
    "severity": "error",
    "meaning": "`vary` names headers, in lower case. Caches compare what requests say in them, and an answer that depends on `*` is never used again.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    // …\n    option (bff.v1.method) = { http_cache: { max_age: \"30s\" vary: \"X-Flags\" } };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:11:67: error BFF179: \"X-Flags\" is not the name of a header\n    11 |     option (bff.v1.method) = { http_cache: { max_age: \"30s\" vary: \"X-Flags\" } };\n       |                                                                   ^^^^^^^^^\n  hint: write \"x-flags\""
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    // …\n    option (bff.v1.method) = { http_cache: { max_age: \"30s\" vary: \"x-flags\" } };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF180",
    "severity": "error",
    "meaning": "A version says days of the calendar, as ISO 8601 writes them. They become headers with a time, and a day that is none would become another one.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).version = {deprecated: \"2026-11-01\" sunset: \"2027-02-30\"};\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "page/v1/page.proto:11:72: error BFF180: \"2027-02-30\" of \"sunset\" is not a day\n    11 |     option (bff.v1.method).version = {deprecated: \"2026-11-01\" sunset: \"2027-02-30\"};\n       |                                                                        ^^^^^^^^^^^^\n  hint: write year, month and day, as in \"2026-11-01\": it begins at midnight UTC"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).version = {deprecated: \"2026-11-01\" sunset: \"2027-02-28\"};\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF182",
    "severity": "error",
    "meaning": "A branch says which requests go to it, by `if` or by `share`, and others stay where they were. One that takes all of them is the upstream's address itself.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  upstream: { service: \"up.v1.ItemService\" branch: { name: \"canary\" } }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:8:52: error BFF182: this branch does not say which requests go there\n    8 |   upstream: { service: \"up.v1.ItemService\" branch: { name: \"canary\" } }\n      |                                                    ^^^^^^^^^^^^^^^^^^\n  hint: add `if`, or `share`, such as 0.05"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  upstream: { service: \"up.v1.ItemService\" branch: { name: \"canary\" share: 0.05 by: \"headers['x-tenant']\" } }\n};"
      }
    ]
  },
  {
    "code": "BFF183",
    "severity": "error",
    "meaning": "A branch has a name of lower-case letters, digits and underscores, which no other branch of its entry has. Its address is in a variable of the environment that ends with this name.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  upstream: { service: \"up.v1.ItemService\" branch: { name: \"Canary-2\" share: 0.05 } }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:8:60: error BFF183: \"Canary-2\" cannot name a branch: its address is in a variable of the environment\n    8 |   upstream: { service: \"up.v1.ItemService\" branch: { name: \"Canary-2\" share: 0.05 } }\n      |                                                            ^^^^^^^^^^\n  hint: write lower-case letters, digits and underscores, as in `name: \"canary\"`, of which the server reads …_CANARY_URL"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  upstream: { service: \"up.v1.ItemService\" branch: { name: \"canary_2\" share: 0.05 } }\n};"
      }
    ]
  },
  {
    "code": "BFF184",
    "severity": "error",
    "meaning": "A path of google.api.http is a template: segments that are literals, `*` or variables, `**` last, and a verb behind a colon. Whoever reads it another way serves other paths.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    // …\n    option (google.api.http) = {get: \"/v1/{id=**}/page\"};\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "page/v1/page.proto:13:51: error BFF184: nothing but a verb stands behind \"**\"\n    13 |     option (google.api.http) = {get: \"/v1/{id=**}/page\"};\n       |                                                   ^\n  hint: put \"**\" last, or write \"*\" for each of the segments"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    // …\n    option (google.api.http) = {get: \"/v1/pages/{id=**}\"};\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF185",
    "severity": "error",
    "meaning": "A rule of google.api.http says one method and one path, and its bindings are one level deep. What HTTP itself answers with OPTIONS, CONNECT and TRACE is no rpc's.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (google.api.http) = {body: \"*\"};\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "page/v1/page.proto:12:32: error BFF185: this rule has no path\n    12 |     option (google.api.http) = {body: \"*\"};\n       |                                ^^^^^^^^^^^\n  hint: write the method and the path, as in `get: \"/v1/books/{id}\"`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (google.api.http) = {post: \"/v1/pages\" body: \"*\"};\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF186",
    "severity": "error",
    "meaning": "Requests with GET, HEAD and DELETE have no body: HTTP gives it no meaning, so that clients, proxies and caches leave it out.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    // …\n    option (google.api.http) = {get: \"/v1/pages/{id}\" body: \"*\"};\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "page/v1/page.proto:13:61: error BFF186: a request with GET has no body\n    13 |     option (google.api.http) = {get: \"/v1/pages/{id}\" body: \"*\"};\n       |                                                             ^^^\n  hint: leave out the body, so that its fields are parameters of the query, or choose another method, such as `post: \"/v1/pages/{id}\"`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    // …\n    option (google.api.http) = {get: \"/v1/pages/{id}\"};\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF187",
    "severity": "error",
    "meaning": "`protocol` says what an upstream speaks. Its zero value says nothing.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/v1/app.proto\noption (bff.v1.file) = {\n  upstream: { service: \"books.v1.BookService\" protocol: PROTOCOL_UNSPECIFIED }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:8:57: error BFF187: \"PROTOCOL_UNSPECIFIED\" does not say what the upstream speaks\n    8 |   upstream: { service: \"books.v1.BookService\" protocol: PROTOCOL_UNSPECIFIED }\n      |                                                         ^^^^^^^^^^^^^^^^^^^^\n  hint: write GRPC or HTTP_JSON, or leave it out, which is GRPC"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  upstream: { service: \"books.v1.BookService\" protocol: HTTP_JSON }\n};"
      }
    ]
  },
  {
    "code": "BFF188",
    "severity": "warning",
    "meaning": "A cookie with a token has a name with `__Host-`, which browsers accept from this host alone. Under any other name a page on a sibling host can plant a token of its own.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  identity: {\n    // …\n    source: {\n      // …\n      jwt: { issuer: \"{env.OIDC_ISSUER}\" audience: \"app\" cookie: \"token\" }\n      // …\n    }\n  }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:13:66: warning BFF188: other hosts of the domain could set \"token\", and have a user act as somebody else\n    13 |       jwt: { issuer: \"{env.OIDC_ISSUER}\" audience: \"app\" cookie: \"token\" }\n       |                                                                  ^^^^^^^\n  hint: write \"__Host-token\", and have the service that sets the cookie use this name"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  identity: {\n    // …\n    source: {\n      // …\n      jwt: { issuer: \"{env.OIDC_ISSUER}\" audience: \"app\" cookie: \"__Host-token\" }\n      // …\n    }\n  }\n};"
      }
    ]
  },
  {
    "code": "BFF191",
    "severity": "error",
    "meaning": "The protos of the options are those that the plugin was made with. With another version's, an option would mean something else, or would not be seen at all.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// bff/v1/degradation.proto\nsyntax = \"proto3\";\n\nmessage Degradation {\n  enum Effect {\n    // …\n    EFFECT_MISSING = 1;     // the field is absent\n    EFFECT_REPLACED = 2;    // a fallback stands in\n    EFFECT_INCOMPLETE = 3;  // list items are left out\n  }\n  enum Reason {\n    // …\n    REASON_TIMEOUT = 1;       // no answer in time\n    REASON_UNAVAILABLE = 2;   // the upstream could not be reached or failed\n    REASON_BREAKER_OPEN = 3;  // not tried: the upstream's breaker is open\n    REASON_LIMITED = 4;       // not tried: the concurrency limit and its queue are full\n    REASON_REJECTED = 5;      // the upstream refused: NOT_FOUND, PERMISSION_DENIED, …\n    REASON_INVALID = 6;       // the answer, or an expression over it, made no sense\n  }\n  string path = 1;                   // response field, e.g. \"runs[3].owner_name\"\n  // …\n  string upstream = 4;               // full service name; empty when no upstream was at fault\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "bff/v1/degradation.proto:1:1: error BFF191: this \"bff/v1/degradation.proto\" is not that of the plugin's version\n    1 | syntax = \"proto3\";\n      | ^\n  hint: run `npx protobff protos .`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "syntax = \"proto3\";\n\nimport \"google/protobuf/duration.proto\";\n\nmessage Degradation {\n  enum Effect {\n    // …\n    EFFECT_MISSING = 1; // the field is absent\n    EFFECT_REPLACED = 2; // a fallback stands in\n    EFFECT_INCOMPLETE = 3; // list items are left out\n    EFFECT_STALE = 4; // from the cache past its ttl, because a refresh failed or the breaker is open; see age\n  }\n  enum Reason {\n    // …\n    REASON_TIMEOUT = 1; // no answer in time\n    REASON_UNAVAILABLE = 2; // the upstream could not be reached or failed\n    REASON_BREAKER_OPEN = 3; // not tried: the upstream's breaker is open\n    REASON_LIMITED = 4; // not tried: the concurrency limit and its queue are full\n    REASON_REJECTED = 5; // the upstream refused: NOT_FOUND, PERMISSION_DENIED, …\n    REASON_INVALID = 6; // the answer, or an expression over it, made no sense\n  }\n  string path = 1; // response field, e.g. \"runs[3].owner_name\"\n  // …\n  string upstream = 4; // full service name; empty when no upstream was at fault\n  google.protobuf.Duration age = 5; // only with EFFECT_STALE\n  uint32 count = 6; // how many fields this entry stands for, where list positions are folded to [*]; 0: one\n}"
      }
    ]
  },
  {
    "code": "BFF192",
    "severity": "error",
    "meaning": "`identify` says whether, and how, an upstream is told who calls. Its zero value says neither.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  upstream: { service: \"up.v1.ItemService\" identify: IDENTIFY_UNSPECIFIED }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:13:54: error BFF192: \"IDENTIFY_UNSPECIFIED\" does not say whether the upstream is told who calls\n    13 |   upstream: { service: \"up.v1.ItemService\" identify: IDENTIFY_UNSPECIFIED }\n       |                                                      ^^^^^^^^^^^^^^^^^^^^\n  hint: write SIGNED, PLAIN, TOKEN or NOTHING, or leave it out"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  upstream: { service: \"up.v1.ItemService\" identify: SIGNED }\n};"
      }
    ]
  },
  {
    "code": "BFF201",
    "severity": "error",
    "meaning": "A method, service, message or enum that is named is visible to this run, because types and requests are taken from its proto.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Size {\n  option (bff.v1.message).alias = \"up.v1.Sise\";\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:29:35: error BFF201: no message \"up.v1.Sise\" is visible to this run\n    29 |   option (bff.v1.message).alias = \"up.v1.Sise\";\n       |                                   ^^^^^^^^^^^^\n  hint: did you mean \"up.v1.Size\"?"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Size {\n  option (bff.v1.message).alias = \"up.v1.Size\";\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF202",
    "severity": "error",
    "meaning": "A method that is called is unary, because a composed response is made of single answers and a stream has none.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/WatchItem\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:41: error BFF202: \"up.v1.ItemService/WatchItem\" is a streaming method\n    22 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/WatchItem\" set: { name: \"id\" by: \"args.id\" } } }\n       |                                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: call a unary method, or follow it: `stream: { var: \"…\" call: { … } }` of an rpc that returns a stream"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF203",
    "severity": "error",
    "meaning": "A BFF does not call its own rpcs over the network. Their messages can be composed in place, within one deadline and without a second hop.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"other\" call: { method: \"app.v1.AppService/GetPage\" set: { name: \"id\" by: \"'x'\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:42: error BFF203: \"app.v1.AppService\" is a service of this BFF\n    22 |     let: { name: \"other\" call: { method: \"app.v1.AppService/GetPage\" set: { name: \"id\" by: \"'x'\" } } }\n       |                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: compose its response message instead: compose: { message: \"Page\" … }"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"other\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"'x'\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF204",
    "severity": "error",
    "meaning": "The response of a BFF rpc is composed by this BFF. A copy of an upstream message, or a message of someone else, has no steps that could fill it.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetSize(GetSizeRequest) returns (Size);\n}\n\nmessage Size {\n  option (bff.v1.message).alias = \"up.v1.Size\";\n  int32 width = 1;\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:9:7: error BFF204: \"app.v1.Size\", the response of \"GetSize\", is a copy of an upstream message, not composed\n    9 |   rpc GetSize(GetSizeRequest) returns (Size);\n      |       ^^^^^^^\n  hint: give it (bff.v1.field).by rules in place of the alias, or wrap it in a message that has them"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetSize(GetSizeRequest) returns (Size);\n}\n\nmessage Size {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"'ruler'\" } } }\n  };\n  int32 width = 1 [(bff.v1.field).by = \"item.size.width\"];\n}"
      }
    ]
  },
  {
    "code": "BFF205",
    "severity": "warning",
    "meaning": "A message with rules is composed somewhere. Its rules are checked and run nowhere else, so they have no effect.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}\n\nmessage Card {\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:27:9: warning BFF205: \"Card\" has rules, but nothing composes it\n    27 | message Card {\n       |         ^^^^\n  hint: return it from an rpc of a BFF service, compose it in a step, or remove its rules"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } },\n      { name: \"card\" compose: { message: \"Card\" args: { name: \"text\" by: \"args.id\" } } }\n    ]\n  };\n  // …\n  Card card = 2 [(bff.v1.field).by = \"card\"];\n}\n\nmessage Card {\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF206",
    "severity": "error",
    "meaning": "`after` names a step of the same message, because otherwise it orders nothing.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"later\" after: [\"itm\"] call: { method: \"up.v1.ItemService/GetItem\" } }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:31: error BFF206: there is no step \"itm\"\n    24 |       { name: \"later\" after: [\"itm\"] call: { method: \"up.v1.ItemService/GetItem\" } }\n       |                               ^^^^^\n  hint: did you mean \"item\"?"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"later\" after: [\"item\"] call: { method: \"up.v1.ItemService/GetItem\" } }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF207",
    "severity": "error",
    "meaning": "A path names fields that the message has, one inside the other, because the request or the answer has nothing else to set or read.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/BatchGetItems\" batch: { name: \"ids\" by: \"args.id\" items: \"itens\" key: \"id\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:118: error BFF207: \"up.v1.BatchGetItemsResponse\" has no field \"itens\"\n    22 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/BatchGetItems\" batch: { name: \"ids\" by: \"args.id\" items: \"itens\" key: \"id\" } } }\n       |                                                                                                                      ^^^^^\n  hint: did you mean \"items\"?"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/BatchGetItems\" batch: { name: \"ids\" by: \"args.id\" items: \"items\" key: \"id\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF208",
    "severity": "error",
    "meaning": "`compose` names a message that this BFF composes, one with rules. The messages of an upstream come from calls.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"its_size\" compose: { message: \"up.v1.Size\" } }\n  };\n  Size size = 1 [(bff.v1.field).by = \"its_size\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:49: error BFF208: \"up.v1.Size\" is not composed by this BFF\n    22 |     let: { name: \"its_size\" compose: { message: \"up.v1.Size\" } }\n       |                                                 ^^^^^^^^^^^^\n  hint: compose a message that has (bff.v1.message) or (bff.v1.field) rules, or bind the upstream's message with `by`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  Size size = 1 [(bff.v1.field).by = \"item.size\"];\n}"
      }
    ]
  },
  {
    "code": "BFF211",
    "severity": "error",
    "meaning": "The variable of an `each` hides no step, because an expression in it could no longer say which of the two it means.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } },\n      { name: \"names\" each: { var: \"item\" in: \"args.ids\" by: \"item\" } }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:36: error BFF211: the variable \"item\" hides the step \"item\"\n    24 |       { name: \"names\" each: { var: \"item\" in: \"args.ids\" by: \"item\" } }\n       |                                    ^^^^^^\n  app/v1/app.proto:23:15: the step\n    23 |       { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } },\n       |               ^^^^^^\n  hint: give the variable a name of its own"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } },\n      { name: \"names\" each: { var: \"id\" in: \"args.ids\" by: \"id + item.name\" } }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF212",
    "severity": "error",
    "meaning": "A step does not start after itself, because then it would never start.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" after: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:32: error BFF212: step \"item\" cannot start after itself\n    22 |     let: { name: \"item\" after: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n       |                                ^^^^^^\n  hint: name another step"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF213",
    "severity": "error",
    "meaning": "A step of a message is not called like a step of the service around it, nor a variable of a service like one of the files around, because an expression could no longer say which of the two it means.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = {\n    let: { name: \"viewer\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"headers['x-user-id']\" } } }\n  };\n  // …\n}\n\nmessage Page {\n  option (bff.v1.message) = {\n    let: { name: \"viewer\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  string name = 1 [(bff.v1.field).by = \"viewer.name\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:18: error BFF213: the step \"viewer\" hides the step \"viewer\" of the service\n    22 |     let: { name: \"viewer\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n       |                  ^^^^^^^^\n  app/v1/app.proto:9:18: the step of the service\n    9 |     let: { name: \"viewer\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"headers['x-user-id']\" } } }\n      |                  ^^^^^^^^\n  hint: rename one of them"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = {\n    let: { name: \"viewer\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"headers['x-user-id']\" } } }\n  };\n  // …\n}\n\nmessage Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  string name = 1 [(bff.v1.field).by = \"viewer.name + item.name\"];\n}"
      }
    ]
  },
  {
    "code": "BFF214",
    "severity": "error",
    "meaning": "A step of a service does not read `args`: it runs once for all that a response is made of, and each rpc has another request.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = {\n    let: { name: \"viewer\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:9:93: error BFF214: a step of a service runs once for all that its response is made of: it sees no `args`\n    9 |     let: { name: \"viewer\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n      |                                                                                             ^^^^^^^^^\n  hint: read `headers`, `env`, `now` or another step of the service, or declare the step in the messages that read it"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = {\n    let: { name: \"viewer\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"headers['x-user-id']\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF215",
    "severity": "error",
    "meaning": "What a message reads of its service is there in every service that composes the message, because otherwise it would have no value in some rpcs.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = {\n    let: { name: \"viewer\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"headers['x-user-id']\" } } }\n  };\n  // …\n}\n\nservice MobileService {\n  option (bff.v1.service) = {\n    let: { name: \"locale\" by: \"headers['accept-language']\" }\n  };\n  rpc GetScreen(GetPageRequest) returns (Screen) {\n    // …\n  }\n}\n\nmessage Card {\n  string name = 1 [(bff.v1.field).by = \"viewer.name\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:45:40: error BFF215: \"viewer\" is a step of service \"AppService\", but service \"MobileService\", whose rpc \"GetScreen\" reaches \"Card\", has none\n    45 |   string name = 1 [(bff.v1.field).by = \"viewer.name\"];\n       |                                        ^^^^^^^^^^^^^\n  app/v1/app.proto:9:18: \"viewer\" of service \"AppService\"\n    9 |     let: { name: \"viewer\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"headers['x-user-id']\" } } }\n      |                  ^^^^^^^^\n  app/v1/app.proto:20:7: rpc \"GetScreen\" of service \"MobileService\" reaches \"Card\"\n    20 |   rpc GetScreen(GetPageRequest) returns (Screen) {\n       |       ^^^^^^^^^\n  hint: declare \"viewer\" in the `let` of service \"MobileService\", too"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = {\n    let: { name: \"viewer\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"headers['x-user-id']\" } } }\n  };\n  // …\n}\n\nservice MobileService {\n  option (bff.v1.service) = {\n    let: [\n      { name: \"viewer\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"headers['x-user-id']\" } } },\n      { name: \"locale\" by: \"headers['accept-language']\" }\n    ]\n  };\n  rpc GetScreen(GetPageRequest) returns (Screen) {\n    // …\n  }\n}\n\nmessage Card {\n  string name = 1 [(bff.v1.field).by = \"viewer.name\"];\n}"
      }
    ]
  },
  {
    "code": "BFF216",
    "severity": "error",
    "meaning": "A step of a service has no `autobind`, because there is no message whose fields it could fill.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = {\n    let: { name: \"viewer\" autobind: true call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"headers['x-user-id']\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:9:37: error BFF216: a step of a service has no message whose fields it could fill\n    9 |     let: { name: \"viewer\" autobind: true call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"headers['x-user-id']\" } } }\n      |                                     ^^^^\n  hint: leave it out, and bind the fields with (bff.v1.field).by"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = {\n    let: { name: \"viewer\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"headers['x-user-id']\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF220",
    "severity": "error",
    "meaning": "A package has one identity: with two it is not clear who is asked for a credential.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/v1/app.proto\noption (bff.v1.file) = {\n  // …\n  identity: {\n    // …\n  }\n};"
      },
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/v1/shared.proto\noption (bff.v1.file).identity = { type: \"Caller\" source: { name: \"robot\" api_key: {} set: { name: \"id\" by: \"credential.id\" } } };"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:10:13: error BFF220: a package has one identity, and this is the second that governs it\n    10 |   identity: {\n       |             ^\n  app/v1/shared.proto:7:33: the first one\n    7 | option (bff.v1.file).identity = { type: \"Caller\" source: { name: \"robot\" api_key: {} set: { name: \"id\" by: \"credential.id\" } } };\n      |                                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: declare it in one file, and import that file"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "// app/v1/app.proto\noption (bff.v1.file) = {\n  // …\n  identity: {\n    // …\n  }\n};"
      }
    ]
  },
  {
    "code": "BFF221",
    "severity": "error",
    "meaning": "The principal's message is one that this run has: its fields are what expressions read of a caller.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  identity: {\n    // …\n  }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:9:13: error BFF221: the principal is a \"bff.v1.Principal\", and nothing imports its file\n    9 |   identity: {\n      |             ^\n  hint: add `import \"bff/v1/identity.proto\";` to app/v1/app.proto, or name a message of your own as its `type`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "import \"bff/v1/identity.proto\";\n\noption (bff.v1.file) = {\n  // …\n  identity: {\n    // …\n  }\n};"
      }
    ]
  },
  {
    "code": "BFF222",
    "severity": "error",
    "meaning": "Every source fills each text of the principal that is not `optional`. An empty one would equal what a request leaves empty.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  identity: {\n    // …\n    source: {\n      name: \"user\"\n      // …\n      set: { name: \"tenant\" by: \"credential.issuer\" }\n    }\n  }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:12:13: error BFF222: source \"user\" leaves \"subject\" of \"app.v1.Principal\" empty\n    12 |       name: \"user\"\n       |             ^^^^^^\n  hint: set it, as in `set: { name: \"subject\" by: \"credential.subject\" }`, or declare it `optional`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  identity: {\n    // …\n    source: {\n      name: \"user\"\n      // …\n      set: [ { name: \"tenant\" by: \"credential.issuer\" }, { name: \"subject\" by: \"credential.subject\" } ]\n    }\n  }\n};"
      }
    ]
  },
  {
    "code": "BFF223",
    "severity": "error",
    "meaning": "The principal has one type in a message, because an expression has one type.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/v1/app.proto\nservice AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page);\n}\n\nmessage Page {\n  option (bff.v1.message).let = { name: \"part\" compose: { message: \"parts.v1.Part\"  } };\n  // …\n}"
      },
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// ops/v1/ops.proto\nservice OpsService {\n  // …\n  rpc GetPart(GetPartRequest) returns (View);\n}\n\nmessage View {\n  option (bff.v1.message).let = { name: \"part\" compose: { message: \"parts.v1.Part\"  } };\n  // …\n}"
      },
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// parts/v1/parts.proto\nmessage Part {\n  // …\n  optional string who = 1 [(bff.v1.field).by = \"principal.subject\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "parts/v1/parts.proto:9:48: error BFF223: \"principal\" is app.v1.Principal where rpc \"GetPage\" reaches \"Part\", and ops.v1.Operator where \"GetPart\" does\n    9 |   optional string who = 1 [(bff.v1.field).by = \"principal.subject\"];\n      |                                                ^^^^^^^^^^^^^^^^^^^\n  app/v1/app.proto:22:7: rpc \"GetPage\" of \"app.v1.AppService\"\n    22 |   rpc GetPage(GetPageRequest) returns (Page);\n       |       ^^^^^^^\n  ops/v1/ops.proto:19:7: rpc \"GetPart\" of \"ops.v1.OpsService\"\n    19 |   rpc GetPart(GetPartRequest) returns (View);\n       |       ^^^^^^^\n  hint: compose a message of its own for each, or pass what is wanted of the principal as an argument"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "// app/v1/app.proto\nservice AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page);\n}\n\nmessage Page {\n  option (bff.v1.message).let = { name: \"part\" compose: { message: \"parts.v1.Part\" args: { name: \"who\" by: \"principal.subject\" } } };\n  // …\n}"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "// ops/v1/ops.proto\nservice OpsService {\n  // …\n  rpc GetPart(GetPartRequest) returns (View);\n}\n\nmessage View {\n  option (bff.v1.message).let = { name: \"part\" compose: { message: \"parts.v1.Part\" args: { name: \"who\" by: \"principal.id\" } } };\n  // …\n}"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "// parts/v1/parts.proto\nmessage Part {\n  // …\n  optional string who = 1 [(bff.v1.field).by = \"args.who\"];\n}"
      }
    ]
  },
  {
    "code": "BFF224",
    "severity": "error",
    "meaning": "A step is not called `peer` where there is an identity: there expressions read the client's address by that name.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message).let = { name: \"peer\" by: \"1 + 1\" };\n  int64 count = 1 [(bff.v1.field).by = \"peer\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:37:41: error BFF224: \"peer\" cannot name a step: in a package with an identity it is where a request comes from\n    37 |   option (bff.v1.message).let = { name: \"peer\" by: \"1 + 1\" };\n       |                                         ^^^^^^\n  hint: choose another name, as in \"peer_value\""
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message).let = { name: \"peer_count\" by: \"1 + 1\" };\n  int64 count = 1 [(bff.v1.field).by = \"peer_count\"];\n}"
      }
    ]
  },
  {
    "code": "BFF230",
    "severity": "error",
    "meaning": "A permit names sources that the identity has. One that nobody can come from lets nobody in.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  identity: {\n    // …\n  }\n};\n\nservice AppService {\n  option (bff.v1.service) = { permit: { source: [\"users\", \"robot\"] } };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:25:50: error BFF230: the identity has no source \"users\"\n    25 |   option (bff.v1.service) = { permit: { source: [\"users\", \"robot\"] } };\n       |                                                  ^^^^^^^\n  app/v1/app.proto:8:13: the identity\n    8 |   identity: {\n      |             ^\n  hint: did you mean \"user\"?"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  identity: {\n    // …\n  }\n};\n\nservice AppService {\n  option (bff.v1.service) = { permit: { source: [\"user\", \"robot\"] } };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF231",
    "severity": "error",
    "meaning": "What an rpc permits lies within what its service permits, so that whoever reads the permit of the service knows the most that its rpcs allow.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = { permit: { source: \"user\" } };\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { source: [\"user\", \"robot\"] };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:27:56: error BFF231: source \"robot\" is not among those that the service accepts\n    27 |     option (bff.v1.method).permit = { source: [\"user\", \"robot\"] };\n       |                                                        ^^^^^^^\n  app/v1/app.proto:25:49: accepted by the service\n    25 |   option (bff.v1.service) = { permit: { source: \"user\" } };\n       |                                                 ^^^^^^\n  hint: leave it out, or give the rpc a service of its own: a permit of an rpc narrows that of its service"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = { permit: { source: [\"user\", \"robot\"] } };\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { source: \"user\" };\n  }\n  rpc GetToo(GetRequest) returns (Page);\n}"
      }
    ]
  },
  {
    "code": "BFF232",
    "severity": "error",
    "meaning": "Where it is known who is calling, each rpc says who may, itself or by its service. One that was forgotten would be open, or closed, by chance.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = {};\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { scope: \"read\" };\n  }\n  rpc Get2(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { scope: \"read\" };\n  }\n  rpc Get3(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { scope: \"read\" };\n  }\n  rpc Get4(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { scope: \"read\" };\n  }\n  rpc Get5(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { scope: \"read\" };\n  }\n  rpc Get6(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { scope: \"read\" };\n  }\n  rpc Get7(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { scope: \"read\" };\n  }\n  rpc Get8(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { scope: \"read\" };\n  }\n  rpc Get9(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { scope: \"read\" };\n  }\n  rpc Get10(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { scope: \"read\" };\n  }\n  rpc Get11(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { scope: \"read\" };\n  }\n  rpc Get12(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { scope: \"read\" };\n  }\n  rpc Get13(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { scope: \"read\" };\n  }\n  rpc Get14(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { scope: \"read\" };\n  }\n  rpc Get15(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { scope: \"read\" };\n  }\n  rpc Get16(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { scope: \"read\" };\n  }\n  rpc Get17(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { scope: \"read\" };\n  }\n  rpc Get18(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { scope: \"read\" };\n  }\n  rpc Get19(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { scope: \"read\" };\n  }\n  rpc Delete(GetRequest) returns (Page);\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:83:7: error BFF232: nothing says who may call \"Delete\"\n    83 |   rpc Delete(GetRequest) returns (Page);\n       |       ^^^^^^\n  app/v1/app.proto:24:9: the service says nothing either\n    24 | service AppService {\n       |         ^^^^^^^^^^\n  hint: add `option (bff.v1.method).permit = {};` for any known caller, or say which, as in `{ scope: \"read\" }`; a permit of the service covers all its rpcs"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = { permit: { scope: \"read\" } };\n  rpc Get(GetRequest) returns (Page) {}\n  rpc Get2(GetRequest) returns (Page);\n  rpc Get3(GetRequest) returns (Page);\n  rpc Get4(GetRequest) returns (Page);\n  rpc Get5(GetRequest) returns (Page);\n  rpc Get6(GetRequest) returns (Page);\n  rpc Get7(GetRequest) returns (Page);\n  rpc Get8(GetRequest) returns (Page);\n  rpc Get9(GetRequest) returns (Page);\n  rpc Get10(GetRequest) returns (Page);\n  rpc Get11(GetRequest) returns (Page);\n  rpc Get12(GetRequest) returns (Page);\n  rpc Get13(GetRequest) returns (Page);\n  rpc Get14(GetRequest) returns (Page);\n  rpc Get15(GetRequest) returns (Page);\n  rpc Get16(GetRequest) returns (Page);\n  rpc Get17(GetRequest) returns (Page);\n  rpc Get18(GetRequest) returns (Page);\n  rpc Get19(GetRequest) returns (Page);\n  rpc Delete(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { role: \"admin\" };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF233",
    "severity": "error",
    "meaning": "A permit stands in a package with an identity, because otherwise nobody is known who could be let in.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { scope: \"read\" };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:17:37: error BFF233: nothing says who is calling: a permit needs an identity\n    17 |     option (bff.v1.method).permit = { scope: \"read\" };\n       |                                     ^^^^^^^^^^^^^^^^^\n  hint: add `identity` to the file rule of this package, or leave out the permit"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  identity: {\n    type: \"app.v1.Principal\"\n    source: [\n      { name: \"user\" jwt: { issuer: \"https://id.example\" audience: \"app\" } set: { name: \"subject\" by: \"credential.subject\" } },\n      { name: \"robot\" api_key: {} set: { name: \"subject\" by: \"credential.subject\" } }\n    ]\n  }\n};\n\nservice AppService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { scope: \"read\" };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF234",
    "severity": "error",
    "meaning": "Scopes and roles are lists of texts of the principal, because that is where a permit looks for them.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { scope: \"read\" };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:25:46: error BFF234: \"app.v1.Principal\" has no `repeated string scopes`\n    25 |     option (bff.v1.method).permit = { scope: \"read\" };\n       |                                              ^^^^^^\n  hint: add the field to the message, and fill it by `set`; or ask by `if`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Principal {\n  // …\n  repeated string scopes = 3;\n}\n\nservice AppService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { scope: \"read\" };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF235",
    "severity": "error",
    "meaning": "The `if` of a service's permit does not read `args`: it is asked for each of its rpcs, and these have different requests.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = { permit: { if: \"principal.subject == args.id\" } };\n  rpc Get(GetRequest) returns (Page) {}\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:25:45: error BFF235: the `if` of a service's permit sees no `args`: each of its rpcs has another request\n    25 |   option (bff.v1.service) = { permit: { if: \"principal.subject == args.id\" } };\n       |                                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: move it to the permits of the rpcs, or read `principal`, `headers`, `peer`, `env`, `now` or a step of the service"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = {};\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { if: \"principal.subject == args.id\" };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF236",
    "severity": "error",
    "meaning": "What a permit rests on has a value, or fails the request. Otherwise an outage would decide who may call, and let somebody in.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = {\n    let: { name: \"viewer\" supplementary: true call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"principal.subject\" } } }\n    permit: { if: \"ok(viewer) && viewer.stock > 0\" }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:27:23: error BFF236: a permit rests on step \"viewer\", which is supplementary: a failure would decide who may call\n    27 |     permit: { if: \"ok(viewer) && viewer.stock > 0\" }\n       |                       ^^^^^^\n  app/v1/app.proto:26:18: the step of the service\n    26 |     let: { name: \"viewer\" supplementary: true call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"principal.subject\" } } }\n       |                  ^^^^^^^^\n  hint: read a critical step by `call`, `by` or `switch`, such as one in the `let` of the permit itself"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = {\n    let: { name: \"viewer\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"principal.subject\" } } }\n    permit: { if: \"viewer.stock > 0\" }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF237",
    "severity": "error",
    "meaning": "A call by which is decided who may call has no side effects, because it is sent for those who may not, too.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = {\n      let: { name: \"decision\" call: { method: \"up.v1.OrderService/PlaceOrder\" set: { name: \"item_id\" by: \"args.id\" } } }\n      // …\n    };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:28:47: error BFF237: \"up.v1.OrderService/PlaceOrder\" may have side effects, and is called before it is known who may call\n    28 |       let: { name: \"decision\" call: { method: \"up.v1.OrderService/PlaceOrder\" set: { name: \"item_id\" by: \"args.id\" } } }\n       |                                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: say `read_only: true` on the call when it only reads, or `idempotency_level = NO_SIDE_EFFECTS` on its method"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = {\n      let: { name: \"decision\" call: { method: \"up.v1.OrderService/GetOrder\" set: { name: \"id\" by: \"args.id\" } } }\n      // …\n    };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF238",
    "severity": "warning",
    "meaning": "Who may call is decided by answers that are current. One that is served past its `ttl` keeps a right alive that has been taken away.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = {\n      let: { name: \"decision\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } cache: { ttl: \"10s\" stale: \"1m\" } } }\n      // …\n    };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:28:136: warning BFF238: who may call is decided by an answer that may be past its `ttl`: a right that is taken away lives on for so long\n    28 |       let: { name: \"decision\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } cache: { ttl: \"10s\" stale: \"1m\" } } }\n       |                                                                                                                                        ^^^^\n  hint: write `stale: \"0s\"` in the `cache` of this call"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = {\n      let: { name: \"decision\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } cache: { ttl: \"10s\" } } }\n      // …\n    };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF239",
    "severity": "warning",
    "meaning": "A source of the identity is accepted by some rpc. Otherwise credentials are verified for nothing.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  identity: {\n    // …\n    source: [\n      // …\n      { name: \"robot\" api_key: {} set: { name: \"subject\" by: \"credential.subject\" } }\n    ]\n  }\n};\n\nservice AppService {\n  option (bff.v1.service) = { permit: { source: \"user\" } };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:12:15: warning BFF239: no rpc of \"app.v1\" accepts source \"robot\"\n    12 |       { name: \"robot\" api_key: {} set: { name: \"subject\" by: \"credential.subject\" } }\n       |               ^^^^^^^\n  hint: name it in a permit, or leave the source out"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  identity: {\n    // …\n    source: [\n      // …\n      { name: \"robot\" api_key: {} set: { name: \"subject\" by: \"credential.subject\" } }\n    ]\n  }\n};\n\nservice AppService {\n  option (bff.v1.service) = { permit: {} };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF240",
    "severity": "error",
    "meaning": "A request sets the `required` fields of its message, because without them it cannot be written to the wire.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/v1/app.proto\nmessage Page {\n  option (bff.v1.message) = {\n    let: { name: \"record\" call: { method: \"legacy.v1.LegacyService/Get\" set: { name: \"window\" by: \"legacy.v1.Window{from: 1}\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:21:43: error BFF240: \"id\" of \"legacy.v1.GetRequest\" is required, and nothing sets it\n    21 |     let: { name: \"record\" call: { method: \"legacy.v1.LegacyService/Get\" set: { name: \"window\" by: \"legacy.v1.Window{from: 1}\" } } }\n       |                                           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: set it: set: { name: \"id\" by: \"…\" }"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"record\" call: { method: \"legacy.v1.LegacyService/Get\" set: [{ name: \"id\" by: \"args.id\" }, { name: \"window\" by: \"legacy.v1.Window{from: 1}\" }] } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF241",
    "severity": "error",
    "meaning": "Arguments differ in TypeScript, too, where `item_id` and `itemId` are one name.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"card\" compose: { message: \"Card\" args: [ { name: \"item_id\" by: \"args.id\" }, { name: \"itemId\" by: \"args.ids[0]\" } ] } }\n  };\n  // …\n}\n\nmessage Card {\n  string text = 1 [(bff.v1.field).by = \"args.item_id + args.itemId\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:103: error BFF241: the arguments \"item_id\" and \"itemId\" are both \"itemId\" in TypeScript\n    22 |     let: { name: \"card\" compose: { message: \"Card\" args: [ { name: \"item_id\" by: \"args.id\" }, { name: \"itemId\" by: \"args.ids[0]\" } ] } }\n       |                                                                                                       ^^^^^^^^\n  app/v1/app.proto:22:60: \"item_id\" is given here\n    22 |     let: { name: \"card\" compose: { message: \"Card\" args: [ { name: \"item_id\" by: \"args.id\" }, { name: \"itemId\" by: \"args.ids[0]\" } ] } }\n       |                                                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: rename one of them, here and where \"Card\" reads it"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"card\" compose: { message: \"Card\" args: [ { name: \"item_id\" by: \"args.id\" }, { name: \"first_id\" by: \"args.ids[0]\" } ] } }\n  };\n  // …\n}\n\nmessage Card {\n  string text = 1 [(bff.v1.field).by = \"args.item_id + args.first_id\"];\n}"
      }
    ]
  },
  {
    "code": "BFF242",
    "severity": "error",
    "meaning": "What is said to those who are refused can be said. If its message or a detail failed, they would learn something else.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { if: \"principal.subject == args.id\" fail: { message: \"not {args.ids[0]}\" } };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:27:97: error BFF242: what a permit says when it refuses may itself fail here\n    27 |     option (bff.v1.method).permit = { if: \"principal.subject == args.id\" fail: { message: \"not {args.ids[0]}\" } };\n       |                                                                                                 ^^^^^^^^^^^\n  hint: write what is always there, such as a field of `args`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { if: \"principal.subject == args.id\" fail: { message: \"not {args.id}\" } };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF243",
    "severity": "error",
    "meaning": "In a permit an optional is compared with a value, because two that hold nothing are equal: a caller of whom something is not known would be taken for anybody of whom it is not known either.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { if: \"principal.?tenant == args.?tenant\" };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:27:44: error BFF243: in a permit two values that may both be missing are not compared: nothing equals nothing\n    27 |     option (bff.v1.method).permit = { if: \"principal.?tenant == args.?tenant\" };\n       |                                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: ask for one of them first, as in has(a.b) && a.b == …"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).permit = { if: \"principal.tenant == args.tenant\" };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF244",
    "severity": "error",
    "meaning": "Limits of one name in a package are one counter, wherever they stand. So what they say of it agrees; whom they count, and how much a request costs, may differ.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  rate_limit: { name: \"user\" key: \"principal.subject\" rate: 60 per: \"1m\" }\n};\n\nservice AppService {\n  // …\n  rpc Get(GetRequest) returns (GetResponse) {\n    option (bff.v1.method) = {\n      rate_limit: { name: \"user\" key: \"principal.tenant\" rate: 90 per: \"1m\" }\n    };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:31:64: error BFF244: two limits are called \"user\", and differ in `rate`: 60 and 90\n    31 |       rate_limit: { name: \"user\" key: \"principal.tenant\" rate: 90 per: \"1m\" }\n       |                                                                ^^\n  app/v1/app.proto:16:61: 60 here\n    16 |   rate_limit: { name: \"user\" key: \"principal.subject\" rate: 60 per: \"1m\" }\n       |                                                             ^^\n  hint: limits of one name are one counter: let them agree, or give one of them a name of its own"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  rate_limit: { name: \"user\" key: \"principal.subject\" rate: 60 per: \"1m\" }\n};\n\nservice AppService {\n  // …\n  rpc Get(GetRequest) returns (GetResponse) {\n    option (bff.v1.method) = {\n      rate_limit: { name: \"user\" key: \"principal.tenant\" rate: 60 per: \"1m\" }\n    };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF245",
    "severity": "error",
    "meaning": "A limit reads what is there when it is charged. That of a file or a service is one for several rpcs, with other requests and answers; none waits for a call, for what is refused calls nobody.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  rate_limit: { name: \"user\" key: \"principal.subject + args.id\" rate: 60 per: \"1m\" }\n};\n\nservice AppService {\n  // …\n  rpc Get(GetRequest) returns (GetResponse);\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:16:35: error BFF245: a limit of a file sees no `args`: each rpc has another request\n    16 |   rate_limit: { name: \"user\" key: \"principal.subject + args.id\" rate: 60 per: \"1m\" }\n       |                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: move it to the rpcs, or read `principal`, `peer`, `headers`, `env` or `now`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (GetResponse) {\n    option (bff.v1.method) = {\n      rate_limit: { name: \"user\" key: \"principal.subject + args.id\" rate: 60 per: \"1m\" }\n    };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF246",
    "severity": "error",
    "meaning": "A limit counts by a text, or a number or bool that becomes one, and in whole units.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (GetResponse) {\n    option (bff.v1.method) = {\n      rate_limit: { name: \"user\" key: \"principal\" rate: 60 per: \"1m\" }\n    };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:30:39: error BFF246: this key is app.v1.Principal, not string, int, uint or bool\n    30 |       rate_limit: { name: \"user\" key: \"principal\" rate: 60 per: \"1m\" }\n       |                                       ^^^^^^^^^^^\n  hint: name a field of it"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (GetResponse) {\n    option (bff.v1.method) = {\n      rate_limit: { name: \"user\" key: \"principal.subject\" rate: 60 per: \"1m\" }\n    };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF247",
    "severity": "error",
    "meaning": "What a request costs can be told wherever the limit applies. Otherwise it would be free for some.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (GetResponse) {\n    option (bff.v1.method) = {\n      rate_limit: { name: \"address\" key: \"peer.address\" rate: 60 per: \"1m\" cost: \"principal.weight\" }\n    };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:30:82: error BFF247: this `cost` has no value where \"principal\" is absent, and the limit applies all the same\n    30 |       rate_limit: { name: \"address\" key: \"peer.address\" rate: 60 per: \"1m\" cost: \"principal.weight\" }\n       |                                                                                  ^^^^^^^^^^^^^^^^^^\n  hint: write what it is then, as in `ok(principal) ? … : 1`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (GetResponse) {\n    option (bff.v1.method) = {\n      rate_limit: { name: \"address\" key: \"peer.address\" rate: 60 per: \"1m\" cost: \"ok(principal) ? principal.weight : 1\" }\n    };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF250",
    "severity": "error",
    "meaning": "Rules of `buf.validate` are of the kind of what they stand on, because they would be asked of values of another type.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message GetRequest {\n  // …\n  int32 age = 2 [(buf.validate.field).string.min_len = 1];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:15:56: error BFF250: rules of `string` do not fit \"age\"\n    15 |   int32 age = 2 [(buf.validate.field).string.min_len = 1];\n       |                                                        ^\n  hint: write rules of `int32`, which fit \"age\""
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message GetRequest {\n  // …\n  int32 age = 2 [(buf.validate.field).int32.gte = 1];\n}"
      }
    ]
  },
  {
    "code": "BFF251",
    "severity": "error",
    "meaning": "Some value keeps all rules of a field. Otherwise every request that has one is refused.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message GetRequest {\n  string id = 1 [(buf.validate.field).string = { min_len: 10, max_len: 3 }];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:14:59: error BFF251: no value keeps both: it must be at least 10 characters, and must be at most 3 characters\n    14 |   string id = 1 [(buf.validate.field).string = { min_len: 10, max_len: 3 }];\n       |                                                           ^^\n  app/v1/app.proto:14:72: the other rule\n    14 |   string id = 1 [(buf.validate.field).string = { min_len: 10, max_len: 3 }];\n       |                                                                        ^\n  hint: change `min_len` or `max_len`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message GetRequest {\n  string id = 1 [(buf.validate.field).string = { min_len: 3, max_len: 10 }];\n}"
      }
    ]
  },
  {
    "code": "BFF252",
    "severity": "error",
    "meaning": "A pattern is one of RE2, which is matched in time linear in the text, whatever a client sends.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message GetRequest {\n  string id = 1 [(buf.validate.field).string.pattern = \"^(?=.*[0-9])[a-z0-9]+$\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:14:56: error BFF252: \"^(?=.*[0-9])[a-z0-9]+$\" is no pattern of RE2\n    14 |   string id = 1 [(buf.validate.field).string.pattern = \"^(?=.*[0-9])[a-z0-9]+$\"];\n       |                                                        ^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: write one as in https://github.com/google/re2/wiki/Syntax, which has no look-around and no back-references"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message GetRequest {\n  string id = 1 [(buf.validate.field).string.pattern = \"^[a-z0-9]*[0-9][a-z0-9]*$\"];\n}"
      }
    ]
  },
  {
    "code": "BFF253",
    "severity": "error",
    "meaning": "All rules of a request are known, because one that is not would not be checked. They may be of another version of `validate.proto`.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/v1/app.proto\nmessage GetRequest {\n  string id = 1 [(buf.validate.field).string.palindrome = true];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:14:59: error BFF253: the rule \"palindrome\" of buf.validate.StringRules is unknown to this version\n    14 |   string id = 1 [(buf.validate.field).string.palindrome = true];\n       |                                                           ^^^^\n  hint: leave it out, or say it in CEL"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "// app/v1/app.proto\nmessage GetRequest {\n  string id = 1 [(buf.validate.field).string.min_len = 1];\n}"
      }
    ]
  },
  {
    "code": "BFF254",
    "severity": "error",
    "meaning": "A `oneof` of `(buf.validate.message)` names fields of its message, each once.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message GetRequest {\n  option (buf.validate.message).oneof = { fields: [\"id\", \"nmae\"] };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:14:58: error BFF254: \"GetRequest\" has no field \"nmae\"\n    14 |   option (buf.validate.message).oneof = { fields: [\"id\", \"nmae\"] };\n       |                                                          ^^^^^^\n  hint: write \"name\""
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message GetRequest {\n  option (buf.validate.message).oneof = { fields: [\"id\", \"name\"] };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF255",
    "severity": "error",
    "meaning": "A rule in CEL gives a bool, or a text that says what is wrong. Nothing else tells whether a value is right.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message GetRequest {\n  string id = 1 [(buf.validate.field).cel = {\n    // …\n    expression: \"size(this)\"\n  }];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:16:17: error BFF255: a rule gives a bool or a string, and this is int\n    16 |     expression: \"size(this)\"\n       |                 ^^^^^^^^^^^^\n  hint: compare it: size(this) > 0"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message GetRequest {\n  string id = 1 [(buf.validate.field).cel = {\n    // …\n    expression: \"size(this) > 0\"\n  }];\n}"
      }
    ]
  },
  {
    "code": "BFF256",
    "severity": "error",
    "meaning": "A rule has an `id`. It is what clients, translations and tests know a violation by; messages change.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message GetRequest {\n  string id = 1 [(buf.validate.field).cel = {\n    // …\n  }];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:13:45: error BFF256: a rule has no `id`\n    13 |   string id = 1 [(buf.validate.field).cel = {\n       |                                             ^\n  hint: name it, as in `id: \"order.total\"`: clients tell by it what is wrong"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message GetRequest {\n  string id = 1 [(buf.validate.field).cel = {\n    id: \"id.length\"\n    // …\n  }];\n}"
      }
    ]
  },
  {
    "code": "BFF257",
    "severity": "error",
    "meaning": "Rules of one field or message have different ids, because a client could not tell which of them is broken.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message GetRequest {\n  option (buf.validate.message).cel = {\n    id: \"range\"\n    // …\n  };\n  option (buf.validate.message).cel = {\n    id: \"range\"\n    // …\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:19:9: error BFF257: two rules have the id \"range\"\n    19 |     id: \"range\"\n       |         ^^^^^^^\n  app/v1/app.proto:14:9: the first one\n    14 |     id: \"range\"\n       |         ^^^^^^^\n  hint: give each rule of a field or a message an id of its own"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message GetRequest {\n  option (buf.validate.message).cel = {\n    id: \"range\"\n    // …\n  };\n  option (buf.validate.message).cel = {\n    id: \"range.length\"\n    // …\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF258",
    "severity": "error",
    "meaning": "A rule is written in the CEL of protovalidate. It stands in a proto that others read with it, where functions of this compiler alone would not compile.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message GetRequest {\n  // …\n  repeated string tags = 2 [(buf.validate.field).cel = {\n    // …\n    expression: \"this.distinct().size() == this.size()\"\n  }];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:17:18: error BFF258: rules of buf.validate have no function \"distinct\"\n    17 |     expression: \"this.distinct().size() == this.size()\"\n       |                  ^^^^^^^^^^^^^^^\n  hint: did you mean \"unique\"?"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message GetRequest {\n  // …\n  repeated string tags = 2 [(buf.validate.field).cel = {\n    // …\n    expression: \"this.unique()\"\n  }];\n}"
      }
    ]
  },
  {
    "code": "BFF259",
    "severity": "error",
    "meaning": "What a predefined rule reads of `rule` and `rules` is known when generating, and written into the check as a literal.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/v1/app.proto\nmessage GetRequest {\n  string id = 1 [(buf.validate.field).string.(begins) = { text: \"a\" }];\n}"
      },
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/v1/rules.proto\nextend buf.validate.StringRules {\n  optional Prefix begins = 80001 [(buf.validate.predefined).cel = {\n    // …\n    expression: \"this.startsWith(rule.text)\"\n  }];\n}\n\nmessage Prefix {\n  optional string text = 1;\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/rules.proto:11:17: error BFF259: this reads of `rule` or `rules` what cannot be written as a literal\n    11 |     expression: \"this.startsWith(rule.text)\"\n       |                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: read single fields of `rules`, which are numbers, texts, bools, bytes, timestamps, durations or lists of these"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "// app/v1/app.proto\nmessage GetRequest {\n  string id = 1 [(buf.validate.field).string.(begins) = \"a\"];\n}"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "// app/v1/rules.proto\nextend buf.validate.StringRules {\n  optional string begins = 80001 [(buf.validate.predefined).cel = {\n    // …\n    expression: \"this.startsWith(rule)\"\n  }];\n}"
      }
    ]
  },
  {
    "code": "BFF260",
    "severity": "error",
    "meaning": "An answer that is used again, by the BFF or by an HTTP cache, is of an rpc that says NO_SIDE_EFFECTS. Of any other the second request would do nothing.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    option (bff.v1.method) = { cache: { ttl: \"30s\" } };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:10:39: error BFF260: \"cache\" uses answers again, and \"GetPage\" may have side effects\n    10 |     option (bff.v1.method) = { cache: { ttl: \"30s\" } };\n       |                                       ^^^^^^^^^^^^^^\n  app/v1/app.proto:9:7: the rpc\n    9 |   rpc GetPage(GetPageRequest) returns (Page) {\n      |       ^^^^^^^\n  hint: say `option idempotency_level = NO_SIDE_EFFECTS;` in the rpc, if that is so; or leave out \"cache\""
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    option idempotency_level = NO_SIDE_EFFECTS;\n    option (bff.v1.method) = { cache: { ttl: \"30s\" } };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF261",
    "severity": "error",
    "meaning": "It is known when generating what an answer depends on that is used again. What a function of the user reads, or a header that only the request names, is not.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    // …\n    option (bff.v1.method) = { cache: { ttl: \"30s\" } };\n  }\n}\n\nmessage Page {\n  string name = 1 [(bff.v1.field).resolver = true];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:11:39: error BFF261: \"cache\" would have to know what a resolver reads, of which \"GetPage\" is made\n    11 |     option (bff.v1.method) = { cache: { ttl: \"30s\" } };\n       |                                       ^^^^^^^^^^^^^^\n  app/v1/app.proto:18:46: the resolver\n    18 |   string name = 1 [(bff.v1.field).resolver = true];\n       |                                              ^^^^\n  hint: leave out \"cache\", and cache the calls instead; or compose what the resolver gives"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  string name = 1 [(bff.v1.field).resolver = true];\n}"
      }
    ]
  },
  {
    "code": "BFF262",
    "severity": "error",
    "meaning": "What HTTP caches share is the same for everybody: anybody may call the rpc, and nothing of its answer depends on who does.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    // …\n    option (bff.v1.method) = { http_cache: { max_age: \"30s\" shared: true } };\n  }\n}\n\nmessage Page {\n  bool known = 1 [(bff.v1.field).by = \"ok(principal)\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:16:69: error BFF262: answers of \"GetPage\" depend on who calls\n    16 |     option (bff.v1.method) = { http_cache: { max_age: \"30s\" shared: true } };\n       |                                                                     ^^^^\n  app/v1/app.proto:23:40: the principal is read or told here\n    23 |   bool known = 1 [(bff.v1.field).by = \"ok(principal)\"];\n       |                                        ^^^^^^^^^^^^^\n  hint: write `http_cache: { shared: false }` in the rpc, or leave `shared` out: then each client keeps its own"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    // …\n    option (bff.v1.method) = { http_cache: { max_age: \"30s\" } };\n  }\n}\n\nmessage Page {\n  bool known = 1 [(bff.v1.field).by = \"ok(principal)\"];\n}"
      }
    ]
  },
  {
    "code": "BFF264",
    "severity": "error",
    "meaning": "An `http_cache` says how long its answers may be used again, in the rpc or in its service.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    // …\n    option (bff.v1.method) = { http_cache: { stale: \"60s\" } };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:11:44: error BFF264: nothing says for how long answers of \"GetPage\" may be used again\n    11 |     option (bff.v1.method) = { http_cache: { stale: \"60s\" } };\n       |                                            ^^^^^^^^^^^^^^^^\n  hint: write `max_age`, as in `max_age: \"30s\"`; \"0s\" has caches ask each time"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    // …\n    option (bff.v1.method) = { http_cache: { max_age: \"30s\" stale: \"60s\" } };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF265",
    "severity": "error",
    "meaning": "What is deprecated is gone on a later day than that from which it is deprecated, or on the same (RFC 9745): otherwise nobody has been warned.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service PageService {\n  option (bff.v1.service) = {version: {deprecated: \"2026-11-01\"}};\n\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).version = {sunset: \"2026-10-31\"};\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "page/v1/page.proto:11:47: error BFF265: the sunset, 2026-10-31, is before the day from which it is deprecated, 2026-11-01\n    11 |     option (bff.v1.method).version = {sunset: \"2026-10-31\"};\n       |                                               ^^^^^^^^^^^^\n  page/v1/page.proto:8:52: deprecated from here on\n    8 |   option (bff.v1.service) = {version: {deprecated: \"2026-11-01\"}};\n      |                                                    ^^^^^^^^^^^^\n  hint: write 2026-11-01 or a later day, or correct `deprecated`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service PageService {\n  option (bff.v1.service) = {version: {deprecated: \"2026-11-01\"}};\n\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).version = {sunset: \"2026-11-01\"};\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF266",
    "severity": "error",
    "meaning": "What has a `sunset` says since when it is deprecated. Clients look for the one header or for the other, and those who look for the first would learn of it when it is gone.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).version = {sunset: \"2027-05-01\"};\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "page/v1/page.proto:11:47: error BFF266: `sunset` without `deprecated`: who looks for what is deprecated learns nothing until it is gone\n    11 |     option (bff.v1.method).version = {sunset: \"2027-05-01\"};\n       |                                               ^^^^^^^^^^^^\n  hint: say since when it is deprecated, as in `deprecated: \"2026-11-01\"`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).version = {deprecated: \"2026-11-01\" sunset: \"2027-05-01\"};\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF267",
    "severity": "error",
    "meaning": "The successor of an rpc is another rpc of a BFF, which stays: a client that is sent there has to be answered.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).version = {successor: \"page.v1.PageService/Get\"};\n  }\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "page/v1/page.proto:11:50: error BFF267: \"Get\" cannot be its own successor\n    11 |     option (bff.v1.method).version = {successor: \"page.v1.PageService/Get\"};\n       |                                                  ^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: name the service, or the rpc, that takes its place"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).version = {successor: \"page.v1.PageService/Find\"};\n  }\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF268",
    "severity": "error",
    "meaning": "Packages that are served together have one identity: their callers come to one port, and a credential means the same in all of them.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// page/identity.proto\noption (bff.v1.file) = {\n  identity: {\n    // …\n  }\n};"
      },
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// page/v1/page.proto\nservice PageService {\n  option (bff.v1.service) = {};\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "page/v1/page.proto:8:9: error BFF268: \"page.v1\" knows no callers, and is served together with \"page.v2\", which does\n    8 | service PageService {\n      |         ^^^^^^^^^^^\n  page/identity.proto:8:13: the identity of \"page.v2\"\n    8 |   identity: {\n      |             ^\n  hint: import \"page/identity.proto\" here too, and give the rpcs a `permit`: `{ public: true }` where anybody may call"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "import \"page/identity.proto\";\n\nservice PageService {\n  option (bff.v1.service) = {permit: {public: true}};\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF269",
    "severity": "error",
    "meaning": "Packages that are served together share each upstream with its breaker, limit, retry budget, addresses and protocol, so that they say the same of it.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// page/v1/page.proto\noption (bff.v1.file) = {\n  upstream: {service: \"up.v1.ItemService\" breaker: {open_for: \"5s\" error_rate: 0.4}}\n};"
      },
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// page/v2/page.proto\noption (bff.v1.file) = {\n  upstream: {service: \"up.v1.ItemService\" breaker: {open_for: \"2s\" error_rate: 0.4}}\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "page/v2/page.proto:8:63: error BFF269: \"page.v2\" and \"page.v1\" are served together and share up.v1.ItemService: here it has breaker.open_for 2000 ms, there breaker.open_for 5000 ms\n    8 |   upstream: {service: \"up.v1.ItemService\" breaker: {open_for: \"2s\" error_rate: 0.4}}\n      |                                                               ^^^^\n  page/v1/page.proto:9:63: \"page.v1\"\n    9 |   upstream: {service: \"up.v1.ItemService\" breaker: {open_for: \"5s\" error_rate: 0.4}}\n      |                                                               ^^^^\n  hint: declare the entry in one file, and import that file in both"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  upstream: {service: \"up.v1.ItemService\" breaker: {open_for: \"5s\" error_rate: 0.4}}\n};"
      }
    ]
  },
  {
    "code": "BFF270",
    "severity": "error",
    "meaning": "`by` of a branch is a text: requests with the same one stay on one side. Other values become texts in more than one way.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  upstream: { service: \"up.v1.ItemService\" branch: { name: \"canary\" share: 0.05 by: \"size(headers['x-tenant'])\" } }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:8:85: error BFF270: `by` of a branch is int, not string\n    8 |   upstream: { service: \"up.v1.ItemService\" branch: { name: \"canary\" share: 0.05 by: \"size(headers['x-tenant'])\" } }\n      |                                                                                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: write string(size(headers['x-tenant']))"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  upstream: { service: \"up.v1.ItemService\" branch: { name: \"canary\" share: 0.05 by: \"headers['x-tenant']\" } }\n};"
      }
    ]
  },
  {
    "code": "BFF271",
    "severity": "error",
    "meaning": "The variables that say where upstreams and their branches are differ. Two with one name would call one address for the other.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/v1/app.proto\noption (bff.v1.file) = {\n  upstream: { service: \"up.v1.ItemService\" branch: { name: \"lab\" share: 0.05 } }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:8:60: error BFF271: the address of branch \"lab\" of \"up.v1.ItemService\" would be in UP_V1_ITEMSERVICE_LAB_URL, which has that of \"up.v1.itemservice.Lab\"\n    8 |   upstream: { service: \"up.v1.ItemService\" branch: { name: \"lab\" share: 0.05 } }\n      |                                                            ^^^^^\n  hint: give the branch another name"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  upstream: { service: \"up.v1.ItemService\" branch: { name: \"canary\" share: 0.05 } }\n};"
      }
    ]
  },
  {
    "code": "BFF272",
    "severity": "error",
    "meaning": "All calls of a request to an upstream go to one side. So messages of other packages that it composes, which have the policies of their own, say the same of its branches.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/v1/app.proto\noption (bff.v1.file) = {\n  upstream: { service: \"up.v1.ItemService\" branch: { name: \"canary\" share: 0.05 } }\n};"
      },
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// parts/v1/parts.proto\nmessage Part {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "parts/v1/parts.proto:9:41: error BFF272: one request calls \"up.v1.ItemService\" by the rules of two packages, which have other branches: in \"app.v1\" \"canary\", in \"parts.v1\" none\n    9 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n      |                                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  app/v1/app.proto:9:52: for package \"app.v1\"\n    9 |   upstream: { service: \"up.v1.ItemService\" branch: { name: \"canary\" share: 0.05 } }\n      |                                                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: declare the entry in a file of its own, and import that in \"parts.v1\" and \"app.v1\""
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "// app/rules/rules.proto\nimport \"bff/v1/options.proto\";\n\noption (bff.v1.file) = {\n  upstream: { service: \"up.v1.ItemService\" branch: { name: \"canary\" share: 0.05 } }\n};"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "// app/v1/app.proto\nimport \"app/rules/rules.proto\";"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "// parts/v1/parts.proto\nimport \"app/rules/rules.proto\";\n\nmessage Part {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF275",
    "severity": "error",
    "meaning": "A variable of a path is a field of the request. Nobody else would get what stands there.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    // …\n    option (google.api.http) = {get: \"/v1/pages/{idd}\"};\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "page/v1/page.proto:13:50: error BFF275: \"page.v1.GetRequest\" has no field \"idd\"\n    13 |     option (google.api.http) = {get: \"/v1/pages/{idd}\"};\n       |                                                  ^^^\n  hint: did you mean \"id\"?"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    // …\n    option (google.api.http) = {get: \"/v1/pages/{id}\"};\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF276",
    "severity": "error",
    "meaning": "A variable of a path is a single value, and reached through single messages. A segment holds no list, and no message.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    // …\n    option (google.api.http) = {get: \"/v1/pages/{ids}\"};\n  }\n}\n\nmessage GetRequest {\n  repeated string ids = 1;\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "page/v1/page.proto:13:50: error BFF276: \"ids\" is a list, and a path holds single values: texts, numbers, bools and enums\n    13 |     option (google.api.http) = {get: \"/v1/pages/{ids}\"};\n       |                                                  ^^^\n  hint: name another field, or one inside it, or leave it to the query or the body"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    // …\n    option (google.api.http) = {get: \"/v1/pages/{id}\"};\n  }\n}\n\nmessage GetRequest {\n  string id = 1;\n  repeated string ids = 2;\n}"
      }
    ]
  },
  {
    "code": "BFF277",
    "severity": "error",
    "meaning": "The body of a request is all of it, `*`, or one field of the request itself.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (google.api.http) = {post: \"/v1/pages/{id}\" body: \"drafft\"};\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "page/v1/page.proto:12:62: error BFF277: \"page.v1.GetRequest\" has no field \"drafft\"\n    12 |     option (google.api.http) = {post: \"/v1/pages/{id}\" body: \"drafft\"};\n       |                                                              ^^^^^^^^\n  hint: did you mean \"draft\"?"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (google.api.http) = {post: \"/v1/pages/{id}\" body: \"draft\"};\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF278",
    "severity": "error",
    "meaning": "The body of a response is all of it, or one field of the response itself.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    // …\n    option (google.api.http) = {get: \"/v1/pages/{id}\" response_body: \"titel\"};\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "page/v1/page.proto:13:70: error BFF278: \"page.v1.Page\" has no field \"titel\"\n    13 |     option (google.api.http) = {get: \"/v1/pages/{id}\" response_body: \"titel\"};\n       |                                                                      ^^^^^^^\n  hint: did you mean \"title\"?"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    // …\n    option (google.api.http) = {get: \"/v1/pages/{id}\" response_body: \"title\"};\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF279",
    "severity": "error",
    "meaning": "GET and HEAD only read. Browsers, caches and proxies send such requests again, ahead of time, and from links, so that an rpc with side effects would have them at anybody's word.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (google.api.http) = {get: \"/v1/pages/{id}\"};\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "page/v1/page.proto:12:38: error BFF279: \"Get\" may have side effects, and its path is for GET\n    12 |     option (google.api.http) = {get: \"/v1/pages/{id}\"};\n       |                                      ^^^^^^^^^^^^^^^^\n  hint: write `option idempotency_level = NO_SIDE_EFFECTS;` in the rpc if it only reads, or choose `post`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option idempotency_level = NO_SIDE_EFFECTS;\n    option (google.api.http) = {get: \"/v1/pages/{id}\"};\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF280",
    "severity": "error",
    "meaning": "A field comes from one place of a request. Where there were two, either could be the other's opposite.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    // …\n    option (google.api.http) = {get: \"/v1/pages/{id}/{id}\"};\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "page/v1/page.proto:13:55: error BFF280: \"id\" stands in this path twice\n    13 |     option (google.api.http) = {get: \"/v1/pages/{id}/{id}\"};\n       |                                                       ^^\n  page/v1/page.proto:13:50: here for the first time\n    13 |     option (google.api.http) = {get: \"/v1/pages/{id}/{id}\"};\n       |                                                  ^^\n  hint: give each variable a field of its own"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    // …\n    option (google.api.http) = {get: \"/v1/pages/{id}/{part}\"};\n  }\n}\n\nmessage GetRequest {\n  // …\n  string part = 2;\n}"
      }
    ]
  },
  {
    "code": "BFF281",
    "severity": "error",
    "meaning": "What is served at these paths is JSON. A google.api.HttpBody is whatever its bytes are.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// page/v1/page.proto\nservice PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (google.api.http) = {post: \"/v1/pages\" body: \"file\"};\n  }\n}\n\nmessage GetRequest {\n  google.api.HttpBody file = 1;\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "page/v1/page.proto:13:39: error BFF281: the request of \"Get\" is a google.api.HttpBody, and only JSON is served here\n    13 |     option (google.api.http) = {post: \"/v1/pages\" body: \"file\"};\n       |                                       ^^^^^^^^^^^\n  hint: leave out the rule, or return a message of your own"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (google.api.http) = {post: \"/v1/pages\" body: \"*\"};\n  }\n}\n\nmessage GetRequest {\n  string id = 1;\n}\n\nmessage Upload {\n  google.api.HttpBody file = 1;\n}"
      }
    ]
  },
  {
    "code": "BFF282",
    "severity": "error",
    "meaning": "What files say of traces is for all rpcs of a package. So they say the same: which file is read first is nobody's decision.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/v1/app.proto\noption (bff.v1.file) = {\n  telemetry: { sample: 0.2 slow: \"1s\" }\n};"
      },
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/v1/policy.proto\noption (bff.v1.file) = {\n  telemetry: { sample: 0.1 }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:9:24: error BFF282: \"sample\" is 0.2 here and 0.1 elsewhere, of the same package\n    9 |   telemetry: { sample: 0.2 slow: \"1s\" }\n      |                        ^^^\n  app/v1/policy.proto:8:24: the other one\n    8 |   telemetry: { sample: 0.1 }\n      |                        ^^^\n  hint: leave out one of them: what a file says of traces is for all rpcs of its package"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "// app/v1/app.proto\noption (bff.v1.file) = {\n  telemetry: { slow: \"1s\" }\n};"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "// app/v1/policy.proto\noption (bff.v1.file) = {\n  telemetry: { sample: 0.1 }\n};"
      }
    ]
  },
  {
    "code": "BFF283",
    "severity": "error",
    "meaning": "An attribute of a span is a text, a number, a bool, or a list of one of these: what OpenTelemetry has, and whatever shows traces can search.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  telemetry: { attribute: \"args.key\" }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:8:27: error BFF283: this attribute is bytes, which a span cannot carry\n    8 |   telemetry: { attribute: \"args.key\" }\n      |                           ^^^^^^^^^^\n  hint: write a text, as in `base64.encode(…)`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  telemetry: { attribute: \"base64.encode(args.key)\" }\n};"
      }
    ]
  },
  {
    "code": "BFF284",
    "severity": "error",
    "meaning": "An attribute is what is known of a request when it has come: its message, its headers, who calls. What its calls have come to, the trace shows itself.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  telemetry: { attribute: \"principal.subject\" }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:8:27: error BFF284: nothing says who is calling: an attribute by `principal` needs an identity\n    8 |   telemetry: { attribute: \"principal.subject\" }\n      |                           ^^^^^^^^^^^^^^^^^^^\n  hint: add `identity` to the file rule of this package, or leave out the attribute"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  telemetry: { attribute: \"args.id\" }\n};"
      }
    ]
  },
  {
    "code": "BFF287",
    "severity": "error",
    "meaning": "An adaptive limit moves between 3 and `concurrent`, so that there is room between them. `adaptive: false` is for what is inside of an adaptive one.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  upstream: { service: \"up.v1.ItemService\" limit: { adaptive: true concurrent: 2 } }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:8:80: error BFF287: an adaptive limit lets 3 calls through at least, so that it never changes between that and `concurrent: 2`\n    8 |   upstream: { service: \"up.v1.ItemService\" limit: { adaptive: true concurrent: 2 } }\n      |                                                                                ^\n  app/v1/app.proto:8:63: it is adaptive here\n    8 |   upstream: { service: \"up.v1.ItemService\" limit: { adaptive: true concurrent: 2 } }\n      |                                                               ^^^^\n  hint: give it room, as in `concurrent: 100`, or leave `adaptive` out"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  upstream: { service: \"up.v1.ItemService\" limit: { adaptive: true concurrent: 100 } }\n};"
      }
    ]
  },
  {
    "code": "BFF288",
    "severity": "error",
    "meaning": "An rpc of an upstream that speaks HTTP says in google.api.http by which path it is called, since the name of an rpc is none there.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/v1/app.proto\noption (bff.v1.file) = {\n  upstream: { service: \"books.v1.BookService\" protocol: HTTP_JSON }\n};\n\nmessage Page {\n  option (bff.v1.message) = {\n    let: { name: \"book\" call: { method: \"books.v1.BookService/GetBook\" set: { name: \"name\" by: \"args.id\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:41: error BFF288: \"books.v1.BookService/GetBook\" is called over HTTP, and nothing says by which path\n    24 |     let: { name: \"book\" call: { method: \"books.v1.BookService/GetBook\" set: { name: \"name\" by: \"args.id\" } } }\n       |                                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  app/v1/app.proto:8:57: its upstream speaks HTTP here\n    8 |   upstream: { service: \"books.v1.BookService\" protocol: HTTP_JSON }\n      |                                                         ^^^^^^^^^\n  hint: give the rpc a path in its proto, as in `option (google.api.http) = { get: \"/v1/books/{id}\" };`, or call it over gRPC: leave out `protocol`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "import \"google/api/annotations.proto\";\n\nservice BookService {\n  rpc GetBook(GetBookRequest) returns (Book) {\n    // …\n    option (google.api.http) = { get: \"/v1/books/{name}\" };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF289",
    "severity": "error",
    "meaning": "The first path of an rpc that is called over HTTP can be called: its fields are there, it has one method of HTTP, and what goes there and back is JSON.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/v1/app.proto\noption (bff.v1.file) = {\n  upstream: { service: \"books.v1.BookService\" protocol: HTTP_JSON }\n};\n\nmessage Page {\n  option (bff.v1.message) = {\n    let: { name: \"book\" call: { method: \"books.v1.BookService/GetBook\" set: { name: \"name\" by: \"args.id\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// books/v1/books.proto\nservice BookService {\n  rpc GetBook(GetBookRequest) returns (Book) {\n    // …\n    option (google.api.http) = { get: \"/v1/books/{names}\" };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:41: error BFF289: \"books.v1.BookService/GetBook\" has a path that cannot be called: \"books.v1.GetBookRequest\" has no field \"names\"\n    24 |     let: { name: \"book\" call: { method: \"books.v1.BookService/GetBook\" set: { name: \"name\" by: \"args.id\" } } }\n       |                                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  books/v1/books.proto:10:51: here: did you mean \"name\"?\n    10 |     option (google.api.http) = { get: \"/v1/books/{names}\" };\n       |                                                   ^^^^^\n  app/v1/app.proto:8:57: its upstream speaks HTTP here\n    8 |   upstream: { service: \"books.v1.BookService\" protocol: HTTP_JSON }\n      |                                                         ^^^^^^^^^\n  hint: mend the path in its proto, or call it over gRPC: leave out `protocol`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service BookService {\n  rpc GetBook(GetBookRequest) returns (Book) {\n    // …\n    option (google.api.http) = { get: \"/v1/books/{name}\" };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF290",
    "severity": "error",
    "meaning": "What a call over HTTP sends has a place in the path, in the query or in the body. A query holds single values and lists of them; what it does not hold would not arrive.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/v1/app.proto\nmessage Page {\n  option (bff.v1.message) = {\n    let: { name: \"book\" call: { method: \"books.v1.BookService/GetBook\" set: [{ name: \"name\" by: \"args.id\" }, { name: \"labels\" by: \"{'a': 'b'}\" }] } }\n  };\n  // …\n}"
      },
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// books/v1/books.proto\nservice BookService {\n  rpc GetBook(GetBookRequest) returns (Book) {\n    // …\n    option (google.api.http) = { get: \"/v1/books/{name}\" };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:118: error BFF290: \"labels\" has no place in a request to \"books.v1.BookService/GetBook\": neither its path nor its body holds it, and a query holds no map\n    24 |     let: { name: \"book\" call: { method: \"books.v1.BookService/GetBook\" set: [{ name: \"name\" by: \"args.id\" }, { name: \"labels\" by: \"{'a': 'b'}\" }] } }\n       |                                                                                                                      ^^^^^^^^\n  books/v1/books.proto:10:39: the path\n    10 |     option (google.api.http) = { get: \"/v1/books/{name}\" };\n       |                                       ^^^^^^^^^^^^^^^^^^\n  hint: leave it out, or call it over gRPC: leave out `protocol`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"book\" call: { method: \"books.v1.BookService/GetBook\" set: { name: \"name\" by: \"args.id\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF291",
    "severity": "error",
    "meaning": "A call over HTTP sets what its path is made of. A path with nothing in place of a variable is another path.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/v1/app.proto\nmessage Page {\n  option (bff.v1.message) = {\n    let: { name: \"book\" call: { method: \"books.v1.BookService/GetBook\" } }\n  };\n  // …\n}"
      },
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// books/v1/books.proto\nservice BookService {\n  rpc GetBook(GetBookRequest) returns (Book) {\n    // …\n    option (google.api.http) = { get: \"/v1/books/{name}\" };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:41: error BFF291: the path of \"books.v1.BookService/GetBook\" needs \"name\", which this call does not set\n    24 |     let: { name: \"book\" call: { method: \"books.v1.BookService/GetBook\" } }\n       |                                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  books/v1/books.proto:10:39: the path\n    10 |     option (google.api.http) = { get: \"/v1/books/{name}\" };\n       |                                       ^^^^^^^^^^^^^^^^^^\n  hint: write `set: { name: \"name\" by: \"…\" }`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"book\" call: { method: \"books.v1.BookService/GetBook\" set: { name: \"name\" by: \"args.id\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF301",
    "severity": "error",
    "meaning": "An expression is CEL: it has to parse before anything can be known about it.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  string name = 1 [(bff.v1.field).by = \"item.name +\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:51: error BFF301: the expression ends after \"+\"\n    24 |   string name = 1 [(bff.v1.field).by = \"item.name +\"];\n       |                                                   ^"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  string name = 1 [(bff.v1.field).by = \"item.name + '!'\"];\n}"
      }
    ]
  },
  {
    "code": "BFF302",
    "severity": "error",
    "meaning": "A name in an expression is known where the expression stands: a step, an argument, a variable or a function.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  string name = 1 [(bff.v1.field).by = \"itm.name\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:41: error BFF302: there is no \"itm\" here\n    24 |   string name = 1 [(bff.v1.field).by = \"itm.name\"];\n       |                                         ^^^\n  hint: did you mean \"item\"?"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  string name = 1 [(bff.v1.field).by = \"item.name\"];\n}"
      }
    ]
  },
  {
    "code": "BFF303",
    "severity": "error",
    "meaning": "A field that an expression reads is declared in its message. A misspelt one would otherwise read as nothing for ever.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  string name = 1 [(bff.v1.field).by = \"item.nmae\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:46: error BFF303: up.v1.Item has no field \"nmae\"\n    24 |   string name = 1 [(bff.v1.field).by = \"item.nmae\"];\n       |                                              ^^^^\n  hint: did you mean \"name\"?"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  string name = 1 [(bff.v1.field).by = \"item.name\"];\n}"
      }
    ]
  },
  {
    "code": "BFF304",
    "severity": "error",
    "meaning": "A function that an expression calls exists in this language, because there is nothing else to run.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  string name = 1 [(bff.v1.field).by = \"lowercase(item.name)\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:41: error BFF304: there is no function \"lowercase\"\n    24 |   string name = 1 [(bff.v1.field).by = \"lowercase(item.name)\"];\n       |                                         ^^^^^^^^^\n  hint: write x.lower()"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  string name = 1 [(bff.v1.field).by = \"item.name.lowerAscii()\"];\n}"
      }
    ]
  },
  {
    "code": "BFF305",
    "severity": "error",
    "meaning": "A function or an operator takes operands of the types that it is defined for. Nothing is converted silently, because that is where numbers and texts get lost.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  string name = 1 [(bff.v1.field).by = \"item.name + 1\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:41: error BFF305: string + int does not exist\n    24 |   string name = 1 [(bff.v1.field).by = \"item.name + 1\"];\n       |                                         ^^^^^^^^^^^^^\n  hint: write string(1)"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  string name = 1 [(bff.v1.field).by = \"item.name + string(1)\"];\n}"
      }
    ]
  },
  {
    "code": "BFF306",
    "severity": "error",
    "meaning": "A group of values, a function or a type is no value by itself: an expression reads something of it, or calls it.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  string name = 1 [(bff.v1.field).by = \"env == null ? item.name : item.id\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:41: error BFF306: \"env\" is not a value by itself\n    24 |   string name = 1 [(bff.v1.field).by = \"env == null ? item.name : item.id\"];\n       |                                         ^^^"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  string name = 1 [(bff.v1.field).by = \"args.count > 0 ? item.name : item.id\"];\n}"
      }
    ]
  },
  {
    "code": "BFF307",
    "severity": "error",
    "meaning": "An expression uses the part of CEL that this language has. What it leaves out could not be checked when generating.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  bool known = 1 [(bff.v1.field).by = \"item.kind == up.v1.Kind(args.count)\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:59: error BFF307: an enum is not made of a number or a text like that, because there may be no such value\n    24 |   bool known = 1 [(bff.v1.field).by = \"item.kind == up.v1.Kind(args.count)\"];\n       |                                                           ^^^^\n  hint: write Kind.from(…), which is an optional, or name one of its values"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  bool known = 1 [(bff.v1.field).by = \"item.kind == up.v1.Kind.KIND_BOOK\"];\n}"
      }
    ]
  },
  {
    "code": "BFF308",
    "severity": "error",
    "meaning": "`ok` asks whether a step or an argument has a value, and takes nothing else. Fields are asked about with `has`.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  bool name = 1 [(bff.v1.field).by = \"ok(item.name)\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:42: error BFF308: `ok` takes the name of a step or an argument\n    24 |   bool name = 1 [(bff.v1.field).by = \"ok(item.name)\"];\n       |                                          ^^^^^^^^^\n  hint: write has(item.name) to ask about a field"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  bool name = 1 [(bff.v1.field).by = \"has(item.label)\"];\n}"
      }
    ]
  },
  {
    "code": "BFF309",
    "severity": "error",
    "meaning": "A literal is in the range of its type, because it would have to be cut off or rounded.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  int64 price = 1 [(bff.v1.field).by = \"item.price_cents + 9223372036854775808\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:60: error BFF309: the integer does not fit into 64 bits\n    24 |   int64 price = 1 [(bff.v1.field).by = \"item.price_cents + 9223372036854775808\"];\n       |                                                            ^^^^^^^^^^^^^^^^^^^"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  int64 price = 1 [(bff.v1.field).by = \"item.price_cents + 1000\"];\n}"
      }
    ]
  },
  {
    "code": "BFF310",
    "severity": "error",
    "meaning": "A field of a message literal is given a value of its own type, because the message has no place for another.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" request: \"up.v1.GetItemRequest{id: 5}\" } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:104: error BFF310: \"id\" is of type string, and this is int\n    22 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" request: \"up.v1.GetItemRequest{id: 5}\" } }\n       |                                                                                                        ^\n  hint: convert it: string(…)"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" request: \"up.v1.GetItemRequest{id: '5'}\" } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF311",
    "severity": "error",
    "meaning": "A message or enum in an expression is known to this run, because its fields and values are taken from its proto.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" request: \"up.v1.GetItemReq{id: args.id}\" } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:79: error BFF311: there is no message \"up.v1.GetItemReq\" in this run\n    22 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" request: \"up.v1.GetItemReq{id: args.id}\" } }\n       |                                                                               ^^^^^^^^^^^^^^^^\n  hint: did you mean \"up.v1.GetItemRequest\"?"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" request: \"up.v1.GetItemRequest{id: args.id}\" } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF312",
    "severity": "error",
    "meaning": "A field of a message literal is given once, and of a oneof one member: the last one would silently win.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" request: \"up.v1.GetItemRequest{id: args.id, id: args.id}\" } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:113: error BFF312: \"id\" is given twice\n    22 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" request: \"up.v1.GetItemRequest{id: args.id, id: args.id}\" } }\n       |                                                                                                                 ^^"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" request: \"up.v1.GetItemRequest{id: args.id, locale: 'en'}\" } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF313",
    "severity": "error",
    "meaning": "A macro is written in its own form, such as `list.map(x, …)`, because its parts are not evaluated like the arguments of a function.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  repeated string tags = 1 [(bff.v1.field).by = \"item.tags.map(t + 'x', t)\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:64: error BFF313: the first thing in `map` is the name of its variable\n    24 |   repeated string tags = 1 [(bff.v1.field).by = \"item.tags.map(t + 'x', t)\"];\n       |                                                                ^^^^^^^"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  repeated string tags = 1 [(bff.v1.field).by = \"item.tags.map(t, t + 'x')\"];\n}"
      }
    ]
  },
  {
    "code": "BFF314",
    "severity": "error",
    "meaning": "A literal pattern, timestamp, duration, unit of time or time zone is one. It would fail every time that it is evaluated.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  bool name = 1 [(bff.v1.field).by = \"item.name.matches('[a-')\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:39: error BFF314: \"[a-\" is not a pattern of RE2\n    24 |   bool name = 1 [(bff.v1.field).by = \"item.name.matches('[a-')\"];\n       |                                       ^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: see github.com/google/re2/wiki/Syntax"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  bool name = 1 [(bff.v1.field).by = \"item.name.matches('[a-z]')\"];\n}"
      }
    ]
  },
  {
    "code": "BFF315",
    "severity": "error",
    "meaning": "A message is not compared with null, which it never is: an unset one reads as its default, so the answer never changes. `has` asks whether a field or an argument is set, `ok` whether a step or an argument is there.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  bool sized = 1 [(bff.v1.field).by = \"item.size != null\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:40: error BFF315: a message is never null: when it is unset it reads as its default\n    24 |   bool sized = 1 [(bff.v1.field).by = \"item.size != null\"];\n       |                                        ^^^^^^^^^^^^^^^^^\n  hint: write has(item.size)"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  bool sized = 1 [(bff.v1.field).by = \"has(item.size)\"];\n}"
      }
    ]
  },
  {
    "code": "BFF316",
    "severity": "warning",
    "meaning": "A condition can be true and can be false. One that is always the same has a branch that never runs, and usually compares the wrong thing.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  string kind = 1 [(bff.v1.field).by = \"size(args.ids) >= 0 && args.count > 0 ? 'many' : 'none'\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:21:41: warning BFF316: this is always true\n    21 |   string kind = 1 [(bff.v1.field).by = \"size(args.ids) >= 0 && args.count > 0 ? 'many' : 'none'\"];\n       |                                         ^^^^^^^^^^^^^^^^^^^\n  hint: size(args.ids) is from 0 to 2147483647"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  string kind = 1 [(bff.v1.field).by = \"size(args.ids) > 0 && args.count > 0 ? 'many' : 'none'\"];\n}"
      }
    ]
  },
  {
    "code": "BFF317",
    "severity": "error",
    "meaning": "An index or a key of a literal list or map is in it, because looking for it always fails.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  string kind = 1 [(bff.v1.field).by = \"['small', 'large'][2]\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:21:41: error BFF317: there is no element 2\n    21 |   string kind = 1 [(bff.v1.field).by = \"['small', 'large'][2]\"];\n       |                                         ^^^^^^^^^^^^^^^^^^^^^\n  hint: the list has 2 elements, from 0 to 1"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  string kind = 1 [(bff.v1.field).by = \"['small', 'large'][1]\"];\n}"
      }
    ]
  },
  {
    "code": "BFF318",
    "severity": "error",
    "meaning": "An operation can succeed. A division by zero, or a result beyond 64 bits, fails every time.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  int64 most = 1 [(bff.v1.field).by = \"9223372036854775807 + 1\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:21:40: error BFF318: the result does not fit into an int of 64 bits\n    21 |   int64 most = 1 [(bff.v1.field).by = \"9223372036854775807 + 1\"];\n       |                                        ^^^^^^^^^^^^^^^^^^^^^^^\n  hint: calculate with doubles"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  int64 most = 1 [(bff.v1.field).by = \"9223372036854775807\"];\n}"
      }
    ]
  },
  {
    "code": "BFF319",
    "severity": "error",
    "meaning": "`failure` takes a step whose failure the response goes on after: a supplementary one, one with an error that is ignored, or one that rests on such a step. Of any other there is never a failure to read.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\"\n           // …\n  };\n  optional int32 code = 1 [(bff.v1.field).by = \"failure(item).?code\"];\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:19:57: error BFF319: there is never a failure to read of \"item\": it has its value, or the response fails, or it is absent without one\n    19 |   optional int32 code = 1 [(bff.v1.field).by = \"failure(item).?code\"];\n       |                                                         ^^^^\n  hint: add `supplementary: true` to \"item\" if the response can do without it"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" supplementary: true\n           // …\n  };\n  optional int32 code = 1 [(bff.v1.field).by = \"failure(item).?code\"];\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF320",
    "severity": "error",
    "meaning": "`header` and `trailer` take a step that makes one call, and a name as a literal. A call keeps what comes beside its answer only where that is read; a batch's answer is that to many, and a cache keeps messages alone.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  optional string version = 2 [(bff.v1.field).by = \"header(title, 'x-version')\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:21:60: error BFF320: \"title\" makes no call of its own\n    21 |   optional string version = 2 [(bff.v1.field).by = \"header(title, 'x-version')\"];\n       |                                                            ^^^^^\n  hint: ask the step with the call that \"title\" rests on"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  optional string version = 2 [(bff.v1.field).by = \"header(item, 'x-version')\"];\n}"
      }
    ]
  },
  {
    "code": "BFF321",
    "severity": "error",
    "meaning": "A value is read where it can be there. Behind a condition that holds only where a step or an argument is absent, or in the cases and the members of a oneof after one that has asked for it, what reads it never has a value.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  optional bool free = 2 [(bff.v1.field).by = \"!ok(item) && item.price_cents == 0\"];\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:61: error BFF321: \"item\" is never there where this is read: what stands before it holds only where it is absent\n    22 |   optional bool free = 2 [(bff.v1.field).by = \"!ok(item) && item.price_cents == 0\"];\n       |                                                             ^^^^\n  hint: leave this out, or read \"item\" where ok(item) holds"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  optional bool free = 2 [(bff.v1.field).by = \"ok(item) && item.price_cents == 0\"];\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF330",
    "severity": "error",
    "meaning": "A condition is a bool. There is no agreement on which texts, numbers or messages would count as true.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" if: \"args.id\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:29: error BFF330: this `if` is string, not bool\n    22 |     let: { name: \"item\" if: \"args.id\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n       |                             ^^^^^^^^^\n  hint: write a comparison, such as args.id != ''"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" if: \"args.id != ''\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF331",
    "severity": "error",
    "meaning": "A value fits the type of its target, because what does not fit would have to be converted by guessing.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" request: \"up.v1.Filter{}\" } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:78: error BFF331: this is up.v1.Filter, but \"GetItem\" takes up.v1.GetItemRequest\n    22 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" request: \"up.v1.Filter{}\" } }\n       |                                                                              ^^^^^^^^^^^^^^^^\n  hint: give up.v1.GetItemRequest, such as up.v1.GetItemRequest{ … }"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" request: \"up.v1.GetItemRequest{id: args.id}\" } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF332",
    "severity": "error",
    "meaning": "An integer is bound to a field that holds all of its values, because a narrower or differently signed one would cut some of them off.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  int32 price = 1 [(bff.v1.field).by = \"3000000000\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:41: error BFF332: 3000000000 does not fit int32 (\"price\")\n    24 |   int32 price = 1 [(bff.v1.field).by = \"3000000000\"];\n       |                                         ^^^^^^^^^^\n  hint: give a number from -2147483648 to 2147483647"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  int32 price = 1 [(bff.v1.field).by = \"item.stock\"];\n}"
      }
    ]
  },
  {
    "code": "BFF333",
    "severity": "error",
    "meaning": "`each` goes over a list or a map: anything else has no items.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"names\" each: { var: \"x\" in: \"args.id\" by: \"x\" } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:47: error BFF333: `each` goes over a list, and this is string\n    22 |     let: { name: \"names\" each: { var: \"x\" in: \"args.id\" by: \"x\" } }\n       |                                               ^^^^^^^^^\n  hint: name a repeated field, or a list"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"names\" each: { var: \"x\" in: \"args.ids\" by: \"x + '!'\" } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF334",
    "severity": "error",
    "meaning": "A key is a string, a number or a bool, and of the type that is looked up, because only those can be compared and stand in a map.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"by_size\" each: { var: \"i\" in: \"found.items\" key: \"i.size\" by: \"i.name\" } }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:65: error BFF334: a key is string, int, uint or bool, not up.v1.Size\n    24 |       { name: \"by_size\" each: { var: \"i\" in: \"found.items\" key: \"i.size\" by: \"i.name\" } }\n       |                                                                 ^^^^^^^^\n  hint: name a field that tells the items apart, such as its id"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"by_size\" each: { var: \"i\" in: \"found.items\" key: \"i.id\" by: \"i.name\" } }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF335",
    "severity": "error",
    "meaning": "The branches of a `switch` have one type, because whoever reads the step reads one type.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"text\" switch: { case: { if: \"args.count > 0\" by: \"item.name\" } default: \"item.stock\" } }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:88: error BFF335: this branch is int, another is string\n    24 |       { name: \"text\" switch: { case: { if: \"args.count > 0\" by: \"item.name\" } default: \"item.stock\" } }\n       |                                                                                        ^^^^^^^^^^^^\n  app/v1/app.proto:24:65: string here\n    24 |       { name: \"text\" switch: { case: { if: \"args.count > 0\" by: \"item.name\" } default: \"item.stock\" } }\n       |                                                                 ^^^^^^^^^^^\n  hint: give all branches one type"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"text\" switch: { case: { if: \"args.count > 0\" by: \"item.name\" } default: \"string(item.stock)\" } }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF336",
    "severity": "error",
    "meaning": "A fallback has the type of what it stands in for, because whoever reads the step does not know which of them it got.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" supplementary: true fallback: \"'none'\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:23:55: error BFF336: the fallback is string, and the step is up.v1.Item\n    23 |     let: { name: \"item\" supplementary: true fallback: \"'none'\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n       |                                                       ^^^^^^^^\n  hint: give a value of type up.v1.Item"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" supplementary: true fallback: \"up.v1.Item{name: 'none'}\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF337",
    "severity": "error",
    "meaning": "Everyone who composes a message gives an argument of the same type, because its expressions are checked and generated once.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"first\" compose: { message: \"Card\" args: { name: \"text\" by: \"args.id\" } } },\n      { name: \"second\" compose: { message: \"Card\" args: { name: \"text\" by: \"args.count\" } } }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:76: error BFF337: argument \"text\" of \"Card\" is string in one place and int in another\n    24 |       { name: \"second\" compose: { message: \"Card\" args: { name: \"text\" by: \"args.count\" } } }\n       |                                                                            ^^^^^^^^^^^^\n  app/v1/app.proto:23:75: step \"first\" of \"Page\" gives string\n    23 |       { name: \"first\" compose: { message: \"Card\" args: { name: \"text\" by: \"args.id\" } } },\n       |                                                                           ^^^^^^^^^\n  hint: give both the same type: write string(args.count)"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"first\" compose: { message: \"Card\" args: { name: \"text\" by: \"args.id\" } } },\n      { name: \"second\" compose: { message: \"Card\" args: { name: \"text\" by: \"string(args.count)\" } } }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF338",
    "severity": "error",
    "meaning": "Everyone who composes a message gives all arguments that it reads, because there is nothing to read in their place.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"one\" compose: { message: \"Card\" args: { name: \"text\" by: \"args.id\" } } },\n      { name: \"two\" compose: { message: \"Card\" } }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:41: error BFF338: step \"two\" of \"Page\" composes \"Card\" without the argument \"text\"\n    24 |       { name: \"two\" compose: { message: \"Card\" } }\n       |                                         ^^^^^^\n  app/v1/app.proto:23:73: step \"one\" of \"Page\" gives it\n    23 |       { name: \"one\" compose: { message: \"Card\" args: { name: \"text\" by: \"args.id\" } } },\n       |                                                                         ^^^^^^^^^\n  hint: add { name: \"text\" by: \"…\" } to its args"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"one\" compose: { message: \"Card\" args: { name: \"text\" by: \"args.id\" } } },\n      { name: \"two\" compose: { message: \"Card\" args: { name: \"text\" by: \"'two'\" } } }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF339",
    "severity": "warning",
    "meaning": "An argument that is given is read. One that nobody reads is often a misspelt name.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"card\" compose: { message: \"Card\" args: [ { name: \"text\" by: \"args.id\" }, { name: \"test\" by: \"args.id\" } ] } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:100: warning BFF339: \"Card\" does not read args.test\n    22 |     let: { name: \"card\" compose: { message: \"Card\" args: [ { name: \"text\" by: \"args.id\" }, { name: \"test\" by: \"args.id\" } ] } }\n       |                                                                                                    ^^^^^^\n  hint: did you mean \"text\"?"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"card\" compose: { message: \"Card\" args: { name: \"text\" by: \"args.id\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF340",
    "severity": "error",
    "meaning": "A batch fits its method: one key in, a repeated field of keys, and a list or map from which each key finds its items. Otherwise answers could be given to the wrong caller.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/MapItems\" batch: { name: \"ids\" by: \"args.id\" items: \"items\" many: true } } }\n  };\n  repeated string names = 1 [(bff.v1.field).by = \"item.map(i, i.name)\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:112: error BFF340: \"many\" needs a list of items, and \"items\" is a map with one item for each key\n    22 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/MapItems\" batch: { name: \"ids\" by: \"args.id\" items: \"items\" many: true } } }\n       |                                                                                                                ^^^^^^^\n  hint: remove `many`, or name a repeated field"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/MapItems\" batch: { name: \"ids\" by: \"args.id\" items: \"items\" } } }\n  };\n  optional string name = 1 [(bff.v1.field).by = \"item.name\"];\n}"
      }
    ]
  },
  {
    "code": "BFF341",
    "severity": "error",
    "meaning": "Metadata is a string (or bytes, for keys that end in `-bin`), because headers are text on the wire.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } metadata: { name: \"x-count\" by: \"args.count\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:135: error BFF341: metadata \"x-count\" takes a string, not int\n    22 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } metadata: { name: \"x-count\" by: \"args.count\" } } }\n       |                                                                                                                                       ^^^^^^^^^^^^\n  hint: write string(…) around it"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } metadata: { name: \"x-count\" by: \"string(args.count)\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF342",
    "severity": "error",
    "meaning": "A hole of a failure's message holds a value that can be printed. Messages and lists have no form that clients should depend on.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { guard: { if: \"item.stock == 0\" fail: { code: NOT_FOUND message: \"no {item}\" } } }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:78: error BFF342: a message cannot print up.v1.Item\n    24 |       { guard: { if: \"item.stock == 0\" fail: { code: NOT_FOUND message: \"no {item}\" } } }\n       |                                                                              ^^^^\n  hint: name a field of it, such as item.id"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { guard: { if: \"item.stock == 0\" fail: { code: NOT_FOUND message: \"no {item.name}\" } } }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF343",
    "severity": "warning",
    "meaning": "A step is read by something. One that nobody reads costs a call and its time for nothing.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"other\" call: { method: \"up.v1.OrderService/GetOrder\" set: { name: \"id\" by: \"args.id\" } } }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:15: warning BFF343: nothing reads step \"other\"\n    24 |       { name: \"other\" call: { method: \"up.v1.OrderService/GetOrder\" set: { name: \"id\" by: \"args.id\" } } }\n       |               ^^^^^^^\n  hint: remove it; or, when it runs for its effect only, remove its name"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"other\" call: { method: \"up.v1.OrderService/GetOrder\" set: { name: \"id\" by: \"args.id\" } } }\n    ]\n  };\n  // …\n  bool paid = 2 [(bff.v1.field).by = \"other.paid\"];\n}"
      }
    ]
  },
  {
    "code": "BFF344",
    "severity": "error",
    "meaning": "The type of a value is known when generating, because only then is it certain to fit its target.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Card {\n  // …\n  string text = 2 [(bff.v1.field).by = \"dyn(args.id)\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:29:40: error BFF344: the type of this value is known only at run time (dyn), but the field takes string (\"text\")\n    29 |   string text = 2 [(bff.v1.field).by = \"dyn(args.id)\"];\n       |                                        ^^^^^^^^^^^^^^\n  hint: write string(…) around it, or bind a value of known type"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Card {\n  // …\n  string text = 2 [(bff.v1.field).by = \"string(args.id)\"];\n}"
      }
    ]
  },
  {
    "code": "BFF345",
    "severity": "error",
    "meaning": "A spread is of a message that shares fields with the request, because anything else sets nothing.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"found\" call: { method: \"up.v1.ItemService/FindItems\" set: { spread: \"item.size\" } } }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:84: error BFF345: \"item.size\" shares no field with \"up.v1.FindItemsRequest\"\n    24 |       { name: \"found\" call: { method: \"up.v1.ItemService/FindItems\" set: { spread: \"item.size\" } } }\n       |                                                                                    ^^^^^^^^^^^\n  hint: set the fields by name: text, filter, limit, cursor, offset, kinds"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"found\" call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"text\" by: \"item.name\" } } }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF346",
    "severity": "error",
    "meaning": "A detail of a failure is a message, because that is how a status carries it to clients.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { guard: { if: \"args.id == ''\" fail: { code: INVALID_ARGUMENT details: \"args.id\" } } },\n      // …\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:23:78: error BFF346: a detail is a message, an optional of one or a list of them, not string\n    23 |       { guard: { if: \"args.id == ''\" fail: { code: INVALID_ARGUMENT details: \"args.id\" } } },\n       |                                                                              ^^^^^^^^^\n  hint: build one, such as google.rpc.ErrorInfo{reason: \"…\"}, or google.protobuf.StringValue{value: \"…\"}"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { guard: { if: \"args.id == ''\" fail: { code: INVALID_ARGUMENT details: \"up.v1.GetItemRequest{id: args.id}\" } } },\n      // …\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF347",
    "severity": "warning",
    "meaning": "An environment variable is read by something, because the server does not start without it (or carries it for nothing).",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file).env = { name: \"LIMIT\" type: \"int\" };"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:7:36: warning BFF347: nothing reads the environment variable \"LIMIT\"\n    7 | option (bff.v1.file).env = { name: \"LIMIT\" type: \"int\" };\n      |                                    ^^^^^^^\n  hint: remove it, or read it as env.LIMIT"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file).env = { name: \"LIMIT\" type: \"int\" };\n\nmessage Page {\n  // …\n  int64 limit = 2 [(bff.v1.field).by = \"env.LIMIT\"];\n}"
      }
    ]
  },
  {
    "code": "BFF348",
    "severity": "warning",
    "meaning": "Each case of a `switch` can be chosen. One behind a case that always holds, or with the condition of an earlier one, has a value that nobody gets.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"kind\" switch: { case: [ { if: \"args.count > 9\" by: \"'many'\" }, { if: \"true\" by: \"'some'\" }, { if: \"args.count > 99\" by: \"'more'\" } ] } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:117: warning BFF348: this case is never reached: the case before always holds\n    22 |     let: { name: \"kind\" switch: { case: [ { if: \"args.count > 9\" by: \"'many'\" }, { if: \"true\" by: \"'some'\" }, { if: \"args.count > 99\" by: \"'more'\" } ] } }\n       |                                                                                                                     ^^^^^^^^^^^^^^^^^\n  app/v1/app.proto:22:88: this one is tried first\n    22 |     let: { name: \"kind\" switch: { case: [ { if: \"args.count > 9\" by: \"'many'\" }, { if: \"true\" by: \"'some'\" }, { if: \"args.count > 99\" by: \"'more'\" } ] } }\n       |                                                                                        ^^^^^^\n  hint: leave it out, or put it first"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"kind\" switch: { case: [ { if: \"args.count > 99\" by: \"'more'\" }, { if: \"args.count > 9\" by: \"'many'\" } ] default: \"'some'\" } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF349",
    "severity": "warning",
    "meaning": "A condition can be either. One that is written as `true` says nothing, and one that is `false` switches off what stands behind it for good.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" if: \"false\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:29: warning BFF349: this condition never holds: step \"item\" never runs\n    22 |     let: { name: \"item\" if: \"false\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n       |                             ^^^^^^^\n  hint: leave out what it stands on, or say when it holds"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" if: \"args.id != ''\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF350",
    "severity": "warning",
    "meaning": "The variable of a macro does not have the name of a step, because whoever reads the expression takes the one for the other.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  repeated string tags = 2 [(bff.v1.field).by = \"item.tags.map(item, item + '!')\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:25:50: warning BFF350: the variable \"item\" of this macro hides the step \"item\"\n    25 |   repeated string tags = 2 [(bff.v1.field).by = \"item.tags.map(item, item + '!')\"];\n       |                                                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: give the variable a name of its own"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  repeated string tags = 2 [(bff.v1.field).by = \"item.tags.map(tag, tag + '!')\"];\n}"
      }
    ]
  },
  {
    "code": "BFF351",
    "severity": "warning",
    "meaning": "What an `each` does reads the item, because otherwise every item gives the same.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"upper\" each: { var: \"id\" in: \"args.ids\" by: \"args.id + '!'\" } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:39: warning BFF351: nothing reads \"id\": every item gives the same\n    22 |     let: { name: \"upper\" each: { var: \"id\" in: \"args.ids\" by: \"args.id + '!'\" } }\n       |                                       ^^^^\n  hint: read \"id\" in what is done with each item, or do it once without `each`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"upper\" each: { var: \"id\" in: \"args.ids\" by: \"id + '!'\" } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF352",
    "severity": "warning",
    "meaning": "`after` names a step that is not read: a step waits for what it reads anyway.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"order\" after: [\"item\"] call: { method: \"up.v1.OrderService/GetOrder\" set: { name: \"id\" by: \"item.id\" } } }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:31: warning BFF352: this step reads \"item\", so it waits for it anyway\n    24 |       { name: \"order\" after: [\"item\"] call: { method: \"up.v1.OrderService/GetOrder\" set: { name: \"id\" by: \"item.id\" } } }\n       |                               ^^^^^^\n  hint: leave it out"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"order\" call: { method: \"up.v1.OrderService/GetOrder\" set: { name: \"id\" by: \"item.id\" } } }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF353",
    "severity": "warning",
    "meaning": "A spread brings every field that both messages have, as it is or converted. A field that it cannot bring, because the types of one name differ, is set by name: otherwise the upstream would never be told, and nobody would notice.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"found\" call: { method: \"up.v1.ItemService/FindItems\" set: { spread: \"args\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:21:87: warning BFF353: \"args\" does not bring \"limit\": it is string there, and int in \"up.v1.FindItemsRequest\"\n    21 |     let: { name: \"found\" call: { method: \"up.v1.ItemService/FindItems\" set: { spread: \"args\" } } }\n       |                                                                                       ^^^^^^\n  hint: set it by name, next to the spread: { name: \"limit\" by: \"…\" }; or give both one type"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"found\" call: { method: \"up.v1.ItemService/FindItems\" set: [ { spread: \"args\" }, { name: \"limit\" by: \"int(args.limit)\" } ] } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF354",
    "severity": "error",
    "meaning": "Values are compared with values of their own enum. Two enums with different names or numbers give the same number to different values.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  bool book = 1 [(bff.v1.field).by = \"item.kind == Kind.KIND_BOOK\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:39: error BFF354: this compares values of two enums, \"up.v1.Kind\" and \"app.v1.Kind\", whose names or numbers differ\n    22 |   bool book = 1 [(bff.v1.field).by = \"item.kind == Kind.KIND_BOOK\"];\n       |                                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: write up.v1.Kind.KIND_BOOK"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  bool book = 1 [(bff.v1.field).by = \"item.kind == up.v1.Kind.KIND_BOOK\"];\n}"
      }
    ]
  },
  {
    "code": "BFF360",
    "severity": "error",
    "meaning": "A function of one's own takes and gives values of known types, because that is how its calls are checked, and how its TypeScript type is written.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  function: { name: \"slug.of\" param: [\"list(string\"] result: \"string\" }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:8:51: error BFF360: \"list(string\" ends before the type does\n    8 |   function: { name: \"slug.of\" param: [\"list(string\"] result: \"string\" }\n      |                                                   ^\n  hint: write a type such as string, int, timestamp, list(string), map(string, int), or the name of a message"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  function: { name: \"slug.of\" param: [\"string\"] result: \"string\" }\n};"
      }
    ]
  },
  {
    "code": "BFF362",
    "severity": "warning",
    "meaning": "A function of one's own is called by something, because the server does not start without it.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  function: { name: \"slug.of\" param: [\"string\"] result: \"string\" }\n};\n\nmessage Page {\n  // …\n  string name = 1 [(bff.v1.field).by = \"item.name\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:8:21: warning BFF362: nothing calls the function \"slug.of\"\n    8 |   function: { name: \"slug.of\" param: [\"string\"] result: \"string\" }\n      |                     ^^^^^^^^^\n  hint: remove it, or call it in an expression"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  function: { name: \"slug.of\" param: [\"string\"] result: \"string\" }\n};\n\nmessage Page {\n  // …\n  string name = 1 [(bff.v1.field).by = \"slug.of(item.name)\"];\n}"
      }
    ]
  },
  {
    "code": "BFF363",
    "severity": "error",
    "meaning": "A resolver reads steps that have a value: those of its message, and those of the service. It waits for nothing else, and is given nothing else.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  string text = 2 [(bff.v1.field) = {\n    // …\n    reads: { step: [\"itme\"] }\n  }];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:29:21: error BFF363: there is no step \"itme\"\n    29 |     reads: { step: [\"itme\"] }\n       |                     ^^^^^^\n  hint: did you mean \"item\"?"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  string text = 2 [(bff.v1.field) = {\n    // …\n    reads: { step: [\"item\"] }\n  }];\n}"
      }
    ]
  },
  {
    "code": "BFF364",
    "severity": "warning",
    "meaning": "An upstream entry without a policy makes a service known to resolvers. Where there are none, its address is asked for at the start for nothing.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  upstream: { service: \"up.v1.OrderService\" }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:8:24: warning BFF364: this entry makes \"up.v1.OrderService\" known to resolvers, and this package has none\n    8 |   upstream: { service: \"up.v1.OrderService\" }\n      |                        ^^^^^^^^^^^^^^^^^^^^\n  hint: add a policy, or leave out the entry"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  upstream: {\n    service: \"up.v1.OrderService\"\n  }\n};\n\nmessage Page {\n  // …\n  string order = 2 [(bff.v1.field) = {\n    resolver: true\n    reads: {}\n  }];\n}"
      }
    ]
  },
  {
    "code": "BFF365",
    "severity": "error",
    "meaning": "What is named in an expression is one thing: a step or a variable called like the namespace of a function would hide the function.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  function: { name: \"slug.of\" param: [\"string\"] result: \"string\" }\n};\n\nmessage Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"slug\" by: \"args.id\" }\n    ]\n  };\n  // …\n  string id = 2 [(bff.v1.field).by = \"slug\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:28:15: error BFF365: the step \"slug\" hides the function \"slug.of\"\n    28 |       { name: \"slug\" by: \"args.id\" }\n       |               ^^^^^^\n  app/v1/app.proto:8:21: the function\n    8 |   function: { name: \"slug.of\" param: [\"string\"] result: \"string\" }\n      |                     ^^^^^^^^^\n  hint: rename one of them"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  function: { name: \"slug.of\" param: [\"string\"] result: \"string\" }\n};\n\nmessage Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"own_slug\" by: \"args.id\" }\n    ]\n  };\n  // …\n  string id = 2 [(bff.v1.field).by = \"own_slug\"];\n}"
      }
    ]
  },
  {
    "code": "BFF401",
    "severity": "error",
    "meaning": "Every field of a composed message has a source. Without one it would always be empty, and nobody would notice before a client does.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  string note = 2;\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:25:10: error BFF401: nothing says where \"note\" comes from\n    25 |   string note = 2;\n       |          ^^^^\n  hint: add [(bff.v1.field).by = \"…\"]"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  string note = 2 [(bff.v1.field).by = \"'#' + item.id\"];\n}"
      }
    ]
  },
  {
    "code": "BFF402",
    "severity": "error",
    "meaning": "A field has an alias only in a message that is a copy: an alias names a field of the message it is copied from.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  string title = 1 [(bff.v1.field).alias = \"name\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:44: error BFF402: \"title\" has an alias, but \"Page\" is not a copy of another message\n    24 |   string title = 1 [(bff.v1.field).alias = \"name\"];\n       |                                            ^^^^^^\n  hint: say where its value comes from with `by`, or give the message an alias"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  string title = 1 [(bff.v1.field).by = \"item.name\"];\n}"
      }
    ]
  },
  {
    "code": "BFF403",
    "severity": "error",
    "meaning": "A field filled by `autobind` has one step that it can come from. With two, a change of an upstream could swap them silently.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"item\" autobind: true call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } },\n      { name: \"order\" autobind: true call: { method: \"up.v1.OrderService/GetOrder\" set: { name: \"id\" by: \"args.id\" } } }\n    ]\n  };\n  string id = 1;\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:27:10: error BFF403: \"id\" could come from step \"item\" or step \"order\"\n    27 |   string id = 1;\n       |          ^^\n  app/v1/app.proto:23:32: \"item\" is bound automatically\n    23 |       { name: \"item\" autobind: true call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } },\n       |                                ^^^^\n  app/v1/app.proto:24:33: \"order\" is bound automatically\n    24 |       { name: \"order\" autobind: true call: { method: \"up.v1.OrderService/GetOrder\" set: { name: \"id\" by: \"args.id\" } } }\n       |                                 ^^^^\n  hint: say which: [(bff.v1.field).by = \"item.id\"]"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"item\" autobind: true call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } },\n      { name: \"order\" autobind: true call: { method: \"up.v1.OrderService/GetOrder\" set: { name: \"id\" by: \"args.id\" } } }\n    ]\n  };\n  string id = 1 [(bff.v1.field).by = \"order.id\"];\n  string name = 2;\n}"
      }
    ]
  },
  {
    "code": "BFF404",
    "severity": "error",
    "meaning": "A field of a copy has its counterpart in the upstream message, because otherwise there is nothing to copy.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Size {\n  // …\n  int32 w = 1 [(bff.v1.field).alias = \"wide\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:29:39: error BFF404: \"up.v1.Size\" has no field \"wide\"\n    29 |   int32 w = 1 [(bff.v1.field).alias = \"wide\"];\n       |                                       ^^^^^^\n  hint: name the upstream's field with [(bff.v1.field).alias = \"…\"], or remove this field; it has: width, height, unit"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Size {\n  // …\n  int32 w = 1 [(bff.v1.field).alias = \"width\"];\n}"
      }
    ]
  },
  {
    "code": "BFF405",
    "severity": "error",
    "meaning": "A field of a copy has the type of its counterpart, because copies convert nothing.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Size {\n  // …\n  string width = 1;\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:29:10: error BFF405: \"width\" cannot be taken from \"up.v1.Size.width\": this is an int, but the field takes string\n    29 |   string width = 1;\n       |          ^^^^^\n  hint: declare it as int32, as \"up.v1.Size\" has it, or convert it with `by`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Size {\n  // …\n  int32 width = 1;\n}"
      }
    ]
  },
  {
    "code": "BFF406",
    "severity": "error",
    "meaning": "A copy of an enum has something for each value of the upstream. Otherwise an answer could hold a value that has no counterpart for clients.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "enum Kind {\n  // …\n  KIND_UNSPECIFIED = 0;\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:27:6: error BFF406: enum \"app.v1.Kind\" has nothing for KIND_MUSIC, KIND_FILM of \"up.v1.Kind\"\n    27 | enum Kind {\n       |      ^^^^\n  hint: add values with [(bff.v1.enum_value).alias = \"KIND_MUSIC\"], or mark one [(bff.v1.enum_value).default = true]"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "enum Kind {\n  // …\n  KIND_UNSPECIFIED = 0 [(bff.v1.enum_value).default = true];\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF407",
    "severity": "error",
    "meaning": "An alias of an enum value names a value that the upstream's enum has, because otherwise it maps nothing.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "enum Kind {\n  // …\n  KIND_PRINT = 1 [(bff.v1.enum_value).alias = \"KIND_BOK\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:30:47: error BFF407: enum \"up.v1.Kind\" has no value \"KIND_BOK\"\n    30 |   KIND_PRINT = 1 [(bff.v1.enum_value).alias = \"KIND_BOK\"];\n       |                                               ^^^^^^^^^^\n  hint: did you mean \"KIND_BOOK\"?"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "enum Kind {\n  // …\n  KIND_PRINT = 1 [(bff.v1.enum_value).alias = \"KIND_BOOK\"];\n}"
      }
    ]
  },
  {
    "code": "BFF408",
    "severity": "error",
    "meaning": "An enum and a oneof have one default at most: with two it is not clear which one takes the rest.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "enum Kind {\n  // …\n  KIND_OTHER = 0 [(bff.v1.enum_value).default = true];\n  KIND_BOOK = 1 [(bff.v1.enum_value).default = true];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:30:48: error BFF408: two default values in enum \"app.v1.Kind\"\n    30 |   KIND_BOOK = 1 [(bff.v1.enum_value).default = true];\n       |                                                ^^^^\n  app/v1/app.proto:29:3: the first one\n    29 |   KIND_OTHER = 0 [(bff.v1.enum_value).default = true];\n       |   ^^^^^^^^^^\n  hint: keep one default"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "enum Kind {\n  // …\n  KIND_OTHER = 0 [(bff.v1.enum_value).default = true];\n  KIND_BOOK = 1;\n}"
      }
    ]
  },
  {
    "code": "BFF409",
    "severity": "error",
    "meaning": "Messages do not compose each other in a circle, because composing one would never end.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Card {\n  option (bff.v1.message) = { let: { name: \"inner\" compose: { message: \"Inner\" } } };\n  // …\n}\n\nmessage Inner {\n  option (bff.v1.message) = { let: { name: \"card\" compose: { message: \"Card\" } } };\n  Card card = 1 [(bff.v1.field).by = \"card\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:33:71: error BFF409: messages compose each other in a circle: Inner → Card → Inner\n    33 |   option (bff.v1.message) = { let: { name: \"card\" compose: { message: \"Card\" } } };\n       |                                                                       ^^^^^^\n  app/v1/app.proto:28:72: \"Card\" composes \"Inner\" here\n    28 |   option (bff.v1.message) = { let: { name: \"inner\" compose: { message: \"Inner\" } } };\n       |                                                                        ^^^^^^^\n  hint: remove one of these steps, or split the message it composes"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Card {\n  option (bff.v1.message) = { let: { name: \"inner\" compose: { message: \"Inner\" } } };\n  // …\n}\n\nmessage Inner {\n  option (bff.v1.message) = { let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"'i'\" } } } };\n  string name = 1 [(bff.v1.field).by = \"item.name\"];\n}"
      }
    ]
  },
  {
    "code": "BFF410",
    "severity": "error",
    "meaning": "Steps do not wait for each other in a circle, because none of them could ever start.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"a\" by: \"c + 1\" },\n      { name: \"b\" by: \"a + 1\" },\n      { name: \"c\" by: \"b + 1\" }\n    ]\n  };\n  int64 n = 1 [(bff.v1.field).by = \"a\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:23:15: error BFF410: steps wait for each other in a circle: a → c → b → a\n    23 |       { name: \"a\" by: \"c + 1\" },\n       |               ^^^\n  app/v1/app.proto:25:15: \"c\" waits for \"b\"\n    25 |       { name: \"c\" by: \"b + 1\" }\n       |               ^^^\n  app/v1/app.proto:24:15: \"b\" waits for \"a\"\n    24 |       { name: \"b\" by: \"a + 1\" },\n       |               ^^^\n  hint: remove one of these reads; a step can only read what does not wait for it"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"a\" by: \"args.count + 1\" },\n      { name: \"b\" by: \"a + 1\" },\n      { name: \"c\" by: \"b + 1\" }\n    ]\n  };\n  int64 n = 1 [(bff.v1.field).by = \"c\"];\n}"
      }
    ]
  },
  {
    "code": "BFF411",
    "severity": "error",
    "meaning": "A request sets one member of a oneof, unless each has its own `if`. The last one set would silently win.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"found\" call: { method: \"up.v1.ItemService/FindItems\" set: [ { name: \"cursor\" by: \"args.id\" }, { name: \"offset\" by: \"args.count\" } ] } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:121: error BFF411: \"offset\" and \"cursor\" are members of one oneof\n    22 |     let: { name: \"found\" call: { method: \"up.v1.ItemService/FindItems\" set: [ { name: \"cursor\" by: \"args.id\" }, { name: \"offset\" by: \"args.count\" } ] } }\n       |                                                                                                                         ^^^^^^^^\n  app/v1/app.proto:22:100: \"cursor\" is set here\n    22 |     let: { name: \"found\" call: { method: \"up.v1.ItemService/FindItems\" set: [ { name: \"cursor\" by: \"args.id\" }, { name: \"offset\" by: \"args.count\" } ] } }\n       |                                                                                                    ^^^^^^^^^\n  hint: give both an `if`, or set one of them"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"found\" call: { method: \"up.v1.ItemService/FindItems\" set: [ { name: \"cursor\" if: \"args.id != ''\" by: \"args.id\" }, { name: \"offset\" if: \"args.id == ''\" by: \"args.count\" } ] } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF412",
    "severity": "error",
    "meaning": "A value of the upstream's enum is mapped to one value, because otherwise it is not clear which one clients see.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "enum Kind {\n  // …\n  KIND_PRINT = 1 [(bff.v1.enum_value).alias = \"KIND_BOOK\"];\n  KIND_PAPER = 2 [(bff.v1.enum_value).alias = \"KIND_BOOK\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:31:47: error BFF412: \"KIND_BOOK\" of \"up.v1.Kind\" is mapped twice\n    31 |   KIND_PAPER = 2 [(bff.v1.enum_value).alias = \"KIND_BOOK\"];\n       |                                               ^^^^^^^^^^^\n  app/v1/app.proto:30:47: mapped here first\n    30 |   KIND_PRINT = 1 [(bff.v1.enum_value).alias = \"KIND_BOOK\"];\n       |                                               ^^^^^^^^^^^\n  hint: map each upstream value to one value"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "enum Kind {\n  // …\n  KIND_PRINT = 1 [(bff.v1.enum_value).alias = \"KIND_BOOK\"];\n  KIND_SOUND = 2 [(bff.v1.enum_value).alias = \"KIND_MUSIC\"];\n}"
      }
    ]
  },
  {
    "code": "BFF413",
    "severity": "error",
    "meaning": "Two files do not say different things about one policy of one upstream. Which one is in force would depend on what is generated together.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/v1/app.proto\noption (bff.v1.file).upstream = { service: \"up.v1.ItemService\" retry: { attempts: 2 } };"
      },
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// rules/v1/rules.proto\noption (bff.v1.file).upstream = { service: \"up.v1.ItemService\" retry: { attempts: 4 } };"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:8:83: error BFF413: two values for retry.attempts of \"up.v1.ItemService\": 4 and 2\n    8 | option (bff.v1.file).upstream = { service: \"up.v1.ItemService\" retry: { attempts: 2 } };\n      |                                                                                   ^\n  rules/v1/rules.proto:7:83: 4 is set here\n    7 | option (bff.v1.file).upstream = { service: \"up.v1.ItemService\" retry: { attempts: 4 } };\n      |                                                                                   ^\n  hint: keep one of them"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file).upstream = { service: \"up.v1.ItemService\" retry: { attempts: 4 } };"
      }
    ]
  },
  {
    "code": "BFF414",
    "severity": "error",
    "meaning": "A message or an enum that is bound to one of an upstream declares it as its alias, so that a later change of the upstream is found when generating.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  Kind kind = 1 [(bff.v1.field).by = \"item.kind\"];\n}\n\nenum Kind {\n  KIND_UNSPECIFIED = 0;\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:38: error BFF414: \"app.v1.Kind\" is not declared as a copy of \"up.v1.Kind\" (\"kind\")\n    24 |   Kind kind = 1 [(bff.v1.field).by = \"item.kind\"];\n       |                                      ^^^^^^^^^^^\n  hint: add `option (bff.v1.enum).alias = \"up.v1.Kind\";` to \"Kind\", or bind a \"app.v1.Kind\""
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  Kind kind = 1 [(bff.v1.field).by = \"item.kind\"];\n}\n\nenum Kind {\n  option (bff.v1.enum).alias = \"up.v1.Kind\";\n  KIND_UNSPECIFIED = 0 [(bff.v1.enum_value).default = true];\n}"
      }
    ]
  },
  {
    "code": "BFF415",
    "severity": "error",
    "meaning": "A request field is set whole or in part, not both, because one would overwrite the other.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"found\" call: { method: \"up.v1.ItemService/FindItems\" set: [ { name: \"filter\" by: \"up.v1.Filter{}\" }, { name: \"filter.owner_id\" by: \"args.id\" } ] } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:128: error BFF415: \"filter.owner_id\" is part of \"filter\", which is set as a whole\n    22 | … ms\" set: [ { name: \"filter\" by: \"up.v1.Filter{}\" }, { name: \"filter.owner_id\" by: \"args.id\" } ] } }\n       |                                                               ^^^^^^^^^^^^^^^^^\n  app/v1/app.proto:22:100: \"filter\" is set here\n    22 | … : \"up.v1.ItemService/FindItems\" set: [ { name: \"filter\" by: \"up.v1.Filter{}\" }, { name: \"filter.owner_id\" by: \"args.id\" } ] } }\n       |                                                               ^^^^^^^^^^^^^^^^\n  hint: set \"filter\" or fields of it, not both"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"found\" call: { method: \"up.v1.ItemService/FindItems\" set: [ { name: \"filter.kind\" by: \"up.v1.Kind.KIND_BOOK\" }, { name: \"filter.owner_id\" by: \"args.id\" } ] } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF416",
    "severity": "error",
    "meaning": "Files declare an environment variable alike, and services of one package give it one type, because what reads it sees one variable.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/v1/app.proto\noption (bff.v1.file).env = { name: \"LIMIT\" type: \"int\" };\n\nmessage Page {\n  // …\n  string name = 1 [(bff.v1.field).by = \"item.name\"];\n}"
      },
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/v1/rules.proto\noption (bff.v1.file).env = { name: \"LIMIT\" type: \"int\" default: \"3\" };"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:8:28: error BFF416: the environment variable \"LIMIT\" has no default here and default \"3\" elsewhere\n    8 | option (bff.v1.file).env = { name: \"LIMIT\" type: \"int\" };\n      |                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  app/v1/rules.proto:7:65: default \"3\" here\n    7 | option (bff.v1.file).env = { name: \"LIMIT\" type: \"int\" default: \"3\" };\n      |                                                                 ^^^\n  hint: declare it in one file, and import that file"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  string name = 1 [(bff.v1.field).by = \"env.LIMIT > args.count ? item.name : args.id\"];\n}"
      }
    ]
  },
  {
    "code": "BFF417",
    "severity": "error",
    "meaning": "What is composed in place of a declared `response` has every field of it, of the same type, because clients know the declared one.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    // …\n    option (bff.v1.method) = { response: \"FullPage\" max_calls: 21 };\n  }\n  // …\n}\n\nmessage FullPage {\n  // …\n  int64 title = 1 [(bff.v1.field).by = \"item.price_cents\"];\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:14:42: error BFF417: \"title\" of \"FullPage\" does not fit that of the response \"Page\"\n    14 |     option (bff.v1.method) = { response: \"FullPage\" max_calls: 21 };\n       |                                          ^^^^^^^^^^\n  hint: declare \"title\" alike in both messages, or leave out `response`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    // …\n    option (bff.v1.method) = { response: \"FullPage\" max_calls: 21 };\n  }\n  // …\n}\n\nmessage FullPage {\n  // …\n  string title = 1 [(bff.v1.field).by = \"item.name\"];\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF418",
    "severity": "error",
    "meaning": "What a message reads of its services, a step or a variable, has one type in all of them, because an expression has one type.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = {\n    let: { name: \"viewer\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"headers['x-user-id']\" } } }\n  };\n  // …\n}\n\nservice MobileService {\n  option (bff.v1.service) = {\n    let: [\n      { name: \"viewer\" by: \"headers['x-user-id']\" },\n      // …\n    ]\n  };\n  // …\n}\n\nmessage Card {\n  string name = 1 [(bff.v1.field).by = \"viewer.name\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:48:40: error BFF418: \"viewer\" is up.v1.Item in service \"AppService\" and string in service \"MobileService\", and \"Card\" is part of both\n    48 |   string name = 1 [(bff.v1.field).by = \"viewer.name\"];\n       |                                        ^^^^^^^^^^^^^\n  app/v1/app.proto:9:18: up.v1.Item here\n    9 |     let: { name: \"viewer\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"headers['x-user-id']\" } } }\n      |                  ^^^^^^^^\n  app/v1/app.proto:19:15: string here\n    19 |       { name: \"viewer\" by: \"headers['x-user-id']\" },\n       |               ^^^^^^^^\n  hint: give both the same type, or rename one of them"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = {\n    let: { name: \"viewer\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"headers['x-user-id']\" } } }\n  };\n  // …\n}\n\nservice MobileService {\n  option (bff.v1.service) = {\n    let: [\n      { name: \"viewer\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"headers['x-user-id']\" } } },\n      // …\n    ]\n  };\n  // …\n}\n\nmessage Card {\n  string name = 1 [(bff.v1.field).by = \"viewer.name\"];\n}"
      }
    ]
  },
  {
    "code": "BFF419",
    "severity": "error",
    "meaning": "A step of a service does not rest on itself, not even through an upstream entry or a message that it composes: it would wait for its own end.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  upstream: { service: \"up.v1.ItemService\" metadata: { name: \"x-owner\" by: \"viewer.owner_id\" } }\n};\n\nservice AppService {\n  option (bff.v1.service) = {\n    let: { name: \"viewer\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"headers['x-user-id']\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:13:18: error BFF419: a step of the service rests on itself: viewer → the upstream entry for \"up.v1.ItemService\" → viewer\n    13 |     let: { name: \"viewer\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"headers['x-user-id']\" } } }\n       |                  ^^^^^^^^\n  app/v1/app.proto:8:76: \"viewer\" is read here\n    8 |   upstream: { service: \"up.v1.ItemService\" metadata: { name: \"x-owner\" by: \"viewer.owner_id\" } }\n      |                                                                            ^^^^^^^^^^^^^^^^^\n  hint: an expression of an upstream entry, or a message, must not read the step that needs it"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  upstream: { service: \"up.v1.ItemService\" metadata: { name: \"x-owner\" by: \"headers['x-owner']\" } }\n};\n\nservice AppService {\n  option (bff.v1.service) = {\n    let: { name: \"viewer\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"headers['x-user-id']\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF430",
    "severity": "error",
    "meaning": "A value has an alias or a mapping only in an enum that is a copy, because otherwise there is nothing to map it to.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "enum Kind {\n  // …\n  KIND_BOOK = 1 [(bff.v1.enum_value).alias = \"KIND_FILM\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:26:46: error BFF430: \"KIND_BOOK\" has an alias, but \"Kind\" is not a copy of another enum\n    26 |   KIND_BOOK = 1 [(bff.v1.enum_value).alias = \"KIND_FILM\"];\n       |                                              ^^^^^^^^^^^\n  hint: add `option (bff.v1.enum).alias = \"…\";` to \"Kind\", or leave it out"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "enum Kind {\n  // …\n  KIND_BOOK = 1;\n}"
      }
    ]
  },
  {
    "code": "BFF431",
    "severity": "error",
    "meaning": "A message or an enum is a copy of another one, because a copy of itself has no source.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Size {\n  option (bff.v1.message).alias = \"Size\";\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:29:35: error BFF431: \"app.v1.Size\" is declared as a copy of itself\n    29 |   option (bff.v1.message).alias = \"Size\";\n       |                                   ^^^^^^\n  hint: name the upstream's type with its package"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Size {\n  option (bff.v1.message).alias = \"up.v1.Size\";\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF432",
    "severity": "warning",
    "meaning": "A value of a copied enum stands for one of the upstream's, or says that it does not. Otherwise clients never see it, and a request with it is refused.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "enum Kind {\n  // …\n  KIND_BIG = 1;\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:28:3: warning BFF432: \"KIND_BIG\" stands for no value of \"up.v1.Kind\"\n    28 |   KIND_BIG = 1;\n       |   ^^^^^^^^\n  hint: say which with [(bff.v1.enum_value).alias = \"KIND_BOOK\"], or that there is none with [(bff.v1.enum_value).no_alias = true]"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "enum Kind {\n  // …\n  KIND_BIG = 1 [(bff.v1.enum_value).alias = \"KIND_BOOK\"];\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF433",
    "severity": "error",
    "meaning": "A copy of an upstream's enum has a value for those that the upstream may get later, where values of an enum may be unknown. Otherwise the first of them fails the whole response.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "enum Unit {\n  // …\n  UNIT_UNSPECIFIED = 0;\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:30:6: error BFF433: enum \"app.v1.Unit\" has no default, so that the first answer with a value that \"up.v1.Unit\" is given later fails with INTERNAL\n    30 | enum Unit {\n       |      ^^^^\n  hint: mark one, such as \"UNIT_UNSPECIFIED\", with [(bff.v1.enum_value).default = true]"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "enum Unit {\n  // …\n  UNIT_UNSPECIFIED = 0 [(bff.v1.enum_value).default = true];\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF434",
    "severity": "error",
    "meaning": "A function of one's own is declared alike everywhere in a package, because its calls are all to one function.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/v1/app.proto\noption (bff.v1.file) = {\n  function: { name: \"slug.of\" param: [\"string\"] result: \"string\" }\n};"
      },
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/v1/rules.proto\noption (bff.v1.file).function = { name: \"slug.of\" param: [\"string\", \"int\"] result: \"string\" };"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:9:21: error BFF434: the function \"slug.of\" is slug.of(string) string here and slug.of(string, int) string elsewhere\n    9 |   function: { name: \"slug.of\" param: [\"string\"] result: \"string\" }\n      |                     ^^^^^^^^^\n  app/v1/rules.proto:7:41: slug.of(string, int) string here\n    7 | option (bff.v1.file).function = { name: \"slug.of\" param: [\"string\", \"int\"] result: \"string\" };\n      |                                         ^^^^^^^^^\n  hint: declare it in one file, and import that file"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "// app/v1/app.proto\noption (bff.v1.file) = {\n  function: { name: \"slug.of\" param: [\"string\"] result: \"string\" }\n};"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "// app/v1/rules.proto\noption (bff.v1.file).function = { name: \"slug.of\" param: [\"string\"] result: \"string\" };"
      }
    ]
  },
  {
    "code": "BFF435",
    "severity": "error",
    "meaning": "The fallback of a copied field is a constant, and the field one that can be unset.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Item {\n  // …\n  string note = 1 [(bff.v1.field).fallback = \"'none'\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:46: error BFF435: \"note\" always has a value, so that no fallback can stand in for it\n    24 |   string note = 1 [(bff.v1.field).fallback = \"'none'\"];\n       |                                              ^^^^^^^^\n  hint: declare it `optional`, or leave out the fallback"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Item {\n  // …\n  optional string note = 1 [(bff.v1.field).fallback = \"'none'\"];\n}"
      }
    ]
  },
  {
    "code": "BFF436",
    "severity": "error",
    "meaning": "A copy that a request takes is written back into the upstream's message, field by field. What is computed cannot be computed backwards.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"filter\" by: \"args.filter\" } } }\n  };\n  // …\n}\n\nmessage Filter {\n  // …\n  string owner = 1 [(bff.v1.field).by = \"source.owner_id + '!'\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:17:97: error BFF436: \"Filter\" cannot become a \"up.v1.Filter\" again: \"Filter.owner\" is computed (\"filter\")\n    17 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"filter\" by: \"args.filter\" } } }\n       |                                                                                                 ^^^^^^^^^^^^^\n  hint: set the fields that are wanted by name, or give the field by a path alone, such as source.name"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"filter\" by: \"args.filter\" } } }\n  };\n  // …\n}\n\nmessage Filter {\n  // …\n  string owner = 1 [(bff.v1.field).by = \"source.owner_id\"];\n}"
      }
    ]
  },
  {
    "code": "BFF501",
    "severity": "error",
    "meaning": "A call that may have side effects is not retried, because a repetition could place an order twice.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"order\" call: { method: \"up.v1.OrderService/PlaceOrder\" retry: { attempts: 2 } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:20:93: error BFF501: \"up.v1.OrderService/PlaceOrder\" may have side effects, so it must not be retried\n    20 |     let: { name: \"order\" call: { method: \"up.v1.OrderService/PlaceOrder\" retry: { attempts: 2 } } }\n       |                                                                                             ^\n  hint: remove `retry`; or say `read_only: true` when it only reads, `idempotent: true` when repeating it does no harm"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"order\" call: { method: \"up.v1.OrderService/PlaceOrder\" } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF502",
    "severity": "error",
    "meaning": "Two calls with side effects have an order. Without one they run side by side, and a failure of one leaves the other done or not, by chance.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"order\" call: { method: \"up.v1.OrderService/PlaceOrder\"  } },\n      { name: \"payment\" call: { method: \"up.v1.OrderService/PayOrder\" set: { name: \"id\" by: \"args.id\" } } }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:7: error BFF502: step \"order\" and step \"payment\" have side effects, and nothing says which comes first\n    22 |       { name: \"payment\" call: { method: \"up.v1.OrderService/PayOrder\" set: { name: \"id\" by: \"args.id\" } } }\n       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  app/v1/app.proto:21:7: step \"order\" is here\n    21 |       { name: \"order\" call: { method: \"up.v1.OrderService/PlaceOrder\"  } },\n       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: add `after: \"order\"` to step \"payment\", let one read the other, or add `unordered: true` to both when no order is needed"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"order\" call: { method: \"up.v1.OrderService/PlaceOrder\"  } },\n      { name: \"payment\" after: \"order\" call: { method: \"up.v1.OrderService/PayOrder\" set: { name: \"id\" by: \"args.id\" } } }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF503",
    "severity": "error",
    "meaning": "An rpc that is declared NO_SIDE_EFFECTS reaches only methods without any. Clients and proxies may repeat or cache it on the strength of that promise.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    option idempotency_level = NO_SIDE_EFFECTS;\n  }\n}\n\nmessage Page {\n  option (bff.v1.message) = {\n    let: { name: \"order\" call: { method: \"up.v1.OrderService/CancelOrder\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:42: error BFF503: rpc \"GetPage\" is declared NO_SIDE_EFFECTS, but reaches \"up.v1.OrderService/CancelOrder\", which is IDEMPOTENT: it has side effects\n    22 |     let: { name: \"order\" call: { method: \"up.v1.OrderService/CancelOrder\" set: { name: \"id\" by: \"args.id\" } } }\n       |                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  app/v1/app.proto:9:7: the rpc that vouches for having no side effects\n    9 |   rpc GetPage(GetPageRequest) returns (Page) {\n      |       ^^^^^^^\n  hint: remove `idempotency_level = NO_SIDE_EFFECTS` from \"GetPage\", or do not call this method from it"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page);\n}\n\nmessage Page {\n  option (bff.v1.message) = {\n    let: { name: \"order\" call: { method: \"up.v1.OrderService/CancelOrder\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF504",
    "severity": "error",
    "meaning": "The calls of an `each` that have side effects run one after the other, because which ones are done when one fails would otherwise be chance.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"orders\" each: { var: \"id\" in: \"args.ids\" max: 100 call: { method: \"up.v1.OrderService/PayOrder\" set: { name: \"id\" by: \"id\" } } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:20:10: error BFF504: the items of step \"orders\" have side effects, and up to 10 run side by side\n    20 |     let: { name: \"orders\" each: { var: \"id\" in: \"args.ids\" max: 100 call: { method: \"up.v1.OrderService/PayOrder\" set: { name: \"id\" by: \"id\" } } } }\n       |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: add `concurrent: 1` to the `each`, or `unordered: true` to the step when no order is needed"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"orders\" each: { var: \"id\" in: \"args.ids\" max: 100 concurrent: 1 call: { method: \"up.v1.OrderService/PayOrder\" set: { name: \"id\" by: \"id\" } } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF505",
    "severity": "error",
    "meaning": "Calls with side effects are not joined into a batch: several requests would become one, and fail together.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/v1/app.proto\nmessage Page {\n  option (bff.v1.message) = {\n    let: { name: \"done\" call: { method: \"app.v1.BulkService/Archive\" batch: { name: \"ids\" by: \"args.id\" items: \"items\" key: \"id\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/v1/bulk.proto\nservice BulkService {\n  rpc Archive(ArchiveRequest) returns (ArchiveResponse);\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:21:77: error BFF505: \"Archive\" has side effects, and a batch would make one call of several\n    21 |     let: { name: \"done\" call: { method: \"app.v1.BulkService/Archive\" batch: { name: \"ids\" by: \"args.id\" items: \"items\" key: \"id\" } } }\n       |                                                                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: call it without `batch`, or say `read_only: true` when it only reads"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service BulkService {\n  rpc Archive(ArchiveRequest) returns (ArchiveResponse) {\n    option idempotency_level = NO_SIDE_EFFECTS;\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF506",
    "severity": "error",
    "meaning": "A call has no more time than its rpc, because the rpc ends first and the timeout never takes effect.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    // …\n  }\n}\n\nmessage Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } timeout: \"3s\" } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:112: error BFF506: this call may take 3000ms, but rpc \"GetPage\" ends after 2000ms\n    22 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } timeout: \"3s\" } }\n       |                                                                                                                ^^^^\n  app/v1/app.proto:9:7: the default of 2000ms holds for this rpc\n    9 |   rpc GetPage(GetPageRequest) returns (Page) {\n      |       ^^^^^^^\n  hint: give the call less, or the rpc more, with (bff.v1.method).timeout"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    // …\n  }\n}\n\nmessage Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } timeout: \"1s\" } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF507",
    "severity": "error",
    "meaning": "The wait before a retry fits into the timeout of the call. Otherwise there is a retry on paper, and none in an outage.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } retry: { backoff: { initial: \"150ms\" } } timeout: \"100ms\" } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:132: error BFF507: the first wait of 150ms leaves no time for a retry: the call has 100ms\n    22 | … : { name: \"id\" by: \"args.id\" } retry: { backoff: { initial: \"150ms\" } } timeout: \"100ms\" } }\n       |                                                               ^^^^^^^\n  app/v1/app.proto:22:153: the time of the call\n    22 | … rgs.id\" } retry: { backoff: { initial: \"150ms\" } } timeout: \"100ms\" } }\n       |                                                               ^^^^^^^\n  hint: wait less, give the call more time, or turn retries off with `attempts: 1`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } retry: { backoff: { initial: \"20ms\" } } timeout: \"100ms\" } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF508",
    "severity": "error",
    "meaning": "A call that may have side effects is not hedged, because both of the requests would be carried out.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"order\" call: { method: \"up.v1.OrderService/PlaceOrder\" hedge: { delay: \"20ms\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:18:81: error BFF508: \"up.v1.OrderService/PlaceOrder\" may have side effects, so it must not be hedged\n    18 |     let: { name: \"order\" call: { method: \"up.v1.OrderService/PlaceOrder\" hedge: { delay: \"20ms\" } } }\n       |                                                                                 ^^^^^^^^^^^^^^^^^\n  hint: remove `hedge`; or say `read_only: true` when it only reads, `idempotent: true` when repeating it does no harm"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"order\" call: { method: \"up.v1.OrderService/PlaceOrder\" } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF509",
    "severity": "error",
    "meaning": "A hedge has a delay. Without one every call would be made twice.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { spread: \"args\" } hedge: { max: 2 } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:20:107: error BFF509: this hedge has no delay\n    20 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { spread: \"args\" } hedge: { max: 2 } } }\n       |                                                                                                           ^\n  hint: add `delay`, such as the time in which most answers come"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { spread: \"args\" } hedge: { delay: \"20ms\" max: 2 } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF510",
    "severity": "error",
    "meaning": "A hedge is sent before the call runs out of time. A later one never is.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { spread: \"args\" } timeout: \"100ms\" hedge: { delay: \"150ms\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:20:126: error BFF510: a hedge after 150ms is never sent: the call has 100ms\n    20 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { spread: \"args\" } timeout: \"100ms\" hedge: { delay: \"150ms\" } } }\n       |                                                                                                                              ^^^^^^^\n  app/v1/app.proto:20:102: the time of the call\n    20 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { spread: \"args\" } timeout: \"100ms\" hedge: { delay: \"150ms\" } } }\n       |                                                                                                      ^^^^^^^\n  hint: hedge earlier, or give the call more time"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { spread: \"args\" } timeout: \"100ms\" hedge: { delay: \"20ms\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF511",
    "severity": "error",
    "meaning": "Answers of a call with side effects are not cached, because the second caller would be told that something was done which was not.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"order\" call: { method: \"up.v1.OrderService/PlaceOrder\" cache: { ttl: \"5s\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:18:81: error BFF511: \"up.v1.OrderService/PlaceOrder\" has side effects, so its answers must not be cached\n    18 |     let: { name: \"order\" call: { method: \"up.v1.OrderService/PlaceOrder\" cache: { ttl: \"5s\" } } }\n       |                                                                                 ^^^^^^^^^^^^^\n  hint: remove `cache`, or say `read_only: true` when it only reads"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"order\" call: { method: \"up.v1.OrderService/PlaceOrder\" } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF512",
    "severity": "error",
    "meaning": "A cache has a `ttl`, because without one nobody has decided how old an answer may be.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { spread: \"args\" } cache: { stale: \"5s\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:20:109: error BFF512: this cache has no `ttl`\n    20 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { spread: \"args\" } cache: { stale: \"5s\" } } }\n       |                                                                                                             ^^^^\n  hint: add `ttl`: for so long an answer is as good as new"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { spread: \"args\" } cache: { ttl: \"1s\" stale: \"5s\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF513",
    "severity": "error",
    "meaning": "A breaker with a `slow_rate` says what is slow, because otherwise it never opens for slow calls.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file).upstream = { service: \"up.v1.ItemService\" breaker: { slow_rate: 0.5 } };"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:7:86: error BFF513: this breaker never opens for slow calls: nothing says what is slow\n    7 | option (bff.v1.file).upstream = { service: \"up.v1.ItemService\" breaker: { slow_rate: 0.5 } };\n      |                                                                                      ^^^\n  hint: add `slow`, such as `slow: \"500ms\"`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file).upstream = { service: \"up.v1.ItemService\" breaker: { slow: \"300ms\" slow_rate: 0.5 } };"
      }
    ]
  },
  {
    "code": "BFF514",
    "severity": "error",
    "meaning": "What a breaker calls slow is less than its calls may take, because otherwise none of them is ever slow.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file).upstream = { service: \"up.v1.ItemService\" timeout: \"400ms\" breaker: { slow: \"1s\" } };"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:7:98: error BFF514: a call is slow after 1000ms, but none of them may take more than 400ms\n    7 | option (bff.v1.file).upstream = { service: \"up.v1.ItemService\" timeout: \"400ms\" breaker: { slow: \"1s\" } };\n      |                                                                                                  ^^^^\n  hint: make it shorter than the timeout of the calls"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file).upstream = { service: \"up.v1.ItemService\" timeout: \"400ms\" breaker: { slow: \"300ms\" } };"
      }
    ]
  },
  {
    "code": "BFF516",
    "severity": "error",
    "meaning": "The value of metadata is printable ASCII, because nothing else fits into a header: a line break would end it.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } metadata: { name: \"x-note\" by: \"'a\\\\n' + args.id\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:135: error BFF516: metadata \"x-note\" would hold a line break\n    22 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } metadata: { name: \"x-note\" by: \"'a\\\\n' + args.id\" } } }\n       |                                                                                                                                       ^^^^^^\n  hint: leave it out"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } metadata: { name: \"x-note\" by: \"'a ' + args.id\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF517",
    "severity": "warning",
    "meaning": "An `each` sends no more calls side by side than the limit of its call lets through, where none of them may wait: the others are refused.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"orders\" each: { var: \"id\" in: \"args.ids\" max: 50 call: { method: \"up.v1.OrderService/GetOrder\" set: { name: \"id\" by: \"id\" } limit: { concurrent: 4 queued: 0 } } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:164: warning BFF517: up to 10 items of step \"orders\" call at once, but 4 may be in flight and none may wait\n    22 | … GetOrder\" set: { name: \"id\" by: \"id\" } limit: { concurrent: 4 queued: 0 } } } }\n       |                                                               ^\n  app/v1/app.proto:22:174: calls above the limit are refused here\n    22 | … set: { name: \"id\" by: \"id\" } limit: { concurrent: 4 queued: 0 } } } }\n       |                                                               ^\n  hint: write `concurrent: 4` in the `each`, or let calls wait with `queued`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"orders\" each: { var: \"id\" in: \"args.ids\" max: 50 concurrent: 4 call: { method: \"up.v1.OrderService/GetOrder\" set: { name: \"id\" by: \"id\" } limit: { concurrent: 4 queued: 0 } } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF518",
    "severity": "warning",
    "meaning": "A call that an rpc, or the entry of a service, vouches for has no side effects. One whose name says that it writes would lose its place in the order and be retried.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/v1/app.proto\nservice AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    // …\n  }\n}\n\nmessage Page {\n  option (bff.v1.message).let = {\n    // …\n    call: {\n      method: \"desk.v1.DeskService/StartShift\"\n      // …\n      retry: { attempts: 1 }\n    }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:26:15: warning BFF518: \"StartShift\" sounds as if it changed something, and rpc \"WatchPage\" vouches that it does not\n    26 |       method: \"desk.v1.DeskService/StartShift\"\n       |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  app/v1/app.proto:9:7: NO_SIDE_EFFECTS of \"WatchPage\" means all that it calls\n    9 |   rpc WatchPage(WatchPageRequest) returns (stream Page) {\n      |       ^^^^^^^^^\n  hint: remove `idempotency_level = NO_SIDE_EFFECTS` from rpc \"WatchPage\"; or, when the method only reads, say `read_only: true` in the call"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    // …\n  }\n}\n\nmessage Page {\n  option (bff.v1.message).let = {\n    // …\n    call: {\n      method: \"desk.v1.DeskService/StartShift\"\n      // …\n      read_only: true\n    }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF519",
    "severity": "warning",
    "meaning": "A package that calls an upstream has its policies. A file of them holds only where it is imported: without it calls go out with no timeout, breaker or forwarded header of theirs.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/v1/app.proto\nmessage Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// policies/policies.proto\noption (bff.v1.file) = {\n  upstream: { service: \"up.v1.ItemService\" timeout: \"300ms\" forward: [\"authorization\"] }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:21:41: warning BFF519: no policy holds for \"up.v1.ItemService\" in package \"app.v1\", which does not import \"policies/policies.proto\"\n    21 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n       |                                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  policies/policies.proto:8:13: this entry would\n    8 |   upstream: { service: \"up.v1.ItemService\" timeout: \"300ms\" forward: [\"authorization\"] }\n      |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: add `import \"policies/policies.proto\";`, or an entry of your own for the upstream"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "import \"policies/policies.proto\";\n\nmessage Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF520",
    "severity": "error",
    "meaning": "`read_only` says what the proto of a method leaves open. Where it contradicts that proto, `idempotent` or an rpc that vouches, one of the two is wrong, and an order could be placed twice.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"order\" call: { method: \"up.v1.OrderService/CancelOrder\" set: { name: \"id\" by: \"args.id\" } read_only: true } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:18:120: error BFF520: \"up.v1.OrderService/CancelOrder\" is declared IDEMPOTENT: it has side effects\n    18 |     let: { name: \"order\" call: { method: \"up.v1.OrderService/CancelOrder\" set: { name: \"id\" by: \"args.id\" } read_only: true } }\n       |                                                                                                                        ^^^^\n  hint: leave out `read_only`: it may be retried and hedged all the same"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"order\" call: { method: \"up.v1.OrderService/CancelOrder\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF521",
    "severity": "error",
    "meaning": "A step that is `unordered` has side effects, and others beside it that are, too, or over several items. Otherwise there is no order that it could do without.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"order\" unordered: true call: { method: \"up.v1.OrderService/PlaceOrder\" set: { name: \"item_id\" by: \"args.id\" } } },\n      { name: \"pay\" after: \"order\" call: { method: \"up.v1.OrderService/PayOrder\" set: { name: \"id\" by: \"args.id\" } } }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:20:34: error BFF521: no other step beside step \"order\" is `unordered`\n    20 |       { name: \"order\" unordered: true call: { method: \"up.v1.OrderService/PlaceOrder\" set: { name: \"item_id\" by: \"args.id\" } } },\n       |                                  ^^^^\n  hint: leave it out, or say it also of the step that needs no order with this one"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"order\" unordered: true call: { method: \"up.v1.OrderService/PlaceOrder\" set: { name: \"item_id\" by: \"args.id\" } } },\n      { name: \"pay\" unordered: true call: { method: \"up.v1.OrderService/PayOrder\" set: { name: \"id\" by: \"args.id\" } } }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF522",
    "severity": "error",
    "meaning": "A random value stands where each response has one of its own. It decides nothing, and is no part of what several requests have in common.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    option idempotency_level = NO_SIDE_EFFECTS;\n  }\n}\n\nmessage Page {\n  // …\n  string name = 1 [(bff.v1.field).by = \"item.name + random.uuid()\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:53: error BFF522: rpc \"GetPage\" says NO_SIDE_EFFECTS, so that its answers are to be alike\n    24 |   string name = 1 [(bff.v1.field).by = \"item.name + random.uuid()\"];\n       |                                                     ^^^^^^^^^^^^^\n  app/v1/app.proto:9:7: here\n    9 |   rpc GetPage(GetPageRequest) returns (Page) {\n      |       ^^^^^^^\n  hint: remove `idempotency_level = NO_SIDE_EFFECTS` from \"GetPage\", or leave out the random value"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page);\n}\n\nmessage Page {\n  // …\n  string name = 1 [(bff.v1.field).by = \"item.name + random.uuid()\"];\n}"
      }
    ]
  },
  {
    "code": "BFF530",
    "severity": "error",
    "meaning": "An upstream is told who calls where somebody knows: in a package with an `identity`. Elsewhere `identify` would send nothing, and look as if it did.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file).upstream = { identify: SIGNED };\n\nservice AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page);\n}\n\nmessage Page {\n  option (bff.v1.message).let = {\n    // …\n    call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:7:45: error BFF530: \"identify\" has nobody to tell \"up.v1.ItemService\" of: package \"app.v1\" has no identity\n    7 | option (bff.v1.file).upstream = { identify: SIGNED };\n      |                                             ^^^^^^\n  app/v1/app.proto:11:7: this rpc reaches the call\n    11 |   rpc GetPage(GetPageRequest) returns (Page);\n       |       ^^^^^^^\n  hint: declare an `identity` for the package, or write `identify: NOTHING` in the call"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file).upstream = { identify: SIGNED };\n\nservice AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page);\n}\n\nmessage Page {\n  option (bff.v1.message).let = {\n    // …\n    call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } identify: NOTHING }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF531",
    "severity": "error",
    "meaning": "`identify: TOKEN` hands the caller's own token on. A caller who has proven who calls without one has none to hand on, and the upstream would be called as nobody.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  identity: {\n    // …\n    source: { name: \"partner\" api_key: {} }\n  }\n};\n\nmessage Page {\n  option (bff.v1.message) = {\n    let: {\n      // …\n      call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } identify: TOKEN }\n    }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:27:95: error BFF531: \"TOKEN\" hands the caller's token on, and callers of source \"partner\", who present an API key, have none\n    27 |       call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } identify: TOKEN }\n       |                                                                                               ^^^^^\n  app/v1/app.proto:12:21: this source\n    12 |     source: { name: \"partner\" api_key: {} }\n       |                     ^^^^^^^^^\n  app/v1/app.proto:27:23: they reach this call\n    27 |       call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } identify: TOKEN }\n       |                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: write SIGNED, which tells of every caller, or let these callers in nowhere that leads here, by `source` of a permit"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  identity: {\n    // …\n    source: { name: \"partner\" api_key: {} }\n  }\n};\n\nmessage Page {\n  option (bff.v1.message) = {\n    let: {\n      // …\n      call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } identify: SIGNED }\n    }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF532",
    "severity": "error",
    "meaning": "`identify: TOKEN` sends the caller's token as `authorization`. A second value for that header would hide the one or the other.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: {\n      // …\n      call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } forward: \"authorization\" identify: TOKEN }\n    }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:26:94: error BFF532: \"authorization\" has two values: this one, and the caller's token\n    26 |       call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } forward: \"authorization\" identify: TOKEN }\n       |                                                                                              ^^^^^^^^^^^^^^^\n  app/v1/app.proto:26:120: TOKEN sends the token\n    26 |       call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } forward: \"authorization\" identify: TOKEN }\n       |                                                                                                                        ^^^^^\n  hint: leave out one of them"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: {\n      // …\n      call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } identify: TOKEN }\n    }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF533",
    "severity": "error",
    "meaning": "What proves or says who calls is read by the identity alone, and taken out of the request. Expressions and `forward` would find nothing, or hand a credential to somebody who can use it.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  identity: {\n    source: { name: \"user\" jwt: { issuer: \"{env.OIDC_ISSUER}\" audience: \"app\" } }\n  }\n  upstream: { service: \"up.v1.ItemService\" forward: [\"accept-language\", \"authorization\"] }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:13:73: error BFF533: \"authorization\" is not for others: source \"user\" takes its credential from there\n    13 |   upstream: { service: \"up.v1.ItemService\" forward: [\"accept-language\", \"authorization\"] }\n       |                                                                         ^^^^^^^^^^^^^^^\n  app/v1/app.proto:11:21: this source\n    11 |     source: { name: \"user\" jwt: { issuer: \"{env.OIDC_ISSUER}\" audience: \"app\" } }\n       |                     ^^^^^^\n  hint: write `identify: SIGNED`, which tells the upstream who calls; to hand the caller's token on to a party that may act with it, write `identify: TOKEN`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  identity: {\n    source: { name: \"user\" jwt: { issuer: \"{env.OIDC_ISSUER}\" audience: \"app\" } }\n  }\n  upstream: { service: \"up.v1.ItemService\" forward: \"accept-language\" identify: SIGNED }\n};"
      }
    ]
  },
  {
    "code": "BFF534",
    "severity": "error",
    "meaning": "Only `identify` says who calls to upstreams, because it says what has been proven. Metadata could say anything.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  upstream: { service: \"up.v1.ItemService\" metadata: { name: \"x-principal-signed-bin\" by: \"bytes('me')\" } }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:13:91: error BFF534: metadata \"x-principal-signed-bin\" would say who calls\n    13 |   upstream: { service: \"up.v1.ItemService\" metadata: { name: \"x-principal-signed-bin\" by: \"bytes('me')\" } }\n       |                                                                                           ^^^^^^^^^^^^^\n  hint: write `identify: SIGNED`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  upstream: { service: \"up.v1.ItemService\" identify: SIGNED }\n};"
      }
    ]
  },
  {
    "code": "BFF535",
    "severity": "warning",
    "meaning": "Who calls is read from `principal`, which is proven. A header like x-user-id is what a client writes into it, and any client may write any name.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  identity: {\n    // …\n  }\n};\n\nmessage Page {\n  option (bff.v1.message) = {\n    let: {\n      // …\n      call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"headers['x-user-id']\" } }\n    }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:26:74: warning BFF535: \"x-user-id\" is whatever the client writes into it, and not who calls\n    26 |       call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"headers['x-user-id']\" } }\n       |                                                                          ^^^^^^^^^^^^^^^^^^^^\n  app/v1/app.proto:10:13: callers are known by this identity\n    10 |   identity: {\n       |             ^\n  hint: write principal.subject"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  identity: {\n    // …\n  }\n};\n\nmessage Page {\n  option (bff.v1.message) = {\n    let: {\n      // …\n      call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"principal.subject\" } }\n    }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF540",
    "severity": "warning",
    "meaning": "A limit counts by what a caller cannot choose. By a header or an argument it would count nobody who writes another one into each request, and keep a counter for each.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (GetResponse) {\n    option (bff.v1.method) = {\n      rate_limit: { name: \"app\" key: \"headers['x-app']\" rate: 60 per: \"1m\" }\n    };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:11:38: warning BFF540: the client chooses this key: who writes another one into the header is not limited by \"app\", and each takes room\n    11 |       rate_limit: { name: \"app\" key: \"headers['x-app']\" rate: 60 per: \"1m\" }\n       |                                      ^^^^^^^^^^^^^^^^^^\n  hint: count by `principal`, or by `peer.address`; or let the permit's `if` say which values are the caller's"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (GetResponse) {\n    option (bff.v1.method) = {\n      rate_limit: { name: \"address\" key: \"peer.address\" rate: 60 per: \"1m\" }\n    };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF541",
    "severity": "warning",
    "meaning": "Whether a limit applies is not for the client to say. A header says what the client wants it to say.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  rate_limit: { name: \"user\" key: \"principal.subject\" rate: 60 per: \"1m\" if: \"headers['x-internal'] != '1'\" }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:16:78: warning BFF541: the client chooses by a header whether \"user\" applies\n    16 |   rate_limit: { name: \"user\" key: \"principal.subject\" rate: 60 per: \"1m\" if: \"headers['x-internal'] != '1'\" }\n       |                                                                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: ask something that is proven, such as a field of `principal`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  rate_limit: { name: \"user\" key: \"principal.subject\" rate: 60 per: \"1m\" if: \"principal.weight < 10\" }\n};"
      }
    ]
  },
  {
    "code": "BFF542",
    "severity": "warning",
    "meaning": "A limit is charged once for a request. Where it applies twice to one key, half as much is allowed as its `rate` says.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  rate_limit: { name: \"user\" key: \"principal.subject\" rate: 60 per: \"1m\" }\n};\n\nservice AppService {\n  // …\n  rpc Get(GetRequest) returns (GetResponse) {\n    option (bff.v1.method) = {\n      rate_limit: { name: \"user\" key: \"principal.subject\" rate: 60 per: \"1m\" }\n    };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:31:27: warning BFF542: \"user\" counts the same key twice: a request is charged for each\n    31 |       rate_limit: { name: \"user\" key: \"principal.subject\" rate: 60 per: \"1m\" }\n       |                           ^^^^^^\n  app/v1/app.proto:16:23: the other one, of the file\n    16 |   rate_limit: { name: \"user\" key: \"principal.subject\" rate: 60 per: \"1m\" }\n       |                       ^^^^^^\n  hint: leave one of them out: what a file or a service says is for all of its rpcs"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  rate_limit: { name: \"user\" key: \"principal.subject\" rate: 60 per: \"1m\" }\n};\n\nservice AppService {\n  // …\n  rpc Get(GetRequest) returns (GetResponse);\n}"
      }
    ]
  },
  {
    "code": "BFF545",
    "severity": "warning",
    "meaning": "A rule of `buf.validate` changes what is allowed. `required` does not where a value is always there: in a list, and in a map.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message GetRequest {\n  // …\n  repeated string tags = 2 [(buf.validate.field).repeated.items.required = true];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:15:76: warning BFF545: `required` changes nothing in `items`: what is in a list is always set\n    15 |   repeated string tags = 2 [(buf.validate.field).repeated.items.required = true];\n       |                                                                            ^^^^\n  hint: leave it out, or say what it has to be, as in `string.min_len: 1`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message GetRequest {\n  // …\n  repeated string tags = 2 [(buf.validate.field).repeated.items.string.min_len = 1];\n}"
      }
    ]
  },
  {
    "code": "BFF547",
    "severity": "warning",
    "meaning": "`validate` changes something: the request of the rpc, or a message inside of it, has rules of `buf.validate`.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).validate = false;\n  }\n}\n\nmessage GetRequest {\n  string id = 1;\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:10:39: warning BFF547: `validate` changes nothing: \"GetRequest\" has no rules of buf.validate\n    10 |     option (bff.v1.method).validate = false;\n       |                                       ^^^^^\n  hint: leave it out"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "import \"buf/validate/validate.proto\";\n\nservice AppService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    option (bff.v1.method).validate = false;\n  }\n}\n\nmessage GetRequest {\n  string id = 1 [(buf.validate.field).string.min_len = 1];\n}"
      }
    ]
  },
  {
    "code": "BFF548",
    "severity": "warning",
    "meaning": "A constant that a call sends keeps what the upstream's proto says of its field by `buf.validate`. Otherwise an upstream that checks its requests refuses every one of these calls.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/v1/app.proto\nmessage Page {\n  option (bff.v1.message) = {\n    let: {\n      // …\n      call: {\n        // …\n        set: [{ name: \"shelf\" by: \"args.shelf\" }, { name: \"page_size\" by: \"500\" }]\n      }\n    }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:76: warning BFF548: \"page_size\" of \"shelf.v1.ListBooksRequest\" must be greater than 0 and less than or equal to 100, and this is 500\n    22 |         set: [{ name: \"shelf\" by: \"args.shelf\" }, { name: \"page_size\" by: \"500\" }]\n       |                                                                            ^^^\n  hint: write a value that keeps `int32.gt_lte`, or leave it out"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: {\n      // …\n      call: {\n        // …\n        set: [{ name: \"shelf\" by: \"args.shelf\" }, { name: \"page_size\" by: \"100\" }]\n      }\n    }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF550",
    "severity": "warning",
    "meaning": "Who gets an answer is decided for each request. A guard that reads calls speaks when an answer is composed, and not when it is used again.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    // …\n    option (bff.v1.method) = { cache: { ttl: \"30s\" } };\n  }\n}\n\nmessage Page {\n  option (bff.v1.message) = { let: [\n    { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } },\n    { guard: { if: \"item.stock == 0\" fail: { code: NOT_FOUND message: \"sold out\" } } }\n  ] };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:11:39: warning BFF550: a guard of \"GetPage\" reads calls, and is not asked where an answer is used again\n    11 |     option (bff.v1.method) = { cache: { ttl: \"30s\" } };\n       |                                       ^^^^^^^^^^^^^^\n  app/v1/app.proto:20:5: the guard\n    20 |     { guard: { if: \"item.stock == 0\" fail: { code: NOT_FOUND message: \"sold out\" } } }\n       |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: move what decides who may call into a `permit`, which is asked each time; or take the cache from the rpc to its calls"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = { let: [\n    { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } cache: { ttl: \"30s\" } } },\n    { guard: { if: \"item.stock == 0\" fail: { code: NOT_FOUND message: \"sold out\" } } }\n  ] };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF551",
    "severity": "warning",
    "meaning": "An answer that is used again is as old as it is: the time in it is that of the request for which it was composed.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    // …\n    option (bff.v1.method) = { cache: { ttl: \"30s\" stale: \"1h\" } };\n  }\n}\n\nmessage Page {\n  string at = 1 [(bff.v1.field).by = \"string(now)\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:18:46: warning BFF551: \"now\" of an answer of \"GetPage\" is up to 1h ago where it is used again\n    18 |   string at = 1 [(bff.v1.field).by = \"string(now)\"];\n       |                                              ^^^\n  app/v1/app.proto:11:39: answers are used again\n    11 |     option (bff.v1.method) = { cache: { ttl: \"30s\" stale: \"1h\" } };\n       |                                       ^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: leave it out of what is cached: cache the calls in place of the rpc"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  string at = 1 [(bff.v1.field).by = \"string(now)\"];\n}"
      }
    ]
  },
  {
    "code": "BFF552",
    "severity": "warning",
    "meaning": "HTTP caches keep an answer no longer than the BFF itself keeps what it is made of. Otherwise clients see what the BFF has long renewed.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    // …\n    option (bff.v1.method) = { http_cache: { max_age: \"1m\" } };\n  }\n}\n\nmessage Page {\n  option (bff.v1.message).let = {\n    // …\n    call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } cache: { ttl: \"10s\" stale: \"20s\" } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:11:55: warning BFF552: clients keep answers of \"GetPage\" for 1m, and the BFF those of \"up.v1.ItemService/GetItem\" for 20s\n    11 |     option (bff.v1.method) = { http_cache: { max_age: \"1m\" } };\n       |                                                       ^^^^\n  app/v1/app.proto:20:97: kept for so long here\n    20 |     call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } cache: { ttl: \"10s\" stale: \"20s\" } }\n       |                                                                                                 ^^^^^\n  hint: write at most \"20s\", or let the BFF keep them for longer"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    // …\n    option (bff.v1.method) = { http_cache: { max_age: \"20s\" } };\n  }\n}\n\nmessage Page {\n  option (bff.v1.message).let = {\n    // …\n    call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } cache: { ttl: \"10s\" stale: \"20s\" } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF553",
    "severity": "warning",
    "meaning": "Requests are alike, as far as an answer depends on them. With an id of the request no answer is ever found again.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    // …\n    option (bff.v1.method) = { cache: { ttl: \"10s\" } };\n  }\n}\n\nmessage Page {\n  string id = 1 [(bff.v1.field).by = \"headers['x-request-id']\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:18:39: warning BFF553: answers of \"GetPage\" depend on \"x-request-id\", which each request has for itself: none is ever found again\n    18 |   string id = 1 [(bff.v1.field).by = \"headers['x-request-id']\"];\n       |                                       ^^^^^^^^^^^^^^^^^^^^^^^\n  app/v1/app.proto:11:39: answers are kept for nothing\n    11 |     option (bff.v1.method) = { cache: { ttl: \"10s\" } };\n       |                                       ^^^^^^^^^^^^^^\n  hint: leave the header out of what is composed; `forward` may pass `traceparent` and `x-request-id` on all the same"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  string id = 1 [(bff.v1.field).by = \"headers['x-request-id']\"];\n}"
      }
    ]
  },
  {
    "code": "BFF554",
    "severity": "warning",
    "meaning": "The `http_cache` of a service is for its rpcs that say NO_SIDE_EFFECTS. Where none does, it says nothing.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service).http_cache = { max_age: \"30s\" };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:8:40: warning BFF554: no rpc of \"AppService\" says NO_SIDE_EFFECTS, so this is for none of them\n    8 |   option (bff.v1.service).http_cache = { max_age: \"30s\" };\n      |                                        ^^^^^^^^^^^^^^^^^^\n  hint: say `option idempotency_level = NO_SIDE_EFFECTS;` in those that have none, or leave it out"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service).http_cache = { max_age: \"30s\" };\n  rpc GetPage(GetPageRequest) returns (Page) {\n    option idempotency_level = NO_SIDE_EFFECTS;\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF555",
    "severity": "warning",
    "meaning": "A request is one of the successor's, too, so that clients move by calling another rpc. Where fields are gone, or are others, they have to be rewritten.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// page/v1/page.proto\nservice PageService {\n  option (bff.v1.service) = {version: {deprecated: \"2026-11-01\" successor: \"page.v2.PageService\"}};\n\n  rpc Get(GetRequest) returns (Page);\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "page/v1/page.proto:10:7: warning BFF555: a request of \"Get\" is none of its successor \"page.v2.PageService/Get\": \"GetRequest.tenant\" is gone\n    10 |   rpc Get(GetRequest) returns (Page);\n       |       ^^^\n  page/v1/page.proto:8:76: the successor of the service\n    8 |   option (bff.v1.service) = {version: {deprecated: \"2026-11-01\" successor: \"page.v2.PageService\"}};\n      |                                                                            ^^^^^^^^^^^^^^^^^^^^^\n  hint: declare the field in \"page.v2.GetRequest\" as in \"page.v1.GetRequest\", so that clients move without another request; or name another successor"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message GetRequest {\n  // …\n  string tenant = 2;\n}"
      }
    ]
  },
  {
    "code": "BFF556",
    "severity": "warning",
    "meaning": "Each rpc of a service has a counterpart in the successor of the service, because otherwise its callers are sent nowhere.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// page/v1/page.proto\nservice PageService {\n  option (bff.v1.service) = {version: {deprecated: \"2026-11-01\" successor: \"page.v2.PageService\"}};\n  // …\n  rpc Peek(GetRequest) returns (Page);\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "page/v1/page.proto:11:7: warning BFF556: \"page.v2.PageService\" has no \"Peek\": callers of this rpc are told of no successor\n    11 |   rpc Peek(GetRequest) returns (Page);\n       |       ^^^^\n  page/v1/page.proto:8:76: the successor of the service\n    8 |   option (bff.v1.service) = {version: {deprecated: \"2026-11-01\" successor: \"page.v2.PageService\"}};\n      |                                                                            ^^^^^^^^^^^^^^^^^^^^^\n  hint: name the rpc that takes its place, as in `option (bff.v1.method).version = { successor: \"page.v2.PageService/…\" };`, or add \"Peek\" to it"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service PageService {\n  option (bff.v1.service) = {version: {deprecated: \"2026-11-01\" successor: \"page.v2.PageService\"}};\n  // …\n  rpc Peek(GetRequest) returns (Page) {\n    option (bff.v1.method).version = {successor: \"page.v2.PageService/Get\"};\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF557",
    "severity": "warning",
    "meaning": "What is `deprecated` in its proto says so to those who call it, too. Clients that were compiled long ago see headers only.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    // …\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "page/v1/page.proto:10:7: warning BFF557: the rpc \"Get\" is `deprecated` for those who compile its proto, and who calls it is told nothing\n    10 |   rpc Get(GetRequest) returns (Page) {\n       |       ^^^\n  hint: add `option (bff.v1.method).version = { deprecated: \"2026-11-01\" };` to it, with the day from which it is"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    // …\n    option (bff.v1.method).version = {deprecated: \"2026-11-01\"};\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF560",
    "severity": "warning",
    "meaning": "A branch that a header chooses has a condition over who calls, or from where. Otherwise whoever knows the header calls what is not meant for everybody yet.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  upstream: { service: \"up.v1.ItemService\" branch: { name: \"canary\" if: \"headers['x-canary'] == '1'\" } }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:10:73: warning BFF560: whoever sends this header is on branch \"canary\"\n    10 |   upstream: { service: \"up.v1.ItemService\" branch: { name: \"canary\" if: \"headers['x-canary'] == '1'\" } }\n       |                                                                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: add who may, as in && 'tester' in principal.roles"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  // …\n  upstream: { service: \"up.v1.ItemService\" branch: { name: \"canary\" if: \"headers['x-canary'] == '1' && 'beta' in principal.roles\" } }\n};"
      }
    ]
  },
  {
    "code": "BFF563",
    "severity": "error",
    "meaning": "A request has one rpc that answers it. Where two templates are alike but for the names of their variables, chance would choose.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    // …\n    option (google.api.http) = {get: \"/v1/pages/{id}\"};\n  }\n  rpc Find(GetRequest) returns (Page) {\n    // …\n    option (google.api.http).get = \"/v1/{id=pages/*}\";\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "page/v1/page.proto:17:36: error BFF563: \"Find\" and \"Get\" have one path: GET /v1/pages/*\n    17 |     option (google.api.http).get = \"/v1/{id=pages/*}\";\n       |                                    ^^^^^^^^^^^^^^^^^^\n  page/v1/page.proto:13:38: the path of \"Get\"\n    13 |     option (google.api.http) = {get: \"/v1/pages/{id}\"};\n       |                                      ^^^^^^^^^^^^^^^^\n  hint: give one of them another segment, or a verb, such as `:search`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    // …\n    option (google.api.http) = {get: \"/v1/pages/{id}\"};\n  }\n  rpc Find(GetRequest) returns (Page) {\n    // …\n    option (google.api.http).get = \"/v1/pages/{id}:search\";\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF564",
    "severity": "error",
    "meaning": "Health checks, a session's paths and the paths of rpcs stay what they are: `/package.Service/Method` for gRPC and Connect.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    // …\n    option (google.api.http) = {get: \"/{id}\"};\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "page/v1/page.proto:13:38: error BFF564: /healthz, a health check, is at this path, too\n    13 |     option (google.api.http) = {get: \"/{id}\"};\n       |                                      ^^^^^^^\n  hint: begin the path with a literal, as in \"/v1/…\""
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    // …\n    option (google.api.http) = {get: \"/v1/{id}\"};\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF565",
    "severity": "warning",
    "meaning": "What a request can hold, its path, its query and its body can hold. Parameters are single values and lists of them; maps and lists of messages are none.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    // …\n    option (google.api.http) = {get: \"/v1/pages/{id}\"};\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "page/v1/page.proto:13:38: warning BFF565: no parameter of a query can hold \"labels\": clients of this path cannot send it\n    13 |     option (google.api.http) = {get: \"/v1/pages/{id}\"};\n       |                                      ^^^^^^^^^^^^^^^^\n  hint: choose a method that has a body, as in `post: \"/v1/books:search\" body: \"*\"`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    // …\n    option (google.api.http) = {post: \"/v1/pages/{id}\" body: \"*\"};\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF566",
    "severity": "error",
    "meaning": "A trace goes to others, and is read by many. Nothing in it proves who somebody is.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  telemetry: { attribute: \"headers['authorization']\" }\n};"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:8:28: error BFF566: \"authorization\" holds a credential, and traces are read by many\n    8 |   telemetry: { attribute: \"headers['authorization']\" }\n      |                            ^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: leave the attribute out; who calls is told by a field of `principal`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "option (bff.v1.file) = {\n  telemetry: { attribute: \"headers['x-client-version']\" }\n};"
      }
    ]
  },
  {
    "code": "BFF575",
    "severity": "error",
    "meaning": "Files to deploy are for a server that is generated. Where no `server.ts` is written, they would start nothing.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// opt: deploy=docker,kubernetes\n\nservice PageService {\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:8:9: error BFF575: the option \"deploy=docker+kubernetes\" has nothing to write: no server is generated that it could be for\n    8 | service PageService {\n      |         ^^^^^^^^^^^\n  hint: add \"server=true\" to the options of protoc-gen-bff, or leave out \"deploy\""
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "// opt: server=true,deploy=docker,kubernetes\n\nservice PageService {\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF576",
    "severity": "warning",
    "meaning": "A BFF arranges what others decide. Where a message has more operations than the option `weight` allows, look whether its rules belong upstream.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  string title = 1 [(bff.v1.field).by = \"item.stock > 10 ? item.name + ' (many)' : item.stock > 0 ? item.name : item.name + ' (sold out)'\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:19:9: warning BFF576: \"app.v1.Page\" has 6 operations of its own, and 3 are allowed\n    19 | message Page {\n       |         ^^^^\n  hint: let an upstream decide what every client needs, compose parts of it as messages of their own, or allow \"weight=logic:6\""
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  string title = 1 [(bff.v1.field).by = \"item.name\"];\n}"
      }
    ]
  },
  {
    "code": "BFF577",
    "severity": "warning",
    "meaning": "Two BFFs differ because their clients do. Where they have more in common than the option `weight` allows, one of them may be enough, or a shared message.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/v1/app.proto\nservice PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    // …\n  }\n}"
      },
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// web/v1/web.proto\nservice PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    // …\n  }\n}\n\nmessage Page {\n  option (bff.v1.message) = {\n    let: [\n      {name: \"thing\" call: {method: \"up.v1.ItemService/GetItem\" set: {name: \"id\" by: \"args.id\"}}}\n    ]\n  };\n  string title = 1 [(bff.v1.field).by = \"thing.name + ' by ' + thing.owner_id\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "web/v1/web.proto:11:7: warning BFF577: \"app.v1\" and \"web.v1\" have 100 % of their reads and 100 % of their logic in common, and 60 % are allowed\n    11 |   rpc Get(GetRequest) returns (Page) {\n       |       ^^^\n  app/v1/app.proto:11:7: the other one\n    11 |   rpc Get(GetRequest) returns (Page) {\n       |       ^^^\n  hint: compose messages of one package in both, serve both kinds of clients from one BFF, or allow \"weight=overlap:100\""
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service PageService {\n  // …\n  rpc Get(GetRequest) returns (Page) {\n    // …\n  }\n}\n\nmessage Page {\n  option (bff.v1.message) = {\n    let: [\n      {name: \"item\" call: {method: \"up.v1.ItemService/FindItems\" set: {name: \"text\" by: \"args.id\"}}}\n    ]\n  };\n  string title = 1 [(bff.v1.field).by = \"item.total == 0 ? 'nothing' : 'something'\"];\n}"
      }
    ]
  },
  {
    "code": "BFF578",
    "severity": "warning",
    "meaning": "A BFF is for one kind of client. Where it branches on what clients say of themselves more often than the option `weight` allows, it is for several.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      {name: \"phone\" by: \"headers['x-platform'] in ['ios', 'android']\"},\n      // …\n    ]\n  };\n  string title = 1 [(bff.v1.field).by = \"phone ? item.id : item.name\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:26:42: warning BFF578: \"app.v1.Page\" branches once on headers of its clients, and none is allowed\n    26 |   string title = 1 [(bff.v1.field).by = \"phone ? item.id : item.name\"];\n       |                                          ^^^^^\n  hint: give clients that differ BFFs of their own, or allow \"weight=headers:1\""
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  string title = 1 [(bff.v1.field).by = \"item.name\"];\n}"
      }
    ]
  },
  {
    "code": "BFF579",
    "severity": "error",
    "meaning": "A call whose name says that it writes is not sent twice, cached, or run by a GET on the word of its rpc or of its service's entry. Whoever knows that it only reads says `read_only` at the call.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/v1/app.proto\nservice AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    option idempotency_level = NO_SIDE_EFFECTS;\n  }\n}\n\nmessage Page {\n  option (bff.v1.message) = {\n    let: { name: \"shift\" call: { method: \"desk.v1.DeskService/StartShift\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:21:42: error BFF579: \"StartShift\" sounds as if it changed something, and rpc \"GetPage\" vouches that it does not: it is sent up to 3 times and is reached by GET through \"GetPage\"\n    21 |     let: { name: \"shift\" call: { method: \"desk.v1.DeskService/StartShift\" set: { name: \"id\" by: \"args.id\" } } }\n       |                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  app/v1/app.proto:9:7: NO_SIDE_EFFECTS of \"GetPage\" means all that it calls\n    9 |   rpc GetPage(GetPageRequest) returns (Page) {\n      |       ^^^^^^^\n  hint: remove `idempotency_level = NO_SIDE_EFFECTS` from rpc \"GetPage\"; or, when the method only reads, say `read_only: true` in the call"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page);\n}\n\nmessage Page {\n  option (bff.v1.message) = {\n    let: { name: \"shift\" call: { method: \"desk.v1.DeskService/StartShift\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF580",
    "severity": "warning",
    "meaning": "An id that a client names is part of a decision, or its upstream receives who calls. Otherwise every caller reads what belongs to others, because ids can be guessed.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page);\n}\n\nmessage Page {\n  option (bff.v1.message) = {\n    let: {\n      // …\n      call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } }\n    }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:73: warning BFF580: no permit or guard of \"GetPage\" reads `args.id`, and \"GetItem\" does not receive the caller: any caller can name any id\n    24 |       call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } }\n       |                                                                         ^^^^^^^^^\n  app/v1/app.proto:14:7: the rpc\n    14 |   rpc GetPage(GetPageRequest) returns (Page);\n       |       ^^^^^^^\n  hint: add a `permit` or a guard that compares it with `principal`, or `identify: SIGNED` to the call, so that the upstream decides"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page);\n}\n\nmessage Page {\n  option (bff.v1.message) = {\n    let: {\n      // …\n      call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } identify: SIGNED }\n    }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF581",
    "severity": "warning",
    "meaning": "A permit reads something that a client cannot choose. Headers are what the client writes, so that a permit over them alone admits everybody who knows their names.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = { permit: { if: \"headers['x-staff'] == 'yes'\" } };\n  rpc GetPage(GetPageRequest) returns (Page);\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:13:45: warning BFF581: this permit reads nothing but headers, which any client can write\n    13 |   option (bff.v1.service) = { permit: { if: \"headers['x-staff'] == 'yes'\" } };\n       |                                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  app/v1/app.proto:14:7: an rpc that it admits to\n    14 |   rpc GetPage(GetPageRequest) returns (Page);\n       |       ^^^^^^^\n  hint: read `principal`, name a scope or a role, or call an upstream that checks the header"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = { permit: { scope: \"staff\" } };\n  rpc GetPage(GetPageRequest) returns (Page);\n}"
      }
    ]
  },
  {
    "code": "BFF601",
    "severity": "error",
    "meaning": "A value that may be absent is bound to a target that can be absent. Otherwise an outage would look to clients like an empty text or a zero.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"card\" compose: { message: \"Card\" args: { name: \"text\" by: \"item.name\" } } }\n    ]\n  };\n  // …\n}\n\nmessage Card {\n  string text = 1 [(bff.v1.field).by = \"args.text\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:33:41: error BFF601: field \"text\" always has a value (string), but argument \"args.text\" may be absent\n    33 |   string text = 1 [(bff.v1.field).by = \"args.text\"];\n       |                                         ^^^^^^^^^\n  app/v1/app.proto:25:74: step \"card\" of \"Page\" gives what may be absent\n    25 |       { name: \"card\" compose: { message: \"Card\" args: { name: \"text\" by: \"item.name\" } } }\n       |                                                                          ^^^^^^^^^^^\n  hint: make the field `optional`, read it as ok(args.text) ? … : …, or give the argument a value that is always there"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"card\" compose: { message: \"Card\" args: { name: \"text\" by: \"ok(item) ? item.name : '?'\" } } }\n    ]\n  };\n  // …\n}\n\nmessage Card {\n  string text = 1 [(bff.v1.field).by = \"args.text\"];\n}"
      }
    ]
  },
  {
    "code": "BFF602",
    "severity": "error",
    "meaning": "A critical step does not rest on a step that a failure may make absent: then the failure of the supplementary one would fail the response after all.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"item\" supplementary: true call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } },\n      { name: \"order\" call: { method: \"up.v1.OrderService/GetOrder\" set: { name: \"id\" by: \"item.id\" } } }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:25:92: error BFF602: step \"order\" is critical, but reads \"item\", which a failure may make absent\n    25 |       { name: \"order\" call: { method: \"up.v1.OrderService/GetOrder\" set: { name: \"id\" by: \"item.id\" } } }\n       |                                                                                            ^^^^\n  app/v1/app.proto:24:37: \"item\" is supplementary\n    24 |       { name: \"item\" supplementary: true call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } },\n       |                                     ^^^^\n  hint: add `supplementary: true` to this step, give \"item\" a `fallback`, or read it as ok(item) ? … : …"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"item\" supplementary: true call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } },\n      { name: \"order\" supplementary: true call: { method: \"up.v1.OrderService/GetOrder\" set: { name: \"id\" by: \"item.id\" } } }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF603",
    "severity": "warning",
    "meaning": "A response with parts that may be missing has a field that says so, because clients cannot otherwise tell a missing part from an empty one.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" supplementary: true call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:20:9: warning BFF603: parts of \"Page\" may be missing, and it has no field to say so\n    20 | message Page {\n       |         ^^^^\n  app/v1/app.proto:22:40: this may be missing\n    22 |     let: { name: \"item\" supplementary: true call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n       |                                        ^^^^\n  hint: add `repeated bff.v1.Degradation degraded = 15;`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "import \"bff/v1/degradation.proto\";\n\nmessage Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" supplementary: true call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n  repeated bff.v1.Degradation degraded = 15;\n}"
      }
    ]
  },
  {
    "code": "BFF604",
    "severity": "error",
    "meaning": "The degradation field is the runtime's, and there is one: what failed is known only when the response is complete.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  repeated bff.v1.Degradation degraded = 15 [(bff.v1.field).by = \"[]\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:26:66: error BFF604: \"degraded\" is filled by the runtime\n    26 |   repeated bff.v1.Degradation degraded = 15 [(bff.v1.field).by = \"[]\"];\n       |                                                                  ^^^^\n  hint: remove its `by`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  repeated bff.v1.Degradation degraded = 15;\n}"
      }
    ]
  },
  {
    "code": "BFF605",
    "severity": "error",
    "meaning": "A fallback neither fails nor is absent, because it is the last resort of its step.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"title\" supplementary: true fallback: \"item.name\" by: \"item.name + args.id\" }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:25:53: error BFF605: this fallback may itself be absent: \"item\" may be\n    25 |       { name: \"title\" supplementary: true fallback: \"item.name\" by: \"item.name + args.id\" }\n       |                                                     ^^^^^^^^^^^\n  hint: give a value that is always there, such as a literal"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"title\" supplementary: true fallback: \"'none'\" by: \"item.name + args.id\" }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF606",
    "severity": "error",
    "meaning": "A guard reads nothing that may be absent. Whether it holds must not depend on an outage without saying so.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { guard: { if: \"item.stock == 0\" fail: { code: NOT_FOUND } } }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:25:23: error BFF606: a guard has to decide, but \"item\" may be absent\n    25 |       { guard: { if: \"item.stock == 0\" fail: { code: NOT_FOUND } } }\n       |                       ^^^^\n  hint: say what to do without it: ok(item) && … or !ok(item) || …"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { guard: { if: \"ok(item) && item.stock == 0\" fail: { code: NOT_FOUND } } }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF607",
    "severity": "error",
    "meaning": "A fallback can be used. On a step that always has a value, or that fails the response, it never is.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" fallback: \"up.v1.Item{}\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:35: error BFF607: this fallback is never used: the step has a value, or it fails the response\n    22 |     let: { name: \"item\" fallback: \"up.v1.Item{}\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n       |                                   ^^^^^^^^^^^^^^\n  hint: add `supplementary: true` to the step when it may fail, or remove the fallback"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF608",
    "severity": "warning",
    "meaning": "A critical step is needed by something critical. One that only supplementary steps read fails the response for the sake of what the response can do without.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } },\n      { name: \"order\" supplementary: true call: { method: \"up.v1.OrderService/GetOrder\" set: { name: \"id\" by: \"item.id\" } } }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:15: warning BFF608: step \"item\" is critical, but only supplementary steps read it\n    24 |       { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } },\n       |               ^^^^^^\n  app/v1/app.proto:25:38: step \"order\" reads it, and is supplementary\n    25 |       { name: \"order\" supplementary: true call: { method: \"up.v1.OrderService/GetOrder\" set: { name: \"id\" by: \"item.id\" } } }\n       |                                      ^^^^\n  hint: add `supplementary: true` to it: otherwise its failure fails the whole response"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"item\" supplementary: true call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } },\n      { name: \"order\" supplementary: true call: { method: \"up.v1.OrderService/GetOrder\" set: { name: \"id\" by: \"item.id\" } } }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF609",
    "severity": "warning",
    "meaning": "A supplementary step can fail. One that cannot makes its readers deal with an absence that never comes.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"title\" supplementary: true by: \"item.name + '!'\" }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:25:38: warning BFF609: this step is supplementary, but it cannot fail\n    25 |       { name: \"title\" supplementary: true by: \"item.name + '!'\" }\n       |                                      ^^^^\n  hint: leave `supplementary` out"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"title\" by: \"item.name + '!'\" }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF610",
    "severity": "warning",
    "meaning": "An item of a partial `each` can fail, because otherwise there is nothing to leave out.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"upper\" each: { var: \"id\" in: \"args.ids\" partial: true by: \"id + '!'\" } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:23:68: warning BFF610: this `each` is partial, but none of its items can fail\n    23 |     let: { name: \"upper\" each: { var: \"id\" in: \"args.ids\" partial: true by: \"id + '!'\" } }\n       |                                                                    ^^^^\n  hint: leave `partial` out"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"upper\" each: { var: \"id\" in: \"args.ids\" by: \"id + '!'\" } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF611",
    "severity": "warning",
    "meaning": "Each member of a oneof can be chosen. Members are tried in their order, and behind one that always has a value none is reached.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  oneof media {\n    string text = 1 [(bff.v1.field).by = \"item.name + '!'\"];\n    string image = 2 [(bff.v1.field) = { by: \"item.image_url\" if: \"item.image_url != ''\" }];\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:26:12: warning BFF611: \"image\" is never chosen: \"text\" always has a value\n    26 |     string image = 2 [(bff.v1.field) = { by: \"item.image_url\" if: \"item.image_url != ''\" }];\n       |            ^^^^^\n  app/v1/app.proto:25:12: this member is tried first\n    25 |     string text = 1 [(bff.v1.field).by = \"item.name + '!'\"];\n       |            ^^^^\n  hint: say with `if` when \"text\" is chosen"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  oneof media {\n    string text = 1 [(bff.v1.field) = { by: \"item.name + '!'\" if: \"item.name != ''\" }];\n    string image = 2 [(bff.v1.field) = { by: \"item.image_url\" if: \"item.image_url != ''\" }];\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF612",
    "severity": "warning",
    "meaning": "`autobind` fills a field. Where none has the name, type and presence of one of the step's, a renamed field may be the reason.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" autobind: true call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:35: warning BFF612: this `autobind` fills no field\n    22 |     let: { name: \"item\" autobind: true call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n       |                                   ^^^^\n  hint: leave it out, or name fields after those of the step's message, with the same types and presence"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF620",
    "severity": "error",
    "meaning": "A stream follows a method that returns a stream. One that gives a single answer is called in a step.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n      call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } }\n    };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:12:23: error BFF620: \"up.v1.ItemService/GetItem\" gives one answer, and a stream follows a method that gives many\n    12 |       call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } }\n       |                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: name a method that returns a stream, or call this one in a step of the response"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n      call: { method: \"up.v1.ItemService/WatchItem\" read_only: true set: { name: \"id\" by: \"args.id\" } }\n    };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF621",
    "severity": "error",
    "meaning": "The item of a stream has a name of its own. The response reads it beside the fields of the request, as `args.<var>`.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      var: \"item\"\n      // …\n    };\n  }\n}\n\nmessage Page {\n  string name = 1 [(bff.v1.field).by = \"args.item.name\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:11:12: error BFF621: \"WatchPageRequest\" has a field \"item\", too: nobody could tell which of them \"args.item\" reads\n    11 |       var: \"item\"\n       |            ^^^^^^\n  hint: choose another name for the item, as in \"next_item\""
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      var: \"change\"\n      // …\n    };\n  }\n}\n\nmessage Page {\n  string name = 1 [(bff.v1.field).by = \"args.change.name\"];\n}"
      }
    ]
  },
  {
    "code": "BFF622",
    "severity": "error",
    "meaning": "What a stream asks of its items and of its requests reads no steps: those of the response belong to one item.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n      if: \"item.owner_id == viewer\"\n    };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:15:11: error BFF622: a stream sees no steps, and \"viewer\" is one\n    15 |       if: \"item.owner_id == viewer\"\n       |           ^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: read `args`, `principal`, `headers`, `env` or the item; steps are read by the fields of the response"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n      if: \"item.owner_id == headers['x-viewer']\"\n    };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF623",
    "severity": "error",
    "meaning": "A position is an int, a uint or a string over the item alone. Whoever goes on behind it must be given what follows, all of it: two items never share one.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n      call: { method: \"up.v1.ItemService/WatchItem\" read_only: true set: [{ name: \"id\" by: \"args.id\" }, { name: \"locale\" by: \"string(resume.orValue(0.0))\" }] }\n      position: \"item.rating\"\n    };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:14:17: error BFF623: this position is double, not int, uint or string\n    14 |       position: \"item.rating\"\n       |                 ^^^^^^^^^^^^^\n  hint: two items may have the same one, and one of them would be left out: give items a sequence number"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n      call: { method: \"up.v1.ItemService/WatchItem\" read_only: true set: [{ name: \"id\" by: \"args.id\" }, { name: \"locale\" by: \"resume\" }] }\n      position: \"item.id\"\n    };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF624",
    "severity": "error",
    "meaning": "`resume` is the position of the last item that somebody has. Without a `position` there is none.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n      call: { method: \"up.v1.ItemService/WatchItem\" read_only: true set: [{ name: \"id\" by: \"args.id\" }, { name: \"locale\" by: \"resume\" }] }\n    };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:13:126: error BFF624: there is no `resume` without a `position`: nothing says where a follower stands\n    13 |       call: { method: \"up.v1.ItemService/WatchItem\" read_only: true set: [{ name: \"id\" by: \"args.id\" }, { name: \"locale\" by: \"resume\" }] }\n       |                                                                                                                              ^^^^^^^^\n  hint: add `position` to the stream, such as a sequence number of its items"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n      call: { method: \"up.v1.ItemService/WatchItem\" read_only: true set: [{ name: \"id\" by: \"args.id\" }, { name: \"locale\" by: \"resume\" }] }\n      position: \"item.id\"\n    };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF625",
    "severity": "warning",
    "meaning": "The request of a stream with a `position` reads `resume`. Otherwise the upstream begins anew, and whoever resumes is given all that they have.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n      call: { method: \"up.v1.ItemService/WatchItem\" read_only: true set: { name: \"id\" by: \"args.id\" } }\n      position: \"item.id\"\n    };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:14:17: warning BFF625: whoever resumes begins anew: the request of this stream does not read `resume`\n    14 |       position: \"item.id\"\n       |                 ^^^^^^^^^\n  app/v1/app.proto:13:13: the call\n    13 |       call: { method: \"up.v1.ItemService/WatchItem\" read_only: true set: { name: \"id\" by: \"args.id\" } }\n       |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: set the field that says where to go on, as in { name: \"after_seq\" by: \"resume.orValue(0u)\" }, or leave out `position`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n      call: { method: \"up.v1.ItemService/WatchItem\" read_only: true set: [{ name: \"id\" by: \"args.id\" }, { name: \"locale\" by: \"resume\" }] }\n      position: \"item.id\"\n    };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF626",
    "severity": "error",
    "meaning": "Policies of single answers do not hold for a stream: it is sent once, it has no answer to keep, and its end is that of the run.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n      call: { method: \"up.v1.ItemService/WatchItem\" read_only: true retry: { attempts: 2 } set: { name: \"id\" by: \"args.id\" } }\n    };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:12:76: error BFF626: `retry` means nothing for a call that is followed\n    12 |       call: { method: \"up.v1.ItemService/WatchItem\" read_only: true retry: { attempts: 2 } set: { name: \"id\" by: \"args.id\" } }\n       |                                                                            ^^^^^^^^^^^^^^^\n  hint: leave it out: a source with a `position` is opened again where it broke"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n      call: { method: \"up.v1.ItemService/WatchItem\" read_only: true set: { name: \"id\" by: \"args.id\" } }\n    };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF627",
    "severity": "error",
    "meaning": "A message whose steps run once for all items of a stream is composed by streams alone. Elsewhere they would run for each.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message PageList {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      {\n        // …\n        each: {\n          // …\n          compose: {\n            message: \"Page\"\n            // …\n          }\n        }\n      }\n    ]\n  };\n  // …\n}\n\nmessage Page {\n  option (bff.v1.message).let = {\n    name: \"shop\"\n    by: \"headers['x-shop']\"\n  };\n  // …\n  string shop = 2 [(bff.v1.field).by = \"shop\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:54:11: error BFF627: \"Page\" is composed per item of a stream, for which its step \"shop\" runs once, and by step \"pages\" of \"PageList\", for which it runs each time\n    54 |     name: \"shop\"\n       |           ^^^^^^\n  app/v1/app.proto:38:22: step \"pages\" of \"PageList\"\n    38 |             message: \"Page\"\n       |                      ^^^^^^\n  hint: give the stream a message of its own, which composes \"Page\"; or write `after: [\"item\"]` in the step, so that it runs per item"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message PageList {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      {\n        // …\n        each: {\n          // …\n          compose: {\n            message: \"Page\"\n            // …\n          }\n        }\n      }\n    ]\n  };\n  // …\n}\n\nmessage Page {\n  // …\n  string shop = 2 [(bff.v1.field).by = \"headers['x-shop']\"];\n}"
      }
    ]
  },
  {
    "code": "BFF628",
    "severity": "error",
    "meaning": "What is said of single answers does not stand on a stream: there is none that could be kept, counted, or be at a path of HTTP.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    // …\n    option (bff.v1.method) = {\n      cache: { ttl: \"1s\" }\n      stream: {\n        var: \"item\"\n        call: { method: \"up.v1.ItemService/WatchItem\" set: { name: \"id\" by: \"args.id\" } }\n      }\n    };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:12:14: error BFF628: \"WatchPage\" streams, and `cache` is for single answers: a stream has no answer that could be used again\n    12 |       cache: { ttl: \"1s\" }\n       |              ^^^^^^^^^^^^^\n  app/v1/app.proto:9:7: the rpc\n    9 |   rpc WatchPage(WatchPageRequest) returns (stream Page) {\n      |       ^^^^^^^^^\n  hint: leave it out"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    // …\n    option (bff.v1.method).stream = {\n      var: \"item\"\n      call: { method: \"up.v1.ItemService/WatchItem\" set: { name: \"id\" by: \"args.id\" } }\n    };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF629",
    "severity": "error",
    "meaning": "What is done for each item of a stream has no side effects. Whoever resumes is given items again, and several follow the same ones.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n    };\n  }\n}\n\nmessage Page {\n  option (bff.v1.message).let = {\n    // …\n    call: {\n      method: \"up.v1.OrderService/PlaceOrder\"\n      set: { name: \"item_id\" by: \"args.item.id\" }\n    }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:25:15: error BFF629: \"up.v1.OrderService/PlaceOrder\" may have side effects, and is called for each item of \"WatchPage\": whoever resumes is given items again\n    25 |       method: \"up.v1.OrderService/PlaceOrder\"\n       |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  app/v1/app.proto:10:37: the stream\n    10 |     option (bff.v1.method).stream = {\n       |                                     ^\n  hint: say `read_only: true` when it only reads, or call it in a step that does not rest on the item"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n    };\n  }\n}\n\nmessage Page {\n  option (bff.v1.message).let = {\n    // …\n    call: {\n      method: \"up.v1.OrderService/PlaceOrder\"\n      set: { name: \"item_id\" by: \"args.id\" }\n    }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF630",
    "severity": "error",
    "meaning": "A source with a `position` has no side effects: it is opened again where it broke, and by whoever resumes.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n      call: { method: \"up.v1.ItemService/WatchItem\" set: [{ name: \"id\" by: \"args.id\" }, { name: \"locale\" by: \"resume\" }] }\n      position: \"item.id\"\n    };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:14:17: error BFF630: \"up.v1.ItemService/WatchItem\" may have side effects, and with a `position` it would be called again where it broke\n    14 |       position: \"item.id\"\n       |                 ^^^^^^^^^\n  app/v1/app.proto:13:23: the call\n    13 |       call: { method: \"up.v1.ItemService/WatchItem\" set: [{ name: \"id\" by: \"args.id\" }, { name: \"locale\" by: \"resume\" }] }\n       |                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: leave out `position`; or say `read_only: true` when the call only reads"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n      call: { method: \"up.v1.ItemService/WatchItem\" read_only: true set: [{ name: \"id\" by: \"args.id\" }, { name: \"locale\" by: \"resume\" }] }\n      position: \"item.id\"\n    };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF631",
    "severity": "warning",
    "meaning": "Where a stream has a `position` or a `heartbeat`, its response has a field of type bff.v1.Position, which tells clients where they stand.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n      position: \"item.id\"\n    };\n  }\n}\n\nmessage Page {\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:13:17: warning BFF631: \"Page\" has no place for a position: clients are given no token by which they could go on\n    13 |       position: \"item.id\"\n       |                 ^^^^^^^^^\n  app/v1/app.proto:22:9: the response\n    22 | message Page {\n       |         ^^^^\n  hint: add `bff.v1.Position position = 14;` to it"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "import \"bff/v1/stream.proto\";\n\nservice AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n      position: \"item.id\"\n    };\n  }\n}\n\nmessage Page {\n  // …\n  bff.v1.Position position = 14;\n}"
      }
    ]
  },
  {
    "code": "BFF632",
    "severity": "error",
    "meaning": "Fields of type bff.v1.Position and bff.v1.Part are filled by the runtime, in the response itself: one position, and a list of parts.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n  bff.v1.Position position = 14 [(bff.v1.field).by = \"bff.v1.Position{}\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:25:54: error BFF632: \"position\" is filled by the runtime\n    25 |   bff.v1.Position position = 14 [(bff.v1.field).by = \"bff.v1.Position{}\"];\n       |                                                      ^^^^^^^^^^^^^^^^^^^\n  hint: leave its rule out"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  bff.v1.Position position = 14;\n}"
      }
    ]
  },
  {
    "code": "BFF633",
    "severity": "error",
    "meaning": "A stream is followed over gRPC. HTTP with JSON has no streams that could be followed.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "option (bff.v1.file).upstream = {\n  service: \"up.v1.ItemService\"\n  protocol: HTTP_JSON\n};\n\nservice AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n      call: { method: \"up.v1.ItemService/WatchItem\" read_only: true set: { name: \"id\" by: \"args.id\" } }\n    };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:17:23: error BFF633: \"up.v1.ItemService/WatchItem\" is followed, and its upstream speaks HTTP with JSON, which has no streams\n    17 |       call: { method: \"up.v1.ItemService/WatchItem\" read_only: true set: { name: \"id\" by: \"args.id\" } }\n       |                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  app/v1/app.proto:9:13: it does so here\n    9 |   protocol: HTTP_JSON\n      |             ^^^^^^^^^\n  hint: follow it over gRPC: leave out `protocol`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n      call: { method: \"up.v1.ItemService/WatchItem\" read_only: true set: { name: \"id\" by: \"args.id\" } }\n    };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF634",
    "severity": "warning",
    "meaning": "What is called for each item of a stream is called as often as items come. A step that does not rest on the item runs once.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n    };\n  }\n}\n\nmessage Page {\n  option (bff.v1.message).let = {\n    // …\n    call: {\n      method: \"up.v1.OrderService/GetOrder\"\n      set: { name: \"id\" by: \"args.item.id\" }\n    }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:25:15: warning BFF634: \"WatchPage\" makes one call per item, for each of its followers: up.v1.OrderService/GetOrder\n    25 |       method: \"up.v1.OrderService/GetOrder\"\n       |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  app/v1/app.proto:10:37: the stream\n    10 |     option (bff.v1.method).stream = {\n       |                                     ^\n  hint: call it in a step that does not rest on the item, give the call a `cache`, or a `batch`; or have the upstream's items say what is read"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n    };\n  }\n}\n\nmessage Page {\n  option (bff.v1.message).let = {\n    // …\n    call: {\n      method: \"up.v1.OrderService/GetOrder\"\n      set: { name: \"id\" by: \"args.id\" }\n    }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF635",
    "severity": "error",
    "meaning": "`limit.streams` bounds streams that are open at a time. What gives single answers has none: its calls are bounded by `concurrent`.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message).let = {\n    // …\n    call: { method: \"up.v1.ItemService/GetItem\" limit: { streams: 5 } set: { name: \"id\" by: \"args.id\" } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:19:67: error BFF635: `limit.streams` is for open streams, and \"up.v1.ItemService/GetItem\" gives one answer\n    19 |     call: { method: \"up.v1.ItemService/GetItem\" limit: { streams: 5 } set: { name: \"id\" by: \"args.id\" } }\n       |                                                                   ^\n  hint: leave it out, or write `concurrent`: so many calls may be under way at a time"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message).let = {\n    // …\n    call: { method: \"up.v1.ItemService/GetItem\" limit: { concurrent: 5 } set: { name: \"id\" by: \"args.id\" } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF640",
    "severity": "error",
    "meaning": "A topic's items are of one type, whether NATS has them or its call gives them.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service).topic = {\n    // …\n    type: \"up.v1.Order\"\n    call: {\n      method: \"up.v1.ItemService/WatchItem\"\n      // …\n    }\n    // …\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:10:11: error BFF640: an item of this topic is up.v1.Order here, and up.v1.Item where its call gives it\n    10 |     type: \"up.v1.Order\"\n       |           ^^^^^^^^^^^^^\n  app/v1/app.proto:12:15: the call\n    12 |       method: \"up.v1.ItemService/WatchItem\"\n       |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: leave `type` out: it is what the call gives"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service).topic = {\n    // …\n    call: {\n      method: \"up.v1.ItemService/WatchItem\"\n      // …\n    }\n    // …\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF641",
    "severity": "error",
    "meaning": "A topic is one of the service that follows it: its key, its subject and who may follow it belong together.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n      follow: { topic: \"change\" key: \"args.id\" }\n    };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:17:24: error BFF641: there is no topic \"change\"\n    17 |       follow: { topic: \"change\" key: \"args.id\" }\n       |                        ^^^^^^^^\n  hint: did you mean \"changes\"?"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n      follow: { topic: \"changes\" key: \"args.id\" }\n    };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF642",
    "severity": "error",
    "meaning": "The call of a topic is made once for all who follow a key. What belongs to one request, such as a caller's token, would be sent for everybody.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service).topic = {\n    // …\n    call: {\n      // …\n      forward: \"authorization\"\n      // …\n    }\n    // …\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:13:16: error BFF642: a header that is passed on belongs to one request, and this call is one for all who follow the key\n    13 |       forward: \"authorization\"\n       |                ^^^^^^^^^^^^^^^\n  hint: send what `key` and `env` say; whether somebody may follow a key is said by a permit or a guard"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service).topic = {\n    // …\n    call: {\n      // …\n      metadata: { name: \"x-caller\" by: \"'web'\" }\n      // …\n    }\n    // …\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF643",
    "severity": "error",
    "meaning": "The key of a topic is a string that is there: it is a part of the subject.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n      follow: { topic: \"changes\" key: \"args.id\" }\n    };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:17:39: error BFF643: this key is int, not a string\n    17 |       follow: { topic: \"changes\" key: \"args.id\" }\n       |                                       ^^^^^^^^^\n  hint: write string(…) around it"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n      follow: { topic: \"changes\" key: \"string(args.id)\" }\n    };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF644",
    "severity": "error",
    "meaning": "Where a response to a single question has a bff.v1.Position, it has one `latest`, whose item says where a client goes on from.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(WatchPageRequest) returns (State) {}\n  // …\n}\n\nmessage State {\n  optional string name = 1 [(bff.v1.field).by = \"args.id\"];\n  bff.v1.Position position = 14;\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:37:19: error BFF644: nothing says what \"position\" of \"State\" is: the rpc \"GetPage\" follows nothing\n    37 |   bff.v1.Position position = 14;\n       |                   ^^^^^^^^\n  app/v1/app.proto:15:7: the rpc\n    15 |   rpc GetPage(WatchPageRequest) returns (State) {}\n       |       ^^^^^^^\n  hint: take it out, or read the newest item of a topic: a step by `latest` in the response itself"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(WatchPageRequest) returns (State) {}\n  // …\n}\n\nmessage State {\n  option (bff.v1.message).let = {\n    name: \"last\"\n    latest: { topic: \"changes\" key: \"args.id\" }\n  };\n  optional string name = 1 [(bff.v1.field).by = \"last.name\"];\n  bff.v1.Position position = 14;\n}"
      }
    ]
  },
  {
    "code": "BFF645",
    "severity": "warning",
    "meaning": "A topic is followed, or asked for its newest item.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = {\n    topic: [\n      { name: \"changes\" type: \"up.v1.Item\" subject: \"items.{key}.changes\" jetstream: \"ITEMS\" },\n      { name: \"orders\" type: \"up.v1.Order\" subject: \"orders.{key}\" jetstream: \"ORDERS\" }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:11:15: warning BFF645: nothing follows the topic \"orders\", and nothing asks for its newest item\n    11 |       { name: \"orders\" type: \"up.v1.Order\" subject: \"orders.{key}\" jetstream: \"ORDERS\" }\n       |               ^^^^^^^^\n  hint: follow it in an rpc, as in `stream: { var: \"event\" follow: { … } }`, or remove it"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = {\n    topic: [\n      { name: \"changes\" type: \"up.v1.Item\" subject: \"items.{key}.changes\" jetstream: \"ITEMS\" }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF646",
    "severity": "warning",
    "meaning": "Somebody asks whether a caller may follow a key. A topic has the items of all keys, and keys can be guessed.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n      follow: { topic: \"changes\" key: \"args.id\" }\n    };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:17:39: warning BFF646: \"WatchPage\" asks nobody who they are: whoever names a key follows it\n    17 |       follow: { topic: \"changes\" key: \"args.id\" }\n       |                                       ^^^^^^^^^\n  app/v1/app.proto:14:7: the rpc\n    14 |   rpc WatchPage(WatchPageRequest) returns (stream Page) {\n       |       ^^^^^^^^^\n  hint: say who may, by a `permit` with an `if`, or by a guard that reads `args.id`, and does not rest on the item"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc WatchPage(WatchPageRequest) returns (stream Page) {\n    option (bff.v1.method).stream = {\n      // …\n      follow: { topic: \"changes\" key: \"args.id\" }\n    };\n  }\n}\n\nmessage Page {\n  option (bff.v1.message).let = {\n    guard: { if: \"args.id.startsWith('_')\" fail: { code: PERMISSION_DENIED } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF660",
    "severity": "error",
    "meaning": "A deferred step is supplementary: when it fails, the first message and with it the status of the response may have been sent.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"facts\" defer: true supplementary: false call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"text\" by: \"head.name\" } } }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:50: error BFF660: a deferred step is supplementary: its failure comes when the status has been sent\n    22 |       { name: \"facts\" defer: true supplementary: false call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"text\" by: \"head.name\" } } }\n       |                                                  ^^^^^\n  app/v1/app.proto:22:30: deferred\n    22 |       { name: \"facts\" defer: true supplementary: false call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"text\" by: \"head.name\" } } }\n       |                              ^^^^\n  hint: leave out `supplementary`, or `defer`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"facts\" defer: true call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"text\" by: \"head.name\" } } }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF661",
    "severity": "error",
    "meaning": "Only steps of messages are deferred. What a service's steps give to several messages, or what a permit decides, is no part of a response.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = {\n    let: { name: \"viewer\" defer: true call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"'me'\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:11:34: error BFF661: only steps of a message are deferred: those of a service belong to no part of a response\n    11 |     let: { name: \"viewer\" defer: true call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"'me'\" } } }\n       |                                  ^^^^\n  hint: leave it out, or move the step to the message whose fields may come later"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = {\n    let: { name: \"viewer\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"'me'\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF662",
    "severity": "error",
    "meaning": "Whatever rests on a deferred step says `defer` itself, so that what comes later shows in the source. A guard decides before the first message, and a resolver is asked for it.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"facts\" defer: true call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"text\" by: \"head.name\" } } },\n      { name: \"best\" supplementary: true call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"facts.items[0].id\" } } }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:23:15: error BFF662: step \"best\" rests on \"facts\", which is deferred, and is not deferred itself (\"best\" → \"facts\")\n    23 |       { name: \"best\" supplementary: true call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"facts.items[0].id\" } } }\n       |               ^^^^^^\n  app/v1/app.proto:22:30: \"facts\" may come later\n    22 |       { name: \"facts\" defer: true call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"text\" by: \"head.name\" } } },\n       |                              ^^^^\n  hint: add `defer: true` to it, or leave out the `defer` of \"facts\""
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"facts\" defer: true call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"text\" by: \"head.name\" } } },\n      { name: \"best\" defer: true call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"facts.items[0].id\" } } }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF663",
    "severity": "error",
    "meaning": "A composed message with parts is placed as it is: its parts come when it has been placed, so that whoever reads it before does not find them.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"card\" compose: { message: \"Card\" args: { name: \"id\" by: \"args.id\" } } }\n    ]\n  };\n  // …\n  optional string maker = 3 [(bff.v1.field).by = \"card.maker\"];\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:27:51: error BFF663: \"card\" has parts that may come later, and is read here before they have come\n    27 |   optional string maker = 3 [(bff.v1.field).by = \"card.maker\"];\n       |                                                   ^^^^\n  app/v1/app.proto:22:15: it composes \"Card\"\n    22 |       { name: \"card\" compose: { message: \"Card\" args: { name: \"id\" by: \"args.id\" } } }\n       |               ^^^^^^\n  hint: place it in a field as it is, by = \"card\"; or read what \"Card\" is composed of"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"card\" compose: { message: \"Card\" args: { name: \"id\" by: \"args.id\" } } }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF664",
    "severity": "error",
    "meaning": "A message with parts has no required fields: the messages that bring the parts have nothing but them.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"facts\" defer: true call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"text\" by: \"head.name\" } } }\n    ]\n  };\n  required string title = 1 [(bff.v1.field).by = \"head.name\"];\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:25:19: error BFF664: \"Page\" has parts that may come later, in messages without \"title\", which is required\n    25 |   required string title = 1 [(bff.v1.field).by = \"head.name\"];\n       |                   ^^^^^\n  app/v1/app.proto:22:30: deferred\n    22 |       { name: \"facts\" defer: true call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"text\" by: \"head.name\" } } }\n       |                              ^^^^\n  hint: make \"title\" optional, or leave out `defer`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"facts\" defer: true call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"text\" by: \"head.name\" } } }\n    ]\n  };\n  optional string title = 1 [(bff.v1.field).by = \"head.name\"];\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF665",
    "severity": "error",
    "meaning": "A deferred step feeds a field: a part of a response is made of fields.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"facts\" defer: true call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"text\" by: \"head.name\" } } },\n      { name: \"best\" defer: true call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"facts.items[0].id\" } } }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:23:29: error BFF665: step \"best\" is deferred, and no field rests on it: nothing comes later\n    23 |       { name: \"best\" defer: true call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"facts.items[0].id\" } } }\n       |                             ^^^^\n  app/v1/app.proto:23:15: the step\n    23 |       { name: \"best\" defer: true call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"facts.items[0].id\" } } }\n       |               ^^^^^^\n  hint: read it in a field, or leave out `defer`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"facts\" defer: true call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"text\" by: \"head.name\" } } }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF666",
    "severity": "error",
    "meaning": "What is deferred does not decide the status: it has been sent with the first message. Guards, rules of `on_error` that fail the response, and resolvers, which may refuse, come before.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"facts\" defer: true call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"text\" by: \"head.name\" } on_error: { on: NOT_FOUND fail: {} } } }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:30: error BFF666: step \"facts\" is deferred, and an `on_error` with `fail` could fail a response whose status has been sent\n    22 |       { name: \"facts\" defer: true call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"text\" by: \"head.name\" } on_error: { on: NOT_FOUND fail: {} } } }\n       |                              ^^^^\n  app/v1/app.proto:22:129: this decides the status\n    22 |       { name: \"facts\" defer: true call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"text\" by: \"head.name\" } on_error: { on: NOT_FOUND fail: {} } } }\n       |                                                                                                                                 ^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: let the rule `ignore` the error or put a `fallback` in its place; or leave out `defer`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"facts\" defer: true call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"text\" by: \"head.name\" } on_error: { on: NOT_FOUND ignore: true } } }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF667",
    "severity": "error",
    "meaning": "What starts only once a deferred step has decided is deferred itself: a step that one case of a deferred `switch` reads, or a oneof whose conditions are deferred.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"shown\" defer: true switch: { case: [{ if: \"facts.total > 3\" by: \"other.name\" }] default: \"'few'\" } },\n      { name: \"other\" supplementary: true call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"'other'\" } } }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:15: error BFF667: step \"other\" starts only behind \"shown\", which is deferred, and is not deferred itself\n    24 |       { name: \"other\" supplementary: true call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"'other'\" } } }\n       |               ^^^^^^^\n  app/v1/app.proto:23:30: \"shown\" may come later\n    23 |       { name: \"shown\" defer: true switch: { case: [{ if: \"facts.total > 3\" by: \"other.name\" }] default: \"'few'\" } },\n       |                              ^^^^\n  hint: add `defer: true` to it, or leave out the `defer` of \"shown\""
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"shown\" defer: true switch: { case: [{ if: \"facts.total > 3\" by: \"other.name\" }] default: \"'few'\" } },\n      { name: \"other\" defer: true call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"'other'\" } } }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF668",
    "severity": "error",
    "meaning": "The newest item that says where a client goes on from is not deferred: that is told with the first message.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"change\" defer: true latest: { topic: \"changes\" key: \"args.id\" } },\n      // …\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:26:31: error BFF668: step \"change\" says what \"position\" is, and that does not come later\n    26 |       { name: \"change\" defer: true latest: { topic: \"changes\" key: \"args.id\" } },\n       |                               ^^^^\n  app/v1/app.proto:26:15: the newest item\n    26 |       { name: \"change\" defer: true latest: { topic: \"changes\" key: \"args.id\" } },\n       |               ^^^^^^^^\n  hint: leave out `defer`, or the field \"position\""
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: [\n      { name: \"change\" supplementary: true latest: { topic: \"changes\" key: \"args.id\" } },\n      // …\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF669",
    "severity": "error",
    "meaning": "All parts of a response have more time than its first message. Both times count from the beginning, so that otherwise no part would ever come later.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc StreamPage(PageRequest) returns (stream Page) {\n    option (bff.v1.method) = { timeout: \"3s\" parts_timeout: \"2s\" };\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:12:61: error BFF669: the first message of \"StreamPage\" may take 3000ms, and all of it no more than 2000ms\n    12 |     option (bff.v1.method) = { timeout: \"3s\" parts_timeout: \"2s\" };\n       |                                                             ^^^^\n  app/v1/app.proto:12:41: the time of the first message\n    12 |     option (bff.v1.method) = { timeout: \"3s\" parts_timeout: \"2s\" };\n       |                                         ^^^^\n  hint: `parts_timeout`, 10s where nothing says it, counts from the beginning, as `timeout` does: make it longer"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc StreamPage(PageRequest) returns (stream Page) {\n    option (bff.v1.method) = { timeout: \"3s\" parts_timeout: \"6s\" };\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF670",
    "severity": "error",
    "meaning": "Parts are fields of the response, or of messages in it. Protocol buffers append to lists and replace entries of maps, so that nothing could be merged into the items of one.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc StreamPage(PageRequest) returns (stream Page);\n}\n\nmessage Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"cards\" each: { var: \"id\" in: \"head.tags\" max: 10 compose: { message: \"Card\" args: { name: \"id\" by: \"id\" } } } }\n    ]\n  };\n  // …\n}\n\nmessage Card {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"maker\" defer: true call: { method: \"up.v1.ItemService/BatchGetItems\" batch: { name: \"ids\" by: \"item.owner_id\" items: \"items\" key: \"id\" } } }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:15: error BFF670: parts of \"Card\" may come later, and \"cards\" is a list: clients cannot merge into its items\n    22 |       { name: \"cards\" each: { var: \"id\" in: \"head.tags\" max: 10 compose: { message: \"Card\" args: { name: \"id\" by: \"id\" } } } }\n       |               ^^^^^^^\n  app/v1/app.proto:11:7: this rpc sends parts\n    11 |   rpc StreamPage(PageRequest) returns (stream Page);\n       |       ^^^^^^^^^^\n  app/v1/app.proto:35:30: deferred\n    35 |       { name: \"maker\" defer: true call: { method: \"up.v1.ItemService/BatchGetItems\" batch: { name: \"ids\" by: \"item.owner_id\" items: \"items\" key: \"id\" } } }\n       |                              ^^^^\n  hint: defer step \"cards\" as a whole, and nothing of \"Card\"; or send what comes later in a map beside \"cards\""
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc StreamPage(PageRequest) returns (stream Page);\n}\n\nmessage Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"cards\" defer: true each: { var: \"id\" in: \"head.tags\" max: 10 compose: { message: \"Card\" args: { name: \"id\" by: \"id\" } } } }\n    ]\n  };\n  // …\n}\n\nmessage Card {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"maker\" supplementary: true call: { method: \"up.v1.ItemService/BatchGetItems\" batch: { name: \"ids\" by: \"item.owner_id\" items: \"items\" key: \"id\" } } }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF671",
    "severity": "warning",
    "meaning": "What is deferred is sent in parts by some rpc: one that streams the message, without a `stream` of its own.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc StreamPage(PageRequest) returns (Page);\n}\n\nmessage Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"facts\" defer: true call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"text\" by: \"head.name\" } } }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:30: warning BFF671: step \"facts\" is deferred, and no rpc sends \"Page\" in parts: it comes with everything else\n    22 |       { name: \"facts\" defer: true call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"text\" by: \"head.name\" } } }\n       |                              ^^^^\n  hint: add an rpc that streams it, `returns (stream …)`, or leave out `defer`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc StreamPage(PageRequest) returns (stream Page);\n}\n\nmessage Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"facts\" defer: true call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"text\" by: \"head.name\" } } }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF672",
    "severity": "warning",
    "meaning": "A response that comes in parts has a field of type `repeated bff.v1.Part`. Without it a client cannot tell what is empty from what has not arrived.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:17:9: warning BFF672: \"Page\" comes in parts, and has no field to say which have arrived\n    17 | message Page {\n       |         ^^^^\n  hint: add `repeated bff.v1.Part parts = 14;`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "import \"bff/v1/stream.proto\";\n\nmessage Page {\n  // …\n  repeated bff.v1.Part parts = 14;\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF673",
    "severity": "error",
    "meaning": "`parts_timeout` stands on an rpc whose response comes in parts. Any other has one time, its `timeout`.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc StreamPage(PageRequest) returns (Page) {\n    option (bff.v1.method).parts_timeout = \"5s\";\n  }\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:12:44: error BFF673: \"StreamPage\" has no parts to wait for\n    12 |     option (bff.v1.method).parts_timeout = \"5s\";\n       |                                            ^^^^\n  hint: leave it out: `timeout` is the time of an answer, and of each item of a stream"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc StreamPage(PageRequest) returns (Page) {\n    option (bff.v1.method).timeout = \"5s\";\n  }\n}"
      }
    ]
  },
  {
    "code": "BFF674",
    "severity": "error",
    "meaning": "What a service composes for several messages, or a stream once for all of its items, has no parts that come later: they are parts of one message.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = {\n    let: { name: \"card\" compose: { message: \"Card\" args: { name: \"id\" by: \"headers['x-id']\" } } }\n  };\n  // …\n}\n\nmessage Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"facts\" defer: true call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"text\" by: \"head.name\" } } }\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:11:18: error BFF674: parts of \"Card\" may come later, and step \"card\" composes it once, for all messages of a response\n    11 |     let: { name: \"card\" compose: { message: \"Card\" args: { name: \"id\" by: \"headers['x-id']\" } } }\n       |                  ^^^^^^\n  hint: compose it in the message that has it, or leave out `defer` in \"Card\""
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  option (bff.v1.service) = {};\n  // …\n}\n\nmessage Page {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"facts\" defer: true call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"text\" by: \"head.name\" } } },\n      { name: \"card\" compose: { message: \"Card\" args: { name: \"id\" by: \"args.id\" } } }\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF701",
    "severity": "error",
    "meaning": "An rpc costs no more upstream calls than its `max_calls` says, because one request to the BFF would become many to others.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    // …\n    option (bff.v1.method) = { response: \"FullPage\" max_calls: 20 };\n  }\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:14:64: error BFF701: \"GetPage\" may cost 21 upstream calls, and 20 are allowed\n    14 |     option (bff.v1.method) = { response: \"FullPage\" max_calls: 20 };\n       |                                                                ^^\n  hint: allow 21, lower `max` of an `each`, or call a method that takes several keys with `batch`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    // …\n    option (bff.v1.method) = { response: \"FullPage\" max_calls: 21 };\n  }\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF702",
    "severity": "error",
    "meaning": "A list has a bound where calls are counted, because without it the cost of an rpc is whatever an upstream answers.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    // …\n    option (bff.v1.method) = { response: \"FullPage\" max_calls: 21 };\n  }\n  // …\n}\n\nmessage FullPage {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"cards\" supplementary: true\n        each: { var: \"tag\" in: \"item.tags\"\n                // …\n    ]\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:39:7: error BFF702: \"GetPage\" is allowed 21 upstream calls, and nothing bounds the items of step \"cards\"\n    39 |       { name: \"cards\" supplementary: true\n       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  app/v1/app.proto:14:64: allowed here\n    14 |     option (bff.v1.method) = { response: \"FullPage\" max_calls: 21 };\n       |                                                                ^^\n  hint: add `max` to the `each`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    // …\n    option (bff.v1.method) = { response: \"FullPage\" max_calls: 21 };\n  }\n  // …\n}\n\nmessage FullPage {\n  option (bff.v1.message) = {\n    let: [\n      // …\n      { name: \"cards\" supplementary: true\n        each: { var: \"tag\" in: \"item.tags\" max: 20\n                // …\n    ]\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF703",
    "severity": "error",
    "meaning": "Calls that wait for each other fit into the time of their rpc together. Otherwise the last of them has no time when the first ones are slow.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    // …\n    option (bff.v1.method) = { timeout: \"1s\" };\n  }\n}\n\nmessage Card {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.OrderService/GetOrder\" set: { spread: \"args\" } timeout: \"600ms\" } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:11:41: error BFF703: calls that wait for each other may take 1000ms (item 400ms + item 600ms), and \"GetPage\" leaves them 900ms\n    11 |     option (bff.v1.method) = { timeout: \"1s\" };\n       |                                         ^^^^\n  hint: give the calls less time, or the rpc more with (bff.v1.method).timeout"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service AppService {\n  // …\n  rpc GetPage(GetPageRequest) returns (Page) {\n    // …\n    option (bff.v1.method) = { timeout: \"1s\" };\n  }\n}\n\nmessage Card {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.OrderService/GetOrder\" set: { spread: \"args\" } timeout: \"400ms\" } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF704",
    "severity": "warning",
    "meaning": "A call for each item becomes one for all of them where the upstream has a method for that, and the items have a bound where it has none. Otherwise the load on the upstream grows with every list.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"items\" each: { var: \"id\" in: \"args.ids\" max: 100 call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"id\" } } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:84: warning BFF704: \"GetItem\" is called once for each item, and \"BatchGetItems\" answers for all of them at once\n    22 |     let: { name: \"items\" each: { var: \"id\" in: \"args.ids\" max: 100 call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"id\" } } } }\n       |                                                                                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: call \"up.v1.ItemService/BatchGetItems\" with `batch: { name: \"ids\" by: \"id\" items: \"items\" key: \"id\" }`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"items\" each: { var: \"id\" in: \"args.ids\" max: 100 call: { method: \"up.v1.ItemService/BatchGetItems\" batch: { name: \"ids\" by: \"id\" items: \"items\" key: \"id\" } } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF705",
    "severity": "warning",
    "meaning": "A `concurrent` bounds something: calls that are not joined into one, and no fewer items than it says.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"items\" each: { var: \"id\" in: \"args.ids\" max: 100 concurrent: 5 call: { method: \"up.v1.ItemService/BatchGetItems\" batch: { name: \"ids\" by: \"id\" items: \"items\" key: \"id\" } } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:80: warning BFF705: this `concurrent` bounds nothing: the calls of all items are joined\n    22 | … tems\" each: { var: \"id\" in: \"args.ids\" max: 100 concurrent: 5 call: { method: \"up.v1.ItemService/BatchGetItems\" batch: { name: \"ids\" by: \"id\" items: \"items\" key …\n       |                                                               ^\n  hint: leave it out"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"items\" each: { var: \"id\" in: \"args.ids\" max: 100 call: { method: \"up.v1.ItemService/BatchGetItems\" batch: { name: \"ids\" by: \"id\" items: \"items\" key: \"id\" } } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF706",
    "severity": "warning",
    "meaning": "A list that a client sends has a bound where its items cost calls or compositions. Otherwise one request decides how much work the BFF does.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"cards\" each: { var: \"id\" in: \"args.ids\" compose: { message: \"Card\" args: { name: \"id\" by: \"id\" } } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:20:48: warning BFF706: step \"cards\" composes \"Card\" for each item of a list that a client sends, and nothing bounds it\n    20 |     let: { name: \"cards\" each: { var: \"id\" in: \"args.ids\" compose: { message: \"Card\" args: { name: \"id\" by: \"id\" } } } }\n       |                                                ^^^^^^^^^^\n  hint: say with `max` how many items it takes; without it 10000 are taken, and a request with more is refused"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"cards\" each: { var: \"id\" in: \"args.ids\" max: 50 compose: { message: \"Card\" args: { name: \"id\" by: \"id\" } } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF801",
    "severity": "error",
    "meaning": "A cache keeps answers at least until they are stale. One that throws them away before has a `ttl` that never takes effect.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { spread: \"args\" } cache: { ttl: \"60s\" stale: \"5s\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:20:120: error BFF801: answers are stale after 60000ms, but thrown away after 5000ms\n    20 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { spread: \"args\" } cache: { ttl: \"60s\" stale: \"5s\" } } }\n       |                                                                                                                        ^^^^\n  app/v1/app.proto:20:107: as good as new until here\n    20 |     let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { spread: \"args\" } cache: { ttl: \"60s\" stale: \"5s\" } } }\n       |                                                                                                           ^^^^^\n  hint: make `stale` longer than `ttl`: both count from when the answer came"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { spread: \"args\" } cache: { ttl: \"60s\" stale: \"120s\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF802",
    "severity": "warning",
    "meaning": "What a cached call sends is the same for several requests. With the time or the id of the request in it no answer is ever found again.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"found\" call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"text\" by: \"args.id + string(now)\" } cache: { ttl: \"5s\" } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:96: warning BFF802: the time is part of what this call sends, so that its cache never finds an answer again\n    22 |     let: { name: \"found\" call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"text\" by: \"args.id + string(now)\" } cache: { ttl: \"5s\" } } }\n       |                                                                                                ^^^^^^^^^^^^^^^^^^^^^^^\n  app/v1/app.proto:22:136: the call is cached here\n    22 |     let: { name: \"found\" call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"text\" by: \"args.id + string(now)\" } cache: { ttl: \"5s\" } } }\n       |                                                                                                                                        ^^^^\n  hint: leave it out of the call, or turn the cache off with `cache: { ttl: \"0s\" }`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"found\" call: { method: \"up.v1.ItemService/FindItems\" set: { name: \"text\" by: \"args.id\" } cache: { ttl: \"5s\" } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF803",
    "severity": "warning",
    "meaning": "Clients see types of the BFF's own. With an upstream's type in a response every change of the upstream's is a change of this API.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "import \"up/v1/up.proto\";\n\nmessage Page {\n  // …\n  up.v1.Size size = 1 [(bff.v1.field).by = \"item.size\"];\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:25:14: warning BFF803: \"size\" shows clients the upstream's message \"up.v1.Size\" itself\n    25 |   up.v1.Size size = 1 [(bff.v1.field).by = \"item.size\"];\n       |              ^^^^\n  hint: declare a message of your own with what clients need, and `alias: \"up.v1.Size\"`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  // …\n  Size size = 1 [(bff.v1.field).by = \"item.size\"];\n}\n\nmessage Size {\n  option (bff.v1.message).alias = \"up.v1.Size\";\n  int32 width = 1;\n}"
      }
    ]
  },
  {
    "code": "BFF804",
    "severity": "warning",
    "meaning": "The text of an upstream's error is not sent to clients: it is written for other people, and may name hosts, tables or users.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } on_error: { on: NOT_FOUND fail: { message: \"no item: {error.message}\" } } } }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:22:157: warning BFF804: clients get to see what the upstream wrote into its error\n    22 | … id\" } on_error: { on: NOT_FOUND fail: { message: \"no item: {error.message}\" } } } }\n       |                                                               ^^^^^^^^^^^^^\n  hint: write a text of your own, or pass on a detail that is meant for clients with `error.detail(…)`"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Page {\n  option (bff.v1.message) = {\n    let: { name: \"item\" call: { method: \"up.v1.ItemService/GetItem\" set: { name: \"id\" by: \"args.id\" } on_error: { on: NOT_FOUND fail: { message: \"no item {args.id}\" } } } }\n  };\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF821",
    "severity": "warning",
    "meaning": "A folder has the services of one package, whose server is `server.ts` there. Of several packages in one folder each server has the name of its package.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/mobile.proto\npackage mobile.v1;\n\nservice ScreenService {\n  // …\n}"
      },
      {
        "title": "Wrong",
        "language": "proto",
        "text": "// app/web.proto\nservice PageService {\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/web.proto:7:9: warning BFF821: packages \"mobile.v1\" and \"web.v1\" have their files in one folder, so that none has a server.ts there: their servers are app/mobile_v1_server.ts and app/web_v1_server.ts\n    7 | service PageService {\n      |         ^^^^^^^^^^^\n  app/mobile.proto:7:9: a service of another package in this folder\n    7 | service ScreenService {\n      |         ^^^^^^^^^^^^^\n  hint: give each package a folder of its own, such as \"web/v1\", or both one package"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "package web.v1;\n\nservice ScreenService {\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF901",
    "severity": "error",
    "meaning": "The lock is committed. With `CI=true` a missing one is an error and not written, because nothing would be compared.",
    "sections": [
      {
        "title": "Wrong",
        "language": "proto",
        "text": "message Product {\n  option (bff.v1.message) = {\n    let: {\n      // …\n      call: {method: \"stock.v1.StockService/GetStock\" set: {spread: \"args\"}}\n    }\n  };\n  // …\n}"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "shop/v1/shop.proto:22:69: error BFF901: there is no \"bff.lock.json\", and with CI=true none is written\n    22 |       call: {method: \"stock.v1.StockService/GetStock\" set: {spread: \"args\"}}\n       |                                                                     ^^^^^^\n  hint: run `buf generate` without CI=true, and commit \"bff.lock.json\""
      },
      {
        "title": "Right",
        "language": "sh",
        "text": "# without CI=true; then commit bff.lock.json\nbuf generate"
      }
    ]
  },
  {
    "code": "BFF902",
    "severity": "error",
    "meaning": "The lock knows every use. With `CI=true` a use that it does not hold, or a use that is gone, is an error and not written, so that what is reviewed is what is used.",
    "sections": [
      {
        "title": "shop/v1/shop.proto has changed",
        "language": "diff",
        "text": " option (bff.v1.file).identity = {\n   // …\n-  source: { name: \"user\" jwt: { issuer: \"https://id.example\" audience: \"shop\" } set: { name: \"subject\" by: \"credential.subject\" } }\n+  source: { name: \"user\" jwt: { issuer: \"https://id.example\" audience: [\"shop\", \"web\"] } set: { name: \"subject\" by: \"credential.subject\" } }\n };"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "shop/v1/shop.proto:8:11: error BFF902: \"bff.lock.json\" says something else of who is believed to be calling by \"user\"; with CI=true it is not written\n    8 |   source: { name: \"user\" jwt: { issuer: \"https://id.example\" audience: [\"shop\", \"web\"] } set: { name: \"subject\" by: \"credential.subject\" } }\n      |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: run `buf generate` without CI=true, and commit \"bff.lock.json\""
      },
      {
        "title": "Right",
        "language": "sh",
        "text": "# without CI=true; then commit bff.lock.json\nbuf generate"
      }
    ]
  },
  {
    "code": "BFF903",
    "severity": "error",
    "meaning": "The lock is a document that this version can read, because it is what changes of upstreams are measured by.",
    "sections": [
      {
        "title": "It says",
        "language": "text",
        "text": "bff.lock.json:5:7: error BFF903: \"bff.lock.json\" cannot be read: its entry of \"stock.v1.Stock.pieces\" is not complete\n    5 |       \"stock.v1.Stock.pieces\": { \"kind\": \"field\" }\n      |       ^\n  hint: restore it from version control, or delete it to have it written anew"
      },
      {
        "title": "Right",
        "language": "sh",
        "text": "rm bff.lock.json\n# without CI=true; then commit bff.lock.json\nbuf generate"
      }
    ]
  },
  {
    "code": "BFF911",
    "severity": "error",
    "meaning": "What the BFF uses of an upstream is still there, because otherwise what clients get from it is gone.",
    "sections": [
      {
        "title": "stock/v1/stock.proto has changed",
        "language": "diff",
        "text": " message Stock {\n-  int32 pieces = 1;\n+  reserved 1;\n   // …\n }"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "shop/v1/shop.proto:25:48: error BFF911: upstream field \"stock.v1.Stock.pieces\" was removed\n    25 |   int32 pieces = 1 [(bff.v1.field).by = \"stock.pieces\"];\n       |                                                ^^^^^^\n  stock/v1/stock.proto:15:9: \"pieces\" was in here\n    15 | message Stock {\n       |         ^^^^^\n  hint: do without it, or ask for it back"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Product {\n  // …\n  reserved 1;\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF912",
    "severity": "error",
    "meaning": "What the BFF uses of an upstream still has its name. A renamed element is told as one change, with the new name to write.",
    "sections": [
      {
        "title": "stock/v1/stock.proto has changed",
        "language": "diff",
        "text": " message Stock {\n-  int32 pieces = 1;\n+  int32 amount = 1;\n   // …\n }"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "shop/v1/shop.proto:25:48: error BFF912: upstream field \"stock.v1.Stock.pieces\" was renamed to \"amount\"\n    25 |   int32 pieces = 1 [(bff.v1.field).by = \"stock.pieces\"];\n       |                                                ^^^^^^\n  stock/v1/stock.proto:16:9: its name now\n    16 |   int32 amount = 1;\n       |         ^^^^^^\n  hint: write \"amount\" in place of \"pieces\""
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Product {\n  // …\n  int32 pieces = 1 [(bff.v1.field).by = \"stock.amount\"];\n  // …\n}"
      }
    ]
  },
  {
    "code": "BFF913",
    "severity": "error",
    "meaning": "What the BFF uses of an upstream still has its number, because the number is what stands on the wire: old and new servers would misread each other.",
    "sections": [
      {
        "title": "stock/v1/stock.proto has changed",
        "language": "diff",
        "text": " message Stock {\n-  int32 pieces = 1;\n+  int32 pieces = 6;\n   // …\n }"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "shop/v1/shop.proto:25:48: error BFF913: upstream field \"stock.v1.Stock.pieces\" has the number 6, and had 1\n    25 |   int32 pieces = 1 [(bff.v1.field).by = \"stock.pieces\"];\n       |                                                ^^^^^^\n  stock/v1/stock.proto:16:9: it is declared here\n    16 |   int32 pieces = 6;\n       |         ^^^^^^\n  hint: check what this means here, then run once with `lock_mode=update` to accept it"
      },
      {
        "title": "Right",
        "language": "sh",
        "text": "# once, with `opt: lock_mode=update` in buf.gen.yaml; then commit bff.lock.json\nbuf generate"
      }
    ]
  },
  {
    "code": "BFF914",
    "severity": "error",
    "meaning": "What the BFF uses of an upstream is still of its type: a field's, or a method's request and response. A type that happens to fit may still mean something else.",
    "sections": [
      {
        "title": "stock/v1/stock.proto has changed",
        "language": "diff",
        "text": " message Stock {\n-  int32 pieces = 1;\n+  int64 pieces = 1;\n   // …\n }"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "shop/v1/shop.proto:25:48: error BFF914: upstream field \"stock.v1.Stock.pieces\" is int64, and was int32\n    25 |   int32 pieces = 1 [(bff.v1.field).by = \"stock.pieces\"];\n       |                                                ^^^^^^\n  stock/v1/stock.proto:16:9: it is declared here\n    16 |   int64 pieces = 1;\n       |         ^^^^^^\n  hint: check what this means here, then run once with `lock_mode=update` to accept it"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Product {\n  // …\n  int64 pieces = 1 [(bff.v1.field).by = \"stock.pieces\"];\n  // …\n}"
      },
      {
        "title": "And then",
        "language": "sh",
        "text": "# once, with `opt: lock_mode=update` in buf.gen.yaml; then commit bff.lock.json\nbuf generate"
      }
    ]
  },
  {
    "code": "BFF915",
    "severity": "error",
    "meaning": "A field that the BFF uses is still singular, repeated or a map, because on the wire one may be read as the other and lose items.",
    "sections": [
      {
        "title": "stock/v1/stock.proto has changed",
        "language": "diff",
        "text": " message Stock {\n   // …\n-  repeated Shelf shelves = 4;\n+  Shelf shelves = 4;\n   // …\n }"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "shop/v1/shop.proto:28:59: error BFF915: upstream field \"stock.v1.Stock.shelves\" is singular, and was repeated\n    28 |   repeated string shelves = 4 [(bff.v1.field).by = \"stock.shelves.map(s, s.name)\"];\n       |                                                           ^^^^^^^\n  stock/v1/stock.proto:19:9: it is declared here\n    19 |   Shelf shelves = 4;\n       |         ^^^^^^^\n  hint: check what this means here, then run once with `lock_mode=update` to accept it"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Product {\n  // …\n  repeated string shelves = 4 [(bff.v1.field).by = \"[stock.shelves.name]\"];\n}"
      },
      {
        "title": "And then",
        "language": "sh",
        "text": "# once, with `opt: lock_mode=update` in buf.gen.yaml; then commit bff.lock.json\nbuf generate"
      }
    ]
  },
  {
    "code": "BFF916",
    "severity": "error",
    "meaning": "A field that the BFF uses still has, or has not, presence of its own: whether it may be unset decides what clients are told.",
    "sections": [
      {
        "title": "stock/v1/stock.proto has changed",
        "language": "diff",
        "text": " message Stock {\n-  int32 pieces = 1;\n+  oneof amount {\n+    int32 pieces = 1;\n+    double litres = 6;\n+  }\n   // …\n }"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "shop/v1/shop.proto:25:48: error BFF916: upstream field \"stock.v1.Stock.pieces\" is a member of a oneof, and always had a value\n    25 |   int32 pieces = 1 [(bff.v1.field).by = \"stock.pieces\"];\n       |                                                ^^^^^^\n  stock/v1/stock.proto:17:11: it is declared here\n    17 |     int32 pieces = 1;\n       |           ^^^^^^\n  hint: check what this means here, then run once with `lock_mode=update` to accept it"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Product {\n  // …\n  optional int32 pieces = 1 [(bff.v1.field).by = \"stock.?pieces\"];\n  // …\n}"
      },
      {
        "title": "And then",
        "language": "sh",
        "text": "# once, with `opt: lock_mode=update` in buf.gen.yaml; then commit bff.lock.json\nbuf generate"
      }
    ]
  },
  {
    "code": "BFF917",
    "severity": "error",
    "meaning": "A method that the BFF calls is still unary, because nothing else can be called.",
    "sections": [
      {
        "title": "stock/v1/stock.proto has changed",
        "language": "diff",
        "text": " service StockService {\n-  rpc GetStock(GetStockRequest) returns (Stock) {\n+  rpc GetStock(GetStockRequest) returns (stream Stock) {\n     // …\n   }\n   // …\n }"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "shop/v1/shop.proto:22:45: error BFF917: upstream method \"stock.v1.StockService/GetStock\" is server-streaming, and was unary\n    22 |       call: {method: \"stock.v1.StockService/GetStock\" set: {spread: \"args\"}}\n       |                                             ^^^^^^^^\n  stock/v1/stock.proto:5:7: it is declared here\n    5 |   rpc GetStock(GetStockRequest) returns (stream Stock) {\n      |       ^^^^^^^^\n  hint: call a unary method in its place, or follow it: `stream` of an rpc that returns a stream"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "message Product {\n  option (bff.v1.message) = {\n    let: {\n      // …\n      call: {method: \"stock.v1.StockService/ReadStock\" set: {spread: \"args\"}}\n    }\n  };\n  // …\n}"
      },
      {
        "title": "And then",
        "language": "sh",
        "text": "# once, with `opt: lock_mode=update` in buf.gen.yaml; then commit bff.lock.json\nbuf generate"
      }
    ]
  },
  {
    "code": "BFF918",
    "severity": "error",
    "meaning": "A method that the BFF calls still has its idempotency level, because retries, hedging, caching and order rest on it.",
    "sections": [
      {
        "title": "stock/v1/stock.proto has changed",
        "language": "diff",
        "text": " service StockService {\n-  rpc GetStock(GetStockRequest) returns (Stock) {\n-    option idempotency_level = NO_SIDE_EFFECTS;\n-  }\n+  rpc GetStock(GetStockRequest) returns (Stock) ;\n }"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "shop/v1/shop.proto:22:45: error BFF918: upstream method \"stock.v1.StockService/GetStock\" is IDEMPOTENCY_UNKNOWN, and was NO_SIDE_EFFECTS\n    22 |       call: {method: \"stock.v1.StockService/GetStock\" set: {spread: \"args\"}}\n       |                                             ^^^^^^^^\n  stock/v1/stock.proto:5:7: it is declared here\n    5 |   rpc GetStock(GetStockRequest) returns (Stock) ;\n      |       ^^^^^^^^\n  hint: check what this means here, then run once with `lock_mode=update` to accept it"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "service ShopService {\n  // …\n  rpc GetProduct(GetProductRequest) returns (Product);\n}\n\nmessage Product {\n  option (bff.v1.message) = {\n    let: {\n      // …\n      call: {method: \"stock.v1.StockService/GetStock\" set: {spread: \"args\"}}\n    }\n  };\n  // …\n}"
      },
      {
        "title": "And then",
        "language": "sh",
        "text": "# once, with `opt: lock_mode=update` in buf.gen.yaml; then commit bff.lock.json\nbuf generate"
      }
    ]
  },
  {
    "code": "BFF919",
    "severity": "warning",
    "meaning": "A value that an upstream has added to an enum is mapped. Until then clients see the default in its place.",
    "sections": [
      {
        "title": "stock/v1/stock.proto has changed",
        "language": "diff",
        "text": " enum State {\n   // …\n+  STATE_ORDERED = 3;\n }"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "shop/v1/shop.proto:32:42: warning BFF919: upstream enum \"stock.v1.State\" has a new value \"STATE_ORDERED\", which nothing maps: it becomes the default\n    32 |   option (bff.v1.enum).alias = \"stock.v1.State\";\n       |                                          ^^^^^\n  stock/v1/stock.proto:31:3: the new value\n    31 |   STATE_ORDERED = 3;\n       |   ^^^^^^^^^^^^^\n  hint: add a value with [(bff.v1.enum_value).alias = \"STATE_ORDERED\"], or run once with `lock_mode=update` to leave it to the default"
      },
      {
        "title": "Right",
        "language": "proto",
        "text": "enum State {\n  option (bff.v1.enum).alias = \"stock.v1.State\";\n  // …\n  STATE_ORDERED = 3;\n  // …\n}"
      },
      {
        "title": "And then",
        "language": "sh",
        "text": "# once, with `opt: lock_mode=update` in buf.gen.yaml; then commit bff.lock.json\nbuf generate"
      }
    ]
  },
  {
    "code": "BFF920",
    "severity": "warning",
    "meaning": "What the BFF uses of an upstream is not deprecated since, because what is deprecated goes away one day.",
    "sections": [
      {
        "title": "stock/v1/stock.proto has changed",
        "language": "diff",
        "text": " service StockService {\n   rpc GetStock(GetStockRequest) returns (Stock) {\n+    option deprecated = true;\n     // …\n   }\n }\n // …\n message Stock {\n-  int32 pieces = 1;\n+  int32 pieces = 1 [deprecated = true];\n   // …\n }"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "shop/v1/shop.proto:22:45: warning BFF920: upstream method \"stock.v1.StockService/GetStock\" is deprecated now\n    22 |       call: {method: \"stock.v1.StockService/GetStock\" set: {spread: \"args\"}}\n       |                                             ^^^^^^^^\n  stock/v1/stock.proto:5:7: it is declared here\n    5 |   rpc GetStock(GetStockRequest) returns (Stock) {\n      |       ^^^^^^^^\n  hint: use what takes its place, or run once with `lock_mode=update` to stay with it\n\nshop/v1/shop.proto:25:48: warning BFF920: upstream field \"stock.v1.Stock.pieces\" is deprecated now\n    25 |   int32 pieces = 1 [(bff.v1.field).by = \"stock.pieces\"];\n       |                                                ^^^^^^\n  stock/v1/stock.proto:17:9: it is declared here\n    17 |   int32 pieces = 1 [deprecated = true];\n       |         ^^^^^^\n  hint: use what takes its place, or run once with `lock_mode=update` to stay with it"
      },
      {
        "title": "Right",
        "language": "sh",
        "text": "# once, with `opt: lock_mode=update` in buf.gen.yaml; then commit bff.lock.json\nbuf generate"
      }
    ]
  },
  {
    "code": "BFF921",
    "severity": "error",
    "meaning": "A method that is called over HTTP still has the path by which it is called, because servers that are running call the old one.",
    "sections": [
      {
        "title": "books/v1/books.proto has changed",
        "language": "diff",
        "text": " service BookService {\n   rpc GetBook(GetBookRequest) returns (Book) {\n     // …\n-    option (google.api.http) = { get: \"/v1/books/{name}\" };\n+    option (google.api.http) = { get: \"/v2/books/{name}\" };\n   }\n }"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:24:63: error BFF921: upstream method \"books.v1.BookService/GetBook\" is called by \"GET /v2/books/{name}\", and was by \"GET /v1/books/{name}\"\n    24 |     let: { name: \"book\" call: { method: \"books.v1.BookService/GetBook\" set: { name: \"name\" by: \"args.id\" } } }\n       |                                                               ^^^^^^^\n  books/v1/books.proto:8:7: it is declared here\n    8 |   rpc GetBook(GetBookRequest) returns (Book) {\n      |       ^^^^^^^\n  hint: check what this means here, then run once with `lock_mode=update` to accept it"
      },
      {
        "title": "Right",
        "language": "sh",
        "text": "# once, with `opt: lock_mode=update` in buf.gen.yaml; then commit bff.lock.json\nbuf generate"
      }
    ]
  },
  {
    "code": "BFF922",
    "severity": "error",
    "meaning": "A field that the BFF uses still reads as the same value while it is unset. Servers leave it out where it has its default, and then mean what theirs is.",
    "sections": [
      {
        "title": "stock/v1/stock.proto has changed",
        "language": "diff",
        "text": " message Stock {\n-  optional int32 pieces = 1 [default = 10];\n+  optional int32 pieces = 1 [default = 12];\n   // …\n }"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "shop/v1/shop.proto:25:48: error BFF922: upstream field \"stock.v1.Stock.pieces\" is \"12\" while it is unset, and was \"10\"\n    25 |   int32 pieces = 1 [(bff.v1.field).by = \"stock.pieces\"];\n       |                                                ^^^^^^\n  stock/v1/stock.proto:16:18: it is declared here\n    16 |   optional int32 pieces = 1 [default = 12];\n       |                  ^^^^^^\n  hint: check what this means here, then run once with `lock_mode=update` to accept it"
      },
      {
        "title": "Right",
        "language": "sh",
        "text": "# once, with `opt: lock_mode=update` in buf.gen.yaml; then commit bff.lock.json\nbuf generate"
      }
    ]
  },
  {
    "code": "BFF923",
    "severity": "error",
    "meaning": "A field that is used of an upstream over HTTP, or of claims, still has its name in JSON, because there the name is what stands on the wire.",
    "sections": [
      {
        "title": "id/v1/id.proto has changed",
        "language": "diff",
        "text": " message Claims {\n   // …\n-  string org_unit = 2;\n+  string org_unit = 2 [json_name = \"org_unit\"];\n }"
      },
      {
        "title": "It says",
        "language": "text",
        "text": "app/v1/app.proto:11:76: error BFF923: upstream field \"id.v1.Claims.org_unit\" is \"org_unit\" in JSON, and was \"orgUnit\"\n    11 |     set: [{ name: \"subject\" by: \"claims.sub\" }, { name: \"unit\" by: \"claims.org_unit\" }]\n       |                                                                            ^^^^^^^^\n  id/v1/id.proto:7:10: it is declared here\n    7 |   string org_unit = 2 [json_name = \"org_unit\"];\n      |          ^^^^^^^^\n  hint: check what this means here, then run once with `lock_mode=update` to accept it"
      },
      {
        "title": "Right",
        "language": "sh",
        "text": "# once, with `opt: lock_mode=update` in buf.gen.yaml; then commit bff.lock.json\nbuf generate"
      }
    ]
  },
  {
    "code": "BFF924",
    "severity": "error",
    "meaning": "The lock has entries only for BFF files that exist. Generating removes the entries of a deleted or renamed file; with `CI=true` they are an error.",
    "sections": [
      {
        "title": "It says",
        "language": "text",
        "text": "bff.lock.json:4:5: error BFF924: \"bff.lock.json\" has an entry for \"shop/v1/old.proto\", which was deleted or renamed; with CI=true it is not removed\n    4 |     \"shop/v1/old.proto\": {\n      |     ^\n  hint: run `buf generate` without CI=true, and commit \"bff.lock.json\""
      },
      {
        "title": "Right",
        "language": "sh",
        "text": "# without CI=true; then commit bff.lock.json\nbuf generate"
      }
    ]
  }
];

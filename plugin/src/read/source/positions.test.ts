import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { beforeAll, describe, expect, test } from "vitest";
import { marked } from "../../../../test/support/marked-source.ts";
import { requestFor, schemaOf } from "../../../../test/support/request.ts";
import type { Origin } from "../../diagnostic/diagnostic.ts";
import type { Ir, IrFile } from "../../ir/ir.ts";
import { readIr } from "../read-ir.ts";
import { locate } from "./locate.ts";

interface Form {
  readonly title: string;
  /** The file after its syntax and package line, with one mark. */
  readonly proto: string;
  readonly pick: (file: IrFile) => Origin | undefined;
  readonly head?: string;
}

const step = (file: IrFile, index = 0) => file.messages[0]?.steps[index];
const call = (file: IrFile) => {
  const source = step(file)?.source;
  return source?.kind === "call" ? source : undefined;
};
const fieldOf = (file: IrFile, index = 0) => file.messages[0]?.fields[index];
const by = (file: IrFile, index = 0) => {
  const source = step(file, index)?.source;
  return source?.kind === "by" ? source.by : undefined;
};

const forms: readonly Form[] = [
  {
    title: "option with a literal",
    proto: `message M { option (bff.v1.message) = { let: { name: «"a"» by: "1" } }; }`,
    pick: (f) => step(f)?.name?.at,
  },
  {
    title: "the step itself, over several lines",
    proto: `message M {
  option (bff.v1.message) = {
    let: «{
      name: "a"
      by: "1"
    }»
  };
}`,
    pick: (f) => step(f)?.at,
  },
  {
    title: "dotted option",
    proto: `message M { option (bff.v1.message).alias = «"x.Y"»; }`,
    pick: (f) => f.messages[0]?.alias?.at,
  },
  {
    title: "repeated statements",
    proto: `message M { option (bff.v1.message).let = {name: "a" by: "1"}; option (bff.v1.message).let = {name: "b" by: «"2"»}; }`,
    pick: (f) => by(f, 1)?.at,
  },
  {
    title: "lists and single fields together",
    proto: `message M { option (bff.v1.message) = { let {name: "a" by: "1"} let: [{name: "b" by: "2"}, {name: "c" by: "3"}], let: {name: «"d"» by: "4"} }; }`,
    pick: (f) => step(f, 3)?.name?.at,
  },
  {
    title: "without colons, in angles, with separators",
    proto: `message M { option (bff.v1.message) = { let <name: "a"; call < method: "a.B/C", set <name: "x" by: «"y"»> > > }; }`,
    pick: (f) => call(f)?.set[0]?.by?.at,
  },
  {
    title: "scalar lists",
    proto: `message M { option (bff.v1.message) = { let { call { method: "a.B/C" forward: ["x", «"y"»] } } }; }`,
    pick: (f) => call(f)?.policy.forward[1]?.at,
  },
  {
    title: "numbers, enums and booleans",
    proto: `message M { option (bff.v1.message) = { let { call { method: "a.B/C" retry { attempts: 0x2, on: [ABORTED, «UNKNOWN»] backoff { multiplier: 1.5e+0 } } } } }; }`,
    pick: (f) => call(f)?.policy.retry?.on[1]?.at,
  },
  {
    title: "a number with an exponent",
    proto: `message M { option (bff.v1.message) = { let { call { method: "a.B/C" retry { backoff { multiplier: «1.5e+0» } } } } }; }`,
    pick: (f) => call(f)?.policy.retry?.multiplier?.at,
  },
  {
    title: "field brackets, dotted",
    proto: `message M { string a = 1 [deprecated = true, (bff.v1.field).by = «"x"»]; }`,
    pick: (f) => fieldOf(f)?.by?.at,
  },
  {
    title: "field brackets, literal",
    proto: `message M { string a = 1 [(bff.v1.field) = { by: «"x"» }, json_name = "b"]; }`,
    pick: (f) => fieldOf(f)?.by?.at,
  },
  {
    title: "map fields and the field after them",
    proto: `message M { map<string, M> m = 1 [(bff.v1.field).by = "x"]; repeated .a.M b = 2 [(bff.v1.field).by = «"y"»]; }`,
    pick: (f) => fieldOf(f, 1)?.by?.at,
  },
  {
    title: "members of a oneof",
    proto: `message M { oneof o { option features.enforce_naming_style = STYLE_LEGACY; string a = 1 [(bff.v1.field) = { by: "x" if: «"y"» }]; } }`,
    head: 'edition = "2024";',
    pick: (f) => fieldOf(f)?.if?.at,
  },
  {
    title: "names of fields",
    proto: `message M { reserved 9; map<string, int32> «message» = 1 [(bff.v1.field).by = "x"]; }`,
    pick: (f) => fieldOf(f)?.at,
  },
  {
    title: "nested messages and their enums",
    proto: `message O { message M { option (bff.v1.message).alias = "x.Y"; enum E { E_A = 0; E_B = -1 [(bff.v1.enum_value) = { alias: ["X", «"Y"»] }]; } } }`,
    pick: (f) => f.enums[0]?.values[1]?.alias[1]?.at,
  },
  {
    title: "enum options",
    proto: `enum E { option allow_alias = true; option (bff.v1.enum).alias = "x.Y"; option (bff.v1.enum).alias = «"x.Z"»; E_A = 0; E_B = 0; }`,
    pick: (f) => f.enums[0]?.alias[1]?.at,
  },
  {
    title: "file options before and after other things",
    proto: `message M {} option (bff.v1.file).env = { name: «"A"» type: "int" default: "1" };`,
    pick: (f) => f.env[0]?.name.at,
  },
  {
    title: "rpc options",
    proto: `message M {} service S { option (bff.v1.service) = {}; rpc A(M) returns (M); rpc B(M) returns (M) { option idempotency_level = IDEMPOTENT; option (bff.v1.method).timeout = «"1s"»; } }`,
    pick: (f) => f.services[0]?.methods[1]?.timeout?.at,
  },
  {
    title: "rpc names",
    proto: "message M {} service S { rpc A(M) returns (M) {} option (bff.v1.service) = {}; rpc «rpc»(M) returns (M); }",
    pick: (f) => f.services[0]?.methods[1]?.at,
  },
  {
    title: "leading dot and blanks within the name",
    proto: `message M { option ( . bff /* x */ . v1.message ) . alias = «"x.Y"»; }`,
    pick: (f) => f.messages[0]?.alias?.at,
  },
  {
    title: "comments with quotes and braces",
    proto: `// it's } a "comment
/* " { */ message M { option (bff.v1.message) = { // }
 /* }; */ let /* { */ : { by: «"1"» // "
 name: "a" } }; }`,
    pick: (f) => by(f)?.at,
  },
  {
    title: "CRLF",
    proto: `message M {\r\n  option (bff.v1.message) = {\r\n    let: { name: «"a"»\r\n by: "1" }\r\n  };\r\n}\r\n`,
    pick: (f) => step(f)?.name?.at,
  },
  {
    title: "tabs and wide characters count as code units",
    proto: `message M {\t/* 漢字 😀 e\u0301 */\toption (bff.v1.message).alias = «"x.Y"»; }`,
    pick: (f) => f.messages[0]?.alias?.at,
  },
  {
    title: "a byte order mark is no column",
    proto: ' option (bff.v1.file).env = { name: «"A"» type: "int" };',
    head: '\uFEFFsyntax = "proto3";',
    pick: (f) => f.env[0]?.name.at,
  },
  {
    title: "proto2 with groups, extensions and other options",
    proto: `message X { extensions 4 to 10, 20 to max [verification = UNVERIFIED]; }
extend X { optional string e = 4 [default = "message M {"]; }
message M {
  extend X { repeated int32 f = 5; }
  reserved "foo", "bar";
  optional group G = 1 { optional string inner = 1 [(bff.v1.field).by = "1"]; }
  required string s = 2 [default = "{;", (bff.v1.field).by = «"x"»];
}`,
    head: 'syntax = "proto2";',
    pick: (f) => f.messages.find(({ desc }) => desc.name === "M")?.fields[1]?.by?.at,
  },
  {
    title: "inside a proto2 group",
    proto: `message M { optional group G = 1 { optional string inner = 1 [(bff.v1.field).by = «"1"»]; } }`,
    head: 'syntax = "proto2";',
    pick: (f) => f.messages.find(({ desc }) => desc.name === "G")?.fields[0]?.by?.at,
  },
  {
    title: "rules on a proto2 group",
    proto: `message M { optional group G = 1 [(bff.v1.field).by = «"1"»] { } }`,
    head: 'syntax = "proto2";',
    pick: (f) => fieldOf(f)?.by?.at,
  },
  {
    title: "edition 2024 with export and local",
    proto: `export message M { local enum E { E_A = 0; } string a = 1 [(bff.v1.field).by = «"x"»]; }`,
    head: 'edition = "2024";',
    pick: (f) => fieldOf(f)?.by?.at,
  },
  {
    title: "a string in pieces",
    proto: `message M { string a = 1 [(bff.v1.field).by = «"x"
    // between
    ' + y'»]; }`,
    pick: (f) => fieldOf(f)?.by?.at,
  },
  {
    title: "a character after the seam of a string in pieces",
    proto: `message M { string a = 1 [(bff.v1.field).by = "x"\n ' «+» y']; }`,
    pick: (f) => fieldOf(f)?.by?.place(2),
  },
  {
    title: "a stretch over the seam",
    proto: `message M { string a = 1 [(bff.v1.field).by = "x.«a"\n 'b»c']; }`,
    pick: (f) => fieldOf(f)?.by?.place(2, 4),
  },
  {
    title: "characters after escapes",
    proto: String.raw`message M { string a = 1 [(bff.v1.field).by = "\n\t\\\"\'\x41\101\x4 \u00e9\U0001F600\xe2\x82\xac «z» "]; }`,
    pick: (f) => fieldOf(f)?.by?.place(14),
  },
  {
    title: "a character of several byte escapes",
    proto: String.raw`message M { string a = 1 [(bff.v1.field).by = "a«\xe2\x82\xac»b"]; }`,
    pick: (f) => fieldOf(f)?.by?.place(1),
  },
  {
    title: "an escaped character",
    proto: String.raw`message M { string a = 1 [(bff.v1.field).by = 'a«\'»b']; }`,
    pick: (f) => fieldOf(f)?.by?.place(1),
  },
  {
    title: "past the end",
    proto: `message M { string a = 1 [(bff.v1.field).by = "a +«»"]; }`,
    pick: (f) => fieldOf(f)?.by?.place(3),
  },
  {
    title: "in an empty string",
    proto: `message M { string a = 1 [(bff.v1.field).alias = "«»"]; }`,
    pick: (f) => fieldOf(f)?.alias?.place(0),
  },
];

describe("positions", () => {
  let ir: Ir;
  const name = (index: number) => `f${index}/f.proto`;
  const sources = forms.map(({ proto, head = 'syntax = "proto3";' }, index) => {
    const first = `${head} package p${index}; import "bff/v1/options.proto";`;
    return marked(name(index), `${first}\n${proto.replace(".a.M", `.p${index}.M`)}`);
  });
  beforeAll(() => {
    const files = Object.fromEntries(sources.map(({ text }, index) => [name(index), text]));
    ir = readIr(
      schemaOf(requestFor(files)),
      (file) => files[file],
      () => {},
    );
  });
  test.each(forms.map(({ title, pick }, index) => ({ title, pick, index })))("$title", ({ pick, index }) => {
    const file = ir.files.find(({ desc }) => desc.proto.name === name(index));
    expect(file).toBeDefined();
    expect(sources[index]?.places).toHaveLength(1);
    expect(file && pick(file)).toEqual(sources[index]?.places[0]);
  });
});

describe("names", () => {
  test("names are at the compiler's positions", () => {
    const files = Object.fromEntries(
      forms.map(({ proto, head = 'syntax = "proto3";' }, index) => {
        const first = `${head} package p${index}; import "bff/v1/options.proto";`;
        // The compiler counts cells of a terminal, which are columns only in plain text.
        const plain = proto.replaceAll(".a.M", `.p${index}.M`).replace(/[^\n -~]/g, "");
        return [`f${index}/f.proto`, `${first.replace("\uFEFF", "")}\n${plain}`];
      }),
    );
    const { files: descs, registry } = schemaOf(requestFor(files));
    let names = 0;
    for (const file of descs) {
      // Without its spans, so that what is not found in the text is not found at all.
      const bare = { ...file, proto: { ...file.proto, sourceCodeInfo: undefined } };
      const exact = locate(bare, files[file.proto.name], registry);
      const rough = locate(file, undefined, registry);
      for (const desc of nestedTypes(file)) {
        const elements =
          desc.kind === "message"
            ? [desc, ...desc.fields]
            : desc.kind === "enum"
              ? [desc, ...desc.values]
              : desc.kind === "service"
                ? [desc, ...desc.methods]
                : [desc];
        for (const element of elements) {
          expect(exact.name(element)).toEqual(rough.name(element));
          names++;
        }
      }
    }
    expect(names).toBe(76);
  });
});

describe("extension names", () => {
  test("extension names are resolved from the scope of the element", () => {
    const { text, places } = marked(
      "s.proto",
      `syntax = "proto3"; package bff.x;
import "bff/v1/options.proto";
message M { string a = 1 [(bff.v1.field).by = «"a"»]; string b = 2 [(.bff.v1.field) = { by: «"b"» }]; }`,
    );
    const relative = marked(
      "r.proto",
      `syntax = "proto3"; package bff.y;
import "bff/v1/options.proto";
message M { string a = 1 [(v1.field).by = «"a"»]; option (v1.message) = { let { name: "s" by: «"1"» } }; }`,
    );
    const files = { "s.proto": text, "r.proto": relative.text };
    const ir = readIr(
      schemaOf(requestFor(files)),
      (file) => files[file as keyof typeof files],
      () => {},
    );
    const [r, s] = [...ir.files].sort((a, b) => a.desc.proto.name.localeCompare(b.desc.proto.name));
    expect(s?.messages[0]?.fields.map((field) => field.by?.at)).toEqual(places);
    expect([r && fieldOf(r)?.by?.at, r && by(r)?.at]).toEqual(relative.places);
  });

  test("extensions of other packages are ignored", () => {
    const files = {
      "o.proto": `syntax = "proto3"; package o;
import "bff/v1/options.proto"; import "google/protobuf/descriptor.proto";
message R { string by = 1; }
extend google.protobuf.FieldOptions { R field = 50123; }
message M { string a = 1 [(o.field).by = "theirs", (bff.v1.field).by = "ours"]; string b = 2 [(field).by = "theirs"]; }`,
    };
    const ir = readIr(
      schemaOf(requestFor(files)),
      (file) => files[file as keyof typeof files],
      () => {},
    );
    const fields = ir.files[0]?.messages.find(({ desc }) => desc.name === "M")?.fields;
    expect(fields?.map((field) => [field.by?.value, field.by?.at.column])).toEqual([
      ["ours", 72],
      [undefined, undefined],
    ]);
  });
});

describe("positions without a source", () => {
  const text = `syntax = "proto3"; package p; import "bff/v1/options.proto";
message O {
  message M {
    option (bff.v1.message) = {
      let: { name: "a" by: "1" }
    };
    string a = 1
      [(bff.v1.field).by = "a"];
  }
}
enum E {
  E_A = 0 [(bff.v1.enum_value).alias = "X"];
}
service S {
  option (bff.v1.service) = {};
  rpc A(O) returns (O) {
    option (bff.v1.method).timeout = "1s";
  }
}`;
  const read = (source: string | undefined) => {
    const ir = readIr(
      schemaOf(requestFor({ "p.proto": text })),
      () => source,
      () => {},
    );
    const [file] = ir.files;
    const message = file?.messages[1];
    return [
      message?.at,
      message?.steps[0]?.name?.at,
      message?.fields[0]?.at,
      message?.fields[0]?.by?.at,
      message?.fields[0]?.by?.place(0),
      file?.enums[0]?.values[0]?.alias[0]?.at,
      file?.services[0]?.at,
      file?.services[0]?.methods[0]?.timeout?.at,
    ].map((at) => at?.line);
  };
  test("a line is that of the nearest element in the descriptor", () => {
    expect(read(undefined)).toEqual([3, 4, 7, 8, 8, 12, 14, 17]);
  });
  test("an outdated source is ignored", () => {
    expect(read("")).toEqual([3, 4, 7, 8, 8, 12, 14, 17]);
  });
});

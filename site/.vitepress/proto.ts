// Grammar of .proto files with options in text format. Shiki's own one takes a line with two strings for one string.
import type { LanguageRegistration } from "shiki";

const names = (text: string): string => text.split(" ").join("|");
const KEYWORDS = names(
  "edition enum extend extensions import map max message oneof option optional package public repeated required reserved returns rpc service stream syntax to weak",
);
const TYPES = names(
  "bool bytes double fixed32 fixed64 float int32 int64 sfixed32 sfixed64 sint32 sint64 string uint32 uint64",
);

export const proto = {
  name: "proto",
  scopeName: "source.proto",
  repository: {},
  patterns: [
    { match: "//.*$|#.*$", name: "comment.line.proto" },
    { begin: "/\\*", end: "\\*/", name: "comment.block.proto" },
    { match: '"(?:[^"\\\\]|\\\\.)*"', name: "string.quoted.proto" },
    { match: "'(?:[^'\\\\]|\\\\.)*'", name: "string.quoted.proto" },
    { match: "(?<=\\b(?:message|enum|service|rpc|extend|oneof) )[\\w.]+", name: "entity.name.type.proto" },
    { match: "\\b\\w+(?=\\s*:)", name: "entity.name.function.proto" },
    { match: `(?<![\\w.])(?:${KEYWORDS})(?![\\w.])`, name: "keyword.proto" },
    { match: `(?<![\\w.])(?:${TYPES})(?![\\w.])`, name: "support.type.proto" },
    { match: "(?<![\\w.])(?:true|false|inf|nan|[-+]?\\d[\\w.]*|[A-Z][A-Z0-9_]+)(?![\\w.])", name: "constant.proto" },
  ],
} satisfies LanguageRegistration;

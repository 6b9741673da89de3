// The comments of proto/bff/v1/options.proto, and the reference page that `npm run docs` writes from them.

/** A message or an enum of options.proto. */
export interface OptionType {
  readonly name: string;
  readonly kind: "message" | "enum";
  /** The heading comment above it, such as "steps". */
  readonly group: string;
  readonly comment: Comment;
  readonly members: readonly OptionMember[];
}

/** A field of a message or a value of an enum. */
export interface OptionMember {
  readonly name: string;
  /** The field's type as the proto spells it; empty for the values of enums. */
  readonly type: string;
  readonly repeated: boolean;
  readonly comment: Comment;
}

interface Comment {
  readonly text: string;
  /** An option with a value, as inside the braces of the message. */
  readonly example: string | undefined;
  /** Page and anchor of the guide that describes it. */
  readonly guide: string | undefined;
}

/** Reads the documented types of options.proto, in the order of the file. */
export function optionTypes(proto: string): readonly OptionType[] {
  const types: OptionType[] = [];
  let members: OptionMember[] = [];
  let lines: string[] = [];
  let group = "";
  for (const line of proto.split("\n").map((text) => text.trim())) {
    const heading = /^\/\/ ---- (.*) ----$/.exec(line)?.[1];
    const [, kind, name = ""] = /^(message|enum) (\w+) \{$/.exec(line) ?? [];
    const member = /^(?:(optional|repeated) )?(?:([\w.]+) )?(\w+) = \d+;$/.exec(line);
    if (heading !== undefined) group = heading;
    if (line.startsWith("//")) {
      lines.push(line.slice(2));
      continue;
    }
    if (kind === "message" || kind === "enum") {
      members = [];
      types.push({ name, kind, group, comment: commentOf(lines), members });
    } else if (member !== null && types.length > 0) {
      const [, label, type = "", field = ""] = member;
      members.push({ name: field, type, repeated: label === "repeated", comment: commentOf(lines) });
    }
    lines = [];
  }
  return types;
}

function commentOf(lines: readonly string[]): Comment {
  const kept = lines.filter((line) => !/^ (buf:lint:|---- )/.test(line)).map((line) => line.trim());
  const [text = "", example] = kept.join(" ").trim().split("Example: ");
  const [, sentences = text, guide] = /^(.*?) ?See ([\w.#-]+)\.$/.exec(text) ?? [];
  return { text: sentences.trim(), example, guide };
}

const INTRODUCTION = `# Options

<!-- Written by \`npm run docs\` from proto/bff/v1/options.proto. Do not edit. -->

With this page you can look up any option of \`bff.v1\`: what it does, its default, its limits and an example. The
[plugin's options](#plugin-options) stand at the end. The [language guide](language.md) shows how options work together; [expressions](expressions.md) lists the functions of CEL.

Expressions are CEL, type-checked when code is generated. Durations are a number with \`ms\`, \`s\`, \`m\`, \`h\` or \`d\`, as in
\`"250ms"\`. Every example is written as inside the braces of its message, and a test generates it.
`;

/** The reference page; `plugin`: the table of the plugin's options. */
export function optionsPage(proto: string, plugin: string): string {
  const types = optionTypes(proto);
  const parts = [INTRODUCTION, contentsOf(types)];
  let group = "";
  for (const type of types) {
    if (type.group !== group) {
      group = type.group;
      parts.push(`## ${group.charAt(0).toUpperCase()}${group.slice(1)}\n`);
    }
    parts.push(sectionOf(type, types));
  }
  return [...parts, pluginSection(plugin)].join("\n");
}

const pluginSection = (table: string): string => `## Plugin options

These options stand in \`opt\` of \`protoc-gen-bff\` in \`buf.gen.yaml\`. Options about diagnostics are in
[diagnostics](diagnostics.md).

${table}
`;

function contentsOf(types: readonly OptionType[]): string {
  const groups = [...new Set(types.map(({ group }) => group))];
  const rows = groups.map((group) => {
    const links = types.filter((type) => type.group === group).map(({ name }) => linkTo(name));
    return `| ${group} | ${links.join(", ")} |`;
  });
  return `| group | messages and enums |\n|---|---|\n${rows.join("\n")}\n`;
}

const linkTo = (name: string): string => `[${name}](#${name.toLowerCase()})`;

function sectionOf({ name, kind, comment, members }: OptionType, types: readonly OptionType[]): string {
  const guide = comment.guide === undefined ? "" : ` [Guide](${comment.guide})`;
  const head = [`### ${name}\n`, `${wrapped(`${usesOf(name, types)}${comment.text}${guide}`)}\n`];
  const known = new Set(types.map((type) => type.name));
  const items = members.map((member) => {
    const type = kind === "enum" ? "" : ` (${typeOf(member, known)})`;
    const text = wrapped(`- **\`${member.name}\`**${type}: ${member.comment.text}`, "  ");
    return [text, ...example(member.comment)].join("  \n");
  });
  return [...head, `${items.join("\n")}\n`].join("\n");
}

/** Formats the example as a separate line in a list item. */
function example({ example }: Comment): readonly string[] {
  return example === undefined ? [] : [`  ${wrapped(`\`${example}\``, "  ")}`];
}

/** The options that have this type, as a sentence. */
function usesOf(name: string, types: readonly OptionType[]): string {
  const options = new Map<string, string[]>();
  for (const type of types)
    for (const member of type.members)
      if (member.type === name) options.set(member.name, [...(options.get(member.name) ?? []), linkTo(type.name)]);
  const uses = [...options].map(([option, owners]) => `\`${option}\` of ${owners.join(", ")}`);
  return uses.length === 0 ? "" : `Value of ${uses.join("; ")}. `;
}

function typeOf({ type, repeated }: OptionMember, known: ReadonlySet<string>): string {
  const name = known.has(type) ? linkTo(type) : type;
  return repeated ? `list of ${name}` : name;
}

const COLUMNS = 120;

/** Lines of at most 120 columns; `indent` stands before all but the first. */
function wrapped(text: string, indent = ""): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = indent + word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join("\n");
}

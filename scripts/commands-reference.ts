// Writes docs/commands.md from the commands that `protobff --help` lists.
import { programOf } from "../cli/src/main.ts";
import { ofProcess } from "../cli/src/terminal.ts";

type Command = Awaited<ReturnType<typeof programOf>>["commands"][number];
type Argument = Command["registeredArguments"][number];
type Option = Command["options"][number];

const INTRODUCTION = `# Command reference

<!-- Written by \`npm run docs\` from the commands in cli/src/commands. Do not edit. -->

With this page you can look up the arguments and options of every command, as \`npx protobff <word> --help\` prints them.
[Commands](cli.md) describes what each command does, with examples.
`;

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
const code = (text: string): string => `\`${text.replaceAll("|", "\\|")}\``;

function defaultText(value: unknown): string {
  const isEmpty = value === undefined || value === false || (Array.isArray(value) && value.length === 0);
  return isEmpty ? "" : code(String(value));
}

const argumentRow = (argument: Argument): string => {
  const name = argument.variadic ? `${argument.name()}...` : argument.name();
  const form = argument.required ? `<${name}>` : `[${name}]`;
  return `| ${code(form)} | ${cell(argument.description)} | ${defaultText(argument.defaultValue)} |\n`;
};

function optionRow({ flags, description, argChoices, mandatory, defaultValue, negate }: Option): string {
  const choices = argChoices === undefined ? "" : ` (${argChoices.map(code).join(", ")})`;
  const shown = negate ? "" : defaultText(defaultValue);
  return `| ${code(flags)} | ${cell(description)}${choices} | ${mandatory ? "required" : shown} |\n`;
}

/** Words whose subcommands the page describes in one section. */
const TOGETHER = ["plan", "upstream"];

export async function commandsPage(): Promise<string> {
  const { commands } = await programOf(ofProcess());
  const named = commands.flatMap((command) => [
    { name: command.name(), command },
    ...command.commands.map((below) => ({ name: `${command.name()} ${below.name()}`, command: below })),
  ]);
  const sections = named.map(({ name, command }) => {
    const rows = [...command.registeredArguments.map(argumentRow), ...command.options.map(optionRow)].join("");
    const [word = ""] = name.split(" ");
    const anchor = TOGETHER.includes(word) ? word : name.replace(" ", "-");
    const title = `\n## \`${name}\`\n\n[${name}](cli.md#${anchor}): ${cell(command.description())}\n`;
    return `${title}\n| argument or option | meaning | default |\n|---|---|---|\n${rows}`;
  });
  return INTRODUCTION + sections.join("");
}

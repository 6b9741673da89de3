// Help for people who run the plugin with arguments; buf passes none. Commands for people are in `protobff`.
const USAGE = `protoc-gen-bff is a plugin of buf and protoc: name it in buf.gen.yaml, as \`local: protoc-gen-bff\`.

  protoc-gen-bff --version

Commands for people are in the package protobff (npm install --save-dev protobff). Run npx protobff --help for a list.`;

/** Words of this bin once, with those of `protobff`. */
const MOVED = new Map([
  ["explain", ["explain"]],
  ["init-resolvers", ["init", "resolvers"]],
  ["protos", ["init", "protos"]],
  ["uses", ["contract", "uses"]],
]);

/** Output of a run with arguments. */
interface Output {
  readonly exitCode: 0 | 1;
  readonly stdout: string;
  readonly stderr: string;
}

/** Returns the same command of `protobff` if it exists, or else the usage of this bin. */
export function answerWords(args: readonly string[]): Output {
  const [word = ""] = args;
  if (word === "--help" || word === "-h") return { exitCode: 0, stdout: `${USAGE}\n`, stderr: "" };
  const now = MOVED.get(word);
  if (now === undefined) return { exitCode: 1, stdout: "", stderr: `${USAGE}\n` };
  const command = ["npx", "protobff", ...now, ...args.slice(1)].map(quoted).join(" ");
  return {
    exitCode: 1,
    stdout: "",
    stderr: `"${word}" is a command of protobff now: ${command}\n(once before: npm install --save-dev protobff)\n`,
  };
}

/** Quotes text as one word of a POSIX shell. */
const quoted = (text: string): string => (/^[\w./:@=,+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

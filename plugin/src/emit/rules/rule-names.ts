// Constants that the functions of one `_rules.ts` share, each printed once, and the names of these functions.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import type { Printable } from "@bufbuild/protoplugin";
import type { RuleText } from "../../model/rules.ts";
import { upperSnake } from "../../plan/names/name-scope.ts";
import type { FileNames } from "../names/file-names.ts";
import type { Line, Lines } from "../text/lines.ts";

export class RuleNames {
  readonly file: FileNames;
  readonly #functions: ReadonlyMap<DescMessage, string>;
  readonly #constants = new Map<string, { readonly name: string; readonly lines: Lines }>();
  readonly #taken = new Set<string>();

  constructor(file: FileNames, functions: ReadonlyMap<DescMessage, string>) {
    this.file = file;
    this.#functions = functions;
  }
  /** The constant of a rule. */
  rule({ id, message, path }: RuleText): string {
    const steps = path.map(([name, ...numbers]) => `[${[JSON.stringify(name), ...numbers].join(", ")}]`);
    const pathArgument = path.length === 0 ? "" : `, path: [${steps.join(", ")}]`;
    const print = `{ id: ${JSON.stringify(id)}, message: ${JSON.stringify(message)}${pathArgument} }`;
    return this.#constant(id, print, (name) => [[`const ${name}: `, this.file.validateType("Rule"), ` = ${print};`]]);
  }
  /** Another constant; one that prints the same is the same. */
  constant(wish: string, print: string, value: Line = [print]): string {
    return this.#constant(wish, print, (name) => [[`const ${name} = `, ...value, ";"]]);
  }
  constants(): Lines {
    return [...this.#constants.values()].flatMap(({ lines }) => lines);
  }
  /** `UserSchema.field.name` */
  field(field: DescField): Line {
    return [this.file.schema(field.parent), `.field.${field.localName}`];
  }
  check(desc: DescMessage): string {
    const name = this.#functions.get(desc);
    if (name === undefined) throw new Error(`nothing checks ${desc.typeName}`);
    return name;
  }
  validate(name: string): Printable {
    return this.file.validate(name);
  }

  #constant(wish: string, key: string, lines: (name: string) => Lines): string {
    const constant = this.#constants.get(key);
    if (constant !== undefined) return constant.name;
    const plain = upperSnake(wish.replace(/[^A-Za-z0-9]+/g, "_").slice(0, 60)).replace(/^(?=\d)|^_+/, "R_");
    let name = plain;
    for (let i = 2; this.#taken.has(name); i++) name = `${plain}_${i}`;
    this.#taken.add(name);
    this.#constants.set(key, { name, lines: lines(name) });
    return name;
  }
}

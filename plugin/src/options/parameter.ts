import { didYouMean } from "../diagnostic/diagnostic.ts";
import { OPTIONS, type Option } from "./table.ts";

type Field = keyof typeof OPTIONS;
type Values = { -readonly [F in Field]: (typeof OPTIONS)[F]["kind"]["initial"] };
type Table = { readonly [F in Field]: Option<Values[F]> };

/** The plugin's options, as in `opt:` of buf.gen.yaml. */
export type Parameter = Readonly<Values> & {
  /** The options that decide the text of `.ts` files, as in `opt:`. */
  readonly shaping: string;
};

type Entry<S> = S extends ReadonlySet<infer E> ? E : never;
export type PlanFormat = Entry<Parameter["plan"]>;
/** `overlap` is in per cent; a member that is left out has no bound. */
export type WeightBudget = Parameter["weight"];

const TABLE: Table = OPTIONS;
const FIELDS = Object.keys(OPTIONS) as readonly Field[];
const NAMES = FIELDS.map((field) => OPTIONS[field].name);

/**
 * Parses the parameter of a CodeGeneratorRequest: `name=value`, separated by commas. Lists are separated by `+`, or by
 * commas like everything else (`warn=BFF501,BFF502`). Each fault is a sentence; faulty options keep their defaults.
 *
 * @example
 * const { parameter, faults } = parseParameter("plan=json,warn=BFF501");
 */
export function parseParameter(raw: string): { readonly parameter: Parameter; readonly faults: readonly string[] } {
  const values = initialValues();
  const faults: string[] = [];
  const shaping: string[] = [];
  let last: Field | undefined;
  for (const text of raw.split(",").map((part) => part.trim())) {
    if (text === "") continue;
    const [name, value] = splitOption(text);
    if (value === undefined && last !== undefined && TABLE[last].kind.continues?.(name, NAMES)) {
      faults.push(...parseInto(values, last, name));
      continue;
    }
    last = FIELDS.find((field) => OPTIONS[field].name === name);
    if (last === undefined) faults.push(unknownOption(name));
    else faults.push(...parseInto(values, last, value));
    if (last !== undefined && TABLE[last].shapes) shaping.push(text);
  }
  const parameter = { ...values, shaping: shaping.join(",") };
  return { parameter, faults: [...faults, ...contradictions(parameter)] };
}

function initialValues(): Values {
  return Object.fromEntries(FIELDS.map((field) => [field, OPTIONS[field].kind.initial])) as unknown as Values;
}

function splitOption(text: string): readonly [name: string, value: string | undefined] {
  const equals = text.indexOf("=");
  return equals === -1 ? [text, undefined] : [text.slice(0, equals).trim(), text.slice(equals + 1).trim()];
}

function parseInto<F extends Field>(values: Values, field: F, text: string | undefined): readonly string[] {
  const { name, kind } = TABLE[field];
  const { value, faults } = kind.parse(name, text, values[field]);
  values[field] = value;
  return faults;
}

function unknownOption(name: string): string {
  const like = didYouMean(name, NAMES);
  return `unknown option "${name}": ${like === undefined ? `the options are ${NAMES.join(", ")}` : `did you mean "${like}"?`}`;
}

/** Options that make no sense together. */
function contradictions({
  embed,
  explorer,
  uses,
  server,
  faults,
  mock,
  warn,
  off,
  error,
}: Parameter): readonly string[] {
  const inBoth = (codes: ReadonlySet<string>, list: string): readonly string[] =>
    [...codes.intersection(error)].map((code) => `${code} is in both "${list}" and "error": leave out one`);
  return [
    ...Object.entries({ embed, explorer, uses }).flatMap(([name, isSet]) =>
      isSet && !server.each && server.names.length === 0
        ? [`option "${name}" needs "server": write "server=true,${name}=true"`]
        : [],
    ),
    ...(faults !== undefined && !mock
      ? [`option "faults" needs "mock=true" beside it: the tests that it writes run on mocks`]
      : []),
    ...inBoth(warn, "warn"),
    ...inBoth(off, "off"),
  ];
}

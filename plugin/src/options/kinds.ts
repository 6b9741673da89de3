// Parsers for the values of options. Each fault is a sentence; a faulty entry leaves the value unchanged.
import { CODES, canBeWarning } from "../codes/codes.ts";
import { didYouMean } from "../diagnostic/diagnostic.ts";
import type { ServerSelection } from "../resolve/model/server-paths.ts";

interface Parsed<T> {
  readonly value: T;
  readonly faults: readonly string[];
}

/** A way to parse the value of an option. */
export interface Kind<T> {
  readonly initial: T;
  /**
   * Parses one option. `text` is undefined for a bare name; `before` is the value up to now, because an option may be
   * repeated.
   */
  parse(option: string, text: string | undefined, before: T): Parsed<T>;
  /** Returns true if a bare name behind a list is another entry of it. `options` are the names of all options. */
  readonly continues?: (name: string, options: readonly string[]) => boolean;
}

const accept = <T>(value: T): Parsed<T> => ({ value, faults: [] });

/** One of the values. `clean` removes what people write around them. */
export function choice<const V extends string, const I extends V | undefined>(
  values: readonly V[],
  initial: I,
  clean: (text: string) => string = (text) => text,
): Kind<V | I> {
  return {
    initial,
    parse(option, text, before) {
      const found = text === undefined ? undefined : values.find((value) => value === clean(text));
      return found === undefined ? { value: before, faults: [chooseOf(option, text, values)] } : accept(found);
    },
  };
}

/** `true`, `false` or nothing, which is `true`. */
export const flag = (): Kind<boolean> => flagOr<never>();

/** A flag with other values beside `true` and `false`. */
export function flagOr<const V extends string>(...others: readonly V[]): Kind<boolean | V> {
  return {
    initial: false,
    parse(option, text, before) {
      if (text === undefined || text === "true" || text === "false") return accept(text !== "false");
      const found = others.find((value) => value === text);
      if (found !== undefined) return accept(found);
      return { value: before, faults: [chooseOf(option, text, ["true", "false", ...others])] };
    },
  };
}

export function path<I extends string | undefined>(initial: I, example: string): Kind<string | I> {
  return {
    initial,
    parse(option, text, before) {
      if (text !== undefined && text !== "") return accept(text);
      return { value: before, faults: [`option "${option}" needs a path, as in "${option}=${example}"`] };
    },
  };
}

/** Several of the values, with `+` between them. */
export function list<const V extends string>(values: readonly V[]): Kind<ReadonlySet<V>> {
  return {
    initial: new Set<V>(),
    parse(option, text, before) {
      if (text === undefined || text === "") {
        const example = values.slice(0, 2).join("+");
        const hint = `write ${values.join(" or ")}, or several, as in "${option}=${example}"`;
        return { value: before, faults: [`option "${option}" has no value: ${hint}`] };
      }
      const entries = text.split("+").map((entry) => ({ entry, value: values.find((value) => value === entry) }));
      return {
        value: new Set([...before, ...entries.flatMap(({ value }) => value ?? [])]),
        faults: entries.flatMap(({ entry, value }) => (value === undefined ? [chooseOf(option, entry, values)] : [])),
      };
    },
    continues: (name, options) =>
      values.some((value) => value === name) || (!options.includes(name) && didYouMean(name, values) !== undefined),
  };
}

/** Numbers by name: `logic:40+overlap:60+headers:0`. */
export function budget<const N extends string>(
  names: readonly N[],
  example: string,
): Kind<{ readonly [name in N]?: number }> {
  return {
    initial: {},
    parse(option, text, before) {
      const entries = (text ?? "").split("+").map((entry) => {
        const [, name = "", most] = /^([a-z]+):(\d{1,6})$/.exec(entry.trim()) ?? [];
        return { entry, name: names.find((known) => known === name), most: Number(most) };
      });
      const hint = `write a maximum for each, as in "${option}=${example}"`;
      return {
        value: Object.assign(
          {},
          before,
          ...entries.map(({ name, most }) => (name === undefined ? {} : { [name]: most })),
        ),
        faults: entries.flatMap(({ entry, name }) =>
          name === undefined ? [`option "${option}" has "${entry}": ${hint}`] : [],
        ),
      };
    },
  };
}

/** `true`, or packages, each itself or a prefix of packages. */
export function servers(): Kind<ServerSelection> {
  return {
    initial: { each: false, names: [] },
    parse(option, text, before) {
      if (text === undefined || text === "true" || text === "false")
        return accept({ each: text !== "false", names: before.names });
      const entries = text.split("+").map((name) => ({ name, fault: faultOfServer(option, name) }));
      const names = entries.filter(({ fault }) => fault === undefined).map(({ name }) => name);
      return {
        value: { each: before.each, names: [...new Set([...before.names, ...names])] },
        faults: entries.flatMap(({ fault }) => fault ?? []),
      };
    },
  };
}

function faultOfServer(option: string, name: string): string | undefined {
  const like = didYouMean(name, ["true", "false"]);
  if (like !== undefined) return `option "${option}" has "${name}": did you mean "${like}"?`;
  if (/^(yes|no|on|off)$/.test(name) || !/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/.test(name))
    return `option "${option}" has "${name}": write true, false or a package, as in "server=web"`;
  return undefined;
}

/** Packages for the messages of protos: `bff/v1/:@protobff/messages`. */
export function mappings(): Kind<readonly string[]> {
  return {
    initial: [],
    parse(option, text = "", before) {
      if (/^[^:]+:[^:]+$/.test(text)) return accept([...before, text]);
      const fault = `option "${option}" needs protos and a package, as in "${option}=bff/v1/:@protobff/messages"`;
      return { value: before, faults: [fault] };
    },
  };
}

/** Codes of diagnostics, each with or without a file: `BFF501+BFF803@web/v1/web.proto`. */
export function codes(): Kind<ReadonlySet<string>> {
  return {
    initial: new Set<string>(),
    parse(option, text, before) {
      if (text === undefined || text === "") {
        const fault = `option "${option}" has no value: write codes, as in "${option}=BFF501+BFF702"`;
        return { value: before, faults: [fault] };
      }
      const entries = text.split("+").map((code) => ({ code, fault: faultOfCode(option, code) }));
      return {
        value: new Set([...before, ...entries.filter(({ fault }) => fault === undefined).map(({ code }) => code)]),
        faults: entries.flatMap(({ fault }) => fault ?? []),
      };
    },
    continues: (name) => name.startsWith("BFF"),
  };
}

function faultOfCode(option: string, code: string): string | undefined {
  const at = code.indexOf("@");
  const plain = at < 0 ? code : code.slice(0, at);
  if (!/^BFF\d{3}$/.test(plain))
    return `option "${option}" has "${plain}", which is not a code: write "BFF" and three digits`;
  if (at === code.length - 1) return `option "${option}" has "${code}" without a file: write ${plain}@web/v1/web.proto`;
  if (!CODES.has(plain)) return `option "${option}" has ${plain}, which is not the code of a diagnostic`;
  if (option === "warn" && !canBeWarning(plain)) return `${plain} cannot be a warning: nothing could be generated`;
  return undefined;
}

function chooseOf(option: string, text: string | undefined, values: readonly string[]): string {
  const like = text === undefined ? undefined : didYouMean(text, values);
  const found = text === undefined ? "no value" : `"${text}"`;
  const hint = like === undefined ? `write one of ${values.join(", ")}` : `did you mean "${like}"?`;
  return `option "${option}" has ${found}: ${hint}`;
}

// Random expressions about one topic each, on the level of text: what types alone do not reach.
import type { Random } from "../random.ts";
import { CHARACTERS, DOUBLES, GETTERS, LETTERS, NUMBER_PARTS, NUMBERS, PATTERN_PARTS, ZONES } from "./topic-words.ts";

/** One expression; `base`: short ones to change. */
export type Topic = (random: Random, base: readonly string[]) => string;

export const TOPICS: Readonly<Record<string, Topic>> = {
  lexer,
  patterns,
  groups,
  zones,
  numbers,
  formats,
  times,
  base64,
  comparisons,
  strings,
};

/** A literal of CEL's. */
function quoted(text: string): string {
  const escaped = Array.from(text, (character) => {
    const point = character.codePointAt(0) ?? 0;
    if (character === "'" || character === "\\") return `\\${character}`;
    return point < 32 || point > 126 ? `\\U${point.toString(16).padStart(8, "0")}` : character;
  });
  return `'${escaped.join("")}'`;
}

function letters(random: Random, end: number): string {
  return Array.from({ length: random.below(end) }, () => random.pick(LETTERS)).join("");
}

function lexer(random: Random, base: readonly string[]): string {
  let text = random.pick(base);
  for (let count = random.pick([1, 1, 2]); count > 0; count--) text = edited(text, random, CHARACTERS);
  return text.trim() === "" ? "1" : text;
}

/** With something put in, left out, or in another's place. */
function edited(text: string, random: Random, by: readonly string[]): string {
  const at = random.below(text.length + 1);
  const r = random.next();
  const put = r >= 0.4 && r < 0.7 ? "" : random.pick(by);
  return text.slice(0, at) + put + text.slice(r < 0.4 ? at : at + 1);
}

const MATCHED = ["aéb", "🚀", "a\nb", "Abc", "K", "ſ", "Σς", "", "_a1", "ß"];

function patterns(random: Random): string {
  let pattern = Array.from({ length: random.pick([1, 2, 2, 3, 4, 5]) }, () => random.pick(PATTERN_PARTS)).join("");
  const count = (text: string) => pattern.split(text).length - 1;
  if (random.chance(0.8)) pattern += ")".repeat(Math.max(0, count("(") - count("\\(") - count(")")));
  const texts = [1, 2].map(() => quoted(random.pick([letters(random, 6), ...MATCHED])));
  return `[${texts.join(", ")}].map(x, x.matches(${quoted(pattern)}))`;
}

const REPLACEMENTS = ["", "x", "<\\\\0>", "\\\\1", "\\\\2-\\\\1", "\\\\\\\\", "\\\\", "\\\\n", "🚀", "$1"];

/** `regex.extract` and its like. */
function groups(random: Random): string {
  const part = () => random.pick([...PATTERN_PARTS, "(a)", "(b|c)", "(?:a|b)", "(a*)", "(?P<n>b)?"]);
  let pattern = Array.from({ length: random.pick([1, 2, 2, 3, 4]) }, part).join("");
  const count = (text: string) => pattern.split(text).length - 1;
  pattern += ")".repeat(Math.max(0, count("(") - count("\\(") - count(")")));
  const text = quoted(random.pick([letters(random, 8), letters(random, 4) + letters(random, 4), ...MATCHED]));
  const operands = `${text}, ${quoted(pattern)}`;
  const by = `'${random.pick(REPLACEMENTS)}'`;
  return random.pick([
    `regex.extract(${operands})`,
    `regex.extract(${operands}).orValue('none')`,
    `regex.extractAll(${operands})`,
    `regex.replace(${operands}, ${by})`,
    `regex.replace(${operands}, ${by}, ${random.pick(["0", "1", "2", "-1"])})`,
  ]);
}

function zones(random: Random): string {
  const seconds = random.pick([
    random.between(-2208988800, 4102444800),
    random.between(0, 2000000000),
    random.between(-62135596800, 253402300799),
  ]);
  return `timestamp(${seconds}).${random.pick(GETTERS)}('${random.pick(ZONES)}')`;
}

function numbers(random: Random): string {
  const text = Array.from({ length: random.pick([1, 1, 2, 3, 4]) }, () => random.pick(NUMBER_PARTS)).join("");
  return `${random.pick(["int", "uint", "double", "double", "bool"])}(${quoted(text)})`;
}

function aDouble(random: Random): string {
  const text = String(
    random.pick([
      (random.next() * 2 - 1) * 1e6,
      random.next() * 2 - 1,
      random.below(1e6) / 10 ** random.between(1, 6),
      10 ** random.between(-20, 20),
    ]),
  );
  const literal = /[.e]/.test(text) ? text.replace("e+", "e") : `${text}.0`;
  return random.pick([...DOUBLES, literal, literal, literal, literal]);
}

function formats(random: Random): string {
  const value = aDouble(random);
  const int = () => BigInt.asIntN(64, random.bits64());
  return random.pick([
    `'%.${random.below(12)}f'.format([${value}])`,
    `'%.${random.below(12)}e'.format([${value}])`,
    `'%e'.format([${value}])`,
    `'%f'.format([${value}])`,
    `'%s'.format([${value}])`,
    `'%d'.format([${value}])`,
    `string(${value})`,
    `double(string(${value})) == ${value}`,
    `'%s'.format([[${value}, {'a': ${value}}]])`,
    `'%x %X %b %o %d'.format([${int()}, ${random.bits64()}u, ${random.between(-99, 99)}, ${random.between(-999, 999)}, ${random.bits64()}u])`,
  ]);
}

const TIMES = [
  "2020-01-02T03:04:05Z",
  "2020-01-02T03:04:05.678Z",
  "2020-12-31T23:59:59.999999999+05:30",
  "0001-01-01T00:00:00-00:01",
  "9999-12-31T23:59:59Z",
  "2024-02-29T12:00:00-08:00",
];
const TIME_CHARACTERS = [..."0123456789TZtz:-+. ,_", "00", "Z"];
const DURATION_PARTS = [
  ...["1", "2", "0", ".5", "1.25", "-", "+", "h", "m", "s", "ms", "us", "ns", "µs"],
  ...["3", "90", ".", "9223372036", "854775807", "d", " ", "1e3"],
];

function times(random: Random): string {
  if (random.chance(0.5)) {
    let text = random.pick(TIMES);
    for (let count = random.pick([0, 1, 1, 2]); count > 0; count--) text = edited(text, random, TIME_CHARACTERS);
    return `timestamp(${quoted(text)})`;
  }
  const parts = Array.from({ length: random.pick([2, 2, 3, 4, 6]) }, () => random.pick(DURATION_PARTS));
  return `duration(${quoted(parts.join(""))})`;
}

const BASE64 = [..."ABCDabcd0189+/=", "YQ", "==", "-", "_", " "];

function base64(random: Random): string {
  return `base64.decode(${quoted(Array.from({ length: random.below(9) }, () => random.pick(BASE64)).join(""))})`;
}

function comparisons(random: Random): string {
  const [a, b, c] = [random.pick(NUMBERS), random.pick(NUMBERS), random.pick(NUMBERS)];
  return random.pick([
    `[${a} < ${b}, ${a} <= ${b}, ${a} > ${b}, ${a} >= ${b}]`,
    `dyn(${a}) == dyn(${b})`,
    `dyn(${a}) < dyn(${b})`,
    `dyn(${a}) in [${b}, ${c}]`,
    `[dyn(${a}), ${b}].distinct().size()`,
    `math.greatest(${a}, ${b}, ${c})`,
    `math.least(${a}, ${b}, ${c})`,
    `math.greatest(dyn(${a}), ${b})`,
    `sets.equivalent([dyn(${a})], [dyn(${b})])`,
    `dyn(${a}) in {dyn(1): 2, 9223372036854775807: 1}`,
    `{dyn(1): 2, 18446744073709551615u: 3}[?dyn(${a})]`,
    `[dyn(${a})] == [dyn(${b})]`,
    `{'a': dyn(${a})} == {'a': dyn(${b})}`,
    `[${a}, ${b}] == [${b}, ${a}]`,
    `type(${a} < ${b} ? dyn(${a}) : dyn(${b}))`,
    `[10, 20, 30][?dyn(${a})]`,
    `[dyn(${a}), ${b}, ${c}].sort()`,
    `[${a}, ${b}].sortBy(x, dyn(x))`,
    `int(${a})`,
    `uint(${a})`,
    `double(${a})`,
    `string(${a})`,
    `[dyn(${a})].exists(x, x == ${b})`,
    `optional.of(dyn(${a})) == optional.of(dyn(${b}))`,
  ]);
}

function strings(random: Random): string {
  const [s, t, u] = [quoted(letters(random, 8)), quoted(letters(random, 3)), quoted(letters(random, 3))];
  const [i, j] = [random.between(-1, 8), random.between(-1, 8)];
  return random.pick([
    `${s}.substring(${i})`,
    `${s}.substring(${i}, ${j})`,
    `${s}.charAt(${i})`,
    `${s}.indexOf(${t})`,
    `${s}.indexOf(${t}, ${i})`,
    `${s}.lastIndexOf(${t})`,
    `${s}.lastIndexOf(${t}, ${i})`,
    `${s}.replace(${t}, ${u})`,
    `${s}.replace(${t}, ${u}, ${i})`,
    `${s}.split(${t})`,
    `${s}.split(${t}, ${i})`,
    `${s}.reverse()`,
    `${s}.trim()`,
    `${s}.upperAscii()`,
    `${s}.lowerAscii()`,
    `${s}.contains(${t})`,
    `${s}.startsWith(${t})`,
    `${s}.endsWith(${t})`,
    `${s} < ${t}`,
    `strings.quote(${s})`,
    `size(${s})`,
    `bytes(${s})`,
    `string(bytes(${s}))`,
    `bytes(${s}) < bytes(${t})`,
    `[${s}, ${t}, ${u}].sort()`,
    `[${s}, ${t}].join(${u})`,
  ]);
}

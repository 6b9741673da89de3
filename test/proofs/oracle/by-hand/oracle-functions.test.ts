import { describe, expect, it } from "vitest";
import { Evaluator } from "../cel/evaluator.ts";
import { bffOf } from "./small-protos.ts";

const { ir } = bffOf({});

describe("functions that the oracle adds to CEL", () => {
  const value = (source: string) => new Evaluator(ir.registry, "b.v1").value(source, {});
  it.each([
    ["[3, 1, 2].sortBy(x, -x) == [3, 2, 1]"],
    ["['b', 'a'].sort() == ['a', 'b']"],
    ["[1, 2, 1].distinct() == [1, 2]"],
    ["[[1], [2, 3]].flatten() == [1, 2, 3]"],
    ["[1, 2].sum() == 3 && [0.5, 1.0].sum() == 1.5 && [1u, 2u].sum() == 3u"],
    ["math.greatest([1, 5, 3]) == 5 && math.greatest(1, 2) == 2"],
    ["cel.bind(n, [1, 2].size(), n == 2 ? n + 1 : 0) == 3"],
    ["b.v1.In{note: 'n'}.?note.orValue('none') == 'n' && b.v1.In{}.?note.orValue('.?x') == '.?x'"],
    ["optional.of(1).orValue(2) == 1 && !optional.none().hasValue()"],
    ["base64.encode(b'hello') == 'aGVsbG8='"],
    ["page.size(0, 20, 100) == 20 && page.size(7, 20, 100) == 7 && page.size(101, 20, 100) == 100"],
    ["share.of('canary', 'bob') < 0.31 && share.of('canary', 'bob') > 0.3 && share.of('canary', 'alice') > 0.93"],
    ["page.seal({}) == '' && page.seal({'cursor': 'a'}) != ''"],
    ["['a', 'b'].join(', ') == 'a, b' && ' x '.trim() == 'x' && 'abc'.substring(1) == 'bc' && 'abc'.charAt(1) == 'b'"],
    ["timestamp('1970-01-01T00:00:10Z') - duration('4s') == timestamp('1970-01-01T00:00:06Z')"],
    ["[duration('2s'), duration('1s')].sort()[0] == duration('1s')"],
    ["string(duration('90s')) == '90s'"],
    ["[1, 3, 2].sortDesc() == [3, 2, 1] && ['a', 'bb'].sortDesc(x, size(x)) == ['bb', 'a']"],
    ["[1, 2, 3].first(x, x > 1).value() == 2 && !['a'].first(x, x == 'b').hasValue() && [4].first().value() == 4"],
    ["[1, 2, 3].reduce(sum, x, sum + x, 10) == 16 && ['a', 'b'].reduce(all, x, x + all, '') == 'ba'"],
    ["'Straße'.upper() == 'STRASSE' && 'ÄB'.lower() == 'äb' && 'ab'.repeat(2) == 'abab'"],
    ["'abc'.trimPrefix('a') == 'bc' && 'abc'.trimSuffix('c') == 'ab' && 'abc'.trimSuffix('b') == 'abc'"],
    ["regex.extract('item-A', 'item-(.)').value() == 'A' && !regex.extract('b', 'a').hasValue()"],
    [
      "timestamp('2020-02-29T23:30:15.25Z').format('EEE, d MMMM yyyy HH:mm:ss.SSS XXX VV', 'Europe/Berlin') == 'Sun, 1 March 2020 00:30:15.250 +01:00 Europe/Berlin'",
    ],
    ["timestamp('2020-02-29T23:30:15.25Z').format(\"h a 'o'\") == '11 PM o'"],
    ["timestamp('2020-02-29T23:30:15Z').truncate('month', 'Asia/Tokyo') == timestamp('2020-02-29T15:00:00Z')"],
    ["timestamp('2026-11-20T23:30:15.5Z').truncate('week') == timestamp('2026-11-16T00:00:00Z')"],
    ["timestamp('2020-02-29T12:00:00Z').addYears(1) == timestamp('2021-02-28T12:00:00Z')"],
    ["timestamp('2020-01-31T12:00:00Z').addMonths(1) == timestamp('2020-02-29T12:00:00Z')"],
    ["timestamp('2026-03-28T12:00:00Z').addDays(1, 'Europe/Berlin') == timestamp('2026-03-29T11:00:00Z')"],
    [
      "url.encode('a b/ü') == 'a%20b%2F%C3%BC' && url.decode('a%20b') == 'a b' && url.isURL('https://a.b/') && !url.isURL('a')",
    ],
    [
      "url.getHost('https://a.b:81/c?d=e') == 'a.b:81' && url.getPort('https://a.b:81/') == '81' && url.getScheme('https://a.b/') == 'https'",
    ],
    ["url.getHostname('https://a.b:81/') == 'a.b' && url.getEscapedPath('https://a.b/c%20d') == '/c%20d'"],
    ["url.getQuery('https://a.b/?c=1&c=2&d=x+y') == {'c': ['1', '2'], 'd': ['x y']}"],
    ["regex.extractAll('a1b22', '[0-9]+') == ['1', '22']"],
    ["regex.replace('foo bar', '(fo)o (ba)r', r'\\2 \\1') == 'ba fo' && regex.replace('aaa', 'a', 'b', 2) == 'bba'"],
  ])("%s", (source) => {
    expect(value(source)).toBe(true);
  });
});

describe("functions of enums", () => {
  const value = (source: string) =>
    new Evaluator(
      ir.registry,
      "b.v1",
      [],
      ir.files.flatMap((file) => file.enums),
    ).value(source, {});
  it.each([
    ["enums.name(up.v1.Kind.KIND_X) == 'KIND_X' && enums.name(Kind(up.v1.Kind.KIND_X)) == 'KIND_EX'"],
    ["Kind(up.v1.Kind.KIND_Y) == Kind.KIND_OTHER && up.v1.Kind(Kind.KIND_EX) == up.v1.Kind.KIND_X"],
    ["Kind.from(1).value() == Kind.KIND_EX && !Kind.from(9).hasValue()"],
    ["Kind.parse('KIND_EX').value() == Kind.KIND_EX && !Kind.parse('EX').hasValue()"],
    ["[up.v1.Kind.KIND_X].map(k, enums.name(Kind(k))) == ['KIND_EX']"],
    ["enums.name(Kind.parse('KIND_EX').orValue(Kind.KIND_OTHER)) == 'KIND_EX'"],
    ["enums.text(Kind.KIND_EX) == ''"],
  ])("%s", (source) => {
    expect(value(source)).toBe(true);
  });
});

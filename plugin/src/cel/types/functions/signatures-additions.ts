// Functions that were added after the list of reserved step names (BFF107) was closed: functions in separate
// namespaces, and methods.

/** cel-go's `regex`. */
const REGEX = `
regex_extract_string_string: regex.extract(string, string) optional(string) !
regex_extractAll_string_string: regex.extractAll(string, string) list(string) !
regex_replace_string_string_string: regex.replace(string, string, string) string !
regex_replace_string_string_string_int: regex.replace(string, string, string, int) string !
`;

/** Ours. */
const TEXTS = `
lower: string.lower() string
upper: string.upper() string
repeat: string.repeat(int) string !
trim_prefix: string.trimPrefix(string) string
trim_suffix: string.trimSuffix(string) string
`;

/** Ours; with a key it is a macro. */
const SORT = `
list_sort_desc: list(int).sortDesc() list(int)
list_sort_desc: list(uint).sortDesc() list(uint)
list_sort_desc: list(double).sortDesc() list(double)
list_sort_desc: list(bool).sortDesc() list(bool)
list_sort_desc: list(string).sortDesc() list(string)
list_sort_desc: list(bytes).sortDesc() list(bytes)
list_sort_desc: list(timestamp).sortDesc() list(timestamp)
list_sort_desc: list(duration).sortDesc() list(duration)
`;

/** Ours; a zone may be the last operand. */
const TIMES = `
timestamp_format: timestamp.format(string) string !
timestamp_format: timestamp.format(string, string) string !
timestamp_truncate: timestamp.truncate(string) timestamp !
timestamp_truncate: timestamp.truncate(string, string) timestamp !
timestamp_addYears: timestamp.addYears(int) timestamp !
timestamp_addYears: timestamp.addYears(int, string) timestamp !
timestamp_addMonths: timestamp.addMonths(int) timestamp !
timestamp_addMonths: timestamp.addMonths(int, string) timestamp !
timestamp_addDays: timestamp.addDays(int) timestamp !
timestamp_addDays: timestamp.addDays(int, string) timestamp !
`;

/** Ours, named as Kubernetes names the methods of its URLs. */
const URLS = `
url_is_url: url.isURL(string) bool
url_scheme: url.getScheme(string) string !
url_host: url.getHost(string) string !
url_hostname: url.getHostname(string) string !
url_port: url.getPort(string) string !
url_escaped_path: url.getEscapedPath(string) string !
url_query: url.getQuery(string) map(string, list(string)) !
url_encode: url.encode(string) string
url_decode: url.decode(string) string !
`;

/** Ours; once for each place and response. */
const RANDOM = `
random_uuid: random.uuid() string
random_double: random.double() double
`;

/** Ours: pages of the message that an rpc answers with. */
const PAGES = `
page_size: page.size(int, int, int) int
page_seal: page.seal(map(string, string)) string !
page_open: page.open(string) map(string, string)
`;

/** Ours: the position of a value for a decision that is named, as of a branch's \`share\`; the shards of an upstream. */
const UPSTREAMS = `
share_of: share.of(string, string) double
shard_names: shard.names(string) list(string)
`;

/** Ours: over any message with the fields of google.type.Money. */
const MONEY = `
money_add: money.add(A, A) A !
money_sum: money.sum(list(A)) optional(A) !
money_multiply: money.multiply(A, int) A !
money_multiply: money.multiply(A, double) A !
`;

export const ADDITIONS = `${REGEX}${TEXTS}${SORT}${TIMES}${URLS}${RANDOM}${PAGES}${UPSTREAMS}${MONEY}`;

/** cel-go's `encoders`. */
export const ENCODERS = `
base64_encode: base64.encode(bytes) string
base64_decode: base64.decode(string) bytes !
`;

/** cel-go's `sets`. */
export const SETS = `
set_contains: sets.contains(list(A), list(A)) bool
set_equivalent: sets.equivalent(list(A), list(A)) bool
set_intersects: sets.intersects(list(A), list(A)) bool
`;

/** cel-go's optional types (`optMap` and `optFlatMap` are macros). */
export const OPTIONALS = `
optional_of: optional.of(A) optional(A)
optional_of_non_zero: optional.ofNonZeroValue(A) optional(A)
optional_none: optional.none() optional(A)
optional_unwrap: optional.unwrap(list(optional(A))) list(A)
optional_unwrap: list(optional(A)).unwrapOpt() list(A)
optional_has_value: optional(A).hasValue() bool
optional_value: optional(A).value() A !
optional_or_value: optional(A).orValue(A) A
optional_or: optional(A).or(optional(A)) optional(A)
`;

/** cel-go's `lists` (`sortBy` is a macro), and our additions for lists. */
export const LISTS = `
list_slice: list(A).slice(int, int) list(A) !
list_flatten: list(list(A)).flatten() list(A)
list_flatten_depth: list(dyn).flatten(int) list(dyn) !
list_sort: list(int).sort() list(int)
list_sort: list(uint).sort() list(uint)
list_sort: list(double).sort() list(double)
list_sort: list(bool).sort() list(bool)
list_sort: list(string).sort() list(string)
list_sort: list(bytes).sort() list(bytes)
list_sort: list(timestamp).sort() list(timestamp)
list_sort: list(duration).sort() list(duration)
list_distinct: list(A).distinct() list(A)
list_reverse: list(A).reverse() list(A)
list_first: list(A).first() optional(A)
list_last: list(A).last() optional(A)
lists_range: lists.range(int) list(int) !
take: list(A).take(int) list(A) !
sum_int64: list(int).sum() int !
sum_uint64: list(uint).sum() uint !
sum_double: list(double).sum() double
`;

/** cel-go's `math`. The checker combines three or more numbers into one list, like cel-go's macro. */
export const MATH = `
math_greatest: math.greatest(int) int
math_greatest: math.greatest(uint) uint
math_greatest: math.greatest(double) double
math_greatest: math.greatest(int, int) int
math_greatest: math.greatest(uint, uint) uint
math_greatest: math.greatest(double, double) double
math_greatest: math.greatest(number, number) dyn
math_greatest: math.greatest(list(int)) int !
math_greatest: math.greatest(list(uint)) uint !
math_greatest: math.greatest(list(double)) double !
math_least: math.least(int) int
math_least: math.least(uint) uint
math_least: math.least(double) double
math_least: math.least(int, int) int
math_least: math.least(uint, uint) uint
math_least: math.least(double, double) double
math_least: math.least(number, number) dyn
math_least: math.least(list(int)) int !
math_least: math.least(list(uint)) uint !
math_least: math.least(list(double)) double !
math_ceil: math.ceil(double) double
math_floor: math.floor(double) double
math_round: math.round(double) double
math_trunc: math.trunc(double) double
math_abs_int: math.abs(int) int !
math_abs_uint: math.abs(uint) uint
math_abs_double: math.abs(double) double
math_sign_int: math.sign(int) int
math_sign_uint: math.sign(uint) uint
math_sign_double: math.sign(double) double
math_sqrt_int: math.sqrt(int) double
math_sqrt_uint: math.sqrt(uint) double
math_sqrt_double: math.sqrt(double) double
math_is_nan: math.isNaN(double) bool
math_is_inf: math.isInf(double) bool
math_is_finite: math.isFinite(double) bool
math_bit_and_int: math.bitAnd(int, int) int
math_bit_and_uint: math.bitAnd(uint, uint) uint
math_bit_or_int: math.bitOr(int, int) int
math_bit_or_uint: math.bitOr(uint, uint) uint
math_bit_xor_int: math.bitXor(int, int) int
math_bit_xor_uint: math.bitXor(uint, uint) uint
math_bit_not_int: math.bitNot(int) int
math_bit_not_uint: math.bitNot(uint) uint
math_shift_left_int: math.bitShiftLeft(int, int) int !
math_shift_left_uint: math.bitShiftLeft(uint, int) uint !
math_shift_right_int: math.bitShiftRight(int, int) int !
math_shift_right_uint: math.bitShiftRight(uint, int) uint !
`;

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

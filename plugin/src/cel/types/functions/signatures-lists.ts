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
